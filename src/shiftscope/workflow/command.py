"""The Snakemake command that runs the workflow for a config, from any folder."""

from collections.abc import Sequence
from pathlib import Path

from shiftscope.core.errors import ShiftscopeError

ROOT = Path(__file__).parents[3]
"""The checkout that this library is part of."""


def snakemake(config: str | Path, targets: Sequence[str] = (), options: Sequence[str] = ()) -> list[str]:
    """The words of the command.

    Where the working directory is not a checkout, the Snakefile is named. What the config names by relative paths is
    looked for in the working directory, and results are written there.

    Parameters
    ----------
    config : the file.
    targets : what to make, such as ``model_resnet50`` or a file below the results; empty for everything.
    options : options of Snakemake.

    Raises ShiftscopeError where this library was installed without the workflow.

    >>> snakemake("mine.yaml", ["bias"], ["--cores", "8"])[-5:]
    ['bias', '--configfile', 'mine.yaml', '--cores', '8']
    """
    snakefile = ROOT / "Snakefile"
    if not snakefile.is_file():
        raise ShiftscopeError(
            f"there is no Snakefile in {ROOT}: this shiftscope was installed without its workflow; clone the repository "
            "and install it from there (make, or pip install -e .)"
        )
    here = Path("Snakefile").is_file() and Path("Snakefile").read_bytes() == snakefile.read_bytes()
    # Targets before options: some of these take several words.
    return [
        "snakemake",
        *targets,
        *([] if here else ["--snakefile", str(snakefile)]),
        "--configfile",
        str(config),
        *options,
    ]
