"""The page that a run ends with."""

from shiftscope.core.html import save
from shiftscope.report.inputs import page_inputs
from shiftscope.report.page import render
from shiftscope.workflow.job import job

with job(snakemake):
    inputs = page_inputs(snakemake.input, snakemake.params.facts)
    save(render(inputs), snakemake.output.report)
