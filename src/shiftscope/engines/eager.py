"""torch as it is, without any compiling. The answers of all other engines are compared with those of this one."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shiftscope.engines import Engine, engines
from shiftscope.networks import networks
from shiftscope.networks.modules import PRECISIONS, Run, exact, normalised, runner

if TYPE_CHECKING:
    from torch import nn


@engines.register("eager", title="torch, eager", reference="torch.nn.Module.__call__, channels last")
class Eager(Engine):
    """Builds the architecture again in every job. Its program is the weights alone, or the file that the user gave."""

    precisions = PRECISIONS

    def save(self, ready: "nn.Module", example: NDArray[np.uint8], device: str, path: Path, card: dict[str, Any]) -> None:
        network = networks[card["kind"]].item.model_validate(card["options"])
        network.store(ready.get_submodule("network"), Path(card["weights"]), path)

    def load(self, path: Path, card: dict[str, Any], device: str, threads: int) -> Run:
        return runner(self.module(path, card, device, threads), device, card["precision"])

    def module(self, path: Path, card: dict[str, Any], device: str, threads: int) -> "nn.Module":
        """The network with its normalisation (`modules.normalised`), on `device`; the parameters are those of `load`."""
        exact(threads)
        network = networks[card["kind"]].item.model_validate(card["options"])
        module = network.load(path).eval()
        return normalised(module, card["mean"], card["std"], card["channels"], card["answers"]).to(device)
