"""Layers that hold layers, opened by what their config says of the inside: wrappers, cells, attention."""

# ruff: noqa: ARG001  (all openers take the same arguments)

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cutaway.errors import ReadError
from cutaway.graph.model import Shape, Tensor, Weight
from cutaway.readers.keras.assemble import NO_CALL, Assembler, Opener
from cutaway.readers.keras.models import submodel
from cutaway.readers.keras.parsing import Call, Known, LayerSpec, checked_shape, hinted, layer_spec
from cutaway.readers.keras.serialized import Attributes, dtype_policy
from cutaway.readers.keras.shapes.common import broadcast
from cutaway.readers.keras.shapes.recurrent import CELL_STATES
from cutaway.readers.keras.stored import snake_case
from cutaway.readers.keras.values import Place, Read, Value

_FROM_CONFIG = "config of the file"
_ATTENTION = "template: projections, attention, output projection"
_MERGES = {"concat": "Concatenate", "sum": "Add", "mul": "Multiply", "ave": "Average"}


def _group(
    assembler: Assembler, spec: LayerSpec, call: Call, place: Place, kind: Any, found_by: str = _FROM_CONFIG
) -> Place:
    """Add the group of an opened layer and return the place of its inside."""
    hidden = {"layer", "backward_layer", "cell", "cells"}
    config = {key: value for key, value in spec.config.items() if key not in hidden}
    group = assembler.builder.group(
        spec.name,
        parent=place.group,
        kind=kind,
        op=spec.op,
        found_by=found_by,
        attributes=Attributes(config, call.arguments),
    )
    return replace(
        place,
        group=group,
        path=f"{place.path}{spec.name}/",
        trainable=place.trainable and spec.trainable,
        depth=place.depth + 1,
        location=(*place.location, spec.stored),
    )


def _inner(spec: LayerSpec, key: str) -> LayerSpec:
    raw = spec.config.get(key)
    if not isinstance(raw, dict):
        raise ReadError(f"layer {spec.name!r} ({spec.op}): expected {key!r} to be a layer; received {repr(raw)[:60]}")
    inner = layer_spec(raw)
    inner.stored = key
    return inner


def wrapper(
    assembler: Assembler, spec: LayerSpec, call: Call, reads: list[Read], place: Place, known: Known | None
) -> list[Value]:
    """Any layer with one layer inside: a group that holds it.

    What a custom wrapper does besides is unknown; where its output is not that of its layer, a node stands for that.
    """
    inside = _group(assembler, spec, call, place, "wrapper")
    if spec.custom:
        made = assembler.layer(_inner(spec, "layer"), NO_CALL, reads, inside)
        said = known.get(0) if known and place.trusted else None
        wanted = place.outside(hinted(said)) if said is not None else None
        if wanted is None or not made or made[0].tensor.shape == wanted.shape:
            return made
        own = Attributes({}, {})
        return assembler.node(
            spec.name, spec.op, [Read(value) for value in made], group=inside.group, outputs=[wanted], attributes=own
        )
    made = assembler.layer(_inner(spec, "layer"), NO_CALL, reads, inside, known)
    if spec.op == "SpectralNormalization":
        for kernel in assembler.weights_below(inside.path, ("kernel", "embeddings")):
            vector = Weight(f"{inside.path}vector_u", "vector_u", (1, kernel.shape[-1]), kernel.dtype, False)
            assembler.builder.describe_group(inside.group, weights=[vector])
    return made


def time_distributed(
    assembler: Assembler, spec: LayerSpec, call: Call, reads: list[Read], place: Place, known: Known | None
) -> list[Value]:
    """TimeDistributed: the inside works on one step; what is drawn are the tensors of all steps."""
    inside = _group(assembler, spec, call, place, "wrapper")
    shape = reads[0].value.tensor.shape if reads else None
    at = 1 + len(place.steps)
    steps: Shape = (*place.steps, shape[at] if shape is not None and len(shape) > at else None)
    inside = replace(inside, steps=steps)
    fallback = None
    said = known.get(0) if known and place.trusted else None
    if said is not None:
        whole = hinted(said)
        if whole.shape is not None and len(whole.shape) > 1:
            fallback = Tensor((whole.shape[0], *whole.shape[2:]), whole.dtype)
    return assembler.layer(_inner(spec, "layer"), NO_CALL, reads, inside, None, fallback)


