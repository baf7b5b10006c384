"""Training, epoch by epoch: the plain loop, interruptions, starts from other weights, and what is written of it."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn.functional import cross_entropy

from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError
from shiftscope.core.randomness import generator
from shiftscope.networks import networks
from shiftscope.networks.weights import read_note, read_weights, write_weights
from shiftscope.stages.checkpoint import Checkpoint
from shiftscope.stages.examples import read_examples
from shiftscope.stages.learning_curve import LEARNING_CURVE
from shiftscope.stages.train import train_network

NET = """
from torch import nn

def net():
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, stride=2), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.2), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(4, 2),
    )
"""
EPOCHS = 3


@pytest.fixture
def pictures(tmp_path):
    """Eleven pictures of two classes, light and dark, and a function that makes the table of some of them."""
    rows = []
    for number in range(11):
        pixels = np.random.default_rng(number).integers(60 * (number % 2), 196 + 60 * (number % 2), (24, 30, 3))
        Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / f"{number}.png")
        rows.append({
            "image_id": str(number), "path": str(tmp_path / f"{number}.png"), "label": number % 2, "width": 30, "height": 24,
        })  # fmt: skip
    return tables.table(rows, tables.IMAGES)


@pytest.fixture
def train(tmp_path, pictures):
    """Train a network in a folder: the options of `train` by name; and the rest of the arguments."""
    (tmp_path / "net.py").write_text(NET)

    def run(folder, training=None, **more):
        options = {
            "factory": f"{tmp_path / 'net.py'}:net", "trust": True, "outputs": 2, "input_size": 16,
            "train": {"dataset": "d", "epochs": EPOCHS, "batch_size": 3, **(training or {})}, **more.pop("options", {}),
        }  # fmt: skip
        given = {"kind": "factory", "name": "n", "seed": 3, "device": "cpu", "threads": 1, "images": pictures} | more
        path = tmp_path / folder / "weights.safetensors"
        train_network(options=options, path=path, curve_path=path.with_name("training.parquet"), **given)
        curve = tables.read(path.with_name("training.parquet"), LEARNING_CURVE)
        return read_weights(path), curve, networks["factory"].item.model_validate(options)

    return run


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def plain_loop(network, images, seed, name, start=None):
    """The training written down as it is defined: weights and curve."""
    training = network.train
    examples = read_examples(images, "d", name, network, training.augmentation, training.crop_fraction)
    pixels, labels = examples.pixels, torch.from_numpy(examples.labels)
    torch.manual_seed(int(generator(seed, "weights", name).integers(2**63)))
    module = network.build()
    network.wants(Path())  # calls the user's function again, which draws from the same stream as dropout
    if start:
        module.load_state_dict(start)
    module.to(memory_format=torch.channels_last).train()
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) * 255 for values in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    steps = max(1, len(labels) // training.batch_size)
    optimizer = torch.optim.AdamW(module.parameters(), weight_decay=training.weight_decay, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, training.learning_rate, epochs=training.epochs, steps_per_epoch=steps
    )
    order, curve = generator(seed, "order", name), []
    for _ in range(training.epochs):
        losses, right, rates = [], [], []
        for batch in map(torch.from_numpy, np.array_split(order.permutation(len(labels)), steps)):
            rates.append(optimizer.param_groups[0]["lr"])
            answers = module((pixels[batch] - mean) / std)
            optimizer.zero_grad()
            losses.append(cross_entropy(answers.detach(), labels[batch], reduction="none"))
            cross_entropy(answers, labels[batch]).backward()
            optimizer.step()
            schedule.step()
            right += (answers.argmax(1) == labels[batch]).tolist()
        curve.append((np.mean(rates), float(torch.cat(losses).mean()), np.mean(right)))
    return module.state_dict(), np.array(curve)


def test_without_augmentation_it_is_the_plain_loop_to_the_last_bit(train, pictures):
    weights, curve, network = train("a")
    expected, rows = plain_loop(network, pictures, 3, "n")
    assert same(weights, expected)
    assert curve["epoch"].to_list() == [1, 2, 3]
    np.testing.assert_allclose(curve.select("learning_rate", "loss", "accuracy").to_numpy(), rows, rtol=1e-6)
    assert curve["validation_loss"].null_count() == EPOCHS
    assert not same(weights, plain_loop(network, pictures, 4, "n")[0])


@pytest.mark.parametrize("augmentation", ["shifts", {"kind": "more", "mirror": False}])
def test_what_an_augmentation_draws_depends_on_seed_name_and_epoch_alone(train, augmentation):
    weights, curve, _ = train("a", {"augmentation": augmentation})
    np.random.default_rng(5)
    torch.manual_seed(5)
    again, curve_again, _ = train("b", {"augmentation": augmentation})
    assert same(weights, again)
    assert curve.equals(curve_again)
    assert not same(weights, train("c")[0])


class Killed(BaseException):
    """What a test interrupts a training with: nothing catches it."""


@pytest.fixture
def interrupted(monkeypatch, train):
    """Train as `train` does, and be killed after this number of epochs."""

    def run(epochs, *arguments, **options):
        write, count = Checkpoint.write, iter(range(1, 100))

        def writes(self, state):
            write(self, state)
            if next(count) == epochs:
                raise Killed

        with monkeypatch.context() as patch:
            patch.setattr(Checkpoint, "write", writes)
            with pytest.raises(Killed):
                train(*arguments, **options)

    return run


@pytest.mark.parametrize("epochs", [1, 2, EPOCHS])
@pytest.mark.parametrize("augmentation", ["none", "shifts"])
def test_a_training_that_is_killed_goes_on_to_the_same_bits(
    train, interrupted, tmp_path, capfd, pictures, epochs, augmentation
):
    more = {"validation": pictures[:4]}
    training = {"augmentation": augmentation, "validation": "v"}
    weights, curve, _ = train("whole", training, **more)
    assert "goes on" not in capfd.readouterr().err
    interrupted(epochs, "parts", training, **more)
    assert sorted(path.name for path in (tmp_path / "parts").iterdir()) == ["training.checkpoint"]
    again, curve_again, _ = train("parts", training, **more)
    said = capfd.readouterr().err
    assert f"goes on after epoch {epochs} of {EPOCHS}" in said
    assert same(weights, again)
    assert curve.equals(curve_again)
    assert not (tmp_path / "parts" / "training.checkpoint").exists()
    assert (tmp_path / "parts" / "weights.safetensors").read_bytes() == (
        tmp_path / "whole" / "weights.safetensors"
    ).read_bytes()


def changed_pictures(pictures):
    """The same table, with other pixels in one of the pictures."""
    Image.new("RGB", (30, 24), (200, 20, 20)).save(pictures["path"][0])
    return pictures


@pytest.mark.parametrize(
    "change",
    [
        {"training": {"learning_rate": 0.01}},
        {"training": {"augmentation": "shifts"}},
        {"training": {"epochs": EPOCHS + 1}},
        {"seed": 4},
        {"name": "m"},
        {"code": "other"},
        {"images": changed_pictures},
    ],
    ids=["learning rate", "augmentation", "epochs", "seed", "name", "code", "pictures"],
)
def test_a_checkpoint_of_another_training_is_not_used(train, interrupted, pictures, capfd, change):
    interrupted(2, "parts")
    change = {key: value(pictures) if callable(value) else value for key, value in change.items()}
    weights, curve, _ = train("parts", **change)
    said = capfd.readouterr().err
    assert "of another training, and is not used" in said
    assert "goes on" not in said
    expected, curve_expected, _ = train("whole", **change)
    assert same(weights, expected)
    assert curve.equals(curve_expected)


@pytest.mark.parametrize("damage", ["cut", "bit", "empty"])
def test_a_damaged_checkpoint_is_not_used(train, interrupted, tmp_path, capfd, damage):
    interrupted(2, "parts")
    path = tmp_path / "parts" / "training.checkpoint"
    content = bytearray(path.read_bytes())
    if damage == "bit":
        content[len(content) // 2] ^= 1
    path.write_bytes({"cut": content[:-100], "bit": content, "empty": b""}[damage])
    weights, _, _ = train("parts")
    assert "is damaged or of another training" in capfd.readouterr().err
    assert same(weights, train("whole")[0])


def test_fine_tuning_starts_from_the_weights_and_notes_how_they_want_their_input(train, pictures, tmp_path):
    start = tmp_path / "start.safetensors"
    torch.manual_seed(11)
    first = networks["factory"].item(factory=f"{tmp_path / 'net.py'}:net", trust=True, outputs=2, input_size=16)
    (tmp_path / "net.py").write_text(NET)
    state = first.build().state_dict()
    write_weights(state, start)
    weights, _, network = train("a", start=start)
    assert same(weights, plain_loop(network, pictures, 3, "n", state)[0])
    assert not same(weights, plain_loop(network, pictures, 3, "n")[0])
    note = read_note(tmp_path / "a" / "weights.safetensors")
    assert note["preprocessing"]["input_size"] == 16
    assert note["preprocessing"]["mean"] == [0.485, 0.456, 0.406]
    write_weights({**state, "6.weight": torch.zeros(3, 4), "6.bias": torch.zeros(3)}, start)
    with pytest.raises(ShiftscopeError, match="answers with 3 classes, but n is set to 2"):
        train("b", start=start)


def test_validation_is_what_the_network_answers_after_the_epoch(train, pictures):
    asked = pictures[:5]
    weights, curve, network = train("a", {"validation": "v"}, validation=asked)
    module = network.build()
    module.load_state_dict(weights)
    examples = read_examples(asked, "v", "n", network, network.train.augmentation, network.train.crop_fraction)
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) * 255 for values in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    with torch.inference_mode():
        answers = module.eval()((examples.pixels - mean) / std)
    labels = torch.from_numpy(examples.labels)
    last = curve.row(-1, named=True)
    assert last["validation_loss"] == pytest.approx(float(cross_entropy(answers, labels)), rel=1e-5)
    assert last["validation_accuracy"] == pytest.approx(float((answers.argmax(1) == labels).float().mean()))
    assert same(weights, train("b")[0])  # asking changes nothing


def test_each_epoch_is_a_line_in_the_log(train, capfd):
    _, curve, _ = train("a")
    lines = [line for line in capfd.readouterr().err.splitlines() if line.startswith("n: epoch")]
    assert len(lines) == EPOCHS
    assert lines[-1].startswith(f"n: epoch 3 of 3: loss {curve['loss'][-1]:.3g}, ")


def test_channels_are_in_the_order_that_the_network_takes(train, pictures, tmp_path):
    """A network that takes blue first is trained on pictures whose red and blue were exchanged as one that takes red first."""
    own = {"mean": [0.5, 0.5, 0.5], "std": [0.2, 0.2, 0.2]}
    backwards = train("a", options={**own, "channels": "bgr"})[0]
    assert not same(backwards, train("b", options=own)[0])
    for path in pictures["path"]:
        Image.fromarray(np.ascontiguousarray(np.asarray(Image.open(path))[..., ::-1])).save(path)
    assert same(backwards, train("c", options=own)[0])
