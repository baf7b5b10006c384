"""`shiftscope verify`: a whole run is well, and whatever is damaged, missing, stale, foreign or orphaned in it is found."""

import os
import random
import shutil
from pathlib import Path

import pytest

from shiftscope.cli import main
from shiftscope.commands.verify import lines, verify
from shiftscope.config import Config
from shiftscope.core.records import read_record, record_path, sha256_of, write_record

from .conftest import SMALL

pytestmark = pytest.mark.workflow
CONFIG = Path("small.yaml")


@pytest.fixture(autouse=True)
def in_the_project(looked_at, monkeypatch):
    monkeypatch.chdir(looked_at.folder)


@pytest.fixture
def kept():
    """A function that keeps a file as it is, whatever a test does with it; its record too."""
    kept = {}

    def keep(path):
        for one in (Path(path), record_path(path)):
            kept[one] = one.read_bytes()
        return Path(path)

    yield keep
    for path, content in kept.items():
        path.write_bytes(content)


def checked(**more):
    return verify(Config.load({**SMALL, **more}))


def by_rule():
    """One file that each rule made, drawn at random."""
    found = {}
    for record in Path("results").rglob(".records/*.json"):
        path = record.parent.parent / record.stem
        if path.is_file():
            found.setdefault(read_record(path).rule, []).append(path)
    return {rule: random.Random(rule).choice(sorted(paths)) for rule, paths in found.items()}


