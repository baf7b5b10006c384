"""Which architectures of timm and torchvision cannot have which sampling, known without importing either: a table made by
trying."""

import textwrap
import tomllib
import warnings
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from shiftscope.core.errors import ShiftscopeError
from shiftscope.networks.order import Unsuitable, observed
from shiftscope.networks.sampling import Sampling, refusal, samplings
from shiftscope.networks.sizes import named_size

TABLE = Path(__file__).with_name("unsuitable.toml")
USUAL_SIZE = 224
"""px, for architectures that no single square size is named for."""


def check_suitable(library: str, architecture: str, sampling: Sampling) -> None:
    """Raise ShiftscopeError where the table says that `sampling` cannot be put into an architecture of ``timm`` or
    ``torchvision``. One that the table does not have is judged when it is built."""
    reason = _reasons().get(library, {}).get(sampling.kind, {}).get(architecture.partition(".")[0])
    if reason is not None:
        raise ShiftscopeError(refusal(architecture, sampling.title(), reason))


@cache
def _reasons() -> dict[str, dict[str, dict[str, str]]]:
    """Library → kind of sampling → architecture → why not."""
    return {
        library: {
            kind: {name: reason for reason, names in by_reason.items() for name in names.split()}
            for kind, by_reason in by_kind.items()
        }
        for library, by_kind in tomllib.loads(TABLE.read_text(encoding="utf-8")).items()
    }


def tried(library: str, architecture: str) -> dict[str, str]:
    """Why each kind of sampling, with its default keys, cannot be put into an architecture; kinds that can are left out.

    It is built and run without numbers, on torch's device ``meta``. The answer is empty where that cannot be done.

    >>> tried("torchvision", "vit_b_16")["polyphase"]
    'subsamples by 16 at once'
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            order = observed(_built(library, architecture), architecture, _size(library, architecture))
    except Unsuitable as error:
        return {entry.name: error.reason for entry in samplings}
    except Exception:  # some architectures compute with numbers while they are built or run
        return {}
    found = {}
    for entry in samplings:
        try:
            entry.item().places(order)
        except Unsuitable as error:
            found[entry.name] = error.reason
    return found


def _size(library: str, architecture: str) -> int:
    try:
        return named_size(library, architecture)
    except ShiftscopeError:
        return USUAL_SIZE


def _built(library: str, architecture: str) -> Any:
    import torch

    with torch.device("meta"):
        if library == "timm":
            import timm

            return timm.create_model(architecture)
        from torchvision import models

        return models.get_model(architecture, weights=None)


def architectures(library: str) -> list[str]:
    """All architectures of ``timm`` or ``torchvision`` that classify."""
    if library == "timm":
        import timm

        return list(timm.list_models())
    from torchvision import models

    return list(models.list_models(module=models))


def generated(libraries: Iterable[str] = ("timm", "torchvision")) -> str:
    """The text of the table (unsuitable.toml), made from the libraries that are installed. It takes about ten minutes."""
    parts = [
        "# Architectures of timm and torchvision that a sampling cannot be put into, and why; made by",
        "# `shiftscope manual --samplings`, not to be edited.",
    ]
    for library in libraries:
        found = {name: tried(library, name) for name in architectures(library)}
        for kind in sorted({kind for reasons in found.values() for kind in reasons}):
            parts.append(f"\n[{library}.{kind}]")
            for reason in sorted({reasons[kind] for reasons in found.values() if kind in reasons}):
                names = " ".join(sorted(name for name, reasons in found.items() if reasons.get(kind) == reason))
                text = textwrap.fill(names, 120, break_on_hyphens=False, break_long_words=False)
                parts.append(f'"{reason}" = """\n{text}\n"""')
    return "\n".join(parts) + "\n"
