"""Names of operations in a trace of Keras 3, whose layers open their scope twice: what is in `conv2d` is `conv2d_1`.

TensorFlow puts a number behind a scope that is open a second time, the next one that nobody has, and a layer
`conv2d_1` may be there too: its second scope is `conv2d_1_2` then. Each name alone would mean the wrong layer; all that
stand in one scope together tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from cutaway.graph.model import Graph

_OPENED = 2
"""Times that a layer of Keras 3 opens its scope in each call; its operations are made in the last one."""


def layers_of_scopes(graph: Graph, operations: Iterable[str]) -> Callable[[str], str]:
    """A function that puts the names of layers for the scopes in the name of an operation.

    Args:
        graph: The model, as it was read.
        operations: Names of all operations of the trace.
    """
    inside: dict[str, set[str]] = {}
    for operation in operations:
        words = operation.split("/")
        for around, word in zip(["", *words], words[:-1], strict=False):
            inside.setdefault(around, set()).add(word)
    readings = [each for each in map(_second_scopes, _called_in_groups(graph)) if each]
    layers = {around: _reading(words, readings) for around, words in inside.items()}

    def renamed(operation: str) -> str:
        words = operation.split("/")
        scopes = zip(["", *words], words[:-1], strict=False)
        return "/".join([*(layers[around].get(word, word) for around, word in scopes), words[-1]])

    return renamed


def _called_in_groups(graph: Graph) -> list[list[str]]:
    """For each group, the names of the nodes and groups right in it, in the order of their calls."""
    groups = graph.groups
    found: list[list[str]] = [[] for _ in range(len(groups))]
    seen: set[int] = set()
    for node, owner in enumerate(graph.node_groups):
        found[owner].append(graph.names[node])
        while owner > 0 and owner not in seen:
            seen.add(owner)
            found[groups.parents[owner]].append(groups.names[owner])
            owner = groups.parents[owner]
    return found


def _second_scopes(called: Iterable[str]) -> dict[str, str]:
    """The layer of each scope that is opened last in a call, as TensorFlow's ``Graph.unique_name`` numbers scopes."""
    used: dict[str, int] = {}
    found: dict[str, str] = {}
    for name in called:
        scope = name
        for _ in range(_OPENED):
            key, number = name.lower(), used.get(name.lower(), 0)
            used[key] = number + 1
            scope = name
            while number and scope.lower() in used:
                scope, number = f"{name}_{number}", number + 1
            used.setdefault(scope.lower(), 1)
        found[scope] = name
    return found


def _reading(words: set[str], readings: Iterable[Mapping[str, str]]) -> Mapping[str, str]:
    """That which explains most of the scopes that stand in one; none where a layer is there by its own name."""
    best: Mapping[str, str] = {}
    explained = 0
    for layers in readings:
        names = set(layers.values())
        as_second = words & layers.keys()
        if words & names <= as_second and not as_second <= names and len(as_second) > explained:
            best, explained = layers, len(as_second)
    return best
