"""Rules that data sets share.

Snakemake learns from a rule which files its jobs make. Data sets therefore share a rule whose jobs make a file for each
protocol, or for each table, if they have the same protocols, or tables. Where these differ, there are several rules.
"""

from collections.abc import Mapping
from typing import Generic, NamedTuple, TypeVar

from shiftscope.workflow.plan import Plan

T = TypeVar("T")


class Group(NamedTuple, Generic[T]):
    """Data sets that share a rule."""

    rule: str
    """The name of the rule."""
    common: T
    """What they have in common."""
    datasets: tuple[str, ...]


def groups(rule: str, of: Mapping[str, T]) -> list[Group[T]]:
    """The rules that do the work of `rule`: one of this name, or several, each named after the first of its data sets.

    Parameters
    ----------
    of : what data sets must have in common to share a rule, hashable, by data set.

    >>> for group in groups("infer", {"cats": ("crop",), "dogs": ("crop",), "films": ("natural",)}):
    ...     print(*group)
    infer_cats ('crop',) ('cats', 'dogs')
    infer_films ('natural',) ('films',)
    >>> groups("infer", {"cats": ("crop",), "dogs": ("crop",)})[0].rule
    'infer'
    """
    found: dict[T, list[str]] = {}
    for dataset, common in of.items():
        found.setdefault(common, []).append(dataset)
    return [
        Group(f"{rule}_{datasets[0]}" if len(found) > 1 else rule, common, tuple(datasets))
        for common, datasets in found.items()
    ]


def by_protocols(plan: Plan, rule: str) -> list[Group[tuple[str, ...]]]:
    """The rules whose jobs do something for all protocols that a data set is measured on."""
    return groups(rule, {name: tuple(plan.protocols_of(name)) for name in plan.evaluated if plan.measured(name)})
