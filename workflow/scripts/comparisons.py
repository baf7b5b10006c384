"""Every two networks compared on the same pictures."""

from shiftscope.core import tables
from shiftscope.sensitivity import COMPARISONS
from shiftscope.sensitivity.comparisons import comparisons
from shiftscope.sensitivity.summary import all_sums
from shiftscope.workflow.job import job

with job(snakemake.log[0]):
    files = zip(map(tuple, snakemake.params.cells), snakemake.input.predictions, strict=True)
    table = comparisons(
        all_sums(dict(files), snakemake.params.ordered),
        seed=snakemake.params.seed,
        level=snakemake.params.level,
        n_resamples=snakemake.params.resamples,
        adjust=snakemake.params.adjust,
    )
    tables.write(snakemake.output.comparisons, table, COMPARISONS)
