"""Kinds of network whose weights may come from the internet, with what their makers say of their input."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

from shiftscope.core.errors import ShiftscopeError
from shiftscope.networks import Network, Preprocessing
from shiftscope.networks.weights import read_note

T = TypeVar("T")


class Published(Network):
    """Base of the kinds whose weights somebody publishes."""

    anti_alias: Literal["none", "blurpool"] = "none"
    """`blurpool`: a low-pass filter before each subsampling, where Zhang (2019) and timm's `aa_layer` put it: behind the
    activation that follows a convolution of stride 2, and behind a max pooling. The first convolution, 1 × 1 convolutions
    on shortcuts and average poolings stay as they are, and so do all weights."""

    def fetches(self, pretrained: object) -> bool:
        """Whether its weights are fetched: `pretrained` is set, and no other origin is."""
        return bool(pretrained) and self.weights is None and self.train is None and self.weights_of is None

    def preprocessing(self, weights: Path) -> Preprocessing:
        """What the maker of the weights says, as noted in a fetched file, or else what the library says of the
        architecture."""
        noted = read_note(weights).get("preprocessing") if weights.suffix == ".safetensors" else None
        return Preprocessing(**_tuples(noted)) if noted else self.published()

    def published(self) -> Preprocessing:
        """What the library says of this architecture's weights."""
        return Preprocessing()


def _tuples(noted: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in noted.items()}


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
