"""How much the answer depends on which boxes are asked."""

import polars as pl

from shiftscope.bias import INCLUSION
from shiftscope.bias.boxes import box_statistics, verdicts
from shiftscope.bias.rectangles import ALL, is_of
from shiftscope.core import tables


def sensitivity_to_inclusion(
    boxes: pl.DataFrame | pl.LazyFrame,
    *,
    seed: int,
    minimum_n: int = 20,
    level: float = 0.95,
    crowd: bool = False,
    difficult: bool = True,
    truncated: bool = True,
    edge: bool = True,
    q: float = 0.05,
) -> pl.DataFrame:
    """INCLUSION: the answer as chosen, and with each of the four choices made the other way, the others as they are.

    `boxes` and the parameters are those of `box_statistics`. A choice that is about no box has the answer as chosen, and
    `reason` says so.
    """
    chosen = {"crowd": crowd, "difficult": difficult, "truncated": truncated, "edge": edge}
    lazy = boxes.lazy()
    concerned = (
        lazy.select(is_of(lazy, kind).sum().alias(kind) for kind in chosen).collect(engine="streaming").row(0, named=True)
    )

    def answer(**choices: bool) -> list[dict[str, object]]:
        return _answer(box_statistics(boxes, seed=seed, minimum_n=minimum_n, level=level, **choices), q)

    usual = answer(**chosen)
    rows = [{"criterion": "as chosen", **row} for row in usual]
    for kind, keep in chosen.items():
        n = int(concerned[kind] or 0)
        of = {"criterion": kind, "kept": not keep, "concerned": n}
        if n:
            rows += [{**row, **of} for row in answer(**{**chosen, kind: not keep})]
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
