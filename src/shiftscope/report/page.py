"""One self-contained page: the answer first, then what it rests on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from shiftscope import __version__
from shiftscope.cause.measures import measures as layer_measures
from shiftscope.core.html import templates
from shiftscope.report import remedies, views
from shiftscope.report.anchors import Anchors
from shiftscope.report.answer import answer, kinds, varied
from shiftscope.report.cause import losses, missing
from shiftscope.report.compared import compared, explored
from shiftscope.report.framing import sentences
from shiftscope.report.inputs import FigureOnPage, PageInputs
from shiftscope.report.measured import measure_tables
from shiftscope.report.networks import precision_said, several_sizes, sizes_said
from shiftscope.report.pictures import carried, section
from shiftscope.report.table import MOST_OPTIONS
from shiftscope.sensitivity.measures import measures
from shiftscope.wording.cautions import examples_said
from shiftscope.wording.framing import verdict_sentence

PAGE, MACROS, STYLE = "page.html.jinja", "macros.html.jinja", "style.css"
"""The files beside this module that a page is made from."""
NAMED = 50
"""Skipped pictures that are listed."""
DOTS, EXAMPLES = "overview", "examples"
"""The figures of the first screen."""
TITLES = {
    "answer": "Answer",
    "networks": "Networks",
    "change": "P(top-1 change) and MAC",
    "why": "Why",
    "helps": "What helps",
    "framing": "Framing",
    "examples": "Examples",
    "tables": "All tables",
    "made": "How it was made",
}
"""Sections, in their order."""


def render(page: PageInputs) -> str:
    """Return the page as HTML: no script, no request to anywhere, every name escaped."""
    ids = Anchors()
    for name in TITLES:  # sections come first, so that no name takes their ids
        ids.of(name)
    measured = varied(page)
    which = kinds(measured, page.facts["protocols"])
    said = _of_run(page) | _of_networks(page, ids, which.main) | _of_inside(page, ids) | _of_remedies(page, ids)
    said |= _of_framing(page, ids) | answer(page, measured, which, ids) | _figures(page, ids, which.main) | {"ids": ids}
    there = {
        "networks": said["networks"],
        "change": said["compared"] or said["figures"]["change"],
        "why": said["maps"] or said["unseen"] or said["figures"]["why"],
        "helps": said["helps"] or said["remedies"] or said["versions"] or said["figures"]["helps"],
        "framing": said["boxes"] or said["framing_tables"] or said["figures"]["framing"],
        "examples": said["figures"]["examples"],
    }
    contents = [(ids.of(name), title) for name, title in TITLES.items() if there.get(name, True)]
    return templates("report").get_template(PAGE).render(said | {"contents": contents, "style": _style()})


def _style() -> Any:
    """The style sheet, with the rules by which rows are chosen and sorted."""
    from markupsafe import Markup

    chosen = [
        f".table:has(.{letter}{k}:checked) tbody tr:not(.{letter}{k}) {{ display: none; }}"
        for letter in "ab"
        for k in range(MOST_OPTIONS)
    ]
    ordered = [f".table:has(.s{k}:checked) tbody tr {{ order: var(--s{k}); }}" for k in range(4)]
    text = Path(__file__).with_name(STYLE).read_text(encoding="utf-8")
    return Markup("\n".join([text, "@media screen {", *chosen, *ordered, "}"]))


def _of_run(page: PageInputs) -> dict[str, Any]:
    """What the template shows of the run as a whole."""
    return {
        "facts": page.facts,
        "version": __version__,
        "n_images": len(page.images),
        "n_labelled": page.images["label"].count(),
        "explorer": page.facts.get("explorer", False),
        "skipped": page.skipped.head(NAMED).rows(named=True),
        "n_skipped": len(page.skipped),
        "exports": [
            (name, "results.csv" if name == "results" else f"tables/{name}.csv") for name in page.facts.get("exports", [])
        ],
    }


def _of_networks(page: PageInputs, ids: Anchors, main: str | None) -> dict[str, Any]:
    """What the template shows of networks and their measures; no tables where none was measured."""
    return {
        "cards": page.cards,
        "networks": views.networks(page, ids) if page.cards else None,
        "sizes": sizes_said(page.cards, page.facts["input_size"]),
        "precision": precision_said(page.cards, page.running),
        "several_sizes": several_sizes(page.cards),
        "compared": compared(page, ids, main),
        "explored": explored(page, ids),
        "measured": measure_tables(page, ids),
        "definitions": [] if page.sensitivity is None else list(measures),
    }


def _of_inside(page: PageInputs, ids: Anchors) -> dict[str, Any]:
    """What the template shows of the layers of networks; empty where none was looked at."""
    return {
        "losses": losses(page.looked),
        "maps": views.maps(page, ids),
        "repeating": views.repeating(page, ids),
        "unseen": missing(page.looked),
        "layer_measures": list(layer_measures) if page.looked else [],
    }


def _of_remedies(page: PageInputs, ids: Anchors) -> dict[str, Any]:
    """What the template shows of remedies; only the arithmetic where the run has none."""
    return {
        "helps": remedies.help_sentences(page.helped, page.facts),
        "hurts": remedies.warnings(page.helped),
        "remedies": views.helping(page, ids),
        "why_missing": remedies.reasons(page.helped),
        "versions": views.needed(page, ids),
    }


def _of_framing(page: PageInputs, ids: Anchors) -> dict[str, Any]:
    """What the template shows of how the pictures are framed."""
    first = [] if page.bias is None else [verdict_sentence(page.bias)]
    return {
        "framed": [*first, *sentences(page.framing)],
        "boxes": views.boxes(page, ids),
        "framing_tables": views.framing(page, ids),
    }


@dataclass(frozen=True)
class Figure:
    """A figure as the template shows it."""

    id: str
    title: str
    protocol: str
    caption: str
    reference: str
    alternative: str
    """What the picture shows, for those who do not see it."""
    data: str
    """The picture in base64; empty where the page has no room for it."""
    width: int
    height: int
    png: str
    """Where the figure lies in full size, from the page."""
    pdf: str


Group = tuple[str, str, str, list[Figure]]
"""A protocol, or nothing; its title; an id; and its figures in a section."""


def _figures(page: PageInputs, ids: Anchors, main: str | None) -> dict[str, Any]:
    """The figures by section, those of the whole data set first; and those of the first screen, which begin with an example
    where pictures are so few that they are examples."""
    found: dict[str, list[Figure]] = {name: [] for name in TITLES}
    first: dict[str, Figure] = {}
    few = bool(examples_said(len(page.images)))
    for figure, small in zip(page.figures, carried([one.png for one in page.figures]), strict=True):
        # Names of protocols and figures are parts of a path, and may have any letters.
        path = f"figures/{f'{quote(figure.protocol)}/' if figure.protocol else ''}{quote(figure.name)}"
        shown = Figure(
            ids.of("figure", figure.protocol, figure.name), figure.title, figure.protocol, figure.caption, figure.reference,
            _alternative(figure), small.data, small.width, small.height, f"{path}.png", f"{path}.pdf",
        )  # fmt: skip
        if figure.name == DOTS or (few and figure.name == EXAMPLES and figure.protocol == main):
            first[figure.name] = shown
        else:
            found[section(figure.name, figure.tables, particular=figure.particular)].append(shown)
    titles = {name: fact["title"] for name, fact in page.facts["protocols"].items()}
    return {
        "first": [first[name] for name in (EXAMPLES, DOTS) if name in first],
        "figures": {name: list(_groups(name, own, titles, ids)) for name, own in found.items()},
    }


def _groups(section: str, figures: Sequence[Figure], titles: dict[str, str], ids: Anchors) -> Iterable[Group]:
    for protocol in ("", *titles):
        own = [figure for figure in figures if figure.protocol == protocol]
        if own:
            yield protocol, titles.get(protocol, ""), ids.of(section, protocol) if protocol else "", own


def _alternative(figure: FigureOnPage) -> str:
    """What the picture shows: how it is drawn, and what it says."""
    on = f" on {figure.protocol}" if figure.protocol else ""
    return f"{figure.shows or figure.title}{on}. {figure.caption}"
