"""The lists of a large JSON file, one entry at a time: a file of gigabytes needs the memory of its largest entry."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

CHARACTERS_AT_A_TIME = 1_000_000
_SPACE = re.compile(r"[ \t\n\r]*")


def read_lists(path: Path, take: Mapping[str, Callable[[Any], object]]) -> set[str]:
    """Read a JSON file, and give each entry of its lists to the function that `take` has for that list.

    The lists are those of the outermost object, by their keys; all else is passed over. An entry is what `json.load` would
    make of it. Returns the keys of all lists, those without entries included.

    Raises ValueError or RecursionError where `json.load` would, and where a list is there twice; the entries before that
    place have been given by then.
    """
    found: set[str] = set()
    with path.open(encoding="utf-8") as file:
        text = _Text(file)
        if text.next() != "{":
            text.value()
        else:
            for key in text.each_key():
                if text.next() != "[":
                    text.value()
                    continue
                if key in found:
                    raise ValueError(f"{key!r} is there twice")
                found.add(key)
                for _ in text.each("[", "]"):
                    entry = text.value()
                    if key in take:
                        take[key](entry)
        if text.next():
            raise text.lacks("the end")
    return found


class _Text:
    """A JSON text of which a part is in memory."""

    def __init__(self, file: IO[str]) -> None:
        self.file = file
        self.text = ""
        self.place = 0
        """Up to where `text` has been taken."""
        self.before = 0
        """Characters of the file before `text`."""
        self.decoder = json.JSONDecoder()

    def more(self) -> bool:
        """Read on, as much as is left at least: then a large entry is not begun too often. False at the end of the file."""
        read = self.file.read(max(CHARACTERS_AT_A_TIME, len(self.text) - self.place))
        if read:
            self.text, self.before, self.place = self.text[self.place :] + read, self.before + self.place, 0
        return bool(read)

    def next(self) -> str:
        """The next character that is no space, which is not taken; nothing at the end of the file."""
        while True:
            space = _SPACE.match(self.text, self.place)
            assert space is not None
            self.place = space.end()
            if self.place < len(self.text) or not self.more():
                return self.text[self.place : self.place + 1]

    def take(self, character: str) -> None:
        """Take this character, behind spaces."""
        if self.next() != character:
            raise self.lacks(repr(character))
        self.place += 1

    def lacks(self, what: str) -> ValueError:
        """The error that something else was found."""
        return ValueError(f"expected {what} at character {self.before + self.place}")

    def value(self) -> Any:
        """Take the next value."""
        self.next()
        while True:
            try:
                value, end = self.decoder.raw_decode(self.text, self.place)
            except json.JSONDecodeError as error:
                if not self.more():
                    raise ValueError(f"{error.msg} at character {self.before + error.pos}") from None
                continue
            # Only what follows says where a number ends: 1, 1.5 and 1e5 begin alike.
            if self.text[end : end + 1] in {*" \t\n\r,:]}"} or not self.more():
                self.place = end
                return value

    def each(self, begin: str, end: str) -> Iterator[None]:
        """Stop before each entry of a list or an object, which the caller takes, and take what is around them."""
        self.take(begin)
        if self.next() != end:
            yield
            while self.next() == ",":
                self.take(",")
                yield
        self.take(end)

    def each_key(self) -> Iterator[str]:
        """The keys of an object, one before each value, which the caller takes."""
        for _ in self.each("{", "}"):
            if self.next() != '"':
                raise self.lacks("a key")
            key = self.value()
            self.take(":")
            yield key
