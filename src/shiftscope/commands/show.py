"""`shiftscope show`: how a network was understood."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from shiftscope.config import Config
from shiftscope.core.errors import ShiftscopeError, shown, unknown
from shiftscope.core.numbers import percent
from shiftscope.networks import Network, networks
from shiftscope.stages.prepare import network_facts
from shiftscope.workflow.plan import Plan

SHORT = {"timm": "architecture", "torchvision": "architecture", "hub": "repo"}


def show(name: str, config: Config | None, size: int | None = None) -> str:
    """Lines about a network: where it comes from, its size and subsampling, and how it wants its input.

    Parameters
    ----------
    name : of a network of the config, or ``<kind>:<architecture>``, such as ``timm:resnet50``.
    config : the config, if there is one.
    size : width and height of the frames that it is shown, px; not given: what the config or its source says.

    Raises ShiftscopeError where there is no such network or it does not load.
    """
    network, weights = _found(name, config)
    network = network.model_copy(update={"input_size": size or network.input_size})
    module, said = _loaded(network, weights)
    wants = network.wants(weights or Path())
    rows: list[tuple[str, Any]] = [
        ("kind", f"{network.kind} ({networks[network.kind].title})"),
        ("architecture", getattr(network, "architecture", None) or getattr(network, "factory", None) or network.kind),
        ("weights", said),
        *asdict(network_facts(module, network, wants, name)).items(),
        ("outputs", f"{network.outputs}, classes {network.class_space}"),
        ("input", f"{network.size} × {network.size} px, {wants.channels}"),
        ("mean, std", f"{_numbers(wants.mean)}; {_numbers(wants.std)}"),
        ("made for", f"{wants.input_size or 'unknown'} px, {wants.interpolation or 'unknown interpolation'}, crop fraction "
                     f"{'unknown' if wants.crop_fraction is None else percent(wants.crop_fraction)}"),
        ("said by", wants.said_by),
    ]  # fmt: skip
    lines = [f"{key.replace('_', ' '):20} {value if value is not None else 'unknown'}" for key, value in rows]
    if wants.input_size != network.size:
        lines.append(f"note: it is {wants.shown_at(network.size)}")
    return "\n".join(lines)


def _found(name: str, config: Config | None) -> tuple[Network, Path | None]:
    if config is not None and name in config.networks:
        network = config.networks[name]
        weights = Path(Plan(config).weights(name))
        return network, weights if weights.is_file() else None
    kind, colon, architecture = name.partition(":")
    if colon and kind in SHORT:
        try:
            return networks[kind].item.model_validate({"kind": kind, SHORT[kind]: architecture}), None
        except ValidationError as error:
            said = error.errors(include_url=False)[0]
            raise ShiftscopeError(f"{shown(architecture)}: {said.get('ctx', {}).get('error') or said['msg']}") from None
    known = list(config.networks) if config is not None else []
    raise ShiftscopeError(
        f"{unknown('network', name, known)}; networks that are in no config are shown as timm:resnet50 or "
        "torchvision:resnet50"
    )


def _loaded(network: Network, weights: Path | None) -> tuple[Any, str]:
    if weights is not None:
        return network.load(weights), str(weights)
    if network.kind == "hub":
        raise ShiftscopeError("what is in the hub is known when it was fetched: run the workflow up to its card.json first")
    return network.build(), "not here yet; the architecture is shown with random ones"


def _numbers(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:g}" for value in values)
