"""What every script of the workflow does around its one call: the log, one sentence for what a user can do something about,
and the records of the files that it was given and made."""

import os
import platform
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple, Protocol

from shiftscope.core.memory import keep_freed, look_past_what_is_there, look_seldom
from shiftscope.core.records import (
    Damaged,
    Record,
    checked,
    disagreement,
    keep,
    kept_path,
    read_record,
    release,
    restore,
    sha256_of,
    write_record,
)
from shiftscope.workflow.faults import sentence
from shiftscope.workflow.gpus import lent


class Snakemake(Protocol):
    """What Snakemake gives to a script, as far as it is needed here."""

    rule: str
    input: Any
    output: Any
    log: list[str]
    params: Any
    resources: Any
    wildcards: Any
    config: Mapping[str, Any]


class Part(NamedTuple):
    """A part of a job, whose files have records of their own."""

    name: str
    """What it is of, such as a protocol."""
    input: SimpleNamespace
    """The files that it is made of, by the names of the rule: of a list, those that are this part's, of which there may be
    none."""
    output: SimpleNamespace
    """The files that it makes, by the names of the rule: one of each."""
    params: dict[str, Any]
    """The parameters that decide it."""
    wildcards: dict[str, str]
    """What it is about, such as data set, network and protocol."""

    def inputs(self) -> list[str]:
        """The files that it is made of."""
        return [path for given in vars(self.input).values() for path in ([given] if isinstance(given, str) else given)]

    def outputs(self) -> list[str]:
        """The files that it makes."""
        return list(vars(self.output).values())


@contextmanager
def job(snakemake: Snakemake) -> Iterator[None]:
    """A context in which a script makes the outputs of its rule: `job_in_parts` for a job of one part."""
    parts = [
        Part(
            "",
            SimpleNamespace(all=list(map(str, snakemake.input))),
            SimpleNamespace(**{str(place): str(path) for place, path in enumerate(snakemake.output)}),
            _plain(dict(snakemake.params.items())),
            _wildcards(snakemake),
        )
    ]
    with _around(snakemake, parts) as todo:
        for _ in todo:
            yield


@contextmanager
def job_in_parts(snakemake: Snakemake, what: str) -> Iterator[Iterator[Part]]:
    """A context in which a script makes the outputs of its rule, one part after the other: it yields those to be made.

    Everything that is printed, by libraries in C too, goes to the rule's log. The inputs are checked against their records
    before the block begins, and the outputs of a part get records when the next part is asked for. On an error, the exit
    code is 1: a ShiftscopeError is written as one sentence, and so is what the machine refused (`faults.sentence`);
    anything else with its traceback. A job that asked for GPUs sees one that no other job on this machine has
    (`gpus.lent`).

    A part whose outputs were kept (`core.records.keep`), and were made of just these inputs, by their content, and of just
    these parameters, is left as it is; where that holds for all parts, the script ends before the block begins. Rules say
    which outputs are kept when a run begins. In addition, those of each part that was made are kept until the job ends,
    however often it fails before.

    Parameters
    ----------
    snakemake : what Snakemake gives to the script. Its parameter `<what>s` has for each part a dictionary of the parameters
        that are the part's own. Lists of inputs and outputs are those of all parts, one part after the other; other inputs
        belong to all parts. Of each list, the parts have equally many files, unless they have an own parameter ``files``,
        a dictionary: how many files of the input of a name are the part's, where parts are made of different ones.
    what : what the parts are of, such as ``protocol``.
    """
    with _around(snakemake, _parts(snakemake, what)) as todo:
        yield todo


@contextmanager
def _around(snakemake: Snakemake, parts: list[Part]) -> Iterator[Iterator[Part]]:
    # Before torch is there: threads of several jobs that wait for each other by spinning take turns at the same cores, and
    # two trainings with two threads each on two cores were seen to run 20 times slower than one after the other.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    keep_freed()
    look_seldom()
    with _logged(snakemake.log[0]):
        digests = _checked_inputs(snakemake)
        todo = [part for part in parts if not _is_left(part, digests)]
        if todo:
            with lent(snakemake.resources.get("gpu", 0)):
                yield _recorded(todo, snakemake.rule, digests)
        for part in parts:
            for path in part.outputs():
                release(path)
        look_past_what_is_there()
        if not todo:
            sys.exit(0)


def _parts(snakemake: Snakemake, what: str) -> list[Part]:
    """The parts of a job, in the order of its parameter."""
    common = dict(snakemake.params.items())
    names = {name: dict(own) for name, own in common.pop(f"{what}s").items()}
    counts = [own.pop("files", {}) for own in names.values()]
    inputs = _shared_out(snakemake.input, counts)
    outputs = _shared_out(snakemake.output, [{}] * len(names))
    return [
        Part(
            name,
            SimpleNamespace(**given),
            SimpleNamespace(**{output: path for output, (path,) in made.items()}),
            _plain(common | own),
            _wildcards(snakemake) | {what: name},
        )
        for (name, own), given, made in zip(names.items(), inputs, outputs, strict=True)
    ]


