"""Pages of HTML: how a template becomes one, and how it is written."""

from pathlib import Path
from typing import TYPE_CHECKING

from shiftscope.core.files import complete

if TYPE_CHECKING:
    from jinja2 import Environment


def templates(package: str) -> "Environment":
    """The templates beside the modules of one of our packages, such as ``report``.

    Every value is escaped where it is put in, and a name that a template uses and nobody gave is an error.
    """
    import jinja2

    return jinja2.Environment(
        loader=jinja2.PackageLoader("shiftscope", package),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def save(html: str, path: str | Path) -> None:
    """Write a page, complete or not at all, in UTF-8."""
    with complete(path) as part:
        part.write_text(html, encoding="utf-8")
