"""How long to look: `SHIFTSCOPE_FUZZ_MINUTES` is the profile `long`, so many minutes for each target."""

import os
import resource
import time

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from .guard import guarded

MINUTES = float(os.environ.get("SHIFTSCOPE_FUZZ_MINUTES", 0))
FIRST = int(os.environ.get("SHIFTSCOPE_FUZZ_SEED", 0))
settings.register_profile(
    "fuzz",
    database=None,
    deadline=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
    print_blob=False,
)
EXAMPLES = 100
"""Of each target, where nobody asks for more: all of them take less than a minute."""
ADDRESSES = 24_000_000_000
"""Bytes of addresses that the process may have: beyond these an example fails, before the machine does."""


@pytest.fixture(scope="session")
def libraries():
    """Imported before examples run: they make folders of their own in the system's folder of temporary files."""
    import timm
    import torchvision

    return timm, torchvision


@pytest.fixture(autouse=True)
def bounded(libraries):
    """A limit to the memory of this process while examples run."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.fixture
def fuzz(tmp_path, monkeypatch):
    """A function that shows examples of a strategy to a check, each in an empty folder that is the working one. The first
    is what is `right`, which has to pass without a sentence.

    Once by default, with the same examples every time; with `SHIFTSCOPE_FUZZ_MINUTES`, other ones until the time is over.
    """
    count = 0

    def run(strategy, check, right, examples=EXAMPLES):
        folder = tmp_path / "example"
        folder.mkdir()
        monkeypatch.chdir(folder)
        check(right, folder)

        def one(value):
            nonlocal count
            count += 1
            for left in sorted(folder.rglob("*"), reverse=True):
                left.rmdir() if left.is_dir() else left.unlink()
            with guarded(folder):
                check(value, folder)

        end = time.monotonic() + 60 * MINUTES
        number = FIRST
        while number == FIRST or time.monotonic() < end:
            profile = settings(settings.get_profile("fuzz"), max_examples=200 if MINUTES else examples)
            seed(number)(profile(given(strategy)(one)))()
            number += 1
        print(f"{count} examples")

    return run
