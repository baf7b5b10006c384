"""Engines agree with plain torch; preparation measures what it says."""

import copy
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from shiftscope.core.errors import ShiftscopeError
from shiftscope.engines import engines
from shiftscope.engines.compile import replayed
from shiftscope.networks import networks
from shiftscope.networks.answers import softmax, trial_frames
from shiftscope.networks.modules import computing
from shiftscope.stages.prepare import prepare_network

OPTIONS = {
    "architecture": "resnet18", "outputs": 10, "input_size": 64, "mean": [0.4, 0.5, 0.6], "std": [0.2, 0.3, 0.25],
    "options": {"layers": [1, 1, 1, 1], "channels": [8, 8, 16, 16]},
}  # fmt: skip


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    spec = networks["timm"].item.model_validate(OPTIONS)
    module = spec.build()
    with torch.no_grad():  # statistics of real inputs, so that the answers differ from frame to frame
        module.train()(torch.rand(64, 3, 64, 64) * 4 - 2)
    return spec, module.eval()


FEW_LAYERS = """
from torch.nn import AdaptiveAvgPool2d, BatchNorm2d, Conv2d, Flatten, Linear, ReLU, Sequential

def network():
    return Sequential(Conv2d(3, 8, 3, 2), BatchNorm2d(8), ReLU(), Conv2d(8, 8, 3, 2), AdaptiveAvgPool2d(1), Flatten(), Linear(8, 10))
"""


@pytest.fixture(scope="module")
def few_layers(tmp_path_factory):
    """A network of which a compiler has less to write."""
    file = tmp_path_factory.mktemp("few") / "own.py"
    file.write_text(FEW_LAYERS)
    torch.manual_seed(0)
    options = {key: OPTIONS[key] for key in ("outputs", "input_size", "mean", "std")}
    spec = networks["factory"].item.model_validate({"factory": f"{file}:network", "trust": True, **options})
    module = spec.build()
    with torch.no_grad():
        module.train()(torch.rand(64, 3, 64, 64) * 4 - 2)
        module[-1].weight.mul_(20)
    return spec, module.eval()


def prepare(network, folder, **more):
    save_file(network[1].state_dict(), folder / "w.safetensors")
    settings = {"engine": "auto", "batch_size": None, "device": "cpu", **more}
    options = settings.pop("options", OPTIONS)
    prepare_network(
        name="n", kind=settings.pop("kind", "timm"), options=options, weights=folder / "w.safetensors", threads=1, seed=0,
        card_path=folder / "card.json", program_path=folder / "program", **settings,
    )  # fmt: skip
    return json.loads((folder / "card.json").read_text())


@pytest.mark.parametrize("engine", [entry.name for entry in engines])
def test_an_engine_answers_as_plain_torch_does(network, few_layers, tmp_path, engine):
    """One program, for any number of frames."""
    more = {}
    if engine == "compile":
        if shutil.which("g++") is None:
            pytest.skip("torch.compile needs a C++ compiler")
        network = few_layers
        more = {"kind": "factory", "options": few_layers[0].model_dump(mode="json", exclude_unset=True), "batch_size": 3}
    spec, module = network
    card = prepare(network, tmp_path, engine=engine, **more)
    run = engines[engine].item().load(tmp_path / "program", card, "cpu", 1)
    for batch in (3, 1):
        frames = trial_frames(batch, 64, 1)
        x = (torch.tensor(frames / 255.0) - torch.tensor(spec.mean)) / torch.tensor(spec.std)
        expected = module(x.permute(0, 3, 1, 2).float()).detach().numpy()
        np.testing.assert_allclose(softmax(run(frames)), softmax(expected), atol=1e-5)
        assert np.ptp(softmax(expected)) > 1e-3


