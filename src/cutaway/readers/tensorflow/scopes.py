"""From the names of operations to the layers that made them.

An operation is called ``model/block/dense/MatMul``: the scopes that were open when it was made, and its own
name. Most scopes are layers; the others were opened by the operations of a layer. A scope that is itself the
name of an operation (``BiasAdd/ReadVariableOp``) is none, nor are a few that Keras opens inside its layers.
Keras 3 opens the scope of a layer twice per call and so numbers it: ``dense_1`` for the first call of ``dense``,
``dense_3`` for the second.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterable, Mapping

_INNER = frozenset({
    "moments", "batchnorm", "Cast", "einsum", "Gelu", "Read", "TensorArrayUnstack", "TensorArrayV2Stack",
    "TensorArrayV2Read", "TensorArrayV2Write",
})  # fmt: skip
"""Scopes that Keras 2 and 3 open inside a layer, beside those that are named as an operation."""

_INNER_OF_TF1 = frozenset({
    "convolution", "depthwise", "separable_conv2d", "strided_slice", "zeros", "embedding_lookup", "Tensordot",
})  # fmt: skip
"""The same for layers of TensorFlow 1 and ``tf.nn``."""

HELPERS = frozenset({
    "Repeat", "resize", "reduce_variance", "weighted_moments", "bincount", "sort", "StringSplit", "UnicodeSplit",
    "RaggedToTensor", "Lookup", "_conv_xla", "_jit_compiled_convolution_op",
})  # fmt: skip
"""Scopes that functions of TensorFlow open: what is in them is the work of the layer around."""

_DEEPEST = 64
"""Scopes around an operation that are told; among 114 real graphs the deepest has 10."""

_NUMBER = re.compile(r"_\d+$")


def without_number(name: str) -> str:
    """``conv_3`` → ``conv``: one number less at the end."""
    return _NUMBER.sub("", name)


def helper(stem: str) -> str:
    """What a scope of a function of TensorFlow is called, which may begin with the name of a table; empty for others.

    Args:
        stem: Its name without a number.
    """
    word = "Lookup" if stem.endswith("_Lookup") else stem
    return word if word in HELPERS else ""


class Scopes:
    """Layer paths of operations.

    Args:
        names: Names of all operations of all functions that are shown.
        known: Names that are layers for sure, from a configuration or the paths of variables.
        numbered: Whether scopes carry the number that Keras 3 adds for each call.
        inner: Further scopes that are no layers.
    """

    def __init__(
        self, names: Collection[str], *, known: Collection[str] = (), numbered: bool = False, tf1: bool = False
    ) -> None:
        self._names = names if isinstance(names, (set, frozenset, dict)) else frozenset(names)
        self._known = frozenset(known)
        self._inner = _INNER | _INNER_OF_TF1 if tf1 else _INNER
        self.numbered = numbered
        self._paths: dict[str, tuple[str, ...]] = {"": ()}
        self._layers: dict[str, tuple[str, ...]] = {"": ()}
        self._is_inner_word: dict[str, bool] = {}

    def path(self, name: str) -> tuple[str, ...]:
        """Scopes of the layers around an operation, outermost first, as they stand in its name."""
        return self.path_of_scope(name.rpartition("/")[0])

    def path_of_scope(self, scope: str) -> tuple[str, ...]:
        """The same by the scope that the operation lies in."""
        found = self._paths.get(scope)
        if found is None:
            if scope.count("/") >= _DEEPEST:
                return self.path_of_scope("/".join(scope.split("/", _DEEPEST)[:_DEEPEST]))
            around, slash, last = scope.rpartition("/")
            inner = slash and self._is_inner(scope, last)
            found = self._paths[scope] = self.path_of_scope(around) if inner else self._layers_of(scope)
        return found

    def shown(self, scope: str) -> str:
        """Name of the layer of a scope: without the number of its call."""
        return without_number(scope) if self.numbered else scope

    def _layers_of(self, scope: str) -> tuple[str, ...]:
        """The steps of a scope that are not themselves operations."""
        found = self._layers.get(scope)
        if found is None:
            around, _, last = scope.rpartition("/")
            found = self._layers_of(around)
            if last and scope not in self._names:
                found = (*found, last)
            self._layers[scope] = found
        return found

    def _is_inner(self, scope: str, last: str) -> bool:
        """Whether a scope was opened inside a layer, by one of its operations."""
        told = self._is_inner_word.get(last)
        if told is None:
            told = self._is_inner_word[last] = without_number(last) in self._inner
        return (told or scope in self._names) and self.shown(last) not in self._known


def is_numbered(reads: Iterable[tuple[str, str]], paths: Iterable[tuple[str, ...]]) -> bool:
    """Whether scopes carry the numbers of Keras 3.

    Args:
        reads: For reads of variables, the name of the variable (``dense/kernel``) and the scope that reads it.
        paths: Layer paths of operations, for models whose variables tell nothing.
    """
    plain = numbered = 0
    for variable, scope in reads:
        layer = variable.split("/")[-2] if "/" in variable else ""
        if not layer:
            continue
        plain += scope == layer
        numbered += scope != layer and without_number(scope) == layer
    if plain or numbered:
        return numbered > plain
    scopes = {part for path in paths for part in path if not helper(without_number(part))}
    return bool(scopes) and all(_NUMBER.search(part) for part in scopes)


def known_layers(variables: Iterable[str]) -> set[str]:
    """Names of layers in the paths of variables: all but the last part of each."""
    return {part for name in variables for part in name.split("/")[:-1] if part}


def calls_of_shared(
    names: Mapping[int, str], reads: Mapping[int, str], feeds: Mapping[int, Collection[int]], scopes: Scopes
) -> dict[int, tuple[str, ...]]:
    """Layer paths in which the calls of a shared layer are told apart, where its scope does not.

    In Keras 2 all calls of a layer share one scope. Operations stand in the order in which they were made, so
    the operations of a scope fall into runs, and a run into equal periods, one per call; the second call of
    ``dense`` becomes the scope ``dense#2``.

    Args:
        names: Names of operations by position, in the order of the function.
        reads: For operations that read a variable, its name.
        feeds: For each operation, the positions that it reads.
        scopes: Layer paths.
    """
    paths = {at: scopes.path(name) for at, name in names.items()}
    told: dict[int, list[str]] = {at: [] for at in names}
    _tell(list(names), 0, _Calls(names, reads, feeds, paths, told))
    return {at: tuple(path) for at, path in told.items()}


class _Calls:
    def __init__(
        self,
        names: Mapping[int, str],
        reads: Mapping[int, str],
        feeds: Mapping[int, Collection[int]],
        paths: Mapping[int, tuple[str, ...]],
        told: dict[int, list[str]],
    ) -> None:
        self.names, self.reads, self.feeds, self.paths, self.told = names, reads, feeds, paths, told

    def base(self, at: int, depth: int) -> str:
        """What an operation of a scope looks like, whichever call made it."""
        below = self.paths[at][depth:]
        return "/".join((*below, without_number(self.names[at].rpartition("/")[2])))


def _tell(members: list[int], depth: int, calls: _Calls) -> None:
    scopes: dict[str, list[int]] = {}
    place = {at: index for index, at in enumerate(members)}
    for at in members:
        if len(calls.paths[at]) > depth:
            scopes.setdefault(calls.paths[at][depth], []).append(at)
    for scope, inside in scopes.items():
        pieces = _calls_in(inside, place, depth, calls) if depth else [inside]
        for index, piece in enumerate(pieces):
            name = scope if index == 0 else f"{scope}#{index + 1}"
            for at in piece:
                calls.told[at].append(name)
            _tell(piece, depth + 1, calls)


def _calls_in(inside: list[int], place: Mapping[int, int], depth: int, calls: _Calls) -> list[list[int]]:
    """The calls of one scope: its runs where they are equal, each cut into equal periods."""
    runs: list[list[int]] = []
    for at in inside:
        if runs and place[at] == place[runs[-1][-1]] + 1:
            runs[-1].append(at)
        else:
            runs.append([at])
    shapes = [[calls.base(at, depth + 1) for at in run] for run in runs]
    if len(runs) > 1 and not all(_is_multiple(shape, min(shapes, key=len)) for shape in shapes):
        runs = [inside]
    return [period for run in runs for period in _periods(run, depth, calls)]


def _is_multiple(shape: list[str], unit: list[str]) -> bool:
    return len(shape) % len(unit) == 0 and shape == unit * (len(shape) // len(unit))


def _periods(run: list[int], depth: int, calls: _Calls) -> list[list[int]]:
    counts: dict[str, int] = {}
    for at in run:
        if at in calls.reads:
            counts[calls.reads[at]] = counts.get(calls.reads[at], 0) + 1
    shape = [calls.base(at, depth + 1) for at in run]
    least = min(counts.values()) if counts else _repeats(shape)
    if least < 2 or len(run) % least:
        return [run]
    size = len(run) // least
    if shape != shape[:size] * least:
        return [run]
    pieces = [run[start : start + size] for start in range(0, len(run), size)]
    if not counts and any(not before.isdisjoint(calls.feeds.get(at, ()))
                          for before, piece in itertools.pairwise(map(frozenset, pieces)) for at in piece):  # fmt: skip
        return [run]  # one call whose operations repeat, not several calls
    return pieces


def _repeats(shape: list[str]) -> int:
    """How often a list repeats its shortest period."""
    for size in range(1, len(shape) // 2 + 1):
        if len(shape) % size == 0 and shape == shape[:size] * (len(shape) // size):
            return len(shape) // size
    return 1
