"""Other ways to subsample the maps inside a network, for networks that only have strides: one file per way."""

from typing import TYPE_CHECKING

from shiftscope.core.errors import ShiftscopeError
from shiftscope.core.options import Options
from shiftscope.core.registry import Registry
from shiftscope.networks.insertion import check_places, insert
from shiftscope.networks.order import Layer, Order, Unsuitable, observed

if TYPE_CHECKING:
    from torch import nn


class Sampling(Options):
    """Base of all kinds of sampling. Fields are what a user sets."""

    kind: str = ""
    """Which of the registered kinds it is."""

    def put_in(self, module: "nn.Module", name: str, size: int) -> "nn.Module":
        """`module`, changed: layers that subsample become dense, and this sampling follows each, parameters untouched.

        Behind a convolution it comes after the normalisation and the activation that follow it. Where that is, is found by
        running the network once at `size` px. `name` is what the network is called in messages. Raises ShiftscopeError
        where it does not run, or cannot be sampled in this way.
        """
        try:
            order = observed(module, name, size)
            layers = self.places(order)
        except Unsuitable as error:
            raise ShiftscopeError(refusal(name, self.title(), error.reason, error.where)) from None
        sampler = self.sampler()
        self.prepare(module, order, sampler)
        insert(layers, sampler)
        return module

    def places(self, order: Order) -> list[Layer]:
        """The layers that become dense and are sampled. Raises Unsuitable where a network cannot be sampled in this way."""
        layers = [layer for layer in order.layers if layer.strided and self.takes(layer)]
        if not layers:
            raise Unsuitable("has neither a max pooling nor a convolution that this sampling could take the place of")
        check_places(layers)
        return layers

    def takes(self, layer: Layer) -> bool:
        """Whether this sampling replaces the stride of a layer that has one, or leaves it alone."""
        return layer.function != "avg_pool2d"

    def prepare(self, module: "nn.Module", order: Order, sampler: "nn.Module") -> None:
        """Change what else must be changed in the network, before layers become dense; nothing by default."""

    def sampler(self) -> "nn.Module":
        """What takes a dense map (batch, channels, height, width) and answers with one of half as many rows and columns,
        rounded up. One is made for a network, and called behind each of its layers."""
        raise NotImplementedError

    def title(self) -> str:
        """What a reader should see, by the registry."""
        return next(entry.title for entry in samplings if entry.item is type(self))


def refusal(name: str, title: str, reason: str, where: str = "") -> str:
    """The sentence for a network that cannot be sampled in another way.

    >>> refusal("vit_b_16", "BlurPool", "subsamples by 16 at once", "conv_proj")
    "vit_b_16 subsamples by 16 at once (layer conv_proj), so BlurPool cannot be put in; leave out 'sampling' or take another architecture"
    """  # noqa: E501
    layer = f" (layer {where})" if where else ""
    return f"{name} {reason}{layer}, so {title} cannot be put in; leave out 'sampling' or take another architecture"


samplings: Registry[type[Sampling]] = Registry("kind of sampling", __name__)
