"""All tables of a data set as CSV, and one row per network to put beside other people's tables."""

from shiftscope.report.exports import export
from shiftscope.workflow.job import job

with job(snakemake):
    params = snakemake.params
    export(params.files, dict(zip(params.tables, snakemake.output, strict=True)))
