"""A config that asks for too much, or for files that cannot be, is refused when it is loaded."""

import copy
from typing import get_args

import pytest
from pydantic import ValidationError

from shiftscope.config import SECTIONS, WITHIN, Config
from shiftscope.config.sections import Cause, Inference, Statistics
from shiftscope.core.errors import ShiftscopeError
from shiftscope.core.options import Options
from shiftscope.networks.training import Training
from shiftscope.protocols import protocols

GOOD = {
    "datasets": {"d": {"kind": "digits", "count": 100}},
    "networks": {
        "a": {"kind": "timm", "architecture": "resnet18", "outputs": 10, "input_size": 64, "train": {"dataset": "d"}}
    },
    "protocols": {"crop": {}, "e": {"kind": "embed", "side": 30}},
}


def changed(*path_and_value):
    config = copy.deepcopy(GOOD)
    *path, key, value = path_and_value
    part = config
    for name in path:
        part = part.setdefault(name, {})
    part[key] = value
    return config


def refused(config):
    with pytest.raises(ShiftscopeError) as error:
        Config.load(config)
    assert len(str(error.value)) < 3_000
    return str(error.value)


@pytest.mark.parametrize(
    ("path_and_value", "words"),
    [
        (("protocols", "crop", "offsets", []), "crop.offsets: got []; value should have at least 1 item"),
        (("protocols", "crop", "offsets", "0..3000000000"), "offsets: got '0..3000000000'; it goes further than 100,000"),
        (("protocols", "crop", "offsets", "-99999..99999"), "these are 199,999 numbers, and at most 100,000 are possible"),
        (("protocols", "crop", "offsets", "0.." + "9" * 6000), "is no range"),
        (("protocols", "crop", "offsets", [0, 10**18]), "offsets.1: got 1000000000000000000; input should be less than"),
        (("protocols", "s", {"kind": "scale", "sides": "1..2000000000"}), "s.sides: got '1..2000000000'; it goes further"),
        (("protocols", "s", {"kind": "subpixel", "shifts": []}), "s.shifts: got []"),
        (("protocols", "s", {"kind": "rotate", "shifts": "0..999", "angles": "0..9"}), "s: makes 10,000,000 frames of a pict"),
        (("protocols", "s", {"kind": "crop", "margin": 90_000}), "s: at an input of 64 px, pictures would be resized to 90,064"),
        (("protocols", "s", {"kind": "centre", "crop_fraction": 1e-9}), "s: at an input of 64 px, pictures would be resized"),
        (("protocols", "s", {"kind": "crop", "aspect": [1e-300, 1e300]}), "aspect [1e-300, 1e+300] must be [least, largest] with 0 < least ≤ largest ≤ 1,000"),
        (("protocols", "e", "colour", [300, -1, 7]), "e.colour.0: got 300; input should be less than or equal to 255\n"),
        (("shards", 100_000_000), "shards: got 100000000; input should be less than or equal to 100000"),
        (("statistics", {"resamples": 10**12}), "resamples: got 1000000000000; input should be less than or equal to 1000000"),
        (("inference", {"batch_size": 10**9}), "batch_size: got 1000000000; input should be less than or equal to 65536"),
        (("inference", {"input_size": 10**6}), "input_size: got 1000000; input should be less than or equal to 8192"),
        (("networks", "a", "outputs", 10**12), "outputs: got 1000000000000; input should be less than or equal to 1000000"),
        (("networks", "a", "std", 0), "a.std: got 0; write a list"),
        (("networks", "f", {"kind": "factory", "factory": "a{x}.py:f", "trust": True, "outputs": 10}), "f: 'a{x}.py': Snakemake takes"),
        (("networks", "f", {"kind": "factory", "factory": "x" * 300 + ".py:f", "trust": True}), "has at most 255 bytes"),
        (("networks", "a", "weights", "<w>.pth"), "a.weights: got '<w>.pth'; Snakemake takes '<w>' for a path variable"),
        (("networks", "a", "std", [0, 1, 1]), "a.std.0: got 0; input should be greater than or equal to 0.000001"),
        (("networks", "a", "weights", "x" * 300), "a.weights: got 'xxx"),
        (("networks", "a", "weights", "x\0"), r"a.weights: got 'x\x00'; a text cannot have the character NUL"),
        (("datasets", "d", {"kind": "folder", "path": "x" * 300}), "the name of a file or folder has at most 255 bytes"),
        (("datasets", "d", {"kind": "folder", "path": ""}), "datasets.d.path: got ''; a path is needed"),
        (("datasets", "d", {"kind": "folder", "path": "a\ud800"}), "it has half of a character"),
        (("datasets", "d", {"kind": "folder", "path": "{x}"}), "d.path: got '{x}'; Snakemake takes '{x}' for a wildcard"),
        (("datasets", "d", {"kind": "webdataset", "shards": "x" * 300}), "File name too long"),
        (("datasets", "d", {"kind": "webdataset", "shards": "a-{0..999999999999}.tar"}), "more than 1,000,000 files"),
        (("datasets", "d", {"kind": "webdataset", "shards": "{0..9999}{0..9999}"}), "more than 1,000,000 files"),
        (("datasets", "d", {"kind": "webdataset", "shards": "{0.." + "9" * 5000 + "}"}), "more than 1,000,000 files"),
        (("datasets", "networks", {"kind": "digits"}), "datasets.networks: this folder of the results is that of the network"),
        (("networks", "a.parquet", GOOD["networks"]["a"]), "a name cannot end in"),
        (("protocols", "crop", {"kind": "x" * 1_000}), "unknown protocol 'xxx"),
    ],
)  # fmt: skip
def test_what_asks_for_too_much(path_and_value, words):
    assert words in refused(changed(*path_and_value))


