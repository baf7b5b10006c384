"""`shiftscope check`: everything a run will need, before it runs."""

import shutil
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from shiftscope.commands.disk import FEWEST, MOST, Bytes, Sample
from shiftscope.commands.shards import propose
from shiftscope.config import Config
from shiftscope.core.errors import ShiftscopeError
from shiftscope.core.numbers import amount
from shiftscope.networks import Network, Preprocessing
from shiftscope.sources import Source
from shiftscope.stages.images import refuse_duplicates
from shiftscope.stages.prepare import network_facts
from shiftscope.workflow.parameters import Parameters
from shiftscope.workflow.plan import Plan


class Findings:
    """What was found out, line by line, and how much of it is wrong."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.wrong = 0
        self.pictures: dict[str, int] = {}
        """Of each data set that is here, how many are used."""

    def good(self, what: str, line: str) -> None:
        """Note that a part of the config, `what`, is as it should be; `line` says what it is."""
        self.lines.append(f"ok     {what}: {line}")

    def later(self, what: str, line: str) -> None:
        """Note that a part of the config can be checked only during the run."""
        self.lines.append(f"later  {what}: {line}")

    def bad(self, what: str, line: str) -> None:
        """Note that a part of the config is wrong."""
        self.wrong += 1
        self.lines.append(f"WRONG  {what}: {line}")


class Needed:
    """Bytes of frames, added up over data sets, protocols and input sizes."""

    def __init__(self) -> None:
        self.pixels = self.rows = 0.0
        self.at_a_time: defaultdict[tuple[str, int], float] = defaultdict(float)
        """By data set and input size, the pixels of a shard, of all protocols: a job shows them to a network, so they have
        to be there together."""
        self.unknown: list[str] = []
        """Data sets of which nothing can be said yet."""

    def add(self, found: Bytes, dataset: str, size: int, shards: int) -> None:
        """Add what one protocol takes on a data set at one input size."""
        self.pixels += found.pixels
        self.rows += found.rows
        self.at_a_time[dataset, size] += found.pixels / shards


def check(config: Config) -> Findings:
    """What can be said, before anything runs, about the data sets, networks, disk space and jobs of a config.

    Some pictures of each data set are sent through its protocols, and each network that is here is loaded and run.
    """
    findings = Findings()
    plan = Plan(config)
    needed = Needed()
    for name, source in config.datasets.items():
        _dataset(findings, plan, name, source, needed)
    for name, network in config.networks.items():
        _network(findings, plan, name, network)
    _jobs(findings, plan)
    known, line = propose(plan, findings.pictures)
    (findings.good if known else findings.later)("shards", line)
    _disk(findings, config, needed)
    return findings


def _disk(findings: Findings, config: Config, needed: Needed) -> None:
    place = next(path for path in (config.results, *config.results.resolve().parents) if path.exists())
    free = shutil.disk_usage(place).free
    where = f"{config.results}, where {amount(free)} are free"
    both, rows = amount(needed.pixels + needed.rows), amount(needed.rows)
    if config.frames == "keep":
        least = needed.pixels + needed.rows
        line = f"about {both} of frames will be written to {where}; with 'frames: discard' about {rows} of them stay"
    else:
        least = max(needed.at_a_time.values(), default=0.0) + needed.rows
        line = f"about {rows} of frames will stay in {where}; until networks have been shown them, up to {both} are there, "
        line += "and with 'frames: keep' all of these stay"
    if needed.unknown:
        line += f". Not counted, since its pictures are not here yet: {', '.join(needed.unknown)}"
    (findings.good if least < free else findings.bad)("disk", line)


def _dataset(findings: Findings, plan: Plan, name: str, source: Source, needed: Needed) -> None:
    """Say what there is of a data set, and add what its frames will take to `needed`."""
    what = f"datasets.{name}"
    folder = Path(plan.paths.source_folder.format(dataset=name))
    shown = name in plan.evaluated and plan.networks_of(name)
    try:
        listing = source.listing(folder)
        refuse_duplicates(listing.pictures)
        # Whether or not a protocol needs them: framing is measured in any case.
        for knows, read in (("boxes", source.boxes), ("landmarks", source.landmarks)):
            if knows in source.provides:
                read(folder)
    except (ShiftscopeError, OSError, StopIteration) as error:
        if type(source).fetch is Source.fetch or folder.exists():
            findings.bad(what, str(error))
            return
        findings.later(what, "is made or downloaded by the first job")
        if shown:
            _before_fetching(findings, plan, name, source, needed)
        return
    count = min(len(listing.pictures), source.limit or len(listing.pictures))
    findings.pictures[name] = count
    known = ", ".join(sorted(source.provides - {"pictures"})) or "nothing but pictures"
    findings.good(what, f"{count} of {len(listing.pictures)} pictures, {len(listing.categories)} classes, with {known}")
    if shown:
        with_files = len(listing.pictures) - listing.pictures["path"].null_count()
        total = round(count * with_files / max(1, len(listing.pictures)))
        sample = Sample(source, folder, listing.pictures, total, plan.config.seed)
        _frames(findings, plan, name, sample, needed)


def _before_fetching(findings: Findings, plan: Plan, name: str, source: Source, needed: Needed) -> None:
    """The frames of a data set whose pictures are not here yet, from such as can be made on the spot."""
    with TemporaryDirectory() as folder:
        tried = source.trial(Path(folder), plan.config.seed, MOST)
        if tried is None:
            needed.unknown.append(name)
            return
        few, total = tried
        pictures = few.listing(Path(folder)).pictures
        sample = Sample(few, Path(folder), pictures, min(total, source.limit or total), plan.config.seed)
        _frames(findings, plan, name, sample, needed)


def _frames(findings: Findings, plan: Plan, name: str, sample: Sample, needed: Needed) -> None:
    """Add what the frames of a data set will take, through all of its protocols and at all input sizes."""
    config = plan.config
    if sample.listed and not any(sample.images(FEWEST)):
        findings.bad(f"datasets.{name}", "none of its first pictures can be opened")
        return
    said = []
    for protocol in plan.protocols_of(name):
        section = Parameters(plan, Path()).protocol(protocol)
        boxed = bool(plan.boxes_of_frames(name, protocol))
        taken = 0.0
        for size in plan.sizes_of(name):
            try:
                found = sample.bytes_of(section, size, config.seed, config.shards, boxed=boxed)
            except ShiftscopeError as error:
                findings.bad(f"protocols.{protocol}", f"on data set {name}: {error}")
                continue
            needed.add(found, name, size, config.shards)
            taken += sum(found)
        said.append(f"{protocol} {amount(taken)}")
    if said:
        findings.good(f"frames of {name}", f"about {', '.join(said)}")


def _network(findings: Findings, plan: Plan, name: str, network: Network) -> None:
    what = f"networks.{name}"
    how = {
        "train": "is trained by the run",
        "fetch": "is fetched from the internet by the first job",
        "network": f"has the weights of network {network.weights_of}, which the run makes",
    }.get(network.origin)
    if how and not Path(plan.weights(name)).is_file():
        try:
            network.check_built()
        except ShiftscopeError as error:
            findings.bad(what, str(error))
        else:
            findings.later(what, f"{how}, and {_size(network)}")
        return
    weights = Path(plan.weights(name))
    try:
        wants = network.wants(weights)
        facts = network_facts(network.load(weights, name), network, wants, name)
    except ShiftscopeError as error:
        findings.bad(what, str(error))
        return
    million = f"{facts.parameters / 1e6:.3g} million parameters" if facts.parameters else "a program"
    findings.good(what, f"{million}, {network.outputs} outputs, {wants.shown_at(network.size)}")


def _size(network: Network) -> str:
    """The size that a network which is not here yet will be shown, and the one that its library names if that differs."""
    try:
        named = network.named_size()
    except ShiftscopeError:
        return f"shown {network.size} px"
    return Preprocessing(input_size=named, said_by="its source").shown_at(network.size)


def _jobs(findings: Findings, plan: Plan) -> None:
    pieces = {
        "frames": sum(len(plan.protocols_of(name)) * len(plan.sizes_of(name)) for name in plan.evaluated)
        * len(plan.shards),
        "inference": sum(len(plan.networks_of(name)) for name in plan.evaluated if plan.measured(name)) * len(plan.shards),
        "figures": len(list(_figures(plan))),
    }
    findings.good("jobs", ", ".join(f"{count} of {what}" for what, count in pieces.items()) + "; all: snakemake -n")


def _figures(plan: Plan) -> Iterator[str]:
    for name in plan.config.datasets:
        yield from plan.figure_files(name, "png")
