"""Measures by what each protocol sweeps."""

from shiftscope.core import tables
from shiftscope.sensitivity import CURVES
from shiftscope.sensitivity.estimates import curves
from shiftscope.workflow.job import job

with job(snakemake):
    draws = dict(zip(map(tuple, snakemake.params.cells), snakemake.input.draws, strict=True))
    table = curves(draws, level=snakemake.params.level)
    tables.write(snakemake.output.curves, table, CURVES)
