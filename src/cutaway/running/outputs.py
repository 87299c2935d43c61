"""`Activations`: what every layer call made of one input, by the id of its node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from cutaway.errors import OptionError
from cutaway.graph.model import Graph
from cutaway.graph.select import members
from cutaway.running.store import Kept, Store, histogram_of

Array = np.ndarray[Any, np.dtype[Any]]

Role = Literal["output", "scores"]


@dataclass(frozen=True, slots=True)
class Statistics:
    """Numbers about the values of one output.

    Attributes:
        count: Number of values.
        minimum, maximum, mean, deviation, norm: Of the finite ones, NaN where there are none; the deviation is the
            standard one, the norm the Euclidean.
        zeros: Number of values that are exactly 0.
        nan: Number of values that are no number.
        infinite: Number of infinite values.
    """

    count: int
    minimum: float
    maximum: float
    mean: float
    deviation: float
    norm: float
    zeros: int
    nan: int
    infinite: int


@dataclass(frozen=True, slots=True)
class Output:
    """One tensor that a layer call made.

    Attributes:
        id: Id of the node, as `cutaway.read` names it.
        port: Number of the output among those of the node.
        role: ``"output"``, or ``"scores"`` for the weights of an attention, which are no output of the graph.
        shape: Its dimensions, the batch first.
        dtype: Name of its element type.
        statistics: Numbers about all of its values.
    """

    id: str
    port: int
    role: Role
    kept: Kept

    @property
    def shape(self) -> tuple[int, ...]:
        """Its dimensions, the batch first."""
        return self.kept.shape

    @property
    def dtype(self) -> str:
        """Name of its element type."""
        return self.kept.dtype

    @property
    def statistics(self) -> Statistics:
        """Numbers about all of its values."""
        sums = self.kept.sums
        some = sums.finite > 0
        nan = float("nan")
        return Statistics(
            count=sums.read,
            minimum=sums.low if some else nan,
            maximum=sums.high if some else nan,
            mean=sums.mean if some else nan,
            deviation=sums.deviation if some else nan,
            norm=sums.norm if some else nan,
            zeros=sums.zeros,
            nan=sums.nan,
            infinite=sums.posinf + sums.neginf,
        )

    def histogram(self) -> tuple[Array, Array]:
        """Edges (65) and counts (64) of the finite values; both empty where there are none."""
        if self.kept.histogram is not None:
            return self.kept.histogram
        return histogram_of(self.numpy(), self.kept.sums)

    @property
    def has_values(self) -> bool:
        """Whether the values were kept, beside the statistics."""
        return self.kept.array is not None

    def numpy(self) -> Array:
        """The values; of a large output a view of a temporary file.

        Raises:
            OptionError: There was no room to keep them.
        """
        if self.kept.array is None:
            raise OptionError(
                f"{self.id!r}: the values of this output of {self.shape} were not kept, only its statistics; "
                f"run the model with a smaller batch, or with more memory=, in bytes"
            )
        return self.kept.array

    def __repr__(self) -> str:
        said = self.statistics
        return (
            f"<Output {self.id!r} {'×'.join(map(str, self.shape)) or 'scalar'} {self.dtype}, mean {said.mean:.4g}, "
            f"from {said.minimum:.4g} to {said.maximum:.4g}>"
        )


class Activations(Mapping[str, Output]):
    """The outputs of all layer calls for one input, by the id of the node; its first output where it has several.

    The id of a group stands for what leaves it, beside the nodes that it is a mapping of.

    Args:
        graph: The graph of the model.
        outputs: Outputs by node and port.
        scores: Attention weights by node.
        missing: Why a node has no output here, by node.
        description: What the model was run on, in words.
        store: Where the values lie.
    """

    def __init__(
        self,
        graph: Graph,
        outputs: Mapping[tuple[int, int], Kept],
        scores: Mapping[int, Kept],
        missing: Mapping[int, str],
        description: str,
        store: Store,
    ) -> None:
        self.graph = graph
        self.description = description
        self._store = store  # temporary files live as long as it
        ids = graph.ids
        self._all: dict[str, list[Output]] = {}
        for node, port in sorted(outputs):
            self._all.setdefault(ids[node], []).append(Output(ids[node], port, "output", outputs[node, port]))
        for node in sorted(scores):
            self._all.setdefault(ids[node], []).append(Output(ids[node], 0, "scores", scores[node]))
        self.missing: Mapping[str, str] = MappingProxyType({ids[node]: why for node, why in missing.items()})
        """Why a node has no output here, by its id."""

    def outputs(self, id: str) -> list[Output]:
        """All that is known of one node: its outputs, then attention weights; empty for a node of `missing`.

        Of a group: the outputs in it that are read outside of it, in the order of the graph.
        """
        if id in self._all or id not in self._groups:
            return list(self._all.get(id, ()))
        leaving = self._leaving(self._groups[id])
        return [output for output in self.all() if output.role == "output" and (output.id, output.port) in leaving]

    @cached_property
    def _groups(self) -> Mapping[str, int]:
        return {id: group for group, id in enumerate(self.graph.groups.ids)}

    def _leaving(self, group: int) -> set[tuple[str, int]]:
        """Id and port of what is made in a group and read outside of it."""
        graph = self.graph
        inside = set(members(graph, [group]))
        found = {(port.node, port.port) for port in graph.outputs if port.node in inside}
        for node in range(len(graph)):
            if node not in inside:
                found.update((edge.source, edge.port) for edge in graph.inputs_of(node) if edge.source in inside)
        return {(graph.ids[node], port) for node, port in found}

    def all(self) -> Iterator[Output]:
        """Every output of every node, in the order of the graph."""
        for found in self._all.values():
            yield from found

    def __getitem__(self, id: str) -> Output:
        found = self._all.get(id) or self.outputs(id)
        if not found:
            raise KeyError(f"{id!r}: {self.missing.get(id, 'there is no such node in the model')}")
        return found[0]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def __repr__(self) -> str:
        return f"<cutaway.Activations of {self.graph.name!r} on {self.description}: {len(self):,} layers>"
