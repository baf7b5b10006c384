"""All remedies of a data set in one table."""

from shiftscope.core import tables
from shiftscope.remedies import REMEDIES
from shiftscope.remedies.networks import gathered
from shiftscope.workflow.job import job

with job(snakemake):
    params = snakemake.params
    parts = [tables.read(path, REMEDIES) for path in snakemake.input.parts]
    tables.write(snakemake.output.remedies, gathered(parts, params.networks, params.remedies), REMEDIES)
