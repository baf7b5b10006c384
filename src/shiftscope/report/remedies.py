"""What the page says of remedies: which helps, at which price, and where one hurts."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import polars as pl

from shiftscope.core.numbers import percent
from shiftscope.remedies.arithmetic import Versions, versions
from shiftscope.remedies.choices import choices
from shiftscope.wording.remedies import best_sentence, claim_sentence, hurting_sentences, main_protocol, points


class Helped(NamedTuple):
    """What was measured of remedies; None where the run has none."""

    remedies: pl.DataFrame | None = None
    """remedies.REMEDIES"""
    augmentation: pl.DataFrame | None = None
    """remedies.AUGMENTATION"""


def help_sentences(helped: Helped, facts: Mapping[str, Any]) -> list[str]:
    """Return what a reader who reads one thing should read: of each network, the best remedy on one protocol; and whether
    augmentation helps only for pictures framed like the training set's.

    `facts` are those of `Parameters.report_facts`.
    """
    said = []
    if helped.remedies is not None:
        chosen = choices(helped.remedies)
        protocol = main_protocol(facts["protocols"], set(chosen["protocol"]))
        own = chosen.filter(pl.col("protocol") == protocol)
        networks = own["network"].unique(maintain_order=True)
        said += [f"{protocol}: {best_sentence(network, own, facts['as_they_are'])}" for network in networks]
    if helped.augmentation is not None:
        protocol = main_protocol(facts["protocols"], set(helped.augmentation["protocol"]))
        said.append(claim_sentence(helped.augmentation, str(protocol)))
    return [sentence for sentence in said if sentence]


def warnings(helped: Helped) -> list[str]:
    """Return a sentence for each remedy that makes a network worse somewhere."""
    return [] if helped.remedies is None else hurting_sentences(choices(helped.remedies))


def remedy_rows(helped: Helped) -> list[dict[str, Any]]:
    """Return the rows of `remedies.choices`, with their numbers as the page shows them: `change`, `change_difference`,
    `accuracy` and `accuracy_change`."""
    if helped.remedies is None:
        return []
    return [
        {
            **row,
            "change": _from_to(row, ""),
            "change_difference": _difference(row, ""),
            "accuracy": _from_to(row, "accuracy_"),
            "accuracy_change": _difference(row, "accuracy_"),
        }
        for row in choices(helped.remedies).rows(named=True)
    ]


def reasons(helped: Helped) -> list[str]:
    """Return why numbers are missing, each reason once."""
    tables = [table for table in helped if table is not None]
    return sorted({reason for table in tables for reason in table["reason"].drop_nulls()})


def _from_to(row: Mapping[str, Any], prefix: str) -> str:
    if row[f"{prefix}estimate"] is None:
        return "unknown"
    low, high = row[f"{prefix}ci_low"], row[f"{prefix}ci_high"]
    interval = "" if low is None else f" [{percent(low)}, {percent(high)}]"
    return f"{percent(row[f'{prefix}without'])} → {percent(row[f'{prefix}estimate'])}{interval}"


def _difference(row: Mapping[str, Any], prefix: str) -> str:
    if row[f"{prefix}difference"] is None:
        return "unknown"
    return points(*(row[f"{prefix}difference{end}"] for end in ("", "_low", "_high")))


class Needed(NamedTuple):
    """What a network would need to be steady by augmentation alone, and what augmentation gained."""

    network: str
    stride: int | None
    ratio: int | None
    by_stride: Versions | None
    by_ratio: Versions | None
    gained: list[str]
    """A few words for each protocol and kind of augmentation that the network was trained with."""


def arithmetic(cards: Sequence[Mapping[str, Any]], helped: Helped) -> list[Needed]:
    """Return the arithmetic of each network whose subsampling is known. `cards` are what `stages.prepare` writes."""
    found = []
    for card in cards:
        stride, ratio = card["subsampling_stride"], card["subsampling_ratio"]
        if stride or ratio:
            counts = [versions(number) if number else None for number in (stride, ratio)]
            found.append(Needed(card["network"], stride, ratio, counts[0], counts[1], _gained(card["network"], helped)))
    return found


def _gained(network: str, helped: Helped) -> list[str]:
    if helped.augmentation is None:
        return []
    rows = helped.augmentation.filter(pl.col("without") == network, pl.col("of") == "network").rows(named=True)
    return [
        f"{row['network']} ({row['augmentation']}, {row['protocol']}): "
        f"{points(row['gain'], row['gain_low'], row['gain_high'])}"
        for row in rows
    ]
