"""List, open and check a data set's pictures."""

from shiftscope.core import tables
from shiftscope.stages.fetch import source_from
from shiftscope.stages.images import make_images
from shiftscope.stages.source_files import SOURCE_FILES, source_files
from shiftscope.workflow.job import job

with job(snakemake):
    source, folder = source_from(**snakemake.params.source, path=snakemake.input.source)
    images, skipped = make_images(source, folder, snakemake.params.seed)
    tables.write(snakemake.output.images, images, tables.IMAGES)
    tables.write(snakemake.output.skipped, skipped, tables.SKIPPED)
    tables.write(snakemake.output.source_files, source_files(images), SOURCE_FILES)
