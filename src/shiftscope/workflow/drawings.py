"""Which rules draw figures: one for each figure, whose jobs draw it for all protocols of a data set.

To start a job and to import what it draws with takes longer than to draw one more figure. Figures of one kind go together,
since an edit of it redraws these alone, and since they are drawn from the same tables: who asks for one of them does not
wait for what others need.
"""

from typing import NamedTuple

from shiftscope.workflow.grouping import groups
from shiftscope.workflow.plan import Plan


class Drawn(NamedTuple):
    """What one rule draws."""

    rule: str
    """The name of the rule."""
    figure: str
    protocols: tuple[str | None, ...]
    """Those that it is drawn for; one None for a figure that is drawn once for the data set."""
    datasets: tuple[str, ...]

    def files(self, plan: Plan, ending: str) -> list[str]:
        """The patterns of its files, in the order of the protocols (`ending`: png, pdf, or txt for the captions)."""
        return [plan.figure_file("{dataset}", self.figure, protocol, ending) for protocol in self.protocols]


def drawings(plan: Plan) -> list[Drawn]:
    """A rule for each figure. One that data sets have for different protocols has several, named after the data sets."""
    found: dict[str, dict[str, tuple[str | None, ...]]] = {}
    for dataset in plan.config.datasets:
        for figure, protocol in plan.drawn(dataset):
            drawn_for = found.setdefault(figure, {})
            drawn_for[dataset] = (*drawn_for.get(dataset, ()), protocol)
    return [
        Drawn(group.rule, figure, group.common, group.datasets)
        for figure, drawn_for in found.items()
        for group in groups(f"figure_{figure}", drawn_for)
    ]
