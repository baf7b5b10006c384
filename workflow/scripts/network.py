"""Make a network ready: loaded, checked, described, timed."""

from shiftscope.stages.prepare import prepare_network
from shiftscope.workflow.job import job

with job(snakemake.log[0], gpus=snakemake.resources.gpu):
    prepare_network(
        **snakemake.params.network,
        name=snakemake.wildcards.network,
        weights=snakemake.input.weights,
        engine=snakemake.params.engine,
        batch_size=snakemake.params.batch_size,
        precision=snakemake.params.precision,
        choices=snakemake.params.choices,
        code=snakemake.params.code,
        device=snakemake.params.device,
        threads=snakemake.threads,
        seed=snakemake.params.seed,
        card_path=snakemake.output.card,
        program_path=snakemake.output.program,
    )
