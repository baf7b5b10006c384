"""What each job is given as parameters: what decides its numbers, and no more, so that a change to one key of the config
reruns what depends on it and nothing else."""

from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from shiftscope.cause.measures import measures as layer_measures
from shiftscope.core.options import Options
from shiftscope.data.encodings import encodings
from shiftscope.engines import engines
from shiftscope.engines.devices import devices
from shiftscope.figures import figures, shown
from shiftscope.networks import Network, networks
from shiftscope.networks.augmentations import augmentations
from shiftscope.networks.sampling import samplings
from shiftscope.protocols import protocols
from shiftscope.remedies import remedies
from shiftscope.resizers import resizers
from shiftscope.sensitivity.measures import measures
from shiftscope.sources import sources
from shiftscope.workflow.exploring import explored
from shiftscope.workflow.exporting import exported_tables
from shiftscope.workflow.fingerprint import fingerprint
from shiftscope.workflow.gpus import devices_here
from shiftscope.workflow.plan import Plan

MEASURING = ("sums", "sensitivity", "comparisons", "report")
"""Rules that look at the measures: what they are, or which of them say the same. Others see what these rules made."""
FEW = 20_000
"""Pictures that are opened within a minute."""
SAME = ("axis", "side", "surround", "place", "resize")
"""Settings of protocols by which figures know that one is the paper's."""


