"""Sum what one network answers on the frames of one protocol, for each picture and over resampled pictures."""

from shiftscope.sensitivity.one_network import sum_network
from shiftscope.workflow.job import job

with job(snakemake):
    sum_network(
        snakemake.input.predictions,
        ordered=snakemake.params.ordered,
        seed=snakemake.params.seed,
        n_resamples=snakemake.params.resamples,
        sums_path=snakemake.output.sums,
        draws_path=snakemake.output.draws,
    )
