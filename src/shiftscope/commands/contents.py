"""What each file of a run is, in a sentence, and in which format: from the declarations of tables and figures."""

import mimetypes
import re
from collections.abc import Callable
from functools import cache
from inspect import cleandoc
from pathlib import PurePath

from shiftscope.config.manual import declared_tables
from shiftscope.figures import figures

FORMATS = {
    ".parquet": "application/vnd.apache.parquet",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
}
"""Media types that Python's own list does not have."""
UNKNOWN = "application/octet-stream"
OTHERS = {
    "<data set>/source.json": "Where the pictures of the data set are, and where they come from.",
    "<data set>/report.html": "One page with all figures and tables of the data set.",
    "<data set>/tables/<name>.csv": "A table of the data set as CSV, with the names of what its rows are of.",
    "<data set>/explorer.html": "One page on which a reader goes from picture to picture and from step to step.",
    "networks/<network>/weights.safetensors": "The weights of the network.",
    "networks/<network>/program": "The network as it was prepared for the engine that runs it.",
}
"""The files that are no tables and no figures, as `core/columns.py: Table.files` writes them."""
FIGURES = {
    ".png": "The figure “{}”, in pixels.",
    ".pdf": "The figure “{}”, for print.",
    ".txt": "The caption of the figure “{}”, with its numbers.",
}


def media_type(path: str) -> str:
    """The media type of a file, by the ending of its name.

    >>> media_type("digits/boxes.parquet"), media_type("digits/report.html"), media_type("networks/plain/program")
    ('application/vnd.apache.parquet', 'text/html', 'application/octet-stream')
    """
    return FORMATS.get(PurePath(path).suffix) or mimetypes.guess_type(path)[0] or UNKNOWN


def meaning(path: str) -> str:
    """What a file of a run is, in a sentence; empty where that is not known.

    Parameters
    ----------
    path : below the folder of results.

    >>> meaning("networks/plain/training.parquet")
    'One row per epoch of the training of a network, in their order.'
    >>> meaning("digits/figures/crop/gallery.png")
    'The figure “What the frames look like”, in pixels.'
    """
    file = PurePath(path)
    if "figures" in file.parts[1:-1] and file.suffix in FIGURES and file.stem in figures:
        return FIGURES[file.suffix].format(figures[file.stem].title)
    return next((text for matches, text in _meanings() if matches(path)), "")


@cache
def _meanings() -> list[tuple[Callable[[str], object], str]]:
    """For each pattern of files what tells whether a path is one of them, and what they are."""
    said = dict(OTHERS)
    for declared in declared_tables():
        said |= dict.fromkeys(declared.files, _first_paragraph(declared.__doc__))
    return [(_pattern(files).fullmatch, text) for files, text in said.items()]


def _pattern(files: str) -> re.Pattern[str]:
    """A pattern of files such as ``networks/<network>/card.json``, whose words in angle brackets stand for any name."""
    return re.compile("[^/]+".join(re.escape(part) for part in re.split("<[^>]+>", files)))


def _first_paragraph(text: str | None) -> str:
    return " ".join(cleandoc(text or "").partition("\n\n")[0].split())
