"""Loading weights from a file into an architecture: all of them, each in its place, or an error that says what is wrong."""

import errno
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shiftscope.core.errors import ShiftscopeError, reason
from shiftscope.core.files import complete

if TYPE_CHECKING:
    import torch
    from torch import nn


def read_weights(path: Path) -> "dict[str, torch.Tensor]":
    """The state dict in a file: name → tensor.

    The file is safetensors, or what torch.save wrote, as long as that holds nothing but tensors: a pickle that runs code is
    never loaded. Raises ShiftscopeError for any other file.
    """
    import warnings

    import torch

    with path.open("rb") as file:
        start = file.read(9)
    if path.suffix == ".safetensors" or start[8:] == b"{":
        from safetensors.torch import load_file

        try:
            return dict(load_file(path))
        except OSError:
            raise
        except Exception as error:  # SafetensorError, and others of types that torch does not have
            why = reason(error)
            raise ShiftscopeError(f"{path} is no complete safetensors file ({why}); copy or download it again") from None
    if not start:
        raise ShiftscopeError(f"{path} is empty; copy or download it again")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a pickle's protocol: what it may hold is checked all the same
            state = torch.load(path, map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except Exception as error:  # whatever the bytes of a file make the reader of pickles raise
        # torch looks for the parts of a truncated file before its beginning, which the system calls an invalid argument.
        if isinstance(error, OSError) and error.errno != errno.EINVAL:
            raise
        why = "it is not complete" if isinstance(error, OSError) else reason(error)
        raise ShiftscopeError(
            f"{path} holds no plain state dict ({why}); copy or download it again if it was one, or save the network's "
            "state_dict() as safetensors"
        ) from None
    if isinstance(state, Mapping) and isinstance(state.get("state_dict"), Mapping):
        state = state["state_dict"]
    if not isinstance(state, Mapping) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise ShiftscopeError(f"{path} holds no state dict of tensors; save the network's state_dict() as safetensors")
    return {str(name).removeprefix("module."): value for name, value in state.items()}


NOTE = "shiftscope"
"""Key of a safetensors file's metadata under which `write_weights` puts its note."""


def write_weights(state: "Mapping[str, torch.Tensor]", path: Path, note: Mapping[str, Any] | None = None) -> None:
    """Write a state dict as safetensors, complete or not at all, with a note that `read_note` gives back.

    The bytes depend on tensors and note alone: the note is one text, since several keys of metadata would be stored in an
    order that is another one in every process. Weights that are tied, several names of one tensor, are written under each.
    """
    from safetensors.torch import save_file

    # Cloned: tensors that share memory, tied weights, cannot be stored as they are.
    tensors = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in state.items()}
    with complete(path) as part:
        save_file(tensors, part, {NOTE: json.dumps(note or {}, sort_keys=True)})


def read_note(path: Path) -> dict[str, Any]:
    """What `write_weights` noted in a safetensors file; empty for a file that something else wrote."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            note = json.loads((file.metadata() or {}).get(NOTE, "{}"))
    except (SafetensorError, OSError, ValueError, RecursionError):
        return {}
    return note if isinstance(note, dict) else {}


def fill(module: "nn.Module", state: "Mapping[str, torch.Tensor]", path: Path, architecture: str, outputs: int) -> None:
    """Put every tensor of `state` into `module`, whose own types stay as they are.

    float16, bfloat16 and float64 become the float32 of the module's floating-point tensors, which is how weights are often
    stored; its whole numbers stay whole numbers. Raises ShiftscopeError where a tensor is missing, is too many, has another
    shape, or holds another sort of numbers (whole, complex or quantised ones for floating-point weights, and so on); a last
    layer for another number of classes is named as that.
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
    heads = {state[name].shape[0] for name in wrong if _is_head(own[name], state[name], outputs)}
    if len(heads) == 1 and all(_is_head(own[name], state[name], outputs) for name in wrong):
        raise ShiftscopeError(
            f"{path} answers with {heads.pop()} classes, but {architecture} is set to {outputs}; write 'outputs: "
            f"{state[wrong[0]].shape[0]}' for this network"
        )
    if wrong:
        shapes = [f"{name} is {tuple(state[name].shape)}, not {tuple(own[name].shape)}" for name in wrong]
        raise ShiftscopeError(f"{path} does not fit {architecture}: {_some(shapes)}")
    # What the counters hold is never read, and averages of weights leave them with fractions.
    strange = [said for name in state if name not in optional and (said := _misfit(name, state[name], own[name]))]
    if strange:
        more = f" (as with {len(strange) - 1} other tensors)" if len(strange) > 1 else ""
        raise ShiftscopeError(
            f"{path} does not fit {architecture}: {strange[0]}{more}; save the state_dict() of the network itself, its "
            "weights floating-point numbers that are not packed in any way"
        )
    # A buffer may be infinite by itself, as the mask of an attention is.
    lost = [name for name in state if name not in optional and not _finite(state[name]) and _finite(own[name])]
    if lost:
        raise ShiftscopeError(
            f"{path} has numbers that are not finite (NaN or infinite), as in {_some(lost)}: a training that went astray "
            "leaves them; take weights from before that, or train with a lower learning rate"
        )
    module.load_state_dict(dict(state), strict=not optional)


def _finite(tensor: "torch.Tensor") -> bool:
    """Whether all numbers are, as those of the float32 that they become."""
    if not tensor.is_floating_point():
        return True
    return bool(tensor.float().isfinite().all())


def _is_head(own: "torch.Tensor", given: "torch.Tensor", outputs: int) -> bool:
    """Whether `own` may belong to the last layer, and `given` to the same layer for other classes."""
    return 0 < own.ndim == given.ndim and own.shape[0] == outputs and own.shape[1:] == given.shape[1:]


FLOATS = ("float16", "bfloat16", "float32", "float64")
"""Types that become float32 without any more to be known: eight bits of a float mean nothing without their scale."""


def _misfit(name: str, given: "torch.Tensor", own: "torch.Tensor") -> str | None:
    """What is wrong with the numbers of a tensor that goes where `own` is; None where nothing is."""
    import torch

    if given.is_meta or given.is_quantized or given.layout != torch.strided:
        how = "without values" if given.is_meta else "quantised" if given.is_quantized else "sparse"
        return f"{name} is {how} ({_type(given)}), and a plain tensor of {_type(own)} is expected"
    if own.is_floating_point():
        fits, wanted = _type(given) in FLOATS, "one of " + ", ".join(FLOATS)
    elif own.is_complex():
        fits, wanted = given.is_complex(), "a complex type"
    elif own.dtype == torch.bool:
        fits, wanted = given.dtype == torch.bool, "bool"
    else:
        # torch itself would cut off fractions.
        whole = not (given.is_floating_point() or given.is_complex() or given.dtype == torch.bool)
        fits, wanted = whole, "a whole-number type"
    return None if fits else f"{name} is {_type(given)}, and {wanted} is expected"


def _type(tensor: "torch.Tensor") -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _some(names: list[str], most: int = 3) -> str:
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest
