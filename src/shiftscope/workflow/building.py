"""Whether networks can be built as they are set: asked once, when the first jobs of a run begin."""

from collections.abc import Iterable

from shiftscope.core.errors import ShiftscopeError
from shiftscope.workflow.plan import Plan


def check_networks(plan: Plan, names: Iterable[str]) -> None:
    """Raise ShiftscopeError, with a sentence for each, where some of these networks of a config cannot be built.

    This may take seconds, since it imports torch: it is for a run that is about to prepare these networks.
    """
    said = []
    for name in sorted(set(names)):
        try:
            plan.config.networks[name].check_built()
        except ShiftscopeError as error:
            said.append(f"networks.{name}: {error}")
    if said:
        raise ShiftscopeError("\n".join(said))
