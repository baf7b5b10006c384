"""Tables of measures and of comparisons, on sequences of ranks that a reader can count."""

from tempfile import TemporaryDirectory

import polars as pl
import pytest

from shiftscope.core import tables
from shiftscope.sensitivity import COMPARISONS, SENSITIVITY
from shiftscope.sensitivity.comparisons import CORRECTIONS, comparisons
from shiftscope.sensitivity.estimates import sensitivity
from shiftscope.sensitivity.rows import frame_rows, pair_rows

from ..jobs import estimates_of, summed, written

FREE = {"top1_change", "mac", "flip_probability", "top5_distance", "worst_change", "consistency", "agreement"}
DRAWS = {"seed": 0, "level": 0.9, "n_resamples": 200}


def ranked(ranks):
    """Predictions whose label (100) has the given rank at each step; a rank of None is a picture without a label."""
    rows = []
    for image_id, sequence in ranks.items():
        for step, rank in enumerate(sequence):
            top5 = [0, 1, 2, 3, 4]
            if rank and rank <= 5:
                top5[rank - 1] = 100
            rows.append({
                "image_id": image_id, "step": step, "value": 0.5 * step, "label": 100 if rank else None,
                "label_prob": 0.1 if rank else None, "label_rank": rank, "top5": top5,
                "top5_prob": [0.5, 0.2, 0.1, 0.1, 0.05], "prob_of_previous_top1": 0.4 if step else None,
            })  # fmt: skip
    return tables.table(rows, tables.PREDICTIONS)


def rows_of(predicted):
    return {(row["measure"], row["condition"]): row for row in estimates_of(predicted, **DRAWS).iter_rows(named=True)}


def against(networks, adjust="holm"):
    """The table of comparisons of predictions by protocol and network."""
    with TemporaryDirectory() as folder:
        files = summed(written(folder, networks), seed=DRAWS["seed"], n_resamples=DRAWS["n_resamples"])
        return comparisons(files, adjust=adjust, **DRAWS)


def compared(a, b, adjust="holm"):
    return against({("p", "a"): a, ("p", "b"): b}, adjust)


EXAMPLE = {
    "comes back": [1, 3, 9, 8, 5],  # in in out out in
    "comes": [7, 6, 4, 1],  # out out in in
    "stays": [2, 1, 1, 2],  # in in in in
}
FEWER = {"comes": [7, 6, 4, 1], "stays": [2, 1, 1, 2]}


def test_readings_of_the_28_percent_by_hand():
    rows = rows_of(ranked(EXAMPLE))
    counted = {name: (row["estimate"], row["n_images"], row["n_pairs"]) for (name, c), row in rows.items() if c == "all"}
    assert counted["jaggedness"] == (pytest.approx(3), 3, 10)
    assert counted["jaggedness_rate"] == (3 / 10, 3, 10)
    assert counted["jagged_images"] == (2 / 3, 3, 10)
    assert counted["leaves_top5"] == (1 / 2, 2, 7)
    assert counted["exit_rate"] == (1 / 6, 3, 6)
    assert counted["accuracy"] == (4 / 13, 3, 13)
    assert counted["top5_accuracy"] == (9 / 13, 3, 13)
    assert counted["top1_change"] == (4 / 10, 3, 10)
    assert counted["mac"] == (pytest.approx(0.1), 3, 10)


def test_conditioned_on_right_by_hand():
    rows = rows_of(ranked(EXAMPLE))
    # Three pairs begin right: 1→3, 1→1, 1→2. None of them leaves the top-5.
    assert rows["top1_change", "right"]["estimate"] == pytest.approx(2 / 3)
    assert rows["top1_change", "right"]["n_images"] == 2
    assert rows["leaves_top5", "right"]["estimate"] == rows["jaggedness", "right"]["estimate"] == 0
    assert ("accuracy", "right") not in rows


def test_network_that_is_never_right_has_conditioned_rows_without_numbers():
    row = rows_of(ranked({"a": [2, 3], "b": [4, 6]}))["exit_rate", "right"]
    assert (row["estimate"], row["ci_low"], row["ci_high"], row["n_images"], row["n_pairs"]) == (None, None, None, 0, 0)


