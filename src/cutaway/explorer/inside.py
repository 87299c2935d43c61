"""What layers made of one input or two: statistics, slices and feature maps of outputs, for the page.

An output has a code: three times its number, and then 0 for the first input, 1 for the second, 2 for the difference,
first minus second. Values are read by range; of those on disk, no more comes into memory than is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from cutaway.errors import OptionError
from cutaway.explorer.columns import Facts
from cutaway.explorer.container import Container
from cutaway.explorer.inside_contract import InsideNode, InsideOutput, MapsHeader
from cutaway.explorer.weights import Values, found
from cutaway.explorer.weights_contract import WeightHistogram, WeightStats
from cutaway.graph.model import Graph, Weight
from cutaway.running.outputs import Activations, Output, Role

Array = np.ndarray[Any, np.dtype[Any]]

MOST_MAPS = 64
"""Feature maps that are sent at once: eight rows of eight."""

LARGEST_MAP = 96
"""Rows and columns of a feature map that are sent at most; it is shown at some 40 to 120 px."""

SOURCES = ("first", "second", "difference")
DIFFERENCE = 2
"""What a code leaves when it is divided by the number of the `SOURCES`."""


class Inside(Values):
    """Answers about the outputs of all layers. Safe to ask from several threads.

    Args:
        runs: What the model made of one input, or of two.
    """

    def __init__(self, runs: Sequence[Activations]) -> None:
        self.runs = tuple(runs)
        keys: dict[tuple[str, int, Role], list[Output | None]] = {}
        for number, run in enumerate(self.runs):
            for output in run.all():
                keys.setdefault((output.id, output.port, output.role), [None] * len(self.runs))[number] = output
        self._outputs: list[Output | None] = []
        weights: list[Weight] = []
        self._codes: dict[str, list[tuple[int, Role, int]]] = {}
        for (id, port, role), outputs in keys.items():
            self._codes.setdefault(id, []).append((port, role, len(self._outputs)))
            first, second = outputs[0], outputs[1] if len(outputs) > 1 else None
            alike = first is not None and second is not None and first.shape == second.shape
            for source, one in zip(SOURCES, (first, second, first if alike else None), strict=True):
                self._outputs.append(one)
                shape, dtype = ((), "float32") if one is None else (one.shape, one.dtype)
                weights.append(Weight(f"{id}:{role}:{port}:{source}", role, shape, dtype))
        self._code_of = {weight.id: code for code, weight in enumerate(weights)}
        super().__init__("", weights)

    @property
    def count(self) -> int:
        """Number of codes."""
        return len(self._outputs)

    def node(self, graph: Graph, node: int) -> InsideNode:
        """What there is of one node of a graph, which may be a part of the model."""
        id = graph.ids[node]
        why = next((run.missing[id] for run in self.runs if id in run.missing), "the layer was not seen in this run")
        outputs = [self._described(graph, node, *entry) for entry in self._codes.get(id, ())]
        return {
            "index": node,
            "inputs": [run.description for run in self.runs],
            "missing": "" if outputs else why,
            "outputs": outputs,
        }

    def name_of(self, code: int) -> str:
        """A name for the file of an output."""
        return self._weights[code].id

    def stats(self, code: int) -> WeightStats:
        """Numbers about an output; of one whose values were not kept too."""
        output = self._there(code)
        if output.has_values or code % 3 == DIFFERENCE:
            return super().stats(code)
        return found(output.kept.sums, code, output.kept.sums.read, None)

    def histogram(self, code: int, bins: int) -> WeightHistogram:
        """How many values are how large."""
        output = self._there(code)
        if output.has_values or code % 3 == DIFFERENCE:
            return super().histogram(code, bins)
        edges, counts = output.histogram()
        read = output.kept.sums.read
        return {"code": code, "edges": edges.tolist(), "counts": counts.tolist(), "read": read}

    def maps(
        self, code: int, axes: tuple[int, int, int], at: Sequence[int], first: int, most: int = MOST_MAPS
    ) -> list[bytes]:
        """Some feature maps: two dimensions of an output for each place in a third, made smaller by means.

        Args:
            code: Which output.
            axes: Dimensions of the maps, of their rows and of their columns.
            at: Place in each other dimension.
            first: The first map.
            most: How many at most.

        Raises:
            OptionError: There are no such dimensions, places or maps.
        """
        output = self._there(code)
        shape = output.shape
        if len(set(axes)) != 3 or not all(0 <= axis < len(shape) for axis in axes) or 0 in shape:
            raise OptionError(f"axes must be three dimensions of {shape}; received {list(axes)}")
        fits = len(at) == len(shape) and all(0 <= place < size for place, size in zip(at, shape, strict=False))
        if not fits or not 0 <= first < shape[axes[0]]:
            raise OptionError(f"at must be a place in each dimension of {shape}; received {list(at)}, first {first}")
        count = min(most, MOST_MAPS, shape[axes[0]] - first)
        where: list[Any] = [int(place) for place in at]
        where[axes[0]] = slice(first, first + count)
        where[axes[1]] = where[axes[2]] = slice(None)
        kept = sorted(axes)
        order = [kept.index(axis) for axis in axes]
        planes = self._part(code, tuple(where)).transpose(order).astype(np.float32)
        finite = np.where(np.isfinite(planes), planes, np.nan)
        small = _smaller(planes)
        header: MapsHeader = {
            "code": code, "first": first, "count": count, "of": shape[axes[0]], "rows": small.shape[1],
            "columns": small.shape[2], "of_rows": shape[axes[1]], "of_columns": shape[axes[2]],
        }  # fmt: skip
        made = Container()
        made.made("values", "f32", small.astype("<f4").tobytes(), small.size)
        for name, choose in (("low", np.fmin), ("high", np.fmax)):
            made.made(name, "f32", choose.reduce(finite, axis=(1, 2)).astype("<f4").tobytes(), count)
        return made.pieces({**header})

    def facts(self, graph: Graph) -> Facts:
        """Mean, share of zeros and norm of the first output of each node, to colour by; NaN where there is none."""
        titles = ("",) if len(self.runs) == 1 else ("", "_2")
        made: dict[str, list[float]] = {}
        for run, title in zip(self.runs, titles, strict=True):
            mean, zeros, norm = ([math.nan] * len(graph) for _ in range(3))
            for node, id in enumerate(graph.ids):
                if id in run:
                    said = run[id].statistics
                    mean[node], norm[node] = said.mean, said.norm
                    zeros[node] = said.zeros / said.count if said.count else math.nan
            made |= {f"output_mean{title}": mean, f"output_zeros{title}": zeros, f"output_norm{title}": norm}
        if len(self.runs) == 2:
            made["output_change"] = [self._change(id) for id in graph.ids]
        return made

    def _change(self, id: str) -> float:
        """Norm of the difference by that of the first, of the first output of a node."""
        entry = next(iter(self._codes.get(id, ())), None)
        if entry is None or self._outputs[entry[2] + DIFFERENCE] is None:
            return math.nan
        first, change = (self.stats(entry[2] + at)["norm"] for at in (0, DIFFERENCE))
        return math.nan if not first or change is None else change / first

    def _described(self, graph: Graph, node: int, port: int, role: Role, code: int) -> InsideOutput:
        some = next(output for output in self._outputs[code : code + 2] if output is not None)
        return {
            "code": code,
            "port": port,
            "role": role,
            "shape": list(some.shape),
            "dtype": some.dtype,
            "there": [output is not None for output in self._outputs[code : code + 3]],
            "values": all(output.has_values for output in self._outputs[code : code + 2] if output is not None),
            "axes": _axes(graph, node, role, some.shape),
        }

    def _there(self, code: int) -> Output:
        output = self._outputs[code]
        if output is None:
            raise OptionError("there is no such output for this input, or the two have different shapes")
        return output

    def _part(self, code: int, where: tuple[Any, ...]) -> Array:
        output = self._there(code)
        part: Array = np.asarray(output.numpy()[where])
        if code % 3 == DIFFERENCE:
            other = self._there(code - 1)
            part = part.astype(np.float64) - np.asarray(other.numpy()[where]).astype(np.float64)
        return part

    def _read(self, weight: Weight, start: int, stop: int) -> Array:
        code = self._code_of[weight.id]
        values = self._there(code).numpy().reshape(-1)[start:stop]
        if code % 3 == DIFFERENCE:
            other = self._there(code - 1).numpy().reshape(-1)[start:stop]
            values = values.astype(np.float64) - other.astype(np.float64)
        return np.asarray(values, dtype=np.uint8 if values.dtype == bool else None)


def _axes(graph: Graph, node: int, role: Role, shape: tuple[int, ...]) -> list[int]:
    """Dimensions of the maps, their rows and their columns; empty where there are no maps to show."""
    rank = len(shape)
    if role == "scores":
        return [rank - 3, rank - 2, rank - 1] if rank >= 3 else []
    if rank < 4:
        return []
    first = graph.attributes[node].get("data_format") == "channels_first"
    return [1, rank - 2, rank - 1] if first else [rank - 1, rank - 3, rank - 2]


def _smaller(planes: Array) -> Array:
    """Planes of at most `LARGEST_MAP` rows and columns, each field the mean of those that became one."""
    for axis in (1, 2):
        size = planes.shape[axis]
        if size > LARGEST_MAP:
            starts = -(-np.arange(LARGEST_MAP) * size // LARGEST_MAP)
            lengths = np.diff(np.append(starts, size))
            sums = np.add.reduceat(planes, starts, axis=axis, dtype=np.float64)
            planes = sums / lengths.reshape([-1 if at == axis else 1 for at in range(3)])
    return planes
