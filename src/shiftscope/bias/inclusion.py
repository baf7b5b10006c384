"""How much the statistics of framing depend on which boxes count."""

from dataclasses import asdict, replace

import polars as pl

from shiftscope.bias import INCLUSION
from shiftscope.bias.boxes import brief_statistics, verdicts
from shiftscope.bias.rectangles import ALL
from shiftscope.bias.selection import USUAL, Inclusion, is_of
from shiftscope.core import tables


def sensitivity_to_inclusion(
    boxes: pl.DataFrame | pl.LazyFrame,
    *,
    seed: int,
    minimum_n: int = 20,
    level: float = 0.95,
    inclusion: Inclusion = USUAL,
    q: float = 0.05,
    chosen: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Return what the statistics find with the boxes that are to count, and with each choice made the other way.

    Parameters
    ----------
    boxes, seed, minimum_n, level : as in `boxes.box_statistics`.
    inclusion : which boxes are to count. Each of its four choices is made the other way, the other three as they are.
    q : categories with a `q_value` below it are rejected.
    chosen : what `boxes.box_statistics` returns for the boxes that are to count, if it is known already.

    Returns
    -------
    A table `bias.INCLUSION`. A choice that is about no box has the answer of the choices as they are, and `reason` says so.

    Examples
    --------
    >>> of = {"image_id": [str(k) for k in range(40)], "category": ["dog"] * 40, "is_difficult": [True, False] * 20}
    >>> corners = {"x_min": [9.5] * 40, "y_min": [9.5] * 40, "x_max": [50.5] * 40, "y_max": [50.5] * 40}
    >>> boxes = pl.DataFrame({**of, **corners}).with_columns(image_width=pl.lit(100), image_height=pl.lit(100))
    >>> found = sensitivity_to_inclusion(boxes, seed=0).filter(quantity="centre", null="feasible")
    >>> found.select("criterion", "n").rows()
    [('as chosen', 40), ('crowd', 40), ('difficult', 20), ('truncated', 40), ('edge', 40)]
    """
    choices, lazy = asdict(inclusion), boxes.lazy()
    concerned = (
        lazy.select(is_of(lazy, kind).sum().alias(kind) for kind in choices).collect(engine="streaming").row(0, named=True)
    )

    def answer(which: Inclusion) -> list[dict[str, object]]:
        return _answer(brief_statistics(boxes, seed=seed, minimum_n=minimum_n, level=level, inclusion=which), q)

    usual = answer(inclusion) if chosen is None else _answer(chosen, q)
    rows = [{"criterion": "as chosen", **row} for row in usual]
    for kind, keep in choices.items():
        n = int(concerned[kind] or 0)
        of = {"criterion": kind, "kept": not keep, "concerned": n}
        if n:
            rows += [{**row, **of} for row in answer(replace(inclusion, **{kind: not keep}))]
        else:
            rows += [{**row, **of, "reason": _no_box(kind)} for row in usual]
    return tables.table(rows, INCLUSION)


def _no_box(kind: str) -> str:
    return "no box touches an edge" if kind == "edge" else f"no box is marked as {kind}"


def _answer(bias: pl.DataFrame, q: float) -> list[dict[str, object]]:
    """A row for each quantity and null that is tested: categories that are not uniform, and the effect overall."""
    counted = {(v.quantity, v.null): v for v in verdicts(bias, q)}
    own = bias.filter((pl.col("category") != ALL) & pl.col("p_value").is_not_null())
    names = ("quantity", "null", "effect", "effect_low", "effect_high", "bits", "n", "n_images", "reason")
    rows = []
    for row in bias.filter(pl.col("category") == ALL, pl.col("null") != "none").select(names).rows(named=True):
        tested = own.filter(pl.col("quantity") == row["quantity"], pl.col("null") == row["null"])
        # Both numbers are of the same categories: for `centre`, the verdict counts those too that one axis decides on.
        verdict = counted.get((row["quantity"], row["null"]))
        rejected, n_tested = verdict[2:] if verdict else (int((tested["q_value"] < q).sum()), len(tested))
        rows.append({**row, "rejected": rejected, "tested": n_tested})
    return rows
