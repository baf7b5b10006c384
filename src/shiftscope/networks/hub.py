"""timm networks that anybody publishes in a repository of the Hugging Face hub."""

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from shiftscope.core.errors import ShiftscopeError
from shiftscope.networks import networks
from shiftscope.networks.pretrained import Published, fetched, from_timm
from shiftscope.networks.timm import create
from shiftscope.networks.weights import fill, read_note, read_weights, write_weights

if TYPE_CHECKING:
    from torch import nn


@networks.register("hub", title="Hugging Face hub", reference="https://huggingface.co/docs/hub/timm, repositories for timm")
class Hub(Published):
    """A repository of the hub whose config.json names a timm architecture; HF_ENDPOINT and HF_TOKEN count as everywhere."""

    repo: str = Field(pattern=r"^[\w.-]+/[\w.-]+(@[\w./-]+)?$")
    """Its id, such as `timm/resnet50.a1_in1k`, with `@<revision>` behind it to hold on to one state of it."""

    @property
    def origin(self) -> str:
        """Always the hub. Raises ShiftscopeError where the user set another origin."""
        if self.weights is not None or self.train is not None or self.weights_of is not None:
            raise ShiftscopeError(
                "a network of the hub has its weights there; leave out 'weights', 'train' and 'weights_of'"
            )
        return "fetch"

    def fetch(self, path: Path) -> None:
        """Fetch its configuration and its weights: safetensors if there are any, else a file from which only tensors are
        loaded."""
        import timm
        from timm.models import load_model_config_from_hf

        said = fetched(f"the configuration of {self.repo}", lambda: load_model_config_from_hf(self.repo))
        cfg, architecture, arguments = said
        if not architecture or not timm.is_model(architecture):
            raise ShiftscopeError(f"{self.repo} is no repository of a timm network: its config.json names {architecture!r}")
        module = fetched(f"the network {self.repo}", lambda: timm.create_model(f"hf-hub:{self.repo}", pretrained=True))
        note = {
            "architecture": architecture,
            "arguments": arguments or {},
            "preprocessing": from_timm(cfg, f"config.json of {self.repo}")._asdict(),
        }
        write_weights(module.state_dict(), path, note)

    def load(self, weights: Path, name: str | None = None) -> "nn.Module":
        note = read_note(weights)
        if "architecture" not in note:
            raise ShiftscopeError(f"{weights} does not say what it was fetched as; remove it and run again")
        module = create(note["architecture"], {**note["arguments"], "num_classes": self.outputs})
        self.sampled(module, name or self.repo)
        fill(module, read_weights(weights), weights, name or self.repo, self.outputs)
        return module

    def store(self, module: "nn.Module", weights: Path, path: Path) -> None:
        write_weights(module.state_dict(), path, read_note(weights))
