"""What augmentation gains, by the framing of the pictures that networks were trained on."""

from shiftscope.bias import FRAMING_COMPARISON
from shiftscope.core import tables
from shiftscope.remedies import AUGMENTATION
from shiftscope.remedies.augmentation import Taught, augmentation_gains, framing_distance
from shiftscope.workflow.job import job

with job(snakemake):
    files, params = snakemake.input, snakemake.params
    compared = [tables.read(path, FRAMING_COMPARISON) for path in files.framing]
    table = augmentation_gains(
        [Taught(*one) for one in params.taught],
        dict(zip(map(tuple, params.cells), files.sums, strict=True)),
        dict(zip(params.others, map(framing_distance, compared), strict=True)),
        seed=params.seed,
        level=params.level,
        n_resamples=params.resamples,
    )
    tables.write(snakemake.output.augmentation, table, AUGMENTATION)
