"""What a config comes down to: the data sets, networks and protocols that there are, and the files that will be made of
them. The rules ask here. Nothing here is a rule, and nothing here runs anything: it only names."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from shiftscope.config import Config
from shiftscope.config.networks import alike
from shiftscope.figures import LONG, figures
from shiftscope.protocols import protocols
from shiftscope.workflow.paths import Paths, filled

BOXED = frozenset({"boxes", "bias", "inclusion"})
LANDMARKED = frozenset({"landmarks", "landmark_bias"})
MEASURED = frozenset({"frames", "predictions", "sensitivity", "curves", "comparisons"})
TRAINED = frozenset({"training"})
INSIDE = frozenset({"layers", "geometry", "maps"})
AUGMENTED = frozenset({"augmentation"})
RELATED = frozenset({"relation", "accuracy_by_surprisal"})
REMEDIED = frozenset({"remedies"})
"""Tables of a data set, by what there must be for them."""


@dataclass(frozen=True)
class Plan:
    """What there will be for one config."""

    config: Config

    @cached_property
    def paths(self) -> Paths:
        """Where the files of the run are."""
        return Paths(self.config.results.as_posix())

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

    @cached_property
    def reported(self) -> list[str]:
        """Data sets that have a page."""
        framed = {*self.boxed, *self.landmarked}
        return [name for name in self.config.datasets if self.measured(name) or name in framed]

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
    def remedied(self) -> dict[str, str]:
        """Networks that are remedies, and the network that each improves on."""
        return {name: network.remedied for name, network in self.config.networks.items() if network.remedied}

    def remedied_of(self, dataset: str) -> dict[str, str]:
        """Those of them that are shown a data set together with the network that they improve on."""
        shown = self.networks_of(dataset)
        return {name: other for name, other in self.remedied.items() if name in shown and other in shown}

    def augmented_of(self, dataset: str) -> list[list[str]]:
        """Those that differ from the one that they improve on in the augmentation of their training alone: network, the
        other one, kind of augmentation, and the data set that both are trained on."""
        found = []
        for name, other in self.remedied_of(dataset).items():
            taught, plain = self.config.networks[name], self.config.networks[other]
            if taught.train and plain.train and alike(taught, plain) and taught.train.dataset == plain.train.dataset:
                kinds = [section.augmentation.kind for section in (taught.train, plain.train)]
                if kinds[0] != kinds[1] == "none":
                    found.append([name, other, kinds[0], taught.train.dataset])
        return found

    @cached_property
    def sizes(self) -> list[int]:
        """Input sizes that frames are made for."""
        return sorted({network.size for network in self.config.networks.values()})

    def sizes_of(self, dataset: str) -> list[int]:
        """Input sizes that frames of a data set are made for."""
        return sorted({self.config.networks[name].size for name in self.networks_of(dataset)})

    @cached_property
    def shards(self) -> list[str]:
        """Names of the shards, such as ``1of2``: another number of shards gives other names."""
        return [f"{number}of{self.config.shards}" for number in range(1, self.config.shards + 1)]

    def cells(self, dataset: str) -> list[list[str]]:
        """Every protocol and network of a data set, protocols first."""
        return [[protocol, network] for protocol in self.protocols_of(dataset) for network in self.networks_of(dataset)]

    def run_cells(self, dataset: str) -> list[list[str]]:
        """Protocol and network of all predictions that are made of a data set."""
        return self.cells(dataset) if self.measured(dataset) else []

    def protocols_of(self, dataset: str) -> list[str]:
        """The protocols that a data set's pictures go through."""
        return self.config.protocols_of(dataset)

    def networks_of(self, dataset: str) -> list[str]:
        """The networks that are shown a data set's pictures."""
        return self.config.networks_of(dataset)

    def trained_of(self, dataset: str) -> list[str]:
        """Those of them that are trained here."""
        return [name for name in self.networks_of(dataset) if name in self.trained]

    def ordered(self, dataset: str) -> dict[str, bool]:
        """Of each protocol, whether neighbouring steps are neighbours."""
        return {name: self.config.protocols[name].ordered() for name in self.protocols_of(dataset)}

    # Which files there are

    def weights(self, network: str) -> str:
        """Where a network's weights are: the user's file, what the workflow trains or fetches, or another network's."""
        section = self.config.networks[network]
        if section.origin == "network":
            return self.weights(str(section.weights_of))
        if section.origin in ("train", "fetch"):
            return self.paths.weights.format(network=network)
        return (section.weights or section.files()[0]).as_posix()

    def network_files(self, network: str) -> list[str]:
        """Files of the user's that make a network what it is, beside its weights."""
        return [
            path.as_posix() for path in self.config.networks[network].files() if path.as_posix() != self.weights(network)
        ]

    def training_images(self, network: str) -> str:
        """The pictures that a network is trained on."""
        train = self.config.networks[network].train
        return self.paths.images.format(dataset=train.dataset) if train else ""

    def validation_images(self, network: str) -> str | list[str]:
        """The pictures that a network is asked about while it is trained; an empty list if there are none."""
        train = self.config.networks[network].train
        return self.paths.images.format(dataset=train.validation) if train and train.validation else []

    def start(self, network: str) -> str | list[str]:
        """The weights that a network's training starts from; an empty list if they are random."""
        other = self.config.networks[network].weights_of
        return self.weights(other) if other else []

    def boxes_of_frames(self, dataset: str, protocol: str) -> str | list[str]:
        """The boxes that a protocol needs to make its frames; an empty list if it needs none."""
        needed = "boxes" in protocols[self.config.protocols[protocol].kind].needs
        return self.paths.boxes.format(dataset=dataset) if needed else []

    def remedy_cells(self, dataset: str) -> list[list[str]]:
        """Every protocol with the networks that are remedies and those that they improve on."""
        pairs = self.remedied_of(dataset)
        named = {*pairs, *pairs.values()}
        return [[protocol, network] for protocol, network in self.cells(dataset) if network in named]

    def augmentation_cells(self, dataset: str) -> list[list[str]]:
        """Every protocol in which something moves with the networks that were trained with and without augmentation."""
        named = {name for pair in self.augmented_of(dataset) for name in pair[:2]}
        moving = [name for name in self.varied(dataset) if self.config.protocols[name].ordered()]
        return [[protocol, network] for protocol, network in self.cells(dataset) if network in named and protocol in moving]

    def framed_alike(self, dataset: str) -> list[str]:
        """The data sets that augmented networks are trained on and that the framing of this one is compared with."""
        taught = {pair[3] for pair in self.augmented_of(dataset)}
        return [name for name in self.others(dataset) if name in taught]

    def epochs(self, network: str) -> int:
        """Epochs of training in this run that a network has behind it, with those of the network that it starts from."""
        section = self.config.networks[network]
        before = self.epochs(section.weights_of) if section.weights_of else 0
        return before + (section.train.epochs if section.train else 0)

    def of_cells(self, pattern: str, dataset: str, cells: Iterable[list[str]] | None = None) -> list[str]:
        """The file of `pattern` for every protocol and network of a data set, or for some `cells` of them."""
        chosen = self.cells(dataset) if cells is None else cells
        return [pattern.format(dataset=dataset, protocol=protocol, network=network) for protocol, network in chosen]

    def model_files(self, network: str) -> list[str]:
        """What `model_<network>` makes: all that the network must be shown frames for."""
        return [
            path
            for dataset in self.evaluated
            if network in self.networks_of(dataset)
            for pattern, protocols in (
                (self.paths.sums, self.protocols_of(dataset)),
                (self.paths.layers, self.inside(dataset)),
            )
            for path in filled(pattern, dataset=dataset, protocol=protocols, network=network)
        ]

    def measured(self, dataset: str) -> bool:
        """Whether networks answer on the pictures of a data set."""
        return bool(dataset in self.evaluated and self.networks_of(dataset) and self.protocols_of(dataset))

    def inside(self, dataset: str) -> list[str]:
        """The protocols on whose sequences the layers of networks are measured."""
        return [
            name for name in self.protocols_of(dataset) if name in self.config.cause.protocols and self.measured(dataset)
        ]

    def tried(self, dataset: str) -> dict[str, list[str]]:
        """The names of the remedies that work on answers, by the protocol on whose frames they are tried."""
        if not self.measured(dataset):
            return {}
        protocols_of = {name: self.config.tried_on(section) for name, section in self.config.remedies.items()}
        tried = {
            protocol: [name for name, chosen in protocols_of.items() if protocol in chosen]
            for protocol in self.protocols_of(dataset)
        }
        return {protocol: names for protocol, names in tried.items() if names}

    def scored(self, dataset: str) -> list[str]:
        """The protocols whose frames are scored, because a remedy chooses among them."""
        return [
            protocol
            for protocol, names in self.tried(dataset).items()
            if any(self.config.remedies[name].needs_scores() for name in names)
        ]

    def answer_remedies(self, dataset: str) -> list[str]:
        """One file for each network: what the remedies that work on answers do for it."""
        return filled(
            self.paths.answer_remedies, dataset=dataset, network=self.networks_of(dataset) if self.tried(dataset) else []
        )

    def remedy_parts(self, dataset: str) -> list[str]:
        """The tables that `remedies` is put together from: those of answers, and that of networks, where there are some."""
        networks = [self.paths.network_remedies.format(dataset=dataset)] if self.remedied_of(dataset) else []
        return self.answer_remedies(dataset) + networks

    def related(self, dataset: str) -> bool:
        """Whether framing and sensitivity of a data set can be set against each other."""
        labelled = "labels" in self.config.datasets[dataset].provides
        return dataset in self.boxed and self.measured(dataset) and labelled

    def tables(self, dataset: str) -> frozenset[str]:
        """The tables that are made of a data set, beside `images`: figures and the report are made from them."""
        there = {
            BOXED: dataset in self.boxed,
            LANDMARKED: dataset in self.landmarked,
            MEASURED: self.measured(dataset),
            TRAINED: bool(self.trained_of(dataset)) and self.measured(dataset),
            INSIDE: bool(self.inside(dataset)),
            AUGMENTED: self.measured(dataset) and bool(self.augmentation_cells(dataset)),
            REMEDIED: self.measured(dataset) and bool(self.tried(dataset) or self.remedied_of(dataset)),
            RELATED: self.related(dataset),
        }
        return frozenset().union(*(tables for tables, known in there.items() if known))

    def drawn_from(self, figure: str) -> frozenset[str]:
        """The tables that a figure is drawn from, beside `images`."""
        return figures[figure].item.tables

    def boxes_of_figure(self, dataset: str, figure: str, drawn: Iterable[str | None]) -> str | list[str]:
        """The boxes that a figure is drawn from, or that it needs to show frames of the protocols that it is drawn for; an
        empty list if it needs none."""
        tables = self.drawn_from(figure)
        if "boxes" in tables:
            return self.paths.boxes.format(dataset=dataset)
        shown = [name for name in drawn if name and "frames" in tables]
        return next((boxes for name in shown if (boxes := self.boxes_of_frames(dataset, name))), [])

    def traits(self, protocol: str) -> frozenset[str]:
        """What figures may ask of a protocol: its kind, ``ordered`` if neighbouring steps are neighbours in what is swept,
        else ``unordered``; ``long`` if its sequences have `LONG` steps or more, or what the picture allows; ``inside``
        if layers are measured on them; and ``remedied`` if remedies that work on answers are tried on them."""
        section = self.config.protocols[protocol]
        found = {"ordered" if section.ordered() else "unordered", section.kind}
        found |= {"long"} if (section.steps() or LONG) >= LONG else set()
        if protocol in self.config.cause.protocols:
            found.add("inside")
        if any(protocol in self.config.tried_on(remedy) for remedy in self.config.remedies.values()):
            found.add("remedied")
        return frozenset(found)

    def varied(self, dataset: str) -> list[str]:
        """The protocols of a data set whose sequences have more than one step."""
        return [name for name in self.protocols_of(dataset) if self.config.protocols[name].steps() != 1]

    def sequences(self, dataset: str) -> list[tuple[str, int]]:
        """Protocols that make more than one frame of a picture, at every input size."""
        varied = self.varied(dataset) if self.measured(dataset) else []
        return [(name, size) for name in varied for size in self.sizes_of(dataset)]

    def drawn(self, dataset: str) -> list[tuple[str, str | None]]:
        """Figures of a data set, examples first: names, and the protocol of those that are drawn for each."""
        provides, tables = self.config.datasets[dataset].provides, self.tables(dataset)
        found: list[tuple[str, str | None]] = []
        for entry in figures:
            kind = entry.item
            if not (entry.needs <= provides and kind.tables <= tables):
                continue
            if kind.per_protocol:
                found += [(entry.name, name) for name in self.varied(dataset) if kind.protocol <= self.traits(name)]
            else:
                found.append((entry.name, None))
        return sorted(found, key=lambda drawn: drawn[0] != "examples")  # what a reader understands without a word first

    def protocols_shown(self, dataset: str, protocols: Iterable[str | None]) -> list[str]:
        """The protocols whose files a figure is given: those that it is drawn for, or all of its data set."""
        return [name for name in protocols if name] or self.protocols_of(dataset)

    def figure_files(self, dataset: str, ending: str) -> list[str]:
        """The files of all figures of a data set, in the order of `drawn`."""
        return [self.figure_file(dataset, figure, protocol, ending) for figure, protocol in self.drawn(dataset)]

    def figure_file(self, dataset: str, figure: str, protocol: str | None, ending: str) -> str:
        """One of the files of a figure (`ending`: png, pdf, or txt for its caption)."""
        pattern = self.paths.protocol_figure(ending) if protocol else self.paths.figure(ending)
        return pattern.format(dataset=dataset, protocol=protocol, figure=figure)

    def bias_files(self) -> list[str]:
        """All that is known of the framing of data sets without a network: tables and figures."""
        found: list[str] = []
        for dataset in self.boxed:
            found += [self.paths.bias.format(dataset=dataset), self.paths.inclusion.format(dataset=dataset)]
            found += filled(self.paths.framing_comparison, dataset=dataset, other=self.others(dataset))
        found += filled(self.paths.landmark_bias, dataset=self.landmarked)
        for dataset in dict.fromkeys([*self.boxed, *self.landmarked]):
            found += [
                self.paths.figure("png").format(dataset=dataset, figure=figure)
                for figure, protocol in self.drawn(dataset)
                if protocol is None and self.drawn_from(figure) <= BOXED | LANDMARKED
            ]
        return found

    def targets(self) -> list[str]:
        """The pages of all data sets that have one, and their figures for print."""
        return filled(self.paths.report, dataset=self.reported) + [
            path for name in self.reported for path in self.figure_files(name, "pdf")
        ]
