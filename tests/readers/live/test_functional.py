"""Functional and Sequential models: nodes, edges, shapes and weights equal what Keras says."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers as kl
from keras import ops

import cutaway
from cutaway.graph import Graph
from cutaway.readers import read
from cutaway.readers.keras_live import matches
from tests import zoo
from tests.readers.live.walk import (
    edges_in,
    edges_of,
    is_producers_first,
    keras_parameters,
    parameters,
    trainable_parameters,
)

PLAIN = ["unet", "siamese", "gan", "two_tower", "seq2seq", "hostile"]


def inputs_by_name(graph: Graph, name: str) -> list[list[tuple[str, int, str]]]:
    """For each node of a name: id of the source, its port, label."""
    return [
        [(graph.ids[edge.source], edge.port, edge.label) for edge in node.inputs]
        for node in graph.nodes
        if node.name == name
    ]


@pytest.mark.parametrize("name", PLAIN)
def test_edges_and_parameters_equal_those_of_keras(name: str) -> None:
    model = zoo.FUNCTIONAL[name]()
    graph = read(model)
    assert edges_in(graph) == edges_of(model)
    assert is_producers_first(graph)
    assert parameters(graph) == model.count_params()
    assert trainable_parameters(graph) == keras_parameters(model.trainable_weights)


@pytest.mark.parametrize(
    "family",
    ["ResNet50", "InceptionV3", "MobileNetV3Small", "DenseNet121", "EfficientNetB0", "NASNetMobile", "ConvNeXtTiny"],
)
def test_applications_equal_keras_node_for_node(family: str) -> None:
    model = getattr(keras.applications, family)(weights=None)
    graph = read(model)
    keras.backend.clear_session()
    assert edges_in(graph) == edges_of(model)
    nested = [layer for layer in model.layers if isinstance(layer, keras.Model)]
    operations = [one for one in model.operations if not isinstance(one, keras.Model)]
    operations += [layer for inner in nested for layer in inner.layers]  # without its InputLayer
    assert {node.name: node.outputs[0].shape for node in graph.nodes} == {
        one.name: tuple(one.output.shape) for one in operations
    }
    assert len(graph) == len(operations)
    assert parameters(graph) == model.count_params()
    assert trainable_parameters(graph) == keras_parameters(model.trainable_weights)


KINDS = ("dense", "add", "shared", "nested", "outer", "split", "scalar", "concat", "ops")
PLANS = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=12)


def random_model(inputs_wanted: int, plan: list[tuple[str, int, int]], wanted: list[int]) -> keras.Model:
    """A Functional model with sharing, nesting, several ports, constants and parallel edges."""
    keras.backend.clear_session()
    inputs = [keras.Input((4,), name=f"in{place}") for place in range(inputs_wanted)]
    tensors: list[Any] = list(inputs)
    shared = kl.Dense(4, name="shared")
    nested = keras.Sequential([kl.Input((4,)), kl.Dense(4, name="inner1"), kl.ReLU(name="inner2")], name="nested")
    outer_in = keras.Input((4,))
    outer = keras.Model(outer_in, [nested(outer_in), shared(outer_in)], name="outer")
    for place, (kind, first, second) in enumerate(plan):
        x, y = tensors[first % len(tensors)], tensors[second % len(tensors)]
        match kind:
            case "dense":
                tensors.append(kl.Dense(4, name=f"dense{place}")(x))
            case "add":
                tensors.append(kl.Add(name=f"add{place}")([x, y, x]))
            case "shared":
                tensors.append(shared(x))
            case "nested":
                tensors.append(nested(x))
            case "outer":
                tensors += outer(x)
            case "split":
                parts = ops.split(x, 2, axis=-1)
                tensors.append(ops.concatenate([parts[1], parts[0]], axis=-1))
            case "scalar":
                tensors.append(2.0 * x - 1)
            case "concat":
                tensors.append(kl.Dense(4, name=f"narrow{place}")(kl.Concatenate(name=f"concat{place}")([x, y])))
            case "ops":
                tensors.append(ops.where(ops.greater(x, y), x, 0.0))
    made = tensors[inputs_wanted:]
    return keras.Model(inputs, [made[place % len(made)] for place in wanted], name="random")


@settings(max_examples=60)
@given(st.integers(1, 3), PLANS, st.lists(st.integers(0, 99), min_size=1, max_size=3))
def test_random_models_equal_an_independent_walk(
    inputs_wanted: int, plan: list[tuple[str, int, int]], wanted: list[int]
) -> None:
    model = random_model(inputs_wanted, plan, wanted)
    graph = read(model)
    assert edges_in(graph) == edges_of(model)
    assert is_producers_first(graph)
    assert parameters(graph) == model.count_params()
    assert [port.name for port in graph.inputs] == [tensor.name for tensor in model.inputs]
    assert [port.name for port in graph.outputs] == [tensor._keras_history.operation.name for tensor in model.outputs]
    shapes = [graph.tensor(port.node, port.port).shape for port in graph.outputs]
    assert shapes == [tuple(tensor.shape) for tensor in model.outputs]


def test_a_chain_of_three_thousand_layers_does_not_recurse() -> None:
    x = inputs = keras.Input((1,))
    for _ in range(3000):
        x = ops.negative(x)
    output = x
    model = type("Chain", (), {})
    history = output._keras_history.operation
    assert history is not None
    from cutaway.readers.live.functional import calls_of

    model.inputs, model.outputs = [inputs], [output]  # type: ignore[attr-defined]
    assert len(calls_of(model)) == 3000


def test_hostile_model_by_hand() -> None:
    graph = read(zoo.build_hostile())
    assert inputs_by_name(graph, "shared") == [[("x", 0, "")], [("shared", 0, "")]]  # the call in `other` is not here
    assert inputs_by_name(graph, "concatenate") == [[("split", 0, ""), ("split", 1, ""), ("split", 0, "")]]
    assert inputs_by_name(graph, "twice") == [[("add", 0, ""), ("add", 0, "")]]
    outputs = {port.name: (graph.ids[port.node], port.port) for port in graph.outputs}
    assert outputs == {
        "again": ("twice", 0), "best": ("top_k", 0), "input": ("x", 0), "places": ("top_k", 1), "twice": ("twice", 0),
    }  # fmt: skip
    assert [port.name for port in graph.inputs] == ["unused", "x"]
    by_name = {node.name: node for node in graph.nodes}
    assert by_name["multiply"].attributes["x2"] == 2.0
    assert by_name["add"].attributes["x2"] == [1.0] * 12
    assert by_name["top_k"].attributes == {"k": 2, "sorted": True}
    kernels = [node.weights[0].id for node in graph.nodes if node.name == "in"]
    assert kernels == ["inner/in/kernel", "inner/in/kernel"]
    assert [graph.groups.ids[1:], graph.groups.kinds[1:]] == [("inner", "inner@2"), ("model", "model")]


def test_a_tensor_by_keyword_is_labelled_with_its_argument() -> None:
    states = zoo.build_seq2seq()
    assert inputs_by_name(read(states), "decoder") == [
        [("target_embedding", 0, ""), ("encoder", 1, "initial_state"), ("encoder", 2, "initial_state")]
    ]


def test_wrappers_open_by_template() -> None:
    graph = read(zoo.build_recurrent_wrappers())
    ids = {node.id: (node.op, node.outputs[0].shape) for node in graph.nodes}
    assert ids == {
        "steps": ("InputLayer", (None, 12, 8)),
        "both/forward_lstm": ("LSTM", (None, 12, 4)),
        "both/backward_lstm": ("LSTM", (None, 12, 4)),
        "both/merge": ("Concatenate", (None, 12, 8)),
        "each/dense": ("Dense", (None, 12, 8)),
        "attention/query": ("EinsumDense", (None, 12, 2, 4)),
        "attention/key": ("EinsumDense", (None, 12, 2, 4)),
        "attention/value": ("EinsumDense", (None, 12, 2, 4)),
        "attention/attention": ("DotProductAttention", (None, 12, 2, 4)),
        "attention/attention_output": ("EinsumDense", (None, 12, 8)),
        "stack/lower": ("LSTMCell", (None, 12, 4)),
        "stack/upper": ("GRUCell", (None, 3)),
    }
    assert [(graph.group(at).kind, graph.group(at).op) for at in range(1, 5)] == [
        ("wrapper", "Bidirectional"), ("wrapper", "TimeDistributed"), ("layer", "MultiHeadAttention"),
        ("wrapper", "RNN"),
    ]  # fmt: skip
    assert inputs_by_name(graph, "attention") == [
        [("attention/query", 0, ""), ("attention/key", 0, "key"), ("attention/value", 0, "value")]
    ]


@pytest.mark.parametrize("mode", ["sum", "mul", "ave", None])
def test_bidirectional_merges_as_asked_and_returns_states(mode: str | None) -> None:
    x = keras.Input((5, 3))
    made = kl.Bidirectional(
        kl.GRU(2, return_sequences=True, return_state=True, name="gru"), merge_mode=mode, name="both"
    )(x)
    graph = read(keras.Model(x, list(made)))
    outputs = [(graph.names[port.node], port.port) for port in graph.outputs]
    states = [("forward_gru", 1), ("backward_gru", 1)]
    merged = [("forward_gru", 0), ("backward_gru", 0)] if mode is None else [("merge", 0)]
    assert outputs == merged + states
    assert [graph.tensor(port.node, port.port).shape for port in graph.outputs] == [tuple(one.shape) for one in made]


def test_attention_keeps_masks_scores_and_grouped_heads() -> None:
    x, mask = keras.Input((6, 16), name="x"), keras.Input((6, 6), name="mask")
    made, scores = kl.MultiHeadAttention(2, 8, name="multi")(x, x, attention_mask=mask, return_attention_scores=True)
    made = kl.GroupQueryAttention(4, 4, 2, name="grouped")(made, x, x)
    graph = read(keras.Model([x, mask], [made, scores]))
    assert inputs_by_name(graph, "attention")[0][-1] == ("mask", 0, "attention_mask")
    assert [(graph.ids[port.node], port.port) for port in graph.outputs] == [
        ("grouped/attention_output", 0), ("multi/attention", 1),
    ]  # fmt: skip
    assert graph.tensor(graph.outputs[1].node, 1).shape == tuple(scores.shape)


def test_nested_model_shows_the_shapes_of_each_call() -> None:
    inner_in = keras.Input((None, None, 3))
    inner = keras.Model(inner_in, kl.MaxPooling2D(name="pool")(kl.Conv2D(4, 3, name="conv")(inner_in)), name="inner")
    small, large = keras.Input((10, 10, 3)), keras.Input((20, 20, 3))
    graph = read(keras.Model([small, large], [inner(small), inner(large)]))
    shapes = {node.id: node.outputs[0].shape for node in graph.nodes if node.op != "InputLayer"}
    assert shapes == {
        "inner/conv": (None, 8, 8, 4), "inner/pool": (None, 4, 4, 4),
        "inner@2/conv": (None, 18, 18, 4), "inner@2/pool": (None, 9, 9, 4),
    }  # fmt: skip


def test_configurations_are_made_only_when_asked_for() -> None:
    class Counting(kl.Layer):
        asked = 0

        def call(self, x: Any) -> Any:
            return x * 2

        def get_config(self) -> dict[str, Any]:
            Counting.asked += 1
            return {"name": self.name, "setting": (1, "two")}

    x = keras.Input((3,))
    graph = read(keras.Model(x, Counting(name="counting")(x)))
    assert Counting.asked == 0
    assert dict(graph.nodes[1].attributes) == {"setting": [1, "two"]}
    assert graph.nodes[1].attributes["setting"] == [1, "two"]
    assert Counting.asked == 1


def test_equal_names_of_different_variables_stay_apart() -> None:
    class Two(kl.Layer):
        def build(self, shape: Any) -> None:
            self.a = self.add_weight(shape=(2,), name="w")
            self.b = self.add_weight(shape=(3,), name="w", trainable=False)

        def call(self, x: Any) -> Any:
            return x

    x = keras.Input((3,))
    graph = read(keras.Model(x, Two(name="two")(x)))
    assert [(weight.id, weight.shape, weight.trainable) for weight in graph.weights] == [
        ("two/w", (2,), True), ("two/w@2", (3,), False),
    ]  # fmt: skip


def test_sequential_reads_like_a_functional_model() -> None:
    model = keras.Sequential([kl.Input((4,), name="x"), kl.Dense(3, name="a"), kl.Dense(2, name="b")], name="plain")
    graph = read(model)
    assert (graph.name, graph.format, graph.group(0).op) == ("plain", "keras", "Sequential")
    assert graph.producer == f"Keras {keras.__version__}"
    assert list(graph.ids) == ["x", "a", "b"]
    assert graph.edge_count == 2


def test_matches_only_layers_and_models() -> None:
    assert matches(keras.Sequential())
    assert matches(zoo.Looping())
    assert matches(kl.Dense(1))
    assert not matches(keras.optimizers.Adam())
    assert not matches("model.keras")


def test_wrapped_weights_belong_to_what_is_wrapped() -> None:
    x = keras.Input((5,), name="x")
    graph = read(keras.Model(x, kl.SpectralNormalization(kl.Dense(5, name="dense"), name="normal")(x)))
    assert [weight.id for weight in graph.group(1).weights] == ["normal/vector_u"]
    assert [weight.id for weight in graph.nodes[1].weights] == ["normal/dense/kernel", "normal/dense/bias"]


def test_masks_reach_both_directions() -> None:
    x = keras.Input((None,), dtype="int32", name="x")
    h = kl.Embedding(9, 4, mask_zero=True, name="words")(x)
    graph = read(keras.Model(x, kl.Bidirectional(kl.LSTM(3, name="lstm"), name="both")(h)))
    for name in ("forward_lstm", "backward_lstm"):
        assert inputs_by_name(graph, name) == [[("words", 0, ""), ("not_equal", 0, "mask")]]


def facts(graph: Graph) -> dict[str, Any]:
    """What a live model and its file must agree on; ids without the count of copies, which depends on the order."""
    ids = [one.partition("@")[0] for one in graph.ids]
    return {
        "nodes": Counter((ids[node.index], node.op, node.outputs, frozenset(node.weights)) for node in graph.nodes),
        "edges": Counter((ids[one.source], one.port, ids[one.target], one.slot, one.label) for one in graph.edges()),
        "groups": Counter((one.name, one.kind, one.op) for one in map(graph.group, range(len(graph.groups)))),
        "inputs": [(ids[port.node], port.port, port.name) for port in graph.inputs],
        "outputs": [(ids[port.node], port.port, port.name) for port in graph.outputs],
    }


@pytest.mark.parametrize("name", [*PLAIN, "transformer_encoder", "recurrent_wrappers"])
def test_a_live_model_and_its_file_agree(name: str, tmp_path: Path) -> None:
    model = zoo.FUNCTIONAL[name]()
    model.save(tmp_path / "model.keras")
    live, stored = facts(read(model)), facts(without_locations(cutaway.read(tmp_path / "model.keras")))
    assert live == stored


def without_locations(graph: Graph) -> Graph:
    """The same graph with weights that do not say where their bytes lie, as those of live models do not."""
    return replace(graph, weights=tuple(replace(weight, location=None) for weight in graph.weights))
