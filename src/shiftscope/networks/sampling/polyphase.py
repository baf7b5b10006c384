"""Adaptive polyphase sampling: of the four ways to take every second cell, the one that leaves the largest values."""

from typing import TYPE_CHECKING, Literal

from shiftscope.networks.order import Layer, Order, Unsuitable
from shiftscope.networks.sampling import Sampling, samplings
from shiftscope.networks.sampling.circular import check_circular, make_circular

if TYPE_CHECKING:
    from torch import nn


@samplings.register(
    "polyphase",
    title="adaptive polyphase sampling",
    reference="Chaman & Dokmanić 2021 (arXiv 2011.14214), section 3",
)
class Polyphase(Sampling):
    """Of the four components of a dense map x, `x[:, :, i::2, j::2]` with i and j of 0 and 1, the one with the largest L2
    norm is taken, for each picture. Every convolution and max pooling of stride 2 is replaced, the first convolution
    and 1 × 1 convolutions on shortcuts too, each behind its normalisation and its activation. All maps that are subsampled
    to the same size take the component that was chosen first, so that the branches of a block stay on one grid.

    A picture that is shifted circularly has the same components, in another order, so the same one is chosen. The answer is
    then the same for all circular shifts, up to rounding, where `padding` is `circular` and the network ends in a global
    pooling. Networks with average poolings of a stride above 1 are refused.
    """

    padding: Literal["keep", "circular"] = "keep"
    """Of all convolutions and poolings: `keep`, as the network has it, or `circular`, so that a map goes on at its opposite
    border. Weights were learned with the padding that the network has; only circular padding is exact. It is refused where
    maps lose their border or have odd lengths before they are subsampled."""

    def places(self, order: Order) -> list[Layer]:
        layers = super().places(order)
        for layer in order.layers:
            if layer.strided and layer.function == "avg_pool2d":
                raise Unsuitable("has an average pooling that subsamples", layer.name)
        for what in order.shrinking:
            raise Unsuitable("makes maps smaller by other means than convolutions and max poolings", what)
        if self.padding == "circular":
            check_circular(order)
        return layers

    def prepare(self, module: "nn.Module", order: Order, sampler: "nn.Module") -> None:
        if self.padding == "circular":
            make_circular(order)
        module.register_forward_pre_hook(lambda _module, _given: sampler.begin())  # type: ignore[operator]

    def sampler(self) -> "nn.Module":
        return phases()


def phases() -> "nn.Module":
    """What takes one of the four components of each map of a batch, the one that was chosen for this size since `begin`.

    >>> import torch
    >>> sampler = phases()
    >>> sampler(torch.tensor([[[[1.0, 2, 1, 2], [3, 4, 4, 5]]]]))  # the one with i = j = 1: 4² + 5² is the largest
    tensor([[[[4., 5.]]]])
    >>> sampler(torch.tensor([[[[9.0, 2, 1, 2], [3, 4, 4, 5]]]]))  # as chosen
    tensor([[[[4., 5.]]]])
    """
    from torch import Tensor, nn
    from torch.nn import functional

    class Phases(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.chosen: dict[tuple[int, int], Tensor] = {}
            """2 i + j for each picture, by the height and width of the smaller map."""

        def begin(self) -> None:
            """Forget what was chosen: another run begins."""
            self.chosen.clear()

        def forward(self, maps: Tensor) -> Tensor:
            high, wide = (int(length % 2) for length in maps.shape[-2:])
            if high or wide:  # with the last row or column twice, all four components have the same size
                maps = functional.pad(maps, (0, wide, 0, high), mode="replicate")
            components = functional.pixel_unshuffle(maps, 2).unflatten(1, (-1, 4))
            # As numbers: while a network is traced, lengths are tensors, which no dictionary finds again.
            cells = int(components.shape[-2]), int(components.shape[-1])
            if cells not in self.chosen:
                self.chosen[cells] = components.detach().square().sum((1, 3, 4)).argmax(1)
            chosen = self.chosen[cells].view(-1, 1, 1, 1, 1).expand(-1, components.shape[1], 1, *cells)
            taken: Tensor = components.gather(2, chosen).squeeze(2)
            return taken

    return Phases()
