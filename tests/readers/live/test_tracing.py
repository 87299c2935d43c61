"""Subclassed models and composite layers: followed by tracing, symbolically, or listed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import keras
import pytest
from keras import layers as kl
from keras import ops

from cutaway.graph import Graph
from cutaway.readers import read
from cutaway.readers.live import opener
from tests import zoo
from tests.readers.live.walk import is_producers_first, keras_parameters, layer_edges, parameters, trainable_parameters

TRACED = "inside followed by tracing `call` (inference)"
SYMBOLIC = "followed symbolically, batch fixed to 2"

# Nodes and edges counted by hand in the code of the models: calls of layers, operations, inputs; attention is six
# nodes less one and eight edges more than its box.
COUNTS = {
    "vit": (33, 40),
    "unet": (14, 16),
    "siamese": (9, 8),
    "seq2seq": (7, 7),
    "vae": (7, 7),
    "branching": (3, 2),
    "collections": (9, 10),
    "looping": (15, 18),
    "raw_tensorflow": (7, 7),
}
SYMBOLIC_TOO = ["unet", "branching", "collections", "looping", "vit"]


def specs(example: Any) -> Any:
    """The example's shapes with the batch unknown."""
    return keras.tree.map_structure(
        lambda one: keras.KerasTensor((None, *one.shape[1:]), dtype=one.dtype.name), example
    )


def edges(graph: Graph) -> set[tuple[str, str]]:
    """Edges by node id."""
    return {(graph.ids[edge.source], graph.ids[edge.target]) for edge in graph.edges()}


@pytest.mark.parametrize("name", COUNTS)
def test_subclassed_models_open_to_what_their_code_says(name: str) -> None:
    model, _ = zoo.build_subclassed(name)
    graph = read(model)
    assert (len(graph), graph.edge_count) == COUNTS[name]
    assert graph.group(0).found_by == TRACED
    assert is_producers_first(graph)
    assert graph.warnings == ()


@pytest.mark.parametrize("name", [name for name in zoo.SUBCLASSED if name != "raw_tensorflow"])
def test_weights_equal_those_of_keras(name: str) -> None:
    model, _ = zoo.build_subclassed(name)
    model.layers[0].trainable = False
    graph = read(model)
    assert parameters(graph) == model.count_params()
    assert trainable_parameters(graph) == keras_parameters(model.trainable_weights)


@pytest.mark.parametrize("name", zoo.SUBCLASSED)
def test_an_unbuilt_model_reads_like_the_built_one(name: str) -> None:
    unbuilt, example = zoo.build_subclassed(name, built=False)
    graph = read(unbuilt, inputs=specs(example))
    assert not unbuilt.built
    unbuilt(example)
    built = read(unbuilt, inputs=specs(example))
    assert graph.ids == built.ids
    assert edges(graph) == edges(built)
    assert [node.outputs for node in graph.nodes] == [node.outputs for node in built.nodes]
    if name not in ("branching", "raw_tensorflow"):  # weights that only training or TensorFlow knows
        assert {weight.id: weight.shape for weight in graph.weights} == {
            weight.id: weight.shape for weight in built.weights
        }


