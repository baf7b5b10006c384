"""What helps, at which price, and where it hurts, in sentences."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import polars as pl

from shiftscope.core.numbers import percent
from shiftscope.remedies.augmentation import ALIKE, OTHERWISE
from shiftscope.remedies.choices import helping, hurting
from shiftscope.remedies.networks import NETWORK

Row = Mapping[str, Any]


NOTHING = (
    "no remedy lowers P(top-1 change) so much that the interval of the difference excludes 0, without lowering the "
    "accuracy so much"
)


def main_protocol(protocols: Mapping[str, Mapping[str, str]], there: Collection[str]) -> str | None:
    """The one of the protocols `there` that sentences are about: the first of kind `crop`, whose frames are pictures as
    their photographers framed them, else the first one; None where there is none. `protocols` are facts by name, in the
    order of the config.

    >>> main_protocol({"black": {"kind": "embed"}, "small": {"kind": "crop"}}, {"black", "small"})
    'small'
    """
    known = [name for name in protocols if name in there]
    return next((name for name in known if protocols[name]["kind"] == "crop"), known[0] if known else None)


def remedy_said(row: Row) -> str:
    """The name of a remedy, with its setting where it has one.

    >>> remedy_said({"remedy": "average", "setting": 4}), remedy_said({"remedy": "blurred", "setting": None})
    ('average (4 frames)', 'blurred')
    """
    if row["setting"] is None:
        return str(row["remedy"])
    return f"{row['remedy']} ({row['setting']} frame{'' if row['setting'] == 1 else 's'})"


def points(value: float, low: float | None = None, high: float | None = None) -> str:
    """A difference of shares in percentage points, with its interval where it has one.

    >>> points(0.05, 1e-17, 0.0712), points(-0.00123)
    ('5 points [0, 7.12]', '−0.123 points')
    """
    text = f"{_hundredths(value)} points"
    if low is not None and high is not None:
        text += f" [{_hundredths(low)}, {_hundredths(high)}]"
    return text.replace("-", "−")


def _hundredths(share: float) -> str:
    return f"{round(100 * share, 3) + 0.0:.3g}"  # + 0.0: no −0


def effect_said(row: Row) -> str:
    """What one of `remedies.choices` does, at which price: gain in P(top-1 change), time, and change of the accuracy."""
    text = (
        f"P(top-1 change) goes from {percent(row['without'])} to {percent(row['estimate'])}, a gain of "
        f"{_gain_of(row)}, at {_price(row)}"
    )
    if row["accuracy_difference"] is None:
        return text
    names = ("accuracy_difference", "accuracy_difference_low", "accuracy_difference_high")
    return f"{text}; the accuracy changes by {points(*(row[name] for name in names))}"


def _gain_of(row: Row) -> str:
    """By how much P(top-1 change) falls."""
    high = None if row["difference_low"] is None else -row["difference_low"]
    low = None if row["difference_high"] is None else -row["difference_high"]
    return points(-row["difference"], low, high)


def _price(row: Row) -> str:
    if row["time_ratio"] is not None:
        return f"{row['time_ratio']:.3g} times the time"
    return f"{row['passes']:g} forward passes, whose time was not measured"


def cheapest_sentence(network: str, chosen: pl.DataFrame) -> str:
    """The cheapest remedy of one network that helps, of those of its `remedies.choices` on one protocol; where several
    cost the same, the one that gains most."""
    own = helping(chosen.filter(network=network)).sort("time_ratio", "difference", nulls_last=True)
    if own.is_empty():
        return f"{network}: {NOTHING}."
    row = own.row(0, named=True)
    return f"{network}: the cheapest remedy that helps is {remedy_said(row)}: {effect_said(row)}."


def best_sentence(network: str, chosen: pl.DataFrame, untrained: Collection[str]) -> str:
    """The remedy without training that gains most for one network, and the one with training if it gains more, of those of
    its `remedies.choices` on one protocol.

    `untrained` are the networks that are remedies without training: they take the weights of another one as they are.
    """
    own = helping(chosen.filter(network=network)).sort("difference")
    free = (pl.col("kind") != NETWORK) | pl.col("remedy").is_in(list(untrained))
    without, with_ = own.filter(free), own.filter(~free)
    if own.is_empty():
        return f"{network}: {NOTHING}."
    parts = []
    if len(without):
        row = without.row(0, named=True)
        parts.append(f"{network}: without training, {remedy_said(row)} helps most: {effect_said(row)}.")
    if len(with_) and (without.is_empty() or with_["difference"][0] < without["difference"][0]):
        row = with_.row(0, named=True)
        first = "" if parts else f"{network}: nothing helps without training. "
        parts.append(f"{first}Of networks trained otherwise, {remedy_said(row)} helps most: {effect_said(row)}.")
    return " ".join(parts)


MOST_NAMED = 4


def helps_in_short(protocol: str, chosen: pl.DataFrame) -> str:
    """What helps each network most on a protocol, in one sentence; empty where nothing was tried. `chosen` are the
    `remedies.choices` on this protocol."""
    if chosen.is_empty():
        return ""
    best = [(network, _best(network, chosen)) for network in chosen["network"].unique(maintain_order=True)]
    known = [(network, row) for network, row in best if row is not None]
    if not known:
        return f"Of what was tried on {protocol}, nothing helps: {NOTHING}."
    known.sort(key=lambda one: one[1]["difference"])
    said = "; ".join(
        f"{network}: {remedy_said(row)}, from {percent(row['without'])} to {percent(row['estimate'])} of cases "
        f"(gain {_gain_of(row)}) at {_price(row)}"
        for network, row in known[:MOST_NAMED]
    )
    helpless = [network for network, row in best if row is None]
    named = helpless[0] if len(helpless) == 1 else f"{len(helpless)} networks"
    none = f"; nothing that was tried helps {named}" if helpless else ""
    rest = len(known) - MOST_NAMED
    more = f"; something helps {rest} more network{'s' if rest > 1 else ''}" if rest > 0 else ""
    return f"What makes answers steadier most ({protocol})? {said}{more}{none}."


def _best(network: str, chosen: pl.DataFrame) -> Row | None:
    own = helping(chosen.filter(network=network)).sort("difference")
    return own.row(0, named=True) if len(own) else None


def hurting_sentences(chosen: pl.DataFrame) -> list[str]:
    """A sentence for each network and remedy that hurts somewhere, with its largest loss. `chosen` are
    `remedies.choices`."""
    found = []
    rows = hurting(chosen)
    for (network, _), own in rows.group_by("network", "remedy", maintain_order=True):
        cost = pl.max_horizontal("difference", -pl.col("accuracy_difference"))
        row = own.sort(cost, descending=True, nulls_last=True).row(0, named=True)
        more = len(own) - 1
        also = f", and in {more} more row{'' if more == 1 else 's'} of the table" if more else ""
        found.append(f"{network}: {remedy_said(row)} hurts on {row['protocol']}: {'; '.join(_losses(row))}{also}.")
    return found


def _losses(row: Row) -> Iterable[str]:
    if row["difference_low"] is not None and row["difference_low"] > 0:
        yield (
            "P(top-1 change) rises by "
            f"{points(row['difference'], row['difference_low'], row['difference_high'])} to {percent(row['estimate'])}"
        )
    if row["accuracy_difference_high"] is not None and row["accuracy_difference_high"] < 0:
        ends = -row["accuracy_difference_high"], -row["accuracy_difference_low"]
        yield f"the accuracy falls by {points(-row['accuracy_difference'], *ends)}"


CLAIM = "augmentation helps only for pictures framed like those of the training set"


def claim_sentence(augmentation: pl.DataFrame, protocol: str) -> str:
    """Whether augmentation helps only for pictures framed like the training set's (Azulay & Weiss 2018): the gains where
    they are and where they are not, their difference, and what follows. Empty where the table has no row of the protocol.

    `augmentation` is a table `remedies.AUGMENTATION`. Of several kinds of augmentation it is `shifts`, if it is there.
    """
    rows = augmentation.filter(protocol=protocol)
    kinds = rows["augmentation"].unique(maintain_order=True).to_list()
    if not kinds:
        return ""
    kind = "shifts" if "shifts" in kinds else kinds[0]
    rows = rows.filter(augmentation=kind)
    sides = {row["framing"]: row for row in rows.filter(of="framing").rows(named=True)}
    if rows.filter(of="difference").is_empty():
        own = rows.filter(of="network").rows(named=True)
        gains = "; ".join(f"{row['network']}, trained on {row['trained_on']}: {_gain(row)}" for row in own)
        return f"Gains in P(top-1 change) on {protocol} by training with {kind}: {gains}. {_why_not(own)}"
    (difference,) = rows.filter(of="difference").rows(named=True)
    taught = {side: " and ".join(dict.fromkeys(rows.filter(of="network", framing=side)["trained_on"])) for side in sides}
    return (
        f"Training with {kind} gains {_gain(sides[ALIKE])} in P(top-1 change) on {protocol} for networks trained on "
        f"pictures framed like these ({taught[ALIKE]}), and {_gain(sides[OTHERWISE])} for networks trained on others "
        f"({taught[OTHERWISE]}), a difference of {_gain(difference)}: the data {_verdict(sides, difference)}."
    )


def _gain(row: Row) -> str:
    return points(row["gain"], row["gain_low"], row["gain_high"])


def _why_not(own: Iterable[Row]) -> str:
    if len({row["trained_on"] for row in own}) < 2:
        return f"All were trained on one data set, which cannot tell whether {CLAIM}."
    return f"How the training sets are framed was not compared, so this cannot tell whether {CLAIM}."


def _verdict(sides: Mapping[str, Row], difference: Row) -> str:
    """What the data do to the claim."""
    if None in (difference["gain_low"], sides[ALIKE]["gain_low"], sides[OTHERWISE]["gain_low"]):
        return f"cannot tell whether {CLAIM}"
    alike, otherwise = sides[ALIKE]["gain_low"] > 0, sides[OTHERWISE]["gain_low"] > 0
    if difference["gain_low"] > 0 and alike:
        if not otherwise:
            return f"support the claim that {CLAIM}"
        return f"contradict the claim that {CLAIM}: it helps more for them, but it helps for others, too"
    if otherwise:
        less = "more for others" if difference["gain_high"] < 0 else "for others, too"
        return f"contradict the claim that {CLAIM}: it helps {less}"
    return f"cannot tell whether {CLAIM}"
