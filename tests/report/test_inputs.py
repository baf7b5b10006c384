"""The page's inputs are the files of its job, each with the fact that it belongs to."""

import json

import pytest
from PIL import Image

from shiftscope.association import ACCURACY_BY_SURPRISAL, CORRELATION
from shiftscope.bias import BIAS, FRAMING_COMPARISON, INCLUSION
from shiftscope.core import tables
from shiftscope.core.html import save
from shiftscope.remedies import AUGMENTATION, REMEDIES
from shiftscope.report.inputs import page_inputs
from shiftscope.report.page import render
from shiftscope.stages.running import write_running


@pytest.fixture
def job(tmp_path):
    """Files and facts of a data set with boxes, two others to compare with, two figures and no network."""

    def written(name, rows, schema):
        tables.write(tmp_path / name, tables.table(rows, schema), schema)
        return str(tmp_path / name)

    files = {
        "images": written("images.parquet", [{"image_id": "a", "path": "a.png"}], tables.IMAGES),
        "skipped": written("skipped0.parquet", [{"image_id": "s0", "stage": "images", "reason": "r"}], tables.SKIPPED),
        "skipped_frames": [written("skipped1.parquet", [{"image_id": "s1", "stage": "frames", "reason": "r"}], tables.SKIPPED)],
        "bias": written("bias.parquet", [{"category": "dog", "quantity": "centre", "null": "naive"}], BIAS),
        "inclusion": written("inclusion.parquet", [], INCLUSION),
        "framing": [written(f"{name}.parquet", [{"category": name}], FRAMING_COMPARISON) for name in ("train", "web")],
        "figures": [str(tmp_path / f"{k}.png") for k in range(2)],
        "captions": [str(tmp_path / f"{k}.txt") for k in range(2)],
    }  # fmt: skip
    for k, (png, caption) in enumerate(zip(files["figures"], files["captions"], strict=True)):
        Image.new("RGB", (8, 8), (k, 0, 0)).save(png)
        (tmp_path / caption).write_text(f"caption {k}, ρ\n", encoding="utf-8")
    facts = {
        "dataset": "d", "seed": 0, "input_size": None, "source": {"title": "t", "reference": "r"}, "protocols": {"crop": {"title": "t", "unit": "px", "kind": "crop", "reference": "r"}},
        "figures": [{"name": f"f{k}", "title": f"figure {k}", "protocol": protocol, "reference": "r", "shows": "s", "tables": ["bias"], "particular": False} for k, protocol in enumerate((None, "crop"))],
        "compare_with": ["train", "web"], "sequences": [], "inside": [], "cells": [],
        "statistics": {"level": 0.95, "resamples": 2000, "adjust": "holm", "minimum_boxes": 20},
    }  # fmt: skip
    return files, facts


def test_every_file_goes_with_its_fact(job):
    found = page_inputs(*job)
    assert [
        (f.title, f.name, f.protocol, Image.open(f.png).getpixel((0, 0))[0], f.caption, f.tables) for f in found.figures
    ] == [
        ("figure 0", "f0", "", 0, "caption 0, ρ", {"bias"}),
        ("figure 1", "f1", "crop", 1, "caption 1, ρ", {"bias"}),
    ]
    assert {name: table["category"].to_list() for name, table in found.framing.others.items()} == {
        "train": ["train"],
        "web": ["web"],
    }
    assert found.skipped["image_id"].to_list() == ["s0", "s1"]
    assert found.bias["category"].to_list() == ["dog"]
    assert found.framing.inclusion.is_empty()
    # What the job was not given is not there.
    assert (found.sensitivity, found.comparisons, found.framing.landmarks, found.framing.relation) == (None,) * 4
    assert (found.cards, found.unvaried) == ([], [])
    assert found.helped == (None, None)


def test_what_a_measured_data_set_has_is_read_too(job, tmp_path):
    files, facts = job
    for name, schema in (
        ("relation", CORRELATION), ("accuracy_by_surprisal", ACCURACY_BY_SURPRISAL), ("remedies", REMEDIES), ("augmentation", AUGMENTATION)
    ):  # fmt: skip
        tables.write(tmp_path / f"{name}.parquet", tables.table([{"network": name}], schema), schema)
        files[name] = str(tmp_path / f"{name}.parquet")
    (tmp_path / "card.json").write_text(json.dumps({"network": "n"}))
    same = [{"image_id": "a", "step": step, "as_first": True} for step in range(2)]
    for size, rows in ((64, same), (96, [same[0], {**same[1], "as_first": False}])):
        tables.write(tmp_path / f"frames{size}.parquet", tables.table(rows, tables.FRAMES), tables.FRAMES)
    files |= {
        "cards": [str(tmp_path / "card.json")],
        "frames": [str(tmp_path / f"frames{size}.parquet") for size in (64, 96)],
    }
    files["running"] = []
    for k in range(3):
        files["running"].append(str(tmp_path / f"running{k}.json"))
        write_running(
            files["running"][-1], {"frames": 9, "windows": 5, "batch_size": 8 - k, "audited": k, "audited_changed": 0}
        )
    cells = [["crop", "n"], ["crop", "other"], ["centre", "n"]]
    found = page_inputs(files, {**facts, "sequences": [["crop", 64], ["crop", 96]], "cells": cells})
    assert found.running == {
        "n": {"frames": 18, "windows": 10, "batch_size": 6, "audited": 2, "audited_changed": 0},
        "other": {"frames": 9, "windows": 5, "batch_size": 7, "audited": 1, "audited_changed": 0},
    }
    assert found.framing.relation["network"].to_list() == ["relation"]
    assert found.framing.accuracy_by_surprisal["network"].to_list() == ["accuracy_by_surprisal"]
    assert found.helped.remedies["network"].to_list() == ["remedies"]
    assert found.helped.augmentation["network"].to_list() == ["augmentation"]
    assert found.cards == [{"network": "n"}]
    assert found.unvaried == [("crop", 64)]


@pytest.mark.parametrize("name", ["framing", "figures", "captions"])
def test_a_file_without_its_fact_is_no_silence(job, name):
    files, facts = job
    with pytest.raises(ValueError, match="zip"):
        page_inputs({**files, name: files[name][:1]}, facts)


def test_the_page_of_a_job_is_written_whole(job, tmp_path):
    html = render(page_inputs(*job))
    save(html, tmp_path / "d" / "report.html")
    assert (tmp_path / "d" / "report.html").read_text(encoding="utf-8") == html
    assert "caption 1, ρ" in html
