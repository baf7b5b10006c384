"""Progress of long work: a bar on a terminal, and a line every ten seconds in a log."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

LINE_EVERY_S = 10.0


def progress(items: Iterable[T], total: int, what: str, weight: Callable[[T], int] = lambda _: 1) -> Iterator[T]:
    """Pass `items` on, and say on stderr how much of `total` is done: a bar on a terminal and in a notebook.

    Parameters
    ----------
    items : any iterable; it is not read ahead.
    total : the sum of all weights; 0 where nobody knows it.
    what : what is counted, in the plural, such as ``pictures``.
    weight : how much an item counts; 1 if not given.
    """
    if sys.stderr.isatty() or "ipykernel" in sys.modules:
        from tqdm import tqdm

        with tqdm(total=total or None, desc=what, unit="", unit_scale=True, dynamic_ncols=True) as bar:
            for item in items:
                yield item
                bar.update(weight(item))
        return
    start = last = time.monotonic()
    done = 0
    for item in items:
        yield item
        done += weight(item)
        now = time.monotonic()
        if now - last >= LINE_EVERY_S or done == total:
            last = now
            print(f"{what}: {done}{f' of {total}' if total else ''}, {now - start:.0f} s", file=sys.stderr, flush=True)
