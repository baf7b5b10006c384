"""The versions of libraries that the project is tested with, and a mark for tests that hold for these alone."""

import re
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

CONSTRAINTS = Path(__file__).parents[1] / "constraints.txt"


def read_pins(text):
    """The requirement that each line of a file of constraints states, by the canonical name of its package."""
    lines = (re.sub(r"(^|\s)#.*", "", line).strip() for line in text.splitlines())
    found = [Requirement(line) for line in lines if line]
    return {canonicalize_name(one.name): one for one in found if one.marker is None or one.marker.evaluate()}


PINS = read_pins(CONSTRAINTS.read_text(encoding="utf-8"))


def needs_the_pinned(*names):
    """Skips a test where another version of one of these packages is installed. A build's own suffix (+cpu) is no other."""
    other = [
        f"{name} {version(name)} is here, not {name}{PINS[name].specifier}"
        for name in names
        if not PINS[name].specifier.contains(version(name), prereleases=True)
    ]
    return pytest.mark.skipif(bool(other), reason="; ".join(other))
