"""How far the map of a moved picture is from the moved map of the picture."""

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from shiftscope.cause import Layer, Step
from shiftscope.cause.measures import Measure, measures
from shiftscope.cause.over_pictures import Sums, row_of
from shiftscope.cause.shifting import inside, is_whole, moved

if TYPE_CHECKING:
    from torch import Tensor

SHIFTS = 4
"""Shifts by whole cells, and as many between them, at most: each costs a few Fourier transforms of the maps."""
BORDER = 1 / 8
"""Of a map's width on each side: its border, where padding has a part."""
FEWEST_CELLS = 1 / 4
"""Of a map: a shift that leaves fewer away from the border is not looked at."""
NO_ERROR = 1e-12
"""Of the energy of the map: an error that is smaller is one of rounding."""
TOO_SMALL = "after such a shift, fewer than a quarter of the cells lie away from the border and did so before"


@measures.register(
    "shift_error",
    title="Shift error",
    unit="relative squared error",
    reference="our own, after the definition of equivariance: ‖M(moved x) − moved M(x)‖² ÷ ‖moved M(x) − its mean‖²",
)
class ShiftError(Measure):
    """0 where the map of the moved picture is the moved map. 1 where it is as far from it as the map's own mean is.

    The mean is each channel's over the cells that are compared. The distance in cells is the shift ÷ the layer's stride.

    Quantities: `whole`, over shifts by whole cells, and `between`, over others (band-limited interpolation), both over cells
    away from the border; `border_share`, the border's share of the squared error of shifts by whole cells, and
    `border_cells`, its share of the cells: an error that knows no border has both alike.
    """

    of: ClassVar[Literal["layers", "steps"]] = "layers"

    def __init__(self, layer: Layer | Step, shifts: NDArray[np.float64], size: int, seed: int) -> None:
        stride = layer.stride if isinstance(layer, Layer) and layer.stride else size / layer.width
        self.height, self.width, self.seed, self.stride = layer.height, layer.width, seed, stride
        self.margin = max(1, int(BORDER * layer.width))
        distances = {k: (shifts[k, 0] / stride, shifts[k, 1] / stride) for k in range(1, len(shifts)) if shifts[k].any()}
        masks = {k: inside(layer.height, layer.width, self.margin, cells) for k, cells in distances.items()}
        enough = [k for k, mask in masks.items() if mask.mean() >= FEWEST_CELLS]
        whole = [k for k in enough if is_whole(distances[k])]
        self.cells = {k: distances[k] for k in (*_spread(whole), *_spread([k for k in enough if k not in whole]))}
        self.masks = {k: masks[k] for k in self.cells}
        self.possible = {is_whole(cells) for cells in distances.values()}
        self.sums = {name: Sums() for name in ("whole", "between", "border_share", "border_cells")}
        self.reference: Tensor | None = None
        self.now = {name: [0.0, 0.0] for name in self.sums}

    def wants(self, frame: int) -> bool:
        return bool(self.cells) and (frame == 0 or frame in self.cells)

    def see(self, maps: "Tensor", frames: NDArray[np.int64]) -> None:
        import torch

        for frame, here in zip(frames.tolist(), maps, strict=True):
            if frame == 0:
                self.reference = here.clone()
                continue
            if self.reference is None:
                raise ValueError("the first frame of a picture must be seen first")
            cells, mask = self.cells[frame], torch.from_numpy(self.masks[frame]).to(here.device)
            expected = moved(self.reference, cells)
            error = (here - expected).square().sum(0)
            within = float(error[mask].double().sum())
            compared = expected[:, mask]
            energy = float((compared - compared.mean(1, keepdim=True)).square().double().sum())
            self._add("whole" if is_whole(cells) else "between", within, energy)
            total = float(error.double().sum())
            if is_whole(cells) and not total <= NO_ERROR * energy:
                self._add("border_share", total - within, total)
                self._add("border_cells", float((~mask).sum()), float(mask.numel()))

    def _add(self, name: str, numerator: float, denominator: float) -> None:
        self.now[name][0] += numerator
        self.now[name][1] += denominator

    def end_of_picture(self) -> None:
        for name, sums in self.sums.items():
            sums.add(*self.now[name])
        self.now = {name: [0.0, 0.0] for name in self.sums}
        self.reference = None

    def rows(self, level: float) -> list[dict[str, object]]:
        found = []
        for name, sums in self.sums.items():
            between = name == "between"
            those = [k for k, cells in self.cells.items() if is_whole(cells) != between]
            reason = self._reason(those, between, name)
            found.append({**row_of(name, sums, level, self.seed, reason), "n": len(those)})
        return found

    def _reason(self, those: list[int], between: bool, name: str) -> str:
        if not those and (not between) in self.possible:
            return TOO_SMALL
        if not those:
            what = "other than" if between else "by"
            return f"the sequence has no shift {what} a whole number of cells, that is of multiples of {self.stride:.4g} px"
        return "there is no error at all" if name.startswith("border") else "the map is the same everywhere"


def _spread(frames: list[int]) -> list[int]:
    """At most `SHIFTS` of them, spread evenly over all, the first and the last among them."""
    if len(frames) <= SHIFTS:
        return frames
    return [frames[round(place)] for place in np.linspace(0, len(frames) - 1, SHIFTS)]