def bidirectional(
    assembler: Assembler, spec: LayerSpec, call: Call, reads: list[Read], place: Place, known: Known | None
) -> list[Value]:
    """Bidirectional: two layers that read the same, and a merge of what they make."""
    inside = _group(assembler, spec, call, place, "wrapper")
    forward = _inner(spec, "layer")
    if isinstance(spec.config.get("backward_layer"), dict):
        backward = _inner(spec, "backward_layer")
    else:
        base = forward.name.removeprefix("forward_")
        forward.name = f"forward_{base}"
        config = {**forward.config, "name": f"backward_{base}", "go_backwards": not forward.config.get("go_backwards")}
        backward = replace(forward, name=f"backward_{base}", config=config, calls=[])
    forward.stored, backward.stored = "forward_layer", "backward_layer"
    states = reads[1:] if len(reads) > 2 and len(reads) % 2 else []
    half = len(states) // 2
    ahead = assembler.layer(forward, NO_CALL, [reads[0], *states[:half]] if states else reads, inside)
    back = assembler.layer(backward, NO_CALL, [reads[0], *states[half:]] if states else reads, inside)
    mode = spec.config.get("merge_mode", "concat")
    if not ahead or not back:
        raise ReadError(f"layer {spec.name!r} ({spec.op}): the layers inside make nothing")
    if mode is None:
        return [ahead[0], back[0], *ahead[1:], *back[1:]]
    if mode not in _MERGES:
        raise ReadError(
            f"layer {spec.name!r} ({spec.op}): 'merge_mode' must be one of {', '.join(_MERGES)}, or null; "
            f"received {repr(mode)[:60]}"
        )
    merged = _merged(mode, ahead[0].tensor, back[0].tensor)
    tensor = Tensor(merged.shape, dtype_policy(spec.config.get("dtype"))[0])
    merge = assembler.node(
        "merge",
        _MERGES[mode],
        [Read(ahead[0]), Read(back[0])],
        group=inside.group,
        outputs=[tensor],
        attributes={"merge_mode": mode},
    )
    return [*merge, *ahead[1:], *back[1:]]


def _merged(mode: str, ahead: Tensor, back: Tensor) -> Tensor:
    if ahead.shape is None or back.shape is None or not ahead.shape or not back.shape:
        return Tensor(None, ahead.dtype)
    if mode != "concat":
        return Tensor(broadcast([ahead.shape, back.shape]), ahead.dtype)
    last = (ahead.shape[-1], back.shape[-1])
    return Tensor((*ahead.shape[:-1], None if None in last else sum(dim or 0 for dim in last)), ahead.dtype)


def recurrent(
    assembler: Assembler, spec: LayerSpec, call: Call, reads: list[Read], place: Place, known: Known | None
) -> list[Value]:
    """RNN: its cells in a chain, each reading what the one before it makes at the same step."""
    inside = _group(assembler, spec, call, place, "wrapper")
    cell = _inner(spec, "cell")
    location = (*inside.location, "cell")
    cells = [cell]
    if cell.op == "StackedRNNCells" and isinstance(cell.config.get("cells"), list):
        cells = [layer_spec(raw) for raw in cell.config["cells"]]
        location = (*location, "cells")
    inside = replace(inside, location=location)
    made: list[Value] = []
    states: list[Value] = []
    for at, each in enumerate(cells):
        each.stored = each.stored or snake_case(each.op)
        last = at + 1 == len(cells)
        ports = 1 + (CELL_STATES.get(each.op, 0) if spec.config.get("return_state") else 0)
        whole = not last or bool(spec.config.get("return_sequences"))
        said = known.get(0) if known and last and place.trusted else None
        made = _cell(assembler, each, reads, inside, ports=ports, sequence=whole, said=said)
        states += made[1:]
        reads = [Read(made[0])]
    return [made[0], *states]