@pytest.mark.parametrize(
    "results",
    ["", ".", "/", "/abs", "..", "../../x", "a/../..", "s3://x", "http://x", "file:///x", "a{x}", "a*", "a?", "~/x", "-n", "a\nb",
     "a\0b", "\ud800", "x" * 256, 'a"b', "a\\b"],
)  # fmt: skip
def test_results_are_a_folder_below_the_working_directory(results):
    assert "results: got " in refused({**GOOD, "results": results})


@pytest.mark.parametrize("results", ["r", "a/b", "./r", "a b", "r[12]", "ü", "a'b", "a//b"])
def test_other_names_of_results_are_fine(results):
    assert Config.load({**GOOD, "results": results}).results.as_posix() == results.removeprefix("./").replace("//", "/")


@pytest.mark.parametrize(
    ("name", "taken", "what"),
    [
        ("{x}", "{x}", "a wildcard"),
        ("{dataset}", "{dataset}", "a wildcard"),
        ("a{wildcards.dataset}", "{wildcards.dataset}", "a wildcard"),
        ("<script>", "<script>", "a path variable"),
        ("a<results>b", "<results>", "a path variable"),
    ],
)
def test_a_class_folder_that_snakemake_takes_for_something_else(name, taken, what, tmp_path):
    (tmp_path / name).mkdir()
    said = refused({**GOOD, "datasets": {**GOOD["datasets"], "p": {"kind": "folder", "path": str(tmp_path)}}})
    assert f"datasets.p: '{tmp_path}/{name}': Snakemake takes '{taken}' for {what}, and" in said


def test_a_value_of_endless_aliases_is_refused_whoever_read_the_yaml():
    value = ["x"] * 9
    for _ in range(9):
        value = [value] * 9
    assert "its aliases stand for more than" in refused(changed("protocols", "crop", "offsets", value))
    round_about = []
    round_about.append(round_about)
    assert "a value is a part of itself" in refused(changed("networks", "a", "options", {"x": round_about}))


def sections():
    found = [Config, Training, Inference, Statistics, Cause]
    for registry in (*SECTIONS.values(), *WITHIN.values()):
        found += [entry.item for entry in registry]
    return found


def numbers_of(section: type[Options]):
    """The names of the settings that are numbers, or several of them."""

    def parts(annotation):
        yield annotation
        for inner in get_args(annotation):
            yield from parts(inner)

    for name, field in section.model_fields.items():
        kinds = list(parts(field.annotation))
        if int in kinds or float in kinds:
            yield name, tuple in [getattr(kind, "__origin__", None) for kind in kinds]


@pytest.mark.parametrize("section", sections(), ids=lambda section: section.__name__)
def test_every_number_of_every_section_has_a_largest_value(section):
    for name, several in numbers_of(section):
        for value in (10**30, -(10**30)):
            given = [value] * len(section.model_fields[name].default or "rgb") if several else value
            with pytest.raises(ValidationError) as error:
                section.model_validate({name: given})
            wrong = {detail["loc"][0] for detail in error.value.errors()}
            assert name in wrong, f"{section.__name__}.{name} takes {value}"


def test_every_protocol_says_how_large_it_makes_pictures():
    for entry in protocols:
        assert entry.item.model_validate({"kind": entry.name}).resized_side(224) >= 224
