"""torchvision's architectures, by name."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from shiftscope.errors import ShiftscopeError, unknown
from shiftscope.networks import Preprocessing, networks
from shiftscope.networks.blur import blurred
from shiftscope.networks.pretrained import Published, fetched
from shiftscope.networks.weights import write_weights

if TYPE_CHECKING:
    from torch import nn


@networks.register("torchvision", title="torchvision", reference="torchvision.models, by the name that list_models gives")
class Torchvision(Published):
    """An architecture of torchvision with the weights that it publishes, or from a local file, or trained here."""

    architecture: str
    """torchvision's name for it, such as `resnet50` or `squeezenet1_0`."""
    pretrained: str | None = None
    """Fetch these of its published weights: `IMAGENET1K_V1`, or `IMAGENET1K_V2` where there are two, which are different
    networks."""

    @property
    def origin(self) -> str:
        """`pretrained` is one more way."""
        return "fetch" if self.pretrained and self.weights is None and self.train is None else super().origin

    def build(self) -> "nn.Module":
        from torchvision import models

        _known(self.architecture)
        # These two change their input by themselves with published weights, and only then.
        options = (
            {"transform_input": True} if self.architecture in ("googlenet", "inception_v3") and self.pretrained else {}
        )
        module: nn.Module = models.get_model(self.architecture, weights=None, num_classes=self.outputs, **options)
        return blurred(module, self.architecture, self.input_size) if self.anti_alias == "blurpool" else module

    def fetch(self, path: Path) -> None:
        """From where torchvision says, held to the digest in the file's name; tensors alone are loaded."""
        enum = self._enum()
        state = fetched(
            f"torchvision's {self.architecture} {self.pretrained}",
            lambda: enum.get_state_dict(progress=False, check_hash=True, weights_only=True),
        )
        said = _said(enum, f"torchvision's {enum}")
        write_weights(state, path, {"preprocessing": said._asdict()})

    def published(self) -> Preprocessing:
        return _said(self._enum(), f"torchvision's {self._enum()}") if self.pretrained else Preprocessing()

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
