"""Bring a network's published weights to this machine."""

from shiftscope.job import job
from shiftscope.prepare import fetch_weights

with job(snakemake.log[0]):
    fetch_weights(**snakemake.params.network, path=snakemake.output.weights)
