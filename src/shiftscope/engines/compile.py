"""torch.compile: in every job, a compiler writes code for the network before the first frame is run."""

import os
import shutil
from pathlib import Path
from typing import Any

from shiftscope.core.errors import ShiftscopeError
from shiftscope.engines import engines
from shiftscope.engines.eager import Eager
from shiftscope.networks.modules import Run, runner


@engines.register("compile", title="torch.compile", reference="torch.compile, inductor; needs a C++ compiler on the CPU")
class Compile(Eager):
    """Pays off in jobs of many minutes: compiling takes about half a minute each time, so `auto` does not try it."""

    automatic = False

    def load(self, path: Path, card: dict[str, Any], device: str, threads: int) -> Run:
        compiler = os.environ.get("CXX", "g++")
        if device == "cpu" and shutil.which(compiler) is None:
            raise ShiftscopeError(f"engine compile needs the C++ compiler {compiler}; install one, or write 'engine: auto'")
        # With `fullgraph`, a network that cannot be compiled is an error. Without, torch would run it eagerly, unnoticed.
        module = self.module(path, card, device, threads)
        module.compile(fullgraph=True, dynamic=True)
        return runner(module, device)
