"""torchvision's architectures, by name."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from shiftscope.core.errors import ShiftscopeError, unknown
from shiftscope.networks import Network, Preprocessing, networks
from shiftscope.networks.pretrained import Published, fetched
from shiftscope.networks.sizes import is_named, named_size
from shiftscope.networks.weights import write_weights

if TYPE_CHECKING:
    from torch import nn


TRANSFORMING = ("googlenet", "inception_v3")
"""Architectures that can change the normalisation of their input by themselves."""


@networks.register("torchvision", title="torchvision", reference="torchvision.models, by the name that list_models gives")
class Torchvision(Published):
    """An architecture of torchvision with the weights that it publishes, or from a local file, or trained here."""

    architecture: str
    """torchvision's name for it, such as `resnet50` or `squeezenet1_0`."""
    pretrained: str | None = None
    """Fetch these of its published weights: `IMAGENET1K_V1`, or `IMAGENET1K_V2` where there are two, which are different
    networks."""
    transform_input: bool | None = None
    """Of `googlenet` and `inception_v3`: whether they turn ImageNet's mean and std into ½ and ½ by themselves, as
    torchvision has it with its weights; not set: yes, unless trained here."""

    library: ClassVar[str] = "torchvision"

    @property
    def origin(self) -> str:
        """As for all networks; weights may also be fetched, by `pretrained`."""
        return "fetch" if self.fetches(self.pretrained) else super().origin

    def check(self) -> None:
        """Raise a ShiftscopeError, also where torchvision has no such architecture, or no such weights of it, or where
        `transform_input` has no effect or must be given."""
        super().check()
        if not is_named("torchvision", self.architecture, self.pretrained):
            _known(self.architecture)
            self._enum()
        if self.transform_input is not None and self.architecture not in TRANSFORMING:
            raise ShiftscopeError(
                f"{self.architecture} has no 'transform_input', only {' and '.join(TRANSFORMING)} have; leave it out"
            )
        own = self.mean is not None or self.std is not None
        if self.architecture in TRANSFORMING and own and self.transform_input is None and self.train is None:
            raise ShiftscopeError(
                f"{self.architecture} changes ImageNet's mean and std into ½ by itself, and 'mean' or 'std' is set; write "
                "'transform_input: false' if they are all that happens to the input, or 'transform_input: true'"
            )

    def named_size(self) -> int:
        """The size of the weights that `pretrained` names, else the one that all weights of the architecture share."""
        if self.train is not None:
            return super().named_size()
        return named_size("torchvision", self.architecture, self.pretrained)

    def build(self) -> "nn.Module":
        from torchvision import models

        _known(self.architecture)
        module: nn.Module = models.get_model(self.architecture, weights=None, num_classes=self.outputs, **self._options())
        return self.sampled(module, self.architecture)

    def _transforms(self) -> bool:
        """Whether googlenet or inception_v3 changes the normalisation of its input."""
        return self.train is None if self.transform_input is None else self.transform_input

    def following(self, other: Network) -> Network:
        """As for all networks; `transform_input` follows, too."""
        followed = super().following(other)
        if self.transform_input is None and isinstance(other, Torchvision) and self.architecture in TRANSFORMING:
            return followed.model_copy(update={"transform_input": other._transforms()})
        return followed

    def _options(self) -> dict[str, Any]:
        """Arguments of the architecture that torchvision sets by itself where it loads its own weights."""
        if self.architecture in TRANSFORMING:
            # Random weights of its own distribution take seconds, and matter to training alone.
            return {
                "transform_input": self._transforms(),
                "init_weights": self.train is not None and self.weights_of is None,
            }
        if self.architecture.startswith("vit_"):
            # The embedding of positions is of the size that the weights are for.
            return {"image_size": self.named_size() if self.pretrained else self.size}
        return {}

    def fetch(self, path: Path) -> None:
        """Fetch the weights from where torchvision says, and check them against the digest in the file's name. Only tensors
        are loaded."""
        enum = self._enum()
        state = fetched(
            f"torchvision's {self.architecture} {self.pretrained}",
            lambda: enum.get_state_dict(progress=False, check_hash=True, weights_only=True),
        )
        said = _said(enum, f"torchvision's {enum}")
        write_weights(state, path, {"preprocessing": said._asdict()})

    def published(self) -> Preprocessing:
        if self.pretrained:
            return _said(self._enum(), f"torchvision's {self._enum()}")
        try:
            size = named_size("torchvision", self.architecture)
        except ShiftscopeError:
            return Preprocessing()
        return Preprocessing(input_size=size, said_by=f"torchvision's weights of {self.architecture}")

    def _enum(self) -> Any:
        from torchvision import models

        _known(self.architecture)
        choices = models.get_model_weights(self.architecture)
        if self.pretrained not in choices.__members__:
            noun = f"weights of torchvision's {self.architecture}"
            raise ShiftscopeError(unknown(noun, str(self.pretrained), choices.__members__))
        return choices[str(self.pretrained)]


def _known(architecture: str) -> None:
    from torchvision import models

    names = models.list_models(module=models)
    if architecture not in names:
        raise ShiftscopeError(unknown("torchvision architecture", architecture, names))


def _said(enum: Any, said_by: str) -> Preprocessing:
    transforms = enum.transforms()
    size = transforms.crop_size[0]
    return Preprocessing(
        mean=tuple(transforms.mean),
        std=tuple(transforms.std),
        input_size=size,
        interpolation=transforms.interpolation.value,
        crop_fraction=size / transforms.resize_size[0],
        said_by=said_by,
    )
