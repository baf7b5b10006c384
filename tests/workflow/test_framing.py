"""Boxes and key points without a single picture: tables, figures and a page, and no network."""

import json

import numpy as np
import polars as pl
import pytest

from shiftscope.bias import BIAS, FRAMING_COMPARISON
from shiftscope.core import tables

from .conftest import Project

pytestmark = pytest.mark.workflow


def people(seed, pictures=60, middle=320.0):
    """COCO's key points: one or two people in each picture, of whom some have a hidden or an unknown eye."""
    rng = np.random.default_rng(seed)
    images = [{"id": k, "file_name": f"{k:04}.jpg", "width": 640, "height": 480} for k in range(pictures)]
    annotations = []
    for k in range(pictures):
        for _ in range(1 + k % 2):
            x, y = float(np.clip(rng.normal(middle, 40), 60, 560)), float(rng.uniform(60, 300))
            points = [x + 10, y, 2, x - 10, y, int(rng.integers(0, 3))]
            annotations.append(
                {
                    "id": len(annotations),
                    "image_id": k,
                    "category_id": 1,
                    "bbox": [x - 50, y - 30, 100, 200],
                    "keypoints": points,
                }
            )
    category = {"id": 1, "name": "person", "keypoints": ["left_eye", "right_eye"]}
    return {"images": images, "annotations": annotations, "categories": [category]}


def test_framing_without_pictures(tmp_path):
    project = Project(tmp_path)
    for name, middle in (("one", 320.0), ("two", 200.0)):
        (tmp_path / f"{name}_keypoints.json").write_text(json.dumps(people(len(name), middle=middle)))
    project.configure(
        {
            "datasets": {
                "one": {"kind": "coco", "annotations": "one_keypoints.json", "compare_with": ["two"]},
                "two": {"kind": "coco", "annotations": "two_keypoints.json"},
            }
        }
    )
    project.snakemake("results/one/report.html")
    results = tmp_path / "results" / "one"
    assert (results / "report.html").stat().st_size > 10_000
    eyes = tables.read(results / "landmark_bias.parquet", BIAS)
    expected = sum(1 for annotation in people(3)["annotations"] if annotation["keypoints"][5])
    assert eyes.filter(category="person", quantity="distance")["n"].item() == expected
    assert eyes.filter(category="person", quantity="midpoint_x", null="naive")["p_value"].item() < 1e-4
    apart = tables.read(results / "framing_comparison" / "two.parquet", FRAMING_COMPARISON)
    found = dict(apart.filter(category="person", null="feasible").select("quantity", "p_value").iter_rows())
    assert found["centre_x"] < 1e-4 < 0.001 < found["centre_y"]
    for figure in ("landmarks", "framing", "box_centres"):
        assert (results / "figures" / f"{figure}.png").stat().st_size > 5000
    assert pl.read_parquet(results / "images.parquet")["path"].null_count() == 60
    page = (results / "report.html").read_text()
    for words in ("Pairs of points", "Framed as two?", "How much the answer depends on which boxes count"):
        assert words in page