def _shared_out(files: Any, counts: Sequence[Mapping[str, int]]) -> list[dict[str, Any]]:
    """The files of each part, by name: as many of a list as its `counts` say of the name, else equally many."""
    shared: list[dict[str, Any]] = [{} for _ in counts]
    for name, given in files.items():
        rest = iter([] if isinstance(given, str) else list(map(str, given)))
        equal = 0 if isinstance(given, str) else len(given) // len(counts)
        for part, count in zip(shared, counts, strict=True):
            part[name] = given if isinstance(given, str) else list(islice(rest, count.get(name, equal)))
    return shared


def _wildcards(snakemake: Snakemake) -> dict[str, str]:
    return {name: str(value) for name, value in snakemake.wildcards.items()}


def _made_of(part: Part, digests: Mapping[str, str]) -> dict[str, str]:
    """The digests of the files that a part is made of; folders of the user's have none."""
    return {path: digests[path] for path in part.inputs() if path in digests}


def _is_left(part: Part, digests: Mapping[str, str]) -> bool:
    """Whether the outputs of a part were kept, whole, and were made of these files and parameters. If so, they are there
    again."""
    for path in part.outputs():
        with suppress(Damaged):
            record, kept = read_record(path), kept_path(path)
            made_of_this = record and (record.made_of, record.params) == (_made_of(part, digests), part.params)
            if record and made_of_this and kept.is_file() and record.sha256 == sha256_of(kept):
                continue
        return False
    for path in part.outputs():
        restore(path)
    about = f"{part.name}: " if part.name else ""
    print(f"{about}made of the same files and parameters as before: left as it is", flush=True)
    return True


def _recorded(parts: list[Part], rule: str, digests: Mapping[str, str]) -> Iterator[Part]:
    """The parts that are to be made. Each gets its records, and is kept, when the next one is asked for."""
    for part in parts:
        if part.name:
            print(f"{part.name}:", flush=True)
        yield part
        outputs, made_of = part.outputs(), _made_of(part, digests)
        for path in outputs:
            record = Record(sha256_of(path), rule, part.wildcards, outputs, made_of, part.params, _versions(), _machine())
            write_record(path, record)
            keep(path)


@contextmanager
def _logged(log: str) -> Iterator[None]:
    """A context whose output goes to the file `log`, and whose errors end the process."""
    terminal = os.dup(2)
    try:
        Path(log).parent.mkdir(parents=True, exist_ok=True)
        with Path(log).open("w", encoding="utf-8") as file:
            sys.stdout.flush()
            sys.stderr.flush()
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        yield
    except KeyboardInterrupt:
        _end("interrupted; what was being written is left out, and the same command goes on from here", terminal)
    except Exception as error:
        _end(sentence(error), terminal)


def _end(said: str | None, terminal: int) -> None:
    """Exit with 1 after the error was written: one sentence if there is one, else the traceback."""
    text = f"error: {said}\n" if said else traceback.format_exc()
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except OSError:  # the log is on the disk that is full
        os.write(terminal, text.encode(errors="replace"))
    sys.exit(1)


def _checked_inputs(snakemake: Snakemake) -> dict[str, str]:
    """The digests of the inputs, by path.

    Raises Damaged where one is not what was written, has no record although it lies among the results, or was made of
    another version of a second one.
    """
    results = snakemake.config.get("results", "results")
    digests: dict[str, str] = {}
    records: dict[str, Record | None] = {}
    for path in dict.fromkeys(map(str, snakemake.input)):
        if not Path(path).is_file():  # a folder of the user's
            continue
        digests[path], records[path] = checked(path)
        if records[path] is None and Path(path).is_relative_to(results):
            raise Damaged(path, "has no record of what it was made of")
    if disagree := disagreement(records, digests):
        raise disagree
    return digests


def _plain(value: Any) -> Any:
    """A parameter as JSON gives it back."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one) for one in (sorted(value) if isinstance(value, set | frozenset) else value)]
    return value if isinstance(value, bool | int | float | str | None) else str(value)


def _versions() -> dict[str, str]:
    """The versions of Python and of the libraries that decide numbers or files, as far as they were loaded."""
    names = (
        "cv2",
        "matplotlib",
        "numpy",
        "openvino",
        "PIL",
        "polars",
        "pyarrow",
        "scipy",
        "shiftscope",
        "timm",
        "torch",
        "torchvision",
    )
    loaded = {name: getattr(sys.modules.get(name), "__version__", None) for name in names}
    return {"python": platform.python_version(), **{name: str(version) for name, version in loaded.items() if version}}


def _machine() -> dict[str, str]:
    """The processor and the system, and the GPU where the job used one."""
    found = {"system": platform.system(), "processor": _processor()}
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        found["gpu"] = torch.cuda.get_device_name()
    return found


def _processor() -> str:
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as file:
            named = next((line for line in file if line.startswith("model name")), "")
    except OSError:
        named = ""
    return named.partition(":")[2].strip() or platform.machine()
