"""Where a network loses the shift, in a sentence."""

from collections.abc import Sequence

import polars as pl

from shiftscope.cause.losses import largest_loss, of_layers
from shiftscope.core.numbers import percent


def loss_sentence(network: str, layers: pl.DataFrame) -> str:
    """Return between which two maps a network loses most of the shift, by nonshiftability; empty where it is not known.

    Parameters
    ----------
    network : its name, as the sentence begins with it.
    layers : a table `cause.LAYERS`.
    """
    rows = of_layers(layers, "nonshiftability", "share")
    loss = largest_loss(rows)
    if loss is None:
        return (
            f"{network}: nonshiftability does not rise from one subsampling to the next."
            if rows["estimate"].count()
            else ""
        )
    before, after = loss.before, loss.after
    return (
        f"{network} loses most of the shift between {before['layer']} (one cell for {before['subsampling_factor']:.3g} px) "
        f"and {after['layer']} ({after['subsampling_factor']:.3g} px): the sums of its channels leave their mean by more "
        f"than 20 % at {percent(before['estimate'])} and then at {percent(after['estimate'])} of the shifts."
    )


MOST_NAMED = 4


def losses_in_short(looked: Sequence[tuple[str, pl.DataFrame]]) -> str:
    """Between which two maps each network loses most of the shift, in one sentence; empty where it is not known of any.

    `looked` are networks with their tables `cause.LAYERS`, on one protocol.
    """
    losses = [(name, largest_loss(of_layers(layers, "nonshiftability", "share"))) for name, layers in looked]
    places: dict[str, list[str]] = {}
    for name, loss in losses:
        if loss is not None:
            place = (
                f"between {loss.before['layer']} and {loss.after['layer']} (from one cell for "
                f"{loss.before['subsampling_factor']:.3g} px to one for {loss.after['subsampling_factor']:.3g} px)"
            )
            places.setdefault(place, []).append(name)
    if not places:
        return ""
    said = [f"{', '.join(names)} {place}" for place, names in places.items()]
    rest = sum(map(len, list(places.values())[MOST_NAMED:]))
    more = f"; and {rest} more elsewhere" if rest else ""
    return f"Networks lose most of the shift where they subsample: {'; '.join(said[:MOST_NAMED])}{more}."
