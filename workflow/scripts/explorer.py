"""The page on which the answers to single pictures can be looked at."""

from shiftscope.core.html import save
from shiftscope.explorer.inputs import inputs_of
from shiftscope.explorer.page import render
from shiftscope.workflow.job import job

with job(snakemake):
    save(render(inputs_of(snakemake.input, snakemake.params.facts)), snakemake.output.explorer)
