"""How far the map of a moved picture is from the moved map of the picture."""

from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shiftscope.cause import Layer, Step
from shiftscope.cause.measures import Measure, measures
from shiftscope.cause.over_pictures import ONE_FRAME, Sums, row_of
from shiftscope.cause.shifting import inside, is_whole, moved

if TYPE_CHECKING:
    from torch import Tensor

SHIFTS = 4
"""Shifts by whole cells, and as many between them, at most: each costs two products of matrices with the map."""
BORDER = 1 / 8
"""Of a map's width on each side: its border, where padding has a part."""
FEWEST_CELLS = 1 / 4
"""Of a map: a shift that leaves fewer away from the border is not looked at."""
NO_ERROR = 1e-12
"""Of the energy of the map: an error that is smaller is one of rounding."""
QUANTITIES = {
    "interior": {True, False},
    "whole": {True},
    "between": {False},
    "border": {True, False},
    "border_share": {True},
    "border_cells": {True},
}
"""Over which shifts each is summed: True, by whole cells; False, others."""
NO_ERROR_AT_ALL = "there is no error at all"
TOO_SMALL = "after such a shift, fewer than a quarter of the cells lie away from the border and did so before"


class Place(NamedTuple):
    """What one shift does to the cells of a map."""

    cells: tuple[float, float]
    """How far they move, to the right and down."""
    inner: tuple[slice, slice]
    """Rows and columns away from the border."""
    outer: NDArray[np.int64]
    """The other cells, in the flattened map."""


def place_of(cells: tuple[float, float], mask: NDArray[np.bool_]) -> Place:
    """`mask`: (height, width), true in the rectangle of cells that are compared away from the border."""
    rows, columns = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
    inner = slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
    return Place(cells, inner, np.flatnonzero(~mask))


@measures.register(
    "shift_error",
    title="Shift error",
    unit="relative squared error",
    reference="our own, after the definition of equivariance: ‖M(moved x) − moved M(x)‖² ÷ ‖moved M(x) − its mean‖²",
)
class ShiftError(Measure):
    """0 where the map of the moved picture is the moved map. 1 where it is as far from it as the map's own mean is, so that
    nothing was gained by moving it; 2 for two maps that have nothing to do with each other.

    The mean is each channel's over the cells that are compared: how high a channel lies says nothing of places. Squares are
    summed over cells, channels, shifts and pictures before they are divided, so that a map which is nearly flat somewhere
    does not decide. The distance in cells is the shift ÷ the layer's stride.

    Quantities: `interior`, away from the border: cells at least an eighth of the width from it, before and after the move,
    over at most eight shifts. Its two parts, `whole`, shifts by whole cells, and `between`, the others (band-limited
    interpolation, for which the map is taken to be periodic). `border`, the same error over the other cells. What enters
    there from beyond the frame was not in the first map, unless shifts are circular, and padding gives places away.
    `border_share`, the border's share of the squared error of shifts by whole cells, and `border_cells`, its share of the
    cells: an error that knows no border has both alike.
    """

    of: ClassVar[Literal["layers", "steps"]] = "layers"

    def __init__(self, layer: Layer | Step, shifts: NDArray[np.float64], size: int, seed: int) -> None:
        self.stride = layer.stride if isinstance(layer, Layer) and layer.stride else size / layer.width
        self.seed = seed
        margin = max(1, int(BORDER * layer.width))
        distances = {
            k: (shifts[k, 0] / self.stride, shifts[k, 1] / self.stride) for k in range(1, len(shifts)) if shifts[k].any()
        }
        masks = {k: inside(layer.height, layer.width, margin, cells) for k, cells in distances.items()}
        enough = [k for k, mask in masks.items() if mask.mean() >= FEWEST_CELLS]
        whole = [k for k in enough if is_whole(distances[k])]
        chosen = (*_spread(whole), *_spread([k for k in enough if k not in whole]))
        self.places = {k: place_of(distances[k], masks[k]) for k in chosen}
        self.possible = {is_whole(cells) for cells in distances.values()}
        self.sums = {name: Sums() for name in QUANTITIES}
        self.reference: Tensor | None = None
        """Of the first frame. The memory of one picture's is used again for the next one's: a new block for each would
        leave gaps between the network's large maps that nothing fits into."""
        self.begun = False
        """Whether the first frame of the picture was seen."""
        self.now = {name: [0.0, 0.0] for name in QUANTITIES}

    def wants(self, frame: int) -> bool:
        return bool(self.places) and (frame == 0 or frame in self.places)

    def see(self, maps: "Tensor", frames: NDArray[np.int64]) -> None:
        for frame, here in zip(frames.tolist(), maps, strict=True):
            if frame == 0:
                self.reference = here.clone() if self.reference is None else self.reference.copy_(here)
                self.begun = True
            elif self.reference is None or not self.begun:
                raise ValueError("the first frame of a picture must be seen first")
            else:
                self._compare(here, self.reference, self.places[frame])

    def _compare(self, here: "Tensor", reference: "Tensor", place: Place) -> None:
        import torch

        outer = torch.from_numpy(place.outer).to(here.device)
        expected = moved(reference, place.cells)
        error = (here - expected).square_().sum(0).double()
        within, beyond = float(error[place.inner].sum()), float(error.flatten()[outer].sum())
        energy = _energy(expected[:, *place.inner].flatten(1))
        whole = is_whole(place.cells)
        self._add("interior", within, energy)
        self._add("whole" if whole else "between", within, energy)
        self._add("border", beyond, _energy(expected.flatten(1).index_select(1, outer)))
        if whole and not within + beyond <= NO_ERROR * energy:
            self._add("border_share", beyond, within + beyond)
            self._add("border_cells", len(place.outer), error.numel())

    def _add(self, name: str, numerator: float, denominator: float) -> None:
        self.now[name][0] += numerator
        self.now[name][1] += denominator

    def end_of_picture(self) -> None:
        for name, sums in self.sums.items():
            sums.add(*self.now[name])
        self.now = {name: [0.0, 0.0] for name in QUANTITIES}
        self.begun = False

    def rows(self, level: float) -> list[dict[str, object]]:
        found = []
        for name, sums in self.sums.items():
            those = [k for k, place in self.places.items() if is_whole(place.cells) in QUANTITIES[name]]
            found.append({**row_of(name, sums, level, self.seed, self._reason(those, name)), "n": len(those)})
        return found

    def _reason(self, those: list[int], name: str) -> str:
        kinds = QUANTITIES[name]
        if not those and kinds & self.possible:
            return TOO_SMALL
        if not those and len(kinds) == 2:
            return ONE_FRAME
        if not those:
            what = "by" if True in kinds else "other than"
            return f"the sequence has no shift {what} a whole number of cells, that is of multiples of {self.stride:.4g} px"
        return NO_ERROR_AT_ALL if name in ("border_share", "border_cells") else "the map is the same everywhere"


def _energy(values: "Tensor") -> float:
    """Sum of the squares of `values`, (channels, cells), less each channel's mean."""
    if not values.shape[1]:
        return 0.0
    return float((values - values.mean(1, keepdim=True)).square_().sum(1).double().sum())


def _spread(frames: list[int]) -> list[int]:
    """At most `SHIFTS` of them, spread evenly over all, the first and the last among them."""
    if len(frames) <= SHIFTS:
        return frames
    return [frames[round(place)] for place in np.linspace(0, len(frames) - 1, SHIFTS)]
