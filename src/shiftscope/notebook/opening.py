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
    parameters = Parameters(plan, Path())
    facts = parameters.figures_facts(folder.name)
    return Results(
        folder,
        sizes=facts["networks"],
        protocols={name: parameters.protocol_facts(name) for name in plan.protocols_of(folder.name)},
        architectures=facts["architectures"],
        class_space=facts["classes"],
    )
