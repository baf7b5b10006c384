"""Every two networks compared on the same pictures."""

from shiftscope.core import tables
from shiftscope.sensitivity import COMPARISONS
from shiftscope.sensitivity.comparisons import comparisons
from shiftscope.sensitivity.sides import by_cell
from shiftscope.workflow.job import job

with job(snakemake):
    table = comparisons(
        by_cell(snakemake.params.cells, snakemake.input.sums, snakemake.input.draws),
        seed=snakemake.params.seed,
        level=snakemake.params.level,
        n_resamples=snakemake.params.resamples,
        adjust=snakemake.params.adjust,
    )
    tables.write(snakemake.output.comparisons, table, COMPARISONS)
