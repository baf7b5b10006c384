"""`shiftscope init`: writes a config for the pictures in a folder, after looking at what is there."""

from pathlib import Path
from typing import Any, NamedTuple

import yaml

from shiftscope.config import Config
from shiftscope.core.errors import ShiftscopeError
from shiftscope.core.files import complete
from shiftscope.networks import networks
from shiftscope.networks.weights import read_weights
from shiftscope.sources import Source, sources

PROTOCOLS: dict[str, Any] = {
    "centre": {},
    "crop": {"offsets": "0..8"},
    "embed-black": {"kind": "embed", "offsets": "0..8"},
    "scale": {},
    "resizers": {},
}
"""The protocols of a first run: the usual accuracy, shifts of crops and of embedded pictures, sizes, and resizers."""
LAYERS_SHIFT = 63
"""px, the longest shift for a look inside networks: with 0, two periods of a stride of 32."""

PUBLISHED = {
    "resnet50": {"kind": "torchvision", "architecture": "resnet50", "pretrained": "IMAGENET1K_V1"},
    "resnetblur50": {"kind": "timm", "architecture": "resnetblur50.bt_in1k", "pretrained": True},
}
"""The networks for ImageNet's classes where no weights were given: the paper's ResNet-50, and an anti-aliased one."""


class Given(NamedTuple):
    """The user's own networks, as they were typed."""

    weights: tuple[Path, ...] = ()
    """Their files."""
    input_size: int | None = None
    """px that all of them take; None: what the files, or the libraries that they are of, say."""
    trust: bool = False
    """Whether files that run code may be loaded."""


def write_config(path: Path, given: Given, target: Path, *, force: bool = False, limit: int | None = None) -> str:
    """Write a config for the pictures or annotations at `path` and the networks `given` to `target`.

    Returns what was found, as lines to print. Raises ShiftscopeError where nothing is recognised, a file of weights has a
    name that says no architecture or is of a size that nobody says, or `target` is there and `force` is not given.
    """
    if target.exists() and not force:
        raise ShiftscopeError(f"{target} is there already; write --force to replace it, or --output for another name")
    if not path.exists():
        raise ShiftscopeError(f"there is nothing at {path} (seen from {Path.cwd()})")
    kind, options = recognised(path.resolve())
    if limit is not None:
        options["limit"] = limit
    source = sources[kind].item.model_validate({**options, "kind": kind})
    config: dict[str, Any] = {
        "results": f"results-{_name(path)}",
        "datasets": {_name(path): {"kind": kind, **{key: _plain(value) for key, value in options.items()}}},
    }
    lines = [f"{path}: {sources[kind].title}, with {', '.join(sorted(source.provides))}"]
    unknown = source.classes == "own" and "labels" in source.provides and not given.weights
    if "pictures" in source.provides and unknown and "boxes" in source.provides:
        lines.append("its classes are not ImageNet's: only the boxes will be looked at; --weights names a network for them")
    elif "pictures" in source.provides:
        config["networks"] = _networks(source, given)
        film = kind == "film"
        config["protocols"] = {"natural": {}} if film else _protocols(_smallest(config["networks"]))
    understood = Config.load(config).networks.items()
    lines += [f"network {name}: {network.kind}, shown {network.size} px" for name, network in understood]
    text = yaml.safe_dump(config, sort_keys=False, allow_unicode=True, default_flow_style=None, width=120)
    if "crop" in config.get("protocols", {}):  # the picture of a film moves by itself
        text += _cause(_smallest(config["networks"]))
    head = "# Written by `shiftscope init`. Every key: docs/config.md.\n"
    with complete(target) as part:
        part.write_text(head + text, encoding="utf-8")
    lines += [
        f"written to {target}. Now:",
        f"  shiftscope check {target}",
        f"  shiftscope run {target}",
    ]
    return "\n".join(lines)


def recognised(path: Path) -> tuple[str, dict[str, Any]]:
    """The kind of source and its options for what is at `path`. Of several kinds that fit, the one with the most options
    counts.

    Raises ShiftscopeError where no kind fits.
    """
    found = [(entry.name, options) for entry in sources if (options := entry.item.recognise(path)) is not None]
    if not found:
        kinds = ", ".join(entry.title for entry in sources)
        raise ShiftscopeError(f"{path} is none of what can be recognised ({kinds}); write a config by hand: docs/config.md")
    name, options = max(found, key=lambda each: len(each[1]))
    return name, dict(options)


def _smallest(sections: dict[str, Any]) -> int:
    """The smallest input of the networks, px."""
    return min(networks[section["kind"]].item.model_validate(section).size for section in sections.values())


