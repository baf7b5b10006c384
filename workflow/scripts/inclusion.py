"""How much the answer depends on which boxes count."""

import polars as pl

from shiftscope.bias import BIAS, INCLUSION
from shiftscope.bias.inclusion import sensitivity_to_inclusion
from shiftscope.bias.selection import Inclusion
from shiftscope.core import tables
from shiftscope.workflow.job import job

with job(snakemake):
    boxes = pl.scan_parquet(snakemake.input.boxes, glob=False)
    chosen, params = tables.read(snakemake.input.bias, BIAS), snakemake.params
    choices = Inclusion(**params.inclusion)
    table = sensitivity_to_inclusion(boxes, seed=params.seed, inclusion=choices, chosen=chosen, **params.options)
    tables.write(snakemake.output.inclusion, table, INCLUSION)
