"""Measures of every network and protocol, with intervals."""

from shiftscope.core import tables
from shiftscope.sensitivity import SENSITIVITY
from shiftscope.sensitivity.estimates import sensitivity
from shiftscope.sensitivity.sides import by_cell
from shiftscope.workflow.job import job

with job(snakemake):
    files = by_cell(snakemake.params.cells, snakemake.input.sums, snakemake.input.draws)
    table = sensitivity(files, level=snakemake.params.level)
    tables.write(snakemake.output.sensitivity, table, SENSITIVITY)
