"""Data sets that are shown to some networks alone: everything that is made of them is of these networks."""

import copy
from pathlib import Path

import pytest
from PIL import Image

from shiftscope.config import Config
from shiftscope.core.errors import ShiftscopeError
from shiftscope.workflow.grouping import by_protocols
from shiftscope.workflow.parameters import Parameters
from shiftscope.workflow.plan import Plan

SMALL = {"kind": "timm", "architecture": "resnet18", "input_size": 64, "outputs": 10}
TRAIN = {"dataset": "digits", "epochs": 2}
RAW = {
    "datasets": {
        "digits": {"kind": "digits", "count": 20, "networks": ["small", "taught", "blurred"], "protocols": ["crop"]},
        "photographs": {
            "kind": "folder",
            "labels": "none",
            "networks": ["wide", "blurred"],
            "protocols": ["place", "move"],
        },
        "both": {"kind": "folder", "labels": "none", "protocols": ["crop"]},
    },
    "networks": {
        "small": {**SMALL, "train": TRAIN},
        "taught": {**SMALL, "train": {**TRAIN, "augmentation": "shifts"}, "remedy_of": "small"},
        "blurred": {**SMALL, "sampling": "blurpool", "weights_of": "small", "input_size": 128},
        "wide": {"kind": "timm", "architecture": "resnet50", "pretrained": True, "input_size": 160},
    },
    "protocols": {"crop": {}, "place": {"kind": "embed", "side": 100}, "move": {"kind": "circular", "offsets": "0..3"}},
    "inference": {"keep_logits": True},
    "cause": {"protocols": ["move"]},
    "remedies": {"mean": {"kind": "average", "counts": [1, 2]}},
}


@pytest.fixture
def raw(tmp_path):
    found = copy.deepcopy(RAW)
    (tmp_path / "pictures").mkdir()
    Image.new("RGB", (200, 200)).save(tmp_path / "pictures" / "cat.png")
    for name in ("photographs", "both"):
        found["datasets"][name]["path"] = str(tmp_path / "pictures")
    return found


def test_networks_of_other_classes_and_sizes_are_not_asked(raw):
    """`wide` answers with ImageNet's classes; `place` leaves no room in the 64 px of `small`."""
    plan = Plan(Config.load(raw))
    assert plan.cells("photographs") == [[a, b] for a in ("place", "move") for b in ("blurred", "wide")]
    assert plan.cells("digits") == [["crop", "small"], ["crop", "taught"], ["crop", "blurred"]]
    assert [network for _, network in plan.cells("both")] == list(raw["networks"])
    assert (plan.sizes_of("digits"), plan.sizes_of("photographs"), plan.sizes) == ([64, 128], [128, 160], [64, 128, 160])
    assert {size for _, size in plan.sequences("photographs")} == {128, 160}


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        ("digits", "networks.wide: .* data set digits .* name those that are in 'datasets.digits.networks'"),
        ("photographs", "protocols.place: .*"),
    ],
)
def test_without_a_list_all_networks_are_asked(raw, dataset, message):
    del raw["datasets"][dataset]["networks"]
    with pytest.raises(ShiftscopeError, match=message):
        Config.load(raw)


def test_names_in_the_list_are_networks(raw):
    raw["datasets"]["digits"]["networks"] = ["smal"]
    with pytest.raises(ShiftscopeError, match=r"datasets.digits.networks: unknown network 'smal'; did you mean 'small'"):
        Config.load(raw)


def test_tables_and_figures_are_of_the_networks_that_were_asked(raw):
    plan = Plan(Config.load(raw))
    # `blurred` improves on `small`, which the photographs are not shown, and neither was trained with another augmentation.
    assert plan.remedied_of("photographs") == {}
    assert plan.remedied_of("digits") == {"taught": "small", "blurred": "small"}
    assert [len(plan.augmented_of(name)) for name in ("digits", "photographs")] == [1, 0]
    assert "training" in plan.tables("digits") - plan.tables("photographs")  # `blurred` takes weights as they are
    assert plan.remedy_parts("photographs") == plan.answer_remedies("photographs")
    assert [Path(path).stem for path in plan.answer_remedies("photographs")] == ["blurred", "wide"]
    parameters = Parameters(plan, Path())
    assert parameters.epochs("digits") == {"taught": 0, "blurred": 0}
    assert parameters.class_space("digits") == "own"
    for dataset, networks in (("photographs", ["blurred", "wide"]), ("digits", ["small", "taught", "blurred"])):
        facts = parameters.figures_facts(dataset)
        assert (list(facts["networks"]), list(facts["architectures"])) == (networks, networks)
        assert {network for _, network in parameters.report_facts(dataset)["cells"]} == set(networks)
    assert parameters.report_facts("photographs")["inside"] == [["move", "blurred"], ["move", "wide"]]
    assert parameters.report_facts("digits")["as_they_are"] == ["blurred"]
    assert not any("/digits/" in path for path in plan.model_files("wide"))
    assert any("/digits/" in path for path in plan.model_files("small"))
    # Which networks are shown a data set decides nothing of its pictures.
    assert "networks" not in parameters.source("photographs")["options"]


def test_a_data_set_without_networks_is_not_measured(raw):
    raw["datasets"]["photographs"]["networks"] = []
    plan = Plan(Config.load(raw))
    assert not plan.measured("photographs")
    assert not any("/photographs/" in path for path in plan.targets())


def test_data_sets_with_the_same_protocols_share_rules(raw):
    shared = [tuple(group) for group in by_protocols(Plan(Config.load(raw)), "infer")]
    assert shared == [
        ("infer_digits", ("crop",), ("digits", "both")),
        ("infer_photographs", ("place", "move"), ("photographs",)),
    ]
    raw["datasets"]["photographs"]["networks"] = []
    assert [group.rule for group in by_protocols(Plan(Config.load(raw)), "infer")] == ["infer"]
