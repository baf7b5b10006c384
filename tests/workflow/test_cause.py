"""Looking inside networks, as a part of the workflow: what it makes, and what runs again."""

import polars as pl
import pytest
import yaml

from shiftscope.cause import GEOMETRY, LAYERS, MAPS

from .conftest import SMALL

pytestmark = pytest.mark.workflow
FIGURES = {"layer_curves", "nonshiftability", "aliasing", "periodicity", "feature_maps"}


def config(**cause):
    return {**SMALL, "cause": {**SMALL["cause"], **cause}}


def test_tables_and_figures_are_of_the_protocol_that_the_config_names(finished):
    results = finished.folder / "results" / "test"
    folder = results / "layers" / "move" / "plain"
    for name, schema in (("layers", LAYERS), ("geometry", GEOMETRY), ("maps", MAPS)):
        assert pl.read_parquet(folder / f"{name}.parquet").schema == schema
    assert not (results / "layers" / "crop").exists()
    assert {path.stem for path in (results / "figures" / "move").glob("*.png")} >= FIGURES
    assert not FIGURES & {path.stem for path in (results / "figures" / "crop").glob("*.png")}
    assert pl.read_parquet(folder / "layers.parquet")["n_images"].max() == 3
    page = (results / "report.html").read_text()
    assert "Why: where networks lose the shift" in page
    assert "Where the shift is lost" in page


def test_another_number_of_pictures_looks_inside_again_and_runs_no_network_for_predictions(looked_at):
    looked_at.configure(config(pictures=2))
    rerun = looked_at.would_run()
    assert rerun["layers"] == len(SMALL["networks"])
    assert not {"infer", "aggregate", "frames", "network", "train", "sensitivity"} & set(rerun)


def test_what_is_no_translation_is_refused_before_anything_runs(looked_at):
    for protocols, words in (
        (["crop"], "cause.protocols: in protocol crop (crop) more changes than"),
        (["mov"], "did you mean 'move'"),
    ):
        (looked_at.folder / "small.yaml").write_text(yaml.safe_dump(config(protocols=protocols)))
        output = looked_at.snakemake(check=False)
        assert output.startswith("exit 1")
        assert words in output
        assert "Traceback" not in output
