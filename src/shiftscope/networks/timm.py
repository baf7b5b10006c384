"""timm's architectures, by name."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, field_validator

from shiftscope.core.errors import ShiftscopeError, unknown
from shiftscope.networks import Preprocessing, networks
from shiftscope.networks.pretrained import Published, fetched, from_timm
from shiftscope.networks.sizes import is_named, named_size
from shiftscope.networks.weights import write_weights

if TYPE_CHECKING:
    from torch import nn


NAME = re.compile(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_-]+)?")
SET_ELSEWHERE = {
    "num_classes": "'outputs'",
    "pretrained": "'pretrained' of the network",
    "checkpoint_path": "'weights'",
    **dict.fromkeys(("pretrained_cfg", "pretrained_cfg_overlay", "pretrained_model_args"), "'weights', 'mean' and 'std'"),
    "cache_dir": "the environment variable HF_HOME",
}
"""Arguments of timm.create_model that are no options, since they say where weights are, and what says it here."""


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

    @field_validator("architecture")
    @classmethod
    def _own_name(cls, architecture: str) -> str:
        """`architecture`; raises ValueError where timm would look for it elsewhere: in the hub, or in a folder."""
        if not NAME.fullmatch(architecture):
            raise ValueError(
                "this is no name of timm's own; for a repository of the Hugging Face hub, write 'kind: hub' and 'repo: "
                "<owner>/<name>', and for a file, the architecture that it is of and 'weights: <file>'"
            )
        return architecture

    @field_validator("options")
    @classmethod
    def _options_alone(cls, options: dict[str, Any]) -> dict[str, Any]:
        """`options`; raises ValueError where they say where weights come from."""
        for name, key in SET_ELSEWHERE.items():
            if name in options:
                raise ValueError(f"{name!r} is none of the options; it is set by {key}")
        return options

    def check(self) -> None:
        """Raise a ShiftscopeError, also where timm has no such architecture, or no such weights of it."""
        super().check()
        if not is_named("timm", self.architecture):
            _known(self.architecture)

    def check_built(self) -> None:
        """Raise ShiftscopeError where timm does not take `options`."""
        if not self.options:
            return
        import torch

        try:
            with torch.device("meta"):  # without numbers: milliseconds
                self.build()
        except Exception:  # some architectures compute with numbers while they are built
            self.build()

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
    except Exception as error:  # each architecture has its own way to fail
        if arguments.keys() <= {"num_classes"}:
            raise
        reason = f"{type(error).__name__}: {error}"[:300]
        raise ShiftscopeError(f"timm's {architecture} does not take these options ({reason}); see 'options'") from None