def _cell(
    assembler: Assembler,
    spec: LayerSpec,
    reads: list[Read],
    place: Place,
    *,
    ports: int,
    sequence: bool,
    said: Mapping[str, Any] | None,
) -> list[Value]:
    """One cell: its weights follow from a step, its output is that of all steps or of the last one."""
    tensors = [place.inside(read.value.tensor) for read in reads[:1]]
    shape = tensors[0].shape if tensors else None
    units = spec.config.get("units", spec.config.get("output_dim"))
    dtype = dtype_policy(spec.config.get("dtype"))[0]
    state = Tensor(None, dtype)
    if spec.op in CELL_STATES and not spec.custom and shape is not None and type(units) is int and units >= 0:
        state = Tensor((shape[0], units), dtype)
    output = state
    if sequence and state.shape is not None and shape is not None:
        output = Tensor((state.shape[0], shape[1] if len(shape) > 1 else None, *state.shape[1:]), dtype)
    if output.shape is None and said is not None:
        output = Tensor(checked_shape(said.get("shape")), dtype)
    step = None if shape is None or len(shape) < 2 else (shape[0], *shape[2:])
    weights = assembler.weights(spec, spec.op, spec.config, [Tensor(step, dtype)], place)
    return assembler.node(
        spec.name,
        spec.op,
        reads,
        group=place.group,
        outputs=[place.outside(tensor) for tensor in (output, *[state] * (ports - 1))],
        attributes=Attributes(spec.config, {}),
        weights=weights,
    )


def multi_head_attention(
    assembler: Assembler, spec: LayerSpec, call: Call, reads: list[Read], place: Place, known: Known | None
) -> list[Value]:
    """MultiHeadAttention: every projection gives heads of the same number."""
    config = spec.config
    heads, width = config.get("num_heads"), config.get("key_dim", config.get("head_size"))
    value_width = config.get("value_dim") or width
    made = config.get("output_shape")
    made = [made] if isinstance(made, int) else made
    return _attention(
        assembler, spec, call, reads, place, known,
        query=[heads, width], key=[heads, width], value=[heads, value_width], made=made,
    )  # fmt: skip


def grouped_query_attention(
    assembler: Assembler, spec: LayerSpec, call: Call, reads: list[Read], place: Place, known: Known | None
) -> list[Value]:
    """GroupedQueryAttention: fewer heads of keys and values than of queries."""
    config = spec.config
    width, few = config.get("head_dim"), config.get("num_key_value_heads")
    return _attention(
        assembler, spec, call, reads, place, known,
        query=[config.get("num_query_heads"), width], key=[few, width], value=[few, width], made=None,
    )  # fmt: skip


def _attention(
    assembler: Assembler,
    spec: LayerSpec,
    call: Call,
    reads: list[Read],
    place: Place,
    known: Known | None,
    *,
    query: list[Any],
    key: list[Any],
    value: list[Any],
    made: Any,
) -> list[Value]:
    by_name = {read.label or "query": read.value for read in reads}
    if "query" not in by_name or "value" not in by_name:
        return assembler.leaf(spec, call, reads, place, known)
    inside = _group(assembler, spec, call, place, "layer", _ATTENTION)
    sources = {"query": by_name["query"], "key": by_name.get("key", by_name["value"]), "value": by_name["value"]}
    units = {"query": query, "key": key, "value": value}
    heads = {
        name: _projection(assembler, spec, inside, name, sources[name], units[name], 1)
        for name in ("query", "key", "value")
    }
    masks = [read for read in reads if read.label not in ("", *sources)]
    context = _with_last(heads["query"].tensor, value[1])
    outputs = [context]
    if known and max(known) > 0:
        outputs.append(_score(known, heads, place))
    attended = assembler.node(
        "attention",
        "DotProductAttention",
        [Read(heads["query"]), Read(heads["key"], "key"), Read(heads["value"], "value"), *masks],
        group=inside.group,
        outputs=outputs,
        attributes={key: spec.config[key] for key in ("dropout", "attention_axes") if key in spec.config},
    )
    result = attended[0]
    if spec.config.get("use_gate"):
        gate = _projection(assembler, spec, inside, "gate", sources["query"], [query[0], value[1]], 1, "sigmoid")
        result = assembler.node(
            "gated", "Multiply", [Read(result), Read(gate)], group=inside.group, outputs=[context], attributes={}
        )[0]
    width = made if made else [by_name["query"].tensor.shape[-1] if by_name["query"].tensor.shape else None]
    output = _projection(assembler, spec, inside, "attention_output", result, list(width), 2)
    return [output, *attended[1:]]


