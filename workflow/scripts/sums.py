"""Sum what one network answers on the frames of each protocol, for each picture and over resampled pictures."""

from shiftscope.sensitivity.one_network import sum_network
from shiftscope.workflow.job import job_in_parts

with job_in_parts(snakemake, "protocol") as parts:
    for part in parts:
        (predictions,) = part.input.predictions
        sum_network(
            predictions,
            ordered=part.params["ordered"],
            seed=snakemake.params.seed,
            n_resamples=snakemake.params.resamples,
            sums_path=part.output.sums,
            draws_path=part.output.draws,
        )
