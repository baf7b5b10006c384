"""The loop of a training: epoch after epoch, each of which can be the first one after an interruption."""

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shiftscope.core.numbers import percent
from shiftscope.core.progress import progress
from shiftscope.core.randomness import generator
from shiftscope.networks import Preprocessing
from shiftscope.networks.training import Training
from shiftscope.stages.checkpoint import Checkpoint
from shiftscope.stages.examples import Examples

if TYPE_CHECKING:
    from torch import Tensor

Batches = Iterable[tuple["Tensor", "Tensor"]]
"""Grey levels, (batch, 3, size, size), and labels, int64 (batch,)."""


class Trainer:
    """A module that is trained by AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101) with cross entropy and a one-cycle
    learning rate (Smith & Topin 2019, arXiv:1708.07120).

    Parameters
    ----------
    module : takes float32 (batch, 3, size, size), normalised, and answers with logits. It is trained in place.
    training : its settings.
    wants : the normalisation of its input.
    steps : the number of batches of an epoch.
    device : ``cpu`` or ``cuda``.
    """

    def __init__(self, module: Any, training: Training, wants: Preprocessing, steps: int, device: str) -> None:
        import torch

        self.device = device
        self.module = module.to(device, memory_format=torch.channels_last).train()
        self.mean = torch.tensor(wants.mean, device=device).view(1, 3, 1, 1) * 255
        self.std = torch.tensor(wants.std, device=device).view(1, 3, 1, 1) * 255
        self.backwards = wants.channels == "bgr"
        self.optimizer = torch.optim.AdamW(module.parameters(), weight_decay=training.weight_decay, fused=True)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer, training.learning_rate, epochs=training.epochs, steps_per_epoch=steps
        )

    def epoch(self, batches: Batches) -> dict[str, float]:
        """Train on each batch once: the means of learning rate, loss and accuracy, as columns of `LEARNING_CURVE`."""
        from torch.nn.functional import cross_entropy

        rates, loss, right, seen = [], 0.0, 0, 0
        for pixels, labels in batches:
            rates.append(float(self.schedule.get_last_lr()[0]))
            answers, wanted = self._answers(pixels), labels.to(self.device)
            self.optimizer.zero_grad()
            entropy = cross_entropy(answers, wanted)
            entropy.backward()
            self.optimizer.step()
            self.schedule.step()
            loss += float(entropy.detach()) * len(wanted)
            right += int((answers.argmax(1) == wanted).sum())
            seen += len(wanted)
        return {"learning_rate": float(np.mean(rates)), "loss": loss / seen, "accuracy": right / seen}

    def validate(self, batches: Batches) -> dict[str, float]:
        """Ask it about each batch without training on it: the means of loss and accuracy."""
        import torch
        from torch.nn.functional import cross_entropy

        self.module.eval()
        loss, right, seen = 0.0, 0, 0
        with torch.inference_mode():
            for pixels, labels in batches:
                answers, wanted = self._answers(pixels), labels.to(self.device)
                loss += float(cross_entropy(answers, wanted, reduction="sum"))
                right += int((answers.argmax(1) == wanted).sum())
                seen += len(wanted)
        self.module.train()
        return {"validation_loss": loss / seen, "validation_accuracy": right / seen}

    def state(self) -> dict[str, Any]:
        """Everything that the next epoch depends on."""
        import torch

        return {
            "module": self.module.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "random": torch.get_rng_state(),  # what dropout draws from
            "random_cuda": torch.cuda.get_rng_state() if self.device == "cuda" else None,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned."""
        import torch

        self.module.load_state_dict(state["module"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        torch.set_rng_state(state["random"])
        if state["random_cuda"] is not None:
            torch.cuda.set_rng_state(state["random_cuda"])

    def _answers(self, pixels: "Tensor") -> Any:
        there = pixels.to(self.device)
        return self.module(((there.flip(1) if self.backwards else there) - self.mean) / self.std)


def fit(
    module: Any,
    examples: Examples,
    validation: Examples | None,
    training: Training,
    wants: Preprocessing,
    seed: int,
    name: str,
    device: str,
    checkpoint: Checkpoint,
) -> list[dict[str, float]]:
    """Train `module` in place, from where `checkpoint` says that an interrupted training has got.

    Parameters
    ----------
    module, training, wants, device : as for `Trainer`; the module is on the CPU again afterwards. `wants.input_size` is the
        size of its input, px.
    examples : what `training.augmentation` takes of the pictures.
    validation : centre crops, which it is asked about after each epoch.
    seed, name : decide the order of the pictures and what the augmentation draws, together with the epoch.
    checkpoint : is written after each epoch.

    Returns one row of `LEARNING_CURVE` per epoch.
    """
    import torch

    # A last batch of one picture would have no variance for batch normalisation.
    steps = max(1, len(examples.labels) // training.batch_size)
    trainer = Trainer(module, training, wants, steps, device)
    curve: list[dict[str, float]] = []
    if (state := checkpoint.read()) is not None:
        curve = state.pop("curve")
        trainer.restore(state)
        print(f"{name}: goes on after epoch {len(curve)} of {training.epochs}, from {checkpoint.path}", file=sys.stderr)
    order = generator(seed, "order", name)
    for epoch in range(1, training.epochs + 1):
        batches = np.array_split(order.permutation(len(examples.labels)), steps)
        if epoch <= len(curve):
            continue
        drawn = training.augmentation.draw(
            generator(seed, "augmentation", name, epoch), examples.aspects, wants.input_size or 0
        )
        shown = progress(batches, len(examples.labels), f"epoch {epoch} of {training.epochs}, pictures", len)
        row = trainer.epoch(_augmented(examples, training, wants, shown, drawn, device))
        if validation is not None:
            row |= trainer.validate(_in_order(validation, training.batch_size))
        curve.append({"epoch": epoch, **row})
        print(f"{name}: {said(curve[-1], training.epochs)}", file=sys.stderr, flush=True)
        checkpoint.write({**trainer.state(), "curve": curve})
    module.to("cpu", memory_format=torch.contiguous_format).eval()
    return curve


def said(row: dict[str, float], epochs: int) -> str:
    """A line about one epoch.

    >>> said({"epoch": 2, "loss": 0.5, "accuracy": 0.875}, 8)
    'epoch 2 of 8: loss 0.5, 87.5 % right'
    """
    line = f"epoch {row['epoch']} of {epochs}: loss {row['loss']:.3g}, {percent(row['accuracy'])} right"
    if "validation_loss" not in row:
        return line
    return f"{line}; validation: loss {row['validation_loss']:.3g}, {percent(row['validation_accuracy'])} right"


def _augmented(
    examples: Examples,
    training: Training,
    wants: Preprocessing,
    batches: Iterable[NDArray[np.int64]],
    drawn: NDArray[np.float64],
    device: str,
) -> Batches:
    import torch

    pixels, labels = examples.pixels, torch.from_numpy(examples.labels)
    for batch in batches:
        chosen = torch.from_numpy(batch)
        yield (
            training.augmentation.apply(pixels[chosen].to(device), drawn[batch], wants.input_size or 0),
            labels[chosen],
        )


def _in_order(examples: Examples, batch_size: int) -> Batches:
    import torch

    pixels, labels = examples.pixels, torch.from_numpy(examples.labels)
    starts: Sequence[int] = range(0, len(labels), batch_size)
    return ((pixels[start : start + batch_size], labels[start : start + batch_size]) for start in starts)
