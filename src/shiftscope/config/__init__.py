"""The config: one model. Its JSON schema, its manual and its error messages are derived from it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from shiftscope.config.networks import completed, remedy_problems, training_problems, weights_problems
from shiftscope.core.errors import ShiftscopeError, unknown
from shiftscope.core.kinds import kinds
from shiftscope.core.options import Options
from shiftscope.core.registry import Registry
from shiftscope.core.settings import read_settings
from shiftscope.engines import engines
from shiftscope.networks import Network, networks
from shiftscope.networks.augmentations import augmentations
from shiftscope.protocols import Protocol, protocols
from shiftscope.remedies import Remedy, remedies
from shiftscope.sources import Source, sources

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=80)]
"""Becomes a part of file names and of Snakemake's targets."""

SECTIONS: dict[str, Registry[Any]] = {
    "datasets": sources,
    "networks": networks,
    "protocols": protocols,
    "remedies": remedies,
}
WITHIN: dict[str, Registry[Any]] = {"augmentation": augmentations}
"""Keys within a section whose values are of one of the kinds of a registry."""


def _named(section: object) -> object:
    """A section that does not say its kind is of the kind that its name says: `crop: {}` is `crop: {kind: crop}`."""
    if not isinstance(section, Mapping):
        return section
    return {
        name: {"kind": name, **(value or {})} if isinstance(value, Mapping | None) else value
        for name, value in section.items()
    }


if TYPE_CHECKING:
    AnySource = Source
    AnyNetwork = Network
    AnyProtocol = Protocol
    AnyRemedy = Remedy
else:
    AnySource, AnyNetwork, AnyProtocol = kinds(sources), kinds(networks), kinds(protocols)
    AnyRemedy = kinds(remedies)


