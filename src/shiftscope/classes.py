"""What the numbers of a network's outputs mean: the classes of a data set and their names."""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import polars as pl

from shiftscope.errors import ShiftscopeError

Space = Literal["own", "imagenet"]


def _timm_text(name: str) -> str:
    # Found, not imported: timm takes seconds, and this runs whenever a data set is read.
    spec = find_spec("timm")
    if spec is None or spec.origin is None:
        raise ShiftscopeError("timm is not installed, whose list of ImageNet's classes is needed; run pip install timm")
    return (Path(spec.origin).parent / "data" / "_info" / name).read_text(encoding="utf-8")


@cache
def imagenet_wnids() -> tuple[str, ...]:
    """ImageNet's 1000 classes as WordNet ids in the order of their indices, which is their sorted order."""
    return tuple(_timm_text("imagenet_synsets.txt").split())


def class_indices(space: Space, categories: Sequence[str]) -> dict[str, int]:
    """Index of each category among a network's outputs.

    Parameters
    ----------
    space : ``own``, a category's index is its position; ``imagenet``, categories are wnids.
    categories : all categories in their order.

    Raises
    ------
    ShiftscopeError
        Where a category is there twice, or is not one of ImageNet's 1000 wnids.
    """
    twice = [category for category, count in Counter(categories).items() if count > 1]
    if twice:
        raise ShiftscopeError(f"two categories are called {twice[0]!r}; rename one")
    if space == "own":
        return {category: index for index, category in enumerate(categories)}
    index_of = {wnid: index for index, wnid in enumerate(imagenet_wnids())}
    strangers = [category for category in categories if category not in index_of]
    if strangers:
        raise ShiftscopeError(
            f"{strangers[0]!r} is none of ImageNet's 1000 classes, whose names are wnids such as n01440764;"
            " rename it, leave it out or write `classes: own`"
        )
    return {category: index_of[category] for category in categories}


def numbered(space: Space, numbers: Iterable[int], names: Sequence[str] | None = None) -> tuple[str, ...]:
    """The categories that labels given as numbers stand for: item i is label i.

    ImageNet's wnids, or `names`, or, where there are none, the numbers themselves up to the highest.

    Raises
    ------
    ShiftscopeError
        Where a number has no name, or is below 0.
    """
    given = set(numbers)
    low, high = min(given, default=0), max(given, default=-1)
    categories = imagenet_wnids() if space == "imagenet" else tuple(names or (str(k) for k in range(high + 1)))
    if low < 0 or high >= len(categories):
        wrong = low if low < 0 else high
        raise ShiftscopeError(
            f"there is a label {wrong}, and classes are numbered from 0 to {len(categories) - 1}; labels that count from 1,"
            " and other orders than the network's, must be changed in the file"
        )
    return categories


def read_names(path: Path) -> list[str]:
    """Names of classes from a text file, one in a line, in the order of their numbers."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ShiftscopeError(f"the class names {path} cannot be read: {error}") from None
    return [line.strip() for line in lines if line.strip()]


def class_names(space: Space, categories: Sequence[str]) -> list[str]:
    """A readable name for every output of a network: item i belongs to label i.

    For ``own`` the categories themselves; for ``imagenet`` 1000 names, the first lemma of each synset, with the wnid
    where two classes have the same (the crane that flies and the crane that lifts).
    """
    if space == "own":
        return list(categories)
    lemmas = dict(line.split("\t", 1) for line in _timm_text("imagenet_synset_to_lemma.txt").splitlines())
    first = {wnid: lemmas[wnid].split(",")[0] for wnid in imagenet_wnids()}
    counts = Counter(first.values())
    return [name if counts[name] == 1 else f"{name} ({wnid})" for wnid, name in first.items()]


def names_by_index(space: str, images: pl.DataFrame) -> list[str]:
    """Names by label, for figures: all 1000 of ImageNet, or what the `images` (tables.IMAGES) themselves say.

    Indices that no image has get a number for a name.
    """
    if space == "imagenet":
        return class_names("imagenet", ())
    known = dict(images.select("label", "category").drop_nulls().unique().iter_rows())
    return [known.get(index, f"class {index}") for index in range(max(known, default=-1) + 1)]
