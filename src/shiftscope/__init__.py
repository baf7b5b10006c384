"""How much an image classifier's answer moves when the picture moves, why, and what helps."""

from importlib import import_module

__version__ = "0.1.0"
__all__ = ["Preprocessed", "__version__", "measure", "open"]

# Imported when they are asked for, and by their names as texts: every job imports this package, and does not depend on
# what notebooks do.
_FROM_PYTHON = {
    "measure": ("shiftscope.notebook.measuring", "measure"),
    "Preprocessed": ("shiftscope.notebook.measuring", "Preprocessed"),
    "open": ("shiftscope.notebook.opening", "open_results"),
}


def __getattr__(name: str) -> object:
    if name not in _FROM_PYTHON:
        raise AttributeError(f"module 'shiftscope' has no attribute {name!r}")
    module, attribute = _FROM_PYTHON[name]
    return getattr(import_module(module), attribute)
