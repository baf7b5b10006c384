"""The stage that trains a network on the pictures of a data set."""

import json
from pathlib import Path
from typing import Any

import polars as pl

from shiftscope.core import tables
from shiftscope.core.randomness import generator
from shiftscope.networks import Network, Preprocessing, networks
from shiftscope.networks.answers import TRIED, check_answers, trial_frames
from shiftscope.networks.augmentations import Augmentation
from shiftscope.networks.augmentations.none import Unchanged
from shiftscope.networks.modules import available, normalised, runner
from shiftscope.networks.training import Training
from shiftscope.networks.weights import write_weights
from shiftscope.stages.checkpoint import Checkpoint, digest
from shiftscope.stages.examples import Examples, read_examples
from shiftscope.stages.fitting import fit
from shiftscope.stages.learning_curve import LEARNING_CURVE


def train_network(
    *,
    kind: str,
    options: dict[str, Any],
    name: str,
    images: pl.DataFrame,
    validation: pl.DataFrame | None = None,
    start: str | Path | None = None,
    seed: int,
    device: str,
    threads: int,
    path: str | Path,
    curve_path: str | Path,
    code: str = "",
) -> None:
    """Train the network on `images` (tables.IMAGES, labelled); save it as safetensors, and its learning curve.

    Parameters
    ----------
    kind, options, name : of the network; `options` has `train`.
    images, validation : the pictures to train on, and those that it is only asked about (tables.IMAGES, labelled).
    start : the file of weights to start from; None for random ones.
    seed : decides the random weights, the order of the pictures and what the augmentation draws.
    device : ``auto``, ``cpu`` or ``cuda``.
    path, curve_path : of the weights, whose note (`weights.read_note`) says the kind of network, its options and the seed,
        and of the table `LEARNING_CURVE`. After each epoch, the state of the training is written beside `path`; a job that
        was interrupted goes on from there, if everything that decides the training is the same.
    code : a digest of the code, which is a part of this.

    Raises ShiftscopeError where pictures lack labels or have more classes than the network has outputs, where the network
    answers with probabilities, or where the weights to start from do not fit.
    """
    import torch

    network = networks[kind].item.model_validate(options)
    training = network.train
    assert training is not None
    seen = _examples(images, training.dataset, name, network, training, training.augmentation)
    asked = None
    if validation is not None:
        asked = _examples(validation, str(training.validation), name, network, training, Unchanged())
    torch.set_num_threads(threads)
    device = available(device)
    decided = [kind, json.dumps(options, sort_keys=True), name, str(seed), device, code, torch.__version__]
    decided.append("" if start is None else digest(Path(start).read_bytes()))
    pictures = [array for part in (seen, asked) if part for array in (part.frames, part.labels, part.aspects)]
    checkpoint = Checkpoint(Path(path).with_name("training.checkpoint"), digest(*decided, *pictures))
    module, wants = _untrained(network, name, start, seed)
    curve = fit(module, seen, asked, training, wants, seed, name, device, checkpoint)
    tables.write(curve_path, tables.table([dict(row) for row in curve], LEARNING_CURVE), LEARNING_CURVE)
    said = {} if start is None else {"preprocessing": wants._asdict()}
    write_weights(module.state_dict(), Path(path), {"network": kind, "options": options, "seed": seed, **said})
    checkpoint.remove()


def _examples(
    images: pl.DataFrame, dataset: str, name: str, network: Network, training: Training, augmentation: Augmentation
) -> Examples:
    return read_examples(images, dataset, name, network, augmentation, training.crop_fraction)


def _untrained(network: Network, name: str, start: str | Path | None, seed: int) -> tuple[Any, Preprocessing]:
    """The network before its training, and how it wants its input. Raises ShiftscopeError where it does not answer with
    logits."""
    import torch

    torch.manual_seed(int(generator(seed, "weights", name).integers(2**63)))
    module = network.build() if start is None else network.load(Path(start), name)
    ready = normalised(module.eval(), (0, 0, 0), (1, 1, 1))
    check_answers(runner(ready, "cpu"), name, network.answers, trial_frames(TRIED, network.size, seed))
    return module, network.wants(Path() if start is None else Path(start))
