"""Output shapes by rule: one table, class → rule(config, input shapes) → shape of each output port.

Configs of Keras 3 say most shapes themselves; the table answers for everything older, for a model's last
layers and for the inside of wrappers. A class that is not listed has no known shape, and that is said.

In: a class name, its configuration, the tensors it receives. Out: the tensors it makes.
Imports: ``cutaway.graph`` and ``cutaway.readers.keras``; never Keras.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cutaway.graph.model import Shape, Tensor
from cutaway.readers.keras.parsing import checked_shape
from cutaway.readers.keras.serialized import dtype_policy
from cutaway.readers.keras.shapes.common import NoRule, Rule
from cutaway.readers.keras.shapes.dense import DENSE
from cutaway.readers.keras.shapes.operations import BOOLEAN, FRACTIONAL, INTEGER, OPERATIONS
from cutaway.readers.keras.shapes.preprocessing import PREPROCESSING
from cutaway.readers.keras.shapes.recurrent import RECURRENT
from cutaway.readers.keras.shapes.spatial import SPATIAL

SHAPE_RULES: Mapping[str, Rule] = {**DENSE, **SPATIAL, **RECURRENT, **PREPROCESSING}
"""Layers, by today's class names."""

OPERATION_RULES: Mapping[str, Rule] = OPERATIONS
"""Operations of ``keras.ops``, some of which are named as layers are."""

_KEEPS_INTEGERS = frozenset({
    "Flatten", "Reshape", "Permute", "RepeatVector", "Identity", "ZeroPadding1D", "ZeroPadding2D",
    "ZeroPadding3D", "Cropping1D", "Cropping2D", "Cropping3D", "Concatenate", "Masking",
})  # fmt: skip
"""Layers that pass other types than floats through; floats are cast to the compute dtype on entry."""

_LOOKUPS = frozenset({"StringLookup", "IntegerLookup", "TextVectorization"})
_COUNTERS = {"Hashing": "int64", "HashedCrossing": "int64", "Discretization": "int32"}


def layer_outputs(op: str, config: Mapping[str, Any], inputs: Sequence[Tensor]) -> list[Tensor]:
    """Output tensors of a layer under today's names.

    Raises:
        NoRule: No rule covers this class or this configuration.
        ValueError, TypeError, KeyError, IndexError: The config is not that of a layer of this class.
    """
    dtype = _layer_dtype(op, config, inputs)
    rule = SHAPE_RULES.get(op)
    if rule is None:
        raise NoRule(op)
    return _apply(rule, config, inputs, dtype)


def operation_outputs(op: str, config: Mapping[str, Any], inputs: Sequence[Tensor]) -> list[Tensor]:
    """Output tensors of a ``keras.ops`` operation; raises as `layer_outputs` does."""
    rule = OPERATION_RULES.get(op)
    if rule is None:
        raise NoRule(op)
    if op == "Cast" and isinstance(config.get("dtype"), str):
        return _apply(rule, config, inputs, config["dtype"])
    if op in BOOLEAN or op in INTEGER:
        return _apply(rule, config, inputs, "bool" if op in BOOLEAN else "int32")
    outputs = _apply(rule, config, inputs, _promoted(op, config, inputs))
    return [outputs[0], Tensor(outputs[1].shape, "int32")] if op == "TopK" else outputs


def node_outputs(op: str, attributes: Mapping[str, Any], inputs: Sequence[Tensor]) -> list[Tensor]:
    """Output tensors of a node of a graph, whose attributes are a configuration with the constants of the call.

    Raises:
        NoRule: No rule covers this class or this configuration.
        ValueError, TypeError, KeyError, IndexError: The attributes are not those of a node of this class.
    """
    is_layer = "trainable" in attributes or op not in OPERATION_RULES
    return layer_outputs(op, attributes, inputs) if is_layer else operation_outputs(op, attributes, inputs)


def _promoted(op: str, config: Mapping[str, Any], inputs: Sequence[Tensor]) -> str | None:
    """Type of an operation on tensors of one type, besides conditions; None where types of tensors must be mixed."""
    dtypes = {tensor.dtype for tensor in inputs}
    if len(dtypes) > 1:
        dtypes.discard("bool")
    if len(dtypes) != 1:
        return None
    dtype = dtypes.pop()
    if dtype is None or "float" in dtype:
        return dtype
    fractions = op in FRACTIONAL or any(isinstance(value, float) for value in config.values())
    return "float32" if fractions else dtype


def _apply(rule: Rule, config: Mapping[str, Any], inputs: Sequence[Tensor], dtype: str | None) -> list[Tensor]:
    shapes: list[Shape] = []
    for tensor in inputs:
        if tensor.shape is None:
            raise NoRule("the shape of an input is unknown")
        shapes.append(tensor.shape)
    if not shapes:
        raise NoRule("it reads nothing")
    made = rule(config, shapes)
    if isinstance(made, list):
        return [Tensor(checked_shape(shape), dtype) for shape in made]
    return [Tensor(checked_shape(made), dtype)]


def _layer_dtype(op: str, config: Mapping[str, Any], inputs: Sequence[Tensor]) -> str | None:
    compute = dtype_policy(config.get("dtype"))[0]
    if op in _KEEPS_INTEGERS and inputs:
        dtype = inputs[0].dtype
        return compute if dtype is None or "float" in dtype else dtype
    if op in _LOOKUPS:
        return "int64" if config.get("output_mode", "int") == "int" else "float32"
    if op in _COUNTERS:
        return _COUNTERS[op] if config.get("output_mode", "int") == "int" else compute
    return compute
