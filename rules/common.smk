"""The config, checked; the plan that it comes down to; what rules ask of it."""

import gc
import os
import re
import sys

# Snakemake keeps nearly all of the many small objects that it plans with. To look through them for garbage after every 700 new
# ones, as Python does, takes a fifth of the time of a plan of 10,000 jobs; after 100,000 it takes half of that, and no memory.
gc.set_threshold(100_000)

# Jobs run the library of this checkout, whatever else is installed: it is what `code` is a digest of.
LIBRARY = str(Path(workflow.basedir) / "src")
sys.path.insert(0, LIBRARY)
os.environ |= {"PYTHONPATH": LIBRARY}

from shiftscope.config import Config
from shiftscope.core.errors import ShiftscopeError
from shiftscope.workflow.exporting import (
    csv_files,
    csv_pattern,
    exported_files,
    exports,
)
from shiftscope.workflow.parameters import Parameters
from shiftscope.workflow.paths import filled
from shiftscope.workflow.plan import Plan
from shiftscope.core.settings import read_settings
from snakemake.exceptions import WorkflowError

try:
    for configfile in workflow.configfiles:  # `config` has lost what was given twice
        read_settings(Path(configfile))
    PLAN = Plan(Config.load(config))
except ShiftscopeError as error:
    raise WorkflowError(f"the config is not right:\n{error}") from None

PARAMETERS = Parameters(PLAN, Path(workflow.basedir) / "workflow" / "scripts")
PATHS = PLAN.paths


def one_of(names):
    """A pattern for exactly these names."""
    return "|".join(re.escape(str(name)) for name in names) or "(?!)"


def code(rule):
    """The digest of the code that decides a rule's numbers, as a parameter of it."""
    return lambda wildcards: PARAMETERS.code(rule, **dict(wildcards.items()))


def given(pattern, values, more):
    """The file of `pattern`; the list of its files where some wildcards have several values (`more`)."""
    return filled(pattern, **values, **more) if more else pattern.format(**values)


def given_if(there, pattern, more):
    """A function for a rule's input: the files of `pattern` for its data set where `there` says so, else none."""

    def files(wildcards):
        if not there(wildcards):
            return []
        several = {name: values(wildcards) for name, values in more.items()}
        return given(pattern, {"dataset": wildcards.dataset}, several)

    return files


def if_made(table, pattern, **more):
    """A function for a rule's input: the files of `pattern`, if its data set has such a table, else none."""
    return given_if(lambda it: table in PLAN.tables(it.dataset), pattern, more)


def if_drawn(table, pattern, **more):
    """A function for a figure's input: the files of `pattern`, if the figure is drawn from this table, else none."""
    return given_if(lambda it: table in PLAN.drawn_from(it.figure), pattern, more)


def at_size(pattern, **more):
    """A function for a rule's input: the files of `pattern` at the input size of the rule's network."""

    def files(wildcards):
        size = PLAN.config.networks[wildcards.network].size
        return given(
            pattern,
            {k: v for k, v in wildcards.items() if k not in more} | {"size": size},
            more,
        )

    return files


def shown(file):
    """What networks are shown: of no use once all of them have seen it, where the config discards frames."""
    return temp(file) if PLAN.config.frames == "discard" else file


def looked(file):
    """The output of a job that looks at frames. Where these are discarded, a job that needs them has them made for all that
    look at them; what was made of the same ones is left there, so that the others see that nothing is to be done.
    """
    return update(file) if PLAN.config.frames == "discard" else file


def drawn_protocols(wildcards):
    """The protocol of a figure that is drawn once for each, or all protocols of its data set."""
    one = wildcards.get("protocol")
    return [one] if one else PLAN.protocols_of(wildcards.dataset)


def improved_on(pattern):
    """A function for a rule's input: the file of the network that the rule's network improves on."""
    return lambda it: pattern.format(network=PLAN.remedied[it.network])


def gpus(wildcards):
    """The GPUs that a job asks for, known once the executor is."""
    executor = workflow.executor_plugin
    return PARAMETERS.gpus(here=executor is None or executor.common_settings.local_exec)
