"""Measure what each layer of a network does while pictures move."""

import json
from pathlib import Path

from shiftscope.cause import GEOMETRY, LAYERS, MAPS
from shiftscope.cause.inside import look_inside
from shiftscope.core import tables
from shiftscope.workflow.job import job

with job(snakemake):
    inside = look_inside(
        card=json.loads(Path(snakemake.input.card).read_text()),
        protocol=snakemake.wildcards.protocol,
        canvases_paths=snakemake.input.canvases,
        frames_paths=snakemake.input.frames,
        threads=snakemake.threads,
        seed=snakemake.params.seed,
        level=snakemake.params.level,
        **snakemake.params.options,
    )
    tables.write(snakemake.output.layers, inside.layers, LAYERS)
    tables.write(snakemake.output.geometry, inside.geometry, GEOMETRY)
    tables.write(snakemake.output.maps, inside.maps, MAPS)
