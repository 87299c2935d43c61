"""SavedModels of every producer tell the story of the model that was saved; Keras and TensorFlow are the oracles."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras
from tensorflow.core.protobuf import saved_model_pb2

from cutaway.errors import OptionError, ReadError
from cutaway.graph.model import Graph
from cutaway.readers import read
from cutaway.readers.values import read_values
from tests.readers.stories import parameters, story

INPUTS = frozenset({"Input"})
LOST = INPUTS | {"Dropout"}
"""What Keras 3 does not write: layers without operations. Inputs are there, but under the names of tensors."""


def build_encoder(k: Any) -> Any:
    inputs = k.Input((16, 12), name="tokens")
    x = inputs
    for block in range(2):
        h = k.layers.LayerNormalization(name=f"before_{block}")(x)
        h = k.layers.MultiHeadAttention(2, 6, name=f"attend_{block}")(h, h)
        x = k.layers.Add(name=f"around_{block}")([x, h])
        h = k.layers.Dense(24, activation="gelu", name=f"wide_{block}")(x)
        x = k.layers.Add(name=f"again_{block}")([x, k.layers.Dropout(0.1)(k.layers.Dense(12)(h))])
    return k.Model(inputs, k.layers.Dense(3, name="head")(x), name="encoder")


def build_shared(k: Any) -> Any:
    tower = k.Sequential([k.layers.Dense(8, activation="relu"), k.layers.Dense(8)], name="tower")
    left, right = k.Input((8,), name="left"), k.Input((8,), name="right")
    shared = k.layers.Dense(8, name="shared")
    joined = k.layers.Concatenate(name="join")([tower(shared(left)), tower(shared(right))])
    return k.Model([left, right], joined, name="siamese")


def build_convolutions(k: Any) -> Any:
    inputs = k.Input((16, 16, 3), name="image")
    x = k.layers.Conv2D(4, 3, padding="same", name="stem")(inputs)
    for block in range(2):
        y = k.layers.DepthwiseConv2D(3, padding="same", use_bias=False, name=f"deep_{block}")(x)
        y = k.layers.BatchNormalization(name=f"norm_{block}")(y)
        y = k.layers.ReLU(6.0, name=f"relu_{block}")(y)
        x = k.layers.Add(name=f"sum_{block}")([x, k.layers.Conv2D(4, 1, name=f"point_{block}")(y)])
    x = k.layers.MaxPooling2D(name="halve")(x)
    x = k.layers.GlobalAveragePooling2D(name="mean")(x)
    return k.Model(inputs, k.layers.Dense(5, activation="softmax", name="classes")(x), name="small")


def export(model: Any, path: Path) -> None:
    model.export(str(path), verbose=False)


def export_legacy(model: Any, path: Path) -> None:
    model.export(str(path))


def save_legacy(model: Any, path: Path) -> None:
    model.save(str(path), save_format="tf")


def save_module(model: Any, path: Path) -> None:
    tf.saved_model.save(model, str(path))


WRITERS: dict[str, tuple[Any, Callable[[Any, Path], None]]] = {
    "keras 3 export": (keras, export),
    "keras 3 saved_model.save": (keras, save_module),
    "keras 2 save": (tf_keras, save_legacy),
    "keras 2 export": (tf_keras, export_legacy),
}


def both(model: Any, write: Callable[[Any, Path], None], folder: Path, k: Any) -> tuple[Graph, Graph]:
    """The graph of a model's own file, and that of its SavedModel."""
    own = folder / ("m.keras" if k is keras else "m.h5")
    model.save(str(own))
    write(model, folder / "saved")
    return read(own), read(folder / "saved")


