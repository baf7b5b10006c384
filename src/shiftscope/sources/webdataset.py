"""Samples in tar shards, WebDataset's layout: files of the same name up to the first dot are one sample."""

import glob
import json
import logging
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import polars as pl

from shiftscope.core import limits, tables
from shiftscope.core.errors import ShiftscopeError, shown
from shiftscope.core.values import text_fault
from shiftscope.data.classes import label_text, labelled, read_names
from shiftscope.data.pictures import SUFFIXES, member_path
from shiftscope.data.tars import check_name, members
from shiftscope.sources import LISTING, Listing, Source, sources

LARGEST_LABEL = 1_000_000
"""Bytes of a file that a label is read from."""


class Sample(NamedTuple):
    """One picture with what says its label."""

    image_id: str
    path: str
    label: bytes | None


@sources.register(
    "webdataset", title="WebDataset shards", reference="https://github.com/webdataset/webdataset, tar shards of samples"
)
class WebDataset(Source):
    """Pictures inside tar shards, which are read where they lie and never unpacked. Of several pictures of a sample the
    first counts, and the log says so."""

    shards: str
    """The shards: a path with wildcards (`data/val-*.tar`) or a range (`data/val-{000..009}.tar`). What is there under the
    very name that is written, a file or its folder, counts before what the name matches."""
    label: str = "cls"
    """The ending of the file that holds a sample's label, a number from 0 or a name: `cls`, `txt`, or, for a key of a JSON
    file, `json:<key>`. `none`: no labels."""
    names: Path | None = None
    """Where labels are numbers: a text file with a class name in each line."""

    @property
    def provides(self) -> frozenset[str]:
        return frozenset({"pictures"} if self.label == "none" else {"pictures", "labels"})

    def check(self) -> None:
        """Raise a ShiftscopeError if a shard is missing, or none is there."""
        for shard in self.inputs():
            if not shard.is_file():
                raise ShiftscopeError(f"the shard {shard} does not exist")

    @classmethod
    def recognise(cls, path: Path) -> dict[str, object] | None:
        shards = sorted(path.glob("*.tar")) if path.is_dir() else [path] if path.suffix == ".tar" and path.is_file() else []
        if not shards:
            return None
        pattern = str(Path(glob.escape(str(path)), "*.tar")) if path.is_dir() else str(path)
        try:
            first = next(iter(members(shards[0])), None)
        except ShiftscopeError:
            return None
        if first is None or PurePosixPath(first.name).suffix == ".tar":
            return None
        endings = {PurePosixPath(found.name).suffix for found, _ in zip(members(shards[0]), range(20), strict=False)}
        return {"shards": pattern, "label": "cls" if ".cls" in endings else "none"}

    def inputs(self) -> list[Path]:
        """The shards."""
        found = [path for pattern in _ranges(self.shards) for path in (_matching(Path(pattern)) or [Path(pattern)])]
        if not found or any(glob.has_magic(str(path)) and not path.exists() for path in found):
            raise ShiftscopeError(f"no file is called {self.shards}")
        return found

    def listing(self, folder: Path) -> Listing:
        """All samples that have a picture; `image_id` is the shard's name without its ending, and the sample's."""
        self.check()
        listed = tables.table(map(self._row, self._all_samples()), LISTING)
        if not listed.height:
            endings = ", ".join(sorted(SUFFIXES))
            raise ShiftscopeError(f"{self.shards}: no sample has a picture; files that end in {endings} count")
        bare = listed.filter(pl.col("category").is_null())
        if self.label != "none" and bare.height:
            logging.getLogger(__name__).warning(
                "%s: %d of %d samples such as %s have no label in a .%s",
                self.shards, bare.height, listed.height, bare["image_id"][0], self.label,
            )  # fmt: skip
        names = read_names(self.names) if self.names else None
        try:
            category_of, categories = labelled(self.classes, listed["category"].unique(), names)
        except ShiftscopeError as error:
            raise ShiftscopeError(f"{self.shards}: {error}") from None
        if category_of:
            listed = listed.with_columns(pl.col("category").replace_strict(category_of, return_dtype=pl.String))
        return Listing(listed, categories)

    def _all_samples(self) -> Iterator[Sample]:
        for shard in self.inputs():
            yield from self._samples(shard)

    def _row(self, sample: Sample) -> tuple[str, str, str | None]:
        """A sample in the columns of `LISTING`, with its label, as a text, for a category."""
        return sample.image_id, sample.path, None if sample.label is None else label_text(self._label(sample))

    def _samples(self, shard: Path) -> list[Sample]:
        """The samples of a shard that have a picture, in the order of those. The files of one need not lie together."""
        ending = self.label.partition(":")[0]
        pictures: dict[str, str] = {}
        labels: dict[str, bytes] = {}
        names: set[str] = set()
        further: list[str] = []
        with shard.open("rb") as file:
            for member in members(shard):
                name = PurePosixPath(member.name)
                stem, _, rest = name.name.partition(".")
                if not stem or member.name.startswith(("/", "..")):
                    continue
                key = (name.parent / stem).as_posix()
                is_picture = f".{rest.rpartition('.')[2].lower()}" in SUFFIXES
                if not is_picture and (rest != ending or ending == "none"):
                    continue
                if str(name) in names:
                    raise ShiftscopeError(f"{shard} has two files called {member.name}; remove or rename one")
                check_name(shard, member.name)
                names.add(str(name))
                if is_picture:
                    if key in pictures:
                        further.append(member.name)
                    else:
                        pictures[key] = member_path(shard, member.offset, member.size, name.name)
                else:
                    if member.size > LARGEST_LABEL:
                        raise ShiftscopeError(f"{shard}: {member.name} has {member.size:,} bytes, too many for a label")
                    file.seek(member.offset)
                    labels[key] = file.read(member.size)
        if further:
            logging.getLogger(__name__).warning(
                "%s: %d pictures such as %s are not the first of their sample; they are left out",
                shard, len(further), further[0],
            )  # fmt: skip
        return [Sample(f"{shard.stem}/{key}", path, labels.get(key)) for key, path in pictures.items()]

    def _label(self, sample: Sample) -> object:
        """A sample's label, None for JSON's null. Raises ShiftscopeError where it is neither a text nor a number."""
        assert sample.label is not None
        _, colon, key = self.label.partition(":")
        try:
            text = sample.label.decode("utf-8").strip()
            said = json.loads(text)[key] if colon else text
        except (ValueError, KeyError, TypeError, RecursionError):
            said = ""
        if said is None or (not colon and not sample.label.strip()):
            return None
        usable = isinstance(said, str | int | float) and not isinstance(said, bool) and str(said).strip()
        if not usable or text_fault(str(said)):
            raise ShiftscopeError(f"sample {sample.image_id} has no usable label in its .{self.label}")
        return said


