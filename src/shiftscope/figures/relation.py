"""Framing against sensitivity: over categories, and over pictures."""

from typing import TYPE_CHECKING, Any

import polars as pl

from shiftscope.figures import Drawing, Inputs, figure
from shiftscope.figures.style import WIDEST, legend, looks, new_figure, plain, said_instead, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TITLES = {"accuracy": "accuracy", "top1_change": "P(top-1 change)", "mac": "mean absolute change"}
MOST, MOST_NAMED = 4, 3
Q = 0.05


@figure(
    "relation",
    title="Framing against sensitivity",
    reference="Azulay & Weiss 2018 (arXiv 1805.12177v1), section 4: the data's framing as the reason",
    tables=("relation", "accuracy_by_surprisal"),
)
def draw(inputs: Inputs) -> Drawing:
    """Draw the correlation over categories above, and the accuracy over quarters of the pictures below."""
    unlike, known = inputs.accuracy_by_surprisal, inputs.relation.filter(pl.col("rho").is_not_null())
    order = list(inputs.protocols)
    pairs = unlike.select("other", "protocol").unique(maintain_order=True).rows()
    pairs = sorted(pairs, key=lambda pair: order.index(pair[1]))[:MOST]  # every other data set before a second protocol
    present = [(p, n) for p in order for n in inputs.networks if known.filter(protocol=p, network=n).height]
    titles = {measure: title for measure, title in TITLES.items() if known.filter(measure=measure).height}
    heights = [*([0.15 * len(present) + 0.8] if titles else []), *([2.1] if pairs else [])]
    said = _said(known, unlike)
    if not heights:
        return Drawing(said_instead("no correlation could be computed"), said)
    drawn = new_figure(WIDEST, sum(heights) + 0.2 + 0.16 * -(-len(inputs.networks) // 4))
    parts = list(drawn.subfigures(len(heights), 1, squeeze=False, height_ratios=heights)[:, 0])
    if titles:
        for place, (ax, (measure, title)) in enumerate(
            zip(parts[0].subplots(1, len(titles), squeeze=False)[0], titles.items(), strict=True)
        ):
            _correlations(ax, inputs, known.filter(measure=measure), present)
            ax.set_title(title)
            names = [f"{short(p, 14)}, {short(n, 22)}" for p, n in present] if not place else []
            ax.set_yticks(range(len(present)), names or [""] * len(present), fontsize=7)
        parts[0].supxlabel("Spearman's ρ over categories", fontsize=8)
    if pairs:
        axes = parts[-1].subplots(1, len(pairs), squeeze=False, sharey=True)[0]
        for ax, (other, protocol) in zip(axes, pairs, strict=True):
            _quarters(ax, inputs, unlike.filter(other=other, protocol=protocol))
            ax.set(xlabel=f"unlike {short(other, 18)}, bits", title=short(protocol))
        axes[0].set_ylabel("accuracy")
        legend(parts[-1], axes)
    return Drawing(drawn, said)


def _correlations(ax: "Axes", inputs: Inputs, known: pl.DataFrame, present: list[tuple[str, str]]) -> None:
    """ρ of one measure with its interval, a line for each protocol and network of `present`."""
    look = looks(inputs.networks)
    for y, (protocol, network) in enumerate(present):
        shade = look[network].colour
        for row in known.filter(protocol=protocol, network=network).iter_rows(named=True):
            if row["rho_low"] is not None:
                ax.hlines(y, row["rho_low"], row["rho_high"], color=shade, linewidth=1)
            face = shade if _clear(row) else "white"
            ax.plot(row["rho"], y, look[network].marker, color=shade, markersize=4, markerfacecolor=face)
        if y and protocol != present[y - 1][0]:
            ax.axhline(y - 0.5, color="#d0d0d0", linewidth=0.5)
    ax.axvline(0, color="#404040", linewidth=0.8, linestyle=":")
    ax.set(xlim=(-1.05, 1.05), ylim=(max(len(present), 1) - 0.5, -0.5))
    plain(ax)


def _quarters(ax: "Axes", inputs: Inputs, unlike: pl.DataFrame) -> None:
    """Accuracy over surprisal, a curve of four points with its intervals for each network."""
    for network, look in looks(inputs.networks).items():
        rows = unlike.filter(network=network).sort("quarter")
        if rows.height:
            x, right, low, high = (
                rows[name].cast(pl.Float64).to_numpy() for name in ("surprisal", "accuracy", "ci_low", "ci_high")
            )
            ax.fill_between(x, low, high, color=look.colour, alpha=0.15, linewidth=0)
            ax.plot(x, right, look.dash, marker=look.marker, color=look.colour, markersize=3, label=short(network))
    ax.set_ylim(0, 1.02)
    plain(ax)


def _clear(row: dict[str, Any]) -> bool:
    return row["q_value"] is not None and row["q_value"] < Q


def _said(known: pl.DataFrame, unlike: pl.DataFrame) -> str:
    """What the tests say: the largest of many correlations, or the lowest of many accuracies, would be no news."""
    shown = known.filter(pl.col("measure").is_in(list(TITLES)))
    clear = [row for row in shown.iter_rows(named=True) if _clear(row)]
    said = [
        "Above: over categories, the correlation of how far their boxes' places are from uniform ones, given the size, "
        f"with the network's measure on their pictures, with intervals over categories. Filled: q < {Q:g}, corrected for "
        "the number of correlations."
    ]
    if not shown.height:
        said = ["No correlation over categories could be computed."]
    elif clear:
        named = "; ".join(
            f"{TITLES[row['measure']]} of {row['network']}, {row['protocol']}: ρ {row['rho']:.2f}"
            for row in clear[:MOST_NAMED]
        )
        more = f"; and {len(clear) - MOST_NAMED} more" if len(clear) > MOST_NAMED else ""
        verb = "is" if len(clear) == 1 else "are"
        said.append(f"Of {shown.height} correlations, {len(clear)} {verb} significant ({named}{more}).")
    else:
        said.append(f"None of {shown.height} correlations is significant.")
    if unlike.height:
        said.append(
            "Below: accuracy on quarters of the pictures, by how unlike the other data set's their framing is, with "
            "intervals. " + _ends(unlike)
        )
    return " ".join(said)


def _ends(unlike: pl.DataFrame) -> str:
    """On how many of all networks and protocols the accuracies of the most alike and the most unlike quarter differ."""
    known = unlike.drop_nulls(["accuracy", "ci_low", "ci_high"])
    keys = ["other", "protocol", "network"]
    both = known.filter(quarter=1).join(known.filter(quarter=4), on=keys, suffix="_last")
    lower = both.filter(pl.col("ci_high_last") < pl.col("ci_low")).height
    higher = both.filter(pl.col("ci_low_last") > pl.col("ci_high")).height
    return (
        f"Of {both.height} comparisons of a network on a protocol, the accuracy on the most unlike quarter lies below that "
        f"on the most alike one in {lower}, and above it in {higher}, with intervals that do not overlap."
    )
