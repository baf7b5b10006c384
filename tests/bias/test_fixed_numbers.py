"""What the manual says of numbers that no setting governs."""

import re
from pathlib import Path

from shiftscope.association import correlation
from shiftscope.config.sections import Statistics
from shiftscope.statistics import uniformity

DOCS = Path(__file__).parents[2] / "docs"


def test_the_manual_says_how_many_draws_framing_has_and_that_resamples_does_not_govern_them():
    said = " ".join((DOCS / "framing.md").read_text().split())
    assert f"{uniformity.DRAWS:,} random signs" in said
    assert f"{uniformity.NULL_DRAWS:,} Monte Carlo samples" in said
    assert f"exact up to {uniformity.EXACT:,} boxes" in said
    numbers = re.search(r"Intervals are of (\S+) resamples, those of ρ of (\S+), its p of (\S+) permutations", said)
    expected = uniformity.RESAMPLES, correlation.RESAMPLES, correlation.PERMUTATIONS
    assert numbers.groups() == tuple(f"{number:,}" for number in expected)
    of_key = Statistics.meanings()["resamples"]
    assert "docs/framing.md" in of_key
    assert "accuracy_by_surprisal" in of_key
