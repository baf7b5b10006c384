"""What every script of the workflow does around its one call: the log, one sentence for what a user can do something about,
and the records of the files that it was given and made."""

import os
import platform
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from shiftscope.core.records import Damaged, Record, checked, disagreement, read_record, sha256_of, write_record
from shiftscope.workflow.faults import sentence
from shiftscope.workflow.gpus import lent


class Snakemake(Protocol):
    """What Snakemake gives to a script, as far as it is needed here."""

    rule: str
    input: Iterable[str]
    output: Iterable[str]
    log: list[str]
    params: Any
    resources: Any
    wildcards: Any
    config: Mapping[str, Any]


@contextmanager
def job(snakemake: Snakemake, *, unless_made: bool = False) -> Iterator[None]:
    """A context in which a script makes the outputs of its rule.

    Everything that is printed, by libraries in C too, goes to the rule's log. The inputs are checked against their records
    before the block begins, and the outputs get records when it ends well. On an error, the exit code is 1: a
    ShiftscopeError is written as one sentence, and so is what the machine refused (`faults.sentence`); anything else with
    its traceback. A job that asked for GPUs sees one that no other job on this machine has (`gpus.lent`).

    Parameters
    ----------
    snakemake : what Snakemake gives to the script.
    unless_made : end the script before the block begins where the outputs are there, and were made of just these inputs,
        by their content, and of just these parameters. Frames that were discarded are made again for the one job that
        needs them, and Snakemake then runs all jobs that look at these frames. It deletes what they made before, unless
        their rule says `update`; so only there something can be left as it is.
    """
    # Before torch is there: threads of several jobs that wait for each other by spinning take turns at the same cores, and
    # two trainings with two threads each on two cores were seen to run 20 times slower than one after the other.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    with _logged(snakemake.log[0]):
        made_of = _checked_inputs(snakemake)
        params = _plain(dict(snakemake.params.items()))
        outputs = list(map(str, snakemake.output))
        if unless_made and _is_made(outputs, made_of, params):
            print("made of the same files and parameters as before: left as it is", flush=True)
            sys.exit(0)
        with lent(snakemake.resources.get("gpu", 0)):
            yield
        of_all = {
            "made_with": outputs,
            "made_of": made_of,
            "params": params,
            "versions": _versions(),
            "machine": _machine(),
        }
        wildcards = {name: str(value) for name, value in snakemake.wildcards.items()}
        for path in outputs:
            write_record(path, Record(sha256_of(path), snakemake.rule, wildcards, **of_all))


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


def _is_made(outputs: list[str], made_of: dict[str, str], params: dict[str, Any]) -> bool:
    """Whether outputs are there, whole, and were made of these files and parameters. If so, they get the present date."""
    for path in outputs:
        if not Path(path).is_file():
            return False
        record = read_record(path)
        if record is None or (record.made_of, record.params) != (made_of, params) or record.sha256 != sha256_of(path):
            return False
    for path in outputs:
        os.utime(path)  # Snakemake goes by dates
    return True


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
