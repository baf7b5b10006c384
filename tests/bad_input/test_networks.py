"""Architectures, options and files of weights that can be no network end in a sentence, and fetch or run nothing."""

import io
import json
import logging
import pickle
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import save, save_file
from torch import nn

from shiftscope.core.errors import ShiftscopeError
from shiftscope.networks import Preprocessing, networks
from shiftscope.networks.answers import check_answers, check_runs, trial_frames
from shiftscope.networks.modules import normalised, runner
from shiftscope.networks.weights import NOTE, fill, read_note, read_weights, write_weights

SMALL = {"architecture": "resnet18", "outputs": 10, "options": {"layers": [1, 1, 1, 1], "channels": [8, 8, 8, 8]}}


def timm(**options):
    return networks["timm"].item.model_validate({"kind": "timm", "input_size": 32, **options})


def torchvision(**options):
    return networks["torchvision"].item.model_validate({"kind": "torchvision", "input_size": 64, **options})


@pytest.mark.parametrize(
    "architecture",
    ["hf_hub:x/y", "hf-hub:x/y", "local-dir:/tmp", "local_dir:x", "timm/resnet18", "../../etc/passwd", "/etc/passwd", "", "x\ny",
     "timm:resnet18", "resnet18 "],
)  # fmt: skip
def test_an_architecture_that_timm_would_look_for_elsewhere(architecture):
    with pytest.raises(ValidationError, match=r"this is no name of timm's own; for a repository .* write 'kind: hub'"):
        timm(architecture=architecture)


@pytest.mark.parametrize(
    "name", ["checkpoint_path", "pretrained_cfg", "pretrained_cfg_overlay", "cache_dir", "num_classes"]
)
def test_options_that_say_where_weights_are(name):
    with pytest.raises(ValidationError, match=f"'{name}' is none of the options; it is set by"):
        timm(architecture="resnet18", options={name: "/etc/passwd"})


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (timm(architecture="resnet5o", weights=__file__), "unknown timm architecture 'resnet5o'; did you mean .*'resnet50'"),
        (timm(architecture="resnet50.a9_in1k", pretrained=True), "unknown weights of timm's resnet50 'resnet50.a9_in1k'"),
        (torchvision(architecture="resnet5o", weights=__file__), "unknown torchvision architecture 'resnet5o'"),
        (torchvision(architecture="deeplabv3_resnet50", weights=__file__), "unknown torchvision architecture"),
        (torchvision(architecture="resnet50", pretrained="IMAGENET1K_V9"), "unknown weights of torchvision's resnet50"),
    ],
)  # fmt: skip
def test_names_that_the_libraries_do_not_have_are_refused_with_the_config(network, words):
    with pytest.raises(ShiftscopeError, match=words):
        network.check()


def test_names_that_the_libraries_have_are_not_asked_for_again(monkeypatch):
    monkeypatch.setattr("shiftscope.networks.timm._known", pytest.fail)
    monkeypatch.setattr("shiftscope.networks.torchvision._known", pytest.fail)
    timm(architecture="resnet50.a1_in1k", pretrained=True).check()
    timm(architecture="resnet50", weights=__file__).check()
    torchvision(architecture="resnet50", pretrained="IMAGENET1K_V2").check()
    torchvision(architecture="resnet50", pretrained="DEFAULT").check()


@pytest.mark.parametrize(
    "options",
    [{"layrs": [1, 1]}, {"layers": "many"}, {"layers": [1]}, {"act_layer": "nosuch"}, {"channels": [-1, 1, 1, 1]}],
)
def test_options_that_timm_does_not_take_are_found_without_weights(options):
    with pytest.raises(ShiftscopeError, match=r"timm's resnet18 does not take these options \(\w+: .*\); see 'options'"):
        timm(architecture="resnet18", options=options).check_built()


def test_options_that_timm_takes_are_fine_and_others_are_not_built(monkeypatch):
    timm(**SMALL).check_built()
    monkeypatch.setattr("timm.create_model", pytest.fail)
    timm(architecture="resnet18").check_built()


# Files of weights


@pytest.fixture(scope="module")
def state():
    return {name: tensor.clone() for name, tensor in timm(**SMALL).build().state_dict().items()}


def filled(state):
    fill(timm(**SMALL).build(), state, Path("w.pth"), "resnet18", 10)


