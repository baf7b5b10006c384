"""Weights and architectures that do not fit, and what loads."""

import hashlib
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from shiftscope.core.errors import ShiftscopeError
from shiftscope.networks import networks
from shiftscope.networks.weights import fill, read_note, read_weights, write_weights


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


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_other_floating_point_types_become_the_modules_own(state, tmp_path, kind):
    stored = {name: tensor.to(kind) if tensor.is_floating_point() else tensor for name, tensor in state.items()}
    torch.save(stored, tmp_path / "w.pth")
    module = small()
    fill(module, read_weights(tmp_path / "w.pth"), tmp_path / "w.pth", "resnet18", 10)
    for name, tensor in module.state_dict().items():
        assert tensor.dtype == (torch.int64 if name.endswith("num_batches_tracked") else torch.float32)
        assert (tensor.double() == stored[name].double().float().double()).all()


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        (
            "fc.weight",
            lambda given: given.to(torch.int8),
            "fc.weight is int8, and one of float16, bfloat16, float32, float64 is expected; save",
        ),
        ("fc.weight", lambda given: given > 0, "fc.weight is bool, and one of float16"),
        ("fc.weight", lambda given: given.to(torch.complex64), "fc.weight is complex64, and one of float16"),
        ("fc.weight", lambda given: given.to(torch.float8_e4m3fn), "fc.weight is float8_e4m3fn, and one of float16"),
        (
            "conv1.weight",
            lambda given: torch.quantize_per_tensor(given, 0.1, 0, torch.qint8),
            r"conv1.weight is quantised \(qint8\), and a plain tensor of float32 is expected",
        ),
        ("conv1.weight", lambda given: given.to_sparse(), r"conv1.weight is sparse \(float32\)"),
        ("conv1.weight", lambda given: given.to("meta"), r"conv1.weight is without values \(float32\)"),
        ("index", lambda given: given.float(), "index is float32, and a whole-number type is expected"),
        ("index", lambda given: given > 0, "index is bool, and a whole-number type is expected"),
        ("mask", lambda given: given.long(), "mask is int64, and bool is expected"),
    ],
)
def test_numbers_of_another_sort_are_refused(state, name, change, words):
    module = small()
    module.register_buffer("index", torch.arange(3))
    module.register_buffer("mask", torch.tensor([True, False]))
    whole = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    fill(module, whole, Path("w.pth"), "resnet18", 10)
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    with pytest.raises(ShiftscopeError, match=rf"w.pth does not fit resnet18: {words}") as caught:
        fill(module, {**whole, name: change(whole[name])}, Path("w.pth"), "resnet18", 10)
    assert "\n" not in str(caught.value)
    for name, tensor in module.state_dict().items():
        assert torch.equal(tensor, before[name]), "nothing is put in by halves"


def test_counters_that_are_never_read_may_be_averages(state):
    module = small()
    fill(module, {**state, "bn1.num_batches_tracked": torch.tensor(2.5)}, Path("w.pth"), "resnet18", 10)
    assert module.bn1.num_batches_tracked.dtype == torch.int64


def test_a_file_of_weights_is_the_same_in_every_process(tmp_path):
    """Its bytes, and so its sum in the card, follow from tensors and note, not from when or where it was written."""
    code = (
        "import sys, torch\n"
        "from pathlib import Path\n"
        "from shiftscope.networks.weights import write_weights\n"
        "state = {name: torch.arange(5, dtype=torch.float32) + place for place, name in enumerate('dbca')}\n"
        "state['tied'] = state['a']\n"
        "state['turned'] = torch.arange(6).reshape(2, 3).T\n"
        "note = {key: {'seed': 3, 'text': 'ü'} for key in sys.argv[2]}\n"
        "write_weights(state, Path(sys.argv[1]), note)\n"
    )
    sums = set()
    for run, keys in enumerate(["xyz", "zyx", "yxz", "xzy"]):
        path = tmp_path / f"{run}.safetensors"
        environment = {**os.environ, "PYTHONHASHSEED": str(run)}
        subprocess.run([sys.executable, "-c", code, str(path), keys], check=True, env=environment)
        sums.add(hashlib.sha256(path.read_bytes()).hexdigest())
        assert read_note(path) == {key: {"seed": 3, "text": "ü"} for key in "xyz"}
    assert len(sums) == 1
    assert read_weights(path)["turned"].tolist() == [[0, 3], [1, 4], [2, 5]]
    assert torch.equal(read_weights(path)["tied"], read_weights(path)["a"])
    write_weights({"a": torch.zeros(1)}, path, {"seed": 4})
    assert hashlib.sha256(path.read_bytes()).hexdigest() not in sums


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
    network = networks["timm"].item.model_validate({"architecture": "vit_tiny_patch16_224", "sampling": "blurpool"})
    with pytest.raises(
        ShiftscopeError, match="vit_tiny_patch16_224 has neither a max pooling nor a convolution behind its first"
    ):
        network.build()