@pytest.mark.parametrize("name", SYMBOLIC_TOO)
def test_tracing_and_symbolic_following_find_the_same_edges(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model, _ = zoo.build_subclassed(name)
    traced = read(model)
    monkeypatch.setattr(opener, "trace", fail)
    symbolic = read(model)
    assert symbolic.group(0).found_by == SYMBOLIC
    assert layer_edges(symbolic, model) == layer_edges(traced, model)


@pytest.mark.parametrize("name", SYMBOLIC_TOO)
def test_symbolic_following_of_an_unbuilt_model_finds_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model, example = zoo.build_subclassed(name, built=False)
    monkeypatch.setattr(opener, "trace", fail)
    unbuilt = read(model, inputs=specs(example))
    model(example)
    built = read(model, inputs=specs(example))
    assert unbuilt.ids == built.ids
    assert [node.outputs for node in unbuilt.nodes] == [node.outputs for node in built.nodes]


def fail(*_: Any) -> None:
    """Stands for a rung that does not hold."""
    raise NotImplementedError("not today")


def test_composites_inside_functional_open_alike_by_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    model = zoo.build_subclass_inside_functional()
    traced = read(model)
    monkeypatch.setattr(opener, "trace", fail)
    symbolic = read(model)
    assert layer_edges(symbolic, model) == layer_edges(traced, model)
    found = Counter(traced.group(at).found_by for at in range(len(traced.groups)))
    assert found[TRACED] == 5  # block and its mlp, twice; looping
    assert traced.groups.ids.count("block@2") == 1
    assert parameters(traced) == parameters(symbolic) == model.count_params()


def test_skips_in_lists_by_hand() -> None:
    model, _ = zoo.build_subclassed("unet")
    assert edges(read(model)) == {
        ("x", "down0"), ("down0", "pool"), ("pool", "down1"), ("down1", "pool@2"), ("pool@2", "down2"),
        ("down2", "pool@3"), ("pool@3", "up2"), ("up2", "join2"), ("down2", "join2"), ("join2", "up1"),
        ("up1", "join1"), ("down1", "join1"), ("join1", "up0"), ("up0", "join0"), ("down0", "join0"),
        ("join0", "last"),
    }  # fmt: skip


def test_dropout_that_does_nothing_keeps_its_place_in_the_flow() -> None:
    model, _ = zoo.build_subclassed("looping")
    found = edges(read(model))
    assert {("step", "drop"), ("drop", "AddV2"), ("first", "AddV2"), ("AddV2", "step@2")} <= found


def test_dicts_name_the_interface() -> None:
    model, _ = zoo.build_subclassed("siamese")
    graph = read(model)
    assert [port.name for port in graph.inputs] == ["left", "right"]
    assert [(port.name, graph.ids[port.node]) for port in graph.outputs] == [("same", "same"), ("vector", "vector")]
    assert edges(graph) >= {("vector", "Sub"), ("vector@2", "Sub"), ("Sub", "Abs"), ("Abs", "same")}


def test_layers_in_a_loop_of_tensorflow_are_seen_once() -> None:
    model, _ = zoo.build_subclassed("raw_tensorflow")
    graph = read(model)
    assert edges(graph) == {
        ("x", "first"), ("first", "Mul"), ("Mul", "step"), ("step", "Sum"), ("Sum", "Greater"), ("Greater", "If"),
        ("step", "If"),
    }  # fmt: skip
    assert [weight.id for weight in graph.nodes[2].weights] == ["scale"]


def test_loose_operations_are_named_by_function_and_line() -> None:
    model, example = zoo.build_subclassed("gpt")
    graph = read(model, inputs=specs(example))
    inside = [node for node in graph.nodes if node.id.startswith("block0/") and "source" in node.attributes]
    assert [node.op for node in inside] == [
        "Reshape", "StridedSlice", "StridedSlice", "StridedSlice", "Einsum", "Where", "Softmax", "Einsum", "Reshape",
        "AddV2",
    ]  # fmt: skip
    sources = {node.attributes["source"].partition(":")[0] for node in inside}
    assert sources == {"zoo.py"}
    lines = Path(str(zoo.__file__)).read_text(encoding="utf-8").splitlines()
    einsum = next(node for node in inside if node.op == "Einsum")
    assert "einsum" in lines[int(einsum.attributes["source"].partition(":")[2]) - 1]


def test_a_tied_weight_is_one_weight_at_both_places() -> None:
    model, example = zoo.build_subclassed("gpt")
    graph = read(model, inputs=specs(example))
    users = [node.op for node in graph.nodes if any(weight.id == "tokens/embeddings" for weight in node.weights)]
    assert users == ["Embedding", "Transpose"]
    assert ("tokens@2", "transpose") not in edges(graph)


def test_weights_of_a_composite_that_its_own_operations_use_stand_on_the_group() -> None:
    class Scaled(kl.Layer):
        def __init__(self, **more: Any) -> None:
            super().__init__(**more)
            self.inner = kl.Dense(3, name="inner")

        def build(self, shape: Any) -> None:
            self.scale = self.add_weight(shape=(3,), name="scale")

        def call(self, x: Any) -> Any:
            return self.inner(x) * self.scale

    x = keras.Input((3,), name="x")
    graph = read(keras.Model(x, Scaled(name="scaled")(x)))
    assert [weight.id for weight in graph.group(1).weights] == ["scaled/scale"]
    assert [(node.id, [weight.id for weight in node.weights]) for node in graph.nodes] == [
        ("x", []), ("scaled/inner", ["scaled/inner/kernel", "scaled/inner/bias"]), ("scaled/Mul", []),
    ]  # fmt: skip


def test_a_custom_layer_without_layers_stays_a_node() -> None:
    x = keras.Input((4,), name="x")
    graph = read(keras.Model(x, zoo.Sampling(name="sample")([x, x])))
    assert [node.op for node in graph.nodes] == ["InputLayer", "Sampling"]
    assert graph.edge_count == 2


def test_a_layer_called_past_its_call_method_is_seen() -> None:
    class Sneaky(kl.Layer):
        def __init__(self, **more: Any) -> None:
            super().__init__(**more)
            self.mlp = zoo.Mlp(4, 3, name="mlp")

        def call(self, x: Any) -> Any:
            return self.mlp.call(x)

    layer = Sneaky(name="sneaky")
    x = keras.Input((3,), name="x")
    graph = read(keras.Model(x, layer(x)))
    assert list(graph.ids) == ["x", "sneaky/mlp/expand", "sneaky/mlp/shrink"]


def test_functions_of_tensorflow_inside_do_not_hide_calls() -> None:
    import tensorflow as tf

    class Compiled(keras.Model):
        def __init__(self, **more: Any) -> None:
            super().__init__(**more)
            self.one, self.two = kl.Dense(3, name="one"), kl.Dense(2, name="two")
            self.run = tf.function(lambda x: self.two(self.one(x)))

        def call(self, x: Any) -> Any:
            return self.run(x)

    model = Compiled()
    model(zoo.floats(1, 4))
    assert edges(read(model)) == {("x", "one"), ("one", "two")}


def test_one_composite_that_fails_closes_only_itself() -> None:
    class Failing(kl.Layer):
        def __init__(self, **more: Any) -> None:
            super().__init__(**more)
            self.inner = kl.Dense(3, name="inner")

        def build(self, shape: Any) -> None:
            self.inner.build(shape)
            self.ready = True

        def compute_output_shape(self, shape: Any) -> Any:
            return shape

        def call(self, x: Any) -> Any:
            raise RuntimeError("no way\nmore")

    x = keras.Input((3,), name="x")
    model = keras.Model(x, Failing(name="failing")(zoo.Mlp(4, 3, name="mlp")(x)))
    graph = read(model)
    assert [graph.group(at).found_by for at in (1, 2)] == [
        TRACED,
        "layer list only: `call` could not be traced: RuntimeError: no way (test_tracing.py:"
        f"{Failing.call.__code__.co_firstlineno + 1})",
    ]
    assert edges(graph) == {("x", "mlp/expand"), ("mlp/expand", "mlp/shrink"), ("mlp/shrink", "failing/failing")}
    assert parameters(graph) == model.count_params()
    assert len(graph.warnings) == 1


def test_code_that_needs_a_number_for_the_batch_is_followed_symbolically(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opener, "trace", fail)
    model, _ = zoo.build_subclassed("vit")
    graph = read(model)
    assert graph.group(0).found_by == SYMBOLIC
    shapes = {node.id: node.outputs[0].shape for node in graph.nodes}
    assert shapes["patches"] == (None, 4, 4, 16)
    assert shapes["head"] == (None, 10)


def test_custom_cells_and_wrapped_composites_open_too() -> None:
    class Cell(kl.Layer):
        state_size = 4

        def __init__(self, **more: Any) -> None:
            super().__init__(**more)
            self.mix = kl.Dense(4, name="mix")

        def call(self, x: Any, states: Any) -> Any:
            made = ops.tanh(self.mix(ops.concatenate([x, states[0]], axis=-1)))
            return made, [made]

    class Mlp(zoo.Mlp):
        def compute_output_shape(self, shape: Any) -> Any:
            return shape

    x = keras.Input((5, 3), name="x")
    h = kl.TimeDistributed(Mlp(6, 3, name="mlp"), name="each")(x)
    model = keras.Model(x, kl.RNN(Cell(name="cell"), name="rnn")(h))
    assert all(weight.trainable for weight in read(model).weights)  # Keras leaves the inner layers unbuilt until now
    model(zoo.floats(1, 5, 3))
    graph = read(model)
    assert list(graph.ids) == [
        "x", "each/mlp/expand", "each/mlp/shrink", "rnn/cell/concatenate", "rnn/cell/mix", "rnn/cell/tanh",
    ]  # fmt: skip
    assert graph.nodes[1].outputs[0].shape == (None, 5, 6)
    assert parameters(graph) == model.count_params()
    assert graph.warnings == ()


class Flow(keras.Model):
    """A layer, some flow of control around another, and a layer."""

    def __init__(self, body: Any, **more: Any) -> None:
        super().__init__(**more)
        self.a, self.b, self.c = (kl.Dense(4, name=name) for name in "abc")
        self.body = body

    def call(self, x: Any) -> Any:
        return self.c(self.body(self, self.a(x)))


def switch(model: Flow, x: Any) -> Any:
    """A case of TensorFlow, which keeps no trace of its branches."""
    import tensorflow as tf

    return tf.switch_case(tf.constant(1), [lambda: model.b(x), lambda: x])


def map_rows(model: Flow, x: Any) -> Any:
    """A loop of TensorFlow over rows."""
    import tensorflow as tf

    return tf.map_fn(lambda row: model.b(row[None])[0], x)


def recompute(model: Flow, x: Any) -> Any:
    """Forgets activations."""
    import tensorflow as tf

    return tf.recompute_grad(lambda one: model.b(one))(x)


def condition(model: Flow, x: Any) -> Any:
    """A layer in one branch, an operation in the other."""
    return ops.cond(ops.sum(x) > 0, lambda: model.b(x), lambda: ops.relu(x))


def loop(model: Flow, x: Any) -> Any:
    """A layer in a loop."""
    return ops.fori_loop(0, 3, lambda _, one: model.b(one), x)


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (condition, {("a", "b"), ("a", "relu"), ("b", "c"), ("relu", "c")}),
        (loop, {("a", "b"), ("b", "c")}),
        (recompute, {("a", "b"), ("b", "c")}),
        (switch, {("a", "Case"), ("Case", "c")}),
    ],
)
def test_flow_of_control_by_hand(body: Any, wanted: set[tuple[str, str]]) -> None:
    model = Flow(body, name="flow")
    model.b.build((None, 4))  # the branch that an example takes may not call it
    model(zoo.floats(2, 4))
    graph = read(model)
    assert edges(graph) == wanted | {("x", "a")}
    assert parameters(graph) == keras_parameters(model.weights)
    assert {weight.id for weight in graph.weights} <= {f"{one}/{name}" for one in "abc" for name in ("kernel", "bias")}


def test_rows_of_a_map_come_from_what_is_mapped() -> None:
    model = Flow(map_rows, name="flow")
    model(zoo.floats(2, 4))
    found = layer_edges(read(model), model)
    assert set(found) == {("x InputLayer 1", "a Dense 1"), ("a Dense 1", "b Dense 1"), ("b Dense 1", "c Dense 1")}


def test_a_functional_model_with_its_own_call_does_what_the_call_says() -> None:
    class Longer(keras.Model):
        def __init__(self) -> None:
            x, first = keras.Input((4,), name="x"), kl.Dense(3, name="first")
            super().__init__(x, first(x), name="longer")
            self.first, self.second = first, kl.Dense(2, name="second")

        def call(self, x: Any) -> Any:
            return self.second(self.first(x))

    graph = read(Longer())
    assert edges(graph) == {("x", "first"), ("first", "second")}
    assert graph.tensor(graph.outputs[0].node, 0).shape == (None, 2)
