"""Score the frames of one shard."""

from shiftscope.core import tables
from shiftscope.remedies.scores import SCORES, frame_scores
from shiftscope.workflow.job import job

with job(snakemake):
    table = frame_scores(snakemake.input.canvases, snakemake.input.frames, int(snakemake.wildcards.size))
    tables.write(snakemake.output.scores, table, SCORES)
