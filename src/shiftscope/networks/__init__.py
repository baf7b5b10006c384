"""Where networks come from: one file per kind. A network is its weights and how it wants its input."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from shiftscope.options import Options
from shiftscope.registry import Registry

if TYPE_CHECKING:
    from torch import nn

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

Colour = tuple[float, float, float]


class Training(Options):
    """How the workflow trains a network: AdamW with a one-cycle learning rate, cross entropy."""

    dataset: str
    """The data set to train on, by its name in this config."""
    epochs: int = Field(8, ge=1)
    """Passes over the data set."""
    batch_size: int = Field(32, ge=2)
    """Pictures per step."""
    learning_rate: float = Field(3e-3, gt=0)
    """The highest learning rate of the cycle."""
    weight_decay: float = Field(0.05, ge=0)
    """AdamW's weight decay."""
    crop_fraction: float = Field(0.875, gt=0, le=1)
    """It is trained on centre crops: input size as a fraction of the resized shorter side."""


class Network(Options):
    """Base of all kinds of network. Fields are what a user sets."""

    kind: str = ""
    """Which of the registered kinds it is; not set: the one that its own name says."""
    weights: Path | None = None
    """A local file: safetensors, or a state dict saved by torch.save (loaded with weights_only)."""
    train: Training | None = None
    """Train it here instead of loading weights."""
    input_size: int = Field(224, ge=8)
    """Width and height of what it is shown, px."""
    mean: Colour = IMAGENET_MEAN
    """Subtracted from pixels in [0, 1], per channel."""
    std: Colour = IMAGENET_STD
    """Divided by, after that."""
    outputs: int = Field(1000, ge=2)
    """How many classes it answers with."""
    classes: Literal["own", "imagenet"] | None = None
    """What its outputs mean; not set: `imagenet` if there are 1000, else `own`. Must agree with the data set's."""

    @property
    def class_space(self) -> str:
        """``imagenet`` or ``own``: what the indices of its outputs mean."""
        return self.classes or ("imagenet" if self.outputs == 1000 and self.train is None else "own")

    def build(self) -> "nn.Module":
        """The architecture, with random weights, for (batch, 3, input_size, input_size) → (batch, outputs) logits."""
        raise NotImplementedError


networks: Registry[type[Network]] = Registry("kind of network", __name__)
