"""Why and what helps, in a sentence each, however many networks there are."""

from shiftscope.cause import LAYERS
from shiftscope.core import tables
from shiftscope.remedies import REMEDIES
from shiftscope.remedies.choices import choices
from shiftscope.wording.cause import losses_in_short
from shiftscope.wording.remedies import helps_in_short


def layers(*shares):
    rows = [
        {"of": "layer", "layer": f"l{k}", "kind": "ReLU", "depth": k, "subsampling_factor": float(2**k), "measure": "nonshiftability",
         "quantity": "share", "estimate": share}
        for k, share in enumerate(shares, start=1)
    ]  # fmt: skip
    return tables.table(rows, LAYERS)


def test_networks_that_lose_the_shift_at_the_same_place_are_named_together():
    early, late, nowhere = layers(0.0, 0.4, 0.5), layers(0.0, 0.1, 0.5), layers(0.5, 0.4, 0.3)
    text = losses_in_short([("a", early), ("b", late), ("c", early), ("d", nowhere)])
    assert text == (
        "Networks lose most of the shift where they subsample: a, c between l1 and l2 (from one cell for 2 px to one for 4 px); "
        "b between l2 and l3 (from one cell for 4 px to one for 8 px)."
    )
    assert losses_in_short([("d", nowhere)]) == losses_in_short([]) == ""


def test_more_places_than_can_be_named_are_counted():
    many = [(f"n{k}", layers(*([0.0] * k), 0.5)) for k in range(1, 8)]
    assert losses_in_short(many).endswith("; and 3 more elsewhere.")


def tried(network, **changes):
    for remedy, change in changes.items():
        yield {
            "network": network, "remedy": remedy, "kind": "average", "setting": 4, "protocol": "crop", "condition": "all", "measure": "top1_change",
            "without": 0.4, "estimate": 0.4 + change, "difference": change, "difference_low": change - 0.05, "difference_high": change + 0.05,
            "passes": 4.0, "time_ratio": 4.0, "n_images": 40,
        }  # fmt: skip


def test_the_remedy_that_gains_most_is_named_for_each_network():
    rows = [*tried("a", weak=-0.1, strong=-0.2), *tried("b", weak=-0.3), *tried("c", weak=-0.01, bad=0.2)]
    text = helps_in_short("crop", choices(tables.table(rows, REMEDIES)))
    assert text == (
        "What makes answers steadier most (crop)? b: weak (4 frames), from 40 % to 10 % of cases (gain 30 points [25, 35]) at 4 "
        "times the time; a: strong (4 frames), from 40 % to 20 % of cases (gain 20 points [15, 25]) at 4 times the time; nothing "
        "that was tried helps c."
    )
    many = [row for network in ("a", "b", "c", "d", "e") for row in tried(network, strong=-0.2)]
    rest = [row for network in ("f", "g") for row in tried(network, weak=-0.01)]
    text = helps_in_short("crop", choices(tables.table(many + rest, REMEDIES)))
    assert text.endswith("; something helps 1 more network; nothing that was tried helps 2 networks.")
    nothing = helps_in_short("crop", choices(tables.table(list(tried("c", weak=-0.01)), REMEDIES)))
    assert nothing.startswith("Of what was tried on crop, nothing helps: no remedy lowers P(top-1 change)")
    assert helps_in_short("crop", choices(REMEDIES.to_frame())) == ""
