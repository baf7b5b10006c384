"""Networks that have to do with each other: whose weights they take, what they improve, what they are trained on."""

import copy

import pytest

from shiftscope.config import Config
from shiftscope.core.errors import ShiftscopeError
from shiftscope.networks.augmentations.shifts import Shifts
from shiftscope.workflow.parameters import Parameters
from shiftscope.workflow.plan import Plan

BASE = {
    "kind": "timm", "architecture": "resnet18", "options": {"layers": [1, 1, 1, 1]}, "outputs": 10, "input_size": 64,
    "mean": [0.5, 0.5, 0.5], "train": {"dataset": "digits"},
}  # fmt: skip
TUNED = {
    "kind": "timm", "architecture": "resnet18", "options": {"layers": [1, 1, 1, 1]}, "weights_of": "base",
    "train": {"dataset": "digits", "validation": "test", "augmentation": "shifts"},
}  # fmt: skip
GOOD = {
    "datasets": {
        "digits": {"split": "train", "count": 100, "evaluate": False},
        "test": {"kind": "digits", "split": "test", "count": 50},
    },
    "networks": {
        "tuned": TUNED,
        "base": BASE,
        "blurred": {
            **{key: TUNED[key] for key in ("kind", "architecture", "options")},
            "weights_of": "tuned",
            "sampling": "blurpool",
        },
    },
    "protocols": {"centre": {}},
}


def changed(*path_and_value):
    config = copy.deepcopy(GOOD)
    *path, key, value = path_and_value
    part = config
    for name in path:
        part = part.setdefault(name, {})
    if value is None:
        del part[key]
    else:
        part[key] = value
    return config


def test_weights_are_followed_to_the_file_where_they_lie():
    plan = Plan(Config.load(GOOD))
    assert [plan.config.networks[name].origin for name in ("base", "tuned", "blurred")] == ["train", "train", "network"]
    assert plan.trained == ["tuned", "base"]
    assert plan.weights("blurred") == plan.weights("tuned") == "results/networks/tuned/weights.safetensors"
    assert plan.start("tuned") == plan.weights("base") == "results/networks/base/weights.safetensors"
    assert plan.start("base") == []
    assert plan.validation_images("tuned") == "results/test/images.parquet"
    assert plan.validation_images("base") == []
    assert list(plan.config.networks) == ["tuned", "base", "blurred"]


def test_what_is_not_set_is_as_in_the_network_whose_weights_are_taken():
    networks = Config.load(GOOD).networks
    for name in ("tuned", "blurred"):
        assert (networks[name].outputs, networks[name].size, networks[name].mean) == (10, 64, (0.5, 0.5, 0.5))
        assert networks[name].class_space == "own"
    own = Config.load(changed("networks", "blurred", "input_size", 96)).networks
    assert (own["blurred"].size, own["tuned"].size) == (96, 64)


def test_what_a_network_improves_is_what_it_names_or_else_whose_weights_it_takes():
    networks = Config.load(changed("networks", "blurred", "remedy_of", "base")).networks
    assert [networks[name].remedied for name in ("base", "tuned", "blurred")] == [None, "base", "base"]
    given = [
        Parameters(Plan(Config.load(raw)), None) for raw in (GOOD, changed("networks", "blurred", "remedy_of", "base"))
    ]
    assert given[0].network("blurred") == given[1].network("blurred")  # it changes no job


def test_an_augmentation_is_a_name_or_a_mapping():
    for given, expected in (
        ("shifts", Shifts(kind="shifts")),
        ({"kind": "shifts", "reach": 3}, Shifts(kind="shifts", reach=3)),
    ):
        config = Config.load(changed("networks", "tuned", "train", "augmentation", given))
        assert config.networks["tuned"].train.augmentation == expected
        said = Parameters(Plan(config), None).network("tuned")["options"]["train"]["augmentation"]
        assert Shifts.model_validate(said) == expected
    plain = Config.load(changed("networks", "base", "train", "augmentation", "none"))
    assert Parameters(Plan(plain), None).network("base") == Parameters(Plan(Config.load(GOOD)), None).network("base")


