"""`shiftscope export`: the crate is valid, says of each file what is there, and of each job what it was; nothing that is wrong
is exported."""

import json
import shutil
import subprocess
from pathlib import Path
from urllib.parse import unquote

import pytest

from shiftscope.cli import main
from shiftscope.core.records import read_record

from ..crates import Severity, failed, prepare
from .conftest import SMALL

pytestmark = pytest.mark.workflow
METADATA = Path("results/ro-crate-metadata.json")
ASKED = [
    "export",
    "--configfile",
    "small.yaml",
    "--license",
    "CC-BY-4.0",
    "--author",
    "Ada <https://orcid.org/0000-0002-1825-0097>",
]
UNMET = {
    "Application url",  # neither shiftscope nor Python's packages know where they are to be found
    "SoftwareApplication id",  # for the same reason
    "Root Data Entity: `publisher` property",  # it is not known who will publish the run
    "CreativeWork Author: RECOMMENDED affiliation property",  # nor where its authors work
    "CreativeWork Author: RECOMMENDED Contextual Entity linked for the organizational `affiliation` property",
}
"""What the profile recommends, by the names of the validator's checks, and a run cannot know."""


@pytest.fixture(autouse=True)
def in_the_project(looked_at, monkeypatch):
    monkeypatch.chdir(looked_at.folder)


@pytest.fixture(scope="module")
def crate(looked_at):
    """The entities of the run's crate, by their ids."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(looked_at.folder)
        assert main(ASKED) == 0
        return {entity["@id"]: entity for entity in json.loads(METADATA.read_text())["@graph"]}


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """The validator's cache of the web, filled, so that it asks nothing of the network."""
    path = tmp_path_factory.mktemp("web") / "cache"
    prepare(path)
    return path


def ids(references):
    return [one["@id"] for one in (references if isinstance(references, list) else [references])]


def of_kind(crate, kind):
    return [entity for entity in crate.values() if entity["@type"] == kind]


def test_the_crate_is_valid_and_lacks_only_what_a_run_cannot_know(crate, cache):
    assert set(failed(Path("results"), cache, Severity.RECOMMENDED)) == UNMET


def test_the_validator_finds_what_is_wrong(crate, cache, tmp_path):
    """A control: of the same crate, a tool, a file and the licence are taken away."""
    entities = {known: dict(entity) for known, entity in crate.items()}
    action, *_ = (entity for entity in entities.values() if entity["@type"] == "CreateAction")
    del action["instrument"]
    del entities["./"]["license"]
    broken = tmp_path / "broken"
    shutil.copytree("results", broken, ignore=shutil.ignore_patterns("boxes.parquet"))
    context = json.loads(METADATA.read_text())["@context"]
    (broken / METADATA.name).write_text(json.dumps({"@context": context, "@graph": list(entities.values())}))
    found = failed(broken, cache)
    assert {"Action instrument", "Data Entity: REQUIRED resource availability"} <= set(found)
    assert any("license" in name for name in found)


def test_each_file_of_the_run_is_described_as_it_is(crate):
    made = list(Path("results").rglob(".records/*.json"))
    expected = {(path.parent.parent / path.stem).relative_to("results").as_posix() for path in made} | {"small.yaml"}
    files = {unquote(entity["@id"]): entity for entity in of_kind(crate, "File")}
    assert set(files) == expected
    assert set(ids(crate["./"]["hasPart"])) == {
        entity["@id"] for kind in ("File", "Dataset") for entity in of_kind(crate, kind)
    } - {"./"}
    names = sorted(files)
    sums = subprocess.run(["sha256sum", *names], cwd="results", check=True, capture_output=True, text=True).stdout
    assert [line.split("  ")[0] for line in sums.splitlines()] == [files[name]["sha256"] for name in names]
    for name in names:
        assert int(files[name]["contentSize"]) == len((Path("results") / name).read_bytes())
    assert all(file["description"] for file in files.values())
    assert files["test/boxes.parquet"]["encodingFormat"] == "application/vnd.apache.parquet"
    assert files["test/figures/crop/gallery.png"]["encodingFormat"] == "image/png"


