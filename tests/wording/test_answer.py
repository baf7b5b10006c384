"""The answer names no difference that the tables do not support."""

import re
from itertools import combinations
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shiftscope.core import tables
from shiftscope.sensitivity import COMPARISONS, SENSITIVITY
from shiftscope.sensitivity.comparisons import comparisons
from shiftscope.sensitivity.estimates import sensitivity
from shiftscope.wording.answer import moved_sentences, other_protocols

from ..jobs import summed, written

LEVEL = 0.95
CROP = {"kind": "crop", "apart": 1}
NAME = r"(net\d+)"
CLAIMS = (
    # A network that changes its answer in so many cases, another one in so many, and the difference.
    rf"{NAME} changes its answer [^()]*?, {NAME} [^()]*? \((difference)",
    rf"{NAME} more than {NAME}, ",
    rf"{NAME} does so more often \((difference)",
)


def claims(text):
    """Pairs of networks, unordered, of which a text says that they differ."""
    first = {frozenset(found[:2]) for found in re.findall(CLAIMS[0], text)}
    second = {frozenset(found[:2]) for found in re.findall(CLAIMS[1], text)}
    names = sorted(set(re.findall(NAME, text)))
    return first | second | ({frozenset(names)} if re.search(CLAIMS[2], text) else set())


def supported(compared, protocol="p"):
    """Pairs of which some corrected test and its interval say that they differ, by a loop over the rows."""
    found = set()
    for row in compared.iter_rows(named=True):
        asked = row["measure"] in ("top1_change", "agreement") and row["condition"] in ("all", "matched")
        significant = row["p_adjusted"] is not None and row["p_adjusted"] < 1 - LEVEL
        without_0 = row["ci_low"] is not None and (row["ci_low"] > 0 or row["ci_high"] < 0)
        if row["protocol"] == protocol and asked and significant and without_0:
            found.add(frozenset((row["network_a"], row["network_b"])))
    return found


def old_headline(estimates):
    """What the page said before: the networks with the largest and the smallest estimate, untested."""
    rows = estimates.filter(measure="top1_change", condition="all").sort("estimate").rows(named=True)
    low, high = rows[0], rows[-1]
    return f"{high['network']} changes its answer in {high['estimate']:.0%} of cases, {low['network']} in {low['estimate']:.0%} (difference"


def answers(rng, *, flips, sure, pictures, steps=6):
    """Predictions of one network: its answer changes at a share `flips` of the steps that begin unsure, at half of it of
    those that begin sure, and a share `sure` of the frames are sure."""
    rows = []
    for k in range(pictures):
        top, probability = 0, None
        for step in range(steps):
            if step and rng.uniform() < (flips / 2 if probability > 0.5 else flips):
                top = (top + 1) % 5
            before, probability = probability, 0.85 if rng.uniform() < sure else 0.25
            top5 = [top, *(name for name in range(5) if name != top)]
            rest = (1 - probability) / 8
            rows.append({
                "image_id": f"{k:04}", "step": step, "value": float(step), "label": 9, "label_prob": 0.0, "label_rank": 6, "top5": top5,
                "top5_prob": [probability, rest, rest, rest, rest], "prob_of_previous_top1": None if before is None else rest,
            })  # fmt: skip
    return tables.table(rows, tables.PREDICTIONS)


def both_tables(networks, ordered=True):
    cells = {("p", f"net{k}"): predicted for k, predicted in enumerate(networks)}
    with TemporaryDirectory() as folder:
        files = summed(written(folder, cells), ordered=ordered, n_resamples=400)
        compared = comparisons(files, seed=0, level=LEVEL, n_resamples=400, adjust="holm")
        return sensitivity(files, level=LEVEL), compared


def said(estimates, compared, fact=CROP):
    return " ".join(one.text for one in moved_sentences(estimates, compared, "p", fact, LEVEL))


@pytest.fixture(scope="module")
def equal():
    rng = np.random.default_rng(0)
    return both_tables([answers(rng, flips=0.2, sure=0.4, pictures=60) for _ in range(4)])


def test_equal_networks_cannot_be_told_apart(equal):
    text = said(*equal)
    assert " of cases. No two of them can be told apart (smallest corrected p " in text
    assert not claims(text)
    assert not re.findall(NAME, text)  # not even by name


def test_the_old_headline_would_be_caught(equal):
    """The negative control: what the page said before names a difference of equal networks."""
    estimates, compared = equal
    assert claims(old_headline(estimates)) - supported(compared)


