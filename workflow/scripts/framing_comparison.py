"""Whether two data sets are framed alike."""

import polars as pl

from shiftscope.bias import FRAMING_COMPARISON
from shiftscope.bias.comparison import compare_framing
from shiftscope.bias.selection import Inclusion
from shiftscope.core import tables
from shiftscope.workflow.job import job

with job(snakemake):
    both = [pl.scan_parquet(path, glob=False) for path in (snakemake.input.boxes, snakemake.input.other)]
    params = snakemake.params
    table = compare_framing(*both, seed=params.seed, inclusion=Inclusion(**params.inclusion), **params.options)
    tables.write(snakemake.output.comparison, table, FRAMING_COMPARISON)
