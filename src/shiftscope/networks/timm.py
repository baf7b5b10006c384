"""timm's architectures, by name."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from shiftscope.core.errors import ShiftscopeError, unknown
from shiftscope.networks import Preprocessing, networks
from shiftscope.networks.pretrained import Published, fetched, from_timm
from shiftscope.networks.sizes import named_size
from shiftscope.networks.weights import write_weights

if TYPE_CHECKING:
    from torch import nn


@networks.register("timm", title="timm", reference="timm.create_model, by the name that timm.list_models gives")
class Timm(Published):
    """An architecture of timm with weights from its hub or a local file, or trained here."""

    architecture: str
    """timm's name for it, such as `resnet50`, or with the weights' tag, `resnet50.a1_in1k`."""
    pretrained: bool = False
    """Fetch the weights that timm publishes under this name."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Further arguments of timm.create_model, such as `layers` or `channels` of a ResNet."""

    library: ClassVar[str] = "timm"

    @property
    def origin(self) -> str:
        """As for all networks; weights may also be fetched, by `pretrained`."""
        return "fetch" if self.fetches(self.pretrained) else super().origin

    def named_size(self) -> int:
        """The size of the weights with this tag; without a tag, of those that timm has for the architecture by default."""
        return super().named_size() if self.train is not None else named_size("timm", self.architecture)

    def build(self) -> "nn.Module":
        module = create(self.architecture, {**self.options, "num_classes": self.outputs})
        return self.sampled(module, self.architecture)

    def fetch(self, path: Path) -> None:
        """Fetch the weights from timm's hub, or from where its configuration says. Only tensors are loaded."""
        import timm

        _known(self.architecture)
        # With the classes that the weights have: another number of outputs would get a random last layer.
        module: Any = fetched(f"timm's {self.architecture}", lambda: timm.create_model(self.architecture, pretrained=True))
        said = from_timm(module.pretrained_cfg, f"timm's configuration of {self.architecture}")
        write_weights(module.state_dict(), path, {"preprocessing": said._asdict()})

    def published(self) -> Preprocessing:
        return published(self.architecture)


def published(architecture: str) -> Preprocessing:
    """What timm says of the weights that it publishes for an architecture."""
    import timm

    _known(architecture)
    cfg: Any = timm.get_pretrained_cfg(architecture)
    return from_timm(cfg.to_dict(), f"timm's configuration of {architecture}") if cfg else Preprocessing()


def _known(architecture: str) -> None:
    import timm

    if not timm.is_model(architecture):
        raise ShiftscopeError(unknown("timm architecture", architecture, timm.list_models()))
    name, point, _ = architecture.partition(".")
    if point and architecture not in (tagged := timm.list_models(f"{name}.*", include_tags=True)):
        raise ShiftscopeError(unknown(f"weights of timm's {name}", architecture, tagged))


def create(architecture: str, arguments: dict[str, Any]) -> "nn.Module":
    """timm's architecture with random weights."""
    import timm

    _known(architecture)
    try:
        return timm.create_model(architecture, **{**arguments, "pretrained": False})
    except TypeError as error:
        raise ShiftscopeError(f"timm's {architecture} does not take these options: {error}; see 'options'") from None