class Inference(Options):
    """How networks are run."""

    engine: str = "auto"
    """What runs them: `auto` (the fastest here that agrees with eager torch), or the name of an engine."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """`auto`: a GPU where there is one. With `cpu` jobs do not ask for the resource gpu, so several run at a time."""
    threads: int = Field(8, ge=1)
    """CPU threads of a job that runs or trains a network; Snakemake lowers it to --cores."""
    batch_size: int | None = Field(None, ge=1)
    """Frames at a time; not set: found for each network by a short calibration."""
    input_size: int | None = Field(None, ge=8)
    """Width and height, px, of the frames that every network is shown, so that all see the same ones; a network's own
    `input_size` counts before it; not set: each is shown the size that its source names."""
    keep_logits: bool = False
    """Whether the shards of predictions keep all logits (float16)."""


class Statistics(Options):
    """Intervals and tests."""

    level: float = Field(0.95, gt=0.5, lt=1)
    """Confidence level of every interval."""
    resamples: int = Field(2000, ge=100)
    """Draws of the bootstrap and of permutation tests of what networks answer: `sensitivity`, `curves`, `comparisons` and
    `accuracy_by_surprisal`. Those of framing are fixed: docs/framing.md."""
    adjust: Literal["holm", "benjamini-hochberg"] = "holm"
    """How p-values of comparisons are adjusted over the whole table."""
    minimum_boxes: int = Field(20, ge=5)
    """Categories with fewer boxes, or with boxes in fewer pictures, are described but not tested."""
    landmark_pairs: dict[str, tuple[str, str]] = Field({"eyes": ("left_eye", "right_eye")}, min_length=1)
    """Pairs of named points whose midpoint and distance are looked at, by names of your choice."""
    crowd: bool = False
    """Whether boxes that are marked as crowds count in the statistics of framing."""
    difficult: bool = True
    """Whether boxes that are marked as difficult count in them."""
    truncated: bool = True
    """Whether boxes of objects that the edge of the picture cuts off, as the annotation says, count in them."""
    edge: bool = True
    """Whether boxes that touch the edge of the picture count in them. `inclusion.parquet` has the statistics with each
    of these four choices made the other way."""


def _layers(given: Any) -> Any:
    """`given`, if it chooses layers; said here, since the errors of each alternative would name it in their own way."""
    named = isinstance(given, list | tuple) and given and all(isinstance(name, str) for name in given)
    if given not in ("all", "stages") and not named:
        raise ValueError("write 'all', 'stages' or a list of names of layers")
    return given


class Cause(Options):
    """What is looked at inside networks, to see where they lose the shift."""

    protocols: tuple[str, ...] = ()
    """Names of protocols in which the picture moves and nothing else changes, such as one of kind `embed` or `circular`.
    The feature maps of every network are measured on their sequences. Offsets from 0 to at least twice the largest
    subsampling factor (0..63 for 32) are needed to see whether something repeats with it."""
    layers: Annotated[Literal["all", "stages"] | tuple[str, ...], BeforeValidator(_layers)] = "all"
    """Every layer whose output is a map; only the last one before each subsampling and the last of all; or the names of
    layers, as `layers.parquet` has them."""
    pictures: int = Field(40, ge=2)
    """How many pictures of a data set are looked at, at most: the first ones by their ids."""


class Config(Options):
    """A run: every network is measured on every data set through every protocol."""

    results: Path = Path("results")
    """Where everything is written, below the working directory."""
    seed: int = Field(0, ge=0)
    """Decides every random draw, together with the image's id."""
    shards: int = Field(1, ge=1)
    """Into how many jobs the images of a data set are divided, for each network and protocol."""
    datasets: Annotated[dict[Name, AnySource], BeforeValidator(_named), Field(min_length=1)]
    """Pictures, by names of your choice."""
    networks: Annotated[dict[Name, AnyNetwork], BeforeValidator(_named)] = Field(default_factory=dict)
    """Networks, by names of your choice."""
    protocols: Annotated[dict[Name, AnyProtocol], BeforeValidator(_named)] = Field(default_factory=dict)
    """Rules that make frames out of pictures, by names of your choice."""
    remedies: Annotated[dict[Name, AnyRemedy], BeforeValidator(_named)] = Field(default_factory=dict)
    """Ways to steadier answers that are tried on what the networks answer, by names of your choice. Networks that are
    remedies of others are under `networks`, with `remedy_of`."""
    inference: Inference = Inference()
    """How networks are run."""
    statistics: Statistics = Statistics()
    """Intervals and tests."""
    cause: Cause = Cause()
    """What is looked at inside networks."""

    @classmethod
    def load(cls, raw: Mapping[str, Any]) -> "Config":
        """The config that `raw` (as read from YAML) stands for, checked as far as it can be before anything runs.

        Raises ShiftscopeError: a sentence for each key that is wrong, with what it got and what is allowed; files that are
        not there; parts that do not go together.
        """
        try:
            config = cls.model_validate(raw)
        except ValidationError as error:
            raise ShiftscopeError("\n".join(_sentence(detail) for detail in error.errors(include_url=False))) from None
        networks, problems = completed(config.networks, config.inference.input_size)
        config = config.model_copy(update={"networks": networks})
        problems += config._problems()
        if problems:
            raise ShiftscopeError("\n".join(problems))
        return config

    @classmethod
    def read(cls, path: Path) -> "Config":
        """The config in a YAML or JSON file. Raises ShiftscopeError as `load` and `read_settings` do."""
        raw = read_settings(path)
        if not isinstance(raw, Mapping):
            raise ShiftscopeError(f"the config {path} is no mapping of settings; docs/config.md lists them")
        return cls.load(raw)

    @property
    def evaluated(self) -> list[str]:
        """The data sets that networks are measured on: those with pictures, unless `evaluate` is false."""
        return [name for name, source in self.datasets.items() if source.evaluate and "pictures" in source.provides]

    def protocols_of(self, dataset: str) -> list[str]:
        """Names of the protocols that a data set's pictures go through, in the order of the config."""
        chosen = self.datasets[dataset].protocols
        return [name for name in self.protocols if chosen is None or name in chosen]

    def _problems(self) -> Any:
        """Sentences about sections that are each right and do not go together."""
        if self.inference.engine != "auto" and self.inference.engine not in engines:
            names = ["auto", *(entry.name for entry in engines)]
            yield f"inference.engine: {unknown('engine', self.inference.engine, names)}"
        boxed = any({"boxes", "landmarks"} & source.provides for source in self.datasets.values())
        if not boxed and not (self.networks and self.protocols):
            yield "there is nothing to make: give 'networks' and 'protocols' to measure, or a data set with boxes"
        if self.networks and self.protocols and not self.evaluated:
            yield "networks: there are no pictures to show them: no data set has pictures and is evaluated"
        for name, source in self.datasets.items():
            yield from _raised(f"datasets.{name}", source.check)
            for other in source.compare_with:
                if other not in self.datasets or other == name:
                    rest = [key for key in self.datasets if key != name]
                    yield f"datasets.{name}.compare_with: {unknown('data set', other, rest)}"
                elif not {"boxes"} <= source.provides & self.datasets[other].provides:
                    yield f"datasets.{name}.compare_with: {name} and {other} must both have boxes"
            for chosen in source.protocols or ():
                if chosen not in self.protocols:
                    yield f"datasets.{name}.protocols: {unknown('protocol', chosen, self.protocols)}"
        yield from self._cause_problems()
        for name, network in self.networks.items():
            yield from self._network_problems(name, network)
        for name, protocol in self.protocols.items():
            for size in sorted({network.input_size for network in self.networks.values() if network.input_size}):
                yield from _raised(f"protocols.{name}", protocol.check, size)
            needs = protocols[protocol.kind].needs
            for dataset, source in self.datasets.items():
                asked = dataset in self.evaluated and name in self.protocols_of(dataset)
                if asked and needs - source.provides:
                    yield (
                        f"protocols.{name}: needs {' and '.join(sorted(needs - source.provides))}, which data set "
                        f"{dataset} ({source.kind}) does not have; take one of them out, or name the protocols of that "
                        f"data set in 'datasets.{dataset}.protocols'"
                    )

    def _cause_problems(self) -> Any:
        for name in self.cause.protocols:
            if name not in self.protocols:
                yield f"cause.protocols: {unknown('protocol', name, self.protocols)}"
            elif not self.protocols[name].only_moves():
                yield (
                    f"cause.protocols: in protocol {name} ({self.protocols[name].kind}) more changes than the place of the "
                    "picture, or pictures do not move alike, so that feature maps cannot be compared with moved ones; "
                    "name one of kind 'circular' without 'draw', or of kind 'embed' with another surround than 'inpaint'"
                )

    def _network_problems(self, name: str, network: Network) -> Any:
        yield from _raised(f"networks.{name}", network.check)
        yield from training_problems(name, network, self.datasets)
        wrong = list(weights_problems(name, self.networks, self.datasets))
        yield from wrong
        yield from remedy_problems(name, self.networks)
        for dataset, source in self.datasets.items() if not wrong else ():  # its classes may come from there
            if dataset in self.evaluated and "labels" in source.provides and source.classes != network.class_space:
                yield f"networks.{name}: {_other_classes(network, dataset, source)}"


