"""What the page says of the inside of networks: where the shift is lost."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import polars as pl

from shiftscope.cause.losses import handed_on, of_layers, unseen
from shiftscope.wording.cause import loss_sentence


class Looked(NamedTuple):
    """What was measured inside one network along one protocol."""

    protocol: str
    network: str
    layers: pl.DataFrame
    """cause.LAYERS"""
    geometry: pl.DataFrame
    """cause.GEOMETRY"""


def losses(looked: Sequence[Looked]) -> list[str]:
    """Return a headline for each network: between which two maps it loses most of the shift, in numbers."""
    said = [loss_sentence(f"{one.network} ({one.protocol})", one.layers) for one in looked]
    return [sentence for sentence in said if sentence]


def missing(looked: Sequence[Looked]) -> list[str]:
    """Return a sentence for each network of which layers could not be seen."""
    return list(dict.fromkeys(f"{one.network}: {reason}" for one in looked for reason in unseen(one.layers)))


def map_rows(looked: Sequence[Looked]) -> list[dict[str, Any]]:
    """Return a row for each network, protocol and map that is handed on to a subsampling or to the pooling at the end.

    Each has the layer's name and sizes, and a row of LAYERS, or None, for each of its numbers: `share` (nonshiftability),
    `ratio` (normalised variance), `interior` (shift error), `energy_above` (aliasing at the step behind the map).
    """
    return [row for one in looked for row in _rows_of(one)]


def _rows_of(one: Looked) -> list[dict[str, Any]]:
    fields = {row["layer"]: row for row in one.geometry.filter(of="layer").rows(named=True)}
    steps = one.layers.filter(of="step", quantity="energy_above").rows(named=True)
    values = {
        name: {row["layer"]: row for row in of_layers(one.layers, measure, name).rows(named=True)}
        for measure, name in (("nonshiftability", "share"), ("normalised_variance", "ratio"), ("shift_error", "interior"))
    }
    ends = handed_on(of_layers(one.layers, "nonshiftability", "share")).rows(named=True)
    found = []
    for place, end in enumerate(ends):
        behind = ends[place + 1]["depth"] if place + 1 < len(ends) else -1
        step = next((row for row in reversed(steps) if end["depth"] <= row["depth"] <= behind), None)
        own = {name: rows.get(end["layer"]) for name, rows in values.items()}
        facts = {"network": one.network, "protocol": one.protocol, "field": fields.get(end["layer"]), "step": step}
        found.append({**end, **facts, **own})
    return found


def outputs(looked: Sequence[Looked]) -> list[dict[str, Any]]:
    """Return for each network and protocol what is said of its answers as the picture moves: a row of LAYERS with the share
    of their variance that repeats with the network's stride, and the network's own row of GEOMETRY."""
    found = []
    for one in looked:
        answers = one.layers.filter(layer="output", quantity="periodic_share").rows(named=True)
        whole = one.geometry.filter(of="network").rows(named=True)
        if answers and whole:
            found.append({"network": one.network, "protocol": one.protocol, **answers[0], "whole": whole[0]})
    return found
