"""Tables of the inside of made-up networks, whose numbers are known."""

import numpy as np

from shiftscope.cause import GEOMETRY, LAYERS, MAPS
from shiftscope.core import tables
from shiftscope.stages.learning_curve import LEARNING_CURVE

HIDDEN = "This network hides its layers: it runs as a whole."
FACTORS = (1.0, 2.0, 4.0, 8.0)
SHARES = (0.0, 0.02, 0.05, 0.4)
"""Nonshiftability of the last layer of each factor."""
SHIFTS = 17
SIMILAR = np.cos(2 * np.pi * np.arange(SHIFTS) / 8) / 10 + 0.9
"""A similarity that repeats every 8 px."""


def facts(place, of="layer", size=24):
    factor = FACTORS[place // 2]
    side = int(size / factor)
    name = f"stage{place // 2}.conv{place} $x$"
    return {
        "of": of, "layer": name, "kind": "Conv2d", "depth": place + 1, "channels": 4, "height": side, "width": side,
        "subsampling_factor": factor, "subsampled_by": f"{name} (Conv2d 3 × 3, stride 2)" if place % 2 == 0 and place else "",
    }  # fmt: skip


def value(measure, quantity, estimate, width=0.01, **more):
    interval = {} if width is None else {"ci_low": max(0.0, estimate - width), "ci_high": estimate + width}
    return {"measure": measure, "quantity": quantity, "estimate": estimate, **interval, "n_images": 40, "n": 4, **more}


def layer_rows():
    """Two layers for each factor; what the first of them has is half of what the second has."""
    for place in range(8):
        part = 0.5 if place % 2 == 0 else 1.0
        here = facts(place)
        yield {**here, **value("nonshiftability", "share", part * SHARES[place // 2])}
        yield {**here, **value("nonshiftability", "paper", 10 * part * SHARES[place // 2], None)}
        yield {**here, **value("shift_error", "interior", part * 0.1 * (place // 2))}
        for shift, similar in enumerate(SIMILAR):
            yield {**here, **value("periodicity", "similarity", similar, shift=float(shift))}
        peak = (
            {"p_value": 0.001}
            if place > 1
            else {"estimate": None, "ci_low": None, "ci_high": None, "reason": "its stride is 1"}
        )
        yield {**here, **value("periodicity", "peak", 0.2), **peak}
    for place in (2, 4, 6):
        here = facts(place, "step")
        yield {**here, **value("aliasing", "energy_above", 0.1 * place)}
        for kind, share in (("non_aliased", 0.5), ("aliased", 0.1), ("tangled", 0.3), ("empty", 0.1)):
            yield {**here, **value("aliasing", kind, share)}
    yield {
        "of": "network",
        "layer": "output",
        "subsampling_factor": 8.0,
        **value("periodicity", "periodic_share", 0.7, p_value=0.001),
    }


def map_rows(image_id):
    """A bump that moves with the picture in all layers but the last, where it changes its size as well."""
    for place in (1, 3, 5, 7):
        here = facts(place)
        for shift in (0.0, 8.0, 16.0):
            values = np.zeros((here["height"], here["width"]))
            values[1, int(shift // here["subsampling_factor"]) % here["width"]] = 1.0 + (place == 7) * shift / 8
            named = {name: here[name] for name in ("layer", "depth", "height", "width")}
            yield {
                "image_id": image_id,
                **named,
                "channel": 0,
                "shift_x": shift,
                "shift_y": 0.0,
                "values": values.ravel().tolist(),
            }


def learning_curve(place):
    """Three epochs; networks at odd places were asked about pictures for validation, too, on which the loss rises."""
    rows = [
        {
            "epoch": epoch,
            "learning_rate": 0.01 / epoch,
            "loss": (2 + place) / epoch,
            "accuracy": 0.25 * epoch + 0.01 * place,
        }
        for epoch in (1, 2, 3)
    ]
    if place % 2:
        rows = [{**row, "validation_loss": row["epoch"] / 2, "validation_accuracy": 0.2 * row["epoch"]} for row in rows]
    return tables.table(rows, LEARNING_CURVE)


def write(layers_path, maps_path, geometry_path, image_id, hidden=False):
    """The tables of a network; `hidden`: of one whose layers cannot be seen."""
    whole = {"of": "network", **({"reason": HIDDEN} if hidden else {"stride": 8, "subsampling_factor": 8.0})}
    tables.write(geometry_path, tables.table([whole], GEOMETRY), GEOMETRY)
    rows = [{"of": "network", "reason": HIDDEN}] if hidden else list(layer_rows())
    tables.write(layers_path, tables.table(rows, LAYERS), LAYERS)
    tables.write(maps_path, tables.table([] if hidden else list(map_rows(image_id)), MAPS), MAPS)
