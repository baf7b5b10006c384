"""Try the remedies that work on answers, on those of one network."""

import json
from pathlib import Path

from shiftscope.core import tables
from shiftscope.remedies import REMEDIES
from shiftscope.remedies.answering import answer_remedies
from shiftscope.workflow.job import job

with job(snakemake):
    table = answer_remedies(
        card=json.loads(Path(snakemake.input.card).read_text()),
        tried=snakemake.params.tried,
        predictions=snakemake.input.predictions,
        scores=snakemake.input.scores,
        seed=snakemake.params.seed,
        level=snakemake.params.level,
        n_resamples=snakemake.params.resamples,
    )
    tables.write(snakemake.output.remedies, table, REMEDIES)
