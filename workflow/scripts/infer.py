"""Run one network over one shard of the frames of each protocol."""

import json
from pathlib import Path

from shiftscope.core import tables
from shiftscope.stages.infer import Inference
from shiftscope.workflow.job import job_in_parts

with job_in_parts(snakemake, "protocol") as parts:
    inference = Inference(
        card=json.loads(Path(snakemake.input.card).read_text()),
        program_path=snakemake.input.program,
        images=tables.read(snakemake.input.images, tables.IMAGES),
        threads=snakemake.threads,
        keep_logits=snakemake.params.keep_logits,
        **snakemake.params.audit,
    )
    for part in parts:
        (canvases,), (frames,) = part.input.canvases, part.input.frames
        inference.answer(
            canvases_path=canvases,
            frames_path=frames,
            path=part.output.predictions,
            running_path=part.output.running,
        )
