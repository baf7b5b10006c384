"""One file per figure. A figure says in its caption what these data show, in numbers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shiftscope.association import ACCURACY_BY_SURPRISAL, CORRELATION
from shiftscope.bias import BIAS
from shiftscope.bias.landmarks import EYES
from shiftscope.bias.selection import USUAL, Inclusion
from shiftscope.cause import GEOMETRY, LAYERS, MAPS
from shiftscope.core import tables
from shiftscope.core.files import complete
from shiftscope.core.registry import Registry
from shiftscope.remedies import AUGMENTATION, REMEDIES
from shiftscope.sensitivity import CURVES, SENSITIVITY
from shiftscope.stages.frames import frames_again
from shiftscope.stages.learning_curve import LEARNING_CURVE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DOTS_PER_INCH = 150
LONG = 8
"""Steps from which on a sequence can be shown as a map."""


class Drawing(NamedTuple):
    """A figure and the sentences that go below it."""

    figure: "Figure"
    caption: str


@dataclass(frozen=True)
class Inputs:
    """What a figure is drawn from: files, read when asked for, and facts."""

    files: Mapping[str, Path]
    """images, boxes, bias, landmarks, landmark_bias, relation, accuracy_by_surprisal, sensitivity, curves, remedies,
    augmentation: those that the figure needs."""
    networks: Mapping[str, int] = field(default_factory=dict)
    """Networks and their input sizes, in the order of the config."""
    architectures: Mapping[str, str] = field(default_factory=dict)
    """What each network is, as its library calls it: how figures know which of the paper's it is."""
    class_space: str = "own"
    """What labels and outputs count: ``imagenet`` where the paper's values are of the same kind."""
    protocol: str = ""
    """The one to draw, for figures that are drawn once per protocol."""
    protocols: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """title, unit, kind, reference and note of each protocol; ``ordered``, ``yes`` or ``no``; ``step``, how far apart
    its values are, if they are evenly so; and the settings by which it may be the paper's (`workflow.parameters.SAME`)."""
    prediction_files: Mapping[tuple[str, str], Path] = field(default_factory=dict)
    """Predictions by protocol and network."""
    layer_files: Mapping[tuple[str, str], Path] = field(default_factory=dict)
    """What was measured of each layer, by protocol and network."""
    geometry_files: Mapping[tuple[str, str], Path] = field(default_factory=dict)
    """Sizes, strides and receptive fields of the layers, by protocol and network."""
    map_files: Mapping[tuple[str, str], Path] = field(default_factory=dict)
    """Feature maps of one picture at several places, by protocol and network."""
    frame_files: Mapping[tuple[str, int], list[Path]] = field(default_factory=dict)
    """Frames of every shard, by protocol and input size."""
    recipes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """How the frames of each protocol are made: its kind and options, and the seed."""
    training_files: Mapping[str, Path] = field(default_factory=dict)
    """How training went, by the network that was trained."""
    inclusion: Inclusion = USUAL
    """Which boxes count in the statistics."""
    landmark_pairs: Mapping[str, Sequence[str]] = field(default_factory=lambda: EYES)
    """Name of a pair of points to the names of the two."""
    class_names: list[str] = field(default_factory=list)
    """Names of the classes by their index; empty where unknown."""

    @cached_property
    def images(self) -> pl.DataFrame:
        """The pictures (`tables.IMAGES`)."""
        return tables.read(self.files["images"], tables.IMAGES)

    @cached_property
    def boxes(self) -> pl.DataFrame:
        """Their boxes (`tables.BOXES`)."""
        return tables.read(self.files["boxes"], tables.BOXES)

    @cached_property
    def bias(self) -> pl.DataFrame:
        """The statistics of boxes (`bias.BIAS`)."""
        return tables.read(self.files["bias"], BIAS)

    @cached_property
    def landmarks(self) -> pl.DataFrame:
        """Named points (`tables.LANDMARKS`)."""
        return tables.read(self.files["landmarks"], tables.LANDMARKS)

    @cached_property
    def landmark_bias(self) -> pl.DataFrame:
        """The statistics of pairs of points (`bias.BIAS`)."""
        return tables.read(self.files["landmark_bias"], BIAS)

    @cached_property
    def relation(self) -> pl.DataFrame:
        """Framing against sensitivity over categories (`association.CORRELATION`)."""
        return tables.read(self.files["relation"], CORRELATION)

    @cached_property
    def accuracy_by_surprisal(self) -> pl.DataFrame:
        """Accuracy over quarters of the pictures (`association.ACCURACY_BY_SURPRISAL`)."""
        return tables.read(self.files["accuracy_by_surprisal"], ACCURACY_BY_SURPRISAL)

    @cached_property
    def remedies(self) -> pl.DataFrame:
        """What helps, and what it costs (`remedies.REMEDIES`)."""
        return tables.read(self.files["remedies"], REMEDIES)

    @cached_property
    def augmentation(self) -> pl.DataFrame:
        """What augmentation gains, by the framing of the training set (`remedies.AUGMENTATION`)."""
        return tables.read(self.files["augmentation"], AUGMENTATION)

    @cached_property
    def curves(self) -> pl.DataFrame:
        """Measures by the swept value (`sensitivity.CURVES`)."""
        return tables.read(self.files["curves"], CURVES)

    @cached_property
    def sensitivity(self) -> pl.DataFrame:
        """All measures with their intervals (`sensitivity.SENSITIVITY`)."""
        return tables.read(self.files["sensitivity"], SENSITIVITY)

    def predictions(self, network: str) -> pl.DataFrame:
        """Predictions of one network on the protocol to draw."""
        return tables.read(self.prediction_files[self.protocol, network], tables.PREDICTIONS)

    def layers(self, network: str) -> pl.DataFrame:
        """What was measured of the layers of one network along the protocol to draw (`cause.LAYERS`)."""
        return tables.read(self.layer_files[self.protocol, network], LAYERS)

    def training(self, network: str) -> pl.DataFrame:
        """How the training of one network went (`stages.learning_curve.LEARNING_CURVE`)."""
        return tables.read(self.training_files[network], LEARNING_CURVE)

    def stride(self, network: str) -> int | None:
        """px of the input that move the last map of one network by one cell; None where unknown."""
        rows = tables.read(self.geometry_files[self.protocol, network], GEOMETRY).filter(of="network")
        return rows["stride"][0] if rows.height else None

    def maps(self, network: str) -> pl.DataFrame:
        """Feature maps of one network (`cause.MAPS`)."""
        return tables.read(self.map_files[self.protocol, network], MAPS)

    def top1_change(self, network: str) -> dict[str, Any] | None:
        """Estimate and interval of P(top-1 change) of one network on the protocol to draw; None if there is none."""
        rows = self.sensitivity.filter(network=network, protocol=self.protocol, measure="top1_change", condition="all")
        return rows.row(0, named=True) if rows.height and rows["estimate"][0] is not None else None

    def frames(self, image_id: str, network: str) -> list[NDArray[np.uint8]]:
        """The frames of one image, as `network` saw them, made again: uint8 (size, size, 3) each."""
        boxes = self.boxes.filter(image_id=image_id) if "boxes" in self.files else None
        row = self.images.row(by_predicate=pl.col("image_id") == image_id, named=True)
        return frames_again(row, boxes, **self.recipes[self.protocol], size=self.networks[network])

    @cached_property
    def value_names(self) -> dict[float, str]:
        """How the steps of the protocol to draw are called where a number would say nothing: the resizers, by their
        swept values. Empty where every step was resized by the same function."""
        size = next(iter(self.networks.values()))
        named = (
            tables.read(self.frame_files[self.protocol, size], tables.FRAMES)
            .select("value", "resizer")
            .unique()
            .sort("value")
        )
        return dict(named.iter_rows()) if named["resizer"].n_unique() > 1 else {}

    @property
    def choices(self) -> bool:
        """Whether the steps of the protocol to draw are choices in no order, so that no line may join them."""
        return self.protocols[self.protocol].get("ordered") == "no"

    def value_said(self, value: float) -> str:
        """A step by its swept value and unit, or by its name where it has one."""
        if value in (names := self.value_names):
            return names[value]
        return f"{value:g} {self.protocols[self.protocol]['unit']}".strip()

    def sizes_said(self) -> str:
        """A sentence where networks were shown frames of different sizes; else empty."""
        if len(set(self.networks.values())) < 2:
            return ""
        sizes = ", ".join(f"{network} {size} px" for network, size in self.networks.items())
        return f"Frames were of different sizes ({sizes}): a pixel is one of the network's own input."

    def class_name(self, index: int) -> str:
        """The name of a class, or its number where no name is known."""
        return self.class_names[index] if 0 <= index < len(self.class_names) else f"class {index}"


