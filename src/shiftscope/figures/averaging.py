"""What remedies that work on answers do, by the number of frames that they are given."""

from typing import TYPE_CHECKING

import polars as pl

from shiftscope.figures import Drawing, Inputs, figure
from shiftscope.figures.style import WIDEST, Look, legend, looks, new_figure, plain, said_instead, short
from shiftscope.sensitivity.measures import measures

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN = ("top1_change", "mac", "jaggedness_rate", "accuracy")
DASHES = ("-", "--", ":", "-.")


@figure(
    "averaging",
    title="More frames for one answer",
    reference="remedies.parquet; docs/remedies.md says what each remedy does with its frames",
    tables=("remedies",),
    protocol=("ordered", "remedied"),
    per_protocol=True,
)
def draw(inputs: Inputs) -> Drawing:
    """Draw measures against the number of frames, a line for each network and remedy."""
    table = inputs.remedies.filter(
        pl.col("setting").is_not_null(), pl.col("estimate").is_not_null(), protocol=inputs.protocol, condition="all"
    )
    present = [name for name in SHOWN if name in set(table["measure"])]
    if not present:
        return Drawing(
            said_instead("no remedy that works on answers could be tried"),
            f"No remedy that works on answers could be tried on {inputs.protocol}.",
        )
    remedies = table["remedy"].unique(maintain_order=True).to_list()
    dashes = {name: DASHES[place % len(DASHES)] for place, name in enumerate(remedies)}
    networks = [name for name in inputs.networks if name in set(table["network"])]
    lines = [(network, remedy) for network in networks for remedy in remedies]
    across = min(3, len(lines))
    drawn = new_figure(min(WIDEST, 2.6 * len(present)), 2.7 + 0.18 * -(-len(lines) // across))
    axes = drawn.subplots(1, len(present), squeeze=False)[0]
    for ax, measure in zip(axes, present, strict=True):
        plain(ax)
        ax.set_title(measures[measure].title)
        for network, remedy in lines:
            rows = table.filter(measure=measure, network=network, remedy=remedy).sort("setting")
            if len(rows):
                _line(ax, rows, looks(inputs.networks)[network], dashes[remedy], f"{short(network)}, {short(remedy)}")
        _axis(ax, table["setting"].unique().sort().to_list())
    drawn.supxlabel("frames for one answer", fontsize=8)
    legend(drawn, list(axes), 2.8)
    return Drawing(drawn, _caption(table.filter(measure=present[0]), present[0]))


def _line(ax: "Axes", rows: pl.DataFrame, look: Look, dashes: str, label: str) -> None:
    x = rows["setting"].to_numpy()
    ax.plot(
        x,
        rows["estimate"].to_numpy(),
        dashes,
        color=look.colour,
        linewidth=1.2,
        marker=look.marker,
        markersize=3,
        label=label,
    )
    known = rows.drop_nulls(["ci_low", "ci_high"])
    ax.vlines(
        known["setting"].to_numpy(),
        known["ci_low"].to_numpy(),
        known["ci_high"].to_numpy(),
        color=look.colour,
        linewidth=0.8,
    )


def _axis(ax: "Axes", settings: list[int]) -> None:
    ax.set_xscale("log", base=2)
    ax.set_xticks(settings, [str(setting) for setting in settings])
    ax.set_xticks([], minor=True)
    ax.set_ylim(0, 1.02 * ax.get_ylim()[1])


def _caption(table: pl.DataFrame, measure: str) -> str:
    """From the fewest to the most frames, with intervals, for each network and remedy."""
    said = []
    for (network, remedy), own in table.group_by("network", "remedy", maintain_order=True):
        ends = [_at(row) for row in own.sort("setting").rows(named=True)]
        said.append(f"{network}, {remedy}: {' to '.join(dict.fromkeys((ends[0], ends[-1])))}")
    return f"Vertical lines are intervals. {measures[measure].title}: {'; '.join(said)}."


def _at(row: dict[str, float]) -> str:
    interval = "" if row["ci_low"] is None else f" [{row['ci_low']:.3f}, {row['ci_high']:.3f}]"
    return f"{row['estimate']:.3f}{interval} ({row['setting']} frame{'' if row['setting'] == 1 else 's'})"