def _matching(pattern: Path) -> list[Path]:
    """The files that a path with wildcards means, in order."""
    if pattern.is_file():
        return [pattern]
    if pattern.parent.is_dir():  # its brackets and stars are its name
        pattern = Path(glob.escape(str(pattern.parent)), pattern.name)
    return [Path(name) for name in sorted(glob.glob(str(pattern)))]  # noqa: PTH207


def _ranges(pattern: str) -> list[str]:
    """``a-{00..02}.tar`` → a-00.tar, a-01.tar, a-02.tar; numbers keep their width.

    Raises ShiftscopeError where these are more files than anybody has.
    """
    parts = _RANGE.split(pattern)  # text, first and last number, text, first and last number, …, text
    choices, count = [], 1
    for first, last in zip(parts[1::3], parts[2::3], strict=True):
        numbers = range(int(first), int(last) + 1) if max(len(first), len(last)) <= WIDEST else range(limits.FILES + 1)
        count *= len(numbers)
        if count > limits.FILES:
            raise ShiftscopeError(f"{shown(pattern)} stands for more than {limits.FILES:,} files, which nobody has")
        choices.append([str(number).zfill(len(first)) for number in numbers])
    texts = parts[::3]
    return [
        "".join(part for pair in zip(texts, (*chosen, ""), strict=True) for part in pair) for chosen in product(*choices)
    ]


_RANGE = re.compile(r"\{(\d+)\.\.(\d+)\}", re.ASCII)
WIDEST = 9
"""Digits of a number in a range of shards."""
