"""How a network is trained: the settings."""

from typing import TYPE_CHECKING

from pydantic import Field

from shiftscope.core import limits
from shiftscope.core.kinds import kinds_or_names
from shiftscope.core.options import Options
from shiftscope.networks.augmentations import Augmentation, augmentations
from shiftscope.networks.augmentations.none import Unchanged

if TYPE_CHECKING:
    AnyAugmentation = Augmentation
else:
    AnyAugmentation = kinds_or_names(augmentations)


class Training(Options):
    """How the workflow trains a network: AdamW with a one-cycle learning rate, cross entropy."""

    dataset: str
    """The data set to train on, by its name in this config."""
    validation: str | None = None
    """The name of a data set whose pictures the network is asked about after each epoch, without learning from them; not
    set: none. Loss and accuracy on them are written down beside those on the pictures that it is trained on."""
    epochs: int = Field(8, ge=1, le=limits.EPOCHS)
    """Passes over the data set."""
    batch_size: int = Field(32, ge=2, le=limits.BATCH)
    """Pictures per step."""
    learning_rate: float = Field(3e-3, gt=0, le=limits.RATE)
    """The highest learning rate of the cycle."""
    weight_decay: float = Field(0.05, ge=0, le=limits.RATE)
    """AdamW's weight decay."""
    crop_fraction: float = Field(0.875, gt=0, le=1)
    """The input size as a fraction of the shorter side of the resized picture, from which centre crops are taken."""
    augmentation: AnyAugmentation = Unchanged(kind="none")
    """How the pictures are changed at random while training: the name of a kind, or a mapping of `kind` and the settings of
    that kind, such as `{kind: shifts, reach: 8}`. `none` takes the centre crops as they are."""
