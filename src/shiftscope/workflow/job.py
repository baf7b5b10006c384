"""What scripts of the workflow do around their one call: the log, one sentence for a user's mistake, and nothing where
nothing would change."""

import hashlib
import json
import os
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from shiftscope.core.errors import ShiftscopeError
from shiftscope.core.files import complete


@contextmanager
def job(log: str | Path) -> Iterator[None]:
    """Send everything that is printed, by libraries in C too, to `log`; on an error write it there and exit with 1.

    A ShiftscopeError is written as one sentence, anything else with its traceback.
    """
    # Before torch is there: threads of several jobs that wait for each other by spinning take turns at the same cores, and
    # two trainings with two threads each on two cores were seen to run 20 times slower than one after the other.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    with Path(log).open("w", encoding="utf-8") as file:
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            yield
        except ShiftscopeError as error:
            print(f"error: {error}", file=sys.stderr, flush=True)
            sys.exit(1)
        except Exception:
            traceback.print_exc()
            sys.stderr.flush()
            sys.exit(1)


@contextmanager
def unless_made(outputs: Iterable[str], inputs: Iterable[str], params: Mapping[str, Any]) -> Iterator[None]:
    """A context in which `outputs` are made. The script ends with exit code 0 before it begins where they are there and
    were made of just these inputs, by their content, and of just these parameters.

    Frames that were discarded are made again for the one job that needs them, and Snakemake then runs all jobs that look
    at these frames. It deletes what they made before, unless their rule says `update`; so only there something can be left
    as it is. A hidden file beside the first output holds the digest of what it was made of.
    """
    paths = [Path(path) for path in outputs]
    note = paths[0].with_name(f".{paths[0].name}.made_of")
    digest = _digest(inputs, params)
    if all(path.is_file() for path in paths) and note.is_file() and note.read_text(encoding="utf-8") == digest:
        for path in paths:
            os.utime(path)  # Snakemake goes by dates
        print("made of the same files and parameters as before: left as it is", flush=True)
        sys.exit(0)
    note.unlink(missing_ok=True)
    yield
    with complete(note) as part:
        part.write_text(digest, encoding="utf-8")


def _digest(inputs: Iterable[str], params: Mapping[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(dict(params), sort_keys=True).encode())
    for path in inputs:
        with Path(path).open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
