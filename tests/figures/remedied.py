"""Tables of made-up remedies, whose numbers are known."""

from shiftscope.core import tables
from shiftscope.remedies import AUGMENTATION, REMEDIES

BLUR = "blur $x$ <1>"
PLAIN = {"top1_change": 0.4, "accuracy": 0.7, "mac": 0.2, "jaggedness_rate": 0.3}
CHANGE = {1: 0.4, 2: 0.3, 4: 0.1, 8: 0.25}
"""P(top-1 change) by the number of frames that are averaged."""
ACCURACY = {1: 0.7, 2: 0.72, 4: 0.71, 8: 0.5}


def compared(measure, estimate, width=0.02, **more):
    without = PLAIN[measure]
    return {
        "measure": measure, "condition": "all", "without": without, "estimate": estimate, "ci_low": estimate - width,
        "ci_high": estimate + width, "difference": estimate - without, "difference_low": estimate - without - width,
        "difference_high": estimate - without + width, "n_images": 14, "n_pairs": 56, "epochs": 0, **more,
    }  # fmt: skip


def rows_of(network, labelled):
    """Averaging that is best with 4 frames and costs accuracy with 8, and a network that is worse at 1.5 times the time."""
    average = {"network": network, "remedy": "average", "kind": "average"}
    for setting in CHANGE:
        here = {**average, "setting": setting, "passes": float(setting), "time_ratio": float(setting)}
        yield here | compared("top1_change", CHANGE[setting])
        yield here | compared("mac", CHANGE[setting] / 2)
        if labelled:
            yield here | compared("accuracy", ACCURACY[setting])
            yield here | compared("jaggedness_rate", CHANGE[setting] * 0.75)
        yield here | {**compared("top1_change", 0.9), "condition": "right"}
    other = {"network": network, "remedy": BLUR, "kind": "network", "passes": 1.0, "time_ratio": 1.5, "parameters_added": 0}
    yield other | compared("top1_change", 0.5, epochs=2)
    if labelled:
        yield other | compared("accuracy", 0.8, epochs=2)


def gains(networks):
    """The first network gains where pictures are framed alike, the second one where they are not, and less."""
    for place, network in enumerate(networks):
        alike = place % 2 == 0
        gain = 0.2 if alike else 0.01
        yield {
            "of": "network", "network": network, "without": "plain", "trained_on": f"train {place % 2} $x$", "plain": 0.4,
            "framing": "alike" if alike else "otherwise", "distance": 0.01 if alike else 0.25, **gained(gain),
        }  # fmt: skip
    if len(networks) > 1:
        yield {"of": "framing", "framing": "alike", "plain": 0.4, **gained(0.2)}
        yield {"of": "framing", "framing": "otherwise", "plain": 0.4, **gained(0.01)}
        yield {"of": "difference", **gained(0.19), "estimate": None}


def gained(gain, width=0.05):
    return {"estimate": 0.4 - gain, "gain": gain, "gain_low": gain - width, "gain_high": gain + width, "n_images": 14}


def write(remedies_path, augmentation_path, networks, protocol, labelled=True):
    rows = [{**row, "protocol": protocol} for network in networks for row in rows_of(network, labelled)]
    tables.write(remedies_path, tables.table(rows, REMEDIES), REMEDIES)
    made = [{**row, "protocol": protocol, "augmentation": "shifts"} for row in gains(networks)]
    tables.write(augmentation_path, tables.table(made, AUGMENTATION), AUGMENTATION)
