"""What the figure of framing against sensitivity draws and says, on tables whose numbers are known."""

import pytest

from shiftscope.association import ACCURACY_BY_SURPRISAL, CORRELATION
from shiftscope.core import tables
from shiftscope.figures import Inputs, figures
from shiftscope.figures.style import looks

NETWORKS, PROTOCOLS = [f"n{k} of a long name" for k in range(7)], ["crop", "embed"]


@pytest.fixture
def inputs(tmp_path):
    """Fourteen correlations, two of them clear; and one of two networks that loses accuracy from quarter to quarter."""
    rows = [
        {"network": network, "protocol": protocol, "measure": "top1_change", "rho": 0.1 * k - 0.3 + place / 20,
         "rho_low": 0.1 * k - 0.5, "rho_high": 0.1 * k, "p_value": 0.01, "q_value": 0.04 if (place, k) in clear else 0.5,
         "n": 10}
        for clear in [{(0, 2), (1, 6)}] for place, protocol in enumerate(PROTOCOLS) for k, network in enumerate(NETWORKS)
    ]  # fmt: skip
    quarters = [
        {"other": "others", "protocol": "crop", "network": network, "quarter": quarter, "surprisal": 2.0 * quarter,
         "accuracy": 0.9 - lost * quarter, "ci_low": 0.85 - lost * quarter, "ci_high": 0.95 - lost * quarter, "n_images": 40}
        for network, lost in zip(NETWORKS, (0.1, 0.01), strict=False) for quarter in (1, 2, 3, 4)
    ]  # fmt: skip
    tables.write(tmp_path / "relation", tables.table(rows, CORRELATION), CORRELATION)
    tables.write(tmp_path / "unlike", tables.table(quarters, ACCURACY_BY_SURPRISAL), ACCURACY_BY_SURPRISAL)
    return Inputs(
        files={"relation": tmp_path / "relation", "accuracy_by_surprisal": tmp_path / "unlike"},
        networks=dict.fromkeys(NETWORKS, 64),
        protocols={name: {"title": name, "unit": "px", "kind": name} for name in PROTOCOLS},
    )


def test_each_correlation_is_a_mark_on_its_line_filled_where_it_is_clear(inputs):
    upper, _ = figures["relation"].item.draw(inputs).figure.subfigs
    (ax,) = upper.axes
    assert ax.get_title() == "P(top-1 change)"
    look = looks(NETWORKS)
    keys = [(protocol, network) for protocol in PROTOCOLS for network in NETWORKS]
    marks = {line.get_ydata()[0]: line for line in ax.lines if line.get_marker() in {one.marker for one in look.values()}}
    rows = {(row["protocol"], row["network"]): row for row in inputs.relation.rows(named=True)}
    assert len(marks) == len(keys) == 14
    for place, (protocol, network) in enumerate(keys):
        line, row = marks[place], rows[protocol, network]
        assert line.get_xdata()[0] == pytest.approx(row["rho"])
        assert (line.get_color(), line.get_marker()) == (look[network].colour, look[network].marker)
        assert (line.get_markerfacecolor() != "white") == (row["q_value"] < 0.05)
        assert ax.get_yticklabels()[place].get_text().startswith(f"{protocol}, n")
    ends = [segment[:, 0].tolist() for part in ax.collections for segment in part.get_segments()]
    assert ends == [pytest.approx([rows[key]["rho_low"], rows[key]["rho_high"]]) for key in keys]


def test_quarters_are_drawn_with_their_unit(inputs):
    _, lower = figures["relation"].item.draw(inputs).figure.subfigs
    (ax,) = lower.axes
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title()) == ("unlike others, bits", "accuracy", "crop")
    for line, network in zip(ax.lines, NETWORKS[:2], strict=True):
        own = inputs.accuracy_by_surprisal.filter(network=network).sort("quarter")
        assert line.get_xydata().tolist() == own.select("surprisal", "accuracy").to_numpy().tolist()


def test_the_caption_counts_and_names_no_extreme_of_many(inputs):
    caption = figures["relation"].item.draw(inputs).caption
    assert "Of 14 correlations, 2 are significant (" in caption
    assert "P(top-1 change) of n2 of a long name, crop: ρ -0.10" in caption
    assert "P(top-1 change) of n6 of a long name, embed: ρ 0.35" in caption
    assert "Of 2 comparisons of a network on a protocol, the accuracy on the most unlike quarter lies below" in caption
    assert "in 1, and above it in 0" in caption
    assert "ighest" not in caption
    assert "owest" not in caption


def test_where_nothing_is_clear_it_is_said_so(inputs):
    inputs.__dict__["relation"] = inputs.relation.with_columns(q_value=0.5)
    assert "None of 14 correlations is significant." in figures["relation"].item.draw(inputs).caption
