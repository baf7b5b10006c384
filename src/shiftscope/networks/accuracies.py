"""The accuracy that is published for networks, known without importing the library that says it: a table made from it."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

TABLE = Path(__file__).with_name("accuracies.toml")
OTHERS = {"efficientnet_lite0": {"tf_efficientnet_lite0": 0.748}}
"""By kind, what no library says: that of tf_efficientnet_lite0 at 224 px is in timm's list of results on ImageNet."""


def published_accuracy(card: Mapping[str, Any]) -> float | None:
    """The largest top-1 accuracy on ImageNet's validation pictures, in [0, 1], that is published for the architecture of a
    network with ImageNet's classes; None where none is known. timm does not publish any inside its package.

    `card` is what `stages.prepare` writes. A network that was trained or changed here is another one.

    >>> card = {"kind": "torchvision", "architecture": "squeezenet1_0", "class_space": "imagenet", "options": {}}
    >>> published_accuracy(card), published_accuracy({**card, "class_space": "own"})
    (0.58092, None)
    >>> published_accuracy({**card, "kind": "efficientnet_lite0", "architecture": "tf_efficientnet_lite0"})
    0.748
    """
    options = card["options"]
    changed = any(options.get(key) for key in ("train", "weights_of", "sampling"))
    if changed or card["class_space"] != "imagenet":
        return None
    return (OTHERS | _accuracies()).get(card["kind"], {}).get(card["architecture"])


@cache
def _accuracies() -> dict[str, dict[str, float]]:
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))


def generated() -> str:
    """The text of the table (accuracies.toml), made from the library that is installed."""
    from torchvision import models

    lines = [
        "# Top-1 accuracy on ImageNet's validation pictures, of the best weights of each architecture. Made by",
        "# `make manual`, and not to be edited.",
        "",
        "[torchvision]",
    ]
    for name in models.list_models(module=models):
        weights = models.get_model_weights(name).__members__.values()
        best = max(one.meta["_metrics"]["ImageNet-1K"]["acc@1"] for one in weights)
        lines.append(f"{name} = {best / 100:.5f}")
    return "\n".join(lines) + "\n"
