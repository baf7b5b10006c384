"""The answers of all networks to the chosen pictures under one protocol, as arrays with a row for each frame."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shiftscope.explorer.packing import probabilities

KEPT = 5
"""Classes of each answer: as many as predictions have."""
COLUMNS = ["image_id", "step", "value", "label_prob", "top5", "top5_prob"]


@dataclass(frozen=True)
class Answers:
    """Rows are frames: the chosen pictures in their order, each with all steps that some network saw."""

    counts: NDArray[np.int32]
    """Rows of each chosen picture; 0 where the protocol could not use it."""
    steps: NDArray[np.int32]
    values: NDArray[np.float64]
    by_network: Sequence[Mapping[str, NDArray[Any]]]
    """For each network, `true`, the probability of the right class; `top`, the indices of the most probable classes (−1
    where there is none), and `prob`, their probabilities, both `KEPT` times as long: all first classes, then all second
    ones, and so on."""

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All of them by name, as they are packed; those of a network have its number behind their name."""
        found: dict[str, NDArray[Any]] = {"counts": self.counts, "steps": self.steps, "values": self.values}
        for number, own in enumerate(self.by_network):
            found |= {f"{name}{number}": array for name, array in own.items()}
        return found

    def classes(self) -> set[int]:
        """The indices of all classes among the answers."""
        return {int(index) for own in self.by_network for index in np.unique(own["top"])} - {-1}

    def steps_of(self, place: int) -> NDArray[np.int32]:
        """The steps of the chosen picture `place`."""
        end = int(self.counts[: place + 1].sum())
        return self.steps[end - int(self.counts[place]) : end]


def answers(files: Mapping[str, str | Path], chosen: Sequence[str]) -> Answers:
    """What the predictions in `files`, one of each network, say of the `chosen` pictures."""
    order = pl.DataFrame({"image_id": list(chosen)}, schema={"image_id": pl.String}).with_row_index("place")
    read = [_read(path, order) for path in files.values()]
    rows = pl.concat([one.select("place", "step", "value") for one in read]).unique(["place", "step"]).sort("place", "step")
    counts = np.bincount(rows["place"].to_numpy(), minlength=len(order)).astype("<i4")
    return Answers(
        counts=counts,
        steps=rows["step"].to_numpy().astype("<i4"),
        values=rows["value"].to_numpy().astype("<f8"),
        by_network=[_arrays(rows.join(one, on=["place", "step"], how="left", maintain_order="left")) for one in read],
    )


def _read(path: str | Path, order: pl.DataFrame) -> pl.DataFrame:
    """The rows of one network that are of the pictures of `order`."""
    scanned = pl.scan_parquet(path, glob=False).select(COLUMNS)
    return scanned.join(order.lazy(), on="image_id", how="inner").drop("image_id").collect()


def _arrays(rows: pl.DataFrame) -> dict[str, NDArray[Any]]:
    top = [rows["top5"].list.get(k, null_on_oob=True).fill_null(-1).to_numpy() for k in range(KEPT)]
    prob = [rows["top5_prob"].list.get(k, null_on_oob=True).cast(pl.Float64).to_numpy() for k in range(KEPT)]
    return {
        "true": probabilities(rows["label_prob"].cast(pl.Float64).to_numpy()),
        "top": _indices(np.concatenate(top)),
        "prob": probabilities(np.concatenate(prob)),
    }


def _indices(found: NDArray[np.int64]) -> NDArray[Any]:
    """In two bytes where the highest one lets them, since a browser takes its time for each byte."""
    return found.astype("<i2" if found.max(initial=0) <= np.iinfo("<i2").max else "<i4")
