"""What sections of a config, and the folder of its results, may be called."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, StringConstraints

NETWORKS = "networks"
"""The folder of the results that is no data set's."""
ENDINGS = (".html", ".json", ".log", ".parquet", ".pdf", ".png", ".safetensors", ".tsv", ".txt")
"""Of the files that are made: a folder that ends so could be in the place of one."""


def _no_file(name: str) -> str:
    """`name`, if no file that is made can be called so."""
    if name.endswith(ENDINGS):
        raise ValueError(f"a name cannot end in {' or '.join(ENDINGS)}, as files do")
    return name


Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=80), AfterValidator(_no_file)]
"""Becomes a part of file names and of Snakemake's targets."""


def _below(results: object) -> object:
    """`results`, if it is the path of a folder below the working directory that nothing takes for something else.

    A file of settings has texts. A `Path` is from Python: `notebook.measuring` gives a folder of its own.
    """
    if isinstance(results, str):
        parts = Path(results).parts
        if "://" in results:
            raise ValueError("results are written to this machine's disks; write a folder below the working directory")
        if Path(results).is_absolute() or ".." in parts or not parts or parts[0].startswith(("~", "-")):
            raise ValueError(
                "write a folder below the working directory, such as 'results'; to have it on another disk, make it a link"
            )
        if not results.isprintable() or set('{}*?\\"') & set(results):
            raise ValueError(
                "the name of this folder cannot have braces, stars, question marks, quotation marks or the like"
            )
    return results


Results = Annotated[Path, BeforeValidator(_below)]
"""The folder that everything is written to."""
