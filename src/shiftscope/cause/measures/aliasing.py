"""What a subsampling step does with the frequencies of the map just before it."""

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from shiftscope.cause import Layer, Step
from shiftscope.cause.measures import Measure, measures
from shiftscope.cause.over_pictures import Sums, row_of
from shiftscope.cause.spectra import Kinds, above, energy, kinds

if TYPE_CHECKING:
    from torch import Tensor

FLAT = "the map before the step is the same everywhere"


@measures.register(
    "aliasing",
    title="Aliasing",
    unit="share",
    reference="energy above the smaller grid's Nyquist frequency (Shannon 1949); kinds: Ribeiro & Schön 2021 (arXiv 2102.07757)",
)
class Aliasing(Measure):
    """0 where the map before the step has no frequency that the grid behind it cannot carry.

    Quantities: `energy_above`, the share of the energy (of each channel less its mean) above the limit: 1 − 1 ÷ (strides
    multiplied) for white noise; and the shares of the frequencies of the smaller map that are `non_aliased`, `aliased`,
    `tangled` or `empty` (`spectra.Kinds`). It looks at the first frame of each picture.
    """

    of: ClassVar[Literal["layers", "steps"]] = "steps"

    def __init__(self, layer: Layer | Step, shifts: NDArray[np.float64], size: int, seed: int) -> None:
        assert isinstance(layer, Step)
        self.stride, self.seed, self.channels = layer.stride, seed, layer.channels
        self.sums = {name: Sums() for name in ("energy_above", *Kinds._fields)}

    def wants(self, frame: int) -> bool:
        return frame == 0

    def see(self, maps: "Tensor", frames: NDArray[np.int64]) -> None:
        down, right = self.stride
        # The last rows and columns that do not fill a step: folding needs whole ones.
        height, width = maps.shape[-2] // down * down, maps.shape[-1] // right * right
        power = energy(maps[..., :height, :width])[0].double().cpu().numpy()
        total = float(power.sum())
        self.sums["energy_above"].add((power * above(height, width, self.stride)).sum(), total)
        varied = power[power.sum((1, 2)) > 0] if np.isfinite(total) else power
        found = kinds(varied, self.stride) if len(varied) else Kinds(0.0, 0.0, 0.0, 0.0)
        for name, share in found._asdict().items():
            self.sums[name].add(share, float(bool(len(varied))))

    def end_of_picture(self) -> None:
        pass  # one frame of each picture is seen

    def rows(self, level: float) -> list[dict[str, object]]:
        return [
            {**row_of(name, sums, level, self.seed, FLAT), "n": self.channels} for name, sums in self.sums.items()
        ]
