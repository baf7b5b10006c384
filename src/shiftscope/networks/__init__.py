"""Where networks come from: one file per kind. A network is its weights and how it wants its input."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, NamedTuple, cast

from pydantic import Field

from shiftscope.core import limits
from shiftscope.core.errors import ShiftscopeError, shown
from shiftscope.core.options import Options
from shiftscope.core.registry import Registry
from shiftscope.networks.training import Training
from shiftscope.networks.weights import fill, read_note, read_weights, write_weights

if TYPE_CHECKING:
    from torch import nn

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

Colour = tuple[float, float, float]
_Mean = Annotated[float, Field(ge=-1e6, le=1e6)]
LEAST_STD = 1e-6
_Std = Annotated[float, Field(ge=LEAST_STD, le=1e6)]

FOLLOWED = ("outputs", "classes", "answers", "input_size", "mean", "std", "channels")
"""Settings that a network has from the one whose weights it takes, where it does not set them itself."""


class Preprocessing(NamedTuple):
    """How a network wants its input, as its source says; ImageNet's usual way where it says nothing."""

    mean: Colour = IMAGENET_MEAN
    std: Colour = IMAGENET_STD
    channels: str = "rgb"
    input_size: Annotated[int, Field(ge=1, le=limits.INPUT_SIZE)] | None = None
    """px that its weights were made for, or None where nobody says."""
    interpolation: str | None = None
    """Of the resize to `input_size ÷ crop_fraction` before the centre crop."""
    crop_fraction: float | None = None
    said_by: str = "nobody; ImageNet's usual values"

    def shown_at(self, size: int) -> str:
        """In a few words that it is shown `size` px, and what its source names where that is another size."""
        if self.input_size is None:
            return f"shown {size} px; what size it was made for, nobody says"
        return f"shown {size} px" + ("" if self.input_size == size else f", not the {self.input_size} px of {self.said_by}")


