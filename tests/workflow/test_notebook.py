"""`shiftscope.measure` and the workflow: the same tables, the same numbers."""

import numpy as np
import polars as pl
import pytest

import shiftscope


@pytest.mark.workflow
def test_numbers_are_those_of_the_workflow(finished, monkeypatch):
    """The small run, by its own config but for the engine, which differs in the last digits of probabilities."""
    monkeypatch.chdir(finished.folder)
    small = finished.config
    plain = {key: small["networks"]["plain"][key] for key in ("kind", "architecture", "options", "input_size", "outputs")}
    found = shiftscope.measure(
        {"plain": {**plain, "weights": "results/networks/plain/weights.safetensors"}},
        {**small["datasets"]["test"], "compare_with": []},
        {name: small["protocols"][name] for name in ("crop", "inpaint")},
        resamples=small["statistics"]["resamples"],
        device="cpu",
    )
    run = shiftscope.open("results/test", "small.yaml")
    for protocol in ("crop", "inpaint"):
        ours, theirs = (one.predictions(protocol, "plain") for one in (found, run))
        assert ours.select("image_id", "step", "value", "label").equals(theirs.select("image_id", "step", "value", "label"))
        np.testing.assert_allclose(ours["label_prob"], theirs["label_prob"], atol=1e-5)
    rows = run.sensitivity.filter(pl.col("network") == "plain", pl.col("condition") != "matched")
    both = found.sensitivity.join(rows, on=["protocol", "measure", "condition"], suffix="_run")
    assert len(both) > 30
    for column in ("estimate", "ci_low", "ci_high"):
        np.testing.assert_allclose(both[column], both[f"{column}_run"], atol=1e-4)
    assert run.figure("heatmap", "crop").caption
