"""What the page says of how pictures are framed, beside the table of tests."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import polars as pl

from shiftscope.bias.boxes import ALL
from shiftscope.core.numbers import percent

Q = 0.05


class Framing(NamedTuple):
    """Tables of one data set; those that it does not have are None or empty."""

    inclusion: pl.DataFrame | None = None
    """bias.INCLUSION"""
    others: Mapping[str, pl.DataFrame] = {}
    """bias.FRAMING_COMPARISON by the other data set's name."""
    landmarks: pl.DataFrame | None = None
    """bias.BIAS of points."""
    relation: pl.DataFrame | None = None
    """association.CORRELATION"""
    accuracy_by_surprisal: pl.DataFrame | None = None
    """association.ACCURACY_BY_SURPRISAL"""


def sentences(framing: Framing) -> list[str]:
    """Return the headlines of framing, a sentence each.

    They say whether other data sets are framed alike, whether networks move more where framing is tighter (only where one
    of the correlations has q < .05), and what unusual framing costs in accuracy.
    """
    said = [_alike(other, table) for other, table in framing.others.items()]
    if framing.relation is not None:
        known = framing.relation.filter(pl.col("q_value") < Q, pl.col("measure") == "top1_change").sort("rho")
        if known.height:
            row = known.row(-1 if known["rho"][-1] > -known["rho"][0] else 0, named=True)
            more = "more" if row["rho"] > 0 else "less"
            said.append(
                f"{row['network']} changes its answer {more} on categories whose framing is tighter ({row['protocol']}): "
                f"Spearman's ρ {row['rho']:.2f} [{row['rho_low']:.2f}, {row['rho_high']:.2f}] over {row['n']} categories."
            )
    if framing.accuracy_by_surprisal is not None and framing.accuracy_by_surprisal.height:
        said += _cost(framing.accuracy_by_surprisal)
    return said


def _alike(other: str, table: pl.DataFrame) -> str:
    own = table.filter(pl.col("category") != ALL, pl.col("quantity") == "centre", pl.col("null") == "feasible")
    tested = own.filter(pl.col("q_value").is_not_null())
    apart = tested.filter(pl.col("q_value") < Q).height
    if not tested.height:
        return f"Too few boxes to say whether it is framed as {other} is."
    return f"{apart} of {tested.height} categories are placed otherwise than in {other}, given their size (q < {Q:g})."


def _cost(accuracy: pl.DataFrame) -> list[str]:
    """The largest loss of accuracy from the first to the last quarter, for each data set compared with."""
    said = []
    first = accuracy.filter(quarter=1).rename({"accuracy": "usual"})
    last = accuracy.filter(quarter=4)
    both = first.join(last, on=["other", "network", "protocol"], suffix="_last").with_columns(
        loss=pl.col("usual") - pl.col("accuracy")
    )
    for (other,), rows in both.drop_nulls("loss").group_by("other", maintain_order=True):
        row = rows.sort("loss").row(-1, named=True)
        said.append(
            f"{row['network']} ({row['protocol']}) is right on {percent(row['usual'])} of the quarter of pictures framed "
            f"most as those of {other} are, and on {percent(row['accuracy'])} of the quarter framed least so."
        )
    return said


def tables_of(framing: Framing) -> list[dict[str, Any]]:
    """Return the tables of framing for the page, in their order there: `title`, `note`, `columns`, `rows` of values, and
    the name of the `file`."""
    found = [_inclusion(framing.inclusion)] if framing.inclusion is not None else []
    found += [_compared(other, table) for other, table in framing.others.items()]
    if framing.landmarks is not None:
        found.append(_landmarks(framing.landmarks))
    if framing.relation is not None:
        found.append(_relation(framing.relation))
    if framing.accuracy_by_surprisal is not None and framing.accuracy_by_surprisal.height:
        found.append(_by_surprisal(framing.accuracy_by_surprisal))
    return found


def _inclusion(table: pl.DataFrame) -> dict[str, Any]:
    return _table(
        "How much the answer depends on which boxes count",
        "Each choice made the other way, the others as they are. Rejected: categories with q < .05.",
        table.filter(pl.col("tested") > 0, pl.col("concerned").fill_null(1) > 0),
        ["criterion", "kept", "concerned", "quantity", "null", "rejected", "tested", "effect", "bits", "reason"],
        "inclusion",
    )


def _compared(other: str, table: pl.DataFrame) -> dict[str, Any]:
    return _table(
        f"Framed as {other}?",
        "Two-sample tests with the picture as the unit; difference: of means, this data set less the other.",
        table.filter(pl.col("p_value").is_not_null()).sort("q_value"),
        ["category", "quantity", "null", "statistic", "p_value", "q_value", "effect", "difference", "n_a", "n_b"],
        "framing_comparison",
    )


def _landmarks(table: pl.DataFrame) -> dict[str, Any]:
    columns = ["category", "quantity", "null", "n", "n_images", "mean", "sd", "statistic", "p_value", "q_value", "bits"]
    return _table(
        "Pairs of points",
        "Midpoints against the uniform distribution; distances in widths of the picture. Naive: of the whole "
        "picture; feasible: of the places that their distance leaves the two points. The picture is the unit.",
        table,
        [*columns, "reason"],
        "landmark_bias",
    )


def _relation(table: pl.DataFrame) -> dict[str, Any]:
    return _table(
        "Does the answer move more where the framing is tighter?",
        "Spearman's ρ over categories, of how far the places of a category's boxes are from uniform ones, given "
        "their size, and the network's measure on its pictures.",
        table,
        ["network", "protocol", "measure", "rho", "rho_low", "rho_high", "p_value", "q_value", "n", "reason"],
        "relation",
    )


def _by_surprisal(table: pl.DataFrame) -> dict[str, Any]:
    return _table(
        "Do pictures framed unlike the training set lose accuracy?",
        "Pictures in four quarters by how surprising their largest box is, to who knows the other data set: from "
        "most alike to most unlike.",
        table,
        ["other", "network", "protocol", "quarter", "surprisal", "accuracy", "ci_low", "ci_high", "n_images"],
        "accuracy_by_surprisal",
    )


def _table(title: str, note: str, table: pl.DataFrame, columns: list[str], file: str) -> dict[str, Any]:
    """A table as the page shows it; columns without a value are left out."""
    present = [name for name in columns if table[name].null_count() < table.height]
    return {"title": title, "note": note, "columns": present, "rows": table.select(present).rows(), "file": file}
