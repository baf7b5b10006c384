"""Train a network on a data set of this run."""

from shiftscope.core import tables
from shiftscope.stages.train import train_network
from shiftscope.workflow.job import job

with job(snakemake.log[0]):
    train_network(
        **snakemake.params.network,
        name=snakemake.wildcards.network,
        images=tables.read(snakemake.input.images, tables.IMAGES),
        seed=snakemake.params.seed,
        device=snakemake.params.device,
        threads=snakemake.threads,
        path=snakemake.output.weights,
    )
