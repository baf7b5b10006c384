"""The config's error messages: key, what it got, what is allowed. And what is generated from the model."""

import copy
import json
from pathlib import Path

import pytest
import yaml

from shiftscope.config import Config, manual
from shiftscope.core.errors import ShiftscopeError
from shiftscope.protocols import protocols
from shiftscope.workflow.drawings import drawings
from shiftscope.workflow.parameters import Parameters
from shiftscope.workflow.plan import Plan

ROOT = Path(__file__).parents[2]
GOOD = {
    "datasets": {"centred": {"kind": "digits", "framing": "centred", "count": 100}},
    "networks": {
        "a": {"kind": "timm", "architecture": "resnet18", "outputs": 10, "input_size": 224, "train": {"dataset": "centred"}}
    },
    "protocols": {"crop": {}, "e": {"kind": "embed", "side": 100}},
}


def changed(*path_and_value):
    config = copy.deepcopy(GOOD)
    *path, key, value = path_and_value
    part = config
    for name in path:
        part = part.setdefault(name, {})
    part[key] = value
    return config


def test_the_good_one_is_good():
    config = Config.load(GOOD)
    assert config.protocols["crop"].kind == "crop"
    assert config.protocols["e"].offsets == tuple(range(9))


@pytest.mark.parametrize(
    ("path_and_value", "words"),
    [
        (("shard", 3), r"shard: unknown key 'shard'; did you mean 'shards'\? known: cause"),
        (("shards", 0), "shards: got 0; input should be greater than or equal to 1"),
        (("seed", "abc"), "seed: got 'abc'"),
        (("statistics", 3), "statistics: got 3; write a mapping"),
        (("datasets", "centred", "framing", "centered"), "framing: got 'centered'; allowed: 'centred' or 'uniform'"),
        (
            ("datasets", "centred", "framming", 1),
            "centred.framming: unknown key 'framming'; did you mean 'framing'",
        ),
        (("datasets", "f", {"kind": "folder", "path": "/no/such"}), "datasets.f: .*/no/such"),
        (("datasets", "f", {"kind": "foldr"}), "unknown kind of data set 'foldr'; did you mean 'folder'"),
        (("datasets", {}), "datasets"),
        (("protocols", "corp", {}), "unknown protocol 'corp'; did you mean 'crop'"),
        (("protocols", "crop", 3), "protocols.crop: got 3; write a mapping"),
        (("protocols", "crop", "offsets", "3-5"), "'3-5' is no range"),
        (("protocols", "crop", "offsets", "-3..5"), "protocols.crop: offsets -3..5 leave the canvas"),
        (("protocols", "e", "offsets", "0..300"), "protocols.e: offsets 0..300 leave the canvas"),
        (("cause", {"layers": "stagez"}), "cause.layers: got 'stagez'; write 'all', 'stages' or a list of names of layers"),
        (("cause", {"layers": []}), r"cause.layers: got \[\]; write 'all', 'stages' or a list"),
        (("cause", {"protocols": ["crpo"]}), "cause.protocols: unknown protocol 'crpo'; did you mean 'crop'"),
        (("cause", {"protocols": ["crop"]}), r"cause.protocols: in protocol crop \(crop\) more changes than the place"),
        (("protocols", "crop", "resample", "pillow-box"), "unknown key 'resample'; did you mean 'resizer'"),
        (("protocols", "resample", {}), "unknown protocol 'resample'; did you mean .*'resizers'"),
        (("protocols", "crop", "area", [0.5, 0.1]), r"area \[0.5, 0.1\] must be"),
        (("networks", "b", {"kind": "timm", "train": {"dataset": "centred"}}), "networks.b.architecture: is missing"),
        (
            ("networks", "a", "train", "datset", "x"),
            "a.train.datset: unknown key 'datset'; did you mean 'dataset'",
        ),
        (("networks", "a", "train", "dataset", "centre"), "unknown data set 'centre'; did you mean 'centred'"),
        (("networks", "a", "train", None), "networks.a: needs either 'weights' .* neither"),
        (("networks", "a", "weights", __file__), "networks.a: needs either .* both"),
        (("networks", "a", "classes", "imagenet"), "a: is set to 'classes: imagenet', .* 10; write 'classes: own' for"),
        (("networks", "a b", GOOD["networks"]["a"]), "a b"),
        (("inference", "engine", "egaer"), "unknown engine 'egaer'; did you mean 'eager'"),
        (("inference", "audit", 2), "inference.audit: got 2; input should be less than or equal to 1"),
        (("inference", "precision", "half"), "precision: got 'half'; allowed: 'float32', 'tf32', 'bfloat16' or 'float16'"),
        (
            ("inference", {"device": "cpu", "precision": "tf32"}),
            r"inference.precision: networks are run in tf32 on GPUs only.* 'precision: float32 or bfloat16'",
        ),
        (("inference", "threds", 2), "inference.threds: unknown key 'threds'; did you mean 'threads'"),
    ],
)
def test_a_mistake_is_a_sentence_that_names_the_key(path_and_value, words):
    with pytest.raises(ShiftscopeError, match=words) as error:
        Config.load(changed(*path_and_value))
    assert "\n" not in str(error.value)