def test_a_network_that_is_better_only_for_being_sure_is_not_said_to_be_steadier():
    rng = np.random.default_rng(1)
    estimates, compared = both_tables([answers(rng, flips=0.3, sure=sure, pictures=150) for sure in (0.15, 0.85)])
    p = {row["condition"]: row["p_adjusted"] for row in compared.filter(measure="top1_change").rows(named=True)}
    assert p["all"] < 0.001 < 0.05 < p["matched"]
    text = said(estimates, compared)
    assert "net0 does so more often (difference " in text
    assert text.endswith("but at matched confidence they cannot be told apart: how sure they are may be all that differs.")
    assert "both over all cases" not in text


def test_few_pictures_tell_nothing_apart():
    rng = np.random.default_rng(2)
    estimates, compared = both_tables([answers(rng, flips=flips, sure=0.4, pictures=4) for flips in (0.1, 0.6)])
    text = said(estimates, compared)
    assert not claims(text)
    assert "cannot be told apart" in text or "could not be compared" in text


def test_a_real_difference_is_named_with_its_size():
    rng = np.random.default_rng(3)
    chances = (0.5, 0.1, 0.12, 0.1, 0.11, 0.09)
    estimates, compared = both_tables([answers(rng, flips=flips, sure=0.4, pictures=150) for flips in chances])
    text = said(estimates, compared)
    assert text.startswith("Moved by one pixel (p), net0 changes its answer in ")
    assert claims(text) <= supported(compared)
    (row,) = estimates.filter(network="net0", measure="top1_change", condition="all").rows(named=True)
    assert f"net0 changes its answer in {100 * row['estimate']:.3g} % [" in text
    words = (
        "Of 15 pairs of networks on p, 5 can be told apart both over all cases and at matched confidence, 10 not at all."
    )
    assert words in text
    assert text.endswith("The other 4 cannot be told apart from one another.")


def test_where_steps_are_choices_the_answer_is_about_pictures():
    rng = np.random.default_rng(4)
    estimates, compared = both_tables(
        [answers(rng, flips=flips, sure=0.4, pictures=150) for flips in (0.02, 0.3)], ordered=False
    )
    (one,) = moved_sentences(estimates, compared, "p", {"kind": "resizers", "apart": None}, LEVEL)
    agree = {
        row["network"]: row["estimate"] for row in estimates.filter(measure="agreement", condition="all").rows(named=True)
    }
    assert one.text.startswith("Resized by 6 functions in turn (p), net1 changes its answer for ")
    assert f"for {100 * (1 - agree['net1']):.3g} % [" in one.text
    assert f"net0 for {100 * (1 - agree['net0']):.3g} % [" in one.text
    assert "matched" not in one.text
    assert (one.about, one.protocol) == ("comparisons", "p")


def test_one_network_is_compared_with_none():
    rng = np.random.default_rng(5)
    estimates, compared = both_tables([answers(rng, flips=0.2, sure=0.4, pictures=40)])
    for none in (None, compared):
        text = said(estimates, none)
        assert text.startswith("Moved by one pixel (p), net0 changes its answer in ")
        assert "told apart" not in text
    assert said(estimates.filter(measure="accuracy"), None) == ""


shares = st.sampled_from([-0.3, -0.05, 0.0, 0.05, 0.3])
results = st.tuples(shares, st.sampled_from([0.01, 0.1]), st.sampled_from([None, 1e-9, 0.01, 0.2, 1.0]), st.booleans())


@given(st.data(), st.integers(2, 5), st.booleans())
def test_no_table_makes_it_name_what_is_not_supported(data, count, choices):
    """Tables of all kinds, also such as no data would give: without intervals, with some tests missing, with contradictions
    between the conditions."""
    measure = "agreement" if choices else "top1_change"
    names = [f"net{k}" for k in range(count)]
    estimates = tables.table(
        [{"network": name, "protocol": "p", "measure": measure, "condition": "all", "estimate": 0.1 + 0.05 * k, "ci_low": 0.05,
          "ci_high": 0.5, "n_images": 9, "n_pairs": 18} for k, name in enumerate(names)], SENSITIVITY
    )  # fmt: skip
    rows = []
    for a, b in combinations(names, 2):
        for condition in ("all",) if choices else ("all", "matched"):
            value, width, p, ends = data.draw(results)
            rows.append({
                "network_a": a, "network_b": b, "protocol": "p", "measure": measure, "condition": condition, "family": "primary",
                "difference": value, "ci_low": value - width if ends else None, "ci_high": value + width if ends else None, "p_adjusted": p,
            })  # fmt: skip
    compared = tables.table(rows, COMPARISONS)
    text = said(estimates, compared)
    assert claims(text) <= supported(compared)
    (words,) = other_protocols(estimates, compared, ["p"], LEVEL) or [None]
    counted = re.search(r"(\d+) of (\d+)$", words.text) if words else None
    assert counted is None or int(counted[1]) <= len(supported(compared))
    if any(row["p_adjusted"] is not None for row in rows if row["condition"] == "all"):
        assert text.count("told apart") + text.count("does so more often") >= 1 or count == 2
