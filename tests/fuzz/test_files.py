"""Weights, and files of a run, with changes: what they held, or a sentence."""

import io
import json

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import strategies as st
from safetensors.torch import save

from shiftscope.commands.shards import speed_of
from shiftscope.core import tables
from shiftscope.core.records import Damaged, Record, checked, read_record, record_path, sha256_of, write_record
from shiftscope.data.canvases import CanvasWriter
from shiftscope.networks import networks
from shiftscope.networks.weights import NOTE, fill, read_note, read_weights

from .mutations import bytes_of, values_of

SMALL = {
    "architecture": "resnet18",
    "outputs": 10,
    "options": {"layers": [1, 1, 1, 1], "channels": [8, 8, 8, 8]},
    "input_size": 32,
}


def filled(path):
    """The weights of a file in a network, which has then no others."""
    network = networks["timm"].item.model_validate({"kind": "timm", **SMALL})
    module = network.build()
    network.wants(path)
    fill(module, read_weights(path), path, "net", 10)
    assert all(value.isfinite().all() for value in module.parameters())


@pytest.fixture(scope="module")
def state():
    return networks["timm"].item.model_validate({"kind": "timm", **SMALL}).build().state_dict()


def test_the_header_of_safetensors(fuzz, state):
    whole = save(
        state, {NOTE: json.dumps({"preprocessing": {"mean": [0.5, 0.5, 0.5], "std": [1, 1, 1], "input_size": 32}})}
    )
    end = 8 + int.from_bytes(whole[:8], "little")

    def check(data, folder):
        (folder / "w.safetensors").write_bytes(data)
        read_note(folder / "w.safetensors")
        filled(folder / "w.safetensors")

    fuzz(st.one_of(bytes_of(whole, (0, end)), bytes_of(whole)), check, whole)


def test_the_note_of_safetensors(fuzz, state):
    note = {
        "preprocessing": {"mean": [0.5, 0.5, 0.5], "std": [1, 1, 1], "input_size": 32, "said_by": "x"},
        "options": {"input_size": 3},
    }

    def check(said, folder):
        (folder / "w.safetensors").write_bytes(save(state, {NOTE: json.dumps(said)}))
        filled(folder / "w.safetensors")

    fuzz(values_of(note), check, note)


@pytest.mark.parametrize("zipped", [True, False])
def test_state_dicts_of_torch(fuzz, zipped):
    file = io.BytesIO()
    torch.save({"state_dict": {"a": torch.ones(2, 3), "b": torch.zeros(1)}}, file, _use_new_zipfile_serialization=zipped)

    def check(data, folder):
        (folder / "w.pth").write_bytes(data)
        found = read_weights(folder / "w.pth")
        assert all(isinstance(value, torch.Tensor) for value in found.values())

    fuzz(bytes_of(file.getvalue()), check, file.getvalue())


def shard(path):
    """A file of canvases of two pictures."""
    with CanvasWriter(path) as writer:
        for name in "ab":
            writer.write(name, [np.random.default_rng(0).integers(0, 256, (9, 9, 3), dtype=np.uint8)] * 2)


def predictions(path):
    """A file of predictions of a hundred frames."""
    rows = [dict.fromkeys(tables.PREDICTIONS) | {"image_id": f"a{k}", "step": k} for k in range(100)]
    tables.write(path, tables.table(rows, tables.PREDICTIONS), tables.PREDICTIONS)


def card(path):
    """A file of what was found about a network."""
    path.write_text(
        json.dumps({"network": "a", "batch_size": 4, "calibration": [{"engine": "eager", "ms_per_frame": 3.5}]})
    )


@pytest.mark.parametrize("write", [shard, predictions, card])
def test_no_job_is_given_a_file_that_has_changed(fuzz, write, tmp_path_factory):
    """Whatever its bytes are: they are compared before anything is made of them."""
    path = tmp_path_factory.mktemp("whole") / "file"
    write(path)
    whole = path.read_bytes()

    def check(data, folder):
        (folder / "file").write_bytes(whole)
        write_record(folder / "file", Record(sha256_of(folder / "file"), "r", {}, ["file"], {}, {}, {}, {}))
        (folder / "file").write_bytes(data)
        if data == whole:
            checked(folder / "file")
        else:
            with pytest.raises(Damaged):
                checked(folder / "file")

    fuzz(bytes_of(whole), check, whole)


def test_records(fuzz, tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "file"
    path.write_text("x")
    record = Record(
        sha256_of(path),
        "rule",
        {"dataset": "ü"},
        ["file"],
        {"other": "0" * 64},
        {"code": "1", "a": [1.5, None]},
        {"python": "3"},
        {},
    )
    write_record(path, record)
    whole = record_path(path).read_bytes()

    def check(data, folder):
        record_path(folder / "file").parent.mkdir()
        record_path(folder / "file").write_bytes(data)
        assert read_record(folder / "file") == record

    fuzz(bytes_of(whole), check, whole)


@pytest.mark.parametrize("name", ["images", "sensitivity"])
def test_tables_of_a_run_that_is_opened(fuzz, name):
    """From Python, too, a damaged table is said to be damaged."""
    from shiftscope.notebook.results import SENSITIVITY, Results

    schema = {"images": tables.IMAGES, "sensitivity": SENSITIVITY}[name]
    file = io.BytesIO()
    pl.concat([schema.to_frame(), schema.to_frame().clear(3)]).write_parquet(file)

    def check(data, folder):
        path = folder / f"{name}.parquet"
        path.write_bytes(file.getvalue())
        write_record(path, Record(sha256_of(path), "r", {}, [path.name], {}, {}, {}, {}))
        path.write_bytes(data)
        found = getattr(Results(folder, {}, {}, {}), name)
        assert found.schema == schema

    fuzz(bytes_of(file.getvalue()), check, file.getvalue())


CARD = {"device": "cpu", "threads": 2, "calibration": [{"engine": "eager", "ms_per_frame": 3.5}], "more": 1}


def test_cards_that_check_looks_at(fuzz):
    """`shiftscope check` reads them to propose a number of shards: what they say is a time, or nothing."""

    def check(data, folder):
        (folder / "card.json").write_bytes(data)
        found = speed_of(folder / "card.json")
        assert found is None or found[0] > 0

    bad = values_of(CARD).map(lambda said: json.dumps(said).encode())
    fuzz(st.one_of(bad, bytes_of(json.dumps(CARD).encode())), check, json.dumps(CARD).encode())
