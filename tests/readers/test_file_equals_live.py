"""A live model and its file are one graph: equal names, operations, edges, groups, shapes and weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cutaway.graph.model import Graph
from cutaway.readers import read

keras: Any = pytest.importorskip("keras")
layers = keras.layers


def recurrent() -> Any:
    x = keras.Input((6, 4), name="x")
    y = layers.Bidirectional(layers.LSTM(3, return_sequences=True), name="bi")(x)
    y = layers.TimeDistributed(keras.Sequential([keras.Input((6,)), layers.Dense(3, name="d")], name="s"), name="td")(y)
    y = layers.RNN([layers.LSTMCell(4, name="c1"), layers.GRUCell(5, name="c2")], return_sequences=True, name="rnn")(y)
    y = layers.MultiHeadAttention(2, 4, name="mha")(y, y, key=y)
    return keras.Model(x, layers.GlobalAveragePooling1D(name="gap")(y), name="recurrent")


def several() -> Any:
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(4, name="in1"), layers.ReLU(name="r")], name="inner")
    y = layers.Concatenate(name="cat")([inner(a), inner(b), a])
    values, _ = keras.ops.top_k(y, 2)
    first, _, last = keras.ops.split(y, 3, axis=-1)
    z = 1 - layers.Add(name="plus")([first, last]) * 2.0
    z = layers.BatchNormalization(name="bn", trainable=False)(layers.Dropout(0.2, name="do")(z, training=True))
    return keras.Model({"b": b, "a": a}, {"o": z[:, 1:], "v": values}, name="several")


def sequential() -> Any:
    source = keras.Input((8, 8, 3), name="img")
    return keras.Sequential([source, layers.Conv2D(4, 3, name="c"), layers.Flatten(name="f")], name="sequential")


def states() -> Any:
    x, mask = keras.Input((4, 6), name="x"), keras.Input((4,), dtype="bool", name="m")
    _, *last = layers.LSTM(3, return_state=True, name="one")(x, mask=mask)
    return keras.Model([x, mask], layers.LSTM(3, name="two")(x, initial_state=last), name="states")


def facts(graph: Graph) -> dict[str, Any]:
    def weights(node: Any) -> str:
        return str([replace(weight, location=None) for weight in node.weights])  # which only a file has

    groups = [graph.group(index) for index in range(1, len(graph.groups))]
    return {
        "nodes": sorted((node.id, node.op, str(node.outputs), weights(node)) for node in graph.nodes),
        "edges": sorted((graph.ids[e.source], e.port, graph.ids[e.target], e.slot, e.label) for e in graph.edges()),
        "groups": sorted((group.id, group.kind, group.op) for group in groups),
        "inputs": [(graph.ids[port.node], port.port, port.name) for port in graph.inputs],
        "outputs": [(graph.ids[port.node], port.port, port.name) for port in graph.outputs],
        "name": (graph.name, graph.producer, graph.warnings),
    }


@pytest.mark.parametrize("make", [recurrent, several, sequential, states])
def test_file_equals_live(make: Callable[[], Any], tmp_path: Path) -> None:
    model = make()
    model.save(tmp_path / "m.keras")
    assert facts(read(tmp_path / "m.keras")) == facts(read(model))
