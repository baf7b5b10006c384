"""A small data set with predictions that are made up, whose names are as bad as names can be."""

import numpy as np
import polars as pl
from PIL import Image

from shiftscope.cause import LAYERS
from shiftscope.core import tables
from shiftscope.explorer.inputs import Inputs

EVIL = "<img src=x onerror=\"document.title='hit'\"></script><!-- {braces} {{ facts }} {% if %} & 'quoted'"
SIZE, SIDE, CLASSES = 32, 48, 9
PROTOCOLS = {
    f"crop {EVIL}": {
        "title": f"sliding {EVIL}", "unit": "px", "note": "", "ordered": True,
        "recipe": {"kind": "crop", "options": {"area": [1, 1], "aspect": [1, 1], "offsets": list(range(12))}, "seed": 0},
    },
    "drawn": {
        "title": "drawn shifts", "unit": "", "note": "a remark", "ordered": False,
        "recipe": {"kind": "circular", "options": {"draw": 5}, "seed": 0},
    },
}  # fmt: skip
STEPS = dict(zip(PROTOCOLS, (12, 5), strict=True))
NETWORKS = [f"plain {EVIL}", "other", "third"]
CROP, DRAWN = PROTOCOLS


def predictions(images, steps, seed, *, outputs=CLASSES):
    """Rows of PREDICTIONS for every picture of `images`: answers that wander, so that some of them flip."""
    rng = np.random.default_rng(seed)
    rows = []
    for row in images.iter_rows(named=True):
        logits = rng.normal(size=outputs) + np.cumsum(rng.normal(scale=0.7, size=(steps, outputs)), 0)
        probs = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        for step, prob in enumerate(probs):
            order = np.argsort(-prob)
            label = row["label"]
            rows.append(
                {
                    "image_id": row["image_id"], "step": step, "value": float(step), "label": label,
                    "label_prob": None if label is None else prob[label],
                    "label_rank": None if label is None else int(np.flatnonzero(order == label)[0]) + 1,
                    "top5": order[:5].tolist(), "top5_prob": prob[order[:5]].tolist(), "prob_of_previous_top1": None,
                }
            )  # fmt: skip
    return tables.table(rows, tables.PREDICTIONS)


def layers(seed, shifts):
    """Rows of LAYERS: two layers that are handed on, with their nonshiftability and their similarity at every shift."""
    rng = np.random.default_rng(seed)
    rows = []
    for depth, name in enumerate(("first", f"second {EVIL}"), start=1):
        own = {
            "of": "layer",
            "layer": name,
            "kind": "ReLU",
            "depth": depth,
            "subsampling_factor": 2.0**depth,
            "n_images": 7,
        }
        rows.append(own | {"measure": "nonshiftability", "quantity": "share", "estimate": rng.random()})
        rows += [
            own
            | {"measure": "periodicity", "quantity": "similarity", "shift": float(shift), "estimate": rng.uniform(-0.2, 1)}
            for shift in range(shifts)
        ]
    return tables.table(rows, LAYERS)


def made(folder, count=12, networks=NETWORKS):
    """The inputs of an explorer of `count` pictures, the last of which has no label, with their files in `folder`."""
    rng = np.random.default_rng(1)
    rows = []
    for number in range(count):
        path = folder / f"{number}.png"
        Image.fromarray(rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)).resize((SIDE, SIDE)).save(path)
        label = None if number == count - 1 else number % 3
        rows.append(
            {
                "image_id": f"{number:03} {EVIL}", "path": str(path), "label": label, "width": SIDE, "height": SIDE, "orientation": 1,
                "category": None if label is None else f"class {label} {EVIL}",
            }
        )  # fmt: skip
    images = tables.table(rows, tables.IMAGES)
    files = {}
    for place, (protocol, steps) in enumerate(STEPS.items()):
        # The second protocol cannot use the first picture.
        seen = images if place == 0 else images.slice(1)
        for number, network in enumerate(networks):
            path = folder / f"{place}-{number}.parquet"
            tables.write(path, predictions(seen, steps, 10 * place + number), tables.PREDICTIONS)
            files.setdefault(protocol, {})[network] = path
    measured = {}
    for number, network in enumerate(networks):
        measured[network] = folder / f"layers-{number}.parquet"
        tables.write(measured[network], layers(number, STEPS[CROP]), LAYERS)
    return Inputs(
        dataset=f"data {EVIL}",
        seed=0,
        networks=dict.fromkeys(networks, SIZE),
        protocols=PROTOCOLS,
        images=images,
        boxes=None,
        class_names=[f"class {index} {EVIL}" for index in range(CLASSES)],
        predictions=files,
        layers={CROP: measured},
    )


def read(inputs, protocol, network):
    """The predictions of a network, read with nothing of ours."""
    return pl.read_parquet(inputs.predictions[protocol][network]).sort("image_id", "step")


def flips_of(top1, *, ordered):
    """Where the answers of one picture flip, said again in plain Python."""
    return [k > 0 and top1[k] != (top1[k - 1] if ordered else top1[0]) for k in range(len(top1))]
