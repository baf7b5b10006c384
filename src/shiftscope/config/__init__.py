"""The config: one model. Its JSON schema, its manual and its error messages are derived from it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, ValidationError
from pydantic_core import ErrorDetails

from shiftscope.config.names import Name, Results
from shiftscope.config.networks import completed, remedy_problems, training_problems, weights_problems
from shiftscope.config.problems import protocol_problems, raised, results_problems, source_problems
from shiftscope.config.sections import Cause, Inference, Statistics
from shiftscope.core import limits
from shiftscope.core.errors import ShiftscopeError, shown, unknown
from shiftscope.core.kinds import kinds
from shiftscope.core.options import Options
from shiftscope.core.registry import Registry
from shiftscope.core.settings import read_settings
from shiftscope.core.values import check_extent, faults, inside
from shiftscope.engines import engines
from shiftscope.networks import Network, networks
from shiftscope.networks.augmentations import augmentations
from shiftscope.networks.modules import check_precision
from shiftscope.networks.sampling import samplings
from shiftscope.protocols import Protocol, protocols
from shiftscope.remedies import Remedy, remedies
from shiftscope.sources import Source, sources

SECTIONS: dict[str, Registry[Any]] = {
    "datasets": sources,
    "networks": networks,
    "protocols": protocols,
    "remedies": remedies,
}
WITHIN: dict[str, Registry[Any]] = {"augmentation": augmentations, "sampling": samplings}
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


class Config(Options):
    """A run: every network is measured on every data set through every protocol."""

    results: Results = Path("results")
    """Where everything is written: a folder below the working directory. To have it on another disk, make this folder a
    link to one there."""
    seed: int = Field(0, ge=0, le=limits.SEED)
    """Decides every random draw, together with the image's id."""
    shards: int = Field(1, ge=1, le=limits.SHARDS)
    """Into how many shards the images of a data set are divided. Each network is one job for each shard, and each protocol
    one for each shard and input size."""
    frames: Literal["keep", "discard"] = "keep"
    """Whether the pixels of frames stay on disk. With `discard` a shard's pixels are removed as soon as all networks have
    been shown them, and made again when a job needs them later; `frames.parquet`, which says how, stays. After a change of
    one network, `snakemake model_<network>` makes them again for that network alone."""
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
    def load(cls, raw: Mapping[str, Any], *, whole: bool = True) -> "Config":
        """The config that `raw` (as read from YAML) stands for, checked as far as it can be before anything runs.
        Unless it is the `whole` of what will be measured, there may be nothing to make.

        Raises ShiftscopeError: a sentence for each key that is wrong, with what it got and what is allowed; files that are
        not there; parts that do not go together.
        """
        check_extent(raw, inside)
        found = list(faults(raw))
        if found:
            raise ShiftscopeError("\n".join(found))
        try:
            config = cls.model_validate(raw)
        except ValidationError as error:
            raise ShiftscopeError("\n".join(_sentence(detail) for detail in error.errors(include_url=False))) from None
        networks, problems = completed(config.networks, config.inference.input_size)
        config = config.model_copy(update={"networks": networks})
        # An architecture that is unknown has been said where its size was asked for.
        others = config._problems(whole=whole)
        problems += [said for said in others if not any(one.startswith(said) for one in problems)]
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

    def networks_of(self, dataset: str) -> list[str]:
        """Names of the networks that are shown a data set's pictures, in the order of the config."""
        chosen = self.datasets[dataset].networks
        return [name for name in self.networks if chosen is None or name in chosen]

    def tried_on(self, remedy: Remedy) -> list[str]:
        """Names of the protocols on whose frames a remedy is tried: those that it names, or all, that have pairs of
        neighbouring frames."""
        chosen = self.protocols if remedy.protocols is None else remedy.protocols
        return [name for name, protocol in self.protocols.items() if name in chosen and protocol.has_pairs()]

    def _problems(self, *, whole: bool = True) -> Any:
        """Sentences about sections that are each right and do not go together."""
        yield from results_problems(self.results)
        if self.inference.engine != "auto" and self.inference.engine not in engines:
            names = ["auto", *(entry.name for entry in engines)]
            yield f"inference.engine: {unknown('engine', self.inference.engine, names)}"
        if self.inference.device != "auto":  # else it is known where the first network is prepared
            yield from raised("inference.precision", check_precision, self.inference.precision, self.inference.device)
        boxed = any({"boxes", "landmarks"} & source.provides for source in self.datasets.values())
        if whole and not boxed and not (self.networks and self.protocols):
            yield "there is nothing to make: give 'networks' and 'protocols' to measure, or a data set with boxes"
        if self.networks and self.protocols and not self.evaluated:
            yield "networks: there are no pictures to show them: no data set has pictures and is evaluated"
        for name, source in self.datasets.items():
            yield from self._dataset_problems(name, source)
        yield from self._cause_problems()
        yield from self._remedy_problems()
        for name, network in self.networks.items():
            yield from self._network_problems(name, network)
        for name, protocol in self.protocols.items():
            for size in self._sizes_through(name):
                yield from protocol_problems(name, protocol, size)
            needs = protocols[protocol.kind].needs
            for dataset, source in self.datasets.items():
                asked = dataset in self.evaluated and name in self.protocols_of(dataset)
                if asked and needs - source.provides:
                    yield (
                        f"protocols.{name}: needs {' and '.join(sorted(needs - source.provides))}, which data set "
                        f"{dataset} ({source.kind}) does not have; take one of them out, or name the protocols of that "
                        f"data set in 'datasets.{dataset}.protocols'"
                    )

    def _dataset_problems(self, name: str, source: Source) -> Any:
        yield from source_problems(name, source)
        for other in source.compare_with:
            if other not in self.datasets or other == name:
                rest = [key for key in self.datasets if key != name]
                yield f"datasets.{name}.compare_with: {unknown('data set', other, rest)}"
            elif not {"boxes"} <= source.provides & self.datasets[other].provides:
                yield f"datasets.{name}.compare_with: {name} and {other} must both have boxes"
        for noun, chosen, known in (
            ("protocol", source.protocols, self.protocols),
            ("network", source.networks, self.networks),
        ):
            for other in chosen or ():
                if other not in known:
                    yield f"datasets.{name}.{noun}s: {unknown(noun, other, known)}"

    def _sizes_through(self, protocol: str) -> list[int]:
        """The sizes, px, at which a protocol makes frames: those of the networks that are shown any."""
        showing = [dataset for dataset in self.evaluated if protocol in self.protocols_of(dataset)]
        shown = {name for dataset in showing for name in self.networks_of(dataset)}
        return sorted({size for name in shown if (size := self.networks[name].input_size)})

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

    def _remedy_problems(self) -> Any:
        if self.remedies and not self.networks:
            yield "remedies: there are no networks whose answers they could make steadier; give 'networks'"
        if self.remedies and not self.inference.keep_logits:
            yield "remedies: they work on all logits of the networks; write 'inference: {keep_logits: true}'"
        for name, remedy in self.remedies.items():
            if name in self.networks:
                yield f"remedies.{name}: a network has this name too, and tables name both in one column; rename one"
            for chosen in remedy.protocols or ():
                if chosen not in self.protocols:
                    yield f"remedies.{name}.protocols: {unknown('protocol', chosen, self.protocols)}"
                elif not self.protocols[chosen].has_pairs():
                    yield (
                        f"remedies.{name}.protocols: protocol {chosen} ({self.protocols[chosen].kind}) has no pairs of "
                        "neighbouring frames; name protocols that have, or leave the key out to try it on all of these"
                    )
            yield from self._reach_problems(name, remedy)

    def _reach_problems(self, name: str, remedy: Remedy) -> Any:
        """A sentence if a remedy does not fit into the sequences of any protocol that it is tried on."""
        tried = self.tried_on(remedy)
        lengths = [self.protocols[protocol].steps() for protocol in tried]
        reaches = [remedy.reach(setting, None) for setting in remedy.settings()]
        if remedy.protocols is None and not tried:
            yield f"remedies.{name}: no protocol has pairs of neighbouring frames; give one, such as 'crop: {{}}'"
        elif tried and None not in [*reaches, *lengths]:
            needed = min(reach for reach in reaches if reach is not None) + 2
            longest = max(length for length in lengths if length is not None)
            if needed > longest:
                yield (
                    f"remedies.{name}: a pair of its answers needs {needed} frames in a row, and the sequences of the "
                    f"protocols that it is tried on ({', '.join(tried)}) have {longest} at most; write smaller counts, or "
                    "more offsets"
                )

    def _network_problems(self, name: str, network: Network) -> Any:
        yield from raised(f"networks.{name}", network.check)
        yield from training_problems(name, network, self.datasets)
        wrong = list(weights_problems(name, self.networks, self.datasets))
        yield from wrong
        yield from remedy_problems(name, self.networks)
        for dataset, source in self.datasets.items() if not wrong else ():  # its classes may come from there
            shown = dataset in self.evaluated and name in self.networks_of(dataset)
            if shown and "labels" in source.provides and source.classes != network.class_space:
                yield f"networks.{name}: {_other_classes(network, dataset, source)}"


def _other_classes(network: Network, dataset: str, source: Source) -> str:
    """Why a network's classes are not those of a data set's labels, and what to write."""
    without = (
        "or 'labels: none' for the data set to measure without labels; if the network is not for this data set, name those "
        f"that are in 'datasets.{dataset}.networks'"
    )
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
        return f"{key}: got {shown(got)}; allowed: {context['expected']}"
    if kind in ("tuple_type", "list_type"):
        return f"{key}: got {shown(got)}; write a list"
    if kind in ("union_tag_not_found", "model_type", "model_attributes_type", "dict_type"):
        return f"{key}: got {shown(got)}; write a mapping of settings"
    message = str(context["error"]) if "error" in context else detail["msg"][:1].lower() + detail["msg"][1:]
    return f"{key}: {message}" if isinstance(got, Mapping) else f"{key}: got {shown(got)}; {message}"


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
