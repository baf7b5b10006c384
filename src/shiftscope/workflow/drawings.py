"""Which rules draw figures: one for each figure, whose jobs draw it for all protocols of a data set.

To start a job and to import what it draws with takes longer than to draw one more figure. Figures of one kind go together,
since an edit of it redraws these alone, and since they are drawn from the same tables: who asks for one of them does not
wait for what others need.
"""

from typing import NamedTuple

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
    found: dict[str, dict[tuple[str | None, ...], list[str]]] = {}
    for dataset in plan.config.datasets:
        protocols: dict[str, list[str | None]] = {}
        for figure, protocol in plan.drawn(dataset):
            protocols.setdefault(figure, []).append(protocol)
        for figure, drawn_for in protocols.items():
            found.setdefault(figure, {}).setdefault(tuple(drawn_for), []).append(dataset)
    return [
        Drawn("_".join(["figure", figure, *(datasets if len(groups) > 1 else ())]), figure, drawn_for, tuple(datasets))
        for figure, groups in found.items()
        for drawn_for, datasets in groups.items()
    ]
