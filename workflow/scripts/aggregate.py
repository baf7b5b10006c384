"""Put the shards of a network's predictions together, once they are whole."""

from shiftscope.core import tables
from shiftscope.stages.aggregate import IMAGE_IDS, aggregate
from shiftscope.workflow.job import job

with job(snakemake):
    aggregate(
        shards=snakemake.input.shards,
        frames=snakemake.input.frames,
        skipped=snakemake.input.skipped,
        images=tables.read(snakemake.input.images, IMAGE_IDS),
        path=snakemake.output.predictions,
        running=snakemake.input.running,
        running_path=snakemake.output.running,
    )
