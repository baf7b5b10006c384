"""Make the frames of one shard."""

from shiftscope.core import tables
from shiftscope.stages.frames import make_frames
from shiftscope.stages.images import read_shard
from shiftscope.workflow.job import job

with job(snakemake):
    make_frames(
        **snakemake.params.protocol,
        images=read_shard(snakemake.input.images, snakemake.params.shard, snakemake.params.shards),
        boxes=tables.scan_if(snakemake.input.get("boxes")),
        size=int(snakemake.wildcards.size),
        seed=snakemake.params.seed,
        refuse=snakemake.params.refuse,
        canvases_path=snakemake.output.canvases,
        frames_path=snakemake.output.frames,
        skipped_path=snakemake.output.skipped,
    )