def flip(path, seed):
    content = bytearray(path.read_bytes())
    place = random.Random(seed).randrange(len(content) * 8)
    content[place // 8] ^= 1 << place % 8
    path.write_bytes(content)


def test_a_run_that_nobody_touched_is_well(capsys):
    found = checked()
    assert found.findings == []
    assert found.files > 200
    assert found.size > 1_000_000
    assert main(["verify", "--configfile", "small.yaml", "results/test"]) == 0
    assert "each is what was written, and follows from the others" in capsys.readouterr().out


def test_every_file_that_jobs_made_is_looked_at():
    made = {
        path.as_posix()
        for path in Path("results").rglob("*")
        if path.is_file() and not set(path.parts) & {"logs", "benchmarks", "source", ".records", "_choices"}
    }
    run = checked()
    assert run.files == len(made)


def test_a_flipped_bit_in_the_file_of_any_rule_is_found_and_nothing_else(kept):
    for rule, path in by_rule().items():
        whole = kept(path).read_bytes()
        flip(path, rule)
        found = [(one.kind, one.path) for one in checked().findings]
        assert found == [("damaged", path.as_posix())], rule
        path.write_bytes(path.read_bytes()[:-3])
        assert [(one.kind, one.path) for one in checked().findings] == found
        path.write_bytes(whole)
    assert len(by_rule()) > 20


def test_a_file_of_any_rule_that_is_gone_is_found(kept):
    for rule, path in by_rule().items():
        content = kept(path).read_bytes()
        path.unlink()
        assert [(one.kind, one.path, one.again) for one in checked().findings] == [
            ("missing", path.as_posix(), path.as_posix())
        ], rule
        path.write_bytes(content)


def test_tables_that_do_not_follow_from_their_inputs_are_stale(kept):
    """Boxes that were made again are in order; what was made of the former ones is not."""
    path = kept(Path("results/test/boxes.parquet"))
    flip(path, 0)
    write_record(path, read_record(path)._replace(sha256=sha256_of(path)))
    found = checked().findings
    assert {one.kind for one in found} == {"stale"}
    assert {"results/test/bias.parquet", "results/test/inclusion.parquet"} <= {one.path for one in found}
    assert all("boxes.parquet than is there now" in one.what for one in found)


def test_pictures_that_were_replaced_after_they_were_listed_are_found():
    """By size and date, and where these were put back, by reading them."""
    path = sorted(Path("results/test/source/images").rglob("*.png"))[0]
    content, facts = path.read_bytes(), path.stat()
    changed = bytearray(content)
    changed[-20] ^= 1
    path.write_bytes(changed)
    found = [(one.kind, one.path, one.again) for one in checked().findings]
    assert found == [("stale", path.as_posix(), "results/test/images.parquet")]
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert checked().findings == []
    assert [(one.kind, one.path) for one in verify(Config.load(SMALL), deep=True).findings] == [("stale", path.as_posix())]
    path.write_bytes(content)
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert verify(Config.load(SMALL), deep=True).findings == []


def test_a_file_that_was_put_there_is_foreign():
    path = Path("results/test/predictions/crop/mine.parquet")
    shutil.copy("results/test/boxes.parquet", path)
    found = checked().findings
    path.unlink()
    assert [(one.kind, one.path, one.again) for one in found] == [("foreign", path.as_posix(), None)]


def test_what_has_lost_its_record_is_made_again(kept):
    path = kept(Path("results/test/bias.parquet"))
    record_path(path).unlink()
    (found,) = checked().findings
    assert (found.kind, found.again) == ("foreign", path.as_posix())


def test_a_damaged_record_is_found(kept):
    path = kept(Path("results/test/bias.parquet"))
    text = record_path(path).read_text()
    record_path(path).write_text(text.replace('"seed": 0', '"seed": 1'))
    assert text != record_path(path).read_text()
    (found,) = checked().findings
    assert (found.kind, found.path) == ("damaged", path.as_posix())
    assert found.what.startswith("has a damaged record")


def test_what_no_result_was_made_of_is_orphaned():
    """As the predictions of a network that was taken out of the config, after all else was made again."""
    path, gone = (Path(f"results/test/predictions/crop/{name}.parquet") for name in ("plain", "gone"))
    shutil.copy(path, gone)
    shutil.copy(record_path(path), record_path(gone))
    found = checked().findings
    for one in (gone, record_path(gone)):
        one.unlink()
    assert [(one.kind, one.path, one.again) for one in found] == [("orphaned", gone.as_posix(), None)]


def test_what_would_be_run_since_the_config_changed_is_stale(looked_at, capsys):
    fewer = {name: protocol for name, protocol in SMALL["protocols"].items() if name != "centre"}
    looked_at.configure({**SMALL, "protocols": fewer})
    assert main(["verify", "--configfile", "small.yaml"]) == 1
    looked_at.configure(SMALL)
    said = capsys.readouterr().out.splitlines()
    assert "STALE     sensitivity has 1 to run, since the config, the code or the date of a file changed" in said
    assert said[-1] == "to mend it: snakemake --configfile small.yaml"


def test_what_a_killed_job_left_is_orphaned():
    path = Path("results/test/.boxes.parquet.host.1.part")
    path.write_text("half")
    (found,) = checked().findings
    path.unlink()
    assert (found.kind, found.path) == ("orphaned", path.as_posix())
    assert "killed" in found.what


def test_in_the_middle_of_a_run_nothing_is_orphaned(kept):
    """The page is not there yet: then it is missing, and what it will be made of is no orphan."""
    page = kept(Path("results/test/report.html"))
    page.unlink()
    record_path(page).unlink()
    assert [(one.kind, one.path) for one in checked().findings] == [("missing", page.as_posix())]


def test_folders_that_are_not_of_this_config_are_refused(capsys):
    assert main(["verify", "--configfile", "small.yaml", "results/tset"]) == 1
    assert "results/tset is no folder of results of this config" in capsys.readouterr().err


def test_the_command_it_names_mends_it(looked_at, kept):
    path = kept(Path("results/test/figures/crop/gallery.pdf"))
    whole = path.read_bytes()
    flip(path, 1)
    found = checked()
    assert "snakemake --configfile small.yaml --forcerun results/test/figures/crop/gallery.pdf" in lines(found, CONFIG)[-1]
    looked_at.snakemake(*lines(found, CONFIG)[-1].partition("small.yaml ")[2].split())
    assert path.read_bytes() == whole
    assert checked().findings == []
