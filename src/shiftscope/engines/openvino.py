"""OpenVINO on the CPU. It starts without torch, and is the fastest engine on most Intel and AMD processors."""

import logging
import sys
import warnings
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from shiftscope.core.errors import ShiftscopeError
from shiftscope.engines import Engine, engines
from shiftscope.networks.modules import Run

if TYPE_CHECKING:
    from torch import nn

XML, BIN = "model.xml", "model.bin"


@engines.register("openvino", title="OpenVINO", reference="openvino.convert_model, inference precision f32 or bf16")
class OpenVino(Engine):
    """Its program is an uncompressed zip of the two files in which OpenVINO stores a network."""

    precisions: ClassVar = {"cpu": ("float32", "bfloat16")}

    def save(self, ready: "nn.Module", example: NDArray[np.uint8], device: str, path: Path, card: dict[str, Any]) -> None:
        import torch

        openvino = _openvino()
        level = logging.getLogger().level
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # torch, which traces it, warns of every Python number in a network
                model = openvino.convert_model(ready, example_input=torch.from_numpy(example))
        finally:
            logging.getLogger().setLevel(level)  # a conversion that fails silences everybody's warnings
        model.reshape([-1, *example.shape[1:]])
        with TemporaryDirectory() as folder:
            openvino.save_model(model, Path(folder, XML), compress_to_fp16=False)
            with zipfile.ZipFile(path, "w") as program:
                for name in (XML, BIN):
                    program.write(Path(folder, name), name)

    def load(self, path: Path, card: dict[str, Any], device: str, threads: int) -> Run:
        openvino = _openvino()
        core = openvino.Core()
        with zipfile.ZipFile(path) as program:
            model = core.read_model(program.read(XML), openvino.Tensor(np.frombuffer(program.read(BIN), np.uint8)))
        # A stream for each thread: frames are independent, and threads that share no frame need not wait for each other.
        # Without the hint, the plugin would compute in bfloat16 where the processor can. Pinned, the threads of all jobs of
        # a machine would share the same cores, its first ones.
        wanted = {"float32": "f32", "bfloat16": "bf16"}[card["precision"]]
        streams = {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": threads, "ENABLE_CPU_PINNING": False}
        settings = {"INFERENCE_PRECISION_HINT": wanted, **streams}
        compiled = core.compile_model(model, "CPU", settings)
        if compiled.get_property("INFERENCE_PRECISION_HINT") != getattr(openvino.Type, wanted):
            raise ShiftscopeError(
                f"OpenVINO does not compute in {card['precision']} on this processor; name another engine"
            )
        requests = [compiled.create_infer_request() for _ in range(threads)]

        def run(frames: NDArray[np.uint8]) -> NDArray[np.float32]:
            parts = [part for part in np.array_split(frames, len(requests)) if len(part)]
            at_work = list(zip(requests, parts, strict=False))
            for request, part in at_work:
                request.set_input_tensor(openvino.Tensor(part, shared_memory=True))
                request.start_async()
            for request, _ in at_work:
                request.wait()
            return np.concatenate([request.get_output_tensor().data for request, _ in at_work])

        return run


def _openvino() -> Any:
    # OpenVINO reports every conversion to its makers, unless it cannot find this module.
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    import openvino

    return openvino
