"""Where pairs of points are, such as eyes."""

from shiftscope.bias import BIAS
from shiftscope.bias.landmarks import landmark_statistics
from shiftscope.core import tables
from shiftscope.workflow.job import job

with job(snakemake):
    landmarks = tables.read(snakemake.input.landmarks, tables.LANDMARKS)
    table = landmark_statistics(landmarks, seed=snakemake.params.seed, **snakemake.params.options)
    tables.write(snakemake.output.bias, table, BIAS)
