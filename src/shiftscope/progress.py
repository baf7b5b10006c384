"""Progress of long work: a bar on a terminal, a line now and then in a log."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

LINE_EVERY_S = 10.0


def progress(items: Iterable[T], total: int, what: str) -> Iterator[T]:
    """Pass `items` on and say on stderr how many of `total` are done; `what` names them in the plural."""
    if sys.stderr.isatty():
        from tqdm import tqdm

        yield from tqdm(items, total=total, desc=what, unit="", dynamic_ncols=True)
        return
    start = last = time.monotonic()
    for done, item in enumerate(items, 1):
        yield item
        now = time.monotonic()
        if now - last >= LINE_EVERY_S or done == total:
            last = now
            print(f"{what}: {done} of {total}, {now - start:.0f} s", file=sys.stderr, flush=True)
