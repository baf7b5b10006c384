"""Draw one figure."""

from shiftscope.figures import figures, save
from shiftscope.figures.material import material_of
from shiftscope.workflow.job import job

with job(snakemake.log[0]):
    material = material_of(snakemake.input, snakemake.params.facts)
    drawing = figures[snakemake.wildcards.figure].item.draw(material)
    save(drawing, **snakemake.output)
