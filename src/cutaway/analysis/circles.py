"""`circles`: what leads back into itself, where things lead to one another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def circles(wires: Iterable[tuple[int, int]]) -> Iterator[list[int]]:
    """Things of which each leads to each other, of those that lead to another: Tarjan's strong components (1972).

    Args:
        wires: Pairs of things, the second being where the first leads to.
    """
    ahead: dict[int, dict[int, None]] = {}
    for start, end in wires:
        if start != end:
            ahead.setdefault(start, {})[end] = None
    number: dict[int, int] = {}  # in the order in which things are come upon
    lowest: dict[int, int] = {}  # the least number that each leads back to
    waiting: list[int] = []  # things whose circle is not known yet
    closed: set[int] = set()
    for first in ahead:
        path = [] if first in number else [(first, iter(ahead[first]))]
        while path:
            thing, targets = path[-1]
            if thing not in number:
                number[thing] = lowest[thing] = len(number)
                waiting.append(thing)
            for target in targets:
                if target not in number:
                    path.append((target, iter(ahead.get(target, ()))))
                    break
                if target not in closed:
                    lowest[thing] = min(lowest[thing], lowest[target])
            else:
                path.pop()
                if path:
                    lowest[path[-1][0]] = min(lowest[path[-1][0]], lowest[thing])
                if lowest[thing] == number[thing]:
                    circle = [waiting.pop()]
                    while circle[-1] != thing:
                        circle.append(waiting.pop())
                    closed.update(circle)
                    if len(circle) > 1:
                        yield circle
