"""Files that are programs themselves: TorchScript and torch.export."""

import logging
import shutil
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shiftscope.core.errors import ShiftscopeError, reason
from shiftscope.core.files import complete
from shiftscope.networks import Network, Preprocessing, networks

if TYPE_CHECKING:
    from torch import nn


class Program(Network):
    """Base of networks that are a file of the user's, architecture and all."""

    trust: bool = False
    """Must be `true`: such a file runs code when it is loaded, so take it only from somebody you trust."""

    def check(self) -> None:
        """Raise a ShiftscopeError where the file is not there or not trusted."""
        if self.train is not None:
            raise ShiftscopeError(f"a network of kind {self.kind} cannot be trained here; leave out 'train'")
        if self.weights_of is not None:
            raise ShiftscopeError(f"a network of kind {self.kind} is its file; give it as 'weights', not as 'weights_of'")
        super().check()
        if not self.trust:
            raise ShiftscopeError(
                f"{self.weights} runs code when it is loaded; if you trust who made it, write 'trust: true'"
            )

    def store(self, module: "nn.Module", weights: Path, path: Path) -> None:
        with complete(path) as part:
            shutil.copyfile(weights, part)


def square(sides: Sequence[int | None], path: Path) -> Preprocessing:
    """How a network wants its input, by the sides, height and width in px, that its file takes; None for a side that may
    vary.

    >>> square([224, 224], Path("net.onnx")).input_size, square([None, None], Path("net.onnx")).input_size
    (224, None)
    """
    size = sides[0] if len(sides) == 2 and sides[0] == sides[1] else None
    return Preprocessing(input_size=size, said_by=f"the shape of the input in {path}") if size else Preprocessing()


@networks.register("torchscript", title="TorchScript file", reference="torch.jit.save")
class TorchScriptFile(Program):
    """What torch.jit.save wrote; its input is (batch, 3, height, width), normalised, and any batch must do."""

    def load(self, weights: Path, name: str | None = None) -> "nn.Module":
        import torch

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                module: nn.Module = torch.jit.load(weights, map_location="cpu")
        except (RuntimeError, ValueError) as error:
            raise ShiftscopeError(
                f"{weights} is no TorchScript file ({reason(error)}); write it with torch.jit.save"
            ) from None
        return module


@networks.register("export", title="torch.export file", reference="torch.export.save")
class ExportFile(Program):
    """What torch.export.save wrote, with a batch dimension that may vary."""

    def load(self, weights: Path, name: str | None = None) -> "nn.Module":
        return _steady(_exported(weights).module())

    def preprocessing(self, weights: Path) -> Preprocessing:
        """The size that the shape of its input says, if it says one."""
        program = _exported(weights)
        inputs = program.graph_signature.user_inputs
        shapes = [tuple(node.meta["val"].shape) for node in program.graph.nodes if node.name in inputs]
        return square([side if isinstance(side, int) else None for side in shapes[0][2:]] if shapes else [], weights)


def _exported(path: Path) -> Any:
    import torch

    if not zipfile.is_zipfile(path):
        raise ShiftscopeError(f"{path} is no torch.export file; write it with torch.export.save")
    shown = logging.root.manager.disable
    try:
        logging.disable(logging.WARNING)  # torch logs the traceback of what is said here in a sentence
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.export.load(path)
    except Exception as error:  # whatever the archive's parts make torch raise
        raise ShiftscopeError(
            f"{path} is no torch.export file ({reason(error)}); write it with torch.export.save"
        ) from None
    finally:
        logging.disable(shown)


def _steady(graph: Any) -> "nn.Module":
    """`graph` in a module that may be asked to `eval()`: exported ones refuse, and are what they were exported as."""
    from torch import Tensor, nn

    class Steady(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.graph = graph

        def train(self, mode: bool = True) -> "Steady":
            self.training = mode
            return self

        def forward(self, pixels: Tensor) -> Tensor:
            answers: Tensor = self.graph(pixels)
            return answers

    return Steady()
