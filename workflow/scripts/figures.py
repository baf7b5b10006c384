"""Draw the figures of one family of a data set."""

from shiftscope.figures.inputs import draw_files
from shiftscope.workflow.job import job_in_parts

with job_in_parts(snakemake, "figure") as parts:
    for part in parts:
        draw_files(vars(part.input), {**part.params["facts"], **part.params["drawn"]}, vars(part.output))