@pytest.mark.parametrize("name", ["fc.bias", "fc.weight", "conv1.weight"])
def test_a_single_number_where_a_matrix_belongs(state, name):
    with pytest.raises(ShiftscopeError, match=rf"w.pth does not fit resnet18: {name} is \(\), not \("):
        filled({**state, name: torch.tensor(1.0)})
    every = {**state, "fc.bias": torch.tensor(1.0), "fc.weight": torch.zeros(7, 8)}
    with pytest.raises(ShiftscopeError, match=r"w.pth does not fit resnet18: fc.\w+ is"):
        filled(every)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 1e300])
def test_weights_that_are_not_finite(state, value):
    spoilt = state["fc.weight"].double()
    spoilt[3, 2] = value
    with pytest.raises(
        ShiftscopeError, match=r"w.pth has numbers that are not finite \(NaN or infinite\), as in fc.weight"
    ):
        filled({**state, "fc.weight": spoilt})


def test_averages_that_are_not_finite(state):
    """They are no parameters, and a channel that is divided by infinity answers 0, which looks right."""
    spoilt = state["bn1.running_mean"].clone()
    spoilt[0] = float("inf")
    with pytest.raises(ShiftscopeError, match=r"not finite \(NaN or infinite\), as in bn1.running_mean"):
        filled({**state, "bn1.running_mean": spoilt})


