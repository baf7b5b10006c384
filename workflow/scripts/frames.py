"""Make the frames of one shard."""

from shiftscope.core import tables
from shiftscope.stages.frames import make_frames
from shiftscope.stages.images import shard_of
from shiftscope.workflow.job import job

with job(snakemake):
    images = tables.read(snakemake.input.images, tables.IMAGES)
    make_frames(
        **snakemake.params.protocol,
        images=shard_of(images, snakemake.params.shard, snakemake.params.shards),
        boxes=tables.read_if(snakemake.input.get("boxes"), tables.BOXES),
        size=int(snakemake.wildcards.size),
        seed=snakemake.params.seed,
        refuse=snakemake.params.refuse,
        canvases_path=snakemake.output.canvases,
        frames_path=snakemake.output.frames,
        skipped_path=snakemake.output.skipped,
    )
