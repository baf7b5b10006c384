"""What the workflow makes when it is asked for nothing in particular."""

from shiftscope.workflow.exploring import explorer_files
from shiftscope.workflow.exporting import csv_files
from shiftscope.workflow.plan import Plan


def ends(plan: Plan) -> list[str]:
    """The files that all others are made for: pages, figures for print, CSVs and explorers."""
    return [*plan.targets(), *csv_files(plan), *explorer_files(plan)]