@pytest.mark.parametrize(
    ("ranks", "names"),
    [
        ({}, set()),
        ({"a": [None], "b": [None]}, set()),
        ({"a": [1], "b": [7]}, {"accuracy", "top5_accuracy"}),
        ({"a": [None, None]}, FREE),
    ],
)
def test_what_cannot_be_asked_has_no_row(ranks, names):
    rows = rows_of(ranked(ranks))
    assert {name for name, _ in rows} == names
    assert compared(ranked(ranks), ranked(ranks)).schema == COMPARISONS


def test_picture_without_a_label_counts_where_no_label_is_needed():
    mixed, rows = rows_of(ranked(EXAMPLE | {"nameless": [None] * 4})), rows_of(ranked(EXAMPLE))
    assert mixed["top1_change", "all"]["n_pairs"] == 13
    for key, row in rows.items():
        if key[0] not in FREE or key[1] != "all":
            assert mixed[key]["estimate"] == pytest.approx(row["estimate"])
            assert mixed[key]["n_pairs"] == row["n_pairs"]


def test_gap_is_no_pair():
    frames = frame_rows(ranked({"a": [1, 2, 3, 4, 5]}).filter(pl.col("step") != 2))
    assert pair_rows(frames).select("previous_step", "step").rows() == [(0, 1), (3, 4)]


def test_total_is_a_multiple_of_the_rate_and_so_is_its_interval():
    cell = ranked({f"{k:02}": [1 + (k * 7 + step * 5) % 11 for step in range(9)] for k in range(20)})
    rows = rows_of(cell)
    total, rate = rows["jaggedness", "all"], rows["jaggedness_rate", "all"]
    for key in ("estimate", "ci_low", "ci_high"):
        assert total[key] == pytest.approx(160 * rate[key])
    assert rate["ci_low"] < rate["estimate"] < rate["ci_high"]


def test_tables_have_their_columns_and_a_row_for_every_pair_of_networks(tmp_path):
    cells = summed(
        written(tmp_path, {(p, n): ranked(EXAMPLE) for p in ("one", "two") for n in ("x", "y", "z")}), n_resamples=200
    )
    found = sensitivity(cells, level=0.9)
    assert found.schema == SENSITIVITY
    assert found.height > 6 * 20
    assert found.select("protocol", "network").unique(maintain_order=True).rows() == list(cells)
    compared_ = comparisons(cells, adjust="holm", **DRAWS)
    assert compared_.schema == COMPARISONS
    assert compared_.height == 2 * 3 * found.filter(pl.col("same_as").is_null()).height / 6
    assert compared_.select("network_a", "network_b").unique().sort("network_a", "network_b").rows() == [
        ("x", "y"), ("x", "z"), ("y", "z"),
    ]  # fmt: skip
    assert not any(found[name].is_nan().any() for name in ("estimate", "ci_low", "ci_high"))


def test_difference_is_that_of_the_estimates(tmp_path):
    networks = {("p", "a"): ranked(EXAMPLE), ("p", "b"): ranked({name: ranks[::-1] for name, ranks in EXAMPLE.items()})}
    files = summed(written(tmp_path, networks), n_resamples=200)
    known = sensitivity(files, level=0.9).filter(pl.col("same_as").is_null())
    rows = known.rows_by_key(["network", "measure", "condition"], named=True, unique=True)
    found = comparisons(files, adjust="holm", **DRAWS)
    assert found.height == len(rows) / 2
    for row in found.iter_rows(named=True):
        one, other = (rows[network, row["measure"], row["condition"]] for network in "ab")
        if row["difference"] is not None or None not in (one["estimate"], other["estimate"]):
            assert row["difference"] == pytest.approx(one["estimate"] - other["estimate"])
        assert (row["n_images_a"], row["n_images_b"]) == (one["n_images"], other["n_images"])


