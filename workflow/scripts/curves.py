"""Measures by what each protocol sweeps."""

from shiftscope.core import tables
from shiftscope.sensitivity import CURVES
from shiftscope.sensitivity.summary import curves
from shiftscope.workflow.job import job

with job(snakemake.log[0]):
    files = zip(map(tuple, snakemake.params.cells), snakemake.input.predictions, strict=True)
    table = curves(
        dict(files),
        snakemake.params.ordered,
        seed=snakemake.params.seed,
        level=snakemake.params.level,
        n_resamples=snakemake.params.resamples,
    )
    tables.write(snakemake.output.curves, table, CURVES)
