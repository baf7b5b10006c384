"""Order, bounds and errors of work in threads."""

import threading
from contextlib import closing

import pytest

from shiftscope.core.threads import ahead, behind

PATIENCE_S = 30


class Counted:
    """Numbers from 0, and a way to wait until so many of them were made."""

    def __init__(self, count):
        self.count, self.made, self.changed = count, 0, threading.Condition()

    def __iter__(self):
        for number in range(self.count):
            with self.changed:
                self.made += 1
                self.changed.notify_all()
            yield number

    def reaches(self, made, seconds=PATIENCE_S):
        with self.changed:
            return self.changed.wait_for(lambda: self.made >= made, seconds)


def test_items_come_in_their_order_and_no_more_than_fit_are_made_ahead():
    numbers = Counted(50)
    items = ahead(numbers, length=2)
    assert next(items) == 0
    assert numbers.reaches(4)  # one is used, two wait, one is in the hands of the thread
    assert not numbers.reaches(5, seconds=0.2)
    assert [0, *items] == list(range(50))


def test_an_iterator_that_is_closed_ends_its_thread():
    before = set(threading.enumerate())
    numbers = Counted(1000)
    items = ahead(numbers, length=2)
    next(items)
    items.close()
    assert set(threading.enumerate()) <= before
    assert numbers.made < 10


def test_closing_ends_threads_further_ahead_too():
    before = set(threading.enumerate())
    numbers = Counted(1000)

    def doubled():
        with closing(ahead(numbers, length=2)) as single:
            yield from (2 * number for number in single)

    items = ahead(doubled(), length=2)
    assert [next(items), next(items)] == [0, 2]
    items.close()
    assert set(threading.enumerate()) <= before


def test_an_error_ahead_comes_behind_what_was_before_it():
    def items():
        yield 1
        raise ValueError("torn")

    got = []
    with pytest.raises(ValueError, match="torn"):
        got.extend(iter(ahead(items()).__next__, None))
    reading = ahead(items())
    assert next(reading) == 1
    with pytest.raises(ValueError, match="torn"):
        next(reading)


def test_what_is_used_behind_is_used_in_another_thread_while_items_are_made():
    used, second = [], threading.Event()

    def items():
        yield 1
        yield 2
        second.set()
        yield 3

    def use(given):
        assert threading.current_thread() is not threading.main_thread()
        for item in given:
            assert second.wait(PATIENCE_S)  # made while the first one is still in use
            used.append(item)
        return len(used)

    assert behind(items(), use, length=1) == 3
    assert used == [1, 2, 3]


def test_no_more_results_than_fit_wait_for_who_uses_them():
    numbers = Counted(50)

    def use(given):
        first = next(given)
        assert numbers.reaches(4)  # one is in use, two wait, one is in the hands of who makes them
        assert not numbers.reaches(5, seconds=0.2)
        return [first, *given]

    assert behind(numbers, use, length=2) == list(range(50))


def test_an_error_in_the_making_is_raised_on_both_sides():
    cleaned = []

    def items():
        yield 1
        raise ValueError("torn")

    def use(given):
        try:
            list(given)
        finally:
            cleaned.append(True)

    with pytest.raises(ValueError, match="torn"):
        behind(items(), use)
    assert cleaned == [True]


def test_an_error_in_the_use_stops_the_making():
    numbers = Counted(10**9)

    def use(given):
        next(given)
        raise ValueError("full")

    with pytest.raises(ValueError, match="full"):
        behind(numbers, use, length=2)
    assert numbers.made < 10**6
