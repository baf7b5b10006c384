"""Bring a data set's files to this machine, or note where they are."""

from shiftscope.stages.fetch import fetch_source
from shiftscope.workflow.job import job

with job(snakemake):
    fetch_source(**snakemake.params.source, seed=snakemake.params.seed, path=snakemake.output.source)
