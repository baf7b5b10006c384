"""torchvision's architectures, by name."""

from typing import TYPE_CHECKING

from shiftscope.errors import ShiftscopeError, unknown
from shiftscope.networks import Network, networks

if TYPE_CHECKING:
    from torch import nn


@networks.register("torchvision", title="torchvision", reference="torchvision.models, by the name that list_models gives")
class Torchvision(Network):
    """An architecture of torchvision with weights from a local file."""

    architecture: str
    """torchvision's name for it, such as `resnet50` or `squeezenet1_0`."""

    def build(self) -> "nn.Module":
        from torchvision import models

        names = models.list_models(module=models)
        if self.architecture not in names:
            raise ShiftscopeError(unknown("torchvision architecture", self.architecture, names))
        module: nn.Module = models.get_model(self.architecture, weights=None, num_classes=self.outputs)
        return module
