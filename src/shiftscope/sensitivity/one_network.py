"""All that tables of measures ask of one network on one protocol."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from shiftscope.core.files import scratch
from shiftscope.core.progress import progress
from shiftscope.sensitivity.drawing import Drawing
from shiftscope.sensitivity.parts import Confidences, Sweep
from shiftscope.sensitivity.stored import gather_sums, write_draws, write_sums
from shiftscope.sensitivity.summing import Conditions, Lot, image_ids_of, whole_pictures
from shiftscope.sensitivity.sums import Binned, Sums
from shiftscope.statistics import bootstrap


def sum_network(
    predictions: str | Path,
    *,
    ordered: bool,
    seed: int,
    n_resamples: int,
    sums_path: str | Path,
    draws_path: str | Path,
) -> None:
    """Sum the predictions of one network on one protocol, and write the sums of pictures and their draws.

    One block of pictures (`bootstrap.blocks`) is in memory at a time, and one measure of all pictures.

    Parameters
    ----------
    predictions : a table tables.PREDICTIONS, in the order of image_id.
    ordered : whether neighbouring steps are neighbours.
    seed, n_resamples : of the bootstrap and of the random signs, the same for all networks.
    sums_path, draws_path : where the tables SUMS and DRAWS are written.

    Raises ShiftscopeError where the pictures are in another order.
    """
    image_ids = image_ids_of(predictions)
    conditions, confidences, sweep = Conditions(len(image_ids)), Confidences(), Sweep()
    drawing = Drawing(len(image_ids), seed=seed, n_resamples=n_resamples)

    def blocks() -> Iterator[tuple[Sums, Binned]]:
        left = bootstrap.blocks(len(image_ids))
        rows = pl.scan_parquet(predictions, glob=False).select(pl.len()).collect().item()
        tables_of = whole_pictures(predictions, bootstrap.PICTURES_AT_A_TIME)
        for table in progress(tables_of, rows, "frames", len):
            lot = Lot.of(table, ordered=ordered)
            for each in (conditions, confidences, sweep):
                each.add(lot)
            if confidences.images == left[0].stop - left[0].start:
                del left[0]
                block = conditions.block(), confidences.block()
                drawing.add(*block, sweep.block())
                yield block

    with scratch(Path(sums_path).with_suffix(".blocks")) as folder:
        write_sums(folder / "sums.parquet", blocks())
        columns, measures = conditions.columns(), confidences.measures()
        gather_sums(folder / "sums.parquet", sums_path, columns, measures, image_ids)
    made = drawing.table(columns, measures, sweep.columns(), confidences.pairs)
    write_draws(draws_path, made)
