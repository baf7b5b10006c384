"""Whether networks can be built as they are set: asked once, when the first run of a config begins."""

from pathlib import Path

from shiftscope.core.errors import ShiftscopeError
from shiftscope.workflow.plan import Plan


def check_new_networks(plan: Plan) -> None:
    """Raise ShiftscopeError where a network that has no card yet cannot be built. This may take seconds, since it imports
    torch; nothing is asked about networks with a card."""
    said = []
    for name, network in plan.config.networks.items():
        if Path(plan.paths.card.format(network=name)).is_file():
            continue
        try:
            network.check_built()
        except ShiftscopeError as error:
            said.append(f"networks.{name}: {error}")
    if said:
        raise ShiftscopeError("\n".join(said))