def with_remedy(remedy, **changes):
    return {**copy.deepcopy(GOOD), "inference": {"keep_logits": True}, "remedies": {"r": remedy}, **changes}


AVERAGE = {"kind": "average"}


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (with_remedy(AVERAGE, inference={}), "remedies: they work on all logits .* write 'inference: {keep_logits: true}'"),
        (with_remedy(AVERAGE, networks={}), "remedies: there are no networks"),
        (
            with_remedy(AVERAGE, remedies=dict.fromkeys(GOOD["networks"], AVERAGE)),
            "remedies.(.*): a network has this name too, .*rename",
        ),
        (with_remedy({"kind": "averag"}), "remedies.r.kind: unknown kind of remedy 'averag'; did you mean 'average'"),
        (
            with_remedy({**AVERAGE, "protocols": ["crpo"]}),
            "remedies.r.protocols: unknown protocol 'crpo'; did you mean 'crop'",
        ),
        (with_remedy({**AVERAGE, "counts": [0, 2]}), "remedies.r.counts.0: got 0; .* greater than or equal to 1"),
        (with_remedy({**AVERAGE, "counts": []}), r"remedies.r.counts: got \[\]"),
        (with_remedy({**AVERAGE, "apart": 0}), "remedies.r.apart: got 0; write a whole number of steps, .* or 'phases'"),
        (with_remedy({**AVERAGE, "apart": "phase"}), "remedies.r.apart: got 'phase'; write a whole number"),
        (
            with_remedy({**AVERAGE, "counts": [9, 10]}),
            r"remedies.r: .* needs 10 frames in a row, .*\(crop, e\) have 9 at most",
        ),
        (with_remedy({**AVERAGE, "counts": [2], "apart": 8}), "remedies.r: a pair of its answers needs 10 frames"),
        (
            with_remedy({**AVERAGE, "protocols": ["w"]}, protocols={"w": {"kind": "windows"}}),
            r"remedies.r.protocols: protocol w \(windows\) has no pairs of neighbouring frames",
        ),
        (
            with_remedy({**AVERAGE, "protocols": ["centre"]}, protocols={"centre": {}, "crop": {}}),
            r"remedies.r.protocols: protocol centre \(centre\) has no pairs of neighbouring frames",
        ),
        (
            with_remedy(AVERAGE, protocols={"centre": {}}),
            "remedies.r: no protocol has pairs of neighbouring frames; give one",
        ),
    ],
)
def test_a_mistake_about_remedies_is_one_sentence(raw, words):
    with pytest.raises(ShiftscopeError, match=words) as caught:
        Config.load(raw)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    "remedy",
    [
        AVERAGE,  # 16 of its counts do not fit, and the others do
        {**AVERAGE, "counts": [8]},
        {**AVERAGE, "apart": "phases", "counts": [400]},  # what the stride is the network says
        {"kind": "crop_selection", "protocols": ["crop"]},
    ],
)
def test_what_fits_somewhere_is_right(remedy):
    Config.load(with_remedy(remedy))


def test_remedies_are_tried_on_what_has_neighbours_and_scores_are_made_where_a_remedy_chooses():
    raw = with_remedy(AVERAGE, protocols={"centre": {}, "crop": {}, "e": {"kind": "embed"}, "windows": {}})
    raw["remedies"]["c"] = {"kind": "crop_selection", "protocols": ["e"]}
    plan = Plan(Config.load(raw))
    assert plan.tried("centred") == {"crop": ["r"], "e": ["r", "c"]}
    assert plan.scored("centred") == ["e"]
    assert plan.answer_remedies("centred") == ["results/centred/remedies/a.parquet"]
    assert "remedies" in plan.tables("centred")
    plain = Plan(Config.load(GOOD))
    assert not plain.tried("centred")
    assert not plain.answer_remedies("centred")
    assert "remedies" not in plain.tables("centred")
    (crop, embed) = Parameters(plan, ROOT / "workflow" / "scripts").tried("centred")
    assert crop == {"protocol": "crop", "moves": True, "remedies": {"r": {"kind": "average", "options": {}}}}
    assert set(embed["remedies"]) == {"r", "c"}


def test_a_surround_that_is_filled_anew_at_each_place_is_more_than_a_move():
    config = changed("cause", {"protocols": ["e"]})
    assert Config.load(config).cause.protocols == ("e",)
    config["protocols"]["e"]["surround"] = "inpaint"
    with pytest.raises(ShiftscopeError, match=r"cause.protocols: in protocol e \(embed\) more changes"):
        Config.load(config)


