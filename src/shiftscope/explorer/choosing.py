"""How often answers change on each picture, and which pictures the explorer has room for."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple

import polars as pl

from shiftscope.core.randomness import generator

FLIPS, DISAGREEMENT, RANDOM = "flips", "disagreement", "random"
PATTERN = (FLIPS, DISAGREEMENT, FLIPS, DISAGREEMENT, RANDOM)
"""Of every five pictures, what each is chosen by: so any first part of the list has the same shares."""


class Choice(NamedTuple):
    """A picture that is put into the explorer."""

    image_id: str
    why: str
    """What it was chosen by: one of `PATTERN`."""


def flipped(*, ordered: bool) -> pl.Expr:
    """Whether the answer flips at a row of `step` and `top1`, of one picture and in the order of steps.

    Parameters
    ----------
    ordered : whether neighbouring steps are neighbours in what is swept. If so, an answer flips where the one before it,
        one step away, is another; if not, where the answer of the first step is another.

    >>> rows = pl.DataFrame({"step": [0, 1, 2, 4], "top1": [7, 7, 8, 7]})  # step 3 is missing: two runs
    >>> rows.select(flipped(ordered=True)).to_series().to_list()
    [False, False, True, False]
    >>> rows.select(flipped(ordered=False)).to_series().to_list()
    [False, False, True, False]
    """
    top1, step = pl.col("top1"), pl.col("step")
    if not ordered:
        return top1 != top1.first()
    return ((top1 != top1.shift(1)) & (step == step.shift(1) + 1)).fill_null(value=False)


def moves(files: Mapping[str, str | Path], *, ordered: bool) -> pl.DataFrame:
    """How often the answers change on each picture under one protocol, from the predictions of each network.

    A row per picture, by `image_id`: `frames`, how many there are; `flips`, a list with the number of flips of each network
    (`flipped`; null where the network did not see the picture); and `disagreements`, the number of frames on which
    networks that saw them do not all have the same top class.
    """
    pictures = _pictures(files.values())
    frames, counts = None, []
    for place, path in enumerate(files.values()):
        own = _top1(path, pictures)
        flips = flipped(ordered=ordered).sum().cast(pl.Int32).alias(f"{place}")
        counts.append(own.group_by("picture").agg(flips))
        if frames is None:
            frames = own.with_columns(same=pl.lit(value=True))
            continue
        # All are alike where each is like the first one that there is.
        both = frames.join(own, on=["picture", "step"], how="full", coalesce=True, suffix="_own")
        alike = (pl.col("top1") == pl.col("top1_own")).fill_null(value=True)
        frames = both.select(
            "picture",
            "step",
            pl.coalesce("top1", "top1_own").alias("top1"),
            (pl.col("same").fill_null(value=True) & alike).alias("same"),
        )
    assert frames is not None
    table = frames.group_by("picture").agg(frames=pl.len(), disagreements=(~pl.col("same")).sum())
    for count in counts:
        table = table.join(count, on="picture", how="left")
    flips = pl.concat_list([f"{place}" for place in range(len(counts))]).alias("flips")
    return pictures.join(table, on="picture").select("image_id", "frames", flips, "disagreements").sort("image_id")


def _pictures(paths: Iterable[str | Path]) -> pl.DataFrame:
    """The ids of all pictures, with a number each: numbers take less memory than names where there is a row per frame."""
    ids = pl.concat([pl.scan_parquet(path, glob=False).select("image_id").unique() for path in paths])
    return ids.unique().sort("image_id").with_row_index("picture").collect()


def _top1(path: str | Path, pictures: pl.DataFrame) -> pl.DataFrame:
    """The answers of one network: `picture`, `step` and `top1`, in this order."""
    rows = pl.scan_parquet(path, glob=False).select("image_id", "step", pl.col("top5").list.first().alias("top1"))
    numbered = rows.join(pictures.lazy(), on="image_id").select("picture", "step", "top1")
    return numbered.sort("picture", "step").collect(engine="streaming")


def chosen(totals: pl.DataFrame, most: int, seed: int) -> list[Choice]:
    """Up to `most` pictures, the most telling ones first: two of five by flips, two by disagreement, one drawn at random.

    Parameters
    ----------
    totals : `image_id`, `flips` and `disagreements` of each picture, over all protocols and networks.
    seed : of the random ones. They also take the places of pictures that no longer flip, or on which nobody disagrees.

    >>> totals = pl.DataFrame({"image_id": ["a", "b", "c"], "flips": [0, 5, 1], "disagreements": [4, 9, 0]})
    >>> [tuple(choice) for choice in chosen(totals, 2, 0)]
    [('b', 'flips'), ('a', 'disagreement')]
    """
    ids = totals["image_id"].sort()
    at_random = ids.gather(generator(seed, "explorer").permutation(len(ids)))
    queues: dict[str, Iterator[str]] = {
        name: iter(totals.filter(pl.col(column) > 0).sort([column, "image_id"], descending=[True, False])["image_id"])
        for name, column in ((FLIPS, "flips"), (DISAGREEMENT, "disagreements"))
    }
    queues[RANDOM] = iter(at_random)
    found: dict[str, str] = {}
    for why in islice(cycle(PATTERN), 2 * len(PATTERN) * len(ids)):
        if len(found) >= min(most, len(ids)):
            break
        for name in (why, RANDOM):
            picture = next((one for one in queues[name] if one not in found), None)
            if picture is not None:
                found[picture] = name
                break
    return [Choice(picture, why) for picture, why in found.items()]
