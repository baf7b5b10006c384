"""The answer of a run, in sentences that name no difference which its tables do not support."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import polars as pl

from shiftscope.core.numbers import percent
from shiftscope.wording.apart import Apart, Difference, Pair, apart
from shiftscope.wording.numbers import p_value, share
from shiftscope.wording.protocols import lead
from shiftscope.wording.remedies import points

Row = Mapping[str, Any]
MOST_NAMED = 3
"""Pairs of networks that a sentence lists; more are counted."""


class Said(NamedTuple):
    """A sentence, or some, and the table that it is computed from."""

    text: str
    about: str
    """Which tables say it in full: a section of the page, such as `why`."""
    protocol: str = ""
    """The protocol whose part of the section it is; empty for the whole section."""


def changes(sensitivity: pl.DataFrame, protocol: str) -> dict[str, Row]:
    """How often each network changes its answer on a protocol: rows with `estimate`, `ci_low`, `ci_high`, `n_images` and
    `n_pairs`, the steadiest network first.

    It is P(top-1 change) where the protocol has it, else the share of pictures whose frames do not agree, 1 − agreement.
    """
    rows = sensitivity.filter(pl.col("estimate").is_not_null(), protocol=protocol, condition="all")
    change = rows.filter(pl.col("measure") == "top1_change")
    if change.is_empty():
        change = rows.filter(pl.col("measure") == "agreement").with_columns(
            estimate=1 - pl.col("estimate"), ci_low=1 - pl.col("ci_high"), ci_high=1 - pl.col("ci_low")
        )
    return {row["network"]: row for row in change.sort("estimate", maintain_order=True).rows(named=True)}


def matched(sensitivity: pl.DataFrame, protocol: str) -> dict[str, Row]:
    """As `changes`, at matched confidence; empty where there is none, such as where steps are choices."""
    own = sensitivity.filter(protocol=protocol, measure="top1_change", condition="matched")
    rows = own.filter(pl.col("estimate").is_not_null())
    return {row["network"]: row for row in rows.rows(named=True)}


def moved_sentences(
    sensitivity: pl.DataFrame, comparisons: pl.DataFrame | None, protocol: str, fact: Mapping[str, Any], level: float
) -> list[Said]:
    """How often networks change their answers on a protocol, which of them can be told apart, and which cannot.

    Parameters
    ----------
    sensitivity, comparisons : tables of `sensitivity.SENSITIVITY` and `sensitivity.COMPARISONS`, or None where there is a
        single network.
    fact : the protocol's `kind` and `apart`, as `wording.protocols.lead` needs them.
    level : of the intervals, in (0, 1); differences are significant below 1 − level.
    """
    known = changes(sensitivity, protocol)
    if not known:
        return []
    one = next(iter(known.values()))
    of_pairs = one["measure"] == "top1_change"
    often = "in {} of cases" if of_pairs else "for {} of pictures"
    begin = lead(protocol, fact, None if of_pairs else one["n_pairs"] // max(1, one["n_images"]))
    if len(known) == 1:
        network = next(iter(known))
        return [Said(f"{begin}, {network} changes its answer {_how(often, one)}.", "change", protocol)]
    found = None if comparisons is None else apart(comparisons, protocol, level)
    if found is None or not found.tested:
        return [Said(f"{begin}, {_range(known, often)}. They could not be compared.", "change", protocol)]
    texts = [_told(begin, known, often, found), *([_count(protocol, found, known)] if len(known) > 2 else [])]
    # Where no network is named, it is one thought.
    return [Said(text, "comparisons", protocol) for text in (texts if found.certain else [" ".join(texts)])]


def _how(often: str, row: Row) -> str:
    return often.format(share(row))


def _range(known: Mapping[str, Row], often: str) -> str:
    """How often networks change their answers, without a word about which does so more."""
    values = [row["estimate"] for row in known.values()]
    ends = " to ".join(dict.fromkeys((percent(values[0]), percent(values[-1]))))
    return f"{len(known)} networks change their answers {often.format(ends)}"


def _told(begin: str, known: Mapping[str, Row], often: str, found: Apart) -> str:
    """How often networks change their answers, and what the tests say: the largest difference that holds, by name."""
    if found.certain:
        pair = found.certain[0]
        assert pair.plain is not None
        more, less = known[pair.plain.more], known[pair.plain.less]
        ends = f"{pair.plain.less} {_how(often, less)} ({_difference(pair.plain)}{_matched_too(pair)})"
        return f"{begin}, {pair.plain.more} changes its answer {_how(often, more)}, {ends}."
    if len(known) == 2:
        (a, one), (b, other) = known.items()
        return f"{begin}, {b} changes its answer {_how(often, other)}, {a} {_how(often, one)}.{_two(found)}"
    return f"{begin}, {_range(known, often)}."


def _difference(found: Difference) -> str:
    return f"difference {points(found.value, found.low, found.high)}, corrected p {p_value(found.p)}"


def _matched_too(pair: Pair) -> str:
    if pair.matched is None:
        return ""
    own = pair.matched
    return f"; at matched confidence {points(own.value, own.low, own.high)}, p {p_value(own.p)}"


def _two(found: Apart) -> str:
    """What the tests say of the only two networks, where they do not tell them apart."""
    (pair,) = (*found.plain_only, *found.matched_only, *found.opposed, *found.not_told)
    if pair.plain is None and pair.matched is None:
        return f" They cannot be told apart (corrected p {p_value(pair.p)})."
    said = f" {pair.plain.more} does so more often ({_difference(pair.plain)})" if pair.plain else ""
    if pair.matched:
        own = f"{pair.matched.more} does so more often ({_difference(pair.matched)})"
        return f"{said}, but at matched confidence {own}." if said else f" Only at matched confidence, {own}."
    how = "cannot be told apart" if pair.compared_matched else "could not be compared"
    return f"{said}, but at matched confidence they {how}: how sure they are may be all that differs."


def _count(protocol: str, found: Apart, networks: Collection[str]) -> str:
    """How many pairs of several networks can be told apart on a protocol, by what, and which cannot."""
    if len(found.not_told) == found.tested:
        smallest = p_value(min(pair.p for pair in found.not_told))
        return f"No two of them can be told apart (smallest corrected p {smallest})."
    clauses = [text for text in (_clear(found), *_unclear(found)) if text]
    if found.not_told:
        clauses.append(f"{len(found.not_told)} not at all{_names(found.not_told)}")
    return f"Of {found.tested} pairs of networks on {protocol}, {', '.join(clauses)}.{_others(found, networks)}"


def _clear(found: Apart) -> str:
    which = "none" if not found.certain else "all" if len(found.certain) == found.tested else str(len(found.certain))
    matched = any(pair.compared_matched for pair in (*found.certain, *found.plain_only, *found.opposed, *found.not_told))
    both = " both over all cases and at matched confidence" if matched else ""
    return f"{which} can be told apart{both}"


def _unclear(found: Apart) -> Iterable[str]:
    """Differences that are not the same at matched confidence: how many, and the largest."""
    for pairs, where in (
        (found.plain_only, "only over all cases, where networks that are surer of their answers look steadier"),
        (found.opposed, "over all cases in one direction and at matched confidence in the other"),
        (found.matched_only, "only at matched confidence"),
    ):
        differences = [own for pair in pairs if (own := pair.plain or pair.matched)]
        if differences:
            most = max(differences, key=lambda own: own.value)
            by = points(most.value, most.low, most.high)
            yield f"{len(pairs)} {where} ({'' if len(pairs) == 1 else 'most: '}{most.more} more than {most.less}, {by})"


def _names(pairs: Sequence[Pair]) -> str:
    if len(pairs) > MOST_NAMED:
        return ""
    return f" ({'; '.join(' and '.join(pair.networks) for pair in pairs)})"


def _others(found: Apart, networks: Collection[str]) -> str:
    """That nothing tells apart those that were not named, where it is so."""
    if not found.certain:
        return ""
    others = set(networks) - set(found.certain[0].networks)
    among = [pair for pair in found.not_told if set(pair.networks) <= others]
    if len(others) < 2 or len(among) < len(others) * (len(others) - 1) // 2 or len(among) <= MOST_NAMED:
        return ""
    return f" The other {len(others)} cannot be told apart from one another."


def other_protocols(
    sensitivity: pl.DataFrame, comparisons: pl.DataFrame | None, names: Collection[str], level: float
) -> list[Said]:
    """A few words for each of the protocols that have no sentences of their own: how many pairs of networks can be told
    apart there, or how often a single network changes its answer."""
    found = []
    for name in names:
        known = changes(sensitivity, name)
        if not known:
            continue
        tests = None if comparisons is None else apart(comparisons, name, level)
        if tests is not None and tests.tested:
            found.append(Said(f"{name}: {len(tests.certain)} of {tests.tested}", "comparisons", name))
        elif len(known) == 1:
            found.append(Said(f"{name}: {share(next(iter(known.values())))}", "change", name))
    return found
