"""Networks that answer with probabilities, and such whose answer depends on more than the frame."""

import json
import warnings

import numpy as np
import pytest
import torch
from torch import nn

from shiftscope.commands.check import check
from shiftscope.config import Config
from shiftscope.core.errors import ShiftscopeError
from shiftscope.engines import engines
from shiftscope.networks import IMAGENET_MEAN, IMAGENET_STD, networks
from shiftscope.networks.answers import softmax, trial_frames
from shiftscope.stages.prepare import network_facts, prepare_network

SIZE, OUTPUTS = 32, 10

FACTORY = """
import torch
from torch import nn

class Net(nn.Module):
    # `end` is what it does with its logits, `strange` what is left on in it.
    def __init__(self, end="nothing", strange="nothing", outputs=10):
        super().__init__()
        torch.manual_seed(5)
        self.body = nn.Sequential(nn.Conv2d(3, 8, 4, stride=4), nn.ReLU(), nn.AvgPool2d(4), nn.Flatten())
        self.norm = nn.BatchNorm1d(32, track_running_stats=strange != "batch")
        self.head = nn.Linear(32, outputs)
        self.end, self.strange = end, strange
        with torch.no_grad():
            self.head.weight.mul_(20)

    def forward(self, x):
        y = self.body(x)
        if self.strange in ("batch", "train"):
            y = self.norm(y)
        if self.strange == "dropout":
            y = nn.functional.dropout(y, 0.5, training=True)
        y = self.head(y)
        if self.strange == "place":
            y = y + torch.arange(y.shape[0], dtype=y.dtype)[:, None] * y
        if self.end == "softmax":
            return y.softmax(1)
        if self.end == "half":
            return y.softmax(1).half()
        if self.end == "log":
            return y.log_softmax(1)
        if self.end == "sigmoid":
            return y.sigmoid()
        return y
"""


