"""The groups of the layers that a subgraph's names tell of."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from cutaway.graph.build import GraphBuilder
from cutaway.graph.model import Weight
from cutaway.readers.litert.classes import Part, class_of
from cutaway.readers.litert.model import Subgraph
from cutaway.readers.litert.names import LayerNames, Path, inhabited, own_name, parts

FOUND_BY = "the names of its tensors"


class Layers:
    """Group and name of each operation of one subgraph.

    An operation that is the whole of a layer carries the layer's name; several make a group of that name.

    Args:
        builder: Where groups go.
        subgraph: Whose operations they are.
        group: Group of the subgraph itself.
        names: What the names tell; None for operations that stand without groups under the names of their results.
        left_out: Positions of operations that are not shown.
    """

    def __init__(
        self,
        builder: GraphBuilder,
        subgraph: Subgraph,
        group: int,
        names: LayerNames | None = None,
        left_out: Collection[int] = (),
    ) -> None:
        self._builder = builder
        self._subgraph = subgraph
        self._groups: dict[Path, int] = {(): group}
        self._names = names
        self.left_out = left_out
        labels = [] if names is None else names.labels
        homes = [label.home for at, label in enumerate(labels) if at not in left_out]
        self._counts = inhabited(homes)
        self._homes = set(homes)
        self._weights: dict[Path, dict[str, tuple[int, ...]]] = {}

    def group(self, at: int) -> int:
        """Group of an operation."""
        return self._inside(self._region(at))

    def path(self, at: int) -> str:
        """Names of the layers around an operation, its own included where it is one."""
        if self._names is None:
            return ""
        return "/".join(self._names.shown(scope) for scope in self._names.labels[at].home)

    def name(self, at: int) -> str:
        """Name of an operation; empty where the file has none."""
        if self._names is None:
            return own_name(self._subgraph, self._subgraph.operators[at])
        label = self._names.labels[at]
        whole = label.home and self._region(at) != label.home
        names = [self._names.shown(label.home[-1]) if whole else label.short]
        names += [self._names.shown(path[-1]) for path in label.merged if path not in self._homes]
        if whole:
            names = [self._names.shown(path[-1]) for path in label.order if path == label.home or (path in label.merged
                     and path not in self._homes)]  # fmt: skip
        return " + ".join(dict.fromkeys(name for name in names if name))

    def note_weights(self, at: int, weights: Iterable[Weight]) -> None:
        """Remember what an operation reads from the file, which tells what its layer is."""
        if self._names is not None:
            held = self._weights.setdefault(self._names.labels[at].home, {})
            held |= {weight.name: weight.shape for weight in weights}

    def tell_classes(self) -> None:
        """Say of each group which layer it was, where that can be told; once all operations are there."""
        if self._names is None:
            return
        members: dict[Path, list[Part]] = {}
        tensors = self._subgraph.tensors
        for at, operator in enumerate(self._subgraph.operators):
            if at not in self.left_out:
                made = [
                    part
                    for index in operator.outputs
                    if 0 <= index < len(tensors)
                    for part in parts(tensors[index].name)
                ]
                members.setdefault(self._names.labels[at].home, []).append(Part(operator.code.op, made))
        inner: dict[Path, list[str]] = {}
        for home in self._counts:
            inner.setdefault(home[:-1], []).append(self._names.shown(home[-1]))
        for path, group in self._groups.items():
            if path:
                shown = self._names.shown(path[-1])
                op = class_of(shown, members.get(path, ()), self._weights.get(path, {}), inner.get(path, ()))
                self._builder.describe_group(group, op=op)

    def _region(self, at: int) -> Path:
        """Layers that the group of an operation stands for."""
        if self._names is None:
            return ()
        home = self._names.labels[at].home
        return home if self._counts[home] > 1 else home[:-1]

    def _inside(self, path: Path) -> int:
        found = self._groups.get(path)
        if found is None:
            parent = self._inside(path[:-1])
            shown = path[-1] if self._names is None else self._names.shown(path[-1])
            found = self._groups[path] = self._builder.group(
                shown, parent=parent, kind="layer" if path in self._homes else "scope", found_by=FOUND_BY
            )
        return found