def test_a_buffer_that_is_infinite_by_itself_is_fine():
    class Masked(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("mask", torch.tensor([0.0, -float("inf")]))

    fill(Masked(), Masked().state_dict(), Path("w.pth"), "masked", 10)


def sparse_file(path):
    torch.save({"fc.weight": torch.eye(3).to_sparse()}, path)


def meta_file(path):
    torch.save({"fc.weight": torch.zeros(3, device="meta")}, path)


def deep_file(path):
    value = []
    for _ in range(300):
        value = [value]
    path.write_bytes(pickle.dumps({"a": value}))


BYTES = {
    "empty": b"",
    "text": b"hello, I am no network\n",
    "zeros": bytes(100),
    "a pickle's beginning": pickle.dumps({"a": 1})[:10],
    "a pickle of a number": pickle.dumps(3),
    "a pickle that is nested": b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".",
    "a pickle of 6,000 digits": pickle.dumps({"a": 10**6000}, 2),
    "an HTML page": b"<!DOCTYPE html><html>Not found</html>",
    "an empty zip": b"PK\5\6" + bytes(18),
}


@pytest.mark.parametrize("content", BYTES.values(), ids=BYTES)
def test_a_file_that_is_no_file_of_weights(content, tmp_path):
    for name in ("w.pth", "w.bin", "w.safetensors"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ShiftscopeError, match=rf"{name} (holds no|is empty|is no complete)") as error:
            read_weights(tmp_path / name)
        assert "\n" not in str(error.value)
        assert len(str(error.value)) < 600


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
def test_a_file_that_was_cut_anywhere(name, zipped, state, tmp_path):
    """Where torch looks for the parts of a file depends on where it was cut."""
    if name == "w.pth":
        torch.save(state, tmp_path / name, _use_new_zipfile_serialization=zipped)
    else:
        save_file(state, tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    for share in range(1, 40):
        (tmp_path / name).write_bytes(whole[: len(whole) * share // 40])
        with pytest.raises(
            ShiftscopeError, match=rf"{name} (holds no plain state dict|is no complete) .*copy or download it"
        ):
            read_weights(tmp_path / name)


@pytest.mark.parametrize("write", [sparse_file, meta_file, deep_file])
def test_a_file_of_tensors_that_are_no_plain_ones(write, state, tmp_path):
    write(tmp_path / "w.pth")
    with pytest.raises(ShiftscopeError, match=r"w.pth (does not fit|holds no)"):
        filled({**state, **read_weights(tmp_path / "w.pth")})


def test_a_zip_whose_parts_are_missing(state, tmp_path):
    torch.save(state, tmp_path / "whole.pth")
    with zipfile.ZipFile(tmp_path / "whole.pth") as whole, zipfile.ZipFile(tmp_path / "w.pth", "w") as part:
        for name in whole.namelist()[:4]:
            part.writestr(name, whole.read(name))
    with pytest.raises(ShiftscopeError, match=r"w.pth holds no plain state dict"):
        read_weights(tmp_path / "w.pth")


def safetensors_with(header):
    said = json.dumps(header).encode() if not isinstance(header, bytes) else header
    return len(said).to_bytes(8, "little") + said + bytes(64)


@pytest.mark.parametrize(
    "header",
    [
        {"a": {"dtype": "F99", "shape": [1], "data_offsets": [0, 4]}},
        {"a": {"dtype": "F32", "shape": [2**60, 2**60], "data_offsets": [0, 4]}},
        {"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}},
        {"a": {"dtype": "F32", "shape": [4], "data_offsets": [16, 0]}},
        {"a": 3},
        [],
        b"{" * 100_000,
        b'{"a":' * 100_000,
    ],
)
def test_a_header_that_is_wrong(header, tmp_path):
    (tmp_path / "w.safetensors").write_bytes(safetensors_with(header))
    with pytest.raises(ShiftscopeError, match=r"w.safetensors is no complete safetensors file \(.*\); copy or download it"):
        read_weights(tmp_path / "w.safetensors")
    assert read_note(tmp_path / "w.safetensors") == {}


@pytest.mark.parametrize("note", ["[" * 100_000, '{"a":' * 100_000, "3", "[]", '"x"', "{", "\0"])
def test_a_note_that_is_none(note, state, tmp_path):
    save_file(state, tmp_path / "w.safetensors", {NOTE: note})
    assert read_note(tmp_path / "w.safetensors") == {}
    timm(**SMALL).wants(tmp_path / "w.safetensors")
    timm(**SMALL, weights_of="x").wants(tmp_path / "w.safetensors")


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ({"mean": "grey"}, "mean"),
        ({"std": [1, 2]}, "std"),
        ({"input_size": "large"}, "input_size"),
        ({"input_size": -5}, "input_size"),
        ({"input_size": 10**4000}, "input_size"),
        ({"made_by": "x"}, "made_by"),
        ([1], ""),
        ("x", ""),
    ],
)
def test_a_note_about_the_input_that_is_of_no_use(said, key, state, tmp_path):
    write_weights(state, tmp_path / "w.safetensors", {"preprocessing": said})
    with pytest.raises(ShiftscopeError, match=rf"w.safetensors has a note about its input whose '.*{key}.*' is of no use"):
        timm(**SMALL).wants(tmp_path / "w.safetensors")


def test_a_note_that_does_not_say_whose_it_is(state, tmp_path):
    write_weights(state, tmp_path / "w.safetensors", {"preprocessing": {"std": [0, 1, 1]}})
    with pytest.raises(ShiftscopeError, match=r"^the note in .*w.safetensors says a mean of"):
        timm(**SMALL).wants(tmp_path / "w.safetensors")


@pytest.mark.parametrize("std", [[0, 1, 1], [1, float("nan"), 1], [1, 1, -1]])
def test_a_standard_deviation_that_nothing_can_be_divided_by(std, state, tmp_path):
    write_weights(state, tmp_path / "w.safetensors", {"preprocessing": {"std": std, "said_by": "its maker"}})
    with pytest.raises(
        ShiftscopeError, match=r"its maker says a mean of .* by which no picture can be divided; write 'mean'"
    ):
        timm(**SMALL).wants(tmp_path / "w.safetensors")
    assert timm(**SMALL, std=(1, 1, 1)).wants(tmp_path / "w.safetensors").std == (1, 1, 1)


# Networks that answer strangely


class Strange(nn.Module):
    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def forward(self, pixels):
        return self.answer(pixels.mean((2, 3)).repeat(1, 4)[:, :10])


def run_of(answer):
    return runner(normalised(Strange(answer), (0, 0, 0), (1, 1, 1)), "cpu")


@pytest.mark.parametrize(
    "answer", [lambda x: {"logits": x}, lambda x: (x, x), lambda x: [x], lambda _: None, lambda _: "cat", lambda _: 3.0]
)
def test_a_network_that_does_not_answer_with_a_tensor(answer):
    with pytest.raises(ShiftscopeError, match=r"network n does not take a batch .* or does not answer with one tensor"):
        check_runs(run_of(answer), "n", 32, 10)


@pytest.mark.parametrize("answer", [lambda x: x[:, :9], lambda x: x[:, :, None], lambda x: x.sum(), lambda x: x[0]])
def test_a_network_that_answers_with_another_shape(answer):
    with pytest.raises(ShiftscopeError, match=r"network n answers with .* set 'outputs'"):
        check_runs(run_of(answer), "n", 32, 10)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_network_that_answers_with_numbers_that_are_not_finite(value):
    with pytest.raises(ShiftscopeError, match=r"network n answers with numbers that are not finite \(NaN or infinite\)"):
        check_answers(run_of(lambda x: x.index_fill(1, torch.tensor([3]), value)), "n", None, trial_frames(3, 32, 0))


# Programs


def onnx_network(**options):
    return networks["onnx"].item.model_validate({"kind": "onnx", "input_size": 8, "outputs": 4, **options})


def test_onnx_files_with_weights_beside_them_are_refused_and_told_how_to_be_saved(tmp_path, monkeypatch):
    onnx = pytest.importorskip("onnx")
    monkeypatch.chdir(tmp_path)
    module = nn.Sequential(nn.Flatten(), nn.Linear(192, 4)).eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module, (torch.zeros(2, 3, 8, 8),), "whole.onnx", dynamo=False, input_names=["x"], dynamic_axes={"x": {0: "b"}}
        )
    onnx.save(onnx.load("whole.onnx"), "apart.onnx", save_as_external_data=True, location="apart.data", size_threshold=0)
    assert Path("apart.data").is_file()
    with pytest.raises(ShiftscopeError, match=r"apart.onnx .*weights lie in a file beside it, save all in one: onnx.save"):
        onnx_network(weights="apart.onnx").load(Path("apart.onnx"))
    onnx.save(onnx.load("apart.onnx"), "one.onnx")  # what the sentence says
    pixels = torch.randn(3, 3, 8, 8)
    np.testing.assert_allclose(
        onnx_network(weights="one.onnx").load(Path("one.onnx"))(pixels), module(pixels).detach(), atol=1e-5
    )


def state_dict_file():
    file = io.BytesIO()
    torch.save({"fc.bias": torch.zeros(3)}, file)
    return file.getvalue()


PROGRAMS = {**BYTES, "safetensors": safetensors_with({}), "a state dict": state_dict_file()}


@pytest.mark.parametrize("content", PROGRAMS.values(), ids=PROGRAMS)
@pytest.mark.parametrize("kind", ["onnx", "torchscript", "export"])
def test_a_program_that_is_none(kind, content, tmp_path):
    (tmp_path / "net").write_bytes(content)
    network = networks[kind].item.model_validate({"kind": kind, "trust": True, "input_size": 8, "outputs": 4})
    with pytest.raises(ShiftscopeError, match=str(tmp_path / "net")) as error:
        network.load(tmp_path / "net")
    assert "network.onnx" not in str(error.value)  # the name of a link to it
    if kind == "torchscript":  # which says nothing of its input
        assert network.preprocessing(tmp_path / "net") == Preprocessing()
    else:
        with pytest.raises(ShiftscopeError, match=str(tmp_path / "net")):
            network.preprocessing(tmp_path / "net")


def test_torch_does_not_log_a_traceback_about_a_program_that_is_none(tmp_path, monkeypatch):
    logged = []
    monkeypatch.setattr(logging.Logger, "handle", lambda _, record: logged.append(record))
    (tmp_path / "net.pt2").write_bytes(PROGRAMS["a state dict"])
    network = networks["export"].item.model_validate({"kind": "export", "trust": True, "input_size": 8, "outputs": 4})
    with pytest.raises(ShiftscopeError, match=r"net.pt2 is no torch.export file"):
        network.load(tmp_path / "net.pt2")
    assert not logged
    logging.getLogger("torch.export").warning("another time")
    assert logged


def test_a_safetensors_file_is_read_by_its_contents_whatever_it_is_called(state, tmp_path):
    (tmp_path / "w.pth").write_bytes(save(state))
    assert torch.equal(read_weights(tmp_path / "w.pth")["fc.bias"], state["fc.bias"])
    buffer = io.BytesIO()
    torch.save(state, buffer)
    (tmp_path / "w.bin").write_bytes(buffer.getvalue())
    assert torch.equal(read_weights(tmp_path / "w.bin")["fc.bias"], state["fc.bias"])
