"""Which data sets have an explorer beside their page, and what it is made from."""

from itertools import product

from shiftscope.workflow.plan import Plan


def explored(plan: Plan) -> list[str]:
    """The data sets whose pictures can be looked at step by step: networks answer, and a protocol has several steps."""
    return [name for name in plan.reported if plan.measured(name) and plan.varied(name)]


def explored_cells(plan: Plan, dataset: str) -> list[list[str]]:
    """Protocol and network of the predictions that an explorer is made from, protocols first."""
    return [list(cell) for cell in product(plan.varied(dataset), plan.networks_of(dataset))]


def layered_cells(plan: Plan, dataset: str) -> list[list[str]]:
    """Protocol and network of the tables of layers that an explorer shows, protocols first."""
    protocols = [name for name in plan.inside(dataset) if name in plan.varied(dataset)]
    return [list(cell) for cell in product(protocols, plan.networks_of(dataset))]


def boxes_of_explorer(plan: Plan, dataset: str) -> str | list[str]:
    """The boxes that a protocol needs to make its frames again; an empty list if none does."""
    found = (plan.boxes_of_frames(dataset, protocol) for protocol in plan.varied(dataset))
    return next((boxes for boxes in found if boxes), [])


def explorer_files(plan: Plan) -> list[str]:
    """The explorers of all data sets that have one."""
    return [plan.paths.explorer.format(dataset=dataset) for dataset in explored(plan)]
