from shiftscope.notebook.measuring import Preprocessed as Preprocessed
from shiftscope.notebook.measuring import measure as measure
from shiftscope.notebook.opening import open_results as open

__version__: str
__all__ = ["Preprocessed", "__version__", "measure", "open"]
