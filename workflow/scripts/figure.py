"""Draw one figure."""

from shiftscope.figures import figures, save
from shiftscope.figures.inputs import inputs_of
from shiftscope.workflow.job import job

with job(snakemake):
    inputs = inputs_of(snakemake.input, snakemake.params.facts)
    drawing = figures[snakemake.wildcards.figure].item.draw(inputs)
    save(drawing, **snakemake.output)
