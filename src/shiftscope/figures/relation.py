"""Framing against sensitivity: over categories, and over pictures."""

import polars as pl

from shiftscope.figures import Drawing, Inputs, figure
from shiftscope.figures.style import colours, new_figure, plain, short

TITLES = {"accuracy": "accuracy", "top1_change": "P(top-1 change)", "mac": "mean absolute change"}
MOST = 4


@figure(
    "relation",
    title="Framing against sensitivity",
    reference="Azulay & Weiss 2018 (arXiv 1805.12177v1), section 4: the data's framing as the reason",
    tables=("relation", "accuracy_by_surprisal"),
)
def draw(inputs: Inputs) -> Drawing:
    """Draw the correlation over categories at the left, and the accuracy over quarters of the pictures at the right."""
    relation, unlike = inputs.relation, inputs.accuracy_by_surprisal
    pairs = unlike.select("other", "protocol").unique(maintain_order=True).rows()
    order = list(inputs.protocols)
    pairs = sorted(pairs, key=lambda pair: order.index(pair[1]))[:MOST]  # every other data set before a second protocol
    wide = len(TITLES) + len(pairs)
    known = relation.filter(pl.col("rho").is_not_null())
    lines = max(1, known.select("network", "protocol").unique().height)
    drawn = new_figure(2.6 * wide, max(2.8, 0.16 * lines + 1.4))
    axes = drawn.subplots(1, wide, squeeze=False)[0]
    keys = [(p, n) for p in inputs.protocols for n in inputs.networks]
    present = [key for key in keys if known.filter(protocol=key[0], network=key[1]).height]
    for ax, (measure, title) in zip(axes, TITLES.items(), strict=False):
        _correlations(ax, inputs, known.filter(measure=measure), present)
        ax.set_title(title)
        ax.set_yticks(range(len(present)), [f"{short(p, 14)}, {short(n, 18)}" for p, n in present] if ax is axes[0] else [])
    for ax, (other, protocol) in zip(axes[len(TITLES) :], pairs, strict=True):
        _quarters(ax, inputs, unlike.filter(other=other, protocol=protocol))
        ax.set(xlabel=f"bits unlike {short(other, 16)}", title=f"{short(protocol, 18)}: accuracy")
    handles = [line for ax in axes[len(TITLES) : len(TITLES) + 1] for line in ax.get_lines()]
    if handles:
        drawn.legend(handles=handles, loc="outside upper right", ncols=len(handles), frameon=False, fontsize=7)
    return Drawing(drawn, " ".join(_said(known, unlike)))


def _correlations(ax, inputs: Inputs, known: pl.DataFrame, present: list[tuple[str, str]]) -> None:  # type: ignore[no-untyped-def]
    """ρ of one measure with its interval, a line for each protocol and network of `present`."""
    shade = colours(inputs.networks)
    for y, (protocol, network) in enumerate(present):
        for row in known.filter(protocol=protocol, network=network).iter_rows(named=True):
            if row["rho_low"] is not None:
                ax.hlines(y, row["rho_low"], row["rho_high"], color=shade[network], linewidth=1)
            clear = row["q_value"] is not None and row["q_value"] < 0.05
            ax.plot(row["rho"], y, "o", color=shade[network], markersize=4, markerfacecolor=None if clear else "white")
    ax.axvline(0, color="#404040", linewidth=0.8, linestyle=":")
    ax.set(xlim=(-1.05, 1.05), ylim=(max(len(present), 1) - 0.5, -0.5), xlabel="Spearman's ρ over categories")
    ax.tick_params(axis="y", labelsize=6)
    plain(ax)


def _quarters(ax, inputs: Inputs, unlike: pl.DataFrame) -> None:  # type: ignore[no-untyped-def]
    """Accuracy over surprisal, a curve of four points with its intervals for each network."""
    shade = colours(inputs.networks)
    for network in inputs.networks:
        rows = unlike.filter(network=network).sort("quarter")
        if rows.height:
            x, right, low, high = (
                rows[name].cast(pl.Float64).to_numpy() for name in ("surprisal", "accuracy", "ci_low", "ci_high")
            )
            ax.fill_between(x, low, high, color=shade[network], alpha=0.15, linewidth=0)
            ax.plot(x, right, "o-", color=shade[network], markersize=3, label=short(network))
    ax.set_ylim(0, 1.02)
    plain(ax)


def _said(known: pl.DataFrame, unlike: pl.DataFrame) -> list[str]:
    said = [
        "Left: over categories, the correlation of how far their boxes' places are from uniform ones, given the size, with "
        "the network's measure on their pictures, with intervals over categories; filled: q < .05."
    ]
    changes = known.filter(measure="top1_change").sort("rho")
    if changes.height:
        row = changes.row(-1, named=True)
        said.append(f"Highest for P(top-1 change): {row['network']}, {row['protocol']}, {row['rho']:.2f}.")
    if unlike.height:
        said.append("Right: accuracy on quarters of the pictures, by how unlike the other data set's their framing is.")
        last = unlike.filter(quarter=4).drop_nulls("accuracy").sort("accuracy")
        if last.height:
            row = last.row(0, named=True)
            ends = f" [{row['ci_low']:.3f}, {row['ci_high']:.3f}]" if row["ci_low"] is not None else ""
            said.append(
                f"Lowest on the most unlike quarter: {row['network']} ({row['protocol']}, unlike {row['other']}), "
                f"{row['accuracy']:.3f}{ends}."
            )
    return said
