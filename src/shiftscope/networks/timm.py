"""timm's architectures, by name."""

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from shiftscope.errors import ShiftscopeError, unknown
from shiftscope.networks import Network, networks

if TYPE_CHECKING:
    from torch import nn


@networks.register("timm", title="timm", reference="timm.create_model, by the name that timm.list_models gives")
class Timm(Network):
    """An architecture of timm with weights from a local file, or trained here."""

    architecture: str
    """timm's name for it, such as `resnet50`."""
    anti_alias: Literal["none", "blurpool"] = "none"
    """`blurpool`: low-pass filter before each subsampling (Zhang 2019), for architectures that take `aa_layer`."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Further arguments of timm.create_model, such as `layers` or `channels` of a ResNet."""

    def build(self) -> "nn.Module":
        import timm
        from timm.layers.blur_pool import BlurPool2d

        if not timm.is_model(self.architecture):
            raise ShiftscopeError(unknown("timm architecture", self.architecture, timm.list_models()))
        # ResNets do not take the name "blurpc" that timm documents, only the class.
        arguments: dict[str, Any] = {**self.options, "pretrained": False, "num_classes": self.outputs}
        if self.anti_alias == "blurpool":
            arguments["aa_layer"] = BlurPool2d
        try:
            module: nn.Module = timm.create_model(self.architecture, **arguments)
        except TypeError as error:
            raise ShiftscopeError(
                f"timm's {self.architecture} does not take these options: {error}; see 'options' and 'anti_alias'"
            ) from None
        return module
