"""The files and facts of a job as what the page is made of."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from shiftscope.association import ACCURACY_BY_SURPRISAL, CORRELATION
from shiftscope.bias import BIAS, FRAMING_COMPARISON, INCLUSION
from shiftscope.cause import GEOMETRY, LAYERS
from shiftscope.core import tables
from shiftscope.remedies import AUGMENTATION, REMEDIES
from shiftscope.report.cause import Looked
from shiftscope.report.framing import Framing
from shiftscope.report.remedies import Helped
from shiftscope.sensitivity import COMPARISONS, SENSITIVITY
from shiftscope.stages.frames import unvaried
from shiftscope.stages.running import read_running, together


class FigureOnPage(NamedTuple):
    """A figure as the page shows it."""

    title: str
    protocol: str
    """Empty for a figure of the whole data set."""
    png: Path
    caption: str
    reference: str
    name: str
    shows: str = ""
    """How it is drawn, in words: a sentence without its full stop."""
    tables: frozenset[str] = frozenset()
    """The names of the tables that it is drawn from."""
    particular: bool = False
    """Whether it is drawn for certain kinds of protocol only."""


@dataclass(frozen=True)
class PageInputs:
    """What the page of one data set is made of. A table that the data set does not have is None."""

    facts: Mapping[str, Any]
    """Those of `Parameters.report_facts`."""
    images: pl.DataFrame
    """tables.IMAGES"""
    skipped: pl.DataFrame
    """tables.SKIPPED: pictures that could not be used, of all stages."""
    cards: Sequence[Mapping[str, Any]] = ()
    """What `stages.prepare` writes of each network."""
    running: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Of each network, how it was run on this data set (`stages.running`)."""
    sensitivity: pl.DataFrame | None = None
    """sensitivity.SENSITIVITY"""
    comparisons: pl.DataFrame | None = None
    """sensitivity.COMPARISONS"""
    bias: pl.DataFrame | None = None
    """bias.BIAS of boxes."""
    looked: Sequence[Looked] = ()
    """What was measured inside networks."""
    helped: Helped = field(default_factory=Helped)
    """What helps, and what augmentation gains."""
    framing: Framing = field(default_factory=Framing)
    """The other tables of framing."""
    figures: Sequence[FigureOnPage] = ()
    unvaried: Sequence[tuple[str, int]] = ()
    """Protocols and input sizes (px) at which nothing was varied (`stages.frames.unvaried`): a warning takes the place of
    their headline."""


def page_inputs(files: Mapping[str, Any], facts: Mapping[str, Any]) -> PageInputs:
    """Read what the page is made of.

    Parameters
    ----------
    files, facts : as the rule `report` and `Parameters.report_facts` name them. Lists of files are in the order of facts
        that they belong to: figures and captions in that of `figures`, framing in that of `compare_with`, frames in that of
        `sequences`, and how networks were run in that of `cells`.

    Raises
    ------
    ValueError
        Where a list of files and its facts are not of the same length.
    """
    return PageInputs(
        facts=facts,
        images=tables.read(files["images"], tables.IMAGES),
        skipped=tables.read([files["skipped"], *files.get("skipped_frames", [])], tables.SKIPPED),
        cards=[json.loads(Path(path).read_text(encoding="utf-8")) for path in files.get("cards", [])],
        running=_running(files, facts["cells"]),
        sensitivity=tables.read_if(files.get("sensitivity"), SENSITIVITY),
        comparisons=tables.read_if(files.get("comparisons"), COMPARISONS),
        bias=tables.read_if(files.get("bias"), BIAS),
        looked=_looked(files, facts["inside"]),
        helped=Helped(
            tables.read_if(files.get("remedies"), REMEDIES), tables.read_if(files.get("augmentation"), AUGMENTATION)
        ),
        framing=_framing(files, facts["compare_with"]),
        figures=_figures(files, facts["figures"]),
        unvaried=unvaried(facts["sequences"], files.get("frames", [])),
    )


def _running(files: Mapping[str, Any], cells: Sequence[Sequence[str]]) -> dict[str, dict[str, int]]:
    """`cells`: protocol and network of each file."""
    notes: dict[str, list[dict[str, int]]] = {}
    for (_, network), path in zip(cells, files.get("running", []), strict=True):
        notes.setdefault(network, []).append(read_running(path))
    return {network: together(found) for network, found in notes.items()}


def _looked(files: Mapping[str, Any], inside: Sequence[Sequence[str]]) -> list[Looked]:
    """`inside`: protocol and network of each file."""
    found = zip(inside, files.get("layers", []), files.get("geometry", []), strict=True)
    return [
        Looked(protocol, network, tables.read(layers, LAYERS), tables.read(geometry, GEOMETRY))
        for (protocol, network), layers, geometry in found
    ]


def _framing(files: Mapping[str, Any], others: Sequence[str]) -> Framing:
    """The tables of framing that there are; `others` are the data sets that this one is compared with."""
    compared = zip(others, files.get("framing", []), strict=True)
    return Framing(
        inclusion=tables.read_if(files.get("inclusion"), INCLUSION),
        others={name: tables.read(path, FRAMING_COMPARISON) for name, path in compared},
        landmarks=tables.read_if(files.get("landmark_bias"), BIAS),
        relation=tables.read_if(files.get("relation"), CORRELATION),
        accuracy_by_surprisal=tables.read_if(files.get("accuracy_by_surprisal"), ACCURACY_BY_SURPRISAL),
    )


def _figures(files: Mapping[str, Any], facts: Sequence[Mapping[str, Any]]) -> list[FigureOnPage]:
    drawn = zip(facts, files.get("figures", []), files.get("captions", []), strict=True)
    return [
        FigureOnPage(
            title=fact["title"],
            protocol=fact["protocol"] or "",
            png=Path(png),
            caption=Path(caption).read_text(encoding="utf-8").strip(),
            reference=fact["reference"],
            name=fact["name"],
            shows=fact["shows"],
            tables=frozenset(fact["tables"]),
            particular=fact["particular"],
        )
        for fact, png, caption in drawn
    ]
