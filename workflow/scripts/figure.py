"""Draw one figure of a data set, for all protocols that it is drawn for."""

from shiftscope.figures.inputs import draw_files
from shiftscope.workflow.job import job

with job(snakemake):
    draw_files(snakemake.input, snakemake.params.facts, snakemake.output)