def test_auto_takes_one_that_agrees_and_says_what_the_others_did(network, tmp_path):
    card = prepare(network, tmp_path)
    chosen, *others = card["calibration"]
    assert (card["engine"], card["batch_size"]) == (chosen["engine"], chosen["batch_size"])
    assert chosen["changed_top1"] == card["changed_top1"] == 0
    assert chosen["largest_difference"] <= 1e-4
    assert {trial["engine"] for trial in card["calibration"]} == {entry.name for entry in engines if entry.item.automatic}
    assert [trial["largest_difference"] for trial in others] == [None] * len(others)  # slower ones are not asked
    assert card["parameters"] == sum(parameter.numel() for parameter in network[1].parameters())
    assert card["tried_on"] == "n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["card.json", "program", "w.safetensors"]


def test_an_engine_that_disagrees_is_refused(network, tmp_path, monkeypatch):
    original = engines["torchscript"].item.load

    def wrong(self, *arguments):
        run = original(self, *arguments)
        return lambda frames: run(frames)[:, ::-1]

    monkeypatch.setattr(engines["torchscript"].item, "load", wrong)
    assert prepare(network, tmp_path)["engine"] != "torchscript"
    (tmp_path / "card.json").unlink()
    with pytest.raises(ShiftscopeError, match=r"torchscript does not agree with eager .*; write 'engine: eager'"):
        prepare(network, tmp_path, engine="torchscript")
    assert not (tmp_path / "card.json").exists()


def test_a_size_that_the_network_does_not_take_is_refused(tmp_path):
    spec = networks["timm"].item.model_validate({"architecture": "vit_tiny_patch16_224", "outputs": 10, "input_size": 100})
    with pytest.raises(ShiftscopeError, match=r"network n does not run on 100 × 100 px"):
        prepare(
            (spec, spec.build()),
            tmp_path,
            options={"architecture": "vit_tiny_patch16_224", "outputs": 10, "input_size": 100},
        )


def test_cuda_that_is_not_there_is_a_sentence(network, tmp_path):
    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    with pytest.raises(ShiftscopeError, match="no CUDA device"):
        prepare(network, tmp_path, device="cuda")


def test_the_answers_of_a_recorded_graph_outlive_its_next_run():
    where = torch.zeros(2)  # a CUDA graph writes to the same place each time
    run = replayed(where.copy_)
    first, second = run(torch.tensor([1.0, 2.0])), run(torch.tensor([3.0, 4.0]))
    assert (first.tolist(), second.tolist()) == ([1, 2], [3, 4])


def in_precision(network, frames, precision):
    """Logits by torch's own autocast."""
    spec, module = network
    x = (torch.tensor(frames / 255.0) - torch.tensor(spec.mean)) / torch.tensor(spec.std)
    lower = precision != "float32"
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=lower):
        return module(x.permute(0, 3, 1, 2).float().contiguous(memory_format=torch.channels_last)).float().numpy()


def test_another_precision_is_computed_in_and_the_card_says_what_it_changed(network, tmp_path):
    card = prepare(network, tmp_path, engine="eager", batch_size=8, precision="bfloat16")
    assert (card["precision"], card["compared"]) == ("bfloat16", 128)
    frames = trial_frames(128, 64, 0)
    plain, lower = (in_precision(network, frames, precision) for precision in ("float32", "bfloat16"))
    run = engines["eager"].item().load(tmp_path / "program", card, "cpu", 1)
    np.testing.assert_allclose(run(frames), lower, atol=1e-3)  # a normalisation by one product rounds differently
    assert np.abs(plain - lower).max() > 0.005  # float32 would not pass
    changed = (softmax(lower).argmax(1) != softmax(plain).argmax(1)).mean()
    assert card["changed_top1"] == pytest.approx(changed, abs=2 / 128)
    assert 0 < changed < 0.2
    (trial,) = card["calibration"]
    assert trial["changed_top1"] == card["changed_top1"]
    assert trial["largest_difference"] == pytest.approx(np.abs(softmax(lower) - softmax(plain)).max(), rel=0.3)


def test_an_engine_of_lower_precision_must_be_as_near_as_eager_torch_in_it(network, tmp_path, monkeypatch):
    """A few times the rounding passes, and a mistake does not, though both change top classes."""
    original = engines["eager"].item.load

    def wrong(self, *arguments):
        run = original(self, *arguments)
        return lambda frames: run(255 - frames)

    monkeypatch.setattr(engines["eager"].item, "load", wrong)
    with pytest.raises(ShiftscopeError, match=r"eager does not agree with eager torch .*; leave chance out of it"):
        prepare(network, tmp_path, engine="eager", batch_size=8, precision="bfloat16")
    assert not (tmp_path / "card.json").exists()


