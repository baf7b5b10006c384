"""The tables of measures, as the page shows them."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from shiftscope.report.anchors import Anchors
from shiftscope.report.inputs import PageInputs
from shiftscope.report.table import Cell, Line, Number, Shown, number_cell
from shiftscope.sensitivity.measures import measures
from shiftscope.wording.cautions import varied_nothing
from shiftscope.wording.numbers import interval

FIRST = {
    name: place
    for place, name in enumerate(("accuracy", "top5_accuracy", "top1_change", "mac", "consistency", "agreement"))
}
"""The measures that readers look for first; the others follow by name."""
AMONG = {"all": "", "right": "that begin right", "matched": "at matched confidence"}
"""Conditions, in the order of their rows."""
HOW = {"equal": "= ", "complement": "= 1 − ", "multiple": "÷ n of pairs: "}
"""What stands before the other name of a measure."""
MOST_ACROSS = 12
"""Networks side by side; more are below one another."""


def measure_tables(page: PageInputs, anchors: Anchors) -> list[dict[str, Any]]:
    """A table for each protocol: measures and conditions down, networks across; turned round where there are many
    networks."""
    if page.sensitivity is None:
        return []
    found, warnings = [], varied_nothing(page.unvaried)
    for protocol, fact in page.facts["protocols"].items():
        rows = page.sensitivity.filter(pl.col("protocol") == protocol)
        if rows.is_empty():
            continue
        id_ = anchors.of("measures", protocol)
        caption = f"{_n(rows)} pictures; in brackets {100 * page.facts['statistics']['level']:g} % intervals."
        shown = _turned if rows["network"].n_unique() > MOST_ACROSS else _down
        found.append(
            {
                "protocol": protocol,
                "title": fact["title"],
                "note": fact.get("note", ""),
                "warning": warnings.get(protocol, ""),
                "table": shown(rows, id_, caption),
            }
        )
    return found


def _n(rows: pl.DataFrame) -> str:
    return f"{max(rows['n_images'], default=0):,}"


Key = tuple[str, str]
"""Measure and condition."""


def _measured(rows: pl.DataFrame) -> tuple[list[Key], dict[Key, list[str]]]:
    """Measures and conditions in their order, without those that say the same as another one; and of each what these are
    called."""
    keys = rows.select("measure", "condition").unique(maintain_order=True).rows()
    conditions = list(AMONG)
    keys.sort(key=lambda key: (conditions.index(key[1]), key[0] not in FIRST, FIRST.get(key[0], 0), key[0]))
    said: dict[Key, list[str]] = {}
    same = (
        rows.filter(pl.col("same_as").is_not_null()).select("measure", "condition", "same_as").unique(maintain_order=True)
    )
    for measure, condition, of in same.rows():
        how = next((one.how for one in measures[measure].item().same if one.of == of), "equal")
        said.setdefault((of, condition), []).append(HOW[how] + measures[measure].title.lower())
    alike = {(measure, condition) for measure, condition, _ in same.rows()}
    return [key for key in keys if key not in alike], said


def titled(measure: str, condition: str) -> str:
    """What a measure under a condition is called."""
    return f"{measures[measure].title}{', ' if AMONG[condition] else ''}{AMONG[condition]}"


def _head(key: Key, said: Mapping[Key, list[str]]) -> Number:
    return Number(titled(*key), "; ".join([measures[key[0]].unit, *said.get(key, [])]))


def _down(rows: pl.DataFrame, id_: str, caption: str) -> Shown:
    keys, said = _measured(rows)
    networks = rows["network"].unique(maintain_order=True).to_list()
    cells = rows.rows_by_key(["network", "measure", "condition"], named=True, unique=True)
    lines = []
    for key in keys:
        own = [cells.get((network, *key)) for network in networks]
        counted = sorted({row["n_images"] for row in own if row is not None})
        n = f"{counted[0]:,}" + (f"–{counted[-1]:,}" if len(counted) > 1 else "")
        lines.append(Line([_head(key, said), n, *map(_cell, own)]))
    columns = [("measure", ""), ("n", "pictures"), *((network, "") for network in networks)]
    return Shown(id_, caption, columns, lines, "tables/sensitivity.csv", note=_note(rows))


def _turned(rows: pl.DataFrame, id_: str, caption: str) -> Shown:
    keys, said = _measured(rows)
    cells = rows.rows_by_key(["network", "measure", "condition"], named=True, unique=True)
    networks = rows["network"].unique(maintain_order=True).to_list()
    counts = dict(rows.group_by("network").agg(pl.col("n_images").max()).iter_rows())
    lines = [Line([name, f"{counts[name]:,}", *(_cell(cells.get((name, *key))) for key in keys)]) for name in networks]
    columns = [
        ("network", ""),
        ("n", "pictures"),
        *((head.text, head.small) for head in (_head(key, said) for key in keys)),
    ]
    return Shown(id_, caption, columns, lines, "tables/sensitivity.csv", note=_note(rows))


def _cell(row: Mapping[str, Any] | None) -> Cell:
    return "" if row is None else number_cell(interval(row))


def _note(rows: pl.DataFrame) -> str:
    missing = rows["reason"].drop_nulls().unique().sort().to_list()
    return f"Where there are no brackets: {'; '.join(missing)}." if missing else ""
