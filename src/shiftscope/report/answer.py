"""The first screen: what a reader who reads one thing should read, each sentence with a link to its table."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import polars as pl

from shiftscope.remedies.choices import choices
from shiftscope.report.anchors import Anchors
from shiftscope.report.framing import sentences
from shiftscope.report.inputs import PageInputs
from shiftscope.report.results import results
from shiftscope.report.table import Choice, Line, Number, Shown, heads, number_cell
from shiftscope.wording.answer import Said, changes, matched, moved_sentences, other_protocols
from shiftscope.wording.cause import losses_in_short
from shiftscope.wording.cautions import cautions, varied_nothing
from shiftscope.wording.framing import verdict_sentence
from shiftscope.wording.numbers import share
from shiftscope.wording.remedies import claim_sentence, helps_in_short, main_protocol

QUOTED = (
    "network",
    "protocol",
    "n_images",
    "accuracy",
    "change",
    "change_low",
    "change_high",
    "change_matched",
    "agreement",
    "rank",
    "rank_accuracy",
    "rank_difference",
)
"""Columns of `results.csv` in the rows that one can copy from the page."""


MOST_NETWORKS = 2000
"""Rows of the first table, networks × protocols: more than of others, since it is about all of them."""


class Linked(NamedTuple):
    """A sentence and the place on the page where its table is."""

    text: str
    href: str
    label: str


LABELS = {
    "change": "numbers",
    "comparisons": "tests",
    "measures": "table",
    "networks": "networks",
    "why": "why",
    "helps": "what helps",
    "framing": "framing",
    "left-out": "which",
}
"""What links are called, by what the sentence is about."""


def linked(said: Said, anchors: Anchors) -> Linked:
    """A sentence with the id of its table. Tables of measures have one for each protocol, others one for all."""
    protocol = said.protocol if said.about == "measures" else ""
    place = "overview" if said.about == "change" else said.about
    return Linked(said.text, f"#{anchors.of(place, protocol)}", LABELS[said.about])


def varied(page: PageInputs) -> pl.DataFrame | None:
    """The measures of networks that were shown frames which differ, and of single frames; None where none was measured."""
    if page.sensitivity is None:
        return None
    still = set(page.unvaried)
    cells = [(card["network"], name) for card in page.cards for name, size in still if card["input_size"] == size]
    alike = pl.DataFrame(cells, schema={"network": pl.String, "protocol": pl.String}, orient="row")
    return page.sensitivity.join(alike, on=["network", "protocol"], how="anti", maintain_order="left")


class Kinds(NamedTuple):
    """The protocols whose frames differ, in the order of the config, by the sentences that they get."""

    main: str | None = None
    """The one that the page is about: the first of kind `crop`, else the first whose steps are neighbours, else the
    first."""
    resizers: Sequence[str] = ()
    others: Sequence[str] = ()


def kinds(measured: pl.DataFrame | None, protocols: Mapping[str, Mapping[str, Any]]) -> Kinds:
    """`measured` are rows of `sensitivity.SENSITIVITY` (`varied`), `protocols` are facts by name."""
    if measured is None:
        return Kinds()
    moving = {name: fact for name, fact in protocols.items() if changes(measured, name)}
    neighbours = set(measured.filter(pl.col("estimate").is_not_null(), measure="top1_change")["protocol"])
    main = main_protocol(moving, neighbours & set(moving)) or main_protocol(moving, moving)
    resizing = [name for name, fact in moving.items() if fact["kind"] == "resizers" and name != main]
    return Kinds(main, resizing, [name for name in moving if name != main and name not in resizing])


def answer(page: PageInputs, measured: pl.DataFrame | None, which: Kinds, anchors: Anchors) -> dict[str, Any]:
    """What the template shows on its first screen. `measured` and `which` are those of `varied` and `kinds`."""
    more = [linked(one, anchors) for one in (*_why(page), *_helps(page), *_framing(page))]
    found: dict[str, Any] = {
        "main": which.main,
        "cautions": [linked(one, anchors) for one in _cautions(page)],
        "unvaried": list(varied_nothing(page.unvaried).values()),
        "moved": [],
        "others": [],
        "more": more,
        "overview": None,
        "quoted": "",
    }
    if measured is None:
        return found
    protocols, level = page.facts["protocols"], page.facts["statistics"]["level"]
    moved = {
        name: [linked(one, anchors) for one in moved_sentences(measured, page.comparisons, name, protocols[name], level)]
        for name in filter(None, (which.main, *which.resizers))
    }
    others = other_protocols(measured, page.comparisons, which.others, level)
    return found | {
        "moved": moved.pop(which.main, []) if which.main else [],
        "others": [linked(one, anchors) for one in others],
        "more": [one for said in moved.values() for one in said] + more,
        "overview": overview(page, measured, which.main, anchors) if len(measured) else None,
        "quoted": quoted(page, which.main),
    }


def _cautions(page: PageInputs) -> list[Said]:
    n_skipped = page.skipped["image_id"].n_unique()
    return cautions(page.cards, len(page.images), n_skipped, page.sensitivity, page.comparisons)


def _why(page: PageInputs) -> Iterable[Said]:
    protocols = list(dict.fromkeys(one.protocol for one in page.looked))
    for protocol in protocols[:1]:
        text = losses_in_short([(one.network, one.layers) for one in page.looked if one.protocol == protocol])
        if text:
            yield Said(text, "why", protocol)


def _helps(page: PageInputs) -> Iterable[Said]:
    helped, protocols = page.helped, page.facts["protocols"]
    texts = []
    if helped.remedies is not None:
        chosen = choices(helped.remedies)
        protocol = str(main_protocol(protocols, set(chosen["protocol"])))
        texts.append(helps_in_short(protocol, chosen.filter(pl.col("protocol") == protocol)))
    if helped.augmentation is not None:
        protocol = str(main_protocol(protocols, set(helped.augmentation["protocol"])))
        texts.append(claim_sentence(helped.augmentation, protocol))
    return [Said(text, "helps") for text in texts if text]


def _framing(page: PageInputs) -> Iterable[Said]:
    first = [] if page.bias is None else [verdict_sentence(page.bias)]
    return [Said(text, "framing") for text in (*first, *sentences(page.framing))]


def overview(page: PageInputs, measured: pl.DataFrame, main: str | None, anchors: Anchors) -> Shown:
    """Networks × protocols: accuracy, change, and change at matched confidence."""
    protocols = [name for name in page.facts["protocols"] if name in set(measured["protocol"])]
    lines = [line for protocol in protocols for line in _overview(measured.filter(protocol=protocol), protocol)]
    labelled = any(line.keys[0] is not None for line in lines)
    level = 100 * page.facts["statistics"]["level"]
    return Shown(
        anchors.of("overview", ""),
        f"How often each network changes its answer, with {level:g} % intervals.",
        heads(
            "network", "protocol", "n|pictures", *(["accuracy|of frames"] if labelled else []),
            "answer changes|of cases, or of pictures", "at matched confidence|of cases",
        ),
        lines if labelled else [Line([*line.cells[:3], *line.cells[4:]], line.chosen_by, line.keys[1:]) for line in lines],
        "results.csv",
        [Choice("protocol", protocols, main or "")],
        ["most accurate", "changes least", "changes least at matched confidence"][0 if labelled else 1 :],
        most=MOST_NETWORKS,
    )  # fmt: skip


def _overview(measured: pl.DataFrame, protocol: str) -> Iterable[Line]:
    """The rows of one protocol, in the order of the config."""
    own, at_matched = changes(measured, protocol), matched(measured, protocol)
    every = measured.filter(condition="all")
    right = {row["network"]: row for row in every.filter(measure="accuracy").rows(named=True)}
    for network, n in every.group_by("network", maintain_order=True).agg(pl.col("n_images").max()).rows():
        rows = [right.get(network), own.get(network), at_matched.get(network)]
        numbers = [Number("") if row is None else number_cell(share(row)) for row in rows]
        yield Line([network, protocol, f"{n:,}", *numbers], (protocol,), _keys(rows))


def _keys(rows: Sequence[Mapping[str, Any] | None]) -> list[float | None]:
    """Accuracy the largest first, changes the smallest first."""
    estimates = [None if row is None else row["estimate"] for row in rows]
    return [None if estimates[0] is None else -estimates[0], *estimates[1:]]


def quoted(page: PageInputs, protocol: str | None) -> str:
    """The rows of `results.csv` for one protocol, as text that one can copy."""
    if page.sensitivity is None or protocol is None:
        return ""
    rows = results(page.sensitivity, page.cards).filter(pl.col("protocol") == protocol).select(QUOTED)
    known = [name for name in QUOTED if rows[name].null_count() < len(rows)]
    return rows.select(known).with_columns(pl.col(pl.Float64).round(5)).write_csv()
