"""TorchScript: the network is traced and frozen, and loads without the library that its architecture came from."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shiftscope.engines import Engine, engines
from shiftscope.networks.modules import Run, exact, runner

if TYPE_CHECKING:
    from torch import nn


@engines.register("torchscript", title="TorchScript, frozen", reference="torch.jit.trace, freeze, optimize_for_inference")
class TorchScript(Engine):
    """Batch normalisation is folded into convolutions, and a job starts without importing timm or torchvision."""

    def save(self, ready: "nn.Module", example: NDArray[np.uint8], device: str, path: Path, card: dict[str, Any]) -> None:
        import torch

        with warnings.catch_warnings(), torch.no_grad():
            # torch warns that tracing is deprecated, and of every Python number in a network.
            warnings.simplefilter("ignore")
            traced = torch.jit.trace(ready.to(device), torch.from_numpy(example).to(device), check_trace=False)
            torch.jit.save(torch.jit.freeze(traced.eval()), path)

    def load(self, path: Path, card: dict[str, Any], device: str, threads: int) -> Run:
        import torch

        exact(threads)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = torch.jit.load(path, map_location=device)
            if device == "cpu":
                module = torch.jit.optimize_for_inference(module)
        return runner(module, device, card["precision"])
