"""One row per network in the form in which people share results, `results.csv`."""

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from shiftscope.core.columns import Column, Table
from shiftscope.wording.answer import changes

MEASURES = {
    "accuracy": ("accuracy", "all"),
    "change": ("top1_change", "all"),
    "change_matched": ("top1_change", "matched"),
    "mac": ("mac", "all"),
    "mac_matched": ("mac", "matched"),
    "agreement": ("agreement", "all"),
}
"""Columns, and the measure and condition that each is of."""


class Results(Table):
    """One row per network × protocol, as a CSV file: what to put beside other people's tables. Shares are from 0 to 1."""

    files = ("<data set>/results.csv",)
    network = Column(pl.String)
    """The name of the network in the config."""
    protocol = Column(pl.String)
    """The name of the protocol in the config."""
    architecture = Column(pl.String)
    """The name of the architecture in its library."""
    parameters = Column(pl.Int64)
    """The number of learned parameters that the answer depends on. Empty where the network hides them."""
    input_size = Column(pl.Int64, "px")
    """The width and height of the frames that the network was shown."""
    n_images = Column(pl.Int64)
    """The number of pictures."""
    frames = Column(pl.Int64)
    """The number of frames of all pictures together; empty where no picture had more than one."""
    accuracy = Column(pl.Float64)
    """The share of frames whose top class is the label."""
    accuracy_low = Column(pl.Float64)
    """The lower end of its interval."""
    accuracy_high = Column(pl.Float64)
    """The upper end of its interval."""
    change = Column(pl.Float64)
    """P(top-1 change). Empty where steps are choices, such as functions that resize."""
    change_low = Column(pl.Float64)
    """The lower end of its interval."""
    change_high = Column(pl.Float64)
    """The upper end of its interval."""
    change_matched = Column(pl.Float64)
    """P(top-1 change) with the pairs weighted so that all networks have the same distribution of confidence. Empty where
    there is a single network."""
    change_matched_low = Column(pl.Float64)
    """The lower end of its interval."""
    change_matched_high = Column(pl.Float64)
    """The upper end of its interval."""
    mac = Column(pl.Float64)
    """The mean absolute change of the probability of the first frame's top class."""
    mac_low = Column(pl.Float64)
    """The lower end of its interval."""
    mac_high = Column(pl.Float64)
    """The upper end of its interval."""
    mac_matched = Column(pl.Float64)
    """The same at matched confidence."""
    mac_matched_low = Column(pl.Float64)
    """The lower end of its interval."""
    mac_matched_high = Column(pl.Float64)
    """The upper end of its interval."""
    agreement = Column(pl.Float64)
    """The share of pictures with the same top class on all frames."""
    agreement_low = Column(pl.Float64)
    """The lower end of its interval."""
    agreement_high = Column(pl.Float64)
    """The upper end of its interval."""
    rank = Column(pl.Int64)
    """The place of the network among all of this protocol, the one that changes its answer least first, by P(top-1 change),
    or where steps are choices by the agreement. Equal ones share a place. `comparisons.csv` says which differences
    corrected tests support."""
    rank_accuracy = Column(pl.Int64)
    """The place of the network by accuracy, the most accurate first."""
    rank_difference = Column(pl.Int64)
    """The place by accuracy less the place by change: above 0 where the network is steadier than its accuracy says."""


RESULTS = Results.schema()


def results(sensitivity: pl.DataFrame, cards: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """One row per network × protocol: columns of RESULTS.

    `sensitivity` is a table `sensitivity.SENSITIVITY`, and `cards` are what `stages.prepare` writes of each network.

    >>> from shiftscope.sensitivity import SENSITIVITY
    >>> rows = [("sure", "accuracy", 0.9), ("sure", "top1_change", 0.2)]
    >>> rows += [("calm", "accuracy", 0.8), ("calm", "top1_change", 0.1)]
    >>> named = [{"network": n, "protocol": "crop", "measure": m, "condition": "all", "estimate": e} for n, m, e in rows]
    >>> found = results(pl.DataFrame(named, schema=SENSITIVITY), [])
    >>> found.select("network", "accuracy", "change", "rank", "rank_accuracy", "rank_difference").rows()
    [('sure', 0.9, 0.2, 2, 1, -1), ('calm', 0.8, 0.1, 1, 2, 1)]
    """
    facts = {card["network"]: card for card in cards}
    cells: dict[tuple[str, str], dict[tuple[str, str], dict[str, Any]]] = {}
    for row in sensitivity.rows(named=True):
        cells.setdefault((row["protocol"], row["network"]), {})[row["measure"], row["condition"]] = row
    moves = {protocol: changes(sensitivity, protocol) for protocol, _ in cells}
    rows = [
        _row(network, protocol, own)
        | _facts(facts.get(network, {}))
        | {"moves": moves[protocol].get(network, {}).get("estimate")}
        for (protocol, network), own in cells.items()
    ]
    table = pl.DataFrame(rows, schema={**RESULTS, "moves": pl.Float64}).with_columns(
        rank=pl.col("moves").rank("min").over("protocol").cast(pl.Int64),
        rank_accuracy=pl.col("accuracy").rank("min", descending=True).over("protocol").cast(pl.Int64),
    )
    return table.with_columns(rank_difference=pl.col("rank_accuracy") - pl.col("rank")).select(list(RESULTS))


def _facts(card: Mapping[str, Any]) -> dict[str, Any]:
    return {name: card.get(name) for name in ("architecture", "parameters", "input_size")}


def _row(network: str, protocol: str, own: Mapping[tuple[str, str], Mapping[str, Any]]) -> dict[str, Any]:
    """The numbers of one network on one protocol; `own` are its rows of SENSITIVITY by measure and condition."""
    row: dict[str, Any] = {"network": network, "protocol": protocol}
    row["n_images"] = max(cell["n_images"] or 0 for cell in own.values())
    row["frames"] = own.get(("consistency", "all"), {}).get("n_pairs")
    for name, at in MEASURES.items():
        cell = own.get(at, {})
        row |= {name: cell.get("estimate"), f"{name}_low": cell.get("ci_low"), f"{name}_high": cell.get("ci_high")}
    return row
