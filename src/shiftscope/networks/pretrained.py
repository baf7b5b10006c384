"""Kinds of network whose weights may come from the internet, with what their makers say of their input."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from pydantic import TypeAdapter, ValidationError

from shiftscope.core.errors import ShiftscopeError
from shiftscope.core.kinds import kinds_or_names
from shiftscope.networks import Network, Preprocessing
from shiftscope.networks.sampling import Sampling, samplings
from shiftscope.networks.suitable import check_suitable
from shiftscope.networks.weights import NOTE, read_note

if TYPE_CHECKING:
    from torch import nn

    AnySampling = Sampling
else:
    AnySampling = kinds_or_names(samplings)

T = TypeVar("T")


class Published(Network):
    """Base of the kinds whose weights somebody publishes."""

    sampling: AnySampling | None = None
    """How maps are subsampled, instead of by the network's strides: the name of a kind of sampling, such as `blurpool`, or
    a mapping of its `kind` and its keys. All weights stay as they are. If it is not set, the network stays as it is."""

    library: ClassVar[str] = ""
    """The library whose architectures are known before any is built: ``timm`` or ``torchvision``."""

    def check(self) -> None:
        """Raise a ShiftscopeError, also where the architecture is known not to fit `sampling`."""
        super().check()
        if self.sampling is not None and self.library and not getattr(self, "options", None):
            check_suitable(self.library, getattr(self, "architecture", ""), self.sampling)

    def sampled(self, module: "nn.Module", name: str) -> "nn.Module":
        """`module`, with its weights or before it gets them, with the sampling that the user chose.

        `name` is what the network is called in messages. Raises ShiftscopeError where that sampling cannot be put in.
        """
        return module if self.sampling is None else self.sampling.put_in(module, name, self.size)

    def fetches(self, pretrained: object) -> bool:
        """Whether its weights are fetched: `pretrained` is set, and no other origin is."""
        return bool(pretrained) and self.weights is None and self.train is None and self.weights_of is None

    def preprocessing(self, weights: Path) -> Preprocessing:
        """What the maker of the weights says, as noted in a fetched file, or else what the library says of the
        architecture."""
        noted = read_note(weights).get("preprocessing") if weights.suffix == ".safetensors" else None
        return _noted(noted, weights) if noted else self.published()

    def published(self) -> Preprocessing:
        """What the library says of this architecture's weights."""
        return Preprocessing()


def _noted(noted: object, weights: Path) -> Preprocessing:
    """What a file of weights says of itself. Raises ShiftscopeError where that is nothing that a network can want."""
    try:
        said = TypeAdapter(Preprocessing).validate_python(noted)
    except ValidationError as error:
        key = ".".join(map(str, error.errors()[0]["loc"]))
        raise ShiftscopeError(
            f"{weights} has a note about its input whose {key!r} is of no use; take the metadata {NOTE!r} out of the file"
        ) from None
    return said if said.said_by != Preprocessing().said_by else said._replace(said_by=f"the note in {weights}")


def from_timm(cfg: Mapping[str, Any], said_by: str) -> Preprocessing:
    """How a network wants its input, by a `pretrained_cfg` of timm; `said_by` is whom to name for it."""
    size = cfg.get("input_size")
    return Preprocessing(
        mean=tuple(cfg["mean"]) if cfg.get("mean") else Preprocessing().mean,
        std=tuple(cfg["std"]) if cfg.get("std") else Preprocessing().std,
        input_size=size[-1] if size else None,
        interpolation=cfg.get("interpolation"),
        crop_fraction=cfg.get("crop_pct"),
        said_by=said_by,
    )


def fetched(what: str, get: Callable[[], T]) -> T:
    """What `get` brings from the internet. Raises ShiftscopeError where that fails; `what` says in the message what it
    was."""
    try:
        return get()
    except ShiftscopeError:
        raise
    except Exception as error:  # urllib, httpx, huggingface_hub and torch.hub each raise their own
        reason = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise ShiftscopeError(
            f"{what} could not be fetched ({reason[:300]}); try again, or download the file and give it as 'weights'"
        ) from error
