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

from snakemake.io import _IOFile, flag, is_flagged

from shiftscope.config import Config
from shiftscope.core.errors import ShiftscopeError
from shiftscope.core.memory import look_past_what_is_there
from shiftscope.core.records import keep, release
from shiftscope.workflow.building import check_networks
from shiftscope.workflow.drawings import drawings
from shiftscope.workflow.ends import ends
from shiftscope.workflow.exploring import (
    boxes_of_explorer,
    explored_cells,
    layered_cells,
)
from shiftscope.workflow.exporting import (
    csv_pattern,
    exported_files,
    exports,
)
from shiftscope.workflow.grouping import by_protocols
from shiftscope.workflow.needs import needs
from shiftscope.workflow.parameters import Parameters
from shiftscope.workflow.paths import filled
from shiftscope.workflow.plan import Plan
from shiftscope.core.settings import read_settings


def refuse(error):
    """End with a sentence about the config. An exception of Snakemake's would name this file as the place of the mistake."""
    print(f"error: the config is not right:\n{error}", file=sys.stderr)
    sys.exit(1)


try:
    for configfile in workflow.configfiles:  # `config` has lost what was given twice
        read_settings(Path(configfile))
    PLAN = Plan(Config.load(config))
except ShiftscopeError as error:
    refuse(error)

PARAMETERS = Parameters(PLAN, Path(workflow.basedir) / "workflow" / "scripts")
PATHS = PLAN.paths


def one_of(names):
    """A pattern for exactly these names."""
    return "|".join(re.escape(str(name)) for name in names) or "(?!)"


def code(rule, **known):
    """The digest of the code that decides a rule's numbers, as a parameter of it. `known` counts as a wildcard."""
    return lambda wildcards: PARAMETERS.code(rule, **dict(wildcards.items()), **known)


def for_each(pattern, **values):
    """The files of `pattern` for all values of some of its wildcards, the last one fastest; the others stay."""
    return expand(pattern, **values, allow_missing=True)


def given(pattern, values, more):
    """The file of `pattern`; the list of its files where some wildcards have several values (`more`)."""
    return filled(pattern, **values, **more) if more else pattern.format(**values)


def if_made(table, pattern, **more):
    """A function for a rule's input: the files of `pattern`, if its data set has such a table, else none."""

    def files(wildcards):
        if table not in PLAN.tables(wildcards.dataset):
            return []
        several = {name: values(wildcards) for name, values in more.items()}
        return given(pattern, {"dataset": wildcards.dataset}, several)

    return files


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


def kept(files):
    """The outputs of a job that leaves those of its parts as they are which were made of what is there now. Snakemake
    deletes them all before the job; so they are kept under a second name when a run begins (`onstart`).
    """
    return flag(files, "kept")


def measuring(rule):
    """The rules that do the work of `rule`, each for all protocols of those data sets that have the same ones. What a profile
    or `--set-resources` says of `rule` holds for all of them.
    """
    found = by_protocols(PLAN, rule)
    said = workflow.resource_settings._parsed_overwrite_resources
    said.update({group.rule: said[rule] for group in found if rule in said})
    return found


def tables_given(family, patterns):
    """Functions for the inputs of a rule that draws figures, the files of each table, by the names of `patterns`."""

    def given(table, pattern):
        return lambda it: family.given(PLAN, it.dataset, table, pattern)

    return {table: given(table, pattern) for table, pattern in patterns.items()}


def figures_drawn(family, patterns):
    """What such a rule is told of each of its figures, as a parameter of it."""
    return lambda it: family.parts(PARAMETERS, it.dataset, patterns)


def improved_on(pattern):
    """A function for a rule's input: the file of the network that the rule's network improves on."""
    return lambda it: pattern.format(network=PLAN.remedied[it.network])


def here():
    """Whether jobs run on this machine, known once the executor is."""
    executor = workflow.executor_plugin
    return executor is None or executor.common_settings.local_exec


def gpus(wildcards):
    """The GPUs that a job asks for."""
    return PARAMETERS.gpus(here=here())


def keep_outputs(dag):
    """Keep what jobs may leave as it is, before Snakemake deletes it; not for a rule that is to run again by its name."""
    for job in dag.needrun_jobs():
        again = job.rule in dag.forcerules
        for file in job.output:
            if is_flagged(file, "kept"):
                (release if again else keep)(file)


def hash_once():
    """Have Snakemake hash each version of a file once. When a job ends, it hashes all inputs again for each of the outputs, and
    no other job begins meanwhile (snakemake/snakemake#4240): with 1 GB of frames and six protocols, for nine seconds a job.
    """
    hashed, known = _IOFile.checksum, {}

    async def checksum(file, *args, **settings):
        try:
            found = os.stat(file.file)
        except OSError:
            return await hashed(file, *args, **settings)
        version = found.st_ino, found.st_size, found.st_mtime_ns
        asked = (file.file, *version, *args, *settings.items())
        if asked not in known:
            known[asked] = await hashed(file, *args, **settings)
        return known[asked]

    _IOFile.checksum = checksum


onstart:
    hash_once()
    try:
        # Here, and not where the plan is read: only a run that makes networks has seconds for it.
        check_networks(
            PLAN,
            [
                job.wildcards.network
                for job in workflow.dag.needrun_jobs()
                if job.rule.name in ("train", "network")
            ],
        )
    except ShiftscopeError as error:
        refuse(error)
    look_past_what_is_there()
    keep_outputs(workflow.dag)
    # Jobs on this machine are limited by its cores. To limit how many begin in a second as well, which nobody asked for,
    # Snakemake looks again, a second after each look, at all jobs that are ready and at the sizes of their inputs. Each job
    # that ends makes such looks more frequent, until they take a core of their own (snakemake/snakemake#3744).
    if here():
        workflow.scheduler.job_rate_limiter = None
