"""A run as an RO-Crate: a folder with a file of JSON-LD that says what each file is, and which job made it of which others.

The form is RO-Crate 1.1 (https://w3id.org/ro/crate/1.1) with the profile Process Run Crate 0.5
(https://w3id.org/ro/wfrun/process/0.5).
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from shiftscope.commands.contents import meaning, media_type
from shiftscope.core.errors import ShiftscopeError
from shiftscope.core.records import Record, record_path

VERSION = "1.1"
PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
TERMS = {"sha256": "http://schema.org/sha256"}
"""A term of schema.org that is younger than RO-Crate 1.1, whose list of terms lacks it."""
NO_LICENCE = "No licence was named. Ask the authors before you use these files."

OUTSIDE = "A file of the user's, outside of this folder, where it was on the machine that made the run."


class Named(NamedTuple):
    """An author, a licence or the like."""

    name: str
    uri: str


class Crate:
    """An RO-Crate in the making.

    Parameters
    ----------
    results : the folder that becomes the crate.
    authors : who made the run; each job names them as the ones who ran it.
    licence : of the files; None where none was named.

    Raises ShiftscopeError where the library rocrate is not installed.
    """

    def __init__(self, results: Path, authors: Sequence[Named] = (), licence: Named | None = None) -> None:
        try:
            from rocrate.model import ContextEntity, Dataset, File
            from rocrate.rocrate import ROCrate
        except ImportError:
            raise ShiftscopeError(
                "rocrate is not installed, which writes RO-Crates; run pip install rocrate, or install shiftscope with the "
                "extra 'crate': pip install --constraint constraints.txt --editable '.[crate]'"
            ) from None
        self._file, self._dataset, self._context = File, Dataset, ContextEntity
        self.results = results
        self.crate = ROCrate(version=VERSION)
        self.crate.metadata.extra_terms = TERMS
        profile = self._add(PROFILE, "CreativeWork", name="Process Run Crate", version=PROFILE.rpartition("/")[2])
        self.crate.root_dataset["conformsTo"] = profile
        self._authors = [self._add(author.uri, "Person", name=author.name) for author in authors]
        if self._authors:
            self.crate.root_dataset["author"] = _one(self._authors)
        self.crate.root_dataset["license"] = self._licence(licence)
        self._jobs: list[Any] = []

    def name(self, name: str, description: str) -> None:
        """Say what the crate is as a whole."""
        self.crate.root_dataset["name"] = name
        self.crate.root_dataset["description"] = description

    def file(self, path: str, sha256: str, description: str = "") -> Any:
        """Add a file of the run, or a user's file that it was made of, unless it is there already; its entity.

        A file outside of the folder becomes one that is named by its absolute path. A file that was removed on purpose, as
        the pixels of frames are, becomes one that cannot be had any more.

        Parameters
        ----------
        path : as Snakemake names it.
        sha256 : its digest.
        description : what it is, where its name does not say it.
        """
        place = Path(path)
        inside = place.is_relative_to(self.results)
        within = place.relative_to(self.results).as_posix() if inside else ""
        gone = inside and not place.is_file()
        known = _id("removed", within) if gone else quote(within) if inside else _uri(place)
        if found := self.crate.get(known):
            return found
        facts: dict[str, Any] = {"name": within or place.name, "encodingFormat": media_type(path), "sha256": sha256}
        if said := description or (meaning(within) if inside else OUTSIDE):
            facts["description"] = said
        if gone:
            facts["description"] = f"{said} Removed after it was used.".strip()
            return self._add(known, "CreativeWork", **facts)
        if place.is_file():
            facts["contentSize"] = str(place.stat().st_size)
        to = {"dest_path": within} if inside else {"source": known}
        return self.crate.add(self._file(self.crate, **to, properties=facts))

    def folder(self, path: str, description: str) -> Any:
        """Add a folder whose files are not listed, such as that of the pictures; its entity."""
        place = Path(path)
        inside = place.is_relative_to(self.results)
        to = {"dest_path": place.relative_to(self.results)} if inside else {"source": f"{_uri(place)}/"}
        facts = {"name": f"{place.name}/", "description": description}
        return self.crate.add(self._dataset(self.crate, **to, properties=facts))

    def job(self, record: Record, objects: Iterable[Any], results: Iterable[Any]) -> None:
        """Add a job that made the entities `results` of the entities `objects` and of the parameters in its record."""
        about = ", ".join(f"{name} {value}" for name, value in record.wildcards.items())
        gpu = f" and {record.machine['gpu']}" if "gpu" in record.machine else ""
        on = f"{record.machine.get('processor', 'an unknown processor')}{gpu}, {record.machine.get('system', '')}"
        parameters = [self._parameter(name, value) for name, value in record.params.items()]
        ended = max(record_path(path).stat().st_mtime for path in record.made_with)
        action = self._add(
            _id("job", record.rule, *record.wildcards.values()),
            "CreateAction",
            name=f"{record.rule}: {about}" if about else record.rule,
            description=f"The rule {record.rule} of shiftscope's workflow, run on {on}.",
            instrument=self._software(record.versions),
            object=_one([*objects, *parameters]),
            result=_one(list(results)),
            endTime=datetime.fromtimestamp(ended, UTC).isoformat(timespec="seconds"),
            actionStatus="http://schema.org/CompletedActionStatus",
        )
        if self._authors:
            action["agent"] = _one(self._authors)
        self._jobs.append(action)

    def text(self) -> str:
        """The JSON-LD that makes the folder a crate."""
        self.crate.root_dataset["mentions"] = _one(self._jobs)
        return json.dumps(self.crate.metadata.generate(), indent=1, ensure_ascii=False) + "\n"

    def _add(self, known: str, kind: str, **facts: Any) -> Any:
        return self.crate.get(known) or self.crate.add(
            self._context(self.crate, known, properties={"@type": kind, **facts})
        )

    def _licence(self, licence: Named | None) -> Any:
        if licence is None:
            return NO_LICENCE
        said = "The licence of the files of this run, as the one who exported it named it."
        return self._add(licence.uri, "CreativeWork", name=licence.name, description=said)

    def _parameter(self, name: str, value: Any) -> Any:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        known = _id("parameter", name, hashlib.sha256(text.encode()).hexdigest()[:16])
        plain = value if isinstance(value, bool | int | float) else text
        return self._add(known, "PropertyValue", name=name, value=plain)

    def _software(self, versions: Mapping[str, str]) -> Any:
        """shiftscope together with the libraries of just these versions."""
        text = json.dumps(versions, sort_keys=True)
        libraries = [
            self._add(_id("software", name, version), "SoftwareApplication", name=name, softwareVersion=version)
            for name, version in versions.items()
            if name != "shiftscope"
        ]
        return self._add(
            _id("software", "shiftscope", hashlib.sha256(text.encode()).hexdigest()[:16]),
            "SoftwareApplication",
            name="shiftscope",
            softwareVersion=versions.get("shiftscope", "unknown"),
            softwareRequirements=_one(libraries),
        )


def _id(*names: str) -> str:
    """The name of an entity within the crate.

    >>> _id("job", "images", "my digits")
    '#job/images/my%20digits'
    """
    return f"#{'/'.join(quote(name) for name in names)}"


def _uri(path: Path) -> str:
    return path.absolute().as_uri()


def _one(entities: list[Any]) -> Any:
    """Entities as RO-Crate wants them written: a list, or the only one."""
    return entities[0] if len(entities) == 1 else entities