@dataclass(frozen=True)
class Parameters:
    """The parameters of the jobs of a plan. `scripts` is the folder of the rules' scripts."""

    plan: Plan
    scripts: Path

    def options(self, section: Options, *without: str) -> dict[str, Any]:
        """A section as the job's parameter: only what the user set, so that a new option with a default changes nothing."""
        return section.model_dump(mode="json", exclude_defaults=True, exclude={"kind", "note", *without})

    def source(self, dataset: str, *without: str) -> dict[str, Any]:
        """What the jobs that read a data set are given of it, but for the keys `without`, which do not matter to them."""
        source = self.plan.config.datasets[dataset]
        return {
            "kind": source.kind,
            "options": self.options(source, "evaluate", "protocols", "networks", "compare_with", *without),
        }

    def listing_threads(self, dataset: str) -> int:
        """Cores that Snakemake reserves for the job that opens every picture of a data set: one where that takes seconds,
        since a job of two holds up all others until two cores are free. The job itself opens as many pictures at a time in
        either case."""
        most = self.plan.config.datasets[dataset].at_most()
        return 1 if most is not None and most <= FEW else 2

    def network(self, network: str) -> dict[str, Any]:
        """What the jobs that load a network are given of it."""
        section = self.plan.config.networks[network]
        return {"kind": section.kind, "options": self.options(section, "remedy_of")}

    def fetched_network(self, network: str) -> dict[str, Any]:
        """A network as the job that fetches its weights needs it: how it is shown pictures changes nothing there."""
        section = self.plan.config.networks[network]
        without = ("input_size", "mean", "std", "channels", "classes", "outputs", "answers", "sampling", "options")
        return {"kind": section.kind, "options": self.options(section, *without, "weights_of", "remedy_of")}

    def protocol(self, protocol: str) -> dict[str, Any]:
        """What the job that makes frames is given of a protocol."""
        section = self.plan.config.protocols[protocol]
        return {"kind": section.kind, "options": self.options(section)}

    def recipe(self, protocol: str) -> dict[str, Any]:
        """How the frames of a protocol are made of a picture."""
        return {**self.protocol(protocol), "seed": self.plan.config.seed}

    def protocol_facts(self, protocol: str) -> dict[str, str]:
        """What figures and the report say of a protocol."""
        entry = protocols[self.plan.config.protocols[protocol].kind]
        section = self.plan.config.protocols[protocol]
        facts = {"title": entry.title, "unit": entry.unit, "kind": entry.name, "reference": entry.reference}
        more = {name: str(getattr(section, name)) for name in SAME if hasattr(section, name)}
        if (apart := self._apart(protocol)) is not None:
            more["step"] = f"{apart:g}"
        return {**facts, "note": section.note, "ordered": "yes" if section.ordered() else "no", **more}

    def code(self, rule: str, **wildcards: str) -> str:
        """Digest of the code that decides the numbers of a job: its script, and the variants that it uses."""
        return fingerprint(self.scripts / f"{rule}.py", *self._variants(rule, wildcards))

    def _variants(self, rule: str, wildcards: dict[str, str]) -> list[str]:
        found = []
        if rule in ("download", "images", "boxes", "landmarks"):
            found += [sources[self.plan.config.datasets[wildcards["dataset"]].kind].module]
        if rule in ("train", "fetch_weights", "network", "infer", "layers"):
            network = self.plan.config.networks[wildcards["network"]]
            sampling = getattr(network, "sampling", None)
            found += [networks[network.kind].module]
            if sampling is not None and rule != "fetch_weights":
                found += [samplings[sampling.kind].module]
            if rule == "train" and network.train:
                found += [augmentations[network.train.augmentation.kind].module]
        if rule in ("network", "infer", "price"):
            found += [entry.module for entry in devices]
        if rule in ("network", "infer"):
            chosen = self.plan.config.inference.engine
            found += [entry.module for entry in engines if chosen in ("auto", entry.name)]
        if rule == "frames":
            found += self._of_frames(wildcards["protocol"])
        if rule == "price":
            found += [entry.module for entry in engines]
        if rule in MEASURING:
            found += [entry.module for entry in measures]
        if rule == "answer_remedies":
            tried = {name for names in self.plan.tried(wildcards["dataset"]).values() for name in names}
            found += [remedies[self.plan.config.remedies[name].kind].module for name in sorted(tried)]
            found += [entry.module for entry in measures]
        if rule in ("layers", "report"):
            found += [entry.module for entry in layer_measures]
        if rule == "figures":
            found += [figures[wildcards["figure"]].module]
            if "frames" in self.plan.drawn_from(wildcards["figure"]):
                shown = self.plan.protocols_shown(wildcards["dataset"], [wildcards["protocol"]])
                found += [module for name in shown for module in self._of_frames(name)]
        if rule == "explorer":
            found += [module for name in self.plan.varied(wildcards["dataset"]) for module in self._of_frames(name)]
        if rule in ("frames", "infer", "layers", "scores"):
            found += [entry.module for entry in encodings]
        return found

    def _of_frames(self, name: str) -> list[str]:
        """The modules that make the frames of a protocol."""
        protocol = self.plan.config.protocols[name]
        return [protocols[protocol.kind].module, *(resizers[resizer].module for resizer in protocol.uses_resizers())]

    def figures_facts(self, dataset: str) -> dict[str, Any]:
        """What all figures of a data set must know beside their files."""
        shown = self._shown(dataset)
        return {
            "networks": {name: network.size for name, network in shown.items()},
            # Without the tag of timm's weights: it is the architecture that the papers name.
            "architectures": {
                name: getattr(network, "architecture", network.kind).partition(".")[0] for name, network in shown.items()
            },
            "shards": self.plan.config.shards,
            "classes": self.class_space(dataset),
        }

    def figure_facts(self, dataset: str, figure: str, protocol: str | None = None) -> dict[str, Any]:
        """What one figure must know beyond that, drawn for a protocol or for none."""
        tables = self.plan.drawn_from(figure)
        shown = self.plan.protocols_shown(dataset, [protocol])
        return {
            "figure": figure,
            "protocol": protocol or "",
            "protocols": {name: self.protocol_facts(name) for name in shown},
            **({"trained": self.plan.trained_of(dataset)} if "training" in tables else {}),
            **({"recipes": {name: self.recipe(name) for name in shown}} if "frames" in tables else {}),
            **({"inclusion": self.inclusion()} if "bias" in tables else {}),
            **({"landmark_pairs": self.landmark_options()["pairs"]} if "landmark_bias" in tables else {}),
        }

    def explorer_facts(self, dataset: str) -> dict[str, Any]:
        """What the explorer must know beside its files."""
        ordered = self.plan.ordered(dataset)
        varied = self.plan.varied(dataset)
        return {
            "dataset": dataset,
            "seed": self.plan.config.seed,
            "networks": {name: network.size for name, network in self._shown(dataset).items()},
            "classes": self.class_space(dataset),
            "protocols": {
                name: {**self.protocol_facts(name), "ordered": ordered[name], "recipe": self.recipe(name)}
                for name in varied
            },
            "inside": [name for name in self.plan.inside(dataset) if name in varied],
        }

    def class_space(self, dataset: str) -> str:
        """What the indices of labels and outputs mean."""
        spaces = {network.class_space for network in self._shown(dataset).values()}
        return "imagenet" if spaces == {"imagenet"} else self.plan.config.datasets[dataset].classes

    def _shown(self, dataset: str) -> dict[str, Network]:
        """The networks that are shown a data set."""
        return {name: self.plan.config.networks[name] for name in self.plan.networks_of(dataset)}

    def report_facts(self, dataset: str) -> dict[str, Any]:
        """What the report must know beside its files."""
        source = sources[self.plan.config.datasets[dataset].kind]
        return {
            "dataset": dataset,
            "source": {"title": source.title, "reference": source.reference},
            "protocols": {
                name: {**self.protocol_facts(name), "apart": self._apart(name)} for name in self.plan.protocols_of(dataset)
            },
            "figures": [self._figure_on_page(name) | {"protocol": protocol} for name, protocol in self.plan.drawn(dataset)],
            "exports": exported_tables(self.plan, dataset),
            "explorer": dataset in explored(self.plan),
            "compare_with": self.plan.others(dataset),
            "as_they_are": [name for name, section in self._shown(dataset).items() if section.origin == "network"],
            "inside": [
                [protocol, network] for protocol in self.plan.inside(dataset) for network in self.plan.networks_of(dataset)
            ],
            "cells": self.plan.run_cells(dataset),
            "sequences": [[protocol, size] for protocol, size in self.plan.sequences(dataset) for _ in self.plan.shards],
            "input_size": self.plan.config.inference.input_size,
            "seed": self.plan.config.seed,
            "statistics": self.plan.config.statistics.model_dump(mode="json"),
        }

    def _figure_on_page(self, name: str) -> dict[str, Any]:
        kind = figures[name].item
        return {
            "name": name,
            "title": figures[name].title,
            "reference": figures[name].reference,
            "shows": shown(name),
            "tables": sorted(kind.tables),
            "particular": bool(kind.protocol),
        }

    def _apart(self, protocol: str) -> float | None:
        """How far apart the values are that a protocol sweeps, in its unit; None where that differs, or is not known."""
        section = self.plan.config.protocols[protocol]
        lists = (getattr(section, name, None) for name in ("offsets", "sides", "angles", "shifts"))
        values = next((found for found in lists if isinstance(found, tuple | list)), ())
        steps = {round(after - before, 6) for before, after in pairwise(sorted(values))}
        return steps.pop() if len(steps) == 1 else None

    def inclusion(self) -> dict[str, bool]:
        """Which boxes count."""
        return {name: getattr(self.plan.config.statistics, name) for name in ("crowd", "difficult", "truncated", "edge")}

    def framing_options(self) -> dict[str, Any]:
        """What the statistics of boxes are given, beside `inclusion`."""
        said = self.plan.config.statistics
        return {"minimum_n": said.minimum_boxes, "level": said.level}

    def landmark_options(self) -> dict[str, Any]:
        """What the statistics of points are given."""
        said = self.plan.config.statistics
        pairs = {name: list(pair) for name, pair in said.landmark_pairs.items()}
        return {"minimum_n": said.minimum_boxes, "level": said.level, "pairs": pairs}

    def tried(self, dataset: str) -> list[dict[str, Any]]:
        """What the job that tries the remedies on answers is given, for each protocol."""
        return [
            {
                "protocol": protocol,
                "moves": self.plan.config.protocols[protocol].sweeps_place(),
                "remedies": {name: self.remedy(name) for name in names},
            }
            for protocol, names in self.plan.tried(dataset).items()
        ]

    def remedy(self, name: str) -> dict[str, Any]:
        """What the job that tries a remedy is given of it."""
        section = self.plan.config.remedies[name]
        return {"kind": section.kind, "options": self.options(section, "protocols")}

    def audit(self) -> dict[str, Any]:
        """What the job that runs a network is given of an audit: nothing where there is none, so that the seed changes
        nothing then."""
        share = self.plan.config.inference.audit
        return {"audit": share, "seed": self.plan.config.seed} if share else {}

    def cause(self) -> dict[str, Any]:
        """What the job that looks inside a network is given."""
        section = self.plan.config.cause
        layers = section.layers if isinstance(section.layers, str) else list(section.layers)
        return {"which": layers, "pictures": section.pictures}

    def epochs(self, dataset: str) -> dict[str, int]:
        """Of each network that is a remedy, the epochs of training that it has behind it beyond the one it improves on."""
        pairs = self.plan.remedied_of(dataset)
        return {remedy: self.plan.epochs(remedy) - self.plan.epochs(network) for remedy, network in pairs.items()}

    def gpus(self, here: bool) -> int:
        """GPUs that a job asks for which can use one; `here`: whether it runs on this machine. Without one here, jobs need
        not wait for one another."""
        device = self.plan.config.inference.device
        return 0 if device == "cpu" or (device == "auto" and here and not _gpu_here()) else 1


@cache  # asked for every job
def _gpu_here() -> bool:
    return bool(devices_here())