@pytest.mark.parametrize(
    ("path_and_value", "words"),
    [
        (("networks", "tuned", "weights_of", "bese"), r"tuned.weights_of: unknown network 'bese'; did you mean 'base'\?"),
        (("networks", "blurred", "weights_of", "blurred"), "blurred.weights_of: blurred → blurred leads in a circle"),
        (("networks", "tuned", "outputs", 9), "tuned.weights_of: base answers with 10 classes, and this network with 9"),
        (("networks", "tuned", "architecture", "resnet34"), "weights of base do not fit: it has architecture 'resnet18'"),
        (
            ("networks", "tuned", "options", None),
            r"it has options .*, and this network has no options; write the same 'options'",
        ),
        (("networks", "blurred", "kind", "torchvision"), "blurred.options: unknown key 'options'"),
        (("networks", "blurred", "weights", __file__), "networks.blurred: needs either .* has weights and weights_of"),
        (("networks", "base", "weights", __file__), "networks.base: needs either .* has both; to train on from"),
        (
            ("networks", "tuned", "train", "validation", "tst"),
            "train.validation: unknown data set 'tst'; did you mean 'test'",
        ),
        (("networks", "tuned", "train", "dataset", "test2"), "train.dataset: unknown data set 'test2'"),
        (("networks", "tuned", "remedy_of", "tuned"), "tuned.remedy_of: unknown network 'tuned'.* known: base"),
        (("networks", "tuned", "remedy_of", "basis"), "tuned.remedy_of: unknown network 'basis'"),
        (
            ("networks", "tuned", "train", "augmentation", "shift"),
            "augmentation.kind: unknown kind of augmentation 'shift'; did you mean 'shifts'",
        ),
        (
            ("networks", "tuned", "train", "augmentation", {"kind": "shifts", "rech": 3}),
            "networks.tuned.train.augmentation.rech: unknown key 'rech'; did you mean 'reach'",
        ),
        (
            ("networks", "tuned", "train", "augmentation", {"kind": "shifts", "reach": 0}),
            "networks.tuned.train.augmentation.reach: got 0; input should be greater",
        ),
    ],
)
def test_a_mistake_is_a_sentence_that_names_the_key(path_and_value, words):
    raw = changed(*path_and_value)
    if "blurred" not in path_and_value:  # which would not fit the changed one either, and be another sentence
        del raw["networks"]["blurred"]
    with pytest.raises(ShiftscopeError, match=words) as error:
        Config.load(raw)
    assert "\n" not in str(error.value)


def test_a_circle_is_one_sentence():
    raw = changed("networks", "base", "weights_of", "blurred")
    with pytest.raises(ShiftscopeError) as error:
        Config.load(raw)
    (line,) = str(error.value).splitlines()
    assert line.startswith("networks.tuned.weights_of: tuned → base → blurred → tuned leads in a circle; one of them")


def test_other_classes_are_named(tmp_path):
    for name in "abc":
        (tmp_path / name).mkdir()
    raw = changed("datasets", "letters", {"kind": "folder", "path": str(tmp_path), "evaluate": False})
    raw["networks"]["tuned"]["train"]["dataset"] = "letters"
    with pytest.raises(ShiftscopeError, match=r"data set letters has 3 classes, and the weights of base answer with 10"):
        Config.load(raw)
    raw["datasets"]["letters"]["classes"] = "imagenet"
    with pytest.raises(ShiftscopeError, match=r"labels of data set letters are of classes 'imagenet'.* classes 'own'"):
        Config.load(raw)
    weights = {**BASE, "train": None, "weights": __file__, "outputs": 1000}
    raw = {
        **GOOD,
        "datasets": {
            "test": {**GOOD["datasets"]["test"], "classes": "own", "evaluate": False},
            "n": {"kind": "imagenette"},
        },
    }
    raw["networks"] = {"base": weights, "other": {**weights, "remedy_of": "base", "classes": "own"}}
    with pytest.raises(
        ShiftscopeError, match=r"remedy_of: the classes of base are 'imagenet', .* write 'classes: imagenet'"
    ):
        Config.load(raw)


def test_the_schema_lets_names_and_mappings_of_augmentations_in():
    schema = Config.model_json_schema()["$defs"]["Training"]["properties"]["augmentation"]
    names, mappings = schema["anyOf"]
    assert {"none", "shifts", "more"} <= set(names["enum"])
    assert len(mappings["oneOf"]) == len(names["enum"])


def test_the_figure_of_training_is_drawn_where_something_was_trained_and_is_evaluated():
    plan = Plan(Config.load(GOOD))
    assert "learning_curves" in {name for name, _ in plan.drawn("test")}
    assert Parameters(plan, None).figure_facts("test", "learning_curves")["trained"] == ["tuned", "base"]
    assert "trained" not in Parameters(plan, None).figure_facts("test", "curves")
    given = {**BASE, "weights": __file__}
    del given["train"]
    other = Plan(Config.load({**GOOD, "networks": {"base": given}}))
    assert "learning_curves" not in {name for name, _ in other.drawn("test")}
