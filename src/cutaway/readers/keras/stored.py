"""Weights that lie in HDF5 files, by the names of the groups that lead to them; values are not read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from cutaway.graph.model import Weight
from cutaway.readers.hdf5 import Array, Tree, open_hdf5, tree
from cutaway.readers.keras.parsing import LayerSpec
from cutaway.readers.source import Source


def stored_names(specs: Iterable[LayerSpec]) -> None:
    """Name each layer as the list of layers in a ``model.weights.h5`` does: class in snake case, and a count."""
    counts: dict[str, int] = {}
    for spec in specs:
        if not spec.operation:
            name = snake_case(spec.op)
            seen = counts.get(name)
            counts[name] = 0 if seen is None else seen + 1
            spec.stored = name if seen is None else f"{name}_{counts[name]}"


@lru_cache(maxsize=512)
def snake_case(name: str) -> str:
    """``"MultiHeadAttention"`` → ``"multi_head_attention"``, as Keras does."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


STATE = frozenset(
    {"optimizer", "optimizer_weights", "metrics", "compile_metrics", "seed_generator", "_seed_generators"}
)
"""Groups that hold state of training or of random numbers, which are no weights of a model."""


class StoredV3:
    """Weights in the ``model.weights.h5`` of a Keras 3 file, opened at the first question.

    Args:
        source: The file.
        member: Name of the weights in it.
    """

    def __init__(self, source: Source, member: str) -> None:
        self._source = source
        self._member = member
        self._tree: Tree | None = None

    def tree(self) -> Tree:
        """All groups and arrays.

        Raises:
            MissingExtra: h5py is not installed.
            ReadError: The member is damaged.
        """
        if self._tree is None:
            with open_hdf5(self._source, self._member) as file:
                self._tree = tree(file, self._member)
        return self._tree

    def place(self, location: tuple[str, ...]) -> str | None:
        """The group that holds a layer's weights; see `Stored`."""
        return f"{self._member}:{'/'.join(location)}"

    def weights(self, location: tuple[str, ...], path: str) -> list[Weight]:
        """All weights below a place; see `Stored`."""
        at: Tree | Array | None = self.tree()
        for name in location:
            if not isinstance(at, dict):
                return []
            at = at.get(name)
        return list(flat_weights(at, "", path)) if isinstance(at, dict) else []


class StoredByName:
    """Weights in a whole-model HDF5 file, kept by the names of layers and weights, looked up at the first question.

    Args:
        find: Finds name of each top layer → its weights.
    """

    def __init__(self, find: Callable[[], Tree]) -> None:
        self._find = find
        self._layers: Tree | None = None

    def tree(self) -> Tree:
        """All layers with their weights."""
        if self._layers is None:
            self._layers = self._find()
        return self._layers

    def place(self, location: tuple[str, ...]) -> str | None:  # noqa: ARG002  (see below)
        """Nothing: they are found by their names when they are asked for; see `Stored`."""
        return None

    def weights(self, location: tuple[str, ...], path: str) -> list[Weight]:  # noqa: ARG002  (names say it here)
        """All weights of a layer; see `Stored`. The weights of nested models are kept under the outer one."""
        at: Tree | Array | None = self.tree()
        for name in path.split("/"):
            at = at.get(name) if isinstance(at, dict) else None
        return list(flat_weights(at, "", path)) if isinstance(at, dict) else []


def flat_weights(arrays: Tree, prefix: str, path: str) -> Iterator[Weight]:
    """Every array of a tree as a weight, its name being its path below; state of random numbers is left out."""
    for name, item in arrays.items():
        if name in STATE:
            continue
        below = f"{prefix}{name}"
        if isinstance(item, dict):
            yield from flat_weights(item, prefix if name == "vars" else f"{below}/", path)
        else:
            yield Weight(f"{path}/{below}", below, item.shape, item.dtype, True, item.location)