def test_float32_is_what_is_computed_in_unless_something_else_is_asked_for(network, tmp_path):
    card = prepare(network, tmp_path)
    assert (card["precision"], card["changed_top1"], card["compared"]) == ("float32", 0, 32)
    with computing("tf32", "cpu"):
        assert (torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32) == (True, True)
    with computing("float32", "cpu"):
        assert (torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32) == (False, False)


@pytest.mark.parametrize("precision", ["tf32", "float16"])
def test_what_only_gpus_compute_in_is_a_sentence(network, tmp_path, precision):
    with pytest.raises(ShiftscopeError, match=f"run in {precision} on GPUs only.*'precision: float32 or bfloat16'"):
        prepare(network, tmp_path, precision=precision)


def test_an_engine_that_does_not_compute_in_a_precision_is_a_sentence(network, tmp_path):
    with pytest.raises(ShiftscopeError, match="engine torchscript does not compute in bfloat16 on the processor"):
        prepare(network, tmp_path, engine="torchscript", precision="bfloat16")


def test_numbers_that_a_precision_cannot_hold_are_a_sentence(network, tmp_path):
    module = copy.deepcopy(network[1])
    with torch.no_grad():
        module.fc.bias[0] = 3.3999e38  # float32 goes up to 3.403e38, bfloat16 to 3.39e38
    with pytest.raises(ShiftscopeError, match=r"numbers that are not finite in bfloat16; write another 'precision'"):
        prepare((network[0], module), tmp_path, precision="bfloat16")


def test_openvino_needs_no_torch_and_tells_nobody(network, tmp_path):
    """A job on a prepared network: neither torch nor timm is imported, and nothing is reported to OpenVINO's makers."""
    card = prepare(network, tmp_path, engine="openvino")
    assert sys.modules["openvino_telemetry"] is None
    np.save(tmp_path / "frames.npy", trial_frames(5, 64, 3))
    code = (
        "import json, sys, numpy as np\n"
        "import shiftscope.stages.infer\n"
        "from shiftscope.engines import engines\n"
        f"card = json.load(open({str(tmp_path / 'card.json')!r}))\n"
        f"run = engines['openvino'].item().load({str(tmp_path / 'program')!r}, card, 'cpu', 2)\n"
        f"np.save({str(tmp_path / 'answers.npy')!r}, run(np.load({str(tmp_path / 'frames.npy')!r})))\n"
        "print(sorted({'torch', 'torchvision', 'timm', 'openvino_telemetry'} & {n for n, m in sys.modules.items() if m}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    run = engines["openvino"].item().load(tmp_path / "program", card, "cpu", 1)
    np.testing.assert_allclose(np.load(tmp_path / "answers.npy"), run(trial_frames(5, 64, 3)), atol=1e-4)


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system does not say where a thread may run")
def test_openvino_binds_no_thread_to_a_core(network, tmp_path):
    """Jobs that run side by side would all bind their threads to the same, the first cores, and leave the others idle."""
    prepare(network, tmp_path, engine="openvino")
    code = (
        "import json, os, threading, time, numpy as np\n"
        "from shiftscope.engines import engines\n"
        f"card = json.load(open({str(tmp_path / 'card.json')!r}))\n"
        f"run = engines['openvino'].item().load({str(tmp_path / 'program')!r}, card, 'cpu', 1)\n"
        "everywhere, end = os.sched_getaffinity(0), time.monotonic() + 1\n"
        "def answer():\n"
        "    while time.monotonic() < end + 0.5:\n"
        "        run(np.zeros((64, 64, 64, 3), np.uint8))\n"
        "threading.Thread(target=answer).start()\n"
        "bound = set()\n"
        "while time.monotonic() < end:\n"
        "    bound |= {t for t in os.listdir('/proc/self/task') if os.sched_getaffinity(int(t)) != everywhere}\n"
        "print(bound)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
