"""`shiftscope run`: Snakemake for a config, from any folder."""

import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from shiftscope.config import Config
from shiftscope.workflow.command import snakemake


def run(config: Path, targets: Sequence[str] = (), options: Sequence[str] = ()) -> int:
    """Check a config, print the Snakemake command that runs it, and run that. Returns its exit code.

    Parameters
    ----------
    config : the file.
    targets, options : as `workflow.command.snakemake` takes them.

    Raises ShiftscopeError where the config is not right, or the workflow is not there.
    """
    Config.read(config)
    words = snakemake(config, targets, options)
    print(shlex.join(words), flush=True)
    return subprocess.run([sys.executable, "-m", *words], check=False).returncode
