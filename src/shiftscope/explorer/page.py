"""One file that needs nothing else: the page, its scripts, and all that they show."""

import base64
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shiftscope import __version__
from shiftscope.core.html import templates
from shiftscope.explorer.answers import Answers, answers
from shiftscope.explorer.choosing import Choice, chosen, moves
from shiftscope.explorer.inputs import Inputs
from shiftscope.explorer.inside import inside
from shiftscope.explorer.packing import Packed, pack
from shiftscope.explorer.sheets import Sheets, in_base64, sheets
from shiftscope.protocols import Sequence as Frames
from shiftscope.stages.frames import sequence_again

PAGE, STYLE = "page.html.jinja", "explorer.css"
SCRIPTS = ("data.js", "charts.js", "panels.js", "page.js")
"""The files beside this module that a page is made from; scripts in the order in which they stand on it."""
LIMIT = 2_900_000
"""Bytes of a page, about."""
OF_ANSWERS = 0.6
"""Of these, the share that answers may take. Frames take the rest."""
MOST = 200
"""Pictures of a page."""
RESERVED = 60_000
"""Bytes for what is known last: where the frames of the last protocols are on their sheets."""


def render(inputs: Inputs, limit: int = LIMIT) -> str:
    """Return the page as HTML: one file that asks for nothing, in which every name is data, and none markup.

    `limit`: bytes that it may have, about. Of the most pictures that fit, `choosing.chosen` says which they are.
    """
    moved = {name: moves(files, ordered=inputs.protocols[name]["ordered"]) for name, files in inputs.predictions.items()}
    choices, read = _fitting(inputs, moved, int(limit * OF_ANSWERS))
    packed = {name: pack(one.arrays()) for name, one in read.items()}
    index: dict[str, Any] = {
        "dataset": inputs.dataset,
        "networks": list(inputs.networks),
        "classes": _classes(inputs, read.values()),
        "total": len(inputs.images),
        "pictures": _pictures(inputs, choices),
        "chosen": dict(Counter(choice.why for choice in choices)),
        "protocols": [],
    }
    blocks: dict[str, str] = {}
    left = limit - RESERVED - sum(len(one.data) for one in packed.values()) - len(_page(index, {}).encode())
    for number, name in enumerate(_light_first(inputs, choices)):
        drawn = _sheets(inputs, name, choices, left // (len(read) - number))
        own, facts = _blocks(inputs, name, packed[name], read[name], drawn)
        index["protocols"].append(facts | _counted(moved[name], choices))
        left -= sum(len(text) for id, text in own.items() if not id.startswith("answers"))
        left -= len(_json(index["protocols"][-1]))
        blocks |= own
    index["protocols"].sort(key=lambda one: one["number"])
    return _page(index, blocks)


def _fitting(inputs: Inputs, moved: dict[str, pl.DataFrame], limit: int) -> tuple[list[Choice], dict[str, Answers]]:
    """The pictures of the page, and the answers to them, by protocol: as many as fit."""
    totals = pl.concat([one.select("image_id", pl.col("flips").list.sum(), "disagreements") for one in moved.values()])
    most = MOST
    while True:
        choices = chosen(totals.group_by("image_id").sum(), most, inputs.seed)
        ids = [choice.image_id for choice in choices]
        read = {name: answers(files, ids) for name, files in inputs.predictions.items()}
        size = sum(len(pack(one.arrays()).data) for one in read.values())
        if size <= limit or most == 1:
            return choices, read
        most = max(1, min(len(ids) * limit * 95 // (size * 100), len(ids) - 1))


def _classes(inputs: Inputs, read: Any) -> dict[str, str]:
    """The names of all classes that the page names, by their indices."""
    labels = set(inputs.images["label"].drop_nulls().to_list())
    return {str(index): inputs.class_name(index) for index in sorted(labels.union(*(one.classes() for one in read)))}


def _pictures(inputs: Inputs, choices: Sequence[Choice]) -> list[dict[str, Any]]:
    labels = dict(inputs.images.select("image_id", "label").iter_rows())
    return [{"id": one.image_id, "label": labels.get(one.image_id), "why": one.why} for one in choices]


def _shown_size(inputs: Inputs) -> int:
    """px: the input size whose frames are shown, that of most networks; of several such, the smallest."""
    counts = Counter(inputs.networks.values())
    return min(counts, key=lambda size: (-counts[size], size))


def _makers(inputs: Inputs, protocol: str, choices: Sequence[Choice]) -> list[Callable[[], Frames]]:
    """Functions that make the frames of the chosen pictures."""
    recipe, size = inputs.protocols[protocol]["recipe"], _shown_size(inputs)
    wanted = inputs.images.filter(pl.col("image_id").is_in([choice.image_id for choice in choices]))
    rows = {row["image_id"]: row for row in wanted.iter_rows(named=True)}
    boxes: dict[str, pl.DataFrame] = {}
    if inputs.boxes is not None:
        boxed = inputs.boxes.filter(pl.col("image_id").is_in(list(rows)))
        boxes = {str(one["image_id"][0]): one for one in boxed.partition_by("image_id", maintain_order=True)}

    def make(image_id: str) -> Frames:
        return sequence_again(rows[image_id], boxes.get(image_id), **recipe, size=size)

    return [partial(make, choice.image_id) for choice in choices]


def _light_first(inputs: Inputs, choices: Sequence[Choice]) -> list[str]:
    """The protocols, those first whose frames need few canvases: what they leave of their share, others can use."""
    canvases = {}
    for name in inputs.protocols:
        tried = sheets(_makers(inputs, name, choices[:1]), 1, _shown_size(inputs), sys.maxsize)
        canvases[name] = tried.bytes
    return sorted(canvases, key=lambda name: canvases[name])


def _sheets(inputs: Inputs, protocol: str, choices: Sequence[Choice], limit: int) -> Sheets:
    print(f"frames of {protocol}", file=sys.stderr, flush=True)
    return sheets(_makers(inputs, protocol, choices), len(choices), _shown_size(inputs), limit)


def _blocks(
    inputs: Inputs, name: str, packed: Packed, read: Answers, drawn: Sheets
) -> tuple[dict[str, str], dict[str, Any]]:
    """The blocks of data of one protocol, by their ids, and what the index says of it."""
    facts, number = inputs.protocols[name], list(inputs.protocols).index(name)
    placed = pack(_placed(read, drawn))
    looked, similar = inside(inputs.layers.get(name, {}))
    layers = pack(similar)
    frames = {"size": drawn.size, "side": drawn.side, "pictures": sum(map(bool, drawn.found)), "layout": placed.layout}
    said = {
        "name": name,
        "number": number,
        **{key: facts[key] for key in ("title", "unit", "note", "ordered")},
        "names": {f"{value:g}": resizer for value, resizer in drawn.names.items()},
        "answers": packed.layout,
        "frames": frames,
        "inside": {"layout": layers.layout, "networks": looked},
    }
    return {
        f"answers-{number}": packed.data,
        f"frames-{number}": placed.data,
        f"layers-{number}": layers.data,
        f"sheets-{number}": _json([in_base64(one.data) if one else None for one in drawn.found]),
    }, said


def _counted(moved: pl.DataFrame, choices: Sequence[Choice]) -> dict[str, Any]:
    """Flips of each network and disagreements on each chosen picture; null where the protocol could not use it."""
    rows = {row["image_id"]: row for row in moved.iter_rows(named=True)}
    own = [rows.get(choice.image_id) for choice in choices]
    return {name: [row and row[name] for row in own] for name in ("flips", "disagreements")}


def _placed(read: Answers, drawn: Sheets) -> dict[str, NDArray[Any]]:
    """Where on its sheet each row of the answers has its frame, and its difference from the one before it; NaN where there
    is none."""
    parts: dict[str, list[NDArray[Any]]] = {name: [] for name in ("x", "y", "side", "difference")}
    for place in range(len(read.counts)):
        steps = read.steps_of(place)
        own = drawn.found[place] if place < len(drawn.found) else None
        for name, part in parts.items():
            row = np.full(len(steps), np.nan, "<f4")
            if own is not None:
                at = np.searchsorted(own.steps, steps).clip(max=len(own.steps) - 1)
                row = np.where(own.steps[at] == steps, getattr(own, name)[at], np.nan).astype("<f4")
            part.append(row)
    return {name: np.concatenate(part) if part else np.empty(0, "<f4") for name, part in parts.items()}


def _page(index: dict[str, Any], blocks: dict[str, str]) -> str:
    from markupsafe import Markup

    style, *scripts = (Path(__file__).with_name(name).read_text(encoding="utf-8") for name in (STYLE, *SCRIPTS))
    script = "\n".join(scripts)
    page = templates("explorer").get_template(PAGE)
    return page.render(
        dataset=index["dataset"],
        version=__version__,
        style=Markup(f"\n{style}\n"),
        script=Markup(f"\n{script}\n"),
        style_digest=_digest(f"\n{style}\n"),
        script_digest=_digest(f"\n{script}\n"),
        index=Markup(_json(index)),
        blocks={name: Markup(text) for name, text in blocks.items()},
    )


def _json(value: Any) -> str:
    """JSON in which no name can end the element that it stands in: `<` can only be part of a text there."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def _digest(text: str) -> str:
    """By which the page allows its own scripts and style, and no others (Content-Security-Policy)."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}"
