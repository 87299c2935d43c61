"""What adapters of low rank cost, which Keras adds to a kernel or a table with ``enable_lora``: two small matrices."""

from __future__ import annotations

import re

from cutaway.analysis.calls import Call, Unknown, Work, count

_MATRIX = re.compile(r"lora_(?:kernel|embeddings)_([ab])$")
_ADAPTED = frozenset({"Dense", "EinsumDense", "Embedding", "ReversibleEmbedding", "Conv1D", "Conv2D", "Conv3D"})
_SCALES = ("kernel_scale", "embeddings_scale")
"""Ends of the names of what a quantized layer multiplies by, whose kernel nothing can be added to."""


def with_adapters(call: Call, work: Work) -> Work:
    """The work of a call, with that of its adapters.

    A kernel of floats gets ``alpha / rank * (a @ b)`` added at every call, however large the input is; also where that
    is folded into one operation of a graph, whose weights the two matrices then are. A quantized layer multiplies its
    input by ``a``, and what comes of that by ``b``; in a graph those are operations of their own.

    Args:
        call: The call.
        work: What it computes without them.

    Raises:
        Unknown: It has some, and their shapes are not known.
    """
    weights = call.weights
    found = {match[1]: shape for name, shape in weights if (match := _MATRIX.search(name))}
    low, high = found.get("a"), found.get("b")
    if not low or not high:
        if call.op in _ADAPTED and call.attributes.get("lora_rank"):
            raise Unknown("the shapes of its adapters of low rank are unknown")
        return work
    rank = low[-1]
    if not any(name.endswith(_SCALES) for name, _ in weights):
        elements = count(low[:-1]) * high[-1]
        return Work(work.macs + elements * rank, work.other + 2 * elements)
    made = count(call.made)
    first = 0 if call.op in ("Embedding", "ReversibleEmbedding") else work.macs * rank // high[-1]  # rows are looked up
    return Work(work.macs + first + made * rank, work.other + 2 * made)
