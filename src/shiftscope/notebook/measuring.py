"""`shiftscope.measure`: networks on pictures, by the code of the workflow's jobs, in this process."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory, mkdtemp
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import finalize

import numpy as np
import polars as pl
from numpy.typing import NDArray
from PIL import Image

from shiftscope.config import Config
from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError
from shiftscope.engines.devices import devices
from shiftscope.networks import IMAGENET_MEAN, IMAGENET_STD, Network
from shiftscope.networks.answers import TRIED, check_answers, check_runs, trial_frames
from shiftscope.networks.modules import available, exact, normalised, runner
from shiftscope.notebook.results import Results
from shiftscope.sensitivity import COMPARISONS, CURVES, SENSITIVITY
from shiftscope.sensitivity.comparisons import comparisons
from shiftscope.sensitivity.estimates import curves, sensitivity
from shiftscope.sensitivity.one_network import sum_network
from shiftscope.sensitivity.sides import Files
from shiftscope.sources import Source, sources
from shiftscope.stages.annotations import make_boxes
from shiftscope.stages.asking import Batched
from shiftscope.stages.frames import make_frames
from shiftscope.stages.images import make_images
from shiftscope.stages.infer import predict
from shiftscope.workflow.parameters import Parameters
from shiftscope.workflow.plan import Plan

if TYPE_CHECKING:
    from torch import nn

DATASET = "pictures"
"""What the data set is called in the folder of results."""


class Preprocessed(NamedTuple):
    """A torch module and how its input is made."""

    module: "nn.Module"
    """Takes float32 (batch, 3, size, size), (pixel ÷ 255 − mean) ÷ std, and answers with logits (batch, outputs)."""
    input_size: int = 224
    """Width and height of the frames, px."""
    mean: Sequence[float] = IMAGENET_MEAN
    std: Sequence[float] = IMAGENET_STD


Pictures = str | Path | Mapping[str, Any] | Sequence[str | Path | NDArray[np.uint8]] | NDArray[np.uint8]
"""A folder, a data set as in the config, a list of files, or arrays."""


def measure(
    network: Any,
    pictures: Pictures,
    protocols: Sequence[str] | Mapping[str, Any] = ("centre", "crop"),
    *,
    labels: Sequence[int] | None = None,
    batch_size: int = 8,
    device: str = "auto",
    threads: int = 1,
    seed: int = 0,
    resamples: int = 10_000,
    level: float = 0.95,
    folder: str | Path | None = None,
) -> Results:
    """Measure how much the answers of networks change, on the same pictures and frames, with the same tables and numbers as
    the workflow with ``engine: eager``.

    Parameters
    ----------
    network : a torch module, a `Preprocessed` one, the name of an architecture of timm with its published weights
        (``resnet50.a1_in1k``), a section as in the config (``{"kind": "timm", "architecture": …, "weights": …}``), or a
        mapping of names to several of these, which are compared.
    pictures : a folder of pictures, whose class folders are the labels if it has some; a section of the config's
        ``datasets``; files; or pictures, uint8 (height, width, 3) each.
    protocols : names of kinds, or names and their options, as in the config.
    labels : the index of the right class of each file or array, from 0.
    batch_size : frames that are computed at once.
    device : ``auto``, ``cpu`` or ``cuda``; threads : of the CPU.
    seed, resamples, level : of all random draws, of the bootstrap, and of intervals, as in the config.
    folder : where the tables are kept, laid out as the workflow does; not given: until the result is forgotten.

    Returns
    -------
    Tables and figures. Progress is shown on stderr.

    Raises
    ------
    ShiftscopeError
        Where a picture, a network or a protocol cannot be used, as the workflow does.
    """
    given: dict[str, Any] = {"seed": seed, "protocols": protocols, "statistics": {"resamples": resamples, "level": level}}
    given["inference"] = {"engine": "eager", "device": device, "threads": threads, "batch_size": batch_size}
    if folder is not None:
        return _measured(network, pictures, labels, given, Path(folder))
    with ExitStack() as stack:  # removes the folder where something fails
        place = Path(mkdtemp(prefix="shiftscope-"))
        stack.callback(rmtree, place)
        found = _measured(network, pictures, labels, given, place)
        stack.pop_all()
    finalize(found, rmtree, place)
    return found


def _measured(
    network: Any, pictures: Pictures, labels: Sequence[int] | None, given: dict[str, Any], results: Path
) -> Results:
    """As `measure`, into the folder `results`; `given` are the other sections of the config."""
    several = network if isinstance(network, Mapping) and "kind" not in network else {"network": network}
    sections = {name: _section(one) for name, one in several.items()}
    protocols = given["protocols"]
    own = {
        "results": results,
        "datasets": {DATASET: _dataset(pictures, labels, results)},
        "networks": {name: section for name, section in sections.items() if section},
        "protocols": protocols if isinstance(protocols, Mapping) else {name: {} for name in protocols},
    }
    config = Config.load({**given, **own}, whole=False)
    inference = config.inference
    plan = Plan(config)
    exact(inference.threads)
    modules = {name: one if sections[name] is None else config.networks[name] for name, one in several.items()}
    asked = {
        name: _asked(name, one, plan, available(inference.device), inference.batch_size or 1)
        for name, one in modules.items()
    }
    return _Measuring(plan, asked, results).run()


def _section(network: Any) -> dict[str, Any] | None:
    """A network as the config names it; None for a torch module, which it cannot name."""
    if isinstance(network, str):
        return {"kind": "timm", "architecture": network, "pretrained": True}
    return dict(network) if isinstance(network, Mapping) else None


def _dataset(pictures: Pictures, labels: Sequence[int] | None, results: Path) -> dict[str, Any]:
    """The pictures as a section of the config; arrays and lists are written below `results`."""
    if isinstance(pictures, Mapping):
        return dict(pictures)
    if isinstance(pictures, str | Path):
        found = sources["folder"].item.recognise(Path(pictures))
        if found is None:
            raise ShiftscopeError(f"{pictures} is no folder with pictures; give a folder, a list of files, or arrays")
        return {"kind": "folder", **found}
    given = list(pictures)
    if labels is not None and len(labels) != len(given):
        raise ShiftscopeError(f"there are {len(given)} pictures and {len(labels)} labels; give one label for each picture")
    if not given:
        raise ShiftscopeError("there are no pictures in this list; give at least one")
    place = results / DATASET / "source"
    place.mkdir(parents=True, exist_ok=True)
    width = len(str(len(given) - 1))
    paths = [_file(one, place / f"{number:0{width}}.png") for number, one in enumerate(given)]
    listed = pl.DataFrame({"path": [str(path.resolve()) for path in paths]})
    if labels is not None:
        listed = listed.with_columns(pl.Series("label", [int(label) for label in labels]))
    listed.write_csv(place / "pictures.csv")
    return {"kind": "table", "path": place / "pictures.csv"}


def _file(picture: "str | Path | NDArray[np.uint8]", path: Path) -> Path:
    """The file of a picture; an array is written to `path`."""
    if isinstance(picture, str | Path):
        return Path(picture)
    pixels = np.asarray(picture)
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise ShiftscopeError(
            f"a picture is an array {pixels.shape} of {pixels.dtype}; give uint8 (height, width, 3), red, green and blue"
        )
    Image.fromarray(pixels).save(path)
    return path


class _Asked(NamedTuple):
    network: Batched
    card: dict[str, Any]
    """What `predict` reads of a card."""
    architecture: str
    class_space: str


def _asked(name: str, network: Any, plan: Plan, device: str, batch_size: int) -> _Asked:
    """A network, loaded and tried. Raises ShiftscopeError where it does not run or does not answer with logits."""
    import torch

    if isinstance(network, Network):
        weights = Path(plan.weights(name))
        if network.origin == "fetch" and not weights.is_file():
            network.fetch(weights)
        wants, module, size, answers = network.wants(weights), network.load(weights, name), network.size, network.answers
        ready = normalised(module.eval(), wants.mean, wants.std, wants.channels, answers or "logits")
        outputs, space = network.outputs, network.class_space
        architecture = getattr(network, "architecture", network.kind).partition(".")[0]
    else:
        given = network if isinstance(network, Preprocessed) else Preprocessed(network)
        if not isinstance(given.module, torch.nn.Module):
            raise ShiftscopeError(f"network {name} is {type(network).__name__}; give a torch module or a name of timm's")
        size, answers, architecture = given.input_size, None, type(given.module).__name__
        ready = normalised(given.module.eval(), given.mean, given.std)
        outputs = int(runner(ready, "cpu")(np.zeros((1, size, size, 3), np.uint8)).shape[-1])
        space = "imagenet" if outputs == 1000 else "own"
    run = runner(ready, "cpu")
    check_runs(run, name, size, outputs)
    check_answers(run, name, answers, trial_frames(TRIED, size, 0))
    batched = Batched(runner(ready.to(device), device), devices[device].item(), batch_size, name)
    card = {"network": name, "input_size": size, "batch_size": batch_size, "device": device, "outputs": outputs}
    return _Asked(batched, card, architecture, space)


class _Measuring:
    """The jobs of the workflow, one after the other."""

    def __init__(self, plan: Plan, asked: dict[str, _Asked], results: Path) -> None:
        self.plan, self.asked = plan, asked
        self.folder = results / DATASET
        self.statistics = plan.config.statistics
        self.cells: dict[tuple[str, str], Files] = {}

    def run(self) -> Results:
        """Measure, and return what was found."""
        source: Source = self.plan.config.datasets[DATASET]
        self.folder.mkdir(parents=True, exist_ok=True)
        source.check()
        source.fetch(self.folder / "source", self.plan.config.seed)
        images, skipped = make_images(source, self.folder / "source", self.plan.config.seed)
        tables.write(self._at("images"), images, tables.IMAGES)
        tables.write(self._at("skipped"), skipped, tables.SKIPPED)
        boxes = make_boxes(source, self.folder / "source", images) if "boxes" in source.provides else None
        self._check_labels(images)
        for protocol in self.plan.protocols_of(DATASET):
            for size in sorted({one.card["input_size"] for one in self.asked.values()}):
                self._show(protocol, size, images, boxes)
        self._tables()
        parameters = Parameters(self.plan, Path())
        spaces = {one.class_space for one in self.asked.values()}
        return Results(
            self.folder,
            sizes={name: one.card["input_size"] for name, one in self.asked.items()},
            protocols={name: parameters.protocol_facts(name) for name in self.plan.protocols_of(DATASET)},
            architectures={name: one.architecture for name, one in self.asked.items()},
            class_space="imagenet" if spaces == {"imagenet"} else source.classes,
        )

    def _at(self, name: str, **wildcards: str) -> str:
        pattern: str = getattr(self.plan.paths, name)
        return pattern.format(dataset=DATASET, **wildcards)

    def _check_labels(self, images: pl.DataFrame) -> None:
        highest = images["label"].max()
        for name, one in self.asked.items():
            if isinstance(highest, int) and highest >= one.card["outputs"]:
                raise ShiftscopeError(
                    f"network {name} has {one.card['outputs']} outputs, but the pictures have labels up to {highest}; give "
                    "labels of its classes, or none"
                )

    def _show(self, protocol: str, size: int, images: pl.DataFrame, boxes: pl.DataFrame | None) -> None:
        """Make the frames of a protocol, and show them to all networks of this size."""
        source: Source = self.plan.config.datasets[DATASET]
        with TemporaryDirectory() as place:
            canvases, frames, skipped = (Path(place, name) for name in ("canvases", "frames", "skipped"))
            make_frames(
                **Parameters(self.plan, Path()).protocol(protocol), images=images, boxes=boxes, size=size,
                seed=self.plan.config.seed, refuse=source.unusable == "refuse",
                canvases_path=canvases, frames_path=frames, skipped_path=skipped,
            )  # fmt: skip
            for name, one in self.asked.items():
                if one.card["input_size"] != size:
                    continue
                path = self._at("predictions", protocol=protocol, network=name)

                def write(pieces: Any, path: str = path) -> None:
                    tables.write_pieces(path, pieces, tables.PREDICTIONS)

                predict(one.network, one.card, canvases, frames, images, write)
                files = Files(*(Path(self._at(what, protocol=protocol, network=name)) for what in ("sums", "draws")))
                sum_network(
                    path, ordered=self.plan.ordered(DATASET)[protocol], seed=self.plan.config.seed,
                    n_resamples=self.statistics.resamples, sums_path=files.sums, draws_path=files.draws,
                )  # fmt: skip
                self.cells[protocol, name] = files

    def _tables(self) -> None:
        level, seed, n_resamples = self.statistics.level, self.plan.config.seed, self.statistics.resamples
        order = {(protocol, name): k for k, (protocol, name) in enumerate(
            (protocol, name) for protocol in self.plan.protocols_of(DATASET) for name in self.asked
        )}  # fmt: skip
        cells = dict(sorted(self.cells.items(), key=lambda item: order[item[0]]))
        tables.write(self._at("sensitivity"), sensitivity(cells, level=level), SENSITIVITY)
        draws = {cell: files.draws for cell, files in cells.items()}
        tables.write(self._at("curves"), curves(draws, level=level), CURVES)
        pairs = comparisons(cells, seed=seed, level=level, n_resamples=n_resamples, adjust=self.statistics.adjust)
        tables.write(self._at("comparisons"), pairs, COMPARISONS)
