"""The files and facts of a job as what figures are drawn from, and what is drawn of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shiftscope.bias.selection import Inclusion
from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError
from shiftscope.data.classes import names_by_index
from shiftscope.figures import Inputs, figures, save

SINGLE = (
    "boxes",
    "bias",
    "landmarks",
    "landmark_bias",
    "relation",
    "accuracy_by_surprisal",
    "sensitivity",
    "curves",
    "remedies",
    "augmentation",
)
"""Tables of which a data set has one file, beside the pictures."""


def draw_files(files: Mapping[str, Any], facts: Mapping[str, Any], output: Mapping[str, Any]) -> None:
    """Draw a figure, for one protocol if it is drawn for each, and write its three files.

    `files` and `facts` as for `inputs_of`; `output`: the paths png, pdf and caption. Errors say which figure it was.
    """
    name, protocol = facts["figure"], facts["protocol"]
    try:
        save(figures[name].item.draw(inputs_of(files, facts)), output["png"], output["pdf"], output["caption"])
    except ShiftscopeError as error:
        said = f"figure {name}" + (f" of protocol {protocol}" if protocol else "")
        raise ShiftscopeError(f"{said}: {error}") from None


def inputs_of(files: Mapping[str, Any], facts: Mapping[str, Any]) -> Inputs:
    """`files` as the rules that draw figures name them, each table a list, and `facts` as `Parameters.figures_facts` and
    `figure_facts` do."""
    protocols, networks, shards = list(facts["protocols"]), dict(facts["networks"]), facts["shards"]
    sizes = sorted(set(networks.values()))
    cells = [(protocol, network) for protocol in protocols for network in networks]
    by_cell = {
        name: dict(zip(cells, map(Path, files.get(name, [])), strict=False))
        for name in ("predictions", "layers", "geometry", "maps")
    }
    paths = list(map(Path, files.get("frames", [])))
    places = [(protocol, size) for protocol in protocols for size in sizes]
    frame_files = {place: paths[k * shards : (k + 1) * shards] for k, place in enumerate(places)} if paths else {}
    images = tables.read(files["images"], tables.IMAGES)
    return Inputs(
        files={"images": Path(files["images"])} | {name: Path(files[name][0]) for name in SINGLE if files.get(name)},
        networks=networks,
        architectures=facts["architectures"],
        class_space=facts["classes"],
        protocol=facts["protocol"],
        protocols=facts["protocols"],
        prediction_files=by_cell["predictions"],
        layer_files=by_cell["layers"],
        geometry_files=by_cell["geometry"],
        map_files=by_cell["maps"],
        training_files=dict(zip(facts.get("trained", []), map(Path, files.get("training", [])), strict=True)),
        frame_files=frame_files,
        recipes=facts.get("recipes", {}),
        class_names=names_by_index(facts["classes"], images),
        inclusion=Inclusion(**facts.get("inclusion", {})),
        **({"landmark_pairs": facts["landmark_pairs"]} if "landmark_pairs" in facts else {}),
    )
