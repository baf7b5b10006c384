"""torch.compile: in every job, a compiler writes code for the network before the first frame is run."""

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from shiftscope.core.errors import ShiftscopeError
from shiftscope.engines import engines
from shiftscope.engines.devices import devices
from shiftscope.engines.eager import Eager
from shiftscope.networks.modules import Run, runner

RUNS_UNTIL_RECORDED = 3
"""torch runs a compiled function once, records it the second time, and replays it from then on."""


@engines.register("compile", title="torch.compile", reference="torch.compile, inductor; needs a C++ compiler on the CPU")
class Compile(Eager):
    """Pays off in jobs of many minutes: compiling takes about half a minute each time, so `auto` does not try it. On a GPU
    it replays a CUDA graph, since all batches are of one size."""

    automatic = False

    def load(self, path: Path, card: dict[str, Any], device: str, threads: int) -> Run:
        compiler = os.environ.get("CXX", "g++")
        if device == "cpu" and shutil.which(compiler) is None:
            raise ShiftscopeError(f"engine compile needs the C++ compiler {compiler}; install one, or write 'engine: auto'")
        # With `fullgraph`, a network that cannot be compiled is an error. Without, torch would run it eagerly, unnoticed.
        module = self.module(path, card, device, threads)
        if device == "cpu":
            module.compile(fullgraph=True, dynamic=True)
            return runner(module, device, card["precision"])
        module.compile(fullgraph=True, dynamic=False, mode="reduce-overhead")
        run = replayed(runner(module, device, card["precision"]))
        if "batch_size" in card:  # so that nothing is recorded while other threads use the GPU
            frames = np.zeros((card["batch_size"], card["input_size"], card["input_size"], 3), np.uint8)
            there = devices[device].item().hold(frames)
            for _ in range(RUNS_UNTIL_RECORDED):
                run(there)
        return run


def replayed(run: Run) -> Run:
    """A function that CUDA graphs are recorded of, safe to use: each run overwrites the answers of the one before."""
    import torch

    def safely(frames: Any) -> Any:
        torch.compiler.cudagraph_mark_step_begin()
        return run(frames).clone()

    return safely
