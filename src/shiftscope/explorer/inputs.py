"""The files and facts of a job as what the explorer is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import polars as pl

from shiftscope.core import tables
from shiftscope.data.classes import names_by_index


@dataclass(frozen=True)
class Inputs:
    """What the explorer of one data set is made of: small tables, and files that are read when their turn comes."""

    dataset: str
    seed: int
    networks: Mapping[str, int]
    """Networks and their input sizes, px, in the order of the config."""
    protocols: Mapping[str, Mapping[str, Any]]
    """Of each protocol with more than one step `title`, `unit`, `note`, `ordered` (whether neighbouring steps are
    neighbours) and `recipe`, how its frames are made."""
    images: pl.DataFrame
    """tables.IMAGES"""
    boxes: pl.DataFrame | None
    """tables.BOXES, where a protocol needs them."""
    class_names: list[str]
    """Names of the classes by their index."""
    predictions: Mapping[str, Mapping[str, Path]]
    """Of each protocol and network."""
    layers: Mapping[str, Mapping[str, Path]] = field(default_factory=dict)
    """What was measured inside networks, of each protocol where it was, and network."""

    def class_name(self, index: int) -> str:
        """The name of a class, or its number where no name is known."""
        return self.class_names[index] if 0 <= index < len(self.class_names) else f"class {index}"


def inputs_of(files: Mapping[str, Any], facts: Mapping[str, Any]) -> Inputs:
    """`files` and `facts` as the rule `explorer` and `Parameters.explorer_facts` name them: lists of files have one for
    every protocol and network, protocols first."""
    images = tables.read(files["images"], tables.IMAGES)
    return Inputs(
        dataset=facts["dataset"],
        seed=facts["seed"],
        networks=facts["networks"],
        protocols=facts["protocols"],
        images=images,
        boxes=tables.read_if(files.get("boxes") or None, tables.BOXES),
        class_names=names_by_index(facts["classes"], images),
        predictions=_by_cell(facts["protocols"], facts["networks"], files["predictions"]),
        layers=_by_cell(facts["inside"], facts["networks"], files.get("layers", [])),
    )


def _by_cell(protocols: Any, networks: Any, paths: Any) -> dict[str, dict[str, Path]]:
    found: dict[str, dict[str, Path]] = {protocol: {} for protocol in protocols}
    for (protocol, network), path in zip(product(protocols, networks), paths, strict=True):
        found[protocol][network] = Path(path)
    return found
