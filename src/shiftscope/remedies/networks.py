"""Networks that are remedies of others: what they gain over them, on the same pictures, and what they cost."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from shiftscope.core import tables
from shiftscope.remedies import REMEDIES
from shiftscope.remedies.comparison import compared
from shiftscope.sensitivity.sides import Files, pictures_of, side
from shiftscope.sensitivity.sums import Cell

NETWORK = "network"
"""The kind, in the table, of a remedy that is another network."""


def network_remedies(
    pairs: Sequence[tuple[str, str]],
    files: Mapping[Cell, Files],
    costs: Mapping[str, Mapping[str, Any]],
    *,
    seed: int,
    level: float,
    n_resamples: int,
) -> pl.DataFrame:
    """Every network that is a remedy against the network that it improves on, columns of REMEDIES.

    Parameters
    ----------
    pairs : names of a network and of the one that it is an improved version of.
    files : by protocol and network, of all networks in `pairs`.
    costs : `cost` of each network that is a remedy.
    level : the confidence level, in (0, 1), of intervals.
    seed, n_resamples : of the bootstrap, which is made anew only where two networks have not the same pictures.
    """
    rows: list[dict[str, object]] = []
    for protocol in dict.fromkeys(protocol for protocol, _ in files):
        for remedy, network in pairs:
            said = {"network": network, "remedy": remedy, "kind": NETWORK, "protocol": protocol, **costs[remedy]}
            of_both = [files[protocol, name] for name in (remedy, network)]
            found, known = (side(one, None, level=level).intervals for one in of_both)
            one, other = (pictures_of(one, None) for one in of_both)
            both = compared(one, other, found=found, known=known, seed=seed, level=level, n_resamples=n_resamples)
            rows += [said | row for row in both]
    return tables.table(rows, REMEDIES).fill_nan(None)


def costs(
    pairs: Sequence[tuple[str, str]],
    cards: Sequence[str | Path],
    cards_without: Sequence[str | Path],
    prices: Sequence[str | Path],
    epochs: Mapping[str, int],
) -> dict[str, dict[str, Any]]:
    """`cost` of each network that is a remedy.

    The files are in the order of `pairs`: cards and prices of the first networks, and cards of the second ones. `epochs`
    are those of training that the first networks took beyond those of the second ones.
    """
    found = {}
    for (name, _), *files in zip(pairs, cards, cards_without, prices, strict=True):
        card, card_without, price = (json.loads(Path(path).read_text(encoding="utf-8")) for path in files)
        found[name] = cost(card, card_without, price, epochs[name])
    return found


def cost(card: Mapping[str, Any], card_without: Mapping[str, Any], price: Mapping[str, Any], epochs: int) -> dict[str, Any]:
    """What a network costs beside the one that it improves on, as columns of REMEDIES.

    `card` and `card_without` are what `stages.prepare` writes of both, `price` is what `stages.price` does, and `epochs`
    are those of training beyond the other one's.

    >>> cost({"parameters": 120}, {"parameters": 100}, {"time_ratio": 1.5}, 2)
    {'passes': 1.0, 'time_ratio': 1.5, 'parameters_added': 20, 'epochs': 2}
    """
    known = None not in (card["parameters"], card_without["parameters"])
    return {
        "passes": 1.0,
        "time_ratio": price["time_ratio"],
        "parameters_added": card["parameters"] - card_without["parameters"] if known else None,
        "epochs": epochs,
    }


def gathered(parts: Sequence[pl.DataFrame], networks: Sequence[str], remedies: Sequence[str]) -> pl.DataFrame:
    """All remedies in one table, columns of REMEDIES, in the order of `networks` and then of `remedies`, the names in the
    config: those that work on answers first.

    >>> rows = [{"network": network, "remedy": remedy} for network, remedy in (("b", "blur"), ("a", "blur"), ("b", "mean"))]
    >>> found = gathered([tables.table(rows, REMEDIES)], ["a", "b"], ["mean", "blur"])
    >>> found.select("network", "remedy").rows()
    [('a', 'blur'), ('b', 'mean'), ('b', 'blur')]
    """
    whole = pl.concat([tables.table([], REMEDIES), *parts])
    places = [
        whole[column].replace_strict(list(names), range(len(names)), default=len(names), return_dtype=pl.Int64)
        for column, names in (("network", networks), ("remedy", remedies))
    ]
    order = pl.DataFrame({"network": places[0], "remedy": places[1], "row": range(len(whole))}).sort(
        "network", "remedy", "row"
    )
    return whole[order["row"].to_list()]
