"""What the page says of how networks were run: the sizes that they were shown, and what they computed in."""

from collections.abc import Mapping, Sequence
from typing import Any

from shiftscope.core.numbers import percent
from shiftscope.networks import Preprocessing


def sizes_said(cards: Sequence[Mapping[str, Any]], same: int | None) -> list[str]:
    """Sentences: whether all networks were shown the same frames, and which were shown another size than their own.

    `cards` are what `prepare_network` writes; `same` is `inference.input_size`, the size in px for all of them, or None
    where each was to be shown its own.
    """
    if not cards:
        return []
    if same is None:
        said = ["Each network is shown frames of the size that its source names, or that its section of the config sets."]
    else:
        own = [f"{card['network']} ({card['input_size']} px)" for card in cards if card["input_size"] != same]
        but = f", but for those whose own section sets another size: {', '.join(own)}" if own else ""
        said = [f"inference.input_size shows all networks the same frames, of {same} px{but}."]
    for card in cards:
        wants = Preprocessing(**card["preprocessing"])
        if wants.input_size != card["input_size"]:
            said.append(f"{card['network']} is {wants.shown_at(card['input_size'])}.")
    if several_sizes(cards):
        said.append(
            "Frames are made for each size by itself: networks of different sizes see the same pictures, but a shift of "
            "one pixel is one of the network's own input; places drawn at random may differ, and so may the pictures that "
            "fit."
        )
    return said


def precision_said(cards: Sequence[Mapping[str, Any]], running: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Sentences: which networks did not compute in float32, on how many answers this changes something, and what ran short
    of memory.

    `cards` are what `prepare_network` writes, and `running` of each network how it was run on this data set
    (`stages.running`).
    """
    said = []
    for card in cards:
        name, noted = card["network"], running.get(card["network"])
        if card["precision"] != "float32":
            changed = _share(card["compared"] * card["changed_top1"], card["compared"])
            said.append(
                f"{name} computed in {card['precision']}: of frames made for calibration, {changed} have another top class "
                "than in float32."
            )
        if noted and noted["audited"]:
            changed = _share(noted["audited_changed"], noted["audited"])
            said.append(
                f"Of the frames of this data set that were drawn for the audit of {name}, {changed} have another top class "
                "than eager torch gives them in float32."
            )
        if noted and noted["batch_size"] < card["batch_size"]:
            said.append(f"Memory ran short for {name}: parts of it ran in batches of {noted['batch_size']}.")
    return said


def _share(part: float, whole: int) -> str:
    return f"{round(part):,} of {whole:,} ({percent(part / whole)})"


def several_sizes(cards: Sequence[Mapping[str, Any]]) -> bool:
    """Whether not all networks were shown frames of one size."""
    return len({card["input_size"] for card in cards}) > 1
