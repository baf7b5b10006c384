"""What a config comes down to: which files there will be, and what each job is given. The rules ask here.

Nothing here is a rule, and nothing here runs anything: it only names. Jobs get as parameters what decides their numbers,
and no more, so that a change to one key of the config reruns what depends on it and nothing else.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from shiftscope.config import Config
from shiftscope.core.options import Options
from shiftscope.engines import engines
from shiftscope.figures import figures
from shiftscope.networks import networks
from shiftscope.protocols import protocols
from shiftscope.resizers import resizers
from shiftscope.sensitivity.measures import measures
from shiftscope.sources import sources
from shiftscope.workflow.fingerprint import fingerprint


@dataclass(frozen=True)
class Plan:
    """The jobs of one config. `scripts` is the folder of the rules' scripts."""

    config: Config
    scripts: Path

    @property
    def results(self) -> str:
        return self.config.results.as_posix()

    @cached_property
    def evaluated(self) -> list[str]:
        """Data sets that networks are measured on."""
        return self.config.evaluated

    @cached_property
    def boxed(self) -> list[str]:
        """Data sets that have boxes."""
        return [name for name, source in self.config.datasets.items() if "boxes" in source.provides]

    @cached_property
    def landmarked(self) -> list[str]:
        """Data sets that have named points."""
        return [name for name, source in self.config.datasets.items() if "landmarks" in source.provides]

    def others(self, dataset: str) -> list[str]:
        """Data sets that the framing of one is compared with."""
        return list(self.config.datasets[dataset].compare_with)

    @cached_property
    def trained(self) -> list[str]:
        """Networks that are trained here."""
        return [name for name, network in self.config.networks.items() if network.origin == "train"]

    @cached_property
    def fetched(self) -> list[str]:
        """Networks whose weights are published on the internet."""
        return [name for name, network in self.config.networks.items() if network.origin == "fetch"]

    @cached_property
    def sizes(self) -> list[int]:
        """Input sizes that frames are made for."""
        return sorted({network.size for network in self.config.networks.values()})

    @cached_property
    def shards(self) -> list[str]:
        """Names of the shards, such as ``1of2``: another number of shards gives other names."""
        return [f"{number}of{self.config.shards}" for number in range(1, self.config.shards + 1)]

    # What a job is given

    def options(self, section: Options, *without: str) -> dict[str, Any]:
        """A section as the job's parameter: only what the user set, so that a new option with a default changes nothing."""
        return section.model_dump(mode="json", exclude_defaults=True, exclude={"kind", "note", *without})

    def source(self, dataset: str, *without: str) -> dict[str, Any]:
        source = self.config.datasets[dataset]
        return {"kind": source.kind, "options": self.options(source, "evaluate", "protocols", "compare_with", *without)}

    def network(self, network: str) -> dict[str, Any]:
        section = self.config.networks[network]
        return {"kind": section.kind, "options": self.options(section)}

    def fetched_network(self, network: str) -> dict[str, Any]:
        """A network as the job that fetches its weights needs it: how it is shown pictures changes nothing there."""
        section = self.config.networks[network]
        without = ("input_size", "mean", "std", "channels", "classes", "outputs", "answers", "anti_alias", "options")
        return {"kind": section.kind, "options": self.options(section, *without)}

    def protocol(self, protocol: str) -> dict[str, Any]:
        section = self.config.protocols[protocol]
        return {"kind": section.kind, "options": self.options(section)}

    def protocol_facts(self, protocol: str) -> dict[str, str]:
        """What figures and the report say of a protocol."""
        entry = protocols[self.config.protocols[protocol].kind]
        section = self.config.protocols[protocol]
        facts = {"title": entry.title, "unit": entry.unit, "kind": entry.name, "reference": entry.reference}
        more = {name: str(getattr(section, name)) for name in ("axis", "surround") if hasattr(section, name)}
        return {**facts, "note": section.note, **more}

    def code(self, rule: str, **wildcards: str) -> str:
        """Digest of the code that decides the numbers of a job: its script, and the variants that it uses."""
        return fingerprint(self.scripts / f"{rule}.py", *self._variants(rule, wildcards))

    def _variants(self, rule: str, wildcards: dict[str, str]) -> list[str]:
        found = []
        if rule in ("download", "images", "boxes", "landmarks"):
            found += [sources[self.config.datasets[wildcards["dataset"]].kind].module]
        if rule in ("train", "fetch_weights", "network", "infer"):
            found += [networks[self.config.networks[wildcards["network"]].kind].module]
        if rule in ("network", "infer"):
            chosen = self.config.inference.engine
            found += [entry.module for entry in engines if chosen in ("auto", entry.name)]
        if rule == "frames":
            protocol = self.config.protocols[wildcards["protocol"]]
            found += [protocols[protocol.kind].module, *(resizers[name].module for name in protocol.resizers())]
        if rule in ("sensitivity", "comparisons", "curves", "relation", "accuracy_by_surprisal", "report"):
            found += [entry.module for entry in measures]
        if rule in ("figure", "protocol_figure"):
            found += [figures[wildcards["figure"]].module]
        return found

    def cells(self, dataset: str) -> list[list[str]]:
        """Protocol and network of every file of `predictions`, in its order."""
        return [[protocol, network] for protocol in self.protocols(dataset) for network in self.config.networks]

    def protocols(self, dataset: str) -> list[str]:
        """The protocols that a data set's pictures go through."""
        return self.config.protocols_of(dataset)

    def ordered(self, dataset: str) -> dict[str, bool]:
        """Of each protocol, whether neighbouring steps are neighbours."""
        return {name: self.config.protocols[name].ordered() for name in self.protocols(dataset)}

    def figure_facts(self, dataset: str, figure: str, protocol: str | None = None) -> dict[str, Any]:
        """What a figure must know beside its files."""
        needs = figures[figure].needs
        return {
            "dataset": dataset,
            "protocol": protocol,
            "protocols": {
                name: self.protocol_facts(name) for name in ([protocol] if protocol else self.protocols(dataset))
            },
            "networks": {name: network.size for name, network in self.config.networks.items()},
            # Without the tag of timm's weights: it is the architecture that the papers name.
            "architectures": {
                name: getattr(network, "architecture", network.kind).partition(".")[0]
                for name, network in self.config.networks.items()
            },
            "shards": self.config.shards,
            "classes": self.class_space(dataset),
            **({"inclusion": self.inclusion()} if "boxes" in needs else {}),
            **({"landmark_pairs": self.landmark_options()["pairs"]} if "landmarks" in needs else {}),
        }

    def class_space(self, dataset: str) -> str:
        """What the indices of labels and outputs mean."""
        spaces = {network.class_space for network in self.config.networks.values()}
        return "imagenet" if spaces == {"imagenet"} else self.config.datasets[dataset].classes

    def sequences(self, dataset: str) -> list[tuple[str, int]]:
        """Protocols that make more than one frame of a picture, at every input size."""
        if not self._measured(dataset):
            return []
        varied = [name for name in self.protocols(dataset) if self.config.protocols[name].steps() != 1]
        return [(name, size) for name in varied for size in self.sizes]

    def report_facts(self, dataset: str) -> dict[str, Any]:
        """What the report must know beside its files."""
        source = sources[self.config.datasets[dataset].kind]
        return {
            "dataset": dataset,
            "source": {"title": source.title, "reference": source.reference},
            "protocols": {name: self.protocol_facts(name) for name in self.protocols(dataset)},
            "figures": [
                {"name": name, "protocol": protocol, "title": figures[name].title, "reference": figures[name].reference}
                for name, protocol in self.figures(dataset)
            ],
            "compare_with": self.others(dataset),
            "sequences": [[protocol, size] for protocol, size in self.sequences(dataset) for _ in self.shards],
            "input_size": self.config.inference.input_size,
            "seed": self.config.seed,
            "statistics": self.config.statistics.model_dump(mode="json"),
        }

    def inclusion(self) -> dict[str, bool]:
        """Which boxes count."""
        return {name: getattr(self.config.statistics, name) for name in ("crowd", "difficult", "truncated", "edge")}

    def framing_options(self) -> dict[str, Any]:
        """What the statistics of boxes are given, beside `inclusion`."""
        said = self.config.statistics
        return {"minimum_n": said.minimum_boxes, "level": said.level}

    def landmark_options(self) -> dict[str, Any]:
        """What the statistics of points are given."""
        said = self.config.statistics
        pairs = {name: list(pair) for name, pair in said.landmark_pairs.items()}
        return {"minimum_n": said.minimum_boxes, "level": said.level, "pairs": pairs}

    def gpus(self, here: bool) -> int:
        """GPUs that a job asks for which can use one; `here`: whether it runs on this machine. Without one here, jobs need
        not wait for one another."""
        device = self.config.inference.device
        return 0 if device == "cpu" or (device == "auto" and here and not Path("/dev/nvidiactl").exists()) else 1

    # Which files there are

    def path(self, *parts: str) -> str:
        return "/".join((self.results, *parts))

    def weights(self, network: str) -> str:
        """Where a network's weights are: the user's file, or what the workflow trains or fetches."""
        section = self.config.networks[network]
        if section.origin in ("train", "fetch"):
            return self.path("networks", network, "weights.safetensors")
        return (section.weights or section.files()[0]).as_posix()

    def network_files(self, network: str) -> list[str]:
        """Files of the user's that make a network what it is, beside its weights."""
        return [
            path.as_posix() for path in self.config.networks[network].files() if path.as_posix() != self.weights(network)
        ]

    def training_images(self, network: str) -> str:
        """The pictures that a network is trained on."""
        train = self.config.networks[network].train
        return self.path(train.dataset, "images.parquet") if train else ""

    def frames(self, dataset: str, protocol: str, size: int | str, name: str) -> list[str]:
        """One file of the frames (`name`: canvases, frames or skipped) for every shard."""
        return [self.path(dataset, "frames", protocol, str(size), shard, f"{name}.parquet") for shard in self.shards]

    def frames_inputs(self, dataset: str, protocol: str) -> dict[str, str]:
        """What the frames of a protocol are made from."""
        names = ["images", "boxes"] if "boxes" in protocols[self.config.protocols[protocol].kind].needs else ["images"]
        return {name: self.path(dataset, f"{name}.parquet") for name in names}

    def infer_inputs(self, dataset: str, protocol: str, network: str, shard: str) -> dict[str, str]:
        """The frames of one shard at the network's input size."""
        folder = self.path(dataset, "frames", protocol, str(self.config.networks[network].size), shard)
        return {name: f"{folder}/{name}.parquet" for name in ("canvases", "frames")}

    def aggregate_inputs(self, dataset: str, protocol: str, network: str) -> dict[str, list[str]]:
        """The predictions of all shards, and the frames that they must be of."""
        size = self.config.networks[network].size
        shards = [self.path(dataset, "predictions", protocol, network, f"{shard}.parquet") for shard in self.shards]
        return {"shards": shards, **{name: self.frames(dataset, protocol, size, name) for name in ("frames", "skipped")}}

    def predictions(self, dataset: str) -> list[str]:
        """One file for every protocol and network, protocols first."""
        return [
            self.path(dataset, "predictions", protocol, f"{network}.parquet")
            for protocol in self.protocols(dataset)
            for network in self.config.networks
        ]

    def model_files(self, network: str) -> list[str]:
        """What `model_<network>` makes."""
        return [
            self.path(dataset, "predictions", protocol, f"{network}.parquet")
            for dataset in self.evaluated
            for protocol in self.protocols(dataset)
        ]

    def framing_files(self, dataset: str) -> dict[str, Any]:
        """The tables of how a data set is framed, by name."""
        found: dict[str, Any] = {}
        if dataset in self.boxed:
            found |= {name: self.path(dataset, f"{name}.parquet") for name in ("bias", "inclusion")}
            found["framing"] = [
                self.path(dataset, "framing_comparison", f"{other}.parquet") for other in self.others(dataset)
            ]
        if dataset in self.landmarked:
            found["landmark_bias"] = self.path(dataset, "landmark_bias.parquet")
        return found

    def related(self, dataset: str) -> bool:
        """Whether framing and sensitivity of a data set can be set against each other."""
        labelled = "labels" in self.config.datasets[dataset].provides
        return dataset in self.boxed and self._measured(dataset) and labelled

    def bias_files(self) -> list[str]:
        """All that is known of the framing of data sets without a network: tables and figures."""
        found: list[str] = []
        for dataset in dict.fromkeys([*self.boxed, *self.landmarked]):
            for files in self.framing_files(dataset).values():
                found += [files] if isinstance(files, str) else files
            found += [
                self.path(dataset, "figures", f"{figure}.png")
                for figure, protocol in self.figures(dataset)
                if protocol is None and figures[figure].needs <= {"boxes", "landmarks"}
            ]
        return found

    def figures(self, dataset: str) -> list[tuple[str, str | None]]:
        """Figures of a data set: their names, and the protocol for those drawn once for each."""
        source = self.config.datasets[dataset]
        has = set(source.provides)
        if self._measured(dataset):
            has |= {"predictions", "sensitivity", "curves", "frames"}
        if self.related(dataset):
            has |= {"relation"}
        sequences = [name for name in self.protocols(dataset) if self.config.protocols[name].steps() != 1]
        found: list[tuple[str, str | None]] = []
        for entry in figures:
            if entry.item.per_protocol:
                found += [(entry.name, name) for name in sequences if entry.needs <= has | self.traits(name)]
            elif entry.needs <= has:
                found.append((entry.name, None))
        return found

    def traits(self, protocol: str) -> frozenset[str]:
        """What figures may ask of a protocol: ``neighbours`` if neighbouring steps are neighbours, else ``choices``; and
        its kind."""
        section = self.config.protocols[protocol]
        return frozenset({"neighbours" if section.ordered() else "choices", section.kind})

    def _measured(self, dataset: str) -> bool:
        return bool(dataset in self.evaluated and self.config.networks and self.protocols(dataset))

    def figure_paths(self, dataset: str, suffix: str) -> list[str]:
        return [
            self.path(dataset, "figures", *([protocol] if protocol else []), f"{figure}.{suffix}")
            for figure, protocol in self.figures(dataset)
        ]

    def figure_inputs(self, dataset: str, figure: str, protocol: str | None = None) -> dict[str, Any]:
        """What a figure reads: named files, or lists of files in the order of protocols, networks and shards."""
        needs = figures[figure].needs
        inputs: dict[str, Any] = {"images": self.path(dataset, "images.parquet")}
        if "boxes" in needs:
            inputs |= {name: self.path(dataset, f"{name}.parquet") for name in ("boxes", "bias")}
        if "landmarks" in needs:
            inputs |= {name: self.path(dataset, f"{name}.parquet") for name in ("landmarks", "landmark_bias")}
        if "relation" in needs:
            inputs |= {name: self.path(dataset, f"{name}.parquet") for name in ("relation", "accuracy_by_surprisal")}
        inputs |= {name: self.path(dataset, f"{name}.parquet") for name in ("sensitivity", "curves") if name in needs}
        chosen = [protocol] if protocol else self.protocols(dataset)
        if "predictions" in needs:
            inputs["predictions"] = [
                self.path(dataset, "predictions", name, f"{network}.parquet")
                for name in chosen
                for network in self.config.networks
            ]
        if "frames" in needs:
            for kind in ("frames", "canvases"):
                inputs[kind] = [
                    path for name in chosen for size in self.sizes for path in self.frames(dataset, name, size, kind)
                ]
        return inputs

    def report_inputs(self, dataset: str) -> dict[str, Any]:
        """What the report of a data set reads."""
        inputs: dict[str, Any] = {
            "images": self.path(dataset, "images.parquet"),
            "skipped": [self.path(dataset, "skipped.parquet")],
            "figures": self.figure_paths(dataset, "png"),
            "captions": self.figure_paths(dataset, "txt"),
        }
        if self._measured(dataset):
            inputs |= {name: self.path(dataset, f"{name}.parquet") for name in ("sensitivity", "comparisons")}
            # Beside `facts["sequences"]`, which says of each what it is of.
            inputs["frames"] = [
                path for name, size in self.sequences(dataset) for path in self.frames(dataset, name, size, "frames")
            ]
            inputs["cards"] = [self.path("networks", network, "card.json") for network in self.config.networks]
            inputs["skipped"] += [
                path
                for protocol in self.protocols(dataset)
                for size in self.sizes
                for path in self.frames(dataset, protocol, size, "skipped")
            ]
        inputs |= self.framing_files(dataset)
        if self.related(dataset):
            inputs |= {name: self.path(dataset, f"{name}.parquet") for name in ("relation", "accuracy_by_surprisal")}
        return inputs

    def targets(self) -> list[str]:
        """All that the workflow makes when it is asked for nothing in particular."""
        framed = {*self.boxed, *self.landmarked}
        reported = [name for name in self.config.datasets if self._measured(name) or name in framed]
        return [self.path(name, "report.html") for name in reported] + [
            path for name in reported for path in self.figure_paths(name, "pdf")
        ]
