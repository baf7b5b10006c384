"""For each network one picture whose answer flips: the frames around the flip, and what it says of all of its frames."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shiftscope.figures import Drawing, Inputs, figure
from shiftscope.figures.style import COLOURS, WIDEST, colours, new_figure, plain, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FRAMES_SHOWN = 3
HIGH, CATEGORY_HIGH = 2.15, 0.125
"""Inches: of a network, of a category."""


class Flip(NamedTuple):
    """The picture of a network that flips most strikingly, and the frames between which it does."""

    rows: pl.DataFrame
    """Its predictions, by step, with `top1` and `top1_prob`."""
    ends: tuple[int, int] | None
    """Places of two rows that have unlike answers: neighbours, or any two where steps are choices. None where nothing
    flips."""


@figure(
    "examples",
    title="Pictures that flip",
    reference="Azulay & Weiss 2018 (arXiv 1805.12177v1), figure 1",
    tables=("predictions", "frames"),
    per_protocol=True,
)
def draw(inputs: Inputs) -> Drawing:
    """Draw the frames around one change of the answer for each network, and the probability on all of its frames."""
    networks, choices = list(inputs.networks), inputs.choices or bool(inputs.value_names)
    flips = {network: _strikingly(inputs.predictions(network), choices=choices) for network in networks}
    most = max(len(flip.rows) for flip in flips.values())
    high = max(HIGH, CATEGORY_HIGH * most + 0.8) if inputs.value_names else HIGH
    drawn = new_figure(WIDEST, high * len(networks))
    parts = drawn.subfigures(len(networks), 1, squeeze=False)[:, 0]
    sentences = []
    for part, (network, flip) in zip(parts, flips.items(), strict=True):
        image_id, label = flip.rows["image_id"][0], flip.rows["label"][0]
        shown = flip.ends if choices and flip.ends else _around(len(flip.rows), flip.ends)
        truth = "" if label is None else f" (label: {short(inputs.class_name(label))})"
        part.suptitle(f"{short(network)}: {short(image_id, 44)}{truth}", fontsize=8, fontweight="bold")
        *strip, curve = part.subplots(1, len(shown) + 1, width_ratios=[*([1] * len(shown)), 4.6 - len(shown)])
        _strip(strip, inputs, network, flip, shown)
        if inputs.value_names:
            _categories(curve, inputs, flip, shown, colours(networks)[network])
        else:
            _curve(curve, inputs, flip, shown, colours(networks)[network])
        sentences.append(_sentence(inputs, network, image_id, flip))
    framed = (
        "Framed thickly: the frames with unlike answers."
        if choices
        else "Framed thickly: the frame where the answer changes."
    )
    return Drawing(
        drawn,
        f"Below each frame: the answer and its probability. {framed} Right: all frames of that "
        f"picture; the large dots are the frames shown. {' '.join(sentences)}",
    )


def _strip(strip: "Sequence[Axes]", inputs: Inputs, network: str, flip: Flip, shown: Sequence[int]) -> None:
    """The frames of the rows `shown`, side by side, each with the network's answer."""
    rows, top1 = flip.rows, flip.rows["top1"].to_list()
    frames = inputs.frames(rows["image_id"][0], network)
    neighbours = shown != flip.ends
    for place, (ax, step) in enumerate(zip(strip, shown, strict=True)):
        ax.imshow(frames[step], interpolation="nearest")
        ax.set_xticks([])
        ax.set_yticks([])
        changed = place > 0 and top1[step] != top1[step - 1] if neighbours else True
        for spine in ax.spines.values():
            spine.set(color="black", linewidth=2.5 if changed else 0.5)
        said = f"{short(inputs.class_name(int(top1[step])), 20)}: {rows['top1_prob'][int(step)]:.2f}"
        ax.set_xlabel(said, fontsize=8, fontweight="bold" if changed else "normal", labelpad=3)
        ax.set_title(short(inputs.value_said(rows["value"][int(step)]), 26), fontsize=7, pad=4)


def _curve(ax: "Axes", inputs: Inputs, flip: Flip, shown: Sequence[int], colour: str) -> None:
    """Probabilities over all steps, the rows `shown` marked; joined by a line where steps are neighbours."""
    values, facts = flip.rows["value"].to_numpy(), inputs.protocols[inputs.protocol]
    curves, line = _probabilities(flip), "none" if inputs.choices else "-"
    plain(ax)
    for (index, curve), (shade, marker) in zip(curves.items(), _shades(colour), strict=False):
        name = "true class" if index is None else short(inputs.class_name(index), 20)
        small = marker if len(values) < 40 or inputs.choices else None
        ax.plot(values, curve, color=shade, linewidth=1.2, linestyle=line, marker=small, markersize=2.5, label=name)
        ax.plot(values[list(shown)], curve[list(shown)], marker, color=shade, markersize=5)
    ax.set_ylim(-0.05, 1.05)
    _named(ax, curves, "y")
    ax.set_xlabel(facts["title"] + (f", {facts['unit']}" if facts["unit"] else ""), fontsize=7)


