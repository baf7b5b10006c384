"""Weights and architectures that do not fit, and what loads."""

import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from shiftscope.errors import ShiftscopeError
from shiftscope.networks import networks
from shiftscope.networks.weights import fill, read_weights


def small(outputs=10):
    network = networks["timm"].item.model_validate(
        {"architecture": "resnet18", "outputs": outputs, "options": {"layers": [1, 1, 1, 1], "channels": [8, 8, 8, 8]}}
    )
    return network.build()


@pytest.fixture(scope="module")
def state():
    return {name: tensor.clone() for name, tensor in small().state_dict().items()}


def test_every_form_of_file_loads_the_same(state, tmp_path):
    save_file(state, tmp_path / "a.safetensors")
    torch.save(state, tmp_path / "b.pth")
    torch.save(
        {"state_dict": {f"module.{name}": tensor for name, tensor in state.items()}, "epoch": 3}, tmp_path / "c.pth.tar"
    )
    x = torch.randn(2, 3, 32, 32)
    answers = []
    for name in ("a.safetensors", "b.pth", "c.pth.tar"):
        module = small()
        fill(module, read_weights(tmp_path / name), tmp_path / name, "resnet18", 10)
        answers.append(module.eval()(x))
    torch.testing.assert_close(answers[0], answers[1], rtol=0, atol=0)
    torch.testing.assert_close(answers[0], answers[2], rtol=0, atol=0)
    assert not torch.equal(answers[0], small().eval()(x))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda state: state.pop("fc.weight"), r"w.pth does not fit resnet18: it lacks fc.weight; are these"),
        (lambda state: state.update({"head.bias": torch.zeros(3)}), r"it has head.bias too many"),
        (lambda state: (state.pop("fc.bias"), state.update(a=torch.zeros(1))), r"it lacks fc.bias and has a too many"),
        (lambda state: state.update({"conv1.weight": torch.zeros(8, 3, 3, 3)}), r"conv1.weight is \(8, 3, 3, 3\), not"),
        (
            lambda state: state.update({"fc.weight": torch.zeros(7, 8), "fc.bias": torch.zeros(7)}),
            r"answers with 7 classes, but resnet18 is set to 10; write 'outputs: 7'",
        ),
    ],
)
def test_what_does_not_fit_is_named(state, tmp_path, change, words):
    state = dict(state)
    change(state)
    torch.save(state, tmp_path / "w.pth")
    with pytest.raises(ShiftscopeError, match=words):
        fill(small(), read_weights(tmp_path / "w.pth"), tmp_path / "w.pth", "resnet18", 10)


class Evil:
    def __reduce__(self):
        import os

        return os.mkdir, ("was here",)


def test_a_pickle_that_would_run_code_is_refused_and_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("evil.pth").write_bytes(pickle.dumps({"fc.weight": Evil()}))
    torch.save({"fc.weight": Evil()}, "evil2.pth")
    for name in ("evil.pth", "evil2.pth"):
        with pytest.raises(ShiftscopeError, match="holds no plain state dict"):
            read_weights(tmp_path / name)
    assert not (tmp_path / "was here").exists()


@pytest.mark.parametrize("name", ["w.safetensors", "w.pth"])
def test_a_file_that_was_cut_off_is_named(state, tmp_path, name):
    path = tmp_path / name
    save_file(state, path) if name.endswith("tensors") else torch.save(state, path)
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(ShiftscopeError, match=name):
        read_weights(path)


def test_a_file_of_something_else_is_named(tmp_path):
    torch.save([1, 2, 3], tmp_path / "list.pth")
    with pytest.raises(ShiftscopeError, match="holds no state dict of tensors"):
        read_weights(tmp_path / "list.pth")


@pytest.mark.parametrize(("kind", "near"), [("timm", "resnet50"), ("torchvision", "resnet50")])
def test_an_unknown_architecture_has_near_names(kind, near):
    with pytest.raises(ShiftscopeError, match=f"unknown {kind} architecture 'resnet5o'; did you mean .*'{near}'"):
        networks[kind].item.model_validate({"architecture": "resnet5o"}).build()


def test_an_architecture_that_cannot_be_blurred_says_so():
    network = networks["timm"].item.model_validate({"architecture": "vit_tiny_patch16_224", "anti_alias": "blurpool"})
    with pytest.raises(
        ShiftscopeError, match="vit_tiny_patch16_224 has neither a max pooling nor a convolution behind its first"
    ):
        network.build()
