"""Work that goes on in threads beside the caller's: items that are read ahead, and results that are used behind. Both are
handed over in queues of fixed length, and whatever ends one side ends the other."""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

AHEAD = 4
"""How many items wait at most, beside the one that is being made, if nothing else is said."""


class _Lane(Generic[T]):
    """A queue of fixed length from one thread to another, which either of them can end."""

    def __init__(self, length: int) -> None:
        self._length = length
        self._items: deque[T] = deque()
        self._changed = threading.Condition()
        self._over = self._closed = False
        self._error: BaseException | None = None

    def put(self, item: T) -> bool:
        """Hand over an item, once there is room. False where nobody takes any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or len(self._items) < self._length)
            if not self._closed:
                self._items.append(item)
                self._changed.notify_all()
            return not self._closed

    def finish(self, error: BaseException | None = None) -> None:
        """Say that no more items come: the other side ends, or gets `error`, after those that are waiting."""
        with self._changed:
            self._over, self._error = True, error
            self._changed.notify_all()

    def close(self) -> None:
        """Say that no more items are taken."""
        with self._changed:
            self._closed = True
            self._items.clear()
            self._changed.notify_all()

    def __iter__(self) -> Iterator[T]:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._items or self._over)
                if not self._items:
                    if self._error is not None:
                        raise self._error
                    return
                item = self._items.popleft()
                self._changed.notify_all()
            yield item


def ahead(items: Iterable[T], length: int = AHEAD) -> Generator[T, None, None]:
    """`items`, read ahead in a thread of their own; `length` of them wait at most.

    An error in `items` is raised here, behind those that came before it. When this iterator is closed or thrown away, the
    thread ends before its next item.

    >>> list(ahead(range(3)))
    [0, 1, 2]
    """
    lane: _Lane[T] = _Lane(length)

    def read() -> None:
        try:
            for item in items:
                if not lane.put(item):
                    return
            lane.finish()
        except BaseException as error:
            lane.finish(error)
        finally:
            if isinstance(items, Generator):
                items.close()  # which ends what it reads ahead itself

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    try:
        yield from lane
    finally:
        lane.close()
        thread.join()


def behind(items: Iterable[T], use: Callable[[Iterator[T]], R], length: int = AHEAD) -> R:
    """What `use` makes of an iterator over `items`, in a thread of its own, while the caller's thread makes the items.

    `length` of them wait at most. An error in `items` is raised here, and also in `use`, out of its iterator, so that it
    can clean up. An error in `use` stops the making of items and is raised here.

    >>> behind(range(4), sum)
    6
    """
    lane: _Lane[T] = _Lane(length)
    results: list[R] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            results.append(use(iter(lane)))
        except BaseException as error:
            errors.append(error)
        finally:
            lane.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        for item in items:
            if not lane.put(item):
                break
        lane.finish()
    except BaseException as error:
        lane.finish(error)
        raise
    finally:
        thread.join()
    if errors:
        raise errors[0]
    return results[0]
