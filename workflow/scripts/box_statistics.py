"""How a data set is framed."""

import polars as pl

from shiftscope.bias import BIAS
from shiftscope.bias.boxes import box_statistics
from shiftscope.bias.selection import Inclusion
from shiftscope.core import tables
from shiftscope.workflow.job import job

with job(snakemake):
    boxes = pl.scan_parquet(snakemake.input.boxes, glob=False)
    params = snakemake.params
    table = box_statistics(boxes, seed=params.seed, inclusion=Inclusion(**params.inclusion), **params.options)
    tables.write(snakemake.output.bias, table, BIAS)
