"""`shiftscope.measure`: the workflow's tables and numbers, of modules and sections, folders, files and arrays."""

import re

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

import shiftscope
from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError
from shiftscope.networks import networks
from shiftscope.sensitivity import COMPARISONS, CURVES, SENSITIVITY

SIZE = 32
TINY = {
    "kind": "timm", "architecture": "resnet18", "options": {"layers": [1, 1, 1, 1], "channels": [8, 8, 16, 16]},
    "input_size": SIZE, "outputs": 10,
}  # fmt: skip
QUICK = {"resamples": 100, "device": "cpu"}


class Mean(torch.nn.Module):
    """Ten classes, by the brightness of the left half: what it must answer can be computed by hand."""

    def forward(self, pixels):
        bright = pixels[..., : SIZE // 2].mean((1, 2, 3))
        return -((bright[:, None] - torch.linspace(-2, 2, 10)) ** 2)


@pytest.fixture(scope="module")
def arrays():
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (50, 60, 3), dtype=np.uint8) for _ in range(6)]


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    torch.manual_seed(0)
    module = networks["timm"].item.model_validate({**TINY, "weights": "none"}).build()
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_file({name: value.clone() for name, value in module.state_dict().items()}, path)
    return path


def test_tables_have_the_columns_of_the_workflows(arrays):
    found = shiftscope.measure(shiftscope.Preprocessed(Mean(), SIZE), arrays, ["crop"], **QUICK)
    assert found.sensitivity.schema == SENSITIVITY
    assert found.curves.schema == CURVES
    assert found.comparisons.schema == COMPARISONS
    assert found.predictions("crop", "network").schema == tables.PREDICTIONS
    assert len(found.images) == len(arrays)


def test_answers_are_those_of_the_module_on_the_frames(arrays):
    """The middle crop of a picture that has the size of the input is the picture."""
    squares = [pixels[:SIZE, :SIZE] for pixels in arrays]
    found = shiftscope.measure(
        shiftscope.Preprocessed(Mean(), SIZE), squares, {"centre": {"crop_fraction": 1}}, labels=[0] * 6, **QUICK
    )
    predicted = found.predictions("centre", "network").sort("image_id")
    for row, pixels in zip(predicted.iter_rows(named=True), squares, strict=True):
        scaled = (pixels / 255 - np.array([0.485, 0.456, 0.406])) / np.array([0.229, 0.224, 0.225])
        logits = -((scaled[:, : SIZE // 2].mean() - np.linspace(-2, 2, 10)) ** 2)
        probabilities = np.exp(logits) / np.exp(logits).sum()
        assert row["top5"] == np.argsort(-probabilities)[:5].tolist()
        np.testing.assert_allclose(row["top5_prob"], np.sort(probabilities)[::-1][:5], atol=1e-6)
        assert row["label_prob"] == pytest.approx(probabilities[0], abs=1e-6)


def test_files_arrays_and_a_folder_give_the_same_numbers(arrays, tmp_path):
    for number, pixels in enumerate(arrays):
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
    paths = sorted(tmp_path.glob("*.png"))
    network = shiftscope.Preprocessed(Mean(), SIZE)
    several = [shiftscope.measure(network, one, ["centre"], **QUICK) for one in (arrays, paths, tmp_path)]
    first, *others = [one.predictions("centre", "network")["top5_prob"].to_list() for one in several]
    assert all(other == first for other in others)


def test_several_networks_are_compared(arrays, weights):
    found = shiftscope.measure(
        {"mean": shiftscope.Preprocessed(Mean(), SIZE), "tiny": {**TINY, "weights": weights}}, arrays, ["crop"], **QUICK
    )
    assert set(found.comparisons["network_a"]) | set(found.comparisons["network_b"]) == {"mean", "tiny"}
    assert found.summary()["network"].to_list() == ["mean", "tiny"]
    assert "top1_change_low" in found.summary().columns


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"pictures": []}, "no pictures in this list"),
        ({"pictures": [np.zeros((5, 5, 3))]}, "give uint8 (height, width, 3)"),
        ({"pictures": "nowhere"}, "nowhere is no folder with pictures"),
        ({"labels": [0]}, "6 pictures and 1 labels"),
        ({"labels": [10] * 6}, "labels up to 10; give labels of its classes"),
        ({"protocols": ["crp"]}, "did you mean"),
        ({"network": 5}, "give a torch module or a name"),
    ],
)
def test_mistakes_are_one_sentence(arrays, given, words):
    usual = {"network": shiftscope.Preprocessed(Mean(), SIZE), "pictures": arrays, "protocols": ["centre"]}
    with pytest.raises(ShiftscopeError, match=re.escape(words)):
        shiftscope.measure(**{**usual, **given}, **QUICK)


def test_figures_and_what_a_notebook_shows(arrays):
    found = shiftscope.measure(shiftscope.Preprocessed(Mean(), SIZE), arrays, ["crop"], labels=[3] * 6, **QUICK)
    drawn = found.figure("heatmap")
    assert drawn._repr_png_()[:4] == b"\x89PNG"
    assert drawn.caption
    assert "6 pictures" in found._repr_html_()
    with pytest.raises(ShiftscopeError, match="did you mean 'heatmap'"):
        found.figure("heatmpa")
    with pytest.raises(ShiftscopeError, match="it needs bias, boxes"):
        found.figure("box_centres")


def test_a_folder_that_is_named_is_kept_and_can_be_opened(arrays, tmp_path):
    found = shiftscope.measure(shiftscope.Preprocessed(Mean(), SIZE), arrays, ["centre"], folder=tmp_path, **QUICK)
    again = shiftscope.open(tmp_path / "pictures")
    assert again.sensitivity.equals(found.sensitivity)
    with pytest.raises(ShiftscopeError, match="open the results with their config"):
        again.figure("measures")


def test_what_is_no_folder_of_results_is_said(tmp_path):
    with pytest.raises(ShiftscopeError, match="no folder of results"):
        shiftscope.open(tmp_path)


def test_importing_the_package_imports_nothing_of_it():
    with pytest.raises(AttributeError, match="no attribute 'mesure'"):
        shiftscope.mesure  # noqa: B018
