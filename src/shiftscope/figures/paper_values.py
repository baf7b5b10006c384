"""What the paper and its followers published, to be shown beside what is measured: facts with their places.

Networks go by the names that torchvision and timm have for them. Values that were read off a plot are marked so.
"""

from collections.abc import Mapping
from typing import Any

from shiftscope.figures import Inputs

V1 = "Azulay & Weiss 2018 (arXiv 1805.12177v1)"
V4 = "Azulay & Weiss 2019 (JMLR 20(184))"
GREY = "#808080"
"""Of published values of networks that are not in the run."""
FAINT = 0.55
"""Opacity of bars, so that a diamond of the same colour is seen on them."""

SIZE = 224
"""px that both papers showed all networks, those that were made for another size too."""

NAMES = {
    "vgg16": "VGG16",
    "resnet50": "ResNet50",
    "densenet121": "DenseNet121",
    "inception_resnet_v2": "InceptionResNetV2",
}

FIGURE_2 = {"kind": "embed", "surround": "inpaint", "axis": "y", "side": "120", "step": "1"}
FIGURE_3 = {"kind": "box_crop", "axis": "x", "side": "None"}
FIGURE_5 = {"kind": "embed", "side": "100"}
FIGURE_7 = {"kind": "scale", "surround": "inpaint", "place": "corner", "resize": "square"}
PAIRS = {
    "crop": {"kind": "crop", "axis": "diagonal", "step": "1"},
    "black": {"kind": "embed", "surround": "black", "axis": "diagonal", "side": "100", "step": "1"},
}
SCRIPT = {"kind": "sizes", "surround": "mean"}
"""The papers' protocols, by the settings that make them what they are; docs/paper.md says how each is read."""

TABLE_1: dict[tuple[str, str], dict[str, float]] = {
    ("top1_change", "crop"): {"vgg16": 0.062, "resnet50": 0.061, "densenet121": 0.068},
    ("top1_change", "black"): {"vgg16": 0.18, "resnet50": 0.20, "densenet121": 0.19},
    ("mac", "crop"): {"vgg16": 0.038, "resnet50": 0.04, "densenet121": 0.045},
    ("mac", "black"): {"vgg16": 0.06, "resnet50": 0.086, "densenet121": 0.079},
}
"""Table 1 of V4, torchvision's weights: measure and protocol → network → value."""

JAGGEDNESS: dict[str, dict[str, float]] = {
    "embed": {"vgg16": 345, "resnet50": 834, "inception_resnet_v2": 848},
    "box_crop": {"vgg16": 352, "resnet50": 527, "inception_resnet_v2": 460},
}
"""Figures 2B (±3) and 3 (±2) of V1, read off the plot: kind of protocol → network → transitions."""
JAGGEDNESS_STEPS = 200 * 103
"""Pairs in figure 2 of V1: 200 pictures, 104 places. Of figure 3 their number is not known."""
READING = 0.28
"""The share of images that V1 gives; of which network, and of what it is the share, is not known."""

NONSHIFTABILITY: dict[str, dict[float, float]] = {
    "vgg16": {1: 0.1, 4: 0.0, 8: 0.1, 16: 25.3},
    "resnet50": {4: 0.6, 8: 0.0, 16: 0.6, 32: 27.4},
    "inception_resnet_v2": {2: 1.0, 8: 0.2, 18: 7.0, 44: 39.2},
}
"""Figure 5 of V1, read off the plot (±.3): network → subsampling factor → number of shifts, of how many is not known."""

RESCALE_SIZES = (60, 80, 100, 120, 140, 160, 180, 200, 210)
RESCALE: dict[str, tuple[float, ...]] = {
    "vgg16": (0.105, 0.226, 0.377, 0.508, 0.608, 0.692, 0.750, 0.794, 0.806),
    "resnet50": (0.133, 0.307, 0.455, 0.603, 0.709, 0.759, 0.802, 0.848, 0.857),
    "inception_resnet_v2": (0.116, 0.259, 0.464, 0.630, 0.739, 0.808, 0.862, 0.886, 0.893),
}
"""Figure 7 of V1, read off the plot (±.004): top-5 accuracy by size in px."""
RESCALE_PEOPLE = (100, 0.85)
"""The one point of people: size in px, top-5 accuracy."""

SIZE_SWEEP = (0.1, 0.4, 0.7, 1.0, 1.3, 1.6, 1.9)
SIZE_SWEEP_CHANGE: dict[str, tuple[float, ...]] = {
    "vgg16": (0.134, 0.072, 0.056, 0.070, 0.095, 0.156, 0.187),
    "resnet50": (0.133, 0.068, 0.062, 0.068, 0.106, 0.131, 0.177),
}
"""P(top-1 change) of a third party's rerun of V4's released script, without normalisation."""


def published(inputs: Inputs, protocol: str, papers: Mapping[str, str], values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The paper's `values` where they may stand beside ours: the classes are ImageNet's, a network was shown frames of the
    papers' size, and `protocol` has the settings of the paper's one; else nothing."""
    facts = inputs.protocols[protocol]
    alike = all(facts.get(name) == setting for name, setting in papers.items())
    return values if alike and inputs.class_space == "imagenet" and SIZE in inputs.networks.values() else {}


def known_as(inputs: Inputs, network: str) -> str:
    """What the tables here call a network's architecture, timm's tag of its weights (after the point) left out; empty for
    one that was shown frames of another size than the papers'."""
    return inputs.architectures.get(network, "").partition(".")[0] if inputs.networks[network] == SIZE else ""


def not_in_run(inputs: Inputs, values: Mapping[str, object]) -> list[str]:
    """Of published networks those of which the run has none at the papers' size."""
    here = {known_as(inputs, network) for network in inputs.networks}
    return [name for name in values if name not in here]
