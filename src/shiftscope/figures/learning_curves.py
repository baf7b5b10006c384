"""How the training of networks went."""

from typing import TYPE_CHECKING, Any

import polars as pl

from shiftscope.core.numbers import percent
from shiftscope.figures import Drawing, Inputs, figure
from shiftscope.figures.style import Look, legend, looks, new_figure, plain, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PANELS = (("loss", "cross entropy, nats"), ("accuracy", "share right"))
STEADY = 0.01
"""A loss that changes by less than this share of itself from one epoch to the next does not fall any more."""
FEW = 30


@figure(
    "learning_curves",
    title="How training went",
    reference="training.parquet: loss and accuracy of each epoch",
    tables=("training",),
)
def draw(inputs: Inputs) -> Drawing:
    """Draw loss and accuracy by epoch, a line for each network that was trained."""
    curves = {network: inputs.training(network) for network in inputs.training_files}
    drawn = new_figure(6.4, 2.7 + 0.18 * -(-len(curves) // 3))
    axes = drawn.subplots(1, len(PANELS))
    validated = any(rows["validation_loss"].count() for rows in curves.values())
    for ax, (column, label) in zip(axes, PANELS, strict=True):
        plain(ax)
        ax.set_ylabel(label)
        ax.set_xlabel("epoch")
        for network, rows in curves.items():
            _lines(ax, rows, column, looks(inputs.networks)[network], short(network))
        ax.set_ylim(bottom=0)
        ax.xaxis.get_major_locator().set_params(integer=True)
    axes[1].set_ylim(0, 1.02)
    legend(drawn, [axes[0]])
    dashes = " Dashed: on the pictures for validation, after each epoch." if validated else ""
    first = f"Lines: means over the pictures of each epoch, while they were trained on.{dashes}"
    return Drawing(drawn, " ".join([first, *(f"{network}: {said(rows)}." for network, rows in curves.items())]))


def said(rows: pl.DataFrame) -> str:
    """The accuracies of the last epoch, and whether the losses still fell in it, in words. `rows` are `LEARNING_CURVE`.

    >>> nothing = [None, None]
    >>> curve = {"epoch": [1, 2], "loss": [1.0, 0.5], "accuracy": [0.5, 0.8]}
    >>> said(pl.DataFrame(curve | {"validation_loss": nothing, "validation_accuracy": nothing})).split("; ")[1]
    'the loss was still falling, from 1 to 0.5'
    """
    last = rows.row(-1, named=True)
    asked = last["validation_accuracy"]
    more = "" if asked is None else f", and {percent(asked)} of those for validation"
    text = (
        f"in epoch {last['epoch']}, the last one, {percent(last['accuracy'])} of the pictures that it was trained on{more} "
        f"were classified right; {_trend('the loss', rows['loss'])}"
    )
    return text if asked is None else f"{text}; {_trend('that on the pictures for validation', rows['validation_loss'])}"


def _trend(subject: str, losses: pl.Series) -> str:
    if len(losses) < 2:
        return f"{subject} was {losses[-1]:.3g}, and one epoch does not show whether it falls"
    before, after = losses[-2], losses[-1]
    if abs(after - before) < STEADY * before:
        return f"{subject} did not change any more, and was {after:.3g}"
    return f"{subject} was {'still falling' if after < before else 'rising'}, from {before:.3g} to {after:.3g}"


def _lines(ax: "Axes", rows: pl.DataFrame, column: str, look: Look, label: str) -> None:
    marker: dict[str, Any] = {
        "marker": look.marker,
        "markevery": max(1, len(rows) // FEW),
        "markersize": 3,
        "color": look.colour,
    }
    epochs = rows["epoch"].to_numpy()
    ax.plot(epochs, rows[column].to_numpy(), linewidth=1.2, label=label, **marker)
    asked = rows[f"validation_{column}"]
    if asked.count():
        ax.plot(epochs, asked.to_numpy(), "--", linewidth=1.2, **marker)
