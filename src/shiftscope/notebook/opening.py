"""`shiftscope.open`: a finished run of the workflow."""

from pathlib import Path

from shiftscope.config import Config
from shiftscope.core.errors import ShiftscopeError
from shiftscope.notebook.results import Results
from shiftscope.workflow.parameters import Parameters
from shiftscope.workflow.plan import Plan


def open_results(folder: str | Path, config: str | Path | None = None) -> Results:
    """Open the folder of a data set of a run.

    Parameters
    ----------
    folder : such as ``results/digits``.
    config : the config of the run, a file; figures need it, tables do not.

    Raises ShiftscopeError where nothing is there, or the config has no such data set.
    """
    folder = Path(folder)
    if not (folder / "images.parquet").is_file():
        raise ShiftscopeError(f"{folder} is no folder of results of a data set: it has no images.parquet")
    if config is None:
        return Results(folder, {}, {}, {})
    plan = Plan(Config.read(Path(config)))
    if folder.name not in plan.config.datasets:
        raise ShiftscopeError(
            f"{config} has no data set {folder.name}; its data sets are {', '.join(plan.config.datasets)}"
        )
    return of_plan(plan, folder)


def of_plan(plan: Plan, folder: Path) -> Results:
    """The results of the data set that `folder` is called like."""
    parameters = Parameters(plan, Path())
    networks = {name: plan.config.networks[name] for name in plan.networks_of(folder.name)}
    return Results(
        folder,
        sizes={name: network.size for name, network in networks.items()},
        protocols={name: parameters.protocol_facts(name) for name in plan.protocols_of(folder.name)},
        architectures={
            name: getattr(network, "architecture", network.kind).partition(".")[0] for name, network in networks.items()
        },
        class_space=parameters.class_space(folder.name),
    )
