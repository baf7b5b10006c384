"""Measures of every network and protocol, with intervals."""

from shiftscope import tables
from shiftscope.job import job
from shiftscope.sensitivity import SENSITIVITY
from shiftscope.sensitivity.summary import sensitivity, sums

with job(snakemake.log[0]):
    files = zip(snakemake.params.cells, snakemake.input.predictions, strict=True)
    table = sensitivity(
        {tuple(cell): sums(tables.read(path, tables.PREDICTIONS)) for cell, path in files},
        seed=snakemake.params.seed,
        level=snakemake.params.level,
        n_resamples=snakemake.params.resamples,
    )
    tables.write(snakemake.output.sensitivity, table, SENSITIVITY)
