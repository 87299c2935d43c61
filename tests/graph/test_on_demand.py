"""Columns that are made when somebody asks for them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from cutaway.graph.on_demand import AllOnDemand


def test_entries_are_made_once_for_all_who_ask_at_the_same_time() -> None:
    asking, again = threading.Barrier(3), threading.Event()
    made = 0

    def make() -> list[int]:
        nonlocal made
        made += 1
        if made > 1:
            again.set()
        again.wait(0.3)  # time for the others to come too
        return [made] * 5

    column = AllOnDemand(make)

    def ask(_: int) -> list[int]:
        asking.wait(10)
        return list(column)

    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(ask, range(3)))
    assert answers == [[1] * 5] * 3
    assert made == 1


def test_entries_that_could_not_be_made_are_tried_again() -> None:
    tries = 0

    def make() -> list[int]:
        nonlocal tries
        tries += 1
        return [7 // (tries - 1)]

    column = AllOnDemand(make)
    with pytest.raises(ZeroDivisionError):
        column[0]
    assert column[0] == 7
