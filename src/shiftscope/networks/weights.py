"""Weights from a file into an architecture: all of them, each where it belongs, or a sentence that says what is wrong."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shiftscope.errors import ShiftscopeError
from shiftscope.files import complete

if TYPE_CHECKING:
    import torch
    from torch import nn


def read_weights(path: Path) -> "dict[str, torch.Tensor]":
    """The state dict in `path`: safetensors, or what torch.save wrote of tensors alone (never a pickle that runs code).

    Raises ShiftscopeError for a file that is neither.
    """
    import pickle
    import warnings

    import torch

    with path.open("rb") as file:
        start = file.read(9)
    if path.suffix == ".safetensors" or start[8:] == b"{":
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            return dict(load_file(path))
        except SafetensorError as error:
            raise ShiftscopeError(f"{path} is no complete safetensors file ({error}); copy or download it again") from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a pickle's protocol: what it may hold is checked all the same
            state = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ShiftscopeError(
            f"{path} holds no plain state dict ({reason}); save the network's state_dict() as safetensors"
        ) from None
    if isinstance(state, Mapping) and isinstance(state.get("state_dict"), Mapping):
        state = state["state_dict"]
    if not isinstance(state, Mapping) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise ShiftscopeError(f"{path} holds no state dict of tensors; save the network's state_dict() as safetensors")
    return {str(name).removeprefix("module."): value for name, value in state.items()}


NOTE = "shiftscope"
"""Key of a safetensors file's metadata under which `write_weights` puts its note."""


def write_weights(state: "Mapping[str, torch.Tensor]", path: Path, note: Mapping[str, Any] | None = None) -> None:
    """A state dict as safetensors, complete or not at all, with a note that `read_note` gives back."""
    from safetensors.torch import save_file

    # Cloned: tensors that share memory, tied weights, cannot be stored as they are.
    tensors = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in state.items()}
    with complete(path) as part:
        save_file(tensors, part, {NOTE: json.dumps(note or {}, sort_keys=True)})


def read_note(path: Path) -> dict[str, Any]:
    """What `write_weights` noted in the file; empty for a file of others'."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            note = json.loads((file.metadata() or {}).get(NOTE, "{}"))
    except (SafetensorError, OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def fill(module: "nn.Module", state: "Mapping[str, torch.Tensor]", path: Path, architecture: str, outputs: int) -> None:
    """Put every tensor of `state` into `module`.

    Raises ShiftscopeError where a tensor is missing, is too many, or has another shape; a last layer for another number
    of classes is named as that.
    """
    own = module.state_dict()
    # Counters that only training reads, which older files lack.
    optional = {name for name in own if name.endswith("num_batches_tracked")}
    missing = sorted(own.keys() - state.keys() - optional)
    extra = sorted(state.keys() - own.keys())
    if missing or extra:
        parts = [f"lacks {_some(missing)}"] * bool(missing) + [f"has {_some(extra)} too many"] * bool(extra)
        raise ShiftscopeError(
            f"{path} does not fit {architecture}: it {' and '.join(parts)}; are these the weights of another architecture?"
        )
    wrong = [name for name, tensor in state.items() if tensor.shape != own[name].shape]
    heads = {state[name].shape[0] for name in wrong if own[name].ndim and own[name].shape[0] == outputs}
    if wrong and len(heads) == 1 and all(state[name].shape[1:] == own[name].shape[1:] for name in wrong):
        raise ShiftscopeError(
            f"{path} answers with {heads.pop()} classes, but {architecture} is set to {outputs}; write 'outputs: "
            f"{state[wrong[0]].shape[0]}' for this network"
        )
    if wrong:
        shapes = [f"{name} is {tuple(state[name].shape)}, not {tuple(own[name].shape)}" for name in wrong]
        raise ShiftscopeError(f"{path} does not fit {architecture}: {_some(shapes)}")
    module.load_state_dict(dict(state), strict=not optional)


def _some(names: list[str], most: int = 3) -> str:
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest
