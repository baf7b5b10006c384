"""The config, checked; the plan that it comes down to; what wildcards may be."""

import os
import re
import sys

# Jobs run the library of this checkout, whatever else is installed: it is what `code` is a digest of.
LIBRARY = str(Path(workflow.basedir) / "src")
sys.path.insert(0, LIBRARY)
os.environ |= {"PYTHONPATH": LIBRARY}

from shiftscope.config import Config
from shiftscope.core.errors import ShiftscopeError
from shiftscope.workflow.plan import Plan
from shiftscope.core.settings import read_settings
from snakemake.exceptions import WorkflowError

try:
    for configfile in workflow.configfiles:  # `config` has lost what was given twice
        read_settings(Path(configfile))
    PLAN = Plan(Config.load(config), Path(workflow.basedir) / "workflow" / "scripts")
except ShiftscopeError as error:
    raise WorkflowError(f"the config is not right:\n{error}") from None

RESULTS = PLAN.results


def one_of(names):
    """A pattern for exactly these names."""
    return "|".join(re.escape(str(name)) for name in names) or "(?!)"


def code(rule):
    """The digest of the code that decides a rule's numbers, as a parameter of it."""
    return lambda wildcards: PLAN.code(rule, **dict(wildcards.items()))


def gpus(wildcards):
    """The GPUs that a job asks for, known once the executor is."""
    executor = workflow.executor_plugin
    return PLAN.gpus(here=executor is None or executor.common_settings.local_exec)


wildcard_constraints:
    dataset=one_of(PLAN.config.datasets),
    network=one_of(PLAN.config.networks),
    protocol=one_of(PLAN.config.protocols),
    size=one_of(PLAN.sizes),
    shard=one_of(PLAN.shards),
    figure=r"\w+",
