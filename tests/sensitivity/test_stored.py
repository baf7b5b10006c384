"""Sums and draws of networks, and tables made of them: against tables made of the pictures by plain loops."""

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError
from shiftscope.sensitivity import DRAWS, SUMS, comparisons, stored, summing
from shiftscope.sensitivity.comparisons import comparisons as compare
from shiftscope.sensitivity.estimates import curves, sensitivity
from shiftscope.sensitivity.measures import measures
from shiftscope.sensitivity.stored import binned_in_turn, read_image_ids, read_pictures, read_sums
from shiftscope.sensitivity.summing import Conditions, sums
from shiftscope.statistics import bootstrap
from shiftscope.statistics.permutation import random_signs

from ..jobs import summed, written
from .from_pictures import both_tables

DRAWN = {"seed": 3, "n_resamples": 60}
MORE = {"seed": 3, "n_resamples": 120}
"""More draws than pictures, so that these are kept, and no draws."""
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


def files_of(folder, draws):
    """Sums and draws of the networks; their predictions are gone."""
    made = written(folder, {("p", name): table for name, table in NETWORKS.items()})
    found = summed(made, **draws)
    for path in made.values():
        path.unlink()
    return found


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return files_of(tmp_path_factory.mktemp("stored"), DRAWN)


@pytest.fixture(scope="module", params=[DRAWN, MORE], ids=["drawn", "more draws than pictures"])
def both(request, tmp_path_factory):
    """Files, how they were drawn, and what is expected of tables."""
    found = files_of(tmp_path_factory.mktemp("stored"), request.param)
    return found, request.param, both_tables(NETWORKS, level=LEVEL, **request.param)


def close(found, expected, rtol=1e-12):
    """Numbers of a row, null where nan is expected."""
    np.testing.assert_allclose([np.nan if one is None else one for one in found], expected, rtol=rtol, atol=1e-15)


def test_estimates_and_intervals_are_those_of_the_pictures(both):
    files, _, expected = both
    rows = sensitivity(files, level=LEVEL).rows_by_key(["network", "measure", "condition"], named=True, unique=True)
    single, _ = expected
    assert len(single) > 5 * 20
    assert len({key for key, (_, low, _) in single.items() if not np.isnan(low) and key[1] == "mac"}) > 10
    for key, numbers in single.items():
        close([rows[key][name] for name in ("estimate", "ci_low", "ci_high")], numbers)


def test_differences_their_intervals_and_p_values_are_those_of_the_pictures(both):
    """Networks that have not the same pictures are compared on those that both have, resampled anew."""
    files, draws, expected = both
    table = compare(files, level=LEVEL, adjust="holm", **draws)
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
        assert found.image_ids.equals(expected.image_ids)
        assert (found.columns, found.kinds) == (expected.columns, expected.kinds)
        for part in ("numerator", "denominator", "counted"):
            np.testing.assert_array_equal(getattr(found, part), getattr(expected, part))
        chosen = [("mac", "right"), ("accuracy", "all")]
        some = read_sums(files["p", name].sums, [*chosen, ("accuracy", "right")])  # there is no such column
        assert some.columns == chosen
        np.testing.assert_array_equal(some.numerator, expected.at(None, chosen).numerator)
        assert read_image_ids(files["p", name].sums).equals(expected.image_ids)
        table = tables.read(files["p", name].sums, SUMS).filter(pl.col("condition") != "bins")
        assert table.height == len(expected.image_ids) * len(expected.columns)
        one = table.filter(measure="top1_change", condition="all")
        assert one["numerator"].to_list() == expected.at(None, [("top1_change", "all")]).numerator[:, 0].tolist()


def test_bins_add_up_to_the_whole(files):
    path, whole = files["p", "second"].sums, sums(NETWORKS["second"])
    means = {entry.name for entry in measures if entry.item().by_row and entry.item().over == "pairs"}
    assert {name for found in binned_in_turn(path) for name in found.measures} == means
    for found in binned_in_turn(path):
        ratios = whole.at(None, [(found.measures[0], "all")])
        np.testing.assert_allclose(found.numerator[:, 0].sum(1), ratios.numerator[:, 0], atol=1e-12)
        np.testing.assert_array_equal(found.denominator[:, 0].sum(1), ratios.denominator[:, 0])
        assert (found.denominator[:, 0].sum(0) > 0).sum() > 4
    (mac,) = binned_in_turn(path, ["mac"])
    assert mac.measures == ["mac"]
    table = tables.read(path, SUMS).filter(condition="bins", measure="mac", image_id=whole.image_ids[7])
    assert table.select("bin", "numerator").rows() == list(enumerate(mac.numerator[7, 0], 1))


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


