"""Files that ship inside other packages, found without importing these."""

from importlib.util import find_spec
from pathlib import Path

from shiftscope.core.errors import ShiftscopeError


def package_folder(module: str, project: str) -> Path:
    """The folder of an installed package.

    Parameters
    ----------
    module : the name by which Python would import it.
    project : the name by which it is installed.

    Raises
    ------
    ShiftscopeError
        Where it is not installed.

    >>> package_folder("shiftscope", "shiftscope").name
    'shiftscope'
    """
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise ShiftscopeError(
            f"the package {project} is not installed; run 'pip install {project}' ('make run' does it, too)"
        )
    return Path(spec.origin).parent
