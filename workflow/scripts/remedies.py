"""All remedies of a data set in one table."""

from shiftscope.core import tables
from shiftscope.remedies import REMEDIES
from shiftscope.remedies.networks import gathered
from shiftscope.workflow.job import job

with job(snakemake.log[0]):
    files, params = snakemake.input, snakemake.params
    parts = [tables.read(path, REMEDIES) for path in (*files.answers, *files.networks)]
    tables.write(snakemake.output.remedies, gathered(parts, params.networks, params.remedies), REMEDIES)
