"""Measures of every network and protocol, with intervals."""

from shiftscope.core import tables
from shiftscope.sensitivity import SENSITIVITY
from shiftscope.sensitivity.summary import all_sums, sensitivity
from shiftscope.workflow.job import job

with job(snakemake.log[0]):
    files = zip(map(tuple, snakemake.params.cells), snakemake.input.predictions, strict=True)
    table = sensitivity(
        all_sums(dict(files), snakemake.params.ordered),
        seed=snakemake.params.seed,
        level=snakemake.params.level,
        n_resamples=snakemake.params.resamples,
    )
    tables.write(snakemake.output.sensitivity, table, SENSITIVITY)