@pytest.mark.parametrize(("kind", "count"), [("folder", "3"), ("table", "3"), ("yolo", "<how many it has>")])
def test_an_own_network_without_outputs_is_told_how_many(tmp_path, kind, count):
    for name in "abc":
        (tmp_path / "folder" / name).mkdir(parents=True)
    for name in ("labels", "images"):
        (tmp_path / name).mkdir()
    (tmp_path / "list.csv").write_text("path,label\n1.png,x\n2.png,y\n3.png,z\n4.png,x\n")
    source = {
        "folder": {"path": tmp_path / "folder"},
        "table": {"path": tmp_path / "list.csv"},
        "yolo": {"labels": tmp_path / "labels", "images": tmp_path / "images"},
    }[kind]
    network = {"kind": "timm", "architecture": "resnet18", "weights": __file__}
    raw = {"datasets": {"d": {"kind": kind, **source}}, "networks": {"own": network}, "protocols": {"centre": {}}}
    with pytest.raises(ShiftscopeError) as error:
        Config.load(raw)
    (line,) = str(error.value).splitlines()
    assert line.startswith("networks.own: has no 'outputs', so it is taken to answer with ImageNet's 1000 classes")
    assert f"write 'outputs: {count}' for a network of these classes, 'classes: imagenet' for the data set if" in line
    raw["networks"]["own"] = {**network, "outputs": 3}  # what it says to write is right
    Config.load(raw)


def test_each_way_to_disagree_about_classes_has_its_own_way_out():
    network = {"kind": "timm", "architecture": "resnet18", "weights": __file__}

    def said(source, **more):
        raw = {"datasets": {"d": source}, "networks": {"own": {**network, **more}}, "protocols": {"centre": {}}}
        with pytest.raises(ShiftscopeError) as error:
            Config.load(raw)
        return str(error.value)

    digits = {"kind": "digits"}
    assert "is set to 'outputs: 1000', so it answers" in said(digits, outputs=1000)
    assert "write 'classes: own' for a network of these classes" in said(digits, outputs=1000)
    assert "write 'outputs: 10' and 'classes: own' for a network" in said(digits, classes="imagenet")
    assert "answers with 10 classes of its own, but the labels of data set d are ImageNet's 1000" in said(
        {"kind": "imagenette"}, outputs=10
    )


def test_the_name_of_a_protocol_decides_nothing():
    given = parameters(changed("protocols", "another", {"kind": "crop"}))
    assert given.protocol("another") == given.protocol("crop")
    assert given.protocol("another") != given.protocol("e")


def test_boxes_alone_are_enough_and_pictures_alone_are_not(tmp_path):
    assert Config.load({"datasets": GOOD["datasets"]})
    (tmp_path / "a_class").mkdir()
    with pytest.raises(ShiftscopeError, match="there is nothing to make: give 'networks' and 'protocols'"):
        Config.load({"datasets": {"photos": {"kind": "folder", "path": str(tmp_path)}}})


def test_every_mistake_is_named_at_once():
    with pytest.raises(ShiftscopeError) as error:
        Config.load({**GOOD, "shard": 1, "sed": 2})
    assert len(str(error.value).splitlines()) == 2


def test_two_figures_of_weights_that_are_not_there():
    with pytest.raises(ShiftscopeError, match=r"networks.a: there is no file nowhere.pth .*correct 'weights'"):
        Config.load(
            {
                **GOOD,
                "networks": {"a": {"kind": "torchvision", "architecture": "x", "weights": "nowhere.pth", "outputs": 10}},
            }
        )


def test_the_manual_and_the_schema_are_those_of_the_model():
    for path, text in manual.files().items():
        if path.endswith(".toml"):
            continue  # made from timm and torchvision: tests/networks/test_sizes.py compares it where they are those pinned
        assert (ROOT / path).read_text(encoding="utf-8") == text, f"{path} is out of date: run 'make manual'"
    json.loads((ROOT / "config" / "schema.json").read_text())


def parameters(raw):
    return Parameters(Plan(Config.load(raw)), ROOT / "workflow" / "scripts")


def test_a_new_default_or_what_does_not_matter_is_no_parameter():
    given = parameters(GOOD)
    assert given.protocol("crop") == {"kind": "crop", "options": {}}
    assert given.source("centred")["options"] == {"count": 100}  # centred is the default
    other = parameters(changed("datasets", "centred", "evaluate", True))
    assert other.source("centred") == given.source("centred")


