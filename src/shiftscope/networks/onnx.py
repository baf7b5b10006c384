"""ONNX files, run by OpenVINO."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, ClassVar

from shiftscope.core.errors import ShiftscopeError
from shiftscope.networks import Preprocessing, networks
from shiftscope.networks.programs import Program, square

if TYPE_CHECKING:
    from torch import nn


@networks.register("onnx", title="ONNX file", reference="https://onnx.ai, read by OpenVINO")
class Onnx(Program):
    """An ONNX file with one input (batch, 3, height, width), normalised, and one output of logits (or see `answers`).
    OpenVINO reads it as data and computes in float32 on the CPU, whatever the device of the run."""

    trust: bool = True
    """Need not be set: a file of this kind holds data and runs no code."""
    opaque: ClassVar[bool] = True

    def load(self, weights: Path, name: str | None = None) -> "nn.Module":
        import torch
        from torch import Tensor, nn

        model = _read(weights)
        size = self.size
        try:
            model.reshape([-1, 3, size, size])
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[-1]
            raise ShiftscopeError(
                f"{weights} cannot take batches of any size at {size} × {size} px ({reason}); export it with a batch "
                "dimension that may vary, or correct 'input_size'"
            ) from None
        from openvino import Core

        class Compiled(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": torch.get_num_threads()}
                self.compiled = Core().compile_model(model, "CPU", settings)

            def forward(self, pixels: Tensor) -> Tensor:
                answers = self.compiled(pixels.detach().cpu().contiguous().numpy())
                return torch.from_numpy(answers[0].copy()).to(pixels.device)

        return Compiled()

    def preprocessing(self, weights: Path) -> Preprocessing:
        """The size that the shape of its input says, if it says one."""
        shape = _read(weights).inputs[0].partial_shape
        sides = [side.get_length() if side.is_static else None for side in list(shape)[2:]] if shape.rank.is_static else []
        return square(sides, weights)


def _read(path: Path) -> Any:
    import sys

    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # see engines/openvino.py
    import openvino

    try:
        with TemporaryDirectory() as folder:  # as the run will: by another name, with no file beside it
            alone = Path(folder, "network.onnx")
            alone.symlink_to(path.resolve())
            model = openvino.Core().read_model(alone)
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1].replace(str(alone), str(path))
        raise ShiftscopeError(
            f"{path} is no ONNX file that OpenVINO reads ({reason}); if its weights lie in a file beside it, save all in "
            "one: onnx.save(onnx.load(path), path)"
        ) from None
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ShiftscopeError(
            f"{path} has {len(model.inputs)} inputs and {len(model.outputs)} outputs; export it with one of each"
        )
    return model
