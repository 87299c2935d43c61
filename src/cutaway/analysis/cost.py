"""What one forward pass costs: multiply-accumulates, operations and bytes, of each node and each group.

**Convention.** A MAC is one product added to a sum, where tensors are contracted: in convolutions, dense layers,
matrix products, einsums, attention, and the kernels of recurrent layers. A convolution counts its whole kernel at every
place, also where that lies on the padding; a kernel that is adapted at low rank is made anew at every call. Bias,
activation, pooling, normalisation and arithmetic of single elements are no MACs. FLOPs are two for each MAC and one for
each of these: an addition, multiplication, comparison or function of one element (softmax: five; batch normalisation at
inference: two; layer normalisation: eight). What only moves, looks up or selects values counts nothing. Layers act as
at inference: dropout and augmentation pass data on.

A shared layer counts at every call, the body of a loop at every turn. What cannot be counted, because its operation is
in no table or a shape is unknown, is listed by name in `Cost.uncounted`, with the reason.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from cutaway.analysis.calls import Call, Size, Unknown, Work
from cutaway.analysis.cost_elementwise import ELEMENTWISE
from cutaway.analysis.cost_low_rank import with_adapters
from cutaway.analysis.cost_products import PRODUCTS
from cutaway.analysis.cost_recurrent import RECURRENT
from cutaway.analysis.order import execution_order
from cutaway.analysis.size_rules import NAMED_AS_LAYERS
from cutaway.analysis.sizes import Setting, sized_calls
from cutaway.analysis.turns import Turns, turns
from cutaway.errors import OptionError
from cutaway.graph.model import BITS_OF_DTYPE, Graph, Tensor

COST: Mapping[str, Callable[[Call], Work]] = {**ELEMENTWISE, **RECURRENT, **PRODUCTS}
"""Class of the layer or kind of the operation → what a call costs. A new operation is one row in one of its parts."""

_MALFORMED = (ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError)
_LARGEST_FLOAT = 10**300
"""What is more is told as this: sizes in files of strangers know no bounds, and floats do."""
PRECISIONS = ("float64", "float32", "float16", "bfloat16", "int8")


@dataclass(frozen=True, slots=True)
class Uncounted:
    """Nodes of one kind that are not in the sums, for one reason.

    Attributes:
        op: Their operation.
        reason: Why they are not counted.
        nodes: Their indices.
    """

    op: str
    reason: str
    nodes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Cost:
    """Columns by node; a node that is not counted has 0 in them and stands in `uncounted`.

    Attributes:
        macs: Multiply-accumulates of all runs of a node.
        flops: Operations of all its runs; two for each MAC.
        weight_bytes: Bytes of the weights that it reads.
        input_bytes: Bytes of the tensors that it reads.
        output_bytes: Bytes of the tensors that it makes; of one run, as all other bytes.
        sizes: Size of every output tensor, by position; None where it is unknown.
        turns: How often each group is run.
        uncounted: What is not counted, by operation and reason.
    """

    macs: Sequence[int]
    flops: Sequence[int]
    weight_bytes: Sequence[int]
    input_bytes: Sequence[int]
    output_bytes: Sequence[int]
    sizes: Sequence[Size | None]
    turns: Turns
    uncounted: tuple[Uncounted, ...]

    @property
    def total_macs(self) -> int:
        """Multiply-accumulates of the whole model."""
        return sum(self.macs)

    @property
    def total_flops(self) -> int:
        """Operations of the whole model."""
        return sum(self.flops)

    def traffic(self, node: int) -> int:
        """Bytes that one run of a node reads and writes."""
        return self.weight_bytes[node] + self.input_bytes[node] + self.output_bytes[node]

    def intensity(self, node: int, runs: int = 1) -> float:
        """FLOPs for each byte of traffic; 0 where nothing is moved.

        Args:
            node: Index of the node.
            runs: How often it is run.
        """
        moved = self.traffic(node) * runs
        if not moved:
            return 0.0
        whole = self.flops[node] // moved
        return self.flops[node] / moved if whole < _LARGEST_FLOAT else float(_LARGEST_FLOAT)

    def known(self, column: Sequence[int]) -> list[float]:
        """A column as numbers that may be unknown: NaN where a node is not counted.

        Args:
            column: Such as `macs`.
        """
        found: list[float] = [float(min(value, _LARGEST_FLOAT)) for value in column]
        for each in self.uncounted:
            for node in each.nodes:
                found[node] = math.nan
        return found

    def notes(self) -> list[str]:
        """What the sums leave out or had to assume, in words for the user."""
        said = []
        for each in self.uncounted:
            times = "" if len(each.nodes) == 1 else f" ({len(each.nodes):,} nodes)"
            said.append(f"not counted: {each.op}{times}: {each.reason}")
        said += [f"loop {name!r}: an unknown number of turns; one is counted" for name in self.turns.unknown]
        said += [f"condition {name!r}: every branch is counted" for name in self.turns.branches]
        return said


def cost(graph: Graph, setting: Setting | None = None, *, precision: str | None = None) -> Cost:
    """Count what one forward pass costs.

    Args:
        graph: The model.
        setting: Batch and input shapes; one example of the model's own shapes by default.
        precision: Type that all floats are held in, for the bytes; None for those of the model.

    Returns:
        Columns by node.

    Raises:
        OptionError: A shape is given for an input that is not there or does not fit it, or an unknown precision.
    """
    if precision is not None and precision not in PRECISIONS:
        raise OptionError(f"precision must be one of {', '.join(PRECISIONS)}; received {precision!r}")
    sizes, calls, sorts = sized_calls(graph, setting or Setting())
    reasons: dict[int, str] = {}
    works = {node: _work(call, reasons) for node, call in calls.items()}
    runs = turns(graph, sizes)
    done, times = list(map(works.__getitem__, sorts)), [runs.of_groups[group] for group in graph.node_groups]
    macs = [work.macs * each for work, each in zip(done, times, strict=True)]
    flops = [2 * products + work.other * each for products, work, each in zip(macs, done, times, strict=True)]
    weights, read, made = _bytes(graph, sizes, precision)
    return Cost(macs, flops, weights, read, made, sizes, runs, _uncounted(graph, sorts, reasons))


def _uncounted(graph: Graph, sorts: Sequence[int], reasons: Mapping[int, str]) -> tuple[Uncounted, ...]:
    """What is not counted, in execution order, by the sorts of calls and why those are not."""
    found: dict[tuple[str, str], list[int]] = {}
    for node in execution_order(graph) if reasons else ():
        if sorts[node] in reasons:
            found.setdefault((graph.op(node), reasons[sorts[node]]), []).append(node)
    return tuple(Uncounted(op, reason, tuple(nodes)) for (op, reason), nodes in found.items())


def _work(call: Call, reasons: dict[int, str]) -> Work:
    """What a call computes; where that cannot be told, nothing, and why among the reasons."""
    op = call.op
    rule = COST.get(op.removeprefix("Flex"))
    if rule is None:
        reasons[call.node] = "no rule for this operation"
        return Work()
    try:
        if op in NAMED_AS_LAYERS:  # one operation of a graph that bears the name of a layer
            rule = COST.get(str(call.attributes.get("kind")), rule)
        return with_adapters(call, rule(call))
    except Unknown as reason:
        reasons[call.node] = str(reason)
    except _MALFORMED:
        reasons[call.node] = "its attributes are not those of this operation"
    return Work()


def roll_up(graph: Graph, column: Iterable[int]) -> list[int]:
    """Sums over each group with all that it holds, by its index; the first is that of the whole model.

    Args:
        graph: The model.
        column: A number for each node.
    """
    sums = [0] * len(graph.groups)
    for group, value in zip(graph.node_groups, column, strict=True):
        sums[group] += value
    parents = graph.groups.parents
    for group in range(len(sums) - 1, 0, -1):  # a parent stands before its children
        sums[parents[group]] += sums[group]
    return sums


def tensor_bytes(graph: Graph, sizes: Sequence[Size | None], precision: str | None = None) -> list[int]:
    """Bytes of every output tensor, by position; 0 where its size is unknown.

    Args:
        graph: The model.
        sizes: As of `sized_calls`.
        precision: Type that all floats are held in; None for those of the model.
    """
    bits = [_bits(tensor, precision) for tensor in graph.tensors]
    known = {
        (size, code): 0 if size is None else (math.prod(size) * bits[code] + 7) // 8
        for size, code in set(zip(sizes, graph.output_codes, strict=True))
    }
    return list(map(known.__getitem__, zip(sizes, graph.output_codes, strict=True)))


def _bits(tensor: Tensor, precision: str | None) -> int:
    dtype = tensor.dtype or "float32"
    if precision is not None and "float" in dtype:
        return BITS_OF_DTYPE[precision]
    return BITS_OF_DTYPE.get(dtype, 0 if dtype in ("variant", "resource", "string") else 32)


def _bytes(
    graph: Graph, sizes: Sequence[Size | None], precision: str | None
) -> tuple[Sequence[int], Sequence[int], Sequence[int]]:
    """Bytes of weights, inputs and outputs of each node."""
    of_tensors = tensor_bytes(graph, sizes, precision)
    bits = BITS_OF_DTYPE[precision] if precision else 0
    looks = [(weight.shape, weight.dtype) for weight in graph.weights]
    alike = dict(zip(looks, graph.weights, strict=True))
    known = {
        look: (weight.parameters * bits + 7) // 8 if bits and "float" in weight.dtype else weight.bytes
        for look, weight in alike.items()
    }
    of_weights = list(map(known.__getitem__, looks))
    held, codes = graph.weight_start, graph.weight_codes
    weights = [
        sum(map(of_weights.__getitem__, set(codes[start:end]))) if end - start > 1 else of_weights[codes[start]]
        if end > start else 0
        for start, end in pairwise(held)
    ]  # fmt: skip
    read = list(map([*of_tensors, 0, 0].__getitem__, graph.input_places))
    return weights, _sums(read, graph.input_start), _sums(of_tensors, graph.output_start)


def _sums(column: Sequence[int], starts: Sequence[int]) -> list[int]:
    """Sums over the rows of compressed rows."""
    return [column[start] if end - start == 1 else sum(column[start:end]) for start, end in pairwise(starts)]