@pytest.fixture
def prepared_for(tmp_path, monkeypatch):
    """A folder where every file and folder that a ready config names is there, empty or with classes."""

    def prepare(name):
        raw = yaml.safe_load((ROOT / "config" / f"{name}.yaml").read_text())
        monkeypatch.chdir(tmp_path)
        for source in raw["datasets"].values():
            if "path" in source:
                own = source["kind"] == "folder" and "classes" not in source  # as many as its networks have outputs
                for category in [f"class-{number}" for number in range(20)] if own else ["n01440764"]:
                    (tmp_path / source["path"] / category).mkdir(parents=True, exist_ok=True)
        for network in raw.get("networks", {}).values():
            if "weights" in network:
                (tmp_path / network["weights"]).parent.mkdir(parents=True, exist_ok=True)
                (tmp_path / network["weights"]).touch()
        return Config.load(raw)

    return prepare


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "config").glob("*.yaml")))
def test_ready_configs_are_right(prepared_for, name):
    config = prepared_for(name)
    plan = Plan(config)
    assert plan.targets()
    for dataset in plan.evaluated:
        assert plan.protocols_of(dataset)
        for figure, _ in plan.drawn(dataset):
            assert plan.drawn_from(figure) <= plan.tables(dataset)


def test_the_papers_config_has_its_networks_and_every_protocol_but_the_films(prepared_for):
    config = prepared_for("paper")
    used = {config.protocols[name].kind for dataset in config.datasets for name in config.protocols_of(dataset)}
    theirs = {entry.name for entry in protocols} - {"pad"}  # which is how networks for CIFAR are trained
    assert used == theirs - {"natural"}
    kinds = {protocol.kind for protocol in config.protocols.values()}
    assert kinds == theirs
    assert set(Parameters(Plan(config), ROOT).figures_facts("imagenet")["architectures"].values()) == {
        "vgg16", "resnet50", "densenet121", "densenet201", "inception_resnet_v2",
    }  # fmt: skip
    assert {network.size for network in config.networks.values()} == {224}


def test_a_note_is_said_and_changes_no_job():
    both = [parameters(changed("protocols", "crop", {"note": note})) for note in ("", "so")]
    assert [given.protocol_facts("crop")["note"] for given in both] == ["", "so"]
    assert both[0].protocol("crop") == both[1].protocol("crop")


def test_a_data_set_goes_through_the_protocols_it_names():
    raw = changed("datasets", "other", {**GOOD["datasets"]["centred"], "protocols": ["e"]})
    given = parameters(raw)
    plan = given.plan
    assert plan.protocols_of("centred") == ["crop", "e"]
    assert plan.cells("other") == [["e", "a"]]
    assert plan.of_cells(plan.paths.predictions, "other") == ["results/other/predictions/e/a.parquet"]
    assert {protocol for _, protocol in plan.drawn("other")} == {None, "e"}
    assert given.source("other") == given.source("centred")
    rules = {family.rule: family for family in drawings(plan)}
    assert rules["figures_framing"][1:] == (
        "framing", (("box_centres", None), ("framing", None)), ("centred", "other"),
    )  # fmt: skip
    # Of two data sets that go through other protocols, each has a rule of its own.
    heatmaps = [protocol for figure, protocol in rules["figures_answers_centred"].drawn if figure == "heatmap"]
    assert (heatmaps, rules["figures_answers_centred"].datasets) == (["crop", "e"], ("centred",))
    assert rules["figures_frames_other"].files(plan, "png") == ["results/{dataset}/figures/e/gallery.png"]
    drawn = [
        path.format(dataset=name) for one in rules.values() for name in one.datasets for path in one.files(plan, "txt")
    ]
    assert sorted(drawn) == sorted(path for name in plan.config.datasets for path in plan.figure_files(name, "txt"))
    with pytest.raises(ShiftscopeError, match=r"datasets.other.protocols: unknown protocol 'crpo'; did you mean 'crop'"):
        Config.load(changed("datasets", "other", {**GOOD["datasets"]["centred"], "protocols": ["crpo"]}))
    films = changed("protocols", "natural", {})
    with pytest.raises(ShiftscopeError, match=r"needs film, which data set centred .*datasets.centred.protocols"):
        Config.load(films)
    assert Config.load({**films, "datasets": {"centred": {**GOOD["datasets"]["centred"], "protocols": ["e", "crop"]}}})


def test_jobs_know_of_an_audit_and_of_the_seed_that_it_needs_only_where_there_is_one():
    assert Parameters(Plan(Config.load(GOOD)), Path()).audit() == {}
    audited = Config.load({**changed("inference", "audit", 0.25), "seed": 3})
    assert Parameters(Plan(audited), Path()).audit() == {"audit": 0.25, "seed": 3}


def test_results_cannot_be_below_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    raw = {"datasets": {"d": {"kind": "digits", "count": 20}}, "results": "mine/results"}
    Config.load(raw)
    (tmp_path / "mine").write_text("")
    with pytest.raises(ShiftscopeError, match="results: mine is a file, and no folder"):
        Config.load(raw)
