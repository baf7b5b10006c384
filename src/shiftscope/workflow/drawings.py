"""Which rules draw figures: one for each family of figures, whose jobs draw all of them for a data set.

To start a job and to import what it draws with takes longer than to draw many a figure. Figures of one family are drawn
from what the same stages make, so that who asks for one of them does not wait for a stage that it does not need.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from shiftscope.workflow.grouping import groups
from shiftscope.workflow.parameters import Parameters
from shiftscope.workflow.paths import filled
from shiftscope.workflow.plan import AUGMENTED, BOXED, INSIDE, LANDMARKED, MEASURED, REMEDIED, Plan

FAMILIES = {
    "framing": BOXED | LANDMARKED,
    "frames": frozenset({"frames"}),
    "answers": MEASURED | {"boxes"},
    "layers": INSIDE,
    "remedies": REMEDIED | AUGMENTED,
}
"""What the figures of each family are drawn from. A figure belongs to the first one that has all of its tables; one whose
tables no family has is drawn alone."""


class Drawn(NamedTuple):
    """A figure that is drawn."""

    figure: str
    protocol: str | None
    """The one that it is drawn for; None for a figure that is drawn once for the data set."""

    def path(self) -> str:
        """Where its files are in the folder of figures, without their ending.

        >>> Drawn("heatmap", "crop").path(), Drawn("measures", None).path()
        ('crop/heatmap', 'measures')
        """
        return f"{self.protocol}/{self.figure}" if self.protocol else self.figure

    def given(self, plan: Plan, dataset: str, table: str, pattern: str) -> list[str]:
        """The files of a table, of which `pattern` is one, that it is drawn from; none of a table that it does not need."""
        if table == "boxes":
            boxes = plan.boxes_of_figure(dataset, self.figure, [self.protocol])
            return [boxes] if isinstance(boxes, str) else []
        if table not in plan.drawn_from(self.figure):
            return []
        values: dict[str, list[Any]] = {
            "dataset": [dataset],
            "protocol": plan.protocols_shown(dataset, [self.protocol]),
            "network": plan.trained_of(dataset) if table == "training" else plan.networks_of(dataset),
            "size": plan.sizes_of(dataset),
            "shard": plan.shards,
        }
        return filled(pattern, **{name: several for name, several in values.items() if f"{{{name}}}" in pattern})


class Family(NamedTuple):
    """What one rule draws."""

    rule: str
    """The name of the rule."""
    name: str
    """The name of the family; that of the figure if it is drawn alone."""
    drawn: tuple[Drawn, ...]
    datasets: tuple[str, ...]

    def files(self, plan: Plan, ending: str) -> list[str]:
        """The patterns of its files, in the order of `drawn` (`ending`: png, pdf, or txt for the captions)."""
        return [plan.figure_file("{dataset}", *one, ending) for one in self.drawn]

    def given(self, plan: Plan, dataset: str, table: str, pattern: str) -> list[str]:
        """The files of a table, of which `pattern` is one, that its figures are drawn from, one figure after the other."""
        return [path for one in self.drawn for path in one.given(plan, dataset, table, pattern)]

    def parts(self, parameters: Parameters, dataset: str, patterns: Mapping[str, str]) -> dict[str, dict[str, Any]]:
        """Its figures as the parts of a job (`job.job_in_parts`): the parameters of each, by its path.

        Parameters
        ----------
        patterns : a file of each table that there is, by the name of the table.
        """
        plan = parameters.plan
        return {
            one.path(): {
                "files": {table: len(one.given(plan, dataset, table, pattern)) for table, pattern in patterns.items()},
                "drawn": parameters.figure_facts(dataset, *one),
                "code": parameters.code("figures", dataset=dataset, figure=one.figure, protocol=one.protocol or ""),
            }
            for one in self.drawn
        }


def drawings(plan: Plan) -> list[Family]:
    """A rule for each family. One whose figures differ between data sets has several, named after the data sets."""
    found: dict[str, dict[str, tuple[Drawn, ...]]] = {}
    for dataset in plan.config.datasets:
        for one in (Drawn(*pair) for pair in plan.drawn(dataset)):
            tables = plan.drawn_from(one.figure)
            family = next((name for name, known in FAMILIES.items() if tables <= known), one.figure)
            drawn = found.setdefault(family, {})
            drawn[dataset] = (*drawn.get(dataset, ()), one)
    return [
        Family(group.rule, family, group.common, group.datasets)
        for family, drawn in found.items()
        for group in groups(f"figures_{family}", drawn)
    ]
