"""The tables of networks, layers, remedies and framing, as the page shows them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from shiftscope.bias.boxes import ALL
from shiftscope.report import remedies
from shiftscope.report.anchors import Anchors
from shiftscope.report.cause import map_rows, outputs
from shiftscope.report.framing import tables_of
from shiftscope.report.inputs import PageInputs
from shiftscope.report.table import Cell, Choice, Line, Number, Shown, heads, number_cell
from shiftscope.wording.numbers import interval, number, p_value

Row = Mapping[str, Any]
UNKNOWN = "unknown"


def networks(page: PageInputs, anchors: Anchors) -> Shown:
    """What each network is, and how it was run."""
    return Shown(
        anchors.of("networks-table", ""),
        f"{len(page.cards)} network{'' if len(page.cards) == 1 else 's'}.",
        heads(
            "network", "architecture|weights (SHA-256)", "shown|px", "made for|px", "parameters", "subsampling stride|px",
            "whole cells|of translations", "subsampling ratio", "outputs", "mean; std", "run by",
        ),
        [Line(_network(card)) for card in page.cards],
        "tables/networks.csv",
    )  # fmt: skip


def _network(card: Row) -> list[Cell]:
    stride = card["subsampling_stride"]
    return [
        card["network"],
        Number(card["architecture"], card["weights_sha256"][:12]),
        str(card["input_size"]),
        str(card["preprocessing"]["input_size"] or UNKNOWN),
        f"{card['parameters']:,}" if card["parameters"] else UNKNOWN,
        *_stride(stride),
        str(card["subsampling_ratio"] or UNKNOWN),
        str(card["outputs"]),
        Number(_listed(card["mean"]), _listed(card["std"])),
        Number(f"{card['engine']} on {card['device']}", f"{card['precision']}, batches of {card['batch_size']}"),
    ]


def _stride(stride: int | None) -> tuple[str, str]:
    """A stride, and how many translations move a map by whole cells."""
    return (str(stride), f"1 of {stride**2:,}") if stride else (UNKNOWN, UNKNOWN)


def _listed(values: Iterable[object]) -> str:
    return ", ".join(map(str, values))


def maps(page: PageInputs, anchors: Anchors) -> Shown | None:
    """A row for each map that is handed on to a subsampling, or to the pooling at the end; None where there is none."""
    rows = map_rows(page.looked)
    if not rows:
        return None
    return Shown(
        anchors.of("maps", ""),
        f"{len(rows)} maps that are subsampled or pooled next.",
        heads(
            "network", "protocol", "layer", "n|pictures", "depth", "cells", "px per cell", "stride|px",
            "whole cells|of translations", "receptive field|px", "of it used|px, 95 % of the squared gradient",
            "nonshiftability|share of shifts",
            "normalised variance|moved picture ÷ other picture", "shift error|away from the border, relative squared error",
            "energy above|what the next map can carry, share",
        ),
        [Line(_map(row), (row["protocol"], row["network"])) for row in rows],
        "tables/layers.csv",
        [Choice("protocol", _once(rows, "protocol")), Choice("network", _once(rows, "network"))],
    )  # fmt: skip


def _map(row: Row) -> list[Cell]:
    place = row["field"] or {}
    return [
        row["network"],
        row["protocol"],
        row["layer"],
        str(row["n_images"]),
        str(row["depth"]),
        f"{row['height']} × {row['width']}",
        number(row["subsampling_factor"]),
        *_stride(place.get("stride")),
        "all" if place.get("whole_input") else str(place.get("receptive_field") or ""),
        number(place["effective_width"]) if place else "",
        *(number_cell(interval(one)) if one else "" for one in (row["share"], row["ratio"], row["interior"], row["step"])),
    ]


def repeating(page: PageInputs, anchors: Anchors) -> Shown | None:
    """Whether the answers of networks repeat with their stride; None where it was not asked."""
    rows = outputs(page.looked)
    if not rows:
        return None
    return Shown(
        anchors.of("repeating", ""),
        "Share: how much of the variation of the logits' similarity with those of the first frame repeats with the stride; "
        "p: against shuffled shifts.",
        heads("network", "protocol", "n|pictures", "stride|px", "share that repeats", "p", "what is missing"),
        [Line(_repeating(row)) for row in rows],
        "tables/layers.csv",
    )


def _repeating(row: Row) -> list[Cell]:
    stride = str(row["whole"]["stride"] or UNKNOWN)
    share = number_cell(interval(row))
    n = str(row["n_images"])
    return [row["network"], row["protocol"], n, stride, share, p_value(row["p_value"]), row["reason"] or ""]


def helping(page: PageInputs, anchors: Anchors) -> Shown | None:
    """What each remedy does, at which price; None where none was tried."""
    rows = remedies.remedy_rows(page.helped)
    if not rows:
        return None
    return Shown(
        anchors.of("remedies", ""),
        f"{len(rows)} remedies, each on the same pictures as the network without it.",
        heads(
            "network", "remedy", "frames|for one answer", "protocol", "n|pictures", "P(top-1 change)|without → with",
            "difference|points", "accuracy|without → with", "difference|points", "forward passes", "time|÷ time without",
            "parameters added", "epochs added",
        ),
        [Line(_helping(row), (row["protocol"], row["network"]), _gain_and_price(row)) for row in rows],
        "tables/remedies.csv",
        [Choice("protocol", _once(rows, "protocol")), Choice("network", _once(rows, "network"))],
        ["largest gain", "cheapest"],
    )  # fmt: skip


def _gain_and_price(row: Row) -> tuple[float | None, float | None]:
    return row["difference"], row["passes"] if row["time_ratio"] is None else row["time_ratio"]


def _helping(row: Row) -> list[Cell]:
    return [
        row["network"],
        row["remedy"],
        "" if row["setting"] is None else str(row["setting"]),
        row["protocol"],
        str(row["n_images"]),
        *(number_cell(row[name]) for name in ("change", "change_difference", "accuracy", "accuracy_change")),
        UNKNOWN if row["passes"] is None else f"{row['passes']:g}",
        "not measured" if row["time_ratio"] is None else number(row["time_ratio"]),
        UNKNOWN if row["parameters_added"] is None else f"{row['parameters_added']:,}",
        UNKNOWN if row["epochs"] is None else str(row["epochs"]),
    ]


def needed(page: PageInputs, anchors: Anchors) -> Shown | None:
    """With how many versions of a picture augmentation alone would need to train; None where no subsampling is known."""
    rows = remedies.arithmetic(page.cards, page.helped)
    if not rows:
        return None
    return Shown(
        anchors.of("versions", ""),
        "Versions of a picture.",
        heads(
            "network", "stride s|px", "shifts|s²", "with rotations|s³", "with rotations and scales|s⁴", "ratio",
            "shifts|by the ratio", "with rotations and scales|by the ratio", "gained by augmentation here",
        ),
        [Line(_needed(row)) for row in rows],
    )  # fmt: skip


def _needed(row: remedies.Needed) -> list[Cell]:
    by_stride = [UNKNOWN] * 3 if row.by_stride is None else [f"{count:,}" for count in row.by_stride]
    by_ratio = [UNKNOWN] * 2 if row.by_ratio is None else [f"{row.by_ratio.shifts:,}", f"{row.by_ratio.scales:,}"]
    stride, ratio = str(row.stride or UNKNOWN), str(row.ratio or UNKNOWN)
    return [row.network, stride, *by_stride, ratio, *by_ratio, "; ".join(row.gained)]


def boxes(page: PageInputs, anchors: Anchors) -> Shown | None:
    """The tests of boxes: of all categories together, then those with the smallest q first; None without boxes."""
    if page.bias is None:
        return None
    together = pl.col("category") == ALL
    apart = page.bias.filter(~together).sort("q_value", nulls_last=True, maintain_order=True)
    rows = pl.concat([page.bias.filter(together), apart]).rows(named=True)
    return Shown(
        anchors.of("boxes", ""),
        f"{len(rows)} tests of box centres and sizes against uniform ones.",
        heads(
            "category", "quantity", "null", "n|boxes", "n|pictures", "mean", "sd", "distance|Kolmogorov–Smirnov",
            "effect|Wasserstein", "bits", "p|pictures", "p|boxes", "q", "what is missing",
        ),
        [Line(_box(row), (row["quantity"], row["null"])) for row in rows],
        "tables/bias.csv",
        [Choice("quantity", _once(rows, "quantity")), Choice("null", _once(rows, "null"))],
    )  # fmt: skip


def _box(row: Row) -> list[Cell]:
    ends = "" if row["effect_low"] is None else f"[{number(row['effect_low'])}, {number(row['effect_high'])}]"
    return [
        "all together" if row["category"] == ALL else row["category"],
        row["quantity"],
        row["null"],
        *("" if row[name] is None else f"{row[name]:,}" for name in ("n", "n_images")),
        *(number(row[name]) for name in ("mean", "sd", "statistic")),
        Number(number(row["effect"]), ends),
        number(row["bits"]),
        *(p_value(row[name]) for name in ("p_value", "p_value_boxes", "q_value")),
        row["reason"] or "",
    ]


def framing(page: PageInputs, anchors: Anchors) -> list[dict[str, Any]]:
    """The other tables of framing: `title`, `note` and `table` each."""
    return [
        {"title": table["title"], "note": table["note"], "table": _framing(table, anchors.of("framing", str(place)))}
        for place, table in enumerate(tables_of(page.framing))
    ]


def _framing(table: Mapping[str, Any], id_: str) -> Shown:
    names = table["columns"]
    lines = [Line([_value(name, value) for name, value in zip(names, row, strict=True)]) for row in table["rows"]]
    columns = [(name.replace("_", " "), "") for name in names]
    return Shown(id_, f"{len(lines)} row{'' if len(lines) == 1 else 's'}.", columns, lines, f"tables/{table['file']}.csv")


def _value(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return p_value(value) if name in ("p_value", "q_value") else number(value)
    return str(value)


def _once(rows: Sequence[Row], name: str) -> list[str]:
    return list(dict.fromkeys(row[name] for row in rows))