def check_story(own: Graph, saved: Graph, lost: frozenset[str]) -> None:
    one, other = story(own, without=lost), story(saved, without=lost)
    assert other.layers == one.layers
    assert other.edges == one.edges
    # what a Normalization was adapted to is no variable of any signature
    kept = [weight for weight in own.weights if not weight.id.startswith("normalization/")]
    assert parameters(saved) == sum(weight.parameters for weight in kept)
    assert sorted(weight.shape for weight in saved.weights) == sorted(weight.shape for weight in kept)
    assert not saved.warnings


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.parametrize("build", [build_encoder, build_shared, build_convolutions])
@pytest.mark.parametrize("writer", WRITERS)
def test_small_models_tell_the_story_of_their_own_file(
    writer: str, build: Callable[[Any], Any], tmp_path: Path
) -> None:
    k, write = WRITERS[writer]
    k.backend.clear_session()
    own, saved = both(build(k), write, tmp_path, k)
    check_story(own, saved, LOST if k is keras else INPUTS)
    kinds, truth = story(saved).kinds, story(own).kinds
    told = {name: kind for name, kind in kinds.items() if name in truth and kind}
    assert told == {name: truth[name] for name in told}
    assert len(told) >= 0.9 * len([kind for kind in truth.values() if kind not in LOST])


APPLICATIONS = ("MobileNetV2", "ResNet50", "EfficientNetB0")


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.parametrize("name", APPLICATIONS)
@pytest.mark.parametrize("writer", ["keras 3 export", "keras 2 save"])
def test_applications_tell_the_story_of_their_own_file(writer: str, name: str, tmp_path: Path) -> None:
    k, write = WRITERS[writer]
    k.backend.clear_session()
    own, saved = both(getattr(k.applications, name)(weights=None), write, tmp_path, k)
    check_story(own, saved, LOST if k is keras else INPUTS)


def test_weights_are_those_of_the_model(tmp_path: Path) -> None:
    model = build_convolutions(keras)
    for variable in model.variables:
        variable.assign(np.random.default_rng(7).normal(size=variable.shape))
    model.export(str(tmp_path / "m"), verbose=False)
    graph = read(tmp_path / "m")
    told = {weight.id: weight for weight in graph.weights}
    assert told.keys() == {variable.path for variable in model.weights}
    for variable in model.weights:
        weight = told[variable.path]
        assert weight.trainable == variable.trainable
        np.testing.assert_array_equal(read_values(tmp_path / "m", weight), variable.numpy().ravel())


class Residual(keras.Model):
    def __init__(self) -> None:
        super().__init__(name="residual")
        self.steps = [keras.layers.Dense(8, activation="relu") for _ in range(3)]
        self.head = keras.layers.Dense(2)

    def call(self, x: Any) -> Any:
        for step in self.steps:
            x = x + step(x)
        return self.head(x)


def test_layers_of_a_subclassed_model(tmp_path: Path) -> None:
    keras.backend.clear_session()
    model = Residual()
    model(np.zeros((1, 8), "float32"))
    model.export(str(tmp_path / "m"), verbose=False)
    told = story(read(tmp_path / "m"))
    assert [name for name in told.layers if told.kinds[name] == "Dense"] == [
        ("dense",), ("dense_1",), ("dense_2",), ("dense_3",),
    ]  # fmt: skip
    graph = read(tmp_path / "m")
    assert parameters(graph) == model.count_params()
    assert len({weight.id for weight in graph.weights}) == 8


@pytest.mark.parametrize("k", [keras, tf_keras], ids=["keras 3", "keras 2"])
def test_recurrent_layers_are_loops_with_their_bodies(k: Any, tmp_path: Path) -> None:
    k.backend.clear_session()
    inputs = k.Input((7, 5))
    x = k.layers.LSTM(4, return_sequences=True, name="first")(inputs)
    model = k.Model(inputs, k.layers.GRU(3, name="second")(x))
    (save_module if k is keras else save_legacy)(model, tmp_path / "m")
    graph = read(tmp_path / "m")
    told = story(graph)
    assert told.kinds["first",] == "LSTM"
    assert told.kinds["second",] == "GRU"
    assert parameters(graph) == model.count_params()
    loops = [group for group, op in graph.groups.ops.items() if op in ("While", "StatelessWhile")]
    assert len(loops) == 2
    for loop in loops:
        bodies = {graph.groups.names[at]: at for at in range(len(graph.groups)) if graph.groups.parents[at] == loop}
        assert "body" in bodies
        inside = [node for node in graph.nodes if _lies_in(graph, node.group, bodies["body"])]
        assert any(node.op == "MatMul" and node.weights for node in inside)
        turns = [node for node in graph.nodes if node.group == loop and node.op == "LoopVariable"]
        assert turns
        assert all([edge.label for edge in node.inputs][-1] == "next" for node in turns)


