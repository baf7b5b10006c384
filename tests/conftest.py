"""What holds for all tests."""

from pathlib import Path

from hypothesis import HealthCheck, settings

# How long an example takes says how busy the machine is, and nothing about the code.
settings.register_profile("shiftscope", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shiftscope")

LONGEST = (
    "real/test_every_protocol.py",
    "workflow/test_run.py",
    "workflow/test_slurm.py",
    "workflow/test_reruns.py",
    "workflow/test_bad_input.py",
    "workflow/test_kinds.py",
    "real/test_imagenet_sample.py",
    "figures/test_figures.py",
    "workflow/test_training.py",
    "workflow/test_network_remedies.py",
    "workflow/test_remedies.py",
    "workflow/test_cause.py",
    "workflow/test_framing.py",
    "engines/test_engines.py",
)
"""Files whose tests take most of the time, in the order in which they begin."""


def pytest_collection_modifyitems(items):
    """The longest files come first, so that at the end no worker is busy with one while the others have nothing to do."""
    places = {Path(__file__).parent / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))
