"""Networks that are remedies against the networks that they improve on."""

from shiftscope.core import tables
from shiftscope.remedies import REMEDIES
from shiftscope.remedies.networks import costs, network_remedies
from shiftscope.sensitivity.sides import by_cell
from shiftscope.workflow.job import job

with job(snakemake):
    files, params = snakemake.input, snakemake.params
    pairs = list(map(tuple, params.pairs))
    table = network_remedies(
        pairs,
        by_cell(params.cells, files.sums, files.draws),
        costs(pairs, files.cards, files.cards_without, files.prices, params.epochs),
        seed=params.seed,
        level=params.level,
        n_resamples=params.resamples,
    )
    tables.write(snakemake.output.remedies, table, REMEDIES)
