"""The named points of a data set's pictures."""

from shiftscope.core import tables
from shiftscope.stages.annotations import make_landmarks
from shiftscope.stages.fetch import source_from
from shiftscope.workflow.job import job

with job(snakemake):
    source, folder = source_from(**snakemake.params.source, path=snakemake.input.source)
    landmarks = make_landmarks(source, folder, tables.read(snakemake.input.images, tables.IMAGES))
    tables.write(snakemake.output.landmarks, landmarks, tables.LANDMARKS)
