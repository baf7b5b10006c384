"""Which tables of a data set are written as CSV beside its page, and from which files."""

from collections.abc import Iterator
from typing import Any

from shiftscope.workflow.grouping import Group, groups
from shiftscope.workflow.plan import Plan

SINGLE = (
    "sensitivity",
    "curves",
    "comparisons",
    "remedies",
    "augmentation",
    "bias",
    "inclusion",
    "landmark_bias",
    "relation",
    "accuracy_by_surprisal",
)
"""Tables of which a data set has one file, by their names in `Paths`."""


def exported_files(plan: Plan, dataset: str) -> dict[str, list[dict[str, Any]]]:
    """For each table of a data set the files that it consists of: `path`, and `columns` that say what the file is of."""
    return {name: parts for name, parts in _parts(plan, dataset) if parts}


def _parts(plan: Plan, dataset: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    paths, there = plan.paths, plan.tables(dataset)
    if plan.measured(dataset):
        cards = [paths.card.format(network=network) for network in plan.networks_of(dataset)]
        yield "networks", [{"path": path, "columns": {}} for path in cards]
    for name in SINGLE:
        if name in there:
            yield name, [{"path": getattr(paths, name).format(dataset=dataset), "columns": {}}]
    cells = [(protocol, network) for protocol in plan.inside(dataset) for network in plan.networks_of(dataset)]
    for name in ("layers", "geometry"):
        yield name, [_of_cell(getattr(paths, name), dataset, *cell) for cell in cells]
    others = plan.others(dataset) if "bias" in there else []
    compared = [(other, paths.framing_comparison.format(dataset=dataset, other=other)) for other in others]
    yield "framing_comparison", [{"path": path, "columns": {"other": other}} for other, path in compared]


def _of_cell(pattern: str, dataset: str, protocol: str, network: str) -> dict[str, Any]:
    columns = {"protocol": protocol, "network": network}
    return {"path": pattern.format(dataset=dataset, **columns), "columns": columns}


def exported_tables(plan: Plan, dataset: str) -> tuple[str, ...]:
    """The names of the tables of a data set that are written as CSV, `results` first where networks were measured."""
    found = tuple(exported_files(plan, dataset))
    return ("results", *found) if "sensitivity" in found else found


def exports(plan: Plan) -> list[Group[tuple[str, ...]]]:
    """The rules that write them: one, or one for each set of tables that data sets have."""
    return groups("exports", {name: exported_tables(plan, name) for name in plan.reported})


def csv_pattern(plan: Plan, table: str) -> str:
    """Where the CSV of a table lies, with the wildcard of the data set."""
    return plan.paths.results_csv if table == "results" else plan.paths.table_csv.replace("{table}", table)


def csv_files(plan: Plan) -> list[str]:
    """The CSVs of all data sets that have a page."""
    return [
        csv_pattern(plan, table).format(dataset=dataset)
        for dataset in plan.reported
        for table in exported_tables(plan, dataset)
    ]
