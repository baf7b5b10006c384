"""What a subsampling step does with the frequencies of the map just before it."""

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from shiftscope.cause import Layer, Step
from shiftscope.cause.measures import Measure, measures
from shiftscope.cause.over_pictures import Sums, row_of
from shiftscope.cause.spectra import Kinds, energy, kinds, share_above

if TYPE_CHECKING:
    from torch import Tensor

FEWEST_CELLS = 4
TOO_SMALL = f"the map before the step has fewer than {FEWEST_CELLS} cells along a side, too few for a spectrum"
SAME_EVERYWHERE = "the map before the step is the same everywhere"


@measures.register(
    "aliasing",
    title="Aliasing",
    unit="share",
    reference="energy above the Nyquist frequency (Shannon 1949); kinds: Ribeiro & Schön 2021 (arXiv 2102.07757)",
)
class Aliasing(Measure):
    """0 where the map before the step has no frequency that the grid behind it cannot carry.

    Quantities: `energy_above`, the share of a channel's energy, less its mean, above the limit: 1 − 1 ÷ (strides
    multiplied) for white noise; and the shares of the frequencies of the smaller map that are `non_aliased`, `aliased`,
    `tangled` or `empty` (`spectra.Kinds`). Each is the mean over the channels that are not flat, then over pictures. It
    looks at the first frame of each picture, through Hann's window, since the maps of a network that pads with zeros do not
    continue periodically (`spectra.energy`).
    """

    of: ClassVar[Literal["layers", "steps"]] = "steps"
    window: ClassVar[bool] = True

    def __init__(self, layer: Layer | Step, shifts: NDArray[np.float64], size: int, seed: int) -> None:
        assert isinstance(layer, Step)
        self.stride, self.seed, self.channels = layer.stride, seed, layer.channels
        # The last rows and columns that do not fill a step are left out: folding needs whole ones.
        self.height, self.width = (
            layer.height // layer.stride[0] * layer.stride[0],
            layer.width // layer.stride[1] * layer.stride[1],
        )
        self.reason = TOO_SMALL if min(self.height, self.width) < FEWEST_CELLS else SAME_EVERYWHERE
        self.sums = {name: Sums() for name in ("energy_above", *Kinds._fields)}

    def wants(self, frame: int) -> bool:
        return frame == 0 and self.reason != TOO_SMALL

    def see(self, maps: "Tensor", frames: NDArray[np.int64]) -> None:
        power = energy(maps[0, :, : self.height, : self.width], self.window).double().cpu().numpy()
        total = power.sum((1, 2))
        varied = power[total > 0]
        if not np.isfinite(total).all():
            found = dict.fromkeys(self.sums, np.nan)
        elif not len(varied):
            found = dict.fromkeys(self.sums, 0.0)
        else:
            found = {"energy_above": share_above(varied, self.stride).mean(), **kinds(varied, self.stride)._asdict()}
        for name, sums in self.sums.items():
            sums.add(found[name], float(bool(len(varied)) or np.isnan(found[name])))

    def end_of_picture(self) -> None:
        pass  # one frame of each picture is seen

    def rows(self, level: float) -> list[dict[str, object]]:
        return [
            {**row_of(name, sums, level, self.seed, self.reason), "n": self.channels} for name, sums in self.sums.items()
        ]
