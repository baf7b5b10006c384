"""Train a network on a data set of this run."""

from shiftscope.core import tables
from shiftscope.stages.train import train_network
from shiftscope.workflow.job import job

with job(snakemake.log[0], gpus=snakemake.resources.gpu):
    train_network(
        **snakemake.params.network,
        name=snakemake.wildcards.network,
        images=tables.read(snakemake.input.images, tables.IMAGES),
        validation=tables.read_if(snakemake.input.validation, tables.IMAGES),
        start=snakemake.input.start or None,
        seed=snakemake.params.seed,
        device=snakemake.params.device,
        threads=snakemake.threads,
        path=snakemake.output.weights,
        curve_path=snakemake.output.training,
        code=snakemake.params.code,
    )
