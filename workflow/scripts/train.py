"""Train a network on a data set of this run."""

from shiftscope import tables
from shiftscope.job import job
from shiftscope.training import train_network

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
