"""Memory over the execution order, against a run that frees what nobody will read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.analysis.cost import cost
from cutaway.analysis.memory import SLOTS, VIEWS, Memory, activations, training
from cutaway.analysis.order import execution_order
from cutaway.analysis.parameters import model_totals
from cutaway.analysis.sizes import Setting
from cutaway.errors import OptionError
from cutaway.graph import Graph, GraphBuilder, Tensor
from cutaway.readers import read

MODELS = Path(__file__).parents[1] / "models"


def memory(graph: Graph) -> Memory:
    return activations(graph, cost(graph).sizes)


# x(10) -> big(100) -> view -> small(1);  x -> last(10) reads small too
def test_a_chain_by_hand() -> None:
    builder = GraphBuilder("net", "keras_v3")
    x = builder.node("x", "InputLayer", outputs=[Tensor((1, 10), "int8")])
    big = builder.node("big", "ReLU", outputs=[Tensor((1, 100), "int8")])
    view = builder.node("view", "Reshape", outputs=[Tensor((1, 10, 10), "int8")])
    small = builder.node("small", "Max", outputs=[Tensor((1,), "int8")])
    last = builder.node("last", "Add", outputs=[Tensor((1, 10), "int8")])
    for source, target in ((x, big), (big, view), (view, small), (x, last), (small, last)):
        builder.connect(source, target)
    builder.mark_output(last)
    found = memory(builder.build())
    assert list(found.alive) == [10, 110, 110, 111, 21]
    assert (found.peak, found.at) == (111, small)
    assert found.tensors == ((big, 0, 100), (x, 0, 10), (small, 0, 1))


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    builder = GraphBuilder("net", "keras_v3")
    count = draw(st.integers(1, 9))
    for node in range(count):
        op = draw(st.sampled_from(["ReLU", "Reshape", "Add"]))
        builder.node(f"n{node}", op, outputs=[Tensor((1, draw(st.integers(0, 50))), "int8")])
        for source in draw(st.lists(st.integers(0, node - 1), max_size=3)) if node else []:
            builder.connect(source, node)
    for node in draw(st.sets(st.integers(0, count - 1))):
        builder.mark_output(node)
    return builder.build()


@given(graphs())
def test_any_graph_against_a_run_that_counts_references(graph: Graph) -> None:
    found = memory(graph)
    lies_in: dict[int, int] = {}
    alive: list[int] = []
    kept = {port.node for port in graph.outputs}
    for now in range(len(graph)):
        read_ = [edge.source for edge in graph.inputs_of(now)]
        lies_in[now] = lies_in[read_[0]] if read_ and graph.op(now) in VIEWS else now
        needed = {now, *read_}
        for later in range(now + 1, len(graph)):
            needed.update(edge.source for edge in graph.inputs_of(later) if edge.source <= now)
        needed.update(node for node in kept if node <= now)
        buffers = {lies_in[node] for node in needed}
        alive.append(sum((graph.outputs_of(node)[0].shape or (0, 0))[1] or 0 for node in buffers))
    assert list(found.alive) == alive
    assert found.peak == max(alive)


def test_vgg16_holds_its_two_largest_maps_at_once() -> None:
    found = memory(read(MODELS / "VGG16.keras"))
    assert found.peak == 2 * 224 * 224 * 64 * 4


def test_precision_and_batch() -> None:
    graph = read(MODELS / "VGG16.keras")
    half = activations(graph, cost(graph, Setting(batch=4)).sizes, precision="float16")
    assert half.peak == 2 * memory(graph).peak


def test_training_memory() -> None:
    graph = read(MODELS / "MobileNetV2.keras")
    sizes = cost(graph, Setting(batch=32)).sizes
    totals = model_totals(graph)
    found = training(graph, sizes)
    assert (found.weights, found.gradients) == (totals.bytes, 4 * totals.trainable)
    assert found.optimizer == 2 * found.gradients
    assert found.total == sum((found.weights, found.gradients, found.optimizer, found.activations))
    assert training(graph, sizes, precision="float16").activations * 2 == found.activations
    with pytest.raises(OptionError, match="adam"):
        training(graph, sizes, optimizer="best")


def test_slots_are_those_of_keras() -> None:
    keras = pytest.importorskip("keras")
    numpy = pytest.importorskip("numpy")
    made = {name: name for name in SLOTS}
    made |= {"sgd": "SGD", "momentum": "SGD", "amsgrad": "Adam", "adam": "Adam", "rmsprop": "RMSprop", "ftrl": "Ftrl"}
    made |= {"adamw": "AdamW", "lamb": "Lamb", "lion": "Lion", "nadam": "Nadam", "adamax": "Adamax"}
    made |= {"adagrad": "Adagrad", "adadelta": "Adadelta"}
    special: dict[str, dict[str, object]] = {"momentum": {"momentum": 0.9}, "amsgrad": {"amsgrad": True}}
    for name, slots in SLOTS.items():
        optimizer = getattr(keras.optimizers, made[name])(**special.get(name, {}))
        variable = keras.Variable(numpy.zeros((100, 10), "float32"))
        optimizer.build([variable])
        assert sum(each.shape == (100, 10) for each in optimizer.variables) == slots, name


def test_nodes_of_any_order_are_run_behind_what_they_read() -> None:
    builder = GraphBuilder("net", "graph_def")
    for name in "dcba":
        builder.node(name, "Relu", outputs=[Tensor((1,), "float32")])
    for source, target in ((3, 2), (2, 1), (1, 0)):
        builder.connect(source, target)
    assert list(execution_order(builder.build())) == [3, 2, 1, 0]


@st.composite
def networks(draw: st.DrawFn) -> Graph:
    """Dense layers, additions, joins and views, of which some outputs are read several times."""
    builder = GraphBuilder("net", "keras_v3")
    widths = [draw(st.integers(2, 6)) * 1000]
    builder.node("n0", "InputLayer", outputs=[Tensor((8, widths[0]), "float64")])
    for node in range(1, draw(st.integers(2, 9))):
        first = draw(st.integers(0, node - 1))
        equal = [other for other in range(node) if widths[other] == widths[first]]
        kind = draw(st.sampled_from(["Dense", "Add", "Concatenate", "Reshape", "ReLU"]))
        sources = [first]
        if kind == "Add":
            sources.append(draw(st.sampled_from(equal)))
        if kind == "Concatenate":
            sources.append(draw(st.integers(0, node - 1)))
        width = {"Dense": draw(st.integers(1, 6)) * 1000, "Concatenate": sum(widths[each] for each in sources)}
        widths.append(width.get(kind, widths[first]))
        builder.node(f"n{node}", kind, outputs=[Tensor((8, widths[-1]), "float64")])
        for source in sources:
            builder.connect(source, node)
    builder.mark_output(len(widths) - 1)
    return builder.build()


@given(networks())
def test_the_peak_is_what_the_allocator_of_numpy_sees(graph: Graph) -> None:
    """The model is run for real: whoever has been read for the last time is let go, and the allocator is watched."""
    import tracemalloc

    import numpy as np

    width = [(graph.outputs_of(node)[0].shape or (0, 0))[1] or 0 for node in range(len(graph))]
    edges = [[edge.source for edge in graph.inputs_of(node)] for node in range(len(graph))]
    last = {node: node for node in range(len(graph))}
    for reader, sources in enumerate(edges):
        last.update(dict.fromkeys(sources, reader))
    last[graph.outputs[0].node] = len(graph)
    held: dict[int, np.ndarray[Any, Any]] = {}
    one = np.ones((1, 1))
    peaks = []
    tracemalloc.start()
    try:
        start = tracemalloc.get_traced_memory()[0]
        for node, sources in enumerate(edges):
            tracemalloc.reset_peak()
            op = graph.op(node)
            if op in ("InputLayer", "Dense"):  # a product without the array of weights, which is no activation
                held[node] = np.empty((8, width[node]))
                held[node][:] = one
            elif op == "Reshape":
                held[node] = held[sources[0]].reshape(2, 4, -1).reshape(8, -1)
            elif op == "ReLU":
                held[node] = np.maximum(held[sources[0]], 0)
            else:
                both = [held[source] for source in sources]
                held[node] = np.add(*both) if op == "Add" else np.concatenate(both, axis=1)
                del both
            peaks.append(tracemalloc.get_traced_memory()[1] - start)
            for done in [other for other in held if last[other] <= node]:
                del held[done]
    finally:
        tracemalloc.stop()
    found = memory(graph)
    for alive, seen in zip(found.alive, peaks, strict=True):
        assert alive == pytest.approx(seen, abs=16_000)  # the smallest tensor has 64,000 bytes
