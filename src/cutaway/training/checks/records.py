"""`Records`: what a training has recorded so far, in the words of the recorder, in event files or in memory.

Tags are those of ``docs/contract.md``: ``STATISTIC/KIND/ID``, ``batch_NAME`` and ``epoch_NAME``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from cutaway.graph.model import Graph, Weight

Floats = npt.NDArray[np.float64]
Steps = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Line:
    """One series: values by step, the steps rising.

    Attributes:
        steps: The steps; the epochs, where it was recorded by these.
        values: A value for each.
        by_epoch: Whether it was recorded at the ends of epochs.
    """

    steps: Steps
    values: Floats
    by_epoch: bool = False

    def __len__(self) -> int:
        return len(self.steps)


_NO_KERNELS = ("embedding", "bias", "gamma", "beta", "scale")
"""Words in the names of weights that multiply no vector, whatever their shape; an attention has biases by head."""

NOTHING = Line(np.zeros(0, np.int64), np.zeros(0))


@dataclass(slots=True)
class Records:
    """The records of one training.

    Attributes:
        graph: Its model, where that was recorded.
        train: Series of the training by tag.
        validation: Series of the validation by tag.
        epoch_ends: The last recorded step of each epoch, where steps were recorded.
    """

    graph: Graph | None = None
    train: dict[str, Line] = field(default_factory=dict)
    validation: dict[str, Line] = field(default_factory=dict)
    epoch_ends: Mapping[int, int] = field(default_factory=dict)
    _order: dict[str, int] | None = field(default=None, repr=False)
    _parted: dict[tuple[str, str], list[tuple[str, Line]]] | None = field(default=None, repr=False)

    def of(self, statistic: str, kind: str) -> Iterator[tuple[str, Line]]:
        """A statistic of all things of a kind, by their ids, in the order of the model."""
        order = self.order()
        found = self._by_statistic().get((statistic, kind), [])
        yield from sorted(found, key=lambda pair: (order.get(_plain(pair[0]), len(order)), pair[0]))

    def _by_statistic(self) -> Mapping[tuple[str, str], list[tuple[str, Line]]]:
        """The series of things by statistic and kind, each with the id that the rest of its tag is."""
        if self._parted is None:
            self._parted = {}
            for tag, line in self.train.items():
                statistic, _, rest = tag.partition("/")
                kind, mark, id = rest.partition("/")
                if mark:
                    self._parted.setdefault((statistic, kind), []).append((id, line))
        return self._parted

    def line(self, tag: str, *, validation: bool = False) -> Line:
        """A series; an empty one where there is none."""
        return (self.validation if validation else self.train).get(tag, NOTHING)

    def moment(self, line: Line, number: int) -> tuple[int, str]:
        """The step that one of the steps of a line stands for, and what people call it.

        An epoch stands for its last step; where no steps were recorded its number is all that there is.
        """
        return (self.epoch_ends.get(number, number), f"epoch {number}") if line.by_epoch else (number, f"step {number}")

    def order(self) -> Mapping[str, int]:
        """Where nodes, groups and weights stand in the model, by their ids."""
        if self._order is None:
            self._order = {}
            for place, (holder, weights) in enumerate(self._holders()):
                self._order.setdefault(holder, place)
                for weight in weights:
                    self._order.setdefault(weight.id, place)
        return self._order

    def _holders(self) -> Iterator[tuple[str, tuple[Weight, ...]]]:
        graph = self.graph
        if graph is None:
            return
        for node, id in enumerate(graph.ids):
            yield id, graph.weights_of(node)
        for group, codes in graph.groups.weights.items():
            yield graph.groups.ids[group], tuple(graph.weights[code] for code in codes)

    def weights(self) -> dict[str, Weight]:
        """The weights of the model by id."""
        return {} if self.graph is None else {weight.id: weight for weight in self.graph.weights}

    def owner(self, weight: str) -> tuple[str, ...]:
        """The node or group that holds a weight; empty where the model is not known."""
        return next(((id,) for id, held in self._holders() if any(one.id == weight for one in held)), ())

    def op(self, id: str) -> str:
        """Kind of a node; empty where it is not known."""
        if self.graph is None or id not in self.graph.ids:
            return ""
        return self.graph.op(self.graph.ids.index(id))

    def kernels(self) -> dict[str, Weight]:
        """The trainable weights of two dimensions and more, without biases and embeddings, as the model has them."""
        order = self.order()
        held = [
            weight
            for weight in self.weights().values()
            if weight.trainable
            and len(weight.shape) > 1
            and not any(word in weight.name.lower() for word in _NO_KERNELS)
        ]
        return {weight.id: weight for weight in sorted(held, key=lambda weight: order.get(weight.id, 0))}

    def losses(self) -> Line:
        """The training loss: by batch where that was recorded often enough, else by epoch."""
        batch, epoch = self.line("batch_loss"), self.line("epoch_loss")
        return batch if len(batch) >= len(epoch) else epoch


def _plain(id: str) -> str:
    """An id without the number of a later call."""
    head, mark, number = id.rpartition("#")
    return head if mark and number.isdigit() else id


def plain(id: str) -> str:
    """The id of the node or weight, without the number of a later call of it in the same step."""
    return _plain(id)


def by_other(line: Line, other: Line) -> Floats:
    """The values of a line by those of another at the same steps; 1 where that is not known, or 0."""
    known = dict(zip(other.steps.tolist(), other.values.tolist(), strict=True))
    found = [known.get(step, 0.0) for step in line.steps.tolist()]
    pairs = zip(line.values.tolist(), found, strict=True)
    return np.array([value / against if against > 0 else 1.0 for value, against in pairs])


def last_in_a_row(line: Line, so: npt.NDArray[np.bool_], least: int) -> int | None:
    """The step since when something is so up to the last record; None where it is not, or for too few records."""
    if len(line) < least or not so[-1]:
        return None
    others = np.flatnonzero(~so)
    first = int(others[-1]) + 1 if len(others) else 0
    return int(line.steps[first]) if len(line) - first >= least else None


def share(value: float) -> str:
    """A share in words."""
    return f"{100 * value:.0f} %"


def short(value: float) -> str:
    """A number in words."""
    return f"{value:.2g}" if math.isfinite(value) else str(value)