def _other_classes(network: Network, dataset: str, source: Source) -> str:
    """Why a network's classes are not those of a data set's labels, and what to write."""
    without = "or 'labels: none' for the data set to measure without labels"
    if network.class_space == "own":
        return (
            f"answers with {network.outputs} classes of its own, but the labels of data set {dataset} are ImageNet's 1000; "
            "write 'classes: own' for the data set if it has the network's classes, 'classes: imagenet' for the network if "
            f"its outputs are ImageNet's, {without}"
        )
    found = source.class_count()
    said = [f"'{name}: {getattr(network, name)}'" for name in ("classes", "outputs") if name in network.model_fields_set]
    if said:
        why = f"is set to {said[0]}, so it answers with ImageNet's classes"
    else:
        why = "has no 'outputs', so it is taken to answer with ImageNet's 1000 classes"
    own = [f"'outputs: {found or '<how many it has>'}'"] if "outputs" not in network.model_fields_set else []
    own += ["'classes: own'"] if said or found == 1000 else []
    return (
        f"{why}, but the labels of data set {dataset} are of classes of its own{f', {found}' if found else ''}; write "
        f"{' and '.join(own)} for a network of these classes, 'classes: imagenet' for the data set if its classes are "
        f"ImageNet's, such as folders named by wnid (n01440764), {without}"
    )


def _raised(where: str, check: Any, *arguments: object) -> list[str]:
    try:
        check(*arguments)
    except ShiftscopeError as error:
        return [f"{where}: {error}"]
    return []


def _sentence(detail: ErrorDetails) -> str:
    """One of pydantic's errors as: key, what it got, what is allowed."""
    model, where = _resolved(detail["loc"])
    got, kind, context = detail["input"], detail["type"], detail.get("ctx", {})
    key = ".".join(where)
    if kind == "extra_forbidden":
        fields = [name for name in (model.model_fields if model else {}) if name != "kind"]
        return f"{key}: {unknown('key', where[-1], fields)}"
    if kind == "union_tag_invalid":
        registry = WITHIN.get(where[-1], SECTIONS.get(where[0]))
        assert registry is not None
        return f"{key}.kind: {unknown(registry.noun, str(context['tag']), (entry.name for entry in registry))}"
    if kind == "missing":
        return f"{key}: is missing, and has no default"
    if kind == "literal_error":
        return f"{key}: got {got!r}; allowed: {context['expected']}"
    if kind in ("union_tag_not_found", "model_type", "model_attributes_type", "dict_type"):
        return f"{key}: got {got!r}; write a mapping of settings"
    message = str(context["error"]) if "error" in context else detail["msg"][:1].lower() + detail["msg"][1:]
    return f"{key}: {message}" if isinstance(got, Mapping) else f"{key}: got {got!r}; {message}"


def _resolved(location: tuple[int | str, ...]) -> tuple[type[BaseModel] | None, list[str]]:
    """The model that the last key of an error's location belongs to, and that location as the user wrote it."""
    model: type[BaseModel] | None = Config
    parts = [str(part) for part in location]
    kept: list[str] = []
    if len(parts) > 2 and parts[0] in SECTIONS and parts[2] in SECTIONS[parts[0]]:
        model = SECTIONS[parts[0]][parts[2]].item
        kept, parts = parts[:2], parts[3:]
    owner = model
    for part in parts:
        registry = WITHIN.get(kept[-1]) if kept else None
        if registry and part in registry:  # the kind, which stands in the location, and not where the user wrote
            model = registry[part].item
            continue
        owner = model
        kept.append(part)
        field = model.model_fields.get(part) if model else None
        kinds = [field.annotation, *getattr(field.annotation, "__args__", ())] if field else []
        model = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
    return owner, kept
