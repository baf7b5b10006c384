"""The stage that trains a network on the centre crops of a data set."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shiftscope.core.errors import ShiftscopeError
from shiftscope.core.numbers import percent
from shiftscope.core.progress import progress
from shiftscope.core.randomness import generator
from shiftscope.data.pictures import read_picture
from shiftscope.networks import Network, Training, networks
from shiftscope.networks.answers import TRIED, check_answers, trial_frames
from shiftscope.networks.modules import available, normalised, runner
from shiftscope.networks.weights import write_weights
from shiftscope.protocols import Picture
from shiftscope.protocols.centre import Centre


def train_network(
    *,
    kind: str,
    options: dict[str, Any],
    name: str,
    images: pl.DataFrame,
    seed: int,
    device: str,
    threads: int,
    path: str | Path,
) -> None:
    """Train the network on the centre crops of `images` (tables.IMAGES, labelled) and save it as safetensors.

    `device` is ``auto``, ``cpu`` or ``cuda``. The seed decides the initial weights and the order of the pictures. The note
    in the file (`weights.read_note`) says the kind of network, its options and the seed. Raises ShiftscopeError where
    pictures lack labels or have more classes than the network has outputs, or where the network answers with probabilities.
    """
    import torch

    network = networks[kind].item.model_validate(options)
    training = network.train
    if training is None or images["label"].null_count():
        raise ShiftscopeError(
            f"network {name} is to be trained on pictures of which some have no label; label them or leave them out"
        )
    labels = images["label"].to_numpy()
    if labels.max() >= network.outputs:
        raise ShiftscopeError(
            f"network {name} has {network.outputs} outputs, but data set {training.dataset} has labels up to "
            f"{labels.max()}; write 'outputs: {labels.max() + 1}'"
        )
    torch.set_num_threads(threads)
    device = available(device)
    frames = _centre_crops(images, network.size, training.crop_fraction)
    torch.manual_seed(int(generator(seed, "weights", name).integers(2**63)))
    module = network.build()
    ready = normalised(module.eval(), (0, 0, 0), (1, 1, 1))
    check_answers(runner(ready, "cpu"), name, network.answers, trial_frames(TRIED, network.size, seed))
    pixels = torch.from_numpy(frames).permute(0, 3, 1, 2)
    correct = fit(module, pixels, torch.from_numpy(labels.astype(np.int64)), network, training, seed, name, device)
    print(f"{name}: {percent(correct)} of the last epoch's training pictures were classified right", file=sys.stderr)
    write_weights(module.state_dict(), Path(path), {"network": kind, "options": options, "seed": seed})


def fit(
    module: Any, pixels: Any, labels: Any, network: Network, training: Training, seed: int, name: str, device: str
) -> float:
    """Train `module` in place by AdamW with cross entropy and a one-cycle learning rate (Smith & Topin 2019,
    arXiv:1708.07120).

    Parameters
    ----------
    module : takes float32 (batch, 3, size, size), normalised, and answers with logits.
    pixels, labels : uint8 (n, 3, size, size), RGB; int64 (n,).
    network, training : how the input is normalised; epochs, batch size, learning rate and weight decay.
    seed, name : decide the order of the pictures, together.
    device : ``cpu`` or ``cuda``; the module is on the CPU again afterwards.

    Returns the share, in [0, 1], of the last epoch's pictures that were classified right while training on them.
    """
    import torch
    from torch.nn.functional import cross_entropy

    module = module.to(device, memory_format=torch.channels_last).train()
    wants = network.wants(Path())
    mean = torch.tensor(wants.mean, device=device).view(1, 3, 1, 1) * 255
    std = torch.tensor(wants.std, device=device).view(1, 3, 1, 1) * 255
    # A last batch of one picture would have no variance for batch normalisation.
    batches = max(1, len(pixels) // training.batch_size)
    optimizer = torch.optim.AdamW(module.parameters(), weight_decay=training.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, training.learning_rate, epochs=training.epochs, steps_per_epoch=batches
    )
    order = generator(seed, "order", name)
    right = 0
    for _ in progress(range(training.epochs), training.epochs, "epochs"):
        right = 0
        for batch in np.array_split(order.permutation(len(pixels)), batches):
            chosen = torch.from_numpy(batch)
            answers = module((pixels[chosen].to(device) - mean) / std)
            wanted = labels[chosen].to(device)
            optimizer.zero_grad()
            cross_entropy(answers, wanted).backward()
            optimizer.step()
            schedule.step()
            right += int((answers.argmax(1) == wanted).sum())
    module.to("cpu", memory_format=torch.contiguous_format).eval()
    return right / len(pixels)


def _centre_crops(images: pl.DataFrame, size: int, crop_fraction: float) -> NDArray[np.uint8]:
    """The centre crops of all pictures: uint8 (images, size, size, 3)."""
    protocol = Centre(crop_fraction=crop_fraction)
    rng = np.random.default_rng(0)  # a centre crop draws nothing
    frames = np.empty((len(images), size, size, 3), np.uint8)
    rows = images.select("image_id", "path").iter_rows()
    for place, (image_id, path) in enumerate(progress(rows, len(images), "pictures")):
        frames[place] = protocol.sequence(Picture(image_id, read_picture(path)), size, rng).canvases[0]
    return frames
