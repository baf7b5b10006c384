"""Results as tables and figures, whether a run of the workflow or `measure` made them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from shiftscope.bias import BIAS
from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError, unknown
from shiftscope.core.records import checked
from shiftscope.sensitivity import COMPARISONS, CURVES, SENSITIVITY
from shiftscope.workflow.paths import Paths

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = ("accuracy", "top1_change", "mean_absolute_change")
"""Measures of the table that a notebook shows."""


class Drawn(NamedTuple):
    """A figure with its caption; a notebook shows both."""

    figure: "Figure"
    caption: str

    def _repr_png_(self) -> bytes:
        file = BytesIO()
        self.figure.savefig(file, format="png", dpi=100)
        return file.getvalue()

    def _repr_markdown_(self) -> str:
        return self.caption


@dataclass(frozen=True)
class Results:
    """What was measured on one data set. Tables are read when they are asked for; each is a polars DataFrame with the
    columns of docs/tables.md. A notebook shows a summary."""

    folder: Path
    """The folder with the tables, such as ``results/digits``."""
    sizes: Mapping[str, int]
    """Input size of each network, px; empty where a folder was opened without a config, which says it."""
    protocols: Mapping[str, Mapping[str, str]]
    """Kind, title, unit, reference and note of each protocol, by its name; empty where they are not known."""
    architectures: Mapping[str, str]
    """What each network is, as its library calls it."""
    class_space: str = "own"
    """What labels count: `own` classes, or `imagenet`."""

    @property
    def _paths(self) -> Paths:
        return Paths(self.folder.parent.as_posix())

    def _table(self, pattern: str, schema: pl.Schema, **wildcards: str) -> pl.DataFrame:
        path = Path(pattern.format(dataset=self.folder.name, **wildcards))
        if not path.is_file():
            raise ShiftscopeError(f"there is no {path}: the run did not make this table, or has not made it yet")
        checked(path)
        return tables.read(path, schema)

    @cached_property
    def images(self) -> pl.DataFrame:
        """The pictures: columns of `tables.IMAGES`. Raises ShiftscopeError where there is no such table, or it is
        damaged, as all do."""
        return self._table(self._paths.images, tables.IMAGES)

    @cached_property
    def sensitivity(self) -> pl.DataFrame:
        """Every measure of every network and protocol, with intervals: columns of `sensitivity.SENSITIVITY`."""
        return self._table(self._paths.sensitivity, SENSITIVITY)

    @cached_property
    def curves(self) -> pl.DataFrame:
        """Measures by the swept value: columns of `sensitivity.CURVES`."""
        return self._table(self._paths.curves, CURVES)

    @cached_property
    def comparisons(self) -> pl.DataFrame:
        """Every two networks compared on the same pictures: columns of `sensitivity.COMPARISONS`."""
        return self._table(self._paths.comparisons, COMPARISONS)

    @cached_property
    def bias(self) -> pl.DataFrame:
        """How the pictures are framed: columns of `bias.BIAS`."""
        return self._table(self._paths.bias, BIAS)

    def predictions(self, protocol: str, network: str) -> pl.DataFrame:
        """What one network answers on one protocol, a row per frame: columns of `tables.PREDICTIONS`."""
        return self._table(self._paths.predictions, tables.PREDICTIONS, protocol=protocol, network=network)

    def summary(self) -> pl.DataFrame:
        """A row for each network and protocol: columns ``network``, ``protocol`` and, for each of the measures `SHOWN` that
        was measured there, its estimate and its interval as ``<measure>``, ``<measure>_low``, ``<measure>_high``."""
        rows = self.sensitivity.filter(pl.col("measure").is_in(SHOWN), condition="all")
        rows = rows.rename({"estimate": "", "ci_low": "_low", "ci_high": "_high"})
        found = rows.pivot(on="measure", index=["network", "protocol"], values=["", "_low", "_high"], separator="@")
        turned = {name: "".join(reversed(name.split("@"))) for name in found.columns if "@" in name}
        found = found.rename(turned)
        names = [f"{measure}{end}" for measure in SHOWN for end in ("", "_low", "_high")]
        return found.select("network", "protocol", *(name for name in names if name in found.columns))

    def figure(self, name: str, protocol: str | None = None) -> Drawn:
        """Draw a figure of the workflow from these tables.

        Parameters
        ----------
        name : of one that needs no more than `images`, `sensitivity`, `curves` and predictions, such as ``measures``,
            ``curves`` or ``heatmap``; docs/config.md lists all.
        protocol : for figures that are drawn once for each; not given: the only one that was measured.

        Raises ShiftscopeError where there is no such figure, or it needs what is not known here.
        """
        from shiftscope.figures import Inputs, figures

        if name not in figures:
            raise ShiftscopeError(unknown("figure", name, [entry.name for entry in figures]))
        kind = figures[name].item
        missing = sorted(kind.tables - {"sensitivity", "curves", "predictions"})
        if missing or not self.sizes:
            needed = f"it needs {', '.join(missing)}" if missing else "open the results with their config"
            raise ShiftscopeError(f"figure {name} cannot be drawn from these tables: {needed}")
        chosen = protocol or (next(iter(self.protocols)) if len(self.protocols) == 1 else "")
        if kind.per_protocol and chosen not in self.protocols:
            raise ShiftscopeError(f"figure {name} is drawn of one protocol; name one of {', '.join(self.protocols)}")
        patterns = {"images": self._paths.images, "sensitivity": self._paths.sensitivity, "curves": self._paths.curves}
        inputs = Inputs(
            files={table: Path(path.format(dataset=self.folder.name)) for table, path in patterns.items()},
            networks=self.sizes,
            architectures=self.architectures,
            class_space=self.class_space,
            protocol=chosen if kind.per_protocol else "",
            protocols={chosen: self.protocols[chosen]} if kind.per_protocol else self.protocols,
            prediction_files={
                (one, network): Path(
                    self._paths.predictions.format(dataset=self.folder.name, protocol=one, network=network)
                )
                for one in self.protocols
                for network in self.sizes
            },
        )
        return Drawn(*kind.draw(inputs))

    def _repr_html_(self) -> str:
        shown: str = self.summary()._repr_html_()
        return f"<p>{escape(str(self.folder.name))}: {len(self.images)} pictures</p>{shown}"