def net(end="nothing", strange="nothing"):
    space = {}
    exec(FACTORY, space)
    return space["Net"](end, strange)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Programs of the network by kind and by what they do at their end."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "own.py").write_text(FACTORY)
    example = torch.randn(2, 3, SIZE, SIZE)
    onnx = {"dynamo": False, "input_names": ["x"]}
    free = {**onnx, "dynamic_axes": {"x": {0: "batch"}}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for end in ("nothing", "softmax"):
            module = net(end).eval()
            torch.jit.save(torch.jit.trace(module, example), folder / f"{end}.ts")
            shapes = ({0: torch.export.Dim("batch")},)
            torch.export.save(torch.export.export(module, (example,), dynamic_shapes=shapes), folder / f"{end}.pt2")
            torch.onnx.export(module, (example,), folder / f"{end}.onnx", **free)
        torch.onnx.export(net().eval(), (example[:1],), folder / "one.onnx", **onnx)
        # Exported as they were trained: with the mean and variance of the batch.
        left_on = net(strange="train").train()
        torch.jit.save(torch.jit.trace(left_on, example, check_trace=False), folder / "train.ts")
        torch.export.save(torch.export.export(left_on, (example,), dynamic_shapes=shapes), folder / "train.pt2")
    return folder


def section(folder, kind, end="nothing", **more):
    if kind == "factory":
        own = {"factory": f"{folder / 'own.py'}:Net", "arguments": {"end": end, **more.pop("arguments", {})}, "trust": True}
    else:
        ending = {"torchscript": "ts", "export": "pt2", "onnx": "onnx"}[kind]
        own = {"weights": str(folder / f"{end}.{ending}"), "trust": True}
    return {"kind": kind, "outputs": OUTPUTS, "input_size": SIZE, **own, **more}


def prepared(options, folder, engine="auto", **more):
    network = networks[options["kind"]].item.model_validate(options)
    network.check()
    settings = {"batch_size": 4, "device": "cpu", "threads": 1, "seed": 0, **more}
    prepare_network(
        name="n", kind=network.kind, options=network.model_dump(mode="json", exclude_defaults=True, exclude={"kind"}),
        weights=network.weights or network.files()[0], engine=engine, card_path=folder / "card.json",
        program_path=folder / "program", **settings,
    )  # fmt: skip
    card = json.loads((folder / "card.json").read_text())
    return card, engines[card["engine"]].item().load(folder / "program", card, "cpu", 1)


def expected(frames):
    pixels = (frames / 255 - np.array(IMAGENET_MEAN)) / np.array(IMAGENET_STD)
    with torch.inference_mode():
        return softmax(net().eval()(torch.from_numpy(pixels).permute(0, 3, 1, 2).float()).numpy())


KINDS = ("torchscript", "export", "onnx", "factory")


@pytest.mark.parametrize("kind", KINDS)
def test_probabilities_are_found_out_and_nothing_is_written(files, kind, tmp_path):
    words = r"network n answers with probabilities .* leave out the softmax at its end, or write 'answers: probabilities'"
    with pytest.raises(ShiftscopeError, match=words) as caught:
        prepared(section(files, kind, "softmax"), tmp_path)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


AUTOMATIC = [entry.name for entry in engines if entry.item.automatic]


@pytest.mark.parametrize(("kind", "engine"), [(kind, "auto") for kind in KINDS] + [("factory", name) for name in AUTOMATIC])
def test_probabilities_that_are_announced_are_those_of_the_logits(files, kind, engine, tmp_path):
    """The same network without its softmax, computed by plain torch, says what its probabilities are."""
    card, run = prepared(section(files, kind, "softmax", answers="probabilities"), tmp_path, engine)
    assert card["answers"] == "probabilities"
    frames = trial_frames(5, SIZE, seed=9)
    assert expected(frames).max() > 0.5  # a second softmax would leave no class above e ÷ (e + 9)
    np.testing.assert_allclose(softmax(run(frames)), expected(frames), atol=1e-5)


@pytest.mark.parametrize("end", ["nothing", "log", "sigmoid"])
def test_other_answers_pass_as_they_are(files, end, tmp_path):
    card, run = prepared(section(files, "factory", end), tmp_path)
    assert card["answers"] == "logits"
    frames = trial_frames(5, SIZE, seed=9)
    if end != "sigmoid":
        np.testing.assert_allclose(softmax(run(frames)), expected(frames), atol=1e-5)


def test_probabilities_in_half_precision_are_probabilities(files, tmp_path):
    with pytest.raises(ShiftscopeError, match="answers with probabilities"):
        prepared(section(files, "factory", "half"), tmp_path, "eager")
    _, run = prepared(section(files, "factory", "half", answers="probabilities"), tmp_path, "eager")
    frames = trial_frames(4, SIZE, seed=9)
    np.testing.assert_allclose(softmax(run(frames)), expected(frames), atol=1e-3)


def test_who_says_logits_is_believed(files, tmp_path):
    card, run = prepared(section(files, "factory", "softmax", answers="logits"), tmp_path)
    assert card["answers"] == "logits"
    np.testing.assert_allclose(run(trial_frames(4, SIZE, 9)).sum(1), 1, atol=1e-5)


@pytest.mark.parametrize("end", ["nothing", "sigmoid"])
def test_who_says_probabilities_must_have_some(files, end, tmp_path):
    with pytest.raises(
        ShiftscopeError, match=r"'answers: probabilities', but its answers about a frame sum to .* %, not to 100 %"
    ):
        prepared(section(files, "factory", end, answers="probabilities"), tmp_path)


def test_probabilities_cannot_be_trained(files):
    options = section(files, "factory", "softmax", answers="probabilities", train={"dataset": "d"})
    with pytest.raises(ShiftscopeError, match="is trained with cross entropy, which needs logits"):
        networks["factory"].item.model_validate(options).check()


@pytest.mark.parametrize(
    ("kind", "end", "strange"),
    [
        ("factory", "nothing", "batch"),
        ("factory", "nothing", "place"),
        ("torchscript", "train", ""),
        ("export", "train", ""),
    ],
)
def test_an_answer_that_depends_on_the_batch_is_refused(files, kind, end, strange, tmp_path):
    more = {"arguments": {"strange": strange}} if strange else {}
    with pytest.raises(ShiftscopeError, match="network n answers differently about a frame when others are in") as caught:
        # In the batches that eager torch is asked in, so that a comparison of engines sees nothing.
        prepared(section(files, kind, end, **more), tmp_path, "eager", batch_size=8)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_answers_by_chance_are_refused(files, tmp_path):
    options = section(files, "factory", arguments={"strange": "dropout"})
    with pytest.raises(ShiftscopeError, match="network n answers the same frames differently each time"):
        prepared(options, tmp_path, "eager")


@pytest.mark.parametrize("batch", [None, 1, 4])
def test_a_file_that_was_exported_for_one_frame_works(files, batch, tmp_path):
    _, run = prepared(section(files, "onnx", "one"), tmp_path, batch_size=batch)
    frames = trial_frames(5, SIZE, seed=9)
    np.testing.assert_allclose(softmax(run(frames)), expected(frames), atol=1e-5)


def test_a_program_that_takes_no_single_frame_passes():
    from shiftscope.networks.answers import check_answers
    from shiftscope.networks.modules import normalised, runner

    class Pairs(nn.Module):
        def forward(self, x):
            if x.shape[0] < 2:
                raise ValueError("two at least")
            return x.flatten(1)[:, :OUTPUTS]

    run = runner(normalised(Pairs(), (0, 0, 0), (1, 1, 1)), "cpu")
    check_answers(run, "n", None, trial_frames(3, SIZE, 0))


def test_check_and_show_ask_the_same(files, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = section(files, "factory", "softmax")
    network = networks["factory"].item.model_validate(options)
    with pytest.raises(ShiftscopeError, match="network own answers with probabilities"):
        network_facts(network.build(), network, network.wants(network.files()[0]), "own")
    raw = {
        "networks": {"own": options}, "protocols": {"centre": {}},
        "datasets": {"d": {"kind": "digits"}},
    }  # fmt: skip
    findings = check(Config.load(raw))
    assert any(
        line.startswith("WRONG  networks.own") and "network own" in line and "answers: probabilities" in line
        for line in findings.lines
    )
