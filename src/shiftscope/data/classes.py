"""The classes of a data set: which output of a network each one is, and what it is called."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import polars as pl

from shiftscope.core import limits
from shiftscope.core.errors import ShiftscopeError, shown

Space = Literal["own", "imagenet"]
"""What the outputs of a network are: classes of a data set's own, or ImageNet's 1000."""


def _timm_text(name: str) -> str:
    """A text file about ImageNet that timm brings along."""
    # Found, not imported: timm takes seconds, and this runs whenever a data set is read.
    spec = find_spec("timm")
    if spec is None or spec.origin is None:
        raise ShiftscopeError("timm is not installed, whose list of ImageNet's classes is needed; run pip install timm")
    return (Path(spec.origin).parent / "data" / "_info" / name).read_text(encoding="utf-8")


@cache
def imagenet_wnids() -> tuple[str, ...]:
    """ImageNet's 1000 classes as WordNet ids in the order of their indices, which is their sorted order.

    >>> imagenet_wnids()[:2], len(imagenet_wnids())
    (('n01440764', 'n01443537'), 1000)
    """
    return tuple(_timm_text("imagenet_synsets.txt").split())


def class_indices(space: Space, categories: Sequence[str]) -> dict[str, int]:
    """The index of each category among a network's outputs.

    Parameters
    ----------
    space : with ``own``, a category's index is its position among the categories; with ``imagenet``, categories are wnids.
    categories : all categories in their order.

    Raises
    ------
    ShiftscopeError
        Where a category is there twice, or is not one of ImageNet's 1000 wnids.

    >>> class_indices("own", ["cat", "dog"]), class_indices("imagenet", ["n01443537"])
    ({'cat': 0, 'dog': 1}, {'n01443537': 1})
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
    """The categories that labels given as numbers stand for: item i is the category of label i.

    They are ImageNet's wnids, or `names`, or, where there are no names, the numbers themselves up to the highest one.

    Raises
    ------
    ShiftscopeError
        Where a number has no name, or is below 0.

    >>> numbered("own", [0, 2]), numbered("own", [0, 1], ["cat", "dog"])
    (('0', '1', '2'), ('cat', 'dog'))
    """
    given = set(numbers)
    low, high = min(given, default=0), max(given, default=-1)
    if high >= limits.CLASSES:
        raise ShiftscopeError(f"there is a label {shown(high)}, and no network has so many outputs; number classes from 0")
    categories = imagenet_wnids() if space == "imagenet" else tuple(names or (str(k) for k in range(high + 1)))
    if low < 0 or high >= len(categories):
        wrong = low if low < 0 else high
        raise ShiftscopeError(
            f"there is a label {wrong}, and classes are numbered from 0 to {len(categories) - 1}; labels that count from 1,"
            " and other orders than the network's, must be changed in the file"
        )
    return categories


def label_text(label: object) -> str | None:
    """A label that was read from a file, as text. Labels are the same if these texts are.

    None stands for no label (nothing, blanks, NaN). A whole number is written without a fraction, however the file has it:
    pandas writes a column of whole numbers in which one is missing as 0.0 … 10.0.

    >>> label_text(" cat "), label_text(3.0), label_text("3.0"), label_text(float("nan"))
    ('cat', '3', '3', None)
    """
    if label is None or label != label:  # NaN is not itself
        return None
    text = str(label).lower() if isinstance(label, bool) else str(label).strip()
    if isinstance(label, float) and label.is_integer():
        return str(int(label))
    return str(int(text.partition(".")[0])) if len(text) <= LONGEST_NUMBER and _WHOLE.fullmatch(text) else text or None


LONGEST_NUMBER = 400
"""Characters of a number that can be one: Python reads no whole number of more than 4,300 digits."""
_WHOLE = re.compile(r"[+-]?[0-9]+(\.0*)?")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?inf", re.IGNORECASE)


def labelled(
    space: Space, labels: Iterable[str | None], names: Sequence[str] | None = None
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The category of each label, and all categories in the order of their indices.

    Parameters
    ----------
    space : what the outputs of the network are, as for `class_indices`.
    labels : what `label_text` made of them. If all are numbers, they are indices (`numbered`). If all are names, the sorted
        names are the categories.
    names : of numbered classes, in their order.

    Raises
    ------
    ShiftscopeError
        Where a number has no name, is below 0 or has a fraction, and where some labels are numbers and some are names: then
        nobody can say whether "10" is an index or a name, which would come before "9".

    >>> labelled("own", ["dog", None, "cat"])[1], labelled("own", ["1", "0"], ["cat", "dog"])[0]["1"]
    (('cat', 'dog'), 'dog')
    """
    known = {label for label in labels if label is not None}
    numbers = {label for label in known if _NUMBER.fullmatch(label)}
    for label in sorted(numbers):
        if len(label) > LONGEST_NUMBER:
            raise ShiftscopeError(f"there is a label {shown(label)} of {len(label):,} characters; number classes from 0")
        if not _WHOLE.fullmatch(label):
            raise ShiftscopeError(f"there is a label {label}; labels are whole numbers from 0, or names")
    if numbers and numbers != known:
        raise ShiftscopeError(
            f"some labels are numbers, such as {min(numbers)}, and some are names, such as {min(known - numbers)!r}; write"
            " all as numbers from 0, with a list of their names beside, or all as names that are no numbers"
        )
    if not numbers:
        return {name: name for name in known}, tuple(sorted(known))
    categories = numbered(space, map(int, numbers), names)
    return {label: categories[int(label)] for label in numbers}, categories


def read_names(path: Path) -> list[str]:
    """The names of classes from a text file that has one in each line, in the order of their numbers; empty lines are left
    out.

    Raises ShiftscopeError where the file cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ShiftscopeError(f"the class names {path} cannot be read: {error}") from None
    return [line.strip() for line in lines if line.strip()]


def class_names(space: Space, categories: Sequence[str]) -> list[str]:
    """A readable name for every output of a network: item i belongs to label i.

    For ``own`` the categories themselves; for ``imagenet`` 1000 names, the first lemma of each synset, with the wnid
    where two classes have the same (the crane that flies and the crane that lifts).

    >>> class_names("imagenet", ())[0], class_names("own", ["cat", "dog"])[1]
    ('tench', 'dog')
    """
    if space == "own":
        return list(categories)
    lemmas = dict(line.split("\t", 1) for line in _timm_text("imagenet_synset_to_lemma.txt").splitlines())
    first = {wnid: lemmas[wnid].split(",")[0] for wnid in imagenet_wnids()}
    counts = Counter(first.values())
    return [name if counts[name] == 1 else f"{name} ({wnid})" for wnid, name in first.items()]


def names_by_index(space: str, images: pl.DataFrame) -> list[str]:
    """Names by label, for figures: all 1000 of ImageNet, or the categories of `images` (tables.IMAGES).

    An index that no image has is called by its number.

    >>> names_by_index("own", pl.DataFrame({"label": [0, 2], "category": ["cat", "dog"]}))
    ['cat', 'class 1', 'dog']
    """
    if space == "imagenet":
        return class_names("imagenet", ())
    known = dict(images.select("label", "category").drop_nulls().unique().iter_rows())
    return [known.get(index, f"class {index}") for index in range(max(known, default=-1) + 1)]
