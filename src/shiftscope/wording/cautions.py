"""What a reader must know before the numbers are believed, found by looking at the run."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from shiftscope.core.numbers import percent
from shiftscope.networks import Preprocessing
from shiftscope.networks.accuracies import published_accuracy
from shiftscope.statistics.bootstrap import FEWEST_PICTURES
from shiftscope.wording.answer import Said
from shiftscope.wording.numbers import share
from shiftscope.wording.remedies import points

Card = Mapping[str, Any]
FEW = 100
"""With fewer pictures, the page says how large a difference can hide."""
FAR = 0.05
"""By how much the interval of an accuracy must lie above the published one. Other validation pictures and other ways to
resize make less of a difference."""


def varied_nothing(unvaried: Iterable[tuple[str, int]]) -> dict[str, str]:
    """A sentence for each protocol that varied nothing, by its name. `unvaried` are protocols and input sizes in px
    (`stages.frames.unvaried`).

    >>> varied_nothing([("crop", 224)])["crop"][:56]
    'crop varied nothing: at an input of 224 px, all frames o'
    """
    sizes: dict[str, list[str]] = {}
    for protocol, size in unvaried:
        sizes.setdefault(protocol, []).append(str(size))
    return {
        protocol: f"{protocol} varied nothing: at an input of {' and of '.join(found)} px, all frames of every picture "
        "hold the same pixels. How steady an answer is cannot be read from it; give it other settings in the config."
        for protocol, found in sizes.items()
    }


def cautions(
    cards: Sequence[Card],
    n_images: int,
    n_skipped: int,
    sensitivity: pl.DataFrame | None,
    comparisons: pl.DataFrame | None,
) -> list[Said]:
    """What must be known of the networks and pictures of a run.

    Parameters
    ----------
    cards : what `stages.prepare` writes of each network.
    n_images, n_skipped : how many pictures there are, and how many were left out.
    sensitivity, comparisons : tables of `sensitivity.SENSITIVITY` and `sensitivity.COMPARISONS`; None where there is none.
    """
    found = [*_other_sizes(cards)]
    if sensitivity is not None:
        found += [*_too_right(cards, sensitivity), *_few(n_images, comparisons)]
    if n_skipped:
        share_said = percent(n_skipped / (n_images + n_skipped))
        found.append(Said(f"{n_skipped} pictures ({share_said}) were left out of all or of parts of this.", "left-out"))
    return found


def _other_sizes(cards: Sequence[Card]) -> Iterable[Said]:
    """Networks that were shown another size than they were made for."""
    for card in cards:
        made_for = Preprocessing(**card["preprocessing"]).input_size
        if made_for not in (None, card["input_size"]):
            text = (
                f"{card['network']} was made for pictures of {made_for} px and was shown {card['input_size']} px: these "
                "are the answers of a network that is used otherwise than it was meant to be."
            )
            yield Said(text, "networks")


def _too_right(cards: Sequence[Card], sensitivity: pl.DataFrame) -> Iterable[Said]:
    """Networks that are right so often that they may know the pictures."""
    right = sensitivity.filter(pl.col("ci_low").is_not_null(), measure="accuracy", condition="all")
    for card in cards:
        published = published_accuracy(card)
        rows = right.filter(network=card["network"]).sort("n_pairs", maintain_order=True).rows(named=True)
        # The protocol with the fewest frames is the nearest to the usual crop.
        if published is not None and rows and rows[0]["ci_low"] > published + FAR:
            text = (
                f"{card['network']} is right on {share(rows[0])} of the frames of {rows[0]['protocol']}, far above the "
                f"{percent(published)} that are published for {card['architecture']}: these look like pictures that it was "
                "trained on, or easier ones."
            )
            yield Said(text, "measures", rows[0]["protocol"])


def _few(n_images: int, comparisons: pl.DataFrame | None) -> Iterable[Said]:
    """How large a difference can hide where there are few pictures."""
    if n_images >= FEW:
        return
    if said := examples_said(n_images):
        yield Said(said, "change")
    hidden = ""
    if comparisons is not None:
        shares = pl.col("measure").is_in(["top1_change", "agreement"])
        rows = comparisons.filter(shares, family="primary", condition="all")
        half = rows.select(((pl.col("ci_high") - pl.col("ci_low")) / 2).median()).item()
        if half is not None:
            hidden = (
                f": the intervals of differences reach {points(half)} to each side (median), and networks that cannot be "
                "told apart may differ by as much"
            )
    if hidden or not said:
        yield Said(f"There are only {n_images} pictures{hidden}.", "comparisons")


def examples_said(pictures: int) -> str:
    """A sentence where so few pictures were measured that they are examples; else nothing.

    >>> examples_said(5)
    '5 pictures are examples: they show what can happen, and say little about how often it does.'
    >>> examples_said(30)
    ''
    """
    if pictures >= FEWEST_PICTURES:
        return ""
    said = "1 picture is an example: it shows" if pictures == 1 else f"{pictures} pictures are examples: they show"
    return f"{said} what can happen, and {'says' if pictures == 1 else 'say'} little about how often it does."
