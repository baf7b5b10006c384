"""How a data set is framed."""

import polars as pl

from shiftscope.bias import BIAS
from shiftscope.bias.boxes import box_statistics
from shiftscope.core import tables
from shiftscope.workflow.job import job

with job(snakemake.log[0]):
    boxes = pl.scan_parquet(snakemake.input.boxes, glob=False)
    table = box_statistics(boxes, seed=snakemake.params.seed, **snakemake.params.options)
    tables.write(snakemake.output.bias, table, BIAS)
