"""Sums and draws of networks, and tables made of them: against tables made of the pictures by plain loops."""

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError
from shiftscope.sensitivity import DRAWS, SUMS, comparisons, summing
from shiftscope.sensitivity.comparisons import comparisons as compare
from shiftscope.sensitivity.estimates import curves, sensitivity
from shiftscope.sensitivity.measures import measures
from shiftscope.sensitivity.stored import read_binned, read_image_ids, read_sums
from shiftscope.sensitivity.summing import sums

from ..jobs import summed, written
from .from_pictures import both_tables

DRAWN = {"seed": 3, "n_resamples": 60}
LEVEL = 0.9


def predictions(seed, images, *, steady=0.2, unlabelled=0.1, right=0.7):
    """Answers of a network on sequences of different lengths, some frames of which are missing."""
    rng = np.random.default_rng(seed)
    rows = []
    for image in images:
        own = np.random.default_rng(image)  # the same frames and labels for all networks
        labelled, steps = own.random() > unlabelled, range(int(own.integers(1, 9)))
        before = None
        for step in steps if own.random() < 0.8 else [step for step in steps if step != 2]:
            top = before if before is not None and rng.random() > steady else int(rng.integers(6, 9))
            others = rng.permutation(6)[:4].tolist()
            probabilities = np.sort(rng.dirichlet([4, 1, 1, 1, 1]))[::-1].astype(np.float32)
            rank = 1 if rng.random() < right else int(rng.integers(2, 9))
            rows.append({
                "image_id": f"{image:03}", "step": step, "value": 2.0 * step, "label": 5 if labelled else None,
                "label_rank": rank if labelled else None, "top5": [top, *others], "top5_prob": probabilities.tolist(),
                "prob_of_previous_top1": None if before is None else float(rng.uniform()),
            })  # fmt: skip
            before = top
    return tables.table(rows, tables.PREDICTIONS)


