"""For each network one picture whose answer flips: the frames around the flip, and the curve with those frames marked."""

from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shiftscope.figures import Drawing, Inputs, figure
from shiftscope.figures.style import colours, new_figure, plain, short

CHANGED = "#d55e00"

MOST_NETWORKS = 4
FRAMES_SHOWN = 6


class Flip(NamedTuple):
    """The picture of a network that flips most strikingly, and the step at which it does."""

    rows: pl.DataFrame
    """Its predictions, by step, with `top1` and `top1_prob`."""
    step: int | None
    """Row that has another answer than the one before it; None where nothing flips."""


@figure(
    "examples",
    title="Pictures that flip",
    reference="Azulay & Weiss 2018 (arXiv 1805.12177v1), figure 1",
    tables=("predictions", "frames"),
    per_protocol=True,
)
def draw(inputs: Inputs) -> Drawing:
    """Draw the frames around one change of the answer for each of the first networks, and the curve that they are on."""
    networks = list(inputs.networks)[:MOST_NETWORKS]
    drawn = new_figure(7.6, 2.75 * len(networks))
    parts = drawn.subfigures(len(networks), 1, squeeze=False)[:, 0]
    sentences = []
    for part, network in zip(parts, networks, strict=True):
        flip = _strikingly(inputs.predictions(network))
        image_id, label = flip.rows["image_id"][0], flip.rows["label"][0]
        shown = _around(len(flip.rows), flip.step)
        upper, lower = part.subplots(2, 1, height_ratios=(1.5, 1))
        truth = "" if label is None else f" (label: {short(inputs.class_name(label))})"
        part.suptitle(f"{short(network)}: {short(image_id, 44)}{truth}", fontsize=8, fontweight="bold")
        _strip(part, upper, inputs, network, flip.rows, shown)
        _curve(lower, inputs, network, flip, shown)
        sentences.append(_sentence(inputs, network, image_id, flip))
    return Drawing(drawn, "Framed: the frame where the answer changes. " + " ".join(sentences))


def _strip(part, whole, inputs: Inputs, network: str, rows: pl.DataFrame, shown: NDArray[np.int64]) -> None:  # type: ignore[no-untyped-def]
    """The frames of the rows `shown`, side by side in the place of the axes `whole`, each with the network's answer."""
    values, top1 = rows["value"].to_numpy(), rows["top1"].to_numpy()
    strip = whole.get_subplotspec().subgridspec(1, len(shown))
    whole.set_axis_off()
    frames = inputs.frames(rows["image_id"][0], network)
    for place, step in enumerate(shown):
        ax = part.add_subplot(strip[place])
        ax.imshow(frames[step], interpolation="nearest")
        ax.set_xticks([])
        ax.set_yticks([])
        changed = step > 0 and place > 0 and top1[step] != top1[step - 1]
        edge = CHANGED if changed else "#404040"
        for spine in ax.spines.values():
            spine.set(color=edge, linewidth=2.5 if changed else 0.8)
        name = short(inputs.class_name(int(top1[step])), 18)
        ax.set_xlabel(f"{name}\n{rows['top1_prob'][int(step)]:.2f}", color=edge, fontsize=7, labelpad=2)
        ax.set_title(short(inputs.value_said(values[step]), 16), fontsize=7, pad=2)


def _curve(ax, inputs: Inputs, network: str, flip: Flip, shown: NDArray[np.int64]) -> None:  # type: ignore[no-untyped-def]
    """Probabilities over all steps, the rows `shown` marked."""
    values, facts = flip.rows["value"].to_numpy(), inputs.protocols[inputs.protocol]
    curves = _probabilities(flip)
    plain(ax)
    for (index, curve), colour in zip(curves.items(), (colours(inputs.networks)[network], CHANGED), strict=False):
        name = "true class" if index is None else short(inputs.class_name(index), 24)
        marker = "o" if len(values) < 40 else None
        ax.plot(values, curve, color=colour, linewidth=1.2, marker=marker, markersize=2.5, label=name)
        ax.plot(values[shown], curve[shown], "o", color=colour, markersize=5)
    ax.set_ylim(-0.05, 1.05)
    if None in curves:
        ax.set_ylabel("P(true class)", fontsize=7)
    else:
        ax.set_ylabel("probability", fontsize=7)
        ax.legend(fontsize=7, ncols=2, frameon=False, loc="upper right")
    ax.set_xlabel(facts["title"] + (f", {facts['unit']}" if facts["unit"] else ""), fontsize=7)