def _with_last(tensor: Tensor, width: Any) -> Tensor:
    if tensor.shape is None or not tensor.shape:
        return tensor
    return Tensor(checked_shape([*tensor.shape[:-1], width]), tensor.dtype)


def _score(known: Known, heads: Mapping[str, Value], place: Place) -> Tensor:
    """Attention scores: heads after the batch, then what attends and what is attended to."""
    if place.trusted and known.get(1):
        return place.outside(hinted(known[1] or {}))
    query, key = heads["query"].tensor, heads["key"].tensor
    if query.shape is None or key.shape is None or len(query.shape) != 4 or len(key.shape) != 4:
        return Tensor(None, query.dtype)
    return Tensor((query.shape[0], query.shape[2], query.shape[1], key.shape[1]), query.dtype)


_HANDED_ON = (
    "kernel_initializer", "bias_initializer", "kernel_regularizer", "bias_regularizer", "activity_regularizer",
    "kernel_constraint", "bias_constraint",
)  # fmt: skip
"""Settings that attention gives to each of its projections."""

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def _projection(
    assembler: Assembler,
    spec: LayerSpec,
    place: Place,
    name: str,
    source: Value,
    units: list[Any],
    bound: int,
    activation: str = "linear",
) -> Value:
    """An EinsumDense that replaces the last ``bound`` axes by ``units``."""
    shape = place.inside(source.tensor).shape
    free = (len(shape) if shape is not None else 2 + bound) - bound
    if not 0 < free < 12 or len(units) > 8:
        raise ReadError(f"layer {spec.name!r} ({spec.op}): cannot project a tensor of shape {shape}")
    batch, taken = _LETTERS[:free], _LETTERS[free : free + bound]
    given = _LETTERS[free + bound : free + bound + len(units)]
    config: dict[str, Any] = {
        "name": name,
        "trainable": spec.config.get("trainable", True),
        "dtype": spec.config.get("dtype"),
        "equation": f"{batch}{taken},{taken}{given}->{batch}{given}",
        "output_shape": [*[None] * (free - 1), *units],
        "bias_axes": given if spec.config.get("use_bias", True) else None,
        "activation": activation,
        **{key: spec.config[key] for key in _HANDED_ON if key in spec.config},
    }
    inner = LayerSpec(name, "EinsumDense", config, stored=f"{name.removeprefix('attention_')}_dense")
    dtype = dtype_policy(spec.config.get("dtype"))[0]
    made = Tensor(None if shape is None else checked_shape([*shape[:free], *units]), dtype)
    return assembler.node(
        name,
        "EinsumDense",
        [Read(source)],
        group=place.group,
        outputs=[place.outside(made)],
        attributes=Attributes(config, {}),
        weights=assembler.weights(inner, "EinsumDense", config, [Tensor(shape, dtype)], place),
    )[0]


OPENERS: Mapping[str, Opener] = {
    "TimeDistributed": time_distributed,
    "Bidirectional": bidirectional,
    "RNN": recurrent,
    "MultiHeadAttention": multi_head_attention,
    "GroupedQueryAttention": grouped_query_attention,
    "GroupQueryAttention": grouped_query_attention,
}
"""Class of a layer → what opens it."""


def new_assembler(builder: Any, stored: Any = None) -> Assembler:
    """An `Assembler` that knows all templates."""
    return Assembler(builder, openers=OPENERS, submodel=submodel, wrapper=wrapper, stored=stored)