@dataclass(frozen=True)
class FigureKind:
    """How a figure is drawn, of what, and how often."""

    draw: Callable[[Inputs], Drawing]
    tables: frozenset[str]
    """The tables that it is drawn from, by the names of `workflow.paths.Paths`: beside `images`, those it is given."""
    protocol: frozenset[str]
    """What the protocol must be (`Plan.traits`): ``ordered``, ``unordered``, or a kind such as ``scale``."""
    per_protocol: bool
    """Once for each protocol whose sequences have more than one step, or once for the data set."""


BY_PIXELS = frozenset({"predictions", "sensitivity", "curves", "relation", "remedies", "augmentation"})
"""Tables that depend on the frames that networks were shown."""

figures: Registry[FigureKind] = Registry("figure", __name__)


def figure(
    name: str,
    *,
    title: str,
    reference: str,
    tables: tuple[str, ...],
    source: tuple[str, ...] = (),
    protocol: tuple[str, ...] = (),
    per_protocol: bool = False,
) -> Callable[[Callable[[Inputs], Drawing]], Callable[[Inputs], Drawing]]:
    """Decorator: register the function that draws a figure.

    It is drawn of a data set whose source provides what `source` names (such as ``labels``) and of which all of `tables`
    are made; if it is drawn once per protocol, for those that are all that `protocol` names (`FigureKind`). If networks
    were shown frames of different sizes, and the tables depend on that, its caption says so.
    """

    def put(draw: Callable[[Inputs], Drawing]) -> Callable[[Inputs], Drawing]:
        def drawn(inputs: Inputs) -> Drawing:
            made = draw(inputs)
            said = inputs.sizes_said() if BY_PIXELS & set(tables) else ""
            return made._replace(caption=f"{made.caption} {said}".strip())

        drawn.__doc__ = draw.__doc__
        kind = FigureKind(drawn, frozenset(tables), frozenset(protocol), per_protocol)
        object.__setattr__(kind, "__module__", draw.__module__)
        figures.register(name, title=title, reference=reference, needs=source)(kind)
        return draw

    return put


