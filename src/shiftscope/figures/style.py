"""What all figures share: sizes, the looks of networks, and names that cannot break a layout."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

# Told apart by the colour-blind: Okabe & Ito 2008, without black, orange (near vermilion) and yellow (faint on white).
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9")
MARKERS = "os^DvPX"
HATCHES = ("", "////", "....", "xxxx", "----", "oo", "**")
DASHES = ("-", "--", ":", "-.")
LONGEST = 24
WIDEST = 8.6
"""Inches. The page shows a figure in 860 px at most: text of 7 points is still 7 points there if it is no wider."""
SMALLEST = 7
"""Points, of the smallest text."""


class Look(NamedTuple):
    """How a network looks in every figure of a data set: the first five by their colours, each further five by another
    marker, hatch and line as well."""

    colour: str
    marker: str
    hatch: str
    dash: str


def new_figure(width: float, height: float) -> "Figure":
    """An empty figure of this size in inches, its text plain (no $ is mathematics, no font is looked for twice)."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams.update(
        {"font.size": 8, "axes.titlesize": 8, "pdf.fonttype": 42, "svg.hashsalt": "shiftscope", "hatch.linewidth": 0.6}
    )
    return Figure(figsize=(width, height), layout="constrained")


def short(name: str, longest: int = LONGEST) -> str:
    """A name for a small place: its middle left out if it is too long, and no $ taken for mathematics."""
    if len(name) > longest:
        head = (longest - 1) * 2 // 3
        name = f"{name[:head]}…{name[head + 1 - longest :]}"
    return name.replace("$", r"\$")


def looks(networks: Iterable[str]) -> dict[str, Look]:
    """The look of every network, the same in every figure of a data set.

    >>> looks("abcdefg")["a"], looks("abcdefg")["f"]
    (Look(colour='#0072b2', marker='o', hatch='', dash='-'), Look(colour='#0072b2', marker='s', hatch='////', dash='--'))
    """
    found = {}
    for place, network in enumerate(networks):
        more, colour = divmod(place, len(COLOURS))
        found[network] = Look(COLOURS[colour], *(these[more % len(these)] for these in (MARKERS, HATCHES, DASHES)))
    return found


def colours(networks: Iterable[str]) -> dict[str, str]:
    """The colour of every network, for figures in which its name stands beside what is drawn of it."""
    return {network: look.colour for network, look in looks(networks).items()}


def plain(axes: "Axes") -> None:
    """Without the frame's upper and right side."""
    axes.spines[["top", "right"]].set_visible(False)


def legend(drawn: "Figure | SubFigure", axes: "Sequence[Axes]", wide: float = 2.1) -> None:
    """One legend above the figure for all that has a label in some of `axes`, each once. `wide`: inches of a label."""
    handles = {label: handle for ax in axes for handle, label in zip(*ax.get_legend_handles_labels(), strict=True)}
    if handles:
        across = max(1, min(len(handles), int(drawn.bbox.width / drawn.dpi / wide)))
        drawn.legend(
            list(handles.values()),
            list(handles),
            loc="outside upper center",
            ncols=across,
            frameon=False,
            fontsize=SMALLEST,
        )


def said_instead(text: str) -> "Figure":
    """A figure that says why there is nothing to draw."""
    drawn = new_figure(5, 1.2)
    drawn.text(0.5, 0.5, text, ha="center", va="center")
    return drawn
