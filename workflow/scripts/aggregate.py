"""Put the shards of a network's predictions on each protocol together, once they are whole."""

from shiftscope.core import tables
from shiftscope.stages.aggregate import IMAGE_IDS, aggregate
from shiftscope.workflow.job import job_in_parts

with job_in_parts(snakemake, "protocol") as parts:
    images = tables.read(snakemake.input.images, IMAGE_IDS)
    for part in parts:
        aggregate(
            shards=part.input.shards,
            frames=part.input.frames,
            skipped=part.input.skipped,
            images=images,
            path=part.output.predictions,
            running=part.input.running,
            running_path=part.output.running,
        )
