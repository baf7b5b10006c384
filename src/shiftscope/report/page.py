"""One self-contained page: the tables, the figures and what each says."""

import base64
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from shiftscope import __version__
from shiftscope.bias.boxes import ALL
from shiftscope.cause.measures import measures as layer_measures
from shiftscope.core.files import complete
from shiftscope.core.numbers import percent
from shiftscope.report import remedies
from shiftscope.report.cause import losses, map_rows, missing, outputs
from shiftscope.report.framing import sentences, tables_of
from shiftscope.report.inputs import PageInputs
from shiftscope.report.networks import precision_said, several_sizes, sizes_said
from shiftscope.sensitivity.measures import measures
from shiftscope.statistics.bootstrap import FEWEST_PICTURES
from shiftscope.statistics.permutation import SMALLEST_P
from shiftscope.wording.framing import verdict_sentence

FIRST = {
    name: place
    for place, name in enumerate(("accuracy", "top5_accuracy", "top1_change", "mac", "consistency", "agreement"))
}
"""The measures that readers look for first; the others follow by name."""
AMONG = {
    "all": "",
    "right": "among pairs, or sequences, whose first frame is classified right",
    "matched": "among pairs at matched confidence: every network's pairs weighted to the networks' common distribution of "
    "the probability of the first frame's top class",
}
"""Conditions, in the order of their tables."""
NOTHING = {"estimate": None}
"""In place of a row that a table does not have, such as of the pairs that begin right where a network is never right."""
NAMED = 50
"""Skipped pictures that are listed."""


