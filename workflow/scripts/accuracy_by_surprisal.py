"""Whether networks lose accuracy on pictures that are framed unlike the training set."""

from shiftscope.association import ACCURACY_BY_SURPRISAL
from shiftscope.association.accuracy import accuracy_by_surprisal
from shiftscope.core import tables
from shiftscope.workflow.job import job

with job(snakemake):
    files, params = snakemake.input, snakemake.params
    table = accuracy_by_surprisal(
        dict(zip(map(tuple, params.cells), files.sums, strict=True)),
        tables.read(files.boxes, tables.BOXES),
        {name: tables.read(path, tables.BOXES) for name, path in zip(params.others, files.others, strict=True)},
        seed=params.seed,
        level=params.level,
        n_resamples=params.resamples,
    )
    tables.write(snakemake.output.accuracy_by_surprisal, table, ACCURACY_BY_SURPRISAL)
