"""`shiftscope check`: everything a run will need, before it runs."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from shiftscope.commands.shards import propose
from shiftscope.config import Config
from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError
from shiftscope.core.numbers import amount
from shiftscope.networks import Network, Preprocessing
from shiftscope.sources import Source
from shiftscope.stages.frames import make_frames
from shiftscope.stages.images import refuse_duplicates
from shiftscope.stages.prepare import network_facts
from shiftscope.workflow.parameters import Parameters
from shiftscope.workflow.plan import Plan

TRIED = 3
"""Pictures that disk space is estimated from."""


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


def check(config: Config) -> Findings:
    """What can be said, before anything runs, about the data sets, networks, disk space and jobs of a config.

    The first pictures of each data set are sent through its protocols, and each network that is here is loaded and run.
    """
    findings = Findings()
    plan = Plan(config)
    needed = 0
    for name, source in config.datasets.items():
        needed += _dataset(findings, plan, name, source)
    for name, network in config.networks.items():
        _network(findings, plan, name, network)
    _jobs(findings, plan)
    known, line = propose(plan, findings.pictures)
    (findings.good if known else findings.later)("shards", line)
    place = next(path for path in (config.results, *config.results.resolve().parents) if path.exists())
    free = shutil.disk_usage(place).free
    line = f"about {amount(needed)} of frames will be written to {config.results}, where {amount(free)} are free"
    (findings.good if needed < free else findings.bad)("disk", line)
    return findings


def _dataset(findings: Findings, plan: Plan, name: str, source: Source) -> int:
    """How many bytes the frames of a data set will take."""
    what = f"datasets.{name}"
    folder = Path(plan.paths.source_folder.format(dataset=name))
    try:
        listing = source.listing(folder)
        refuse_duplicates(listing.pictures)
    except (ShiftscopeError, OSError, StopIteration) as error:
        if type(source).fetch is not Source.fetch and not folder.exists():
            findings.later(what, "is made or downloaded by the first job")
        else:
            findings.bad(what, str(error))
        return 0
    count = min(len(listing.pictures), source.limit or len(listing.pictures))
    findings.pictures[name] = count
    known = ", ".join(sorted(source.provides - {"pictures"})) or "nothing but pictures"
    findings.good(what, f"{count} of {len(listing.pictures)} pictures, {len(listing.categories)} classes, with {known}")
    if name not in plan.evaluated or not plan.config.networks:
        return 0
    each = [_frames(findings, plan, name, source, listing.pictures, protocol) for protocol in plan.protocols_of(name)]
    return sum(each) * count


def _frames(findings: Findings, plan: Plan, name: str, source: Source, pictures: pl.DataFrame, protocol: str) -> int:
    """How many bytes a protocol's frames take per picture, at all sizes together, estimated from a few pictures; 0 for a
    protocol that needs more than pictures."""
    section = Parameters(plan, Path()).protocol(protocol)
    if plan.boxes_of_frames(name, protocol):
        return 0
    rows = []
    for row in pictures.filter(pl.col("path").is_not_null()).iter_rows(named=True):
        try:
            (extent, *_) = source.measure(row["path"])
        except ShiftscopeError:
            continue
        facts = {key: value for key, value in extent._asdict().items() if key != "suffix"}
        rows.append({"image_id": row["image_id"], "path": row["path"], **facts})
        if len(rows) == TRIED:
            break
    if not rows:
        findings.bad(f"datasets.{name}", "none of its first pictures can be opened")
        return 0
    total = 0
    with TemporaryDirectory() as folder:
        for size in plan.sizes:
            paths = {key: Path(folder, f"{key}.parquet") for key in ("canvases", "frames", "skipped")}
            try:
                make_frames(
                    **section, images=tables.table(rows, tables.IMAGES), boxes=None, size=size, seed=0, refuse=False,
                    canvases_path=paths["canvases"], frames_path=paths["frames"], skipped_path=paths["skipped"],
                )  # fmt: skip
            except ShiftscopeError as error:
                findings.bad(f"protocols.{protocol}", f"on data set {name}: {error}")
                continue
            total += sum(path.stat().st_size for path in paths.values())
    return total // len(rows)


def _network(findings: Findings, plan: Plan, name: str, network: Network) -> None:
    what = f"networks.{name}"
    how = {
        "train": "is trained by the run",
        "fetch": "is fetched from the internet by the first job",
        "network": f"has the weights of network {network.weights_of}, which the run makes",
    }.get(network.origin)
    if how and not Path(plan.weights(name)).is_file():
        findings.later(what, f"{how}, and {_size(network)}")
        return
    weights = Path(plan.weights(name))
    try:
        wants = network.wants(weights)
        facts = network_facts(network.load(weights, name), network, wants)
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
        "frames": sum(len(plan.protocols_of(name)) for name in plan.evaluated) * len(plan.sizes) * len(plan.shards),
        "inference": sum(len(plan.protocols_of(name)) for name in plan.evaluated)
        * len(plan.config.networks)
        * len(plan.shards),
        "figures": len(list(_figures(plan))),
    }
    findings.good("jobs", ", ".join(f"{count} of {what}" for what, count in pieces.items()) + "; all: snakemake -n")


def _figures(plan: Plan) -> Iterator[str]:
    for name in plan.config.datasets:
        yield from plan.figure_files(name, "png")
