"""Run one network over one shard of frames."""

import json
from pathlib import Path

from shiftscope.core import tables
from shiftscope.stages.infer import infer
from shiftscope.workflow.job import job

with job(snakemake.log[0], gpus=snakemake.resources.gpu):
    infer(
        card=json.loads(Path(snakemake.input.card).read_text()),
        program_path=snakemake.input.program,
        canvases_path=snakemake.input.canvases,
        frames_path=snakemake.input.frames,
        images=tables.read(snakemake.input.images, tables.IMAGES),
        threads=snakemake.threads,
        keep_logits=snakemake.params.keep_logits,
        **snakemake.params.audit,
        path=snakemake.output.predictions,
        running_path=snakemake.output.running,
    )
