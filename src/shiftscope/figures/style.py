"""What all figures share: sizes, colours, and names that cannot break a layout."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Told apart by the colour-blind: Okabe & Ito 2008, without black and yellow.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#7f7f7f", "#332288")
LONGEST = 24


def new_figure(width: float, height: float) -> "Figure":
    """An empty figure of this size in inches, its text plain (no $ is mathematics, no font is looked for twice)."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams.update({"font.size": 8, "axes.titlesize": 8, "pdf.fonttype": 42, "svg.hashsalt": "shiftscope"})
    return Figure(figsize=(width, height), layout="constrained")


def short(name: str, longest: int = LONGEST) -> str:
    """A name for a small place: its middle left out if it is too long, and no $ taken for mathematics."""
    if len(name) > longest:
        head = (longest - 1) * 2 // 3
        name = f"{name[:head]}…{name[head + 1 - longest :]}"
    return name.replace("$", r"\$")


def colours(networks: Iterable[str]) -> dict[str, str]:
    """A colour for every network, the same in every figure of a data set."""
    return {network: COLOURS[place % len(COLOURS)] for place, network in enumerate(networks)}


def plain(axes: "Axes") -> None:
    """Without the frame's upper and right side."""
    axes.spines[["top", "right"]].set_visible(False)
