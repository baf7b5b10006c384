"""The small commands beside Snakemake."""

import argparse
import sys
from pathlib import Path

from shiftscope.errors import ShiftscopeError


def main(arguments: list[str] | None = None) -> int:
    """`shiftscope …`; returns the exit code."""
    parser = argparse.ArgumentParser(prog="shiftscope", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("manual", help="write docs/config.md and config/schema.json from the config's model")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "manual":
            from shiftscope import manual

            manual.write(Path.cwd())
    except ShiftscopeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0
