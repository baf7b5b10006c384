"""How a data set is framed."""

from shiftscope import tables
from shiftscope.bias import BIAS
from shiftscope.bias.boxes import box_statistics
from shiftscope.job import job

with job(snakemake.log[0]):
    table = box_statistics(
        tables.read(snakemake.input.boxes, tables.BOXES),
        seed=snakemake.params.seed,
        minimum_n=snakemake.params.minimum_boxes,
        level=snakemake.params.level,
    )
    tables.write(snakemake.output.bias, table, BIAS)
