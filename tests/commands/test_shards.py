"""`shiftscope check` proposes shards that are worth a job."""

import json
from pathlib import Path

import pytest

from shiftscope.commands.check import check
from shiftscope.commands.shards import MOST_JOBS, WORTH, propose, shards
from shiftscope.config import Config
from shiftscope.workflow.needs import NEEDS
from shiftscope.workflow.plan import Plan

PICTURES = 50_000
MS_PER_FRAME = {"fast": 12.0, "slow": 60.0}
STEPS = {"centre": 1, "crop": 9}
PROTOCOLS = {"centre": {}, "crop": {"offsets": "0..8"}}


@pytest.fixture
def config(tmp_path, monkeypatch):
    """Two networks, of which none is prepared yet."""
    monkeypatch.chdir(tmp_path)
    network = {"kind": "timm", "architecture": "resnet18", "outputs": 10, "input_size": 64, "train": {"dataset": "test"}}
    return Config.load(
        {
            "datasets": {"test": {"kind": "digits", "framing": "centred", "split": "test", "count": 10}},
            "networks": dict.fromkeys(MS_PER_FRAME, network),
            "protocols": PROTOCOLS,
        }
    )


def prepare(config, *networks, device="cuda"):
    """Write what `propose` reads of the cards of networks."""
    for network in networks:
        path = Path(Plan(config).paths.card.format(network=network))
        path.parent.mkdir(parents=True)
        trials = [{"engine": "eager", "ms_per_frame": MS_PER_FRAME[network]}, {"engine": "other", "ms_per_frame": 1e6}]
        path.write_text(json.dumps({"device": device, "threads": 3, "calibration": trials}))


def proposed(line):
    """The number that a line says, and the two averages, minutes."""
    words = line.split()
    return int(line.split("write 'shards: ")[1].split("'")[0]), [
        float(words[place - 1]) for place, word in enumerate(words) if word == "minutes"
    ]


def test_shards_are_as_many_as_leave_ten_minutes_to_a_job(config):
    prepare(config, "fast", "slow")
    minutes = [PICTURES * sum(STEPS.values()) * ms / 1000 / 60 for ms in MS_PER_FRAME.values()]  # one job for all protocols
    known, line = propose(Plan(config), {"test": PICTURES})
    assert known
    number, averages = proposed(line)
    mean = sum(minutes) / len(minutes)
    assert mean / number >= WORTH > mean / (number + 1)
    assert averages == pytest.approx([mean, mean / number], rel=0.05)
    assert f"{max(minutes) / number:.2g} at most" in line
    assert "(cuda)" in line
    assert "Not counted" not in line


def test_networks_without_a_card_are_not_counted(config):
    prepare(config, "fast", device="cpu")
    known, line = propose(Plan(config), {"test": PICTURES})
    assert known
    mean = PICTURES * MS_PER_FRAME["fast"] * sum(STEPS.values()) / 60_000
    assert proposed(line)[0] == mean // WORTH
    assert "number of frames: 2 of 4" in line
    assert "cpu with 3 threads" in line


def test_nothing_is_proposed_before_something_is_known(config):
    assert propose(Plan(config), {"test": PICTURES})[0] is False
    prepare(config, "fast", "slow")
    assert propose(Plan(config), {})[0] is False


def test_no_job_is_longer_than_a_scheduler_lets_it_be():
    longest = NEEDS["infer"].minutes
    found = shards([longest * 7.5] + [1.0] * 1000, 10, longest)
    assert found == 8


def test_jobs_do_not_get_too_many():
    assert shards([1e9] * 3, 6, 1e9) == MOST_JOBS // 6
    assert shards([1e9] * 3, 2 * MOST_JOBS, 1e9) == 1


def test_few_pictures_make_one_shard():
    assert shards([0.1, 0.2], 6, 240) == 1


def test_check_says_it(config):
    (line,) = [line for line in check(config).lines if " shards: " in line]
    assert line.startswith("later  shards: can be proposed once")
