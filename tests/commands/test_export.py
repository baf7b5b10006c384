"""`shiftscope export`: what becomes of files that are not in the folder, and what it does not take."""

import hashlib
import json
import sys
import time

import pytest

from shiftscope.cli import main
from shiftscope.commands.crate import Crate, Named
from shiftscope.commands.export import author_of, licence_of
from shiftscope.core.errors import ShiftscopeError
from shiftscope.core.records import Record, record_path, write_record

RECORD = Record(
    sha256="",
    rule="infer",
    wildcards={"dataset": "my digits", "network": "plain"},
    made_with=[],
    made_of={},
    params={"seed": 3, "source": {"kind": "folder"}},
    versions={"python": "3.11.7", "shiftscope": "0.1.0", "torch": "2.11.0"},
    machine={"system": "Linux", "processor": "a processor", "gpu": "a GPU"},
)


def graph(crate):
    return {entity["@id"]: entity for entity in json.loads(crate.text())["@graph"]}


def ids(references):
    return [one["@id"] for one in (references if isinstance(references, list) else [references])]


def written(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def test_a_users_file_is_named_by_its_absolute_path_and_not_copied(tmp_path):
    weights = tmp_path / "my weights.safetensors"
    digest = written(weights, b"12345")
    crate = Crate(tmp_path / "results")
    crate.file(str(weights), digest)
    (found,) = [entity for entity in graph(crate).values() if entity["@type"] == "File"]
    assert found["@id"] == f"file://{tmp_path}/my%20weights.safetensors"
    assert (found["sha256"], found["contentSize"]) == (digest, "5")
    assert found["description"].startswith("A file of the user's, outside of this folder")
    assert not (tmp_path / "results").exists()


def test_pixels_that_were_removed_after_use_are_no_file_of_the_crate(tmp_path):
    crate = Crate(tmp_path)
    crate.file(f"{tmp_path}/digits/frames/crop/64/1of1/canvases.parquet", "0" * 64)
    found = graph(crate)
    assert "hasPart" not in found["./"]
    removed = found["#removed/digits/frames/crop/64/1of1/canvases.parquet"]
    assert removed["@type"] == "CreativeWork"
    assert removed["sha256"] == "0" * 64
    assert removed["description"].endswith("Removed after it was used.")


def test_a_job_names_what_it_was_made_of_and_with(tmp_path):
    into = tmp_path / "my digits" / "answers.parquet"
    record = RECORD._replace(made_with=[str(into)], sha256=written(into, b"answers"))
    write_record(into, record)
    crate = Crate(tmp_path, [Named("Ada", "#author/Ada"), Named("Charles", "#author/Charles")])
    before = crate.file(str(tmp_path / "frames.parquet"), written(tmp_path / "frames.parquet", b"frames"))
    crate.job(record, [before], [crate.file(str(into), record.sha256)])
    found = graph(crate)
    action = found["#job/infer/my%20digits/plain"]
    assert action["name"] == "infer: dataset my digits, network plain"
    assert "a processor and a GPU" in action["description"]
    assert ids(found["./"]["mentions"]) == [action["@id"]]
    assert ids(action["result"]) == ["my%20digits/answers.parquet"]
    assert ids(action["agent"]) == ids(found["./"]["author"]) == ["#author/Ada", "#author/Charles"]
    made_of = [found[one] for one in ids(action["object"])]
    assert made_of[0]["@id"] == "frames.parquet"
    assert {one["name"]: one["value"] for one in made_of[1:]} == {"seed": 3, "source": '{"kind": "folder"}'}
    tool = found[action["instrument"]["@id"]]
    assert (tool["name"], tool["softwareVersion"]) == ("shiftscope", "0.1.0")
    libraries = [found[one] for one in ids(tool["softwareRequirements"])]
    assert {one["name"]: one["softwareVersion"] for one in libraries} == {"python": "3.11.7", "torch": "2.11.0"}
    ended = record_path(into).stat().st_mtime
    assert action["endTime"][:19] == time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ended))


def test_jobs_with_other_versions_of_libraries_have_other_instruments(tmp_path):
    crate = Crate(tmp_path)
    for number, torch in enumerate(["2.11.0", "2.11.0", "2.12.0"]):
        into = tmp_path / f"{number}.parquet"
        record = RECORD._replace(
            made_with=[str(into)], wildcards={"network": str(number)}, versions={**RECORD.versions, "torch": torch}
        )
        written(into, b"")
        write_record(into, record)
        crate.job(record, [], [crate.file(str(into), "0" * 64)])
    found = graph(crate)
    first, second, third = (found[f"#job/infer/{number}"]["instrument"]["@id"] for number in range(3))
    assert first == second != third


@pytest.mark.parametrize("text", ["", " ", "<https://orcid.org/0>", "Ada <ada@example.org>", "Ada <https://a> Lovelace"])
def test_an_author_that_is_none_is_refused(text):
    with pytest.raises(ShiftscopeError, match="is no author"):
        author_of(text)


@pytest.mark.parametrize("text", ["", "CC BY 4.0", "ftp://example.org/licence", "https:///"])
def test_a_licence_that_is_none_is_refused(text):
    with pytest.raises(ShiftscopeError, match="is no licence"):
        licence_of(text)


def test_without_the_library_one_sentence_says_how_to_install_it(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "rocrate", None)
    monkeypatch.setitem(sys.modules, "rocrate.model", None)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text("datasets: {digits: {kind: digits, framing: centred}}\n")
    assert main(["export", "--configfile", "a.yaml"]) == 1
    said = capsys.readouterr().err
    assert "pip install rocrate" in said
    assert said.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.yaml"]