class Network(Options):
    """Base of all kinds of network. Fields are what a user sets."""

    kind: str = ""
    """Which of the registered kinds it is; not set: the one that its own name says."""
    weights: Path | None = None
    """A local file: safetensors, or a state dict saved by torch.save (loaded with weights_only)."""
    train: Training | None = None
    """How the network is trained by the run: from random weights, or, with `weights_of`, from those of another network."""
    weights_of: str | None = None
    """The name of another network of this config whose weights it takes: as they are, or, with `train`, as the start of its
    training (fine-tuning). Both must have the same `kind`, `architecture` and `options`. Where `outputs`, `classes`,
    `answers`, `input_size`, `mean`, `std` or `channels` is not set here, it is as it is there."""
    remedy_of: str | None = None
    """The name of the network of this config that this one is an improved version of. The table of remedies sets the
    two side by side. Not set: `weights_of`."""
    input_size: int | None = Field(None, ge=8, le=limits.INPUT_SIZE)
    """Width and height of what it is shown, px; not set: `inference.input_size`, else the size that its source names."""
    mean: tuple[_Mean, _Mean, _Mean] | None = None
    """The mean that is subtracted from pixels in [0, 1], one number per channel. If it is not set, it is what the source of
    the network says, else ImageNet's."""
    std: tuple[_Std, _Std, _Std] | None = None
    """The standard deviation that pixels are divided by after that, one number per channel. If it is not set, it is
    chosen as `mean` is. A network that wants pixels from 0 to 255 has 1/255 here."""
    channels: Literal["rgb", "bgr"] | None = None
    """The order of its input's channels; `mean` and `std` are in that order; not set: what the source says, else `rgb`."""
    outputs: int = Field(1000, ge=2, le=limits.CLASSES)
    """The number of classes that the network answers with."""
    classes: Literal["own", "imagenet"] | None = None
    """What its outputs mean; not set: `imagenet` if there are 1000, else `own`. Must agree with the data set's."""
    answers: Literal["logits", "probabilities"] | None = None
    """What its outputs are: `logits`, or `probabilities`, where it ends in a softmax. Not set: logits, and a network whose
    answers look like probabilities is refused. Those of a sigmoid for each class cannot be told from logits."""

    opaque: ClassVar[bool] = False
    """Whether it is a program that torch cannot look into: only the engine `eager` runs it."""

    @property
    def class_space(self) -> str:
        """``imagenet`` or ``own``: what the indices of its outputs mean."""
        return self.classes or ("imagenet" if self.outputs == 1000 and self.train is None else "own")

    @property
    def size(self) -> int:
        """Width and height of what it is shown, px. Raises ShiftscopeError as `named_size` does."""
        return self.input_size or self.named_size()

    def named_size(self) -> int:
        """The size, px, that its source names, known without importing or opening it: it decides which frames are made.

        Raises ShiftscopeError where the source names none.
        """
        what = "a network that is trained here" if self.train is not None else f"a network of kind {self.kind}"
        raise ShiftscopeError(f"{what} does not say what size it takes; write 'input_size', its width and height in px")

    @property
    def remedied(self) -> str | None:
        """The name of the network that this one is an improved version of; None where it is of none."""
        return self.remedy_of or self.weights_of

    def following(self, other: "Network") -> "Network":
        """A copy in which what the user left out is as in `other`, the network whose weights this one takes."""
        left_out = [name for name in FOLLOWED if name not in self.model_fields_set]
        inherited = {name: getattr(other, name) for name in left_out if getattr(other, name) is not None}
        if "classes" in left_out:
            inherited["classes"] = other.class_space
        return self.model_copy(update=inherited)

    @property
    def origin(self) -> str:
        """Where its weights come from: ``file``, ``train``, ``network`` (another one of the config), ``fetch`` (from the
        internet) or ``code`` (they come with it).

        Raises ShiftscopeError unless exactly one of them is set; training may start from another network's weights.
        """
        if self.weights is None and self.weights_of is not None:
            return "network" if self.train is None else "train"
        found = [name for name in ("weights", "train", "weights_of") if getattr(self, name) is not None]
        if len(found) != 1:
            raise ShiftscopeError(
                f"needs either 'weights' (a file) or 'train' (a data set), and has {_listed(found)}; to train on from "
                "weights, name the network that has them in 'weights_of'"
            )
        return {"weights": "file", "train": "train"}[found[0]]

    def check(self) -> None:
        """Raise a ShiftscopeError if what the user gave does not go together or is not there. Cheap."""
        if self.train is not None and self.answers == "probabilities":
            raise ShiftscopeError("is trained with cross entropy, which needs logits; leave out its softmax and 'answers'")
        if self.origin == "file" and not cast(Path, self.weights).is_file():
            raise ShiftscopeError(f"there is no file {self.weights} (seen from {Path.cwd()}); correct 'weights'")

    def check_built(self) -> None:
        """Raise ShiftscopeError where what the user set makes no network, if that takes no weights to find out. It may take
        seconds, and imports torch."""

    def files(self) -> list[Path]:
        """Files of the user's, beside `weights`, whose change makes the network another one."""
        return []

    def build(self) -> "nn.Module":
        """The architecture, with random weights, for (batch, 3, input_size, input_size) → (batch, outputs) logits."""
        raise NotImplementedError

    def fetch(self, path: Path) -> None:
        """Write its public weights to `path`, as safetensors with what it says of itself. Only where `origin` is fetch."""
        raise NotImplementedError

    def load(self, weights: Path, name: str | None = None) -> "nn.Module":
        """The network with its weights, from the file that `origin` led to or the one that `store` wrote.

        `name` is what it is called in errors. Raises ShiftscopeError where file and architecture do not fit.
        """
        module = self.build()
        fill(module, read_weights(weights), weights, str(name or getattr(self, "architecture", self.kind)), self.outputs)
        return module

    def store(self, module: "nn.Module", weights: Path, path: Path) -> None:
        """Write to `path` what `load` makes `module` of again; `weights` is the file that it was loaded from."""
        write_weights(module.state_dict(), path)

    def preprocessing(self, weights: Path) -> Preprocessing:
        """How the network wants its input, as `weights` or the library that it comes from say."""
        return Preprocessing()

    def wants(self, weights: Path) -> Preprocessing:
        """`preprocessing`, overruled by what the user set."""
        said = self.preprocessing(weights)
        own = {name: getattr(self, name) for name in ("mean", "std", "channels") if getattr(self, name) is not None}
        if self.train is not None:
            own["input_size"] = self.size  # what the library names is the size of other weights
        elif self.weights_of is not None and (size := _trained_at(weights)):
            own["input_size"] = size  # likewise: they were trained here
        wanted = said._replace(**own)
        if not all(math.isfinite(value) for value in (*wanted.mean, *wanted.std)) or min(wanted.std) < LEAST_STD:
            raise ShiftscopeError(
                f"{wanted.said_by} says a mean of {shown(wanted.mean)} and a standard deviation of {shown(wanted.std)}, by "
                "which no picture can be divided; write 'mean' and 'std' for this network"
            )
        return wanted


def _trained_at(weights: Path) -> int | None:
    """px that weights were trained at, where they were trained here."""
    options = read_note(weights).get("options")
    size = options.get("input_size") if isinstance(options, dict) else None
    return size if isinstance(size, int) else None


def _listed(found: list[str]) -> str:
    if not found:
        return "neither"
    return "both" if found == ["weights", "train"] else f"{', '.join(found[:-1])} and {found[-1]}"


networks: Registry[type[Network]] = Registry("kind of network", __name__)
