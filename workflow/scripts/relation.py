"""Whether networks move more on categories that are framed more tightly."""

from shiftscope.association import CORRELATION
from shiftscope.association.correlation import relation
from shiftscope.bias import BIAS
from shiftscope.core import tables
from shiftscope.workflow.job import job

with job(snakemake):
    files, params = snakemake.input, snakemake.params
    table = relation(
        dict(zip(map(tuple, params.cells), files.sums, strict=True)),
        tables.read(files.images, tables.IMAGES),
        tables.read(files.bias, BIAS),
        seed=params.seed,
        level=params.level,
    )
    tables.write(snakemake.output.relation, table, CORRELATION)
