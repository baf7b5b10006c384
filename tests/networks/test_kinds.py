"""Every kind of network, holding the same weights, is the same network; and says how it wants its input."""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torchvision.models import resnet18

from shiftscope.core.errors import ShiftscopeError
from shiftscope.engines import engines
from shiftscope.networks import IMAGENET_MEAN, networks
from shiftscope.networks.answers import softmax, trial_frames
from shiftscope.stages.prepare import prepare_network

SIZE, OUTPUTS = 64, 10

FACTORY = """
import torch
from safetensors.torch import load_file
from torchvision.models import resnet18

def network(path, outputs):
    module = resnet18(num_classes=outputs)
    module.load_state_dict(load_file(path))
    return module

def empty(outputs):
    return resnet18(num_classes=outputs), {"mean": [0.1, 0.2, 0.3], "input_size": 96, "channels": "bgr"}

def number():
    return 5

def broken():
    raise KeyError("no")
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    torch.manual_seed(0)
    module = resnet18(num_classes=OUTPUTS).eval()
    with torch.no_grad():
        module.fc.weight.mul_(20)  # answers that differ from frame to frame
    example = torch.randn(2, 3, SIZE, SIZE)
    save_file(module.state_dict(), folder / "w.safetensors")
    torch.save(module.state_dict(), folder / "w.pth")
    (folder / "own.py").write_text(FACTORY)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(module), folder / "w.ts")
        shapes = ({0: torch.export.Dim("batch")},)
        torch.export.save(torch.export.export(module, (example,), dynamic_shapes=shapes), folder / "w.pt2")
        torch.onnx.export(
            module, (example,), folder / "w.onnx", dynamo=False, input_names=["x"], dynamic_axes={"x": {0: "batch"}}
        )
    return folder


def kinds(folder):
    own = f"{folder / 'own.py'}:"
    return {
        "torchvision": {"kind": "torchvision", "architecture": "resnet18", "weights": str(folder / "w.pth")},
        "timm": {"kind": "timm", "architecture": "resnet18", "weights": str(folder / "w.safetensors")},
        "torchscript": {"kind": "torchscript", "weights": str(folder / "w.ts"), "trust": True},
        "export": {"kind": "export", "weights": str(folder / "w.pt2"), "trust": True},
        "onnx": {"kind": "onnx", "weights": str(folder / "w.onnx")},
        "factory": {
            "kind": "factory", "factory": f"{own}network", "trust": True,
            "arguments": {"path": str(folder / "w.safetensors"), "outputs": OUTPUTS},
        },
        "factory and file": {
            "kind": "factory", "factory": f"{own}empty", "trust": True, "arguments": {"outputs": OUTPUTS},
            "weights": str(folder / "w.safetensors"), "mean": IMAGENET_MEAN, "channels": "rgb",
        },
    }  # fmt: skip


def understood(options):
    options = {"outputs": OUTPUTS, "input_size": SIZE, **options}
    return networks[options["kind"]].item.model_validate(options)


def weights_of(network):
    return network.weights or network.files()[0]


@pytest.mark.parametrize("engine", ["eager", "auto"])
@pytest.mark.parametrize("kind", list(kinds(Path())))
def test_the_same_network_in_any_form_answers_the_same(files, kind, engine, tmp_path):
    network = understood(kinds(files)[kind])
    network.check()
    prepare_network(
        name=kind, kind=network.kind, options=network.model_dump(mode="json", exclude_defaults=True, exclude={"kind"}),
        weights=weights_of(network), engine=engine, batch_size=4, device="cpu", threads=1, seed=0,
        card_path=tmp_path / "card.json", program_path=tmp_path / "program",
    )  # fmt: skip
    card = json.loads((tmp_path / "card.json").read_text())
    assert {card["subsampling_stride"], card["subsampling_ratio"]} == ({None} if kind == "onnx" else {32})
    run = engines[card["engine"]].item().load(tmp_path / "program", card, "cpu", 1)
    frames = trial_frames(5, SIZE, seed=3)
    plain = resnet18(num_classes=OUTPUTS).eval()
    plain.load_state_dict(torch.load(files / "w.pth", weights_only=True))
    pixels = (frames / 255 - np.array(IMAGENET_MEAN)) / np.array([0.229, 0.224, 0.225])
    with torch.inference_mode():
        expected = plain(torch.from_numpy(pixels).permute(0, 3, 1, 2).float()).numpy()
    assert np.ptp(softmax(expected), axis=0).max() > 0.01
    np.testing.assert_allclose(softmax(run(frames)), softmax(expected), atol=1e-4)


def test_channels_and_means_of_the_source_count_unless_overruled(files):
    options = kinds(files)["factory and file"]
    del options["mean"], options["channels"]
    network = understood(options)
    wants = network.wants(weights_of(network))
    assert (wants.mean, wants.channels, wants.input_size) == ((0.1, 0.2, 0.3), "bgr", 96)
    assert wants.said_by.endswith("own.py:empty")
    own = understood({**options, "mean": (0.0, 0.0, 0.0)})
    assert own.wants(weights_of(own)).mean == (0, 0, 0)
    assert own.wants(weights_of(own)).channels == "bgr"
    timm = understood({"kind": "timm", "architecture": "inception_resnet_v2", "weights": str(files / "w.pth")})
    wants = timm.wants(files / "w.pth")
    assert (wants.mean, wants.std, wants.input_size, wants.crop_fraction) == ((0.5,) * 3, (0.5,) * 3, 299, 0.8975)


def test_blue_first(files, tmp_path):
    """A network that wants BGR sees frames whose channels were turned round, with its own means."""
    from shiftscope.networks.modules import normalised, runner

    class First(torch.nn.Module):
        def forward(self, x):
            return x[:, :, 0, 0]

    frames = np.zeros((1, 2, 2, 3), np.uint8)
    frames[..., :] = (255, 51, 0)
    answer = runner(normalised(First(), (0.1, 0.2, 0.3), (1.0, 1.0, 0.5), "bgr"), "cpu")(frames)
    np.testing.assert_allclose(answer, [[0 - 0.1, 0.2 - 0.2, (1 - 0.3) / 0.5]], atol=1e-6)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "torchscript", "weights": "w.ts"}, "runs code when it is loaded; .* write 'trust: true'"),
        ({"kind": "export", "weights": "w.pt2"}, "write 'trust: true'"),
        ({"kind": "factory", "factory": "own.py:network"}, "own.py is run to make the network; .* write 'trust: true'"),
        ({"kind": "factory", "factory": "none.py:network", "trust": True}, "there is no file none.py"),
        ({"kind": "onnx", "weights": "none.onnx"}, "there is no file none.onnx"),
        ({"kind": "hub", "repo": "timm/a", "weights": "w.pth"}, "has its weights there"),
        ({"kind": "torchvision", "architecture": "resnet18"}, "needs either 'weights' .* neither"),
    ],
)
def test_what_is_wrong_is_said_before_anything_runs(files, change, words, monkeypatch):
    monkeypatch.chdir(files)
    with pytest.raises(ShiftscopeError, match=words):
        understood(change).check()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "torchscript", "weights": "w.pth", "trust": True}, "w.pth is no TorchScript file"),
        ({"kind": "export", "weights": "w.ts", "trust": True}, "w.ts is no torch.export file"),
        ({"kind": "export", "weights": "own.py", "trust": True}, "own.py is no torch.export file"),
        ({"kind": "onnx", "weights": "own.py"}, "own.py is no ONNX file"),
        ({"kind": "factory", "factory": "own.py:nothing", "trust": True}, "AttributeError"),
        ({"kind": "factory", "factory": "own.py:number", "trust": True}, "own.py:number returned int; return a torch"),
        ({"kind": "factory", "factory": "own.py:broken", "trust": True}, "own.py:broken failed: KeyError"),
    ],
)
def test_what_does_not_load_is_named(files, change, words, monkeypatch):
    monkeypatch.chdir(files)
    network = understood(change)
    with pytest.raises(ShiftscopeError, match=words):
        network.load(weights_of(network))


def test_published_weights_are_told_apart():
    network = understood({"kind": "torchvision", "architecture": "resnet50", "pretrained": "IMAGENET1K_V2"})
    assert network.origin == "fetch"
    assert network.published().crop_fraction == 224 / 232
    first = network.model_copy(update={"pretrained": "IMAGENET1K_V1"})
    assert first.published().crop_fraction == 224 / 256
    with pytest.raises(ShiftscopeError, match=r"IMAGENET1K_V3.*IMAGENET1K_V1"):
        network.model_copy(update={"pretrained": "IMAGENET1K_V3"}).published()
