"""Whether a network moves more where the framing is tighter, and loses accuracy where it is unlike the training set's."""

from shiftscope.bias import BIAS, CORRELATION
from shiftscope.bias.correlation import bias_against_sensitivity
from shiftscope.bias.surprisal import surprisal, tightness
from shiftscope.core import tables
from shiftscope.sensitivity import ACCURACY_BY_SURPRISAL
from shiftscope.sensitivity.classes import per_class
from shiftscope.sensitivity.quarters import accuracy_by_surprisal
from shiftscope.sensitivity.summary import all_sums
from shiftscope.workflow.job import job

with job(snakemake.log[0]):
    given = snakemake.params.given
    files = zip(map(tuple, snakemake.params.cells), snakemake.input.predictions, strict=True)
    sums = all_sums(dict(files), snakemake.params.ordered)
    moves = per_class(sums, tables.read(snakemake.input.images, tables.IMAGES))
    effect = tightness(tables.read(snakemake.input.bias, BIAS))
    relation = bias_against_sensitivity(effect, moves, seed=given["seed"], level=given["level"])
    tables.write(snakemake.output.relation, relation, CORRELATION)
    boxes = tables.read(snakemake.input.boxes, tables.BOXES)
    others = zip(snakemake.params.others, snakemake.input.others, strict=True)
    unlike = {name: surprisal(boxes, tables.read(path, tables.BOXES), seed=given["seed"]) for name, path in others}
    table = accuracy_by_surprisal(unlike, sums, seed=given["seed"], level=given["level"], n_resamples=given["resamples"])
    tables.write(snakemake.output.accuracy_by_surprisal, table, ACCURACY_BY_SURPRISAL)
