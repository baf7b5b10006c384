"""What every script of the workflow does around its one call: its log, and one sentence for a user's mistake."""

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shiftscope.core.errors import ShiftscopeError
from shiftscope.workflow.gpus import lent


@contextmanager
def job(log: str | Path, gpus: int = 0) -> Iterator[None]:
    """Send everything that is printed, by libraries in C too, to `log`; on an error write it there and exit with 1.

    A job that asked for `gpus` sees one that no other job on this machine has (`gpus.lent`).
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
            with lent(gpus):
                yield
        except ShiftscopeError as error:
            print(f"error: {error}", file=sys.stderr, flush=True)
            sys.exit(1)
        except Exception:
            traceback.print_exc()
            sys.stderr.flush()
            sys.exit(1)
