"""Folders of variants: a new protocol, source, network, engine, measure or figure is one new file that registers itself.

A registry belongs to a package. At the first question it imports every module of that package, and each module registers
what it defines with a decorator that carries the facts which listings, manuals and tests are made of.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from shiftscope.core.errors import ShiftscopeError, unknown

T = TypeVar("T")


@dataclass(frozen=True)
class Entry(Generic[T]):
    """One registered variant and its facts."""

    name: str
    item: T
    title: str
    """What a reader of a table or a figure should see."""
    reference: str
    """Where the variant is defined: a paper and its section, or the reason for an own definition."""
    unit: str
    """Unit of the swept quantity (protocols) or of the value (measures); empty where there is none."""
    needs: frozenset[str]
    """What must be known for it to make sense, such as ``labels`` or ``boxes``."""
    module: str
    """The module that defines it: part of the fingerprint of the jobs that use it."""


class Registry(Generic[T]):
    """Variants of one kind by name.

    Parameters
    ----------
    noun : what a variant is called in error messages, such as ``"protocol"``.
    package : the package whose modules are imported to find the variants.
    """

    def __init__(self, noun: str, package: str) -> None:
        self.noun = noun
        self.package = package
        self._entries: dict[str, Entry[T]] = {}
        self._discovered = False

    def register(
        self, name: str, *, title: str, reference: str, unit: str = "", needs: tuple[str, ...] = ()
    ) -> Callable[[T], T]:
        """A decorator that puts a class or function into the registry, with the facts of `Entry`. Raises ShiftscopeError
        where the name is taken."""

        def put(item: T) -> T:
            if name in self._entries:
                raise ShiftscopeError(
                    f"two {self.noun}s are called {name!r}: {self._entries[name].module} and {item.__module__}; rename one"
                )
            self._entries[name] = Entry(name, item, title, reference, unit, frozenset(needs), item.__module__)
            return item

        return put

    def _discover(self) -> dict[str, Entry[T]]:
        if not self._discovered:
            self._discovered = True
            folder = importlib.import_module(self.package).__path__
            for module in sorted(found.name for found in pkgutil.iter_modules(folder)):
                importlib.import_module(f"{self.package}.{module}")
        return self._entries

    def __getitem__(self, name: str) -> Entry[T]:
        entries = self._discover()
        if name not in entries:
            raise ShiftscopeError(unknown(self.noun, name, entries))
        return entries[name]

    def __iter__(self) -> Iterator[Entry[T]]:
        return iter(sorted(self._discover().values(), key=lambda entry: entry.name))

    def __contains__(self, name: object) -> bool:
        return name in self._discover()

    def __len__(self) -> int:
        return len(self._discover())
