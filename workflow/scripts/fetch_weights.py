"""Bring a network's published weights to this machine."""

from shiftscope.stages.prepare import fetch_weights
from shiftscope.workflow.job import job

with job(snakemake):
    fetch_weights(**snakemake.params.network, path=snakemake.output.weights)