def shown(name: str) -> str:
    """What a figure shows, in words without a full stop, for those who do not see it: the first sentence of the docstring
    of the function that draws it, which begins with "Draw"."""
    first = (figures[name].item.draw.__doc__ or "").strip().partition(".")[0]
    words = " ".join(first.removeprefix("Draw ").split())
    return words[:1].upper() + words[1:]


def save(drawing: Drawing, png: str | Path, pdf: str | Path, caption: str | Path) -> None:
    """Write the three files of a figure, the same bytes for the same drawing.

    The layout is found once, so that both pictures have the same one. They are made by the canvases themselves, since
    `Figure.savefig` draws everything one time more for each, to find the layout.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_pdf import FigureCanvasPdf

    figure = drawing.figure
    figure.set_dpi(DOTS_PER_INCH)
    layout = figure.get_layout_engine()
    if layout and figure.axes:  # an empty figure has none to find
        layout.execute(figure)
    figure.set_layout_engine("none")
    pixels: Any = FigureCanvasAgg(figure)  # methods without types
    with complete(png) as part:
        pixels.print_png(part, metadata={"Software": None})
    vectors: Any = FigureCanvasPdf(figure)
    with complete(pdf) as part:
        vectors.print_pdf(part, metadata={"CreationDate": None, "Creator": None})
    with complete(caption) as part:
        part.write_text(drawing.caption + "\n", encoding="utf-8")