def test_each_job_is_an_action_with_what_its_records_say(crate, looked_at):
    actions = of_kind(crate, "CreateAction")
    rules = [action["@id"].split("/")[1] for action in actions]
    found, jobs = {rule: rules.count(rule) for rule in set(rules)}, looked_at.would_run_each("--forceall")
    assert found.keys() == jobs.keys()
    # A job of several parts, such as protocols or figures, is an action for each of them.
    parts = dict.fromkeys(("infer", "aggregate", "sums"), len(SMALL["protocols"]))
    drawn = {rule for rule in jobs if rule.startswith("figures_")}
    others = found.keys() - drawn
    assert {rule: found[rule] for rule in others} == {rule: jobs[rule] * parts.get(rule, 1) for rule in others}
    assert sum(found[rule] for rule in drawn) == len(list(Path("results").rglob("figures/**/*.png")))
    assert sorted(ids(crate["./"]["mentions"])) == sorted(action["@id"] for action in actions)
    made = [name for action in actions for name in ids(action["result"])]
    assert len(made) == len(set(made))
    for action in actions:
        for name in ids(action["result"]):
            record = read_record(f"results/{unquote(name)}")
            objects = [crate[one] for one in ids(action["object"])]
            said = {
                f"results/{one['name']}": one["sha256"]
                for one in objects
                if "sha256" in one and one["name"] != "small.yaml"
            }
            assert said == record.made_of
            assert {one["name"] for one in objects if one["@type"] == "PropertyValue"} == set(record.params)
            tool = crate[action["instrument"]["@id"]]
            libraries = [crate[one] for one in ids(tool["softwareRequirements"])]
            versions = {one["name"]: one["softwareVersion"] for one in [tool, *libraries]}
            assert versions == record.versions
            assert action["name"].startswith(record.rule)
            assert "small.yaml" in ids(action["object"])


def test_pictures_are_what_the_first_table_was_made_of(crate):
    (action,) = (one for one in of_kind(crate, "CreateAction") if "test/images.parquet" in ids(one["result"]))
    (pictures,) = [one for one in ids(action["object"]) if crate[one]["@type"] == "Dataset"]
    assert len(list(Path("results", pictures).rglob("*.png"))) == SMALL["datasets"]["test"]["count"]


def test_the_author_and_the_licence_are_those_that_were_named(crate):
    assert crate[crate["./"]["author"]["@id"]]["name"] == "Ada"
    assert crate["./"]["license"] == {"@id": "https://spdx.org/licenses/CC-BY-4.0"}
    assert Path("results/small.yaml").read_text() == Path("small.yaml").read_text()


def test_a_crate_is_no_part_of_the_run_and_can_be_written_again(crate, capsys):
    assert main(["verify", "--configfile", "small.yaml"]) == 0
    stray = Path("results/test/notes.txt")
    stray.write_text("mine")
    assert main(ASKED) == 0
    stray.unlink()
    assert "1 that are no part of the run are not described" in capsys.readouterr().out
    again = {entity["@id"]: entity for entity in json.loads(METADATA.read_text())["@graph"]}
    assert {known: entity for known, entity in again.items() if known != "./"} == {
        known: entity for known, entity in crate.items() if known != "./"
    }


def test_without_a_licence_the_crate_says_so_and_is_valid(looked_at, cache):
    assert main(["export", "--configfile", "small.yaml"]) == 0
    (root,) = [one for one in json.loads(METADATA.read_text())["@graph"] if one["@id"] == "./"]
    assert root["license"].startswith("No licence was named.")
    assert failed(Path("results"), cache) == {}


@pytest.mark.parametrize("damage", ["damaged", "missing", "stale"])
def test_a_run_that_is_not_in_order_is_refused(crate, damage, looked_at, capsys):
    path = Path("results/test/boxes.parquet")
    content = path.read_bytes()
    METADATA.unlink(missing_ok=True)
    if damage == "damaged":
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif damage == "missing":
        path.unlink()
    else:
        looked_at.configure({**SMALL, "statistics": {"resamples": 300}})
    status = main(ASKED)
    path.write_bytes(content)
    looked_at.configure(SMALL)
    said = capsys.readouterr().err
    assert status == 1
    assert said.count("\n") == 1
    assert "nothing was exported; 'shiftscope verify --configfile small.yaml' says what is wrong" in said
    assert said.startswith("error: results/test/boxes.parquet " if damage != "stale" else "error: ")
    assert not METADATA.exists()