def _categories(ax: "Axes", inputs: Inputs, flip: Flip, shown: Sequence[int], colour: str) -> None:
    """The same where steps have names: a line of the list for each, and no line through them."""
    names = [short(inputs.value_said(value)) for value in flip.rows["value"]]
    curves, places = _probabilities(flip), np.arange(len(names))
    plain(ax)
    for (index, curve), (shade, marker) in zip(curves.items(), _shades(colour), strict=False):
        name = "true class" if index is None else short(inputs.class_name(index), 20)
        ax.plot(curve, places, marker, color=shade, markersize=2.5, label=name)
        ax.plot(curve[list(shown)], places[list(shown)], marker, color=shade, markersize=5)
    ax.set(xlim=(-0.05, 1.05), ylim=(len(names) - 0.5, -0.5))
    ax.set_yticks(places, names, fontsize=7)
    ax.grid(axis="y", color="#e4e4e4", linewidth=0.5)
    ax.set_axisbelow(True)
    _named(ax, curves, "x")


def _shades(colour: str) -> list[tuple[str, str]]:
    """Colour and marker of up to two curves."""
    return [(colour, "o"), (next(other for other in COLOURS if other != colour), "s")]


def _named(ax: "Axes", curves: dict[int | None, NDArray[np.float64]], axis: str) -> None:
    """The axis of the probability, and which class each curve is of, where it is not the true one."""
    ax.set(**{f"{axis}label": "P(true class)" if None in curves else "probability"})
    getattr(ax, f"{axis}axis").label.set_fontsize(7)
    ax.tick_params(labelsize=7)
    if None not in curves:
        ax.legend(fontsize=7, frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=2)


def _probabilities(flip: Flip) -> dict[int | None, NDArray[np.float64]]:
    """The probability of the true class (None) at every row; without a label, those of the classes before and after the
    flip, by their index: nan where a class is not among the five most probable."""
    rows = flip.rows
    if rows["label"][0] is not None:
        return {None: rows["label_prob"].to_numpy()}
    at = list(flip.ends or [0])
    known = [dict(zip(*both, strict=True)) for both in zip(rows["top5"], rows["top5_prob"], strict=True)]
    return {index: np.array([row.get(index, np.nan) for row in known]) for index in rows["top1"].gather(at)}


def _strikingly(predictions: pl.DataFrame, *, choices: bool) -> Flip:
    """The image with the largest jump of the plotted probability between neighbours of which the answer changes, and the
    first is right if there is such a one; without any change, the largest jump. Without labels, it is the change between
    two answers of which the network was surest: of the less probable one, that is. Any two frames are neighbours where
    they are `choices`."""
    rows = predictions.sort("image_id", "step", maintain_order=True).with_columns(
        pl.col("top5").list.first().alias("top1"), pl.col("top5_prob").list.first().alias("top1_prob")
    )
    pairs = _every_two(rows) if choices else _neighbours(rows)
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
    chosen = pairs.sort(
        "best", "flips", "jump", "place", "past_place", descending=[True, True, True, False, False], nulls_last=True
    ).row(0, named=True)
    own = rows.filter(pl.col("image_id") == chosen["image_id"])
    ends = (int(own["step"].index_of(chosen[name]) or 0) for name in ("past_step", "step"))
    return Flip(own, (next(ends), next(ends)) if chosen["flips"] else None)


def _neighbours(rows: pl.DataFrame) -> pl.DataFrame:
    """Each frame beside the one a step before, with `past_` before its columns, but not from one run to the next."""
    rows = rows.with_row_index("place")
    past = rows.select(pl.all().shift(1).over("image_id").name.prefix("past_"))
    return pl.concat([rows, past], how="horizontal").filter(pl.col("step") == pl.col("past_step") + 1)


def _every_two(rows: pl.DataFrame) -> pl.DataFrame:
    """Every two frames of a picture, the right answer first, the other one with `past_` before its columns."""
    rows = rows.with_row_index("place").with_columns(prob_of_previous_top1=pl.lit(None, pl.Float32))
    past = rows.select(pl.all().name.prefix("past_"))
    return rows.join(past, left_on="image_id", right_on="past_image_id").filter(pl.col("place") != pl.col("past_place"))


def _around(count: int, ends: tuple[int, int] | None) -> list[int]:
    """Up to `FRAMES_SHOWN` neighbouring rows, the flip in their middle."""
    middle = count // 2 if ends is None else ends[1]
    first = max(0, min(middle - FRAMES_SHOWN // 2, count - FRAMES_SHOWN))
    return list(range(first, min(count, first + FRAMES_SHOWN)))


def _sentence(inputs: Inputs, network: str, image_id: str, flip: Flip) -> str:
    if flip.ends is None:
        return f"{network} gives the same answer on every frame of every picture."
    before, after = (flip.rows.row(place, named=True) for place in flip.ends)
    was, becomes = inputs.class_name(before["top1"]), inputs.class_name(after["top1"])
    first, then = (inputs.value_said(row["value"]) for row in (before, after))
    if before["label"] is None:
        ends = f"P({was}) goes from {before['top1_prob']:.2f} to {_left(before['top1'], after)}"
    else:
        ends = f"P(true class) goes from {before['label_prob']:.2f} to {after['label_prob']:.2f}"
    return f"{network} says {was} of {image_id} at {first} and {becomes} at {then}: {ends}."


def _left(index: int, row: dict[str, Any]) -> str:
    """The probability of a class on a frame, or a bound where it is not among the five most probable."""
    known = dict(zip(row["top5"], row["top5_prob"], strict=True))
    return f"{known[index]:.2f}" if index in known else f"less than {min(known.values()):.2f}"