def _protocols(smallest: int) -> dict[str, Any]:
    """`PROTOCOLS`, with the side of the pasted picture scaled to the smallest input, as 100 px are to 224."""
    if smallest > 108:  # 100 px, moved by 8
        return PROTOCOLS
    side = smallest * 100 // 224
    return PROTOCOLS | {
        "embed-black": {**PROTOCOLS["embed-black"], "side": side},
        "scale": {"sides": [side, side + 1]},
    }


def _cause(smallest: int) -> str:
    """Comments that look inside the networks once they are uncommented. The protocol stands below the others, since a key
    cannot be given twice."""
    side = smallest * 100 // 224
    last = min(LAYERS_SHIFT, smallest - side)
    return (
        "# To see where inside each network the shift is lost (docs/why.md), take away the '# ' of the next two lines. It\n"
        f"# is not done by itself, since each picture goes through each network at {last + 1} more places.\n"
        f"#   layers-shift: {{kind: embed, side: {side}, offsets: 0..{last}}}\n"
        "# cause: {protocols: [layers-shift]}\n"
    )


def _networks(source: Source, given: Given) -> dict[str, Any]:
    if given.weights:
        return {_name(path): _network(path, given) for path in given.weights}
    if given != Given():
        raise ShiftscopeError("--input-size and --trust are about the files of --weights: name these, too")
    if source.classes == "imagenet" or "labels" not in source.provides:
        return PUBLISHED
    raise ShiftscopeError(
        "the classes are not ImageNet's, so it takes a network that knows them: name its file with --weights, such as "
        "--weights my/resnet18.safetensors"
    )


def _network(path: Path, given: Given) -> dict[str, Any]:
    """A network from a file whose name begins with its architecture's, or whose ending says what it is."""
    if not path.is_file():
        raise ShiftscopeError(f"there is no file {path} (seen from {Path.cwd()})")
    ending = {".onnx": "onnx", ".pt2": "export", ".ts": "torchscript"}.get(path.suffix)
    if ending:
        return _program(ending, path, given)
    kind, architecture = _architecture(path)
    network = {"kind": kind, "architecture": architecture, "weights": str(path.resolve())}
    sized = {"input_size": given.input_size} if given.input_size else {}
    section = networks[kind].item.model_validate(network | sized)
    try:
        section = section.model_copy(update={"input_size": section.size})
    except ShiftscopeError:
        raise ShiftscopeError(
            f"{kind} names no single square size for {architecture}; add --input-size, the width and height in px that "
            f"{path} was made for"
        ) from None
    state = read_weights(path)
    own = section.build().state_dict()
    heads = {state[name].shape[0] for name in own.keys() & state.keys() if own[name].ndim and own[name].shape[0] == 1000}
    return network | sized | ({"outputs": heads.pop()} if len(heads) == 1 and heads != {1000} else {})


def _program(kind: str, path: Path, given: Given) -> dict[str, Any]:
    """A file that is a network itself, with the size that the shape of its input says."""
    program: dict[str, Any] = {"kind": kind, "weights": str(path.resolve())}
    if kind != "onnx":
        if not given.trust:
            raise ShiftscopeError(f"{path} runs code when it is loaded; if you trust who made it, add --trust")
        program["trust"] = True
    size = given.input_size or networks[kind].item.model_validate(program).preprocessing(path).input_size
    if size is None:
        raise ShiftscopeError(f"{path} does not say what size it takes; add --input-size, its width and height in px")
    return program | {"input_size": size}


def _architecture(path: Path) -> tuple[str, str]:
    """The longest name of an architecture, or of timm's weights of it, that the file's name begins with; torchvision's
    where both libraries have it."""
    import timm
    from torchvision import models

    kinds = {"torchvision": models.list_models(module=models), "timm": timm.list_models()}
    kinds["timm"] += timm.list_models(include_tags=True)
    fitting = [
        (kind, name)
        for kind, names in kinds.items()
        for name in names
        if path.name == name or path.name.startswith((f"{name}.", f"{name}-", f"{name}_"))
    ]
    if fitting:
        return max(fitting, key=lambda found: len(found[1]))
    raise ShiftscopeError(
        f"{path.name} does not begin with the name of an architecture of torchvision or timm, such as resnet50; rename it, "
        "or write the network into a config by hand: docs/config.md"
    )


def _name(path: Path) -> str:
    stem = path.resolve().name.partition(".")[0] or "pictures"
    name = "".join(letter if (letter.isalnum() and letter.isascii()) or letter in "_-" else "-" for letter in stem).strip(
        "-_"
    )
    return name or "pictures"


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Path) else value