def _lies_in(graph: Graph, group: int, around: int) -> bool:
    while group > 0 and group != around:
        group = graph.groups.parents[group]
    return group == around


class Module(tf.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale = tf.Variable(tf.ones((4, 3)), name="scale")
        self.table = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(["a", "b"], [1, 2], tf.string, tf.int64), 0
        )

    @tf.function(input_signature=[tf.TensorSpec([None, 4], name="x")])
    def double(self, x: Any) -> Any:
        y = tf.matmul(x, self.scale)
        for _ in tf.range(3):
            y = tf.nn.relu(y) * 2.0
        return y + 1.0 if tf.reduce_sum(y) > 0 else tf.exp(y)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="word")])
    def find(self, word: Any) -> Any:
        return {"id": self.table.lookup(word)}


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("module")
    built = Module()
    tf.saved_model.save(built, str(path), signatures={"double": built.double, "find": built.find})
    return path


def test_signatures_choose_what_is_shown(module: Path) -> None:
    graph = read(module, signature="find")
    assert [port.name for port in graph.inputs] == ["word"]
    assert [port.name for port in graph.outputs] == ["id"]
    looked_up = next(node for node in graph.nodes if node.op == "LookupTableFindV2")
    assert looked_up.attributes["resources"] == ["table"]
    assert set(graph.group(0).attributes["signatures"]) == {"double", "find"}
    assert graph.group(0).attributes["signature"] == "find"
    assert read(module).group(0).attributes["signature"] == "double"
    with pytest.raises(OptionError, match=r"signature must be one of .*double, find; not 'serve'"):
        read(module, signature="serve")


def test_loops_and_branches_are_groups(module: Path) -> None:
    graph = read(module, signature="double")
    kinds = {graph.groups.names[at]: op for at, op in graph.groups.ops.items()}
    assert kinds["while"] == "StatelessWhile"
    assert kinds["cond"] == "StatelessIf"
    assert {"then", "else", "body"} <= set(graph.groups.names)
    assert [weight.id for weight in graph.weights] == ["scale"]
    branch = next(node for node in graph.nodes if node.op == "StatelessIf")
    assert [graph.nodes[edge.source].op for edge in branch.inputs] == ["Greater", "AddV2", "Exp"]


def test_raw_shows_every_operation_of_the_file(module: Path) -> None:
    message = saved_model_pb2.SavedModel()
    message.ParseFromString((module / "saved_model.pb").read_bytes())
    truth = message.meta_graphs[0].graph_def
    graph = read(module, raw=True)
    expected = len(truth.node) + sum(len(function.node_def) for function in truth.library.function)
    assert sum(node.op != "_Arg" for node in graph.nodes) == expected
    assert graph.groups.kinds.count("function") == len(truth.library.function)


