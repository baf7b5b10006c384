"""List, open and check a data set's pictures."""

from shiftscope.core import tables
from shiftscope.stages.fetch import source_from
from shiftscope.stages.images import make_images
from shiftscope.workflow.job import job

with job(snakemake):
    source, folder = source_from(**snakemake.params.source, path=snakemake.input.source)
    images, skipped = make_images(source, folder, snakemake.params.seed)
    tables.write(snakemake.output.images, images, tables.IMAGES)
    tables.write(snakemake.output.skipped, skipped, tables.SKIPPED)