def _probabilities(flip: Flip) -> dict[int | None, NDArray[np.float64]]:
    """The probability of the true class (None) at every row; without a label, those of the classes before and after the
    flip, by their index: nan where a class is not among the five most probable."""
    rows = flip.rows
    if rows["label"][0] is not None:
        return {None: rows["label_prob"].to_numpy()}
    at = [0] if flip.step is None else [flip.step - 1, flip.step]
    known = [dict(zip(*both, strict=True)) for both in zip(rows["top5"], rows["top5_prob"], strict=True)]
    return {index: np.array([row.get(index, np.nan) for row in known]) for index in rows["top1"].gather(at)}


def _strikingly(predictions: pl.DataFrame) -> Flip:
    """The image with the largest jump of the plotted probability between neighbours of which the answer changes, and the
    first is right if there is such a one; without any change, the largest jump. Without labels, it is the change between
    two answers of which the network was surest: of the less probable one, that is."""
    rows = predictions.sort("image_id", "step", maintain_order=True).with_columns(
        pl.col("top5").list.first().alias("top1"), pl.col("top5_prob").list.first().alias("top1_prob")
    )
    before = pl.all().shift(1).over("image_id")
    past = rows.select(before.name.prefix("past_"))
    pairs = pl.concat([rows.with_row_index("place"), past], how="horizontal").filter(
        pl.col("step") == pl.col("past_step") + 1  # not from one run to the next
    )
    # Without a label there is only the top class to follow, and what becomes of it at the next step.
    fallen = pl.when(pl.col("label").is_null()).then(pl.col("past_top1_prob") - pl.col("prob_of_previous_top1"))
    moved = (pl.col("label_prob").cast(pl.Float64) - pl.col("past_label_prob").cast(pl.Float64)).abs()
    flips = pl.col("top1") != pl.col("past_top1")
    sure = pl.when(flips & pl.col("label").is_null()).then(pl.min_horizontal("past_top1_prob", "top1_prob"))
    pairs = pairs.with_columns(
        sure.otherwise(fallen.otherwise(moved)).alias("jump"),
        flips.alias("flips"),
        (pl.col("past_label_rank") == 1).fill_null(True).alias("was_right"),
    ).with_columns((pl.col("flips") & pl.col("was_right")).alias("best"))
    if not len(pairs):
        return Flip(rows.filter(pl.col("image_id") == rows["image_id"][0]), None)
    chosen = pairs.sort("best", "flips", "jump", "place", descending=[True, True, True, False]).row(0, named=True)
    own = rows.filter(pl.col("image_id") == chosen["image_id"])
    return Flip(own, int(own["step"].index_of(chosen["step"]) or 0) if chosen["flips"] else None)


def _around(count: int, step: int | None) -> NDArray[np.int64]:
    """Up to `FRAMES_SHOWN` neighbouring rows, the flip in their middle."""
    middle = count // 2 if step is None else step
    first = max(0, min(middle - FRAMES_SHOWN // 2, count - FRAMES_SHOWN))
    return np.arange(first, min(count, first + FRAMES_SHOWN))


def _sentence(inputs: Inputs, network: str, image_id: str, flip: Flip) -> str:
    if flip.step is None:
        return f"{network} gives the same answer on every frame of every picture."
    before, after = flip.rows.row(flip.step - 1, named=True), flip.rows.row(flip.step, named=True)
    was, becomes = inputs.class_name(before["top1"]), inputs.class_name(after["top1"])
    first, then = (inputs.value_said(row["value"]) for row in (before, after))
    if before["label"] is None:
        ends = f"P({was}) goes from {before['top1_prob']:.2f} to {after['prob_of_previous_top1']:.2f}"
    else:
        ends = f"the curve goes from {before['label_prob']:.2f} to {after['label_prob']:.2f}"
    return f"{network} says {was} of {image_id} at {first} and {becomes} at {then}: {ends}."
