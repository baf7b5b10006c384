"""Time a network against the one that it improves on."""

import json
from pathlib import Path

from shiftscope.stages.price import price
from shiftscope.workflow.job import job

with job(snakemake.log[0], gpus=snakemake.resources.gpu):
    files = snakemake.input
    price(
        card=json.loads(Path(files.card).read_text(encoding="utf-8")),
        program_path=files.program,
        card_without=json.loads(Path(files.card_without).read_text(encoding="utf-8")),
        program_path_without=files.program_without,
        threads=snakemake.threads,
        seed=snakemake.params.seed,
        path=snakemake.output.price,
    )