def test_the_same_pictures_are_known_by_the_same_sign(files):
    found = {name: read_pictures(files["p", name].sums) for name in NETWORKS}
    assert found["first"] == found["second"] == found["never right"]
    assert len(set(found.values())) == 3


def test_draws_that_would_be_more_than_the_pictures_are_not_kept(files, tmp_path):
    """Their lists are null, and of what nothing else keeps, means at swept values, the pictures are kept."""
    more = files_of(tmp_path, MORE)["p", "first"]
    lists = [name for name in DRAWS if name.startswith(("weighted_", "signed_"))]
    for path, drawn in ((files["p", "first"].draws, True), (more.draws, False)):
        rows = tables.read(path, DRAWS)
        assert set(rows["is_drawn"]) == {drawn}
        swept = rows.filter(condition="value", kind="mean")
        assert swept["numerators"].null_count() == (len(swept) if drawn else 0)
        assert rows["numerators"].count() == (0 if drawn else len(swept) > 0) * len(swept)
        if not drawn:
            assert all(rows[name].null_count() == len(rows) for name in lists)
            assert set(swept["numerators"].list.len()) == {80}
    said = [
        tables.read(path, DRAWS).drop(*lists, "numerators", "denominators", "is_drawn", "n_draws")
        for path in (more.draws, files["p", "first"].draws)
    ]
    assert said[0].equals(said[1])
    assert more.draws.stat().st_size < files["p", "first"].draws.stat().st_size / 2


@pytest.mark.parametrize("draws", [DRAWN, MORE])
@pytest.mark.parametrize("pictures", [1, 7, 79, 80])
def test_networks_summed_in_blocks_of_pictures_are_the_same(draws, pictures, tmp_path, monkeypatch):
    """All but what is random; and means and measures of frames, that only some blocks can answer, among them."""
    (tmp_path / "whole").mkdir()
    some = {("p", name): NETWORKS[name] for name in ("first", "fewer")}
    whole = summed(written(tmp_path / "whole", some), **draws)
    monkeypatch.setattr(bootstrap, "PICTURES_AT_A_TIME", pictures)
    monkeypatch.setattr(stored, "ROWS_AT_A_TIME", 30)
    monkeypatch.setattr(summing, "ROWS_AT_A_TIME", 13)
    lots = []
    monkeypatch.setattr(
        Conditions, "block", lambda self, _block=Conditions.block: lots.append(sum(map(len, self.images))) or _block(self)
    )
    blocks = summed(written(tmp_path, some), **draws)
    assert set(lots) == {pictures, 80 % pictures, 50 % pictures, min(50, pictures)} - {0}
    for cell, files in blocks.items():
        assert tables.read(files.sums, SUMS).equals(tables.read(whole[cell].sums, SUMS))
        found, expected = (tables.read(each.draws, DRAWS) for each in (files, whole[cell]))
        fixed = [name for name in DRAWS if not name.startswith(("weighted_", "signed_"))]
        assert_frame_equal(found.select(fixed), expected.select(fixed), rel_tol=1e-12, abs_tol=1e-15)
        for name in (name for name in DRAWS if name not in fixed):
            assert found[name].list.len().equals(expected[name].list.len())
            if name.startswith("weighted_"):  # the first are of the pictures themselves
                firsts = (one[name].list.first().fill_null(0) for one in (found, expected))
                np.testing.assert_allclose(*firsts, rtol=1e-12, atol=1e-15)
    assert read_pictures(blocks["p", "first"].sums) == read_pictures(whole["p", "first"].sums)


def test_draws_in_blocks_of_pictures_are_sums_under_their_weights_and_signs(tmp_path, monkeypatch):
    monkeypatch.setattr(bootstrap, "PICTURES_AT_A_TIME", 33)
    files = summed(written(tmp_path, {("p", "first"): NETWORKS["first"]}), **DRAWN)["p", "first"]
    weights, signs = (
        np.concatenate([np.concatenate(list(chunks)) for chunks in of(80, DRAWN["n_resamples"], DRAWN["seed"])], axis=1)
        for of in (bootstrap.resampling_weights, random_signs)
    )
    own = sums(NETWORKS["first"])
    for row in tables.read(files.draws, DRAWS).filter(pl.col("condition").is_in(["all", "right"])).iter_rows(named=True):
        ratios = own.at(None, [(row["measure"], row["condition"])])
        num, den = ratios.numerator[:, 0], ratios.denominator[:, 0]
        np.testing.assert_allclose(row["signed_numerator"], signs @ num, rtol=1e-11, atol=1e-12)
        np.testing.assert_allclose(row["signed_denominator"], signs @ den, rtol=1e-11, atol=1e-12)
        if row["kind"] == "mean":
            np.testing.assert_allclose(row["weighted_products"][1:], weights @ (num * den), rtol=1e-12, atol=1e-12)


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
