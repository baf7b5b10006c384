"""How much the answer depends on which boxes count."""

from shiftscope.bias import INCLUSION
from shiftscope.bias.inclusion import sensitivity_to_inclusion
from shiftscope.bias.selection import Inclusion
from shiftscope.core import tables
from shiftscope.workflow.job import job

with job(snakemake):
    boxes = tables.read(snakemake.input.boxes, tables.BOXES)
    params = snakemake.params
    table = sensitivity_to_inclusion(boxes, seed=params.seed, inclusion=Inclusion(**params.inclusion), **params.options)
    tables.write(snakemake.output.inclusion, table, INCLUSION)