NETWORKS = {
    "first": predictions(1, range(80)),
    "second": predictions(2, range(80), steady=0.6, right=0.4),
    "never right": predictions(3, range(80), right=0),
    "others": predictions(4, range(20, 100)),
    "fewer": predictions(5, range(50)),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Sums and draws of the networks; their predictions are gone."""
    made = written(tmp_path_factory.mktemp("stored"), {("p", name): table for name, table in NETWORKS.items()})
    found = summed(made, **DRAWN)
    for path in made.values():
        path.unlink()
    return found


@pytest.fixture(scope="module")
def expected():
    return both_tables(NETWORKS, level=LEVEL, **DRAWN)


def close(found, expected, rtol=1e-12):
    """Numbers of a row, null where nan is expected."""
    np.testing.assert_allclose([np.nan if one is None else one for one in found], expected, rtol=rtol, atol=1e-15)


def test_estimates_and_intervals_are_those_of_the_pictures(files, expected):
    rows = sensitivity(files, level=LEVEL).rows_by_key(["network", "measure", "condition"], named=True, unique=True)
    single, _ = expected
    assert len(single) > 5 * 20
    assert len({key for key, (_, low, _) in single.items() if not np.isnan(low) and key[1] == "mac"}) > 10
    for key, numbers in single.items():
        close([rows[key][name] for name in ("estimate", "ci_low", "ci_high")], numbers)


def test_differences_their_intervals_and_p_values_are_those_of_the_pictures(files, expected):
    """Networks that have not the same pictures are compared on those that both have, resampled anew."""
    table = compare(files, level=LEVEL, adjust="holm", **DRAWN)
    rows = table.rows_by_key(["network_a", "network_b", "measure", "condition"], named=True, unique=True)
    _, paired = expected
    assert len(paired) > 10 * 20
    for key, numbers in paired.items():
        if key[2:] == ("exit_rate", "right"):  # is said by another measure, which has the same numbers
            key = (*key[:2], "jaggedness_rate", "right")
        close([rows[key][name] for name in ("difference", "ci_low", "ci_high", "p_value")], numbers)
    found = np.array(list(paired.values()))
    assert (found[:, 3] < 0.001).sum() > 10
    assert (found[:, 3] > 0.3).sum() > 10
    assert np.isnan(found[:, 3]).any(), "a network that is never right has no pair that begins right"


def test_without_networks_that_have_other_pictures_nothing_is_drawn(files, monkeypatch):
    """All follows from what was drawn before, by addition."""

    def draw(*_args, **_more):
        raise AssertionError("a table of networks drew at random")

    monkeypatch.setattr(np.random, "default_rng", draw)
    alike = {cell: each for cell, each in files.items() if cell[1] in ("first", "second", "never right")}
    assert sensitivity(alike, level=LEVEL).height
    assert compare(alike, level=LEVEL, adjust="holm", **DRAWN).height
    assert curves({cell: each.draws for cell, each in alike.items()}, level=LEVEL).height
    with pytest.raises(AssertionError, match="drew at random"):
        compare(files, level=LEVEL, adjust="holm", **DRAWN)


def test_one_more_network_changes_nothing_that_others_have_left(files, tmp_path):
    kept = {cell: [path.read_bytes() for path in each] for cell, each in files.items()}
    more = summed(written(tmp_path, {("p", "more"): predictions(9, range(80))}), **DRAWN)
    before, after = (compare(each, level=LEVEL, adjust="holm", **DRAWN) for each in (files, files | more))
    assert kept == {cell: [path.read_bytes() for path in each] for cell, each in files.items()}
    plain = pl.col("condition") != "matched"  # the others' confidence is another one
    ours = after.filter(plain, pl.col("network_a") != "more", pl.col("network_b") != "more").drop("p_adjusted")
    assert ours.equals(before.filter(plain).drop("p_adjusted"))
    assert after.filter(network_b="more")["network_a"].unique().len() == 5


def test_how_much_is_read_at_a_time_changes_nothing(files, tmp_path, monkeypatch):
    whole = compare(files, level=LEVEL, adjust="holm", **DRAWN)
    monkeypatch.setattr(comparisons, "CELLS_AT_A_TIME", 1)
    assert_frame_equal(compare(files, level=LEVEL, adjust="holm", **DRAWN), whole, rel_tol=1e-11)  # BLAS rounds otherwise
    monkeypatch.setattr(summing, "ROWS_AT_A_TIME", 7)
    again = summed(written(tmp_path, {("p", "first"): NETWORKS["first"]}), **DRAWN)["p", "first"]
    for one, other, schema in zip(again, files["p", "first"], (SUMS, DRAWS), strict=True):
        assert tables.read(one, schema).equals(tables.read(other, schema))


def test_the_sums_of_pictures_are_those_of_the_predictions(files):
    for name in ("first", "others"):
        found, expected = read_sums(files["p", name].sums), sums(NETWORKS[name])
        assert (found.image_ids, found.columns, found.kinds) == (expected.image_ids, expected.columns, expected.kinds)
        for part in ("numerator", "denominator", "counted"):
            np.testing.assert_array_equal(getattr(found, part), getattr(expected, part))
        chosen = [("mac", "right"), ("accuracy", "all")]
        some = read_sums(files["p", name].sums, [*chosen, ("accuracy", "right")])  # there is no such column
        assert some.columns == chosen
        np.testing.assert_array_equal(some.numerator, expected.at(None, chosen).numerator)
        assert read_image_ids(files["p", name].sums).to_list() == expected.image_ids
        table = tables.read(files["p", name].sums, SUMS)
        assert table.height == len(expected.image_ids) * len(expected.columns)
        one = table.filter(measure="top1_change", condition="all")
        assert one["numerator"].to_list() == expected.at(None, [("top1_change", "all")]).numerator[:, 0].tolist()


def test_bins_add_up_to_the_whole(files):
    found, whole = read_binned(files["p", "second"].sums), sums(NETWORKS["second"])
    means = {entry.name for entry in measures if entry.item().by_row and entry.item().over == "pairs"}
    assert set(found.measures) == means
    for k, name in enumerate(found.measures):
        ratios = whole.at(None, [(name, "all")])
        np.testing.assert_allclose(found.numerator[:, k].sum(1), ratios.numerator[:, 0], atol=1e-12)
        np.testing.assert_array_equal(found.denominator[:, k].sum(1), ratios.denominator[:, 0])
        assert (found.denominator[:, k].sum(0) > 0).sum() > 4
    assert read_binned(files["p", "second"].sums, ["mac"]).measures == ["mac"]


def test_draws_are_sums_under_shared_weights_and_signs(files):
    """Row by row: the first value is of the pictures themselves, and the k-th resample is the same for all networks."""
    rng = np.random.default_rng(DRAWN["seed"])
    resamples = [rng.integers(0, 80, 80) for _ in range(DRAWN["n_resamples"])]
    rng = np.random.default_rng([DRAWN["seed"], 1])
    signs = [2 * rng.integers(0, 2, 80) - 1 for _ in range(DRAWN["n_resamples"])]
    for name in ("first", "second"):
        own = sums(NETWORKS[name]).at(None, [("mac", "right")])
        num, den = own.numerator[:, 0], own.denominator[:, 0]
        (row,) = tables.read(files["p", name].draws, DRAWS).filter(measure="mac", condition="right").rows(named=True)
        parts = {"numerator": num, "denominator": den, "squares": num**2, "products": num * den}
        for part, values in (parts | {"denominator_squares": den**2}).items():
            close(row[f"weighted_{part}"], [values.sum(), *(values[drawn].sum() for drawn in resamples)])
        close(row["signed_numerator"], [(num * line).sum() for line in signs], rtol=1e-11)
        assert row["signed_denominator"] == [(den * line).sum() for line in signs]
        assert row["n_images"] == np.count_nonzero(den)


def test_shares_have_no_resamples_and_swept_values_no_signs(files):
    rows = tables.read(files["p", "first"].draws, DRAWS)
    assert set(rows.filter(pl.col("weighted_numerator").is_null())["kind"]) == {"rows", "images", "total"}
    assert set(rows.filter(pl.col("weighted_numerator").is_not_null())["kind"]) == {"mean"}
    assert rows.filter(pl.col("signed_numerator").is_null())["value"].null_count() == 0
    assert rows.filter(pl.col("value").is_not_null())["value"].n_unique() == 8


def test_without_pictures_there_is_nothing(tmp_path):
    empty = {("p", name): tables.PREDICTIONS.to_frame() for name in "ab"}
    files = summed(written(tmp_path, empty), **DRAWN)
    assert sensitivity(files, level=LEVEL).is_empty()
    assert compare(files, level=LEVEL, adjust="holm", **DRAWN).is_empty()
    assert curves({cell: each.draws for cell, each in files.items()}, level=LEVEL).is_empty()


def test_pictures_in_another_order_are_refused(tmp_path):
    for name, table in (("a", NETWORKS["first"].reverse()), ("b", pl.concat([NETWORKS["fewer"]] * 2))):
        path = tmp_path / f"{name}.parquet"
        tables.write(path, table, tables.PREDICTIONS)
        with pytest.raises(ShiftscopeError, match=f"{name}.parquet: the rows are not in the order of image_id"):
            summed({("p", name): path}, **DRAWN)
        assert not list(tmp_path.glob(f"{name}.*.parquet"))
