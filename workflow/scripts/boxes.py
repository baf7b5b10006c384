"""The boxes of a data set's pictures."""

from shiftscope.core import tables
from shiftscope.stages.annotations import make_boxes
from shiftscope.stages.fetch import source_from
from shiftscope.workflow.job import job

with job(snakemake):
    source, folder = source_from(**snakemake.params.source, path=snakemake.input.source)
    boxes = make_boxes(source, folder, tables.read(snakemake.input.images, tables.IMAGES))
    tables.write(snakemake.output.boxes, boxes, tables.BOXES)
