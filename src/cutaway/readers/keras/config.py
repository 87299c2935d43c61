"""A whole Keras config, as a file or a live model gives it, to a `Graph`: the one door to this package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cutaway.errors import MissingExtra, ReadError
from cutaway.graph.build import GraphBuilder
from cutaway.graph.model import Graph, Shape
from cutaway.readers.hdf5 import Tree
from cutaway.readers.keras.assemble import NO_CALL, Assembler
from cutaway.readers.keras.legacy import modern
from cutaway.readers.keras.models import Functional, input_node, sequential, sequential_input
from cutaway.readers.keras.parsing import LayerSpec, checked_shape, layer_spec
from cutaway.readers.keras.serialized import Attributes
from cutaway.readers.keras.shapes import SHAPE_RULES
from cutaway.readers.keras.templates import new_assembler
from cutaway.readers.keras.values import Place, Read, Stored, is_model
from cutaway.readers.keras.weight_tree import add_weight_tree

_WRONG = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, ArithmeticError)


def read_config(
    raw: Any,
    *,
    format: str,
    producer: str = "",
    path: str | Path | None = None,
    stored: Stored | None = None,
    input_shape: Any = None,
) -> Graph:
    """Make a graph of a model's config.

    Args:
        raw: The config: ``class_name``, ``config`` and what else the version writes.
        format: Name of the reader.
        producer: Program that wrote it.
        path: The file, for errors.
        stored: Weights in the file, for layers whose weights no rule knows.
        input_shape: Shape of the input, the batch included, where the config says none.

    Raises:
        ReadError: The config is malformed, contradicts itself, or is nested too deeply. This is the one place
            where a malformed config, whatever it leads to, becomes a `ReadError`.
    """
    try:
        return _read(raw, format, producer, stored, input_shape)
    except ReadError as error:
        if error.path is None and path is not None:
            raise type(error)(str(error), path=path) from error
        raise
    except RecursionError as error:
        raise ReadError("the config is nested too deeply to be a model's", path=path) from error
    except _WRONG as error:
        raise ReadError(f"the config is malformed: {type(error).__name__}: {str(error)[:200]}", path=path) from error


def _read(raw: Any, format: str, producer: str, stored: Stored | None, input_shape: Any) -> Graph:
    spec = layer_spec(raw)
    builder = GraphBuilder(spec.name, format, producer)
    builder.describe_group(0, op=spec.op, attributes=Attributes(spec.config, {}))
    assembler = new_assembler(builder, stored)
    place = Place(trainable=spec.trainable, location=("layers",))
    if is_model(spec.config) and "input_layers" in spec.config:
        model = Functional(assembler, spec, place)
        model.assemble(None)
        model.interface()
    elif is_model(spec.config):
        given = None if input_shape is None else checked_shape(tuple(input_shape))
        _top_sequential(assembler, spec, place, given)
    else:
        _other(assembler, spec)
    assembler.finish()
    return builder.build()


def _top_sequential(assembler: Assembler, spec: LayerSpec, place: Place, given: Shape | None) -> None:
    builder = assembler.builder
    source = sequential_input(spec, given)
    reads: list[Read] = []
    if source is not None:
        (value,) = input_node(assembler, source, place)
        builder.mark_input(value.node, source.name)
        reads = [Read(value)]
    else:
        builder.warnings.append(
            "the model was saved before it was built, so it holds no shapes and no weights; pass input_shape=, "
            "the batch included, such as (None, 28, 28, 1)"
        )
    for value in sequential(assembler, spec, place, reads):
        layers = spec.config["layers"]
        last = layer_spec(layers[-1]) if layers else source  # without layers, the input is what comes out
        builder.mark_output(value.node, last.name if last is not None else spec.name, value.port)


def _other(assembler: Assembler, spec: LayerSpec) -> None:
    """A layer alone, or a subclassed model: its weights where a file holds them, else one box."""
    held: Tree = {}
    try:
        held = assembler.stored.tree() if assembler.stored is not None else {}
    except MissingExtra as error:
        assembler.warn(f"the weights are not shown: {error}")
    found_by = "weights only: the file holds no calls of a subclassed model"
    if modern(spec.op, spec.config)[0] not in SHAPE_RULES:
        add_weight_tree(assembler.builder, held, found_by=found_by)
    if not len(assembler.builder):
        assembler.warn(f"{spec.op!r} is no Functional or Sequential model: its config does not say what happens inside")
        assembler.leaf(spec, NO_CALL, [], Place())
        return
    assembler.builder.describe_group(0, op=spec.op, found_by=found_by, attributes=Attributes(spec.config, {}))
    assembler.warn(f"{spec.op!r} is a subclassed model: the file holds its weights, but no calls between them")
