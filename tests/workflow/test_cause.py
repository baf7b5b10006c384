"""Looking inside networks, as a part of the workflow: what it makes, and what runs again."""

import polars as pl
import pytest
import yaml

from shiftscope.cause import GEOMETRY, LAYERS, MAPS

from .conftest import SMALL, Project

pytestmark = pytest.mark.workflow
FIGURES = {"layer_curves", "nonshiftability", "aliasing", "periodicity", "feature_maps"}


def config(pictures=3):
    network = {**SMALL["networks"]["plain"], "train": {"dataset": "train", "epochs": 1, "crop_fraction": 0.8889}}
    return {
        **SMALL,
        "datasets": {
            "train": SMALL["datasets"]["train"],
            "test": {**SMALL["datasets"]["test"], "count": 10, "compare_with": []},
        },
        "networks": {"plain": network},
        "protocols": {
            "move": {"kind": "circular", "offsets": "0..3", "crop_fraction": 0.8889},
            "crop": {"area": [1, 1], "aspect": [1, 1], "offsets": "0..2"},
        },
        "cause": {"protocols": ["move"], "pictures": pictures},
    }


@pytest.fixture(scope="module")
def inside(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("cause"))
    project.configure(config())
    project.snakemake()
    return project


def test_tables_and_figures_are_of_the_protocol_that_the_config_names(inside):
    results = inside.folder / "results" / "test"
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


def test_another_number_of_pictures_looks_inside_again_and_runs_no_network_for_predictions(inside):
    inside.configure(config(pictures=2))
    rerun = inside.would_run()
    inside.configure(config())
    assert rerun["layers"] == 1
    assert not {"infer", "aggregate", "frames", "network", "train", "sensitivity"} & set(rerun)
    assert inside.would_run() == {}


def test_what_is_no_translation_is_refused_before_anything_runs(inside):
    for protocols, words in (
        (["crop"], "cause.protocols: in protocol crop (crop) more changes than"),
        (["mov"], "did you mean 'move'"),
    ):
        (inside.folder / "small.yaml").write_text(yaml.safe_dump({**config(), "cause": {"protocols": protocols}}))
        output = inside.snakemake(check=False)
        assert output.startswith("exit 1")
        assert words in output
        assert "Traceback" not in output
    inside.configure(config())