def test_shares_at_0_and_1_and_their_differences_have_intervals_with_a_width():
    """The pictures that were looked at all agree; the next one may not."""
    steady = ranked({f"{k:02}": [1] * 3 for k in range(12)})
    rows = rows_of(steady)
    shares = {at: row for at, row in rows.items() if row["estimate"] in (0, 1) and at[0] not in ("worst_change", "mac")}
    assert {("top1_change", "all"), ("agreement", "right"), ("accuracy", "all"), ("exit_rate", "right")} <= set(shares)
    for at, row in shares.items():
        if at[0] != "top5_distance":  # a mean, whose values are all the same, says why it has none
            assert row["ci_low"] < row["ci_high"], at
            assert row["ci_low"] == 0 or row["ci_high"] >= 1, at
    differences = compared(steady, steady).filter(pl.col("measure").is_in([measure for measure, _ in shares]))
    wide = differences.filter(pl.col("measure") != "top5_distance")
    assert wide.height > 10
    assert (wide["ci_low"] < 0).all()
    assert (wide["ci_high"] > 0).all()


def test_networks_are_compared_on_the_pictures_that_both_have():
    """A network against itself with fewer pictures: no difference, not in totals either."""
    found = compared(ranked(EXAMPLE), ranked(FEWER))
    assert found.filter(measure="accuracy").select("n_images_a", "n_images_b").rows() == [(2, 2)]
    alike = found.filter(pl.col("condition") != "matched")  # whose weights are those of all pictures
    assert alike["difference"].abs().max() == pytest.approx(0)
    assert alike["p_value"].min() == 1
    assert compared(ranked({"a": [1, 2]}), ranked({"b": [1, 2]})).height == 0


def test_comparisons_count_the_pictures_that_count_and_say_why_something_is_missing():
    often = ranked({"a": [1, 1, 2], "b": [1, 1, 1], "c": [1, 2, 1]})
    seldom = ranked({"a": [2, 1, 2], "b": [7, 7, 7], "c": [7, 7, 2]})
    never = ranked({"a": [7, 7, 7], "b": [7, 7, 7], "c": [7, 7, 7]})
    (row,) = compared(often, seldom).filter(measure="top1_change", condition="right").rows(named=True)
    assert (row["n_images_a"], row["n_images_b"]) == (3, 1)
    assert row["p_value"] is not None
    assert row["ci_low"] is None
    assert row["reason"] == "network b: only one picture counts, and intervals need two"
    (row,) = compared(often, never).filter(measure="top1_change", condition="right").rows(named=True)
    assert row["p_value"] is row["difference"] is None
    assert row["reason"] == "network b: no picture counts"
    assert compared(often, seldom).filter(measure="top1_change", condition="all")["reason"].to_list() == [None]


def test_measures_that_only_one_network_has_do_not_hide_the_others():
    found = compared(ranked(EXAMPLE), ranked({name: [None] * len(ranks) for name, ranks in EXAMPLE.items()}))
    assert set(found["measure"]) == FREE


@pytest.mark.parametrize("adjust", CORRECTIONS)
def test_adjustment_is_over_each_family_apart(adjust):
    steady = ranked({f"{k:02}": [1] * 8 for k in range(30)})
    shaky = ranked({f"{k:02}": [1 + (k * 7 + step * 5) % 9 for step in range(8)] for k in range(30)})
    found = against({(p, n): cell for p in ("one", "two") for n, cell in (("a", steady), ("b", shaky))}, adjust)
    known = found.filter(pl.col("p_value").is_not_null())
    primary = pl.col("measure").is_in(["top1_change", "mac"]) & pl.col("condition").is_in(["all", "matched"])
    for rows in (known.filter(primary), known.filter(~primary)):
        expected = CORRECTIONS[adjust](rows["p_value"].to_numpy())
        assert rows["p_adjusted"].to_list() == pytest.approx(expected.tolist())
        assert rows["family"].n_unique() == 1
    assert known.filter(primary).height == 2 * 2 * 2
    # Corrected among all rows, they would be other numbers: the test can fail.
    together = CORRECTIONS[adjust](known["p_value"].to_numpy())
    assert known["p_adjusted"].to_list() != pytest.approx(together.tolist())
    change = found.filter(pl.col("measure") == "top1_change", pl.col("condition") == "all")
    assert change["p_adjusted"].max() < 0.001
    assert change["difference"].max() < 0


def test_where_steps_are_choices_the_agreement_is_primary(tmp_path):
    files = summed(written(tmp_path, {("p", n): ranked(EXAMPLE) for n in "ab"}), ordered=False, n_resamples=50)
    found = comparisons(files, adjust="holm", **DRAWS)
    primary = found.filter(family="primary").select("measure", "condition").rows()
    assert primary == [("agreement", "all")]