def render(page: PageInputs) -> str:
    """Return the page as HTML: no script, no request to anywhere, every name escaped."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("shiftscope", "report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = number
    environment.filters["p"] = p_value
    environment.filters["interval"] = _interval
    said = _of_run(page) | _of_networks(page) | _of_inside(page) | _of_remedies(page) | _of_framing(page)
    return environment.get_template("page.html.jinja").render(said)


def save(html: str, path: str | Path) -> None:
    """Write the page, complete or not at all, in UTF-8."""
    with complete(path) as part:
        part.write_text(html, encoding="utf-8")


def _of_run(page: PageInputs) -> dict[str, Any]:
    """What the template shows of the run as a whole."""
    warnings = _warnings(page.unvaried)
    varied = None if page.sensitivity is None else _varied(page.sensitivity, page.cards, page.unvaried)
    level = page.facts["statistics"]["level"]
    return {
        "facts": page.facts,
        "version": __version__,
        "n_images": len(page.images),
        "n_labelled": page.images["label"].count(),
        "warnings": list(warnings.values()),
        "few": "" if page.sensitivity is None else few_said(len(page.images)),
        "headlines": [
            *headlines(varied, page.comparisons, page.bias, level),
            *losses(page.looked),
            *remedies.help_sentences(page.helped, page.facts),
            *sentences(page.framing),
        ],
        "skipped": page.skipped.head(NAMED).rows(named=True),
        "n_skipped": len(page.skipped),
        "figures": [
            {**figure._asdict(), "data": base64.b64encode(figure.png.read_bytes()).decode("ascii")}
            for figure in page.figures
        ],
    }


def few_said(pictures: int) -> str:
    """Return a sentence where so few pictures were measured that they are examples; else nothing.

    Examples
    --------
    >>> few_said(5)
    '5 pictures are examples: they show what can happen, and say little about how often it does.'
    >>> few_said(30)
    ''
    """
    if pictures >= FEWEST_PICTURES:
        return ""
    said = "1 picture is an example: it shows" if pictures == 1 else f"{pictures} pictures are examples: they show"
    return f"{said} what can happen, and {'says' if pictures == 1 else 'say'} little about how often it does."


def _of_networks(page: PageInputs) -> dict[str, Any]:
    """What the template shows of networks and their measures; no tables where none was measured."""
    found: dict[str, Any] = {
        "cards": page.cards,
        "sizes": sizes_said(page.cards, page.facts["input_size"]),
        "precision": precision_said(page.cards, page.running),
        "several_sizes": several_sizes(page.cards),
        "comparisons": [] if page.comparisons is None else _comparison_rows(page.comparisons),
    }
    if page.sensitivity is None:
        return found | {"tables": [], "missing": [], "definitions": []}
    return found | {
        "tables": _sensitivity_tables(page.sensitivity, page.facts, _warnings(page.unvaried)),
        "missing": page.sensitivity["reason"].drop_nulls().unique().sort().to_list(),
        "definitions": list(measures),
    }


def _of_inside(page: PageInputs) -> dict[str, Any]:
    """What the template shows of the layers of networks; empty lists where none was looked at."""
    return {
        "inside": map_rows(page.looked),
        "answers": outputs(page.looked),
        "unseen": missing(page.looked),
        "layer_measures": list(layer_measures) if page.looked else [],
    }


def _of_remedies(page: PageInputs) -> dict[str, Any]:
    """What the template shows of remedies; only the arithmetic where the run has none."""
    return {
        "helps": remedies.help_sentences(page.helped, page.facts),
        "hurts": remedies.warnings(page.helped),
        "remedies": remedies.remedy_rows(page.helped),
        "why_missing": remedies.reasons(page.helped),
        "arithmetic": remedies.arithmetic(page.cards, page.helped),
    }


def _of_framing(page: PageInputs) -> dict[str, Any]:
    """What the template shows of how the pictures are framed."""
    return {
        "framing_tables": tables_of(page.framing),
        "bias": [] if page.bias is None else page.bias.rows(named=True),
        "all_categories": ALL,
    }


def headlines(
    sensitivity: pl.DataFrame | None, comparisons: pl.DataFrame | None, bias: pl.DataFrame | None, level: float
) -> list[str]:
    """Return what a reader who reads one thing should read: sentences with numbers.

    Parameters
    ----------
    sensitivity, comparisons, bias : tables of `sensitivity.SENSITIVITY`, `sensitivity.COMPARISONS` and `bias.BIAS`; None
        where there is no such table.
    level : of the intervals; comparisons are significant where the corrected p-value is below 1 − level.
    """
    said = []
    if sensitivity is not None:
        known = sensitivity.filter(pl.col("condition") == "all", pl.col("estimate").is_not_null()).sort("estimate")
        for protocol in sorted(set(known["protocol"])):
            # Where steps are no neighbours there is no change from one to the next, but frames agree or do not.
            change, agree = (
                known.filter(pl.col("protocol") == protocol, pl.col("measure") == measure).rows(named=True)
                for measure in ("top1_change", "agreement")
            )
            if change:
                others = f", {change[0]['network']} in {_percentage(change[0])}" if len(change) > 1 else ""
                high = change[-1]
                said.append(
                    f"{protocol}: {high['network']} changes its answer in {_percentage(high)} of all steps{others}."
                )
            elif agree:
                others = f", {agree[-1]['network']} for {_percentage(agree[-1])}" if len(agree) > 1 else ""
                said.append(
                    f"{protocol}: {agree[0]['network']} gives the same answer on all frames for {_percentage(agree[0])} of "
                    f"the pictures{others}."
                )
    if comparisons is not None and len(comparisons):
        tested = comparisons.filter(pl.col("p_adjusted").is_not_null())
        clear = tested.filter(pl.col("p_adjusted") < 1 - level)
        said.append(f"{len(clear)} of {len(tested)} comparisons between networks are significant after correction.")
    if bias is not None:
        said.append(verdict_sentence(bias))
    return said


def _warnings(unvaried: Iterable[tuple[str, int]]) -> dict[str, str]:
    """A sentence for each protocol that varied nothing."""
    sizes: dict[str, list[str]] = {}
    for protocol, size in unvaried:
        sizes.setdefault(protocol, []).append(str(size))
    return {
        protocol: f"{protocol} varied nothing: at an input of {' and of '.join(found)} px, all frames of every picture "
        "hold the same pixels. How steady an answer is cannot be read from it; give it other settings in the config."
        for protocol, found in sizes.items()
    }


def _varied(
    sensitivity: pl.DataFrame, cards: Iterable[Mapping[str, Any]], unvaried: Iterable[tuple[str, int]]
) -> pl.DataFrame:
    """Rows of networks that were shown frames which differ."""
    still = set(unvaried)
    cells = [(card["network"], name) for card in cards for name, size in still if card["input_size"] == size]
    alike = pl.DataFrame(cells, schema={"network": pl.String, "protocol": pl.String}, orient="row")
    return sensitivity.join(alike, on=["network", "protocol"], how="anti", maintain_order="left")


def _sensitivity_tables(table: pl.DataFrame, facts: Mapping[str, Any], warnings: Mapping[str, str]) -> list[dict[str, Any]]:
    """For each protocol and condition: measures across, networks down, an interval in each cell."""
    found = []
    for protocol in facts["protocols"]:
        for condition, among in AMONG.items():
            rows = table.filter(pl.col("protocol") == protocol, pl.col("condition") == condition)
            names = sorted(rows["measure"].unique(), key=lambda name: (name not in FIRST, FIRST.get(name, 0), name))
            if not names:
                continue
            cells = {(row["network"], row["measure"]): row for row in rows.rows(named=True)}
            networks = rows["network"].unique(maintain_order=True).to_list()
            found.append(
                {
                    "protocol": protocol,
                    "title": facts["protocols"][protocol]["title"],
                    "among": among,
                    "warning": warnings.get(protocol, "") if condition == "all" else "",
                    "note": facts["protocols"][protocol].get("note", "") if condition == "all" else "",
                    "measures": [measures[name] for name in names],
                    "rows": [
                        (network, [_interval(cells.get((network, name), NOTHING)) for name in names])
                        for network in networks
                    ],
                    "n_images": max(row["n_images"] for row in cells.values()),
                }
            )
    return found


def _comparison_rows(table: pl.DataFrame) -> list[dict[str, Any]]:
    rows = table.filter(pl.col("difference").is_not_null()).rows(named=True)
    return [{**row, "title": measures[row["measure"]].title, "interval": _interval(row, "difference")} for row in rows]


def _interval(row: Mapping[str, Any], estimate: str = "estimate") -> str:
    if row[estimate] is None:
        return "none"
    ends = "" if row["ci_low"] is None else f" [{number(row['ci_low'])}, {number(row['ci_high'])}]"
    return number(row[estimate]) + ends


def _percentage(row: Mapping[str, Any]) -> str:
    """A share and its interval for a sentence."""
    ends = "" if row["ci_low"] is None else f" [{percent(row['ci_low'])}, {percent(row['ci_high'])}]"
    return percent(row["estimate"]) + ends


def number(value: float | None) -> str:
    """Return a number with three digits behind the point below 10, one below 100, else none; with a true minus sign.

    Examples
    --------
    >>> [number(value) for value in (-0.5, 12.345, 834.4, None)]
    ['−0.500', '12.3', '834', 'none']
    """
    if value is None:
        return "none"
    text = f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.3f}"
    return text.replace("-", "−")


def p_value(value: float | None) -> str:
    """Return a p-value with three digits behind the point, or as a power of ten with one digit below .001.

    Examples
    --------
    >>> [p_value(value) for value in (0.04567, 0.00012, 1e-12, None)]
    ['0.046', '1e−4', '<1e−9', 'none']
    """
    if value is None:
        return "none"
    if value <= SMALLEST_P:
        return f"<{SMALLEST_P:.0e}".replace("e-0", "e−")
    return f"{value:.3f}" if value >= 0.001 else f"{value:.0e}".replace("e-0", "e−").replace("e-", "e−")
