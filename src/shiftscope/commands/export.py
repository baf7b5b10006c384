"""`shiftscope export`: a finished run as an RO-Crate, with the way that each of its files was made."""

import re
from collections.abc import Sequence
from os.path import commonpath
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from shiftscope.commands.crate import Crate, Named
from shiftscope.commands.verify import Verified, left_to_do, verify
from shiftscope.config import Config
from shiftscope.core import tables
from shiftscope.core.errors import ShiftscopeError
from shiftscope.core.files import complete
from shiftscope.core.records import Record, sha256_of
from shiftscope.stages.source_files import SOURCE_FILES
from shiftscope.workflow.plan import Plan

METADATA = "ro-crate-metadata.json"
LICENCES = "https://spdx.org/licenses/"


class Exported(NamedTuple):
    """What was written."""

    path: Path
    """The file that makes the folder of results a crate."""
    files: int
    """The files of the run that it describes."""
    jobs: int
    """The jobs that made them."""
    left_out: int
    """The files in the folder that are no part of the run."""

    def __str__(self) -> str:
        left = f"; {self.left_out} that are no part of the run are not described" if self.left_out else ""
        return f"{self.path} describes {self.files:,} files and the {self.jobs:,} jobs that made them{left}"


def export(configfile: Path, authors: Sequence[str] = (), licence: str | None = None) -> Exported:
    """Write what makes the folder of results of a config an RO-Crate, and a copy of the config where it lies elsewhere.

    Parameters
    ----------
    authors : each a name, with a URI such as an ORCID behind it: ``Ada Lovelace <https://orcid.org/…>``.
    licence : the identifier of a licence in the list of SPDX, such as ``CC-BY-4.0``, or its URI.

    Raises ShiftscopeError where an author or the licence is written otherwise, where the library rocrate is not
    installed, and where the run is damaged, incomplete or stale.
    """
    config = Config.read(configfile)
    results = Path(config.results)
    crate = Crate(results, [author_of(text) for text in authors], licence_of(licence) if licence else None)
    found = verify(config)
    if Path("Snakefile").is_file() and not found.again():
        found.findings.extend(left_to_do(configfile))
    _refuse(found, configfile)
    described = _describe(crate, Plan(config), found.records, _inside(configfile, results))
    with complete(results / METADATA) as part:
        part.write_text(crate.text(), encoding="utf-8")
    return Exported(results / METADATA, *described, left_out=len(found.findings))


def author_of(text: str) -> Named:
    """An author as written on the command line. Raises ShiftscopeError where it is no name, or no URI follows in brackets.

    >>> author_of("Ada Lovelace <https://orcid.org/0000-0002-1825-0097>")
    Named(name='Ada Lovelace', uri='https://orcid.org/0000-0002-1825-0097')
    >>> author_of("Ada Lovelace")
    Named(name='Ada Lovelace', uri='#author/Ada%20Lovelace')
    """
    found = re.fullmatch(r"\s*([^<>]*[^<>\s])\s*(?:<([^<>]+)>\s*)?", text)
    if not found or (found[2] and not _is_uri(found[2])):
        raise ShiftscopeError(
            f"{text!r} is no author; write a name, and if you like a URI behind it: 'Ada Lovelace <https://orcid.org/…>'"
        )
    return Named(found[1], found[2] or f"#author/{quote(found[1])}")


def licence_of(text: str) -> Named:
    """A licence as written on the command line. Raises ShiftscopeError where it is no identifier and no URI.

    >>> licence_of("CC-BY-4.0")
    Named(name='CC-BY-4.0', uri='https://spdx.org/licenses/CC-BY-4.0')
    """
    if re.fullmatch(r"[A-Za-z0-9.+-]+", text):
        return Named(text, f"{LICENCES}{text}")
    if not _is_uri(text):
        raise ShiftscopeError(
            f"{text!r} is no licence; write its identifier in the list of SPDX, such as CC-BY-4.0, or its URI"
        )
    return Named(text, text)


def _is_uri(text: str) -> bool:
    return urlsplit(text).scheme in ("http", "https") and bool(urlsplit(text).netloc) and not re.search(r"\s", text)


def _refuse(found: Verified, configfile: Path) -> None:
    """Raises ShiftscopeError where something in a run is not as it should be. What is no part of it does no harm."""
    wrong = [one for one in found.findings if one.again or one.kind in ("damaged", "missing", "stale")]
    if wrong:
        more = f", and {len(wrong) - 1:,} more findings" if len(wrong) > 1 else ""
        raise ShiftscopeError(
            f"{wrong[0].path} {wrong[0].what}{more}: nothing was exported; "
            f"'shiftscope verify --configfile {configfile}' says what is wrong and how to mend it"
        )


def _inside(configfile: Path, results: Path) -> Path:
    """The config's file, copied into the folder of results if it is not there."""
    if configfile.absolute().is_relative_to(results.absolute()):
        return results / configfile.absolute().relative_to(results.absolute())
    with complete(results / configfile.name) as part:
        part.write_bytes(configfile.read_bytes())
    return results / configfile.name


def _describe(crate: Crate, plan: Plan, records: dict[str, Record | None], config: Path) -> tuple[int, int]:
    """Add the files and jobs of a run to its crate; how many of each there are."""
    crate.name(*_title(plan.config))
    settings = crate.file(
        str(config), sha256_of(config), "What the run was told to do: the config that all its jobs follow."
    )
    pictures = {
        plan.paths.images.format(dataset=name): _pictures(crate, plan.paths.source_files.format(dataset=name), name)
        for name in plan.config.datasets
    }
    jobs = {tuple(record.made_with): record for record in records.values() if record}
    digests = {path: record.sha256 for path, record in records.items() if record}
    for made, record in jobs.items():
        objects = [crate.file(path, sha256) for path, sha256 in record.made_of.items()]
        shown = [pictures[path] for path in made if pictures.get(path)]
        crate.job(
            record, [*objects, *shown, settings], [crate.file(path, digests[path]) for path in made if path in digests]
        )
    return len(digests), len(jobs)


def _title(config: Config) -> tuple[str, str]:
    """The name of a run and what it is about."""
    datasets, networks = ", ".join(config.datasets), ", ".join(config.networks)
    shown = (
        f"How much the answers of the networks {networks} change when pictures move"
        if networks
        else "How pictures are framed"
    )
    text = (
        f"{shown}, measured by shiftscope on the data sets {datasets}. Beside each file, .records/<file>.json is the "
        "record that the job which made it left."
    )
    return f"shiftscope: {datasets}", text


def _pictures(crate: Crate, listed: str, dataset: str) -> Any:
    """What the pictures of a data set were read from: a folder, or the only file; None where there is no picture."""
    text = f"The pictures of the data set {dataset}. {dataset}/source_files.parquet has the SHA-256 digest of each file."
    files = tables.read(listed, SOURCE_FILES).select("path", "sha256")
    if len(files) < 2:
        return crate.file(files["path"][0], files["sha256"][0], text) if len(files) else None
    folders = files["path"].str.replace(r"/[^/]*$", "").unique()
    whole = [Path(folder) for folder in folders]
    if len({folder.is_absolute() for folder in whole}) > 1:
        whole = [folder.absolute() for folder in whole]
    return crate.folder(commonpath(whole), text)
