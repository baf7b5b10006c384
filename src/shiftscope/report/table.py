"""A table as the page shows it: with its number of pictures, its file, and rows to choose and sort without a script.

Choices are radio buttons, and style sheets hide the rows that were not chosen or put them in another order. A browser that
does not know how shows all rows, in the order in which they are here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

MOST_OPTIONS = 20
"""Values that one can choose among; of more, none can be chosen. The style sheet has a rule for each."""
MOST_ROWS = 250
"""Rows that are on the page; all are in the file."""


class Number(NamedTuple):
    """A cell with an estimate, and its interval in smaller print."""

    text: str
    small: str = ""


Cell = str | Number


def number_cell(text: str) -> Number:
    """A number with its interval, as `wording.numbers` says it, as a cell.

    >>> number_cell("0.250 [0.125, 0.500]")
    Number(text='0.250', small='[0.125, 0.500]')
    """
    estimate, bracket, rest = text.partition(" [")
    return Number(estimate, bracket.strip() + rest)


def heads(*texts: str) -> list[tuple[str, str]]:
    """Columns by their titles, with the unit behind a stroke.

    >>> heads("network", "shown|px")
    [('network', ''), ('shown', 'px')]
    """
    return [(title, unit) for title, _, unit in (text.partition("|") for text in texts)]


class Line(NamedTuple):
    """A row."""

    cells: Sequence[Cell]
    chosen_by: Sequence[str] = ()
    """For each choice of the table, its value in this row."""
    keys: Sequence[float | None] = ()
    """For each way of sorting, what the row is sorted by: the smallest comes first, None last."""


class Choice(NamedTuple):
    """What one can choose rows by."""

    title: str
    options: Sequence[str]
    first: str = ""
    """The option that is chosen at first; all rows if it is empty."""


@dataclass(frozen=True)
class Shown:
    """A table of the page."""

    id: str
    caption: str
    """What it is, and of how many pictures."""
    columns: Sequence[tuple[str, str]]
    """Title and unit."""
    lines: Sequence[Line]
    file: str = ""
    """The CSV with all rows and columns, beside the page."""
    choices: Sequence[Choice] = ()
    sorts: Sequence[str] = ()
    """Ways of sorting beside the first, in which the rows are."""
    total: int | None = None
    """How many rows there are where not all are among the lines."""
    note: str = ""
    most: int = MOST_ROWS
    """How many of the lines are put on the page."""

    @property
    def rows(self) -> list[tuple[Sequence[Cell], str, str]]:
        """The cells of the rows that are on the page, with the classes and the style that choices and sorting go by."""
        lines, filled = self.lines[: self.most], self._filled
        orders = [_places([line.keys[k] for line in lines]) for k in range(len(self.sorts))]
        return [
            (
                [line.cells[k] for k in filled],
                self._classes(line),
                ";".join(f"--s{k}:{places[at]}" for k, places in enumerate(orders)),
            )
            for at, line in enumerate(lines)
        ]

    @property
    def heads(self) -> list[tuple[str, str]]:
        """Title and unit of the columns that have anything in them."""
        return [self.columns[k] for k in self._filled]

    @property
    def _filled(self) -> list[int]:
        empty = ("", Number(""))
        every = range(len(self.columns))
        return [k for k in every if not self.lines or any(line.cells[k] not in empty for line in self.lines)]

    @property
    def ways(self) -> list[tuple[int, str]]:
        """The ways of sorting that are offered, with the numbers of their keys: those by which any row can be sorted."""
        lines = self.lines[: self.most]
        known = [any(line.keys[k] is not None for line in lines) for k in range(len(self.sorts))]
        return [(k, title) for k, title in enumerate(self.sorts) if known[k] and len(lines) > 1]

    @property
    def usable(self) -> list[tuple[str, Choice]]:
        """The choices that are offered, each with the letter that its classes begin with."""
        return [(letter, choice) for letter, choice in zip("ab", self.choices, strict=False) if _offered(choice)]

    @property
    def n_rows(self) -> int:
        """How many rows there are, on the page or not."""
        return len(self.lines) if self.total is None else self.total

    @property
    def n_shown(self) -> int:
        """How many of them are on the page."""
        return min(len(self.lines), self.most)

    def _classes(self, line: Line) -> str:
        found = (
            f"{letter}{choice.options.index(value)}"
            for (letter, choice), value in zip(zip("ab", self.choices, strict=False), line.chosen_by, strict=True)
            if _offered(choice) and value in choice.options
        )
        return " ".join(found)


def _offered(choice: Choice) -> bool:
    return 1 < len(choice.options) <= MOST_OPTIONS


def _places(keys: Sequence[float | None]) -> list[int]:
    """The place of each row when rows are sorted by their keys, those without one last.

    >>> _places([0.5, None, 0.25])
    [1, 2, 0]
    """
    order = sorted(range(len(keys)), key=lambda at: (keys[at] is None, keys[at] or 0))
    found = [0] * len(keys)
    for place, at in enumerate(order):
        found[at] = place
    return found
