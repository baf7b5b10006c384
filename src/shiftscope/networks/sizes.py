"""The names of timm's and torchvision's networks and weights, and the sizes that they are made for, known without importing
either: a table made from them."""

import textwrap
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from shiftscope.core.errors import ShiftscopeError, unknown

TABLE = Path(__file__).with_name("sizes.toml")
UNSAID = "unsaid"
"""The key under which the table has the names that go with no single square size."""


def is_named(library: str, architecture: str, weights: str | None = None) -> bool:
    """Whether the table has an architecture of ``timm`` or ``torchvision``, and, if they are named, such weights of it. A
    library that is newer than the table may have more.

    >>> is_named("timm", "resnet50.a1_in1k"), is_named("torchvision", "resnet50", "IMAGENET1K_V9")
    (True, False)
    """
    return (architecture if weights is None else f"{architecture}.{weights}") in _sizes()[library]


def named_size(library: str, architecture: str, weights: str | None = None) -> int:
    """Width and height in px that a library, ``timm`` or ``torchvision``, names for an architecture, or for some of its
    weights.

    Raises ShiftscopeError where the library has no such architecture, or names no single square size for it.

    >>> named_size("torchvision", "resnet50"), named_size("torchvision", "inception_v3")
    (224, 299)
    """
    sizes = _sizes()[library]
    tagged = architecture if weights is None else f"{architecture}.{weights}"
    bare = tagged.partition(".")[0]
    if bare not in sizes:
        names = (name for name in sizes if "." not in name)
        raise ShiftscopeError(
            f"{unknown(f'{library} architecture', architecture, names)}; if it is right all the same, write 'input_size', "
            "the width and height in px that it is made for"
        )
    found = sizes.get(tagged, sizes[bare])
    if found is None:
        raise ShiftscopeError(
            f"{library} names no single square size for {tagged}; write 'input_size', the width and height in px that "
            "these weights are made for"
        )
    return found


@cache
def _sizes() -> dict[str, dict[str, int | None]]:
    """Library → architecture, or architecture.weights → px; None where it is `UNSAID`."""
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return {
        library: {name: None if size == UNSAID else int(size) for size, text in by_size.items() for name in text.split()}
        for library, by_size in table.items()
    }


def generated() -> str:
    """The text of the table (sizes.toml), made from the libraries that are installed."""
    parts = ["# px that the networks of timm and torchvision, and their weights, are made for; made by `make manual`."]
    for library, sizes in (("timm", _of_timm()), ("torchvision", _of_torchvision())):
        parts.append(f"\n[{library}]")
        for size in sorted(set(sizes.values()), key=lambda size: size or 0):
            names = " ".join(sorted(name for name, own in sizes.items() if own == size))
            text = textwrap.fill(names, 120, break_on_hyphens=False, break_long_words=False)
            parts.append(f'{size or UNSAID} = """\n{text}\n"""')
    return "\n".join(parts) + "\n"


def _of_timm() -> dict[str, int | None]:
    """Every architecture with the size of the weights that it has by default, and every tag with its own."""
    import timm

    found: dict[str, int | None] = {}
    for name in sorted({*timm.list_models(), *timm.list_models(include_tags=True)}):
        said: Any = timm.get_pretrained_cfg(name)
        _, height, width = said.input_size
        found[name] = width if height == width else None
    return found


def _of_torchvision() -> dict[str, int | None]:
    """Every architecture of classification, and all of its published weights."""
    from torchvision import models

    found: dict[str, int | None] = {}
    for name in models.list_models(module=models):
        weights = models.get_model_weights(name).__members__
        sizes = {tag: int(chosen.transforms().crop_size[0]) for tag, chosen in weights.items()}
        found[name] = next(iter(sizes.values())) if len(set(sizes.values())) == 1 else None
        found |= {f"{name}.{tag}": size for tag, size in sizes.items()}
    return found
