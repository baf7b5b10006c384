"""Nonshiftability against the subsampling factor, a line for each network: figure 5 of the paper."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from shiftscope.cause.losses import handed_on, of_layers
from shiftscope.figures import Drawing, Inputs, figure
from shiftscope.figures.paper_values import FIGURE_5, GREY, NAMES, NONSHIFTABILITY, V1, known_as, not_in_run, published
from shiftscope.figures.style import SMALLEST, legend, looks, new_figure, plain, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@figure(
    "nonshiftability",
    title="Nonshiftability against the subsampling factor",
    reference=f"{V1}, figure 5",
    tables=("layers",),
    protocol=("inside",),
    per_protocol=True,
)
def draw(inputs: Inputs) -> Drawing:
    """Draw nonshiftability over the subsampling factor, in our reading and in the paper's, beside the paper's values where
    it is its protocol."""
    drawn = new_figure(8.2, 3.2 + 0.16 * -(-len(inputs.networks) // 4))
    ours, paper = drawn.subplots(1, 2)
    papers = published(inputs, inputs.protocol, FIGURE_5, NONSHIFTABILITY)
    sentences = []
    for network, look in looks(inputs.networks).items():
        layers = inputs.layers(network)
        for ax, quantity in ((ours, "share"), (paper, "paper")):
            rows = handed_on(of_layers(layers, "nonshiftability", quantity))
            x, y = rows["subsampling_factor"].to_numpy(), rows["estimate"].to_numpy()
            low, high = (rows[name].fill_null(rows["estimate"]).to_numpy() for name in ("ci_low", "ci_high"))
            ax.errorbar(
                x, y, (y - low, high - y), color=look.colour, marker=look.marker, linestyle=look.dash, markersize=3.5,
                linewidth=1.2, label=short(network),
            )  # fmt: skip
            if rows.height and quantity == "share":
                last = rows.row(-1, named=True)
                ends = "" if last["ci_low"] is None else f" [{last['ci_low']:.1%}, {last['ci_high']:.1%}]"
                sentences.append(
                    f"{network}: {last['estimate']:.1%}{ends} of the shifts at its last factor, "
                    f"{last['subsampling_factor']:.3g}."
                )
        factors = papers.get(known_as(inputs, network), {})
        paper.plot(list(factors), list(factors.values()), "D", color="white", markeredgecolor=look.colour, markersize=5)
    _elsewhere(paper, inputs, papers)
    for ax, label in ((ours, "share of shifts, all channels"), (paper, "number of shifts, 10 random channels")):
        plain(ax)
        ax.set_xscale("log", base=2)
        ax.set(xlabel="subsampling factor, px per cell", ylabel=label)
        ax.set_ylim(bottom=0)
        ax.xaxis.set_major_formatter("{x:.3g}")
    legend(drawn, [ours])
    explained = (
        "A shift counts where the sum of a channel over its map differs from its mean over all shifts by more than 20% of "
        "that mean; of each factor the last layer is shown. Left: all channels. Right: the paper's reading"
        + (", with its values as diamonds; of how many shifts those are is not known." if papers else ".")
    )
    return Drawing(drawn, f"{explained} {' '.join(sentences)}")


def _elsewhere(ax: "Axes", inputs: Inputs, papers: Mapping[str, Mapping[float, float]]) -> None:
    """The paper's values of networks that the run has not."""
    for name in not_in_run(inputs, papers):
        factors = papers[name]
        ax.plot(list(factors), list(factors.values()), "D", color="white", markeredgecolor=GREY, markersize=4)
        ax.annotate(
            NAMES[name], (max(factors), factors[max(factors)]), (4, 0), textcoords="offset points", fontsize=SMALLEST
        )
