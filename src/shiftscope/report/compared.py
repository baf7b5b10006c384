"""The tables of comparisons of networks, as the page shows them."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

import polars as pl

from shiftscope.report.anchors import Anchors
from shiftscope.report.inputs import PageInputs
from shiftscope.report.measured import titled
from shiftscope.report.table import MOST_ROWS, Cell, Choice, Line, Number, Shown, heads, number_cell
from shiftscope.sensitivity.families import EXPLORATORY, PRIMARY
from shiftscope.sensitivity.measures import measures
from shiftscope.wording.apart import apart
from shiftscope.wording.numbers import interval, p_value
from shiftscope.wording.remedies import points

FILE = "tables/comparisons.csv"
VERDICTS = {
    "certain": "apart",
    "plain_only": "over all cases only",
    "matched_only": "at matched confidence only",
    "opposed": "in opposite directions",
    "not_told": "cannot be told apart",
}
"""What is said of two networks, by their list in `wording.apart.Apart`."""
Key = tuple[str, str, str]
"""A protocol and two networks."""


def compared(page: PageInputs, anchors: Anchors, main: str | None) -> Shown | None:
    """The primary comparisons, a row for each two networks and protocol: change and mean absolute change, over all pairs
    and at matched confidence, and what the tests say. Those of the protocol `main` are chosen at first."""
    if page.comparisons is None:
        return None
    primary = page.comparisons.filter(pl.col("family") == PRIMARY, pl.col("difference").is_not_null())
    if primary.is_empty():
        return None
    protocols = [name for name in page.facts["protocols"] if name in set(primary["protocol"])]
    verdicts = _verdicts(page.comparisons, protocols, page.facts["statistics"]["level"])
    places = pl.col("protocol").replace_strict(protocols, range(len(protocols)))
    rows = primary.sort(places, maintain_order=True).rows(named=True)
    lines = [_compared(key, list(own), verdicts.get(key, "no test")) for key, own in groupby(rows, _key)]
    chosen = _clearest(lines, protocols)
    said = [text for text in VERDICTS.values() if text in set(verdicts.values())]
    return Shown(
        anchors.of("comparisons", ""),
        f"{len(lines)} comparisons of two networks on the same pictures: first − second, interval, corrected p.",
        heads(
            "first", "second", "protocol", "n|pictures", "answer changes|points", "at matched confidence|points",
            "mean absolute change|probability", "at matched confidence|probability", "verdict|by how often answers change",
        ),
        chosen,
        FILE,
        [Choice("protocol", protocols, main if main and main in protocols else ""), Choice("verdict", said)],
        ["smallest p", "largest difference"],
        total=len(lines),
        note="Of each protocol, those with the smallest p are here." if len(chosen) < len(lines) else "",
    )  # fmt: skip


def _clearest(lines: Sequence[Line], protocols: Sequence[str]) -> list[Line]:
    """All lines, or of too many for the page those with the smallest p-values, as many of each protocol."""
    if len(lines) <= MOST_ROWS:
        return list(lines)
    each = max(1, MOST_ROWS // len(protocols))
    sure = sorted(lines, key=lambda line: (line.keys[0] is None, line.keys[0]))
    return [line for name in protocols for line in [one for one in sure if one.chosen_by[0] == name][:each]]


def _key(row: Mapping[str, Any]) -> Key:
    return row["protocol"], row["network_a"], row["network_b"]


def _verdicts(comparisons: pl.DataFrame, protocols: Iterable[str], level: float) -> dict[Key, str]:
    found: dict[Key, str] = {}
    for protocol in protocols:
        said = apart(comparisons, protocol, level)
        for name, text in VERDICTS.items():
            found |= {(protocol, *pair.networks): text for pair in getattr(said, name)}
    return found


def _compared(key: Key, rows: Sequence[Mapping[str, Any]], verdict: str) -> Line:
    by = {(row["measure"], row["condition"]): row for row in rows}
    choices = by.get(("agreement", "all"))
    change = choices or by.get(("top1_change", "all"))
    first = change or rows[0]
    cells = [
        key[1],
        key[2],
        key[0],
        f"{min(first['n_images_a'], first['n_images_b']):,}",
        _in_points(change, -1 if choices else 1),
        _in_points(by.get(("top1_change", "matched"))),
        _difference(by.get(("mac", "all"))),
        _difference(by.get(("mac", "matched"))),
        verdict,
    ]
    return Line(cells, (key[0], verdict), (first["p_adjusted"], -abs(first["difference"])))


def _in_points(row: Mapping[str, Any] | None, sign: int = 1) -> Cell:
    """A difference of shares, and its corrected p-value; of a measure of which more means less change, `sign` is −1."""
    if row is None:
        return ""
    low, high = row["ci_low"], row["ci_high"]
    ends = (None, None) if low is None else (low, high) if sign > 0 else (-high, -low)
    text, bracket, rest = points(sign * row["difference"], *ends).partition(" [")
    return Number(text.removesuffix(" points"), f"{bracket.strip()}{rest} p {p_value(row['p_adjusted'])}".strip())


def _difference(row: Mapping[str, Any] | None) -> Cell:
    if row is None:
        return ""
    shown = number_cell(interval(row, "difference"))
    return Number(shown.text, f"{shown.small} p {p_value(row['p_adjusted'])}".strip())


def explored(page: PageInputs, anchors: Anchors) -> list[dict[str, Any]]:
    """The exploratory comparisons with a corrected p-value below 1 − level, a table for each protocol, the smallest p-value
    first; the others are in the file."""
    if page.comparisons is None:
        return []
    rows = page.comparisons.filter(pl.col("family") == EXPLORATORY, pl.col("p_value").is_not_null())
    alpha = 1 - page.facts["statistics"]["level"]
    found = []
    for protocol in page.facts["protocols"]:
        own = rows.filter(pl.col("protocol") == protocol)
        if own.is_empty():
            continue
        clear = own.filter(pl.col("p_adjusted") < alpha).sort("p_adjusted", "p_value", maintain_order=True)
        table = Shown(
            anchors.of("explored", protocol),
            f"{len(clear)} of {len(own)} exploratory comparisons on {protocol} have a corrected p-value below {alpha:.2g}.",
            heads("first", "second", "measure", "n|pictures", "difference|first − second", "corrected p"),
            [_explored(row) for row in clear.head(MOST_ROWS).rows(named=True)],
            FILE,
            total=len(own),
        )
        found.append({"protocol": protocol, "table": table})
    return found


def _explored(row: Mapping[str, Any]) -> Line:
    measure = Number(titled(row["measure"], row["condition"]), measures[row["measure"]].unit)
    n = f"{min(row['n_images_a'], row['n_images_b']):,}"
    shown = number_cell(interval(row, "difference"))
    return Line([row["network_a"], row["network_b"], measure, n, shown, p_value(row["p_adjusted"])])