def test_a_function_that_is_called_twice_is_two_groups_with_the_same_weights(tmp_path: Path) -> None:
    class Twice(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = tf.Variable(tf.ones((3, 3)), name="w")

        @tf.function
        def step(self, x: Any) -> Any:
            return tf.nn.relu(x @ self.w)

        @tf.function(input_signature=[tf.TensorSpec([None, 3])])
        def __call__(self, x: Any) -> Any:
            return self.step(self.step(x)) + 1.0

    built = Twice()
    tf.saved_model.save(built, str(tmp_path / "m"), signatures=built.__call__.get_concrete_function())
    graph = read(tmp_path / "m")
    assert [name for name, kind in zip(graph.groups.names, graph.groups.kinds, strict=True) if kind == "function"] == [
        "step", "step",
    ]  # fmt: skip
    assert [[weight.id for weight in node.weights] for node in graph.nodes if node.op == "MatMul"] == [["w"], ["w"]]
    assert parameters(graph) == 9


def test_functions_that_call_themselves_or_too_often_end(tmp_path: Path) -> None:
    message = saved_model_pb2.SavedModel()
    graph = message.meta_graphs.add().graph_def
    graph.node.add(name="x", op="Placeholder")
    call = graph.node.add(name="f", op="PartitionedCall", input=["x"])
    call.attr["f"].func.name = "f0"
    for level in range(40):
        function = graph.library.function.add()
        function.signature.name = f"f{level}"
        function.signature.input_arg.add(name="a")
        function.signature.output_arg.add(name="r")
        for at in range(2):
            inner = function.node_def.add(name=f"call{at}", op="PartitionedCall", input=["a"])
            inner.attr["f"].func.name = f"f{level + 1 if level < 39 else 0}"
        function.node_def.add(name="sum", op="AddV2", input=["call0:output:0", "call1:output:0"])
        function.ret["r"] = "sum:z:0"
    signature = message.meta_graphs[0].signature_def["serving_default"]
    signature.inputs["x"].name = "x:0"
    signature.outputs["y"].name = "f:0"
    (tmp_path / "saved_model.pb").write_bytes(message.SerializeToString())
    graph_read = read(tmp_path)
    assert any("closed" in warning for warning in graph_read.warnings)


def test_corpus_models_show_what_their_signature_runs(corpus: Path) -> None:
    """Every captured variable of a signature is a weight of the graph: parameters equal those that TensorFlow binds."""
    checked = 0
    for path in sorted((corpus / "savedmodel").glob("*/saved_model.pb")):
        message = saved_model_pb2.SavedModel()
        try:
            message.ParseFromString(path.read_bytes())
        except Exception:
            continue
        meta = message.meta_graphs[0]
        signature = meta.signature_def.get("serving_default")
        if signature is None or len(message.meta_graphs) > 1 or not meta.object_graph_def.nodes:
            continue
        called = {tensor.name.split(":")[0] for tensor in signature.outputs.values()}
        bound: set[int] = set()
        for node in meta.graph_def.node:
            if node.name in called and "f" in node.attr:
                bound.update(meta.object_graph_def.concrete_functions[node.attr["f"].func.name].bound_inputs)
        sizes = [
            int(np.prod([dim.size for dim in meta.object_graph_def.nodes[at].variable.shape.dim]))
            for at in bound if meta.object_graph_def.nodes[at].HasField("variable")
        ]  # fmt: skip
        if not sizes:
            continue
        graph = read(path.parent)
        shown = sum(weight.parameters for weight in graph.weights if weight.trainable or weight.location)
        assert shown >= sum(sizes), path
        checked += 1
    assert checked >= 5


def test_functions_are_chosen_where_there_are_no_signatures(tmp_path: Path) -> None:
    tf.saved_model.save(Module(), str(tmp_path / "m"))
    graph = read(tmp_path / "m", signature="find")
    assert [node.op for node in graph.nodes][-1] == "LookupTableFindV2"
    assert graph.group(0).attributes["functions"] == ["double", "find"]
    assert [weight.id for weight in read(tmp_path / "m").weights] == ["scale"]
    with pytest.raises(OptionError, match="signature must be one of double, find; not 'triple'"):
        read(tmp_path / "m", signature="triple")


def test_tables_beside_a_call_do_not_make_it_a_part_of_something(tmp_path: Path) -> None:
    keras.backend.clear_session()
    inputs = keras.Input((1,), dtype="string", name="word")
    x = keras.layers.StringLookup(vocabulary=["a", "b"], name="ids")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(2, name="head")(keras.layers.Flatten()(x)), name="words")
    model.export(str(tmp_path / "m"), verbose=False)
    graph = read(tmp_path / "m")
    assert graph.name == "words"
    assert {"ids", "head"} <= {
        graph.groups.names[at] for at in range(len(graph.groups)) if graph.groups.parents[at] == 0
    }


def test_a_step_of_which_only_the_shape_is_taken_is_not_shown(tmp_path: Path) -> None:
    keras.backend.clear_session()
    inputs = keras.Input((None, 4))
    model = keras.Model(inputs, keras.layers.LSTM(4, name="h")(keras.layers.Masking()(inputs)))
    model.export(str(tmp_path / "m"), verbose=False)
    graph = read(tmp_path / "m")
    read_by_others = {edge.source for edge in graph.edges()} | {port.node for port in graph.outputs}
    assert [node.name for node in graph.nodes if node.index not in read_by_others] == []
    assert graph.groups.names.count("lstm_cell") == 1


def test_a_pointer_in_the_place_of_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0a\nsize 12\n")
    with pytest.raises(ReadError, match="Git LFS pointer"):
        read(tmp_path)
