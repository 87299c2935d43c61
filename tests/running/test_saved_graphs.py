"""What the operations of SavedModels and graphs make of one input: against the same model run by Keras."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import cutaway
from cutaway.errors import OptionError, ReadError
from cutaway.explorer.inside import Inside
from cutaway.running import saved_graphs
from cutaway.running.outputs import Activations

MODELS = Path(__file__).resolve().parents[1] / "models"


def mobile_net() -> Any:
    return keras.applications.MobileNetV2((32, 32, 3), alpha=0.35, weights=None, classes=10)


def recurrent() -> Any:
    tokens = keras.Input((7,), dtype="int32", name="tokens")
    x = layers.Embedding(20, 6, name="embedding")(tokens)
    x = layers.Bidirectional(layers.LSTM(5, return_sequences=True), name="both")(x)
    x = layers.GRU(4, name="gru")(x)
    return keras.Model(tokens, layers.Dense(3, activation="softmax", name="end")(x))


def transformer() -> Any:
    x = start = keras.Input((6, 8), name="start")
    for block in range(2):
        attended = layers.MultiHeadAttention(2, 4, name=f"attention_{block}")(x, x)
        x = layers.LayerNormalization(name=f"norm_{block}")(layers.Add(name=f"sum_{block}")([x, attended]))
        x = layers.Dense(8, activation="gelu", name=f"feed_{block}")(x)
    return keras.Model(start, layers.GlobalAveragePooling1D(name="mean")(x))


def two_inputs() -> Any:
    picture, table = keras.Input((8, 8, 3), name="picture"), keras.Input((4,), name="table")
    x = layers.GlobalAveragePooling2D(name="pool")(layers.Conv2D(4, 3, activation="relu", name="conv")(picture))
    x = layers.Concatenate(name="both")([x, layers.Dense(3, activation="tanh", name="dense")(table)])
    return keras.Model([table, picture], {"price": layers.Dense(1, name="price")(x)})


MAKERS = {"mobile net": mobile_net, "recurrent": recurrent, "transformer": transformer, "two inputs": two_inputs}
INPUTS: dict[str, Any] = {
    "mobile net": np.random.default_rng(0).random((2, 32, 32, 3), np.float32),
    "recurrent": np.random.default_rng(0).integers(0, 20, (2, 7), np.int32),
    "transformer": np.random.default_rng(0).random((2, 6, 8), np.float32),
    "two inputs": {"picture": np.ones((1, 8, 8, 3), np.float32), "table": np.array([[1, -2, 0.5, 3]], np.float32)},
}


def seeded(name: str) -> Any:
    keras.utils.set_random_seed(4)
    model = MAKERS[name]()
    for weight in model.weights:  # fresh statistics of batch normalisation would hide what it does
        if "moving" in weight.path or "beta" in weight.path or "gamma" in weight.path:
            weight.assign(np.random.default_rng(1).uniform(0.5, 1.5, weight.shape))
    return model


def frozen(model: Any, path: Path) -> Path:
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    specs = [tf.TensorSpec(each.shape, each.dtype, name=each.name) for each in model.inputs]
    concrete = tf.function(lambda *given: model(list(given), training=False)).get_concrete_function(*specs)
    graph = convert_variables_to_constants_v2(concrete, lower_control_flow=False).graph
    path.write_bytes(graph.as_graph_def().SerializeToString())
    return path


def computing(model: Any) -> list[str]:
    """Names of the layers that make something when a model runs; a dropout leaves nothing in a saved graph."""
    return [layer.name for layer in model.layers if not isinstance(layer, (layers.InputLayer, layers.Dropout))]


def assert_same(saved: Activations, by_keras: Activations, names: list[str]) -> None:
    """The outputs of layers, each a node or a group of operations in the saved graph, are those of Keras."""
    places = {*saved.graph.ids, *saved.graph.groups.ids}
    for name in names:
        id = name if name in places else f"{name}_1"  # traced anew, Keras numbers the scopes
        np.testing.assert_allclose(saved[id].numpy(), by_keras[name].numpy(), rtol=2e-4, atol=2e-5, err_msg=name)


@pytest.mark.parametrize("name", MAKERS)
def test_layers_of_a_saved_model_make_what_they_make_in_keras(name: str, tmp_path: Path) -> None:
    model = seeded(name)
    model.export(tmp_path / "saved", verbose=False)
    saved = cutaway.activations(tmp_path / "saved", INPUTS[name])
    graph = cutaway.read(tmp_path / "saved")
    assert set(saved) | set(saved.missing) == set(graph.ids)
    assert not set(saved) & set(saved.missing)
    by_keras = cutaway.activations(model, INPUTS[name])
    places = {*graph.ids, *graph.groups.ids}
    seen = computing(model)
    assert places.issuperset(seen)
    assert_same(saved, by_keras, seen)


@pytest.mark.parametrize("name", ["recurrent", "two inputs"])
@pytest.mark.filterwarnings("ignore:The structure of `inputs`")
def test_a_frozen_graph_makes_what_its_model_makes(name: str, tmp_path: Path) -> None:
    model = seeded(name)
    found = cutaway.activations(frozen(model, tmp_path / "frozen.pb"), INPUTS[name])
    by_keras = cutaway.activations(model, INPUTS[name])
    assert_same(found, by_keras, computing(model))


def test_what_lies_in_loops_is_told_and_what_comes_out_of_them_is_kept(tmp_path: Path) -> None:
    model = seeded("recurrent")
    model.export(tmp_path / "saved", verbose=False)
    found = cutaway.activations(tmp_path / "saved", INPUTS["recurrent"])
    inside = [id for id in found.graph.ids if "/body/" in id]
    assert inside
    assert {found.missing[id] for id in inside} == {
        "it runs in a loop, once in each turn: only what comes out of the loop is kept"
    }
    with pytest.raises(KeyError, match="only what comes out"):
        found[inside[0]]


def test_open_loops_of_tensorflow_1_are_told_and_the_rest_runs() -> None:
    """The numbers of the middle are those of TensorFlow's own session."""
    path = MODELS / "graph_def" / "nested_while.pbtxt"
    found = cutaway.activations(path, seed=3)
    assert any("only what comes out" in why for why in found.missing.values())
    graph = found.graph
    definition = tf.compat.v1.GraphDef()
    from google.protobuf import text_format

    text_format.Parse(path.read_text(encoding="utf-8"), definition)
    with tf.Graph().as_default() as whole, tf.compat.v1.Session() as session:
        tf.import_graph_def(definition, name="")
        feeds = {f"{graph.ids[port.node]}:0": found[graph.ids[port.node]].numpy() for port in graph.inputs}
        names = {op.name.rpartition("/")[2]: op.name for op in whole.get_operations() if op.type == "Exit"}
        kept = [id for id in found if graph.op(graph.ids.index(id)) == "Exit"]
        assert kept
        for id in kept:
            np.testing.assert_array_equal(found[id].numpy(), session.run(f"{names[id]}:0", feeds))


def test_a_saved_model_of_tensorflow_1_runs() -> None:
    path = MODELS / "saved_model" / "regression"
    x, y = np.array([1.0, 2.0], np.float32), np.array([2.0, 2.5], np.float32)
    found = cutaway.activations(path, {"x": x, "y": y})
    assert not found.missing
    made = found.graph.ids[found.graph.outputs[0].node]
    signature = tf.saved_model.load(str(path)).signatures["tensorflow/serving/regress"]
    np.testing.assert_allclose(found[made].numpy(), signature(x=tf.constant(x), y=tf.constant(y))["out"])


class Calls(tf.Module):
    """Functions in functions, one of them closed to TensorFlow's optimizer, and a counter that is read and written."""

    def __init__(self) -> None:
        super().__init__()
        self.count = tf.Variable(1.0)
        self.scale = tf.function(
            lambda x: tf.multiply(x, 3.0, name="scaled"), experimental_attributes={"_noinline": True}
        )

    @tf.function(input_signature=[tf.TensorSpec((None, 2), tf.float32, name="x")])
    def run(self, x: Any) -> Any:
        with tf.control_dependencies([self.count.assign_add(1.0)]):
            counted = tf.multiply(x, self.count, name="counted")
        parts = tf.split(self.scale(self.scale(counted)), 2, axis=1, name="parts")
        best = tf.cond(tf.reduce_sum(x) > 0, lambda: parts[1] + 1.0, lambda: parts[1] - 1.0)
        return {"y": tf.nn.relu(best, name="y")}


def test_functions_in_functions_and_their_side_effects(tmp_path: Path) -> None:
    module = Calls()
    tf.saved_model.save(module, str(tmp_path / "saved"), signatures=module.run)
    x = np.array([[1.0, 2.0]], np.float32)
    found = cutaway.activations(tmp_path / "saved", x)
    by_name = {found.graph.names[found.graph.ids.index(id)]: found[id].numpy() for id in found}
    np.testing.assert_array_equal(by_name["y"], [[2.0 * 9 * 2 + 1]])
    scaled = [found[id].numpy() for node, id in enumerate(found.graph.ids) if found.graph.names[node] == "scaled"]
    np.testing.assert_array_equal(scaled, [6 * x, 18 * x])
    assert all("lies in a branch, which may not run" in why for why in found.missing.values())


def test_a_live_function_runs_too_and_keeps_its_variables() -> None:
    module = Calls()
    found = cutaway.activations(module.run, np.array([[1.0, 2.0]], np.float32))
    np.testing.assert_array_equal(found[found.graph.ids[found.graph.outputs[0].node]].numpy(), [[37.0]])
    assert module.count.numpy() == 1.0


class Writes(tf.Module):
    """Ways to write to variables that are no operation of the main graph, or not one that is named after writing."""

    def __init__(self) -> None:
        super().__init__()
        self.count = tf.Variable(1.0)
        self.random = tf.random.Generator.from_seed(1)

    def turn(self, x: Any) -> Any:
        with tf.control_dependencies([self.count.assign_add(1.0)]):
            return (x + self.count,)

    def loop(self, x: Any) -> Any:
        return tf.while_loop(lambda x: tf.reduce_sum(x) < 10.0, self.turn, [x])[0]

    def branch(self, x: Any) -> Any:
        return tf.cond(tf.reduce_sum(x) > 0.0, lambda: self.turn(x)[0], lambda: x)

    def state(self, x: Any) -> Any:
        return x + self.random.normal((1, 2))


@pytest.mark.parametrize("way", ["loop", "branch", "state"])
def test_a_live_function_keeps_what_loops_branches_and_random_numbers_write(way: str) -> None:
    module = Writes()
    run = tf.function(getattr(module, way), input_signature=[tf.TensorSpec((1, 2), tf.float32, name="x")])

    def held() -> list[Any]:
        return [module.count.numpy(), *module.random.state.numpy()]

    before, x = held(), np.array([[1.0, 2.0]], np.float32)
    found = cutaway.activations(run, x)
    assert held() == before
    made = found[found.graph.ids[found.graph.outputs[0].node]].numpy()
    np.testing.assert_array_equal(made, run(x))  # with the variables as they were
    assert held() != before


def test_more_than_the_memory_is_for_is_fetched_in_portions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = seeded("two inputs")
    model.export(tmp_path / "saved", verbose=False)
    whole = cutaway.activations(tmp_path / "saved", INPUTS["two inputs"])
    monkeypatch.setattr(saved_graphs, "MEMORY", 600)
    asked: list[int] = []
    portions = saved_graphs._portions

    def watched(tensors: Any, sizes: Any) -> Any:
        for portion in portions(tensors, sizes):
            asked.append(len(portion))
            yield portion

    monkeypatch.setattr(saved_graphs, "_portions", watched)
    parts = cutaway.activations(tmp_path / "saved", INPUTS["two inputs"])
    assert len(asked) > 2
    assert max(asked) > 1
    assert list(parts) == list(whole)
    for id in whole:
        np.testing.assert_array_equal(parts[id].numpy(), whole[id].numpy())


def test_a_group_stands_for_what_leaves_it(tmp_path: Path) -> None:
    seeded("two inputs").export(tmp_path / "saved", verbose=False)
    found = cutaway.activations(tmp_path / "saved", INPUTS["two inputs"])
    assert [output.id for output in found.outputs("conv")] == ["conv/Relu"]
    assert "conv" not in list(found)


def test_the_signature_that_is_asked_for_runs() -> None:
    path = MODELS / "saved_model" / "multiple_signatures"
    found = cutaway.activations(path, np.float32(3), signature="timestwo")
    assert found[found.graph.ids[found.graph.outputs[0].node]].numpy() == 6.0
    with pytest.raises(OptionError, match="signature must be one of"):
        cutaway.activations(path, signature="none of them")


def test_a_saved_model_that_writes_a_file_is_not_loaded(tmp_path: Path) -> None:
    module = tf.Module()

    def write(x: Any) -> Any:
        with tf.control_dependencies([tf.io.write_file(str(tmp_path / "target"), "text")]):
            return {"y": tf.identity(x)}

    module.call = tf.function(write, input_signature=[tf.TensorSpec((None, 4), tf.float32, name="x")])
    tf.saved_model.save(module, str(tmp_path / "saved"), signatures=module.call)
    with pytest.raises(ReadError, match=r"WriteFile.*cutaway\.activations\(function\)"):
        cutaway.activations(tmp_path / "saved")
    assert not (tmp_path / "target").exists()


def test_what_does_not_fit_or_fails_is_told(tmp_path: Path) -> None:
    module = Calls()
    tf.saved_model.save(module, str(tmp_path / "saved"), signatures=module.run)
    with pytest.raises(OptionError, match="input 'x': expected any × 2; received 1 × 3"):
        cutaway.activations(tmp_path / "saved", np.zeros((1, 3)))
    checked = tf.function(lambda x: tf.reshape(x, (-1, 3)), input_signature=[tf.TensorSpec((None, 2), tf.float32)])
    with pytest.raises(OptionError, match="the model fails on the given array"):
        cutaway.activations(checked, np.zeros((1, 2)))


def test_texts_and_lists_are_no_numbers() -> None:
    spelled = tf.function(
        lambda x: tf.strings.length(tf.strings.as_string(x, name="text"), name="length"),
        input_signature=[tf.TensorSpec((None,), tf.float32, name="x")],
    )
    found = cutaway.activations(spelled, np.array([1.0], np.float32))
    assert found.missing["text"] == "it makes no numbers"
    np.testing.assert_array_equal(found["length"].numpy(), [len("1.000000")])


def test_graphs_without_their_variables_and_files_without_their_folder_are_told(tmp_path: Path) -> None:
    @tf.function(input_signature=[tf.TensorSpec((1, 2)), tf.TensorSpec((), tf.resource)])
    def reads(x: Any, variable: Any) -> Any:
        return x + tf.raw_ops.ReadVariableOp(resource=variable, dtype=tf.float32)

    path = tmp_path / "unfrozen.pb"
    path.write_bytes(reads.get_concrete_function().graph.as_graph_def().SerializeToString())
    with pytest.raises(OptionError, match=r"nothing in it can be run.*freeze the graph"):
        cutaway.activations(path)
    (tmp_path / "alone.pb").write_bytes((MODELS / "saved_model" / "multi_output" / "saved_model.pb").read_bytes())
    with pytest.raises(OptionError, match="is run in its folder"):
        cutaway.activations(tmp_path / "alone.pb")


def test_a_way_into_the_middle_of_a_graph_leaves_what_stands_before_it(tmp_path: Path) -> None:
    """As where a server takes serialised examples, and a signature the numbers in them."""
    with tf.Graph().as_default() as whole, tf.compat.v1.Session() as session:
        text = tf.compat.v1.placeholder(tf.string, (None,), name="text")
        x = tf.identity(tf.strings.to_number(text, name="numbers"), name="x")
        y = tf.multiply(x, 2.0, name="y")
        builder = tf.compat.v1.saved_model.Builder(str(tmp_path / "saved"))
        signature = tf.compat.v1.saved_model.predict_signature_def({"x": x}, {"y": y})
        builder.add_meta_graph_and_variables(session, ["serve"], {"serving_default": signature})
        builder.save()
        assert whole.get_operation_by_name("y")
    found = cutaway.activations(tmp_path / "saved", np.array([3.0], np.float32))
    np.testing.assert_array_equal(found["y"].numpy(), [6.0])
    assert "does not have" in found.missing["numbers"]


def test_shapes_that_old_graphs_leave_open_are_not_those_of_one_number(tmp_path: Path) -> None:
    with tf.Graph().as_default() as graph:
        tf.nn.relu(tf.compat.v1.placeholder(tf.float32, None, name="x"), name="y")
    definition = graph.as_graph_def()
    definition.versions.producer = 20
    del definition.node[0].attr["shape"].shape.dim[:]
    definition.node[0].attr["shape"].shape.unknown_rank = False
    (tmp_path / "old.pb").write_bytes(definition.SerializeToString())
    with pytest.raises(OptionError, match="its shape is not known; hand in an array"):
        cutaway.activations(tmp_path / "old.pb")
    found = cutaway.activations(tmp_path / "old.pb", np.array([[-1.0, 2.0]], np.float32))
    np.testing.assert_array_equal(found["y"].numpy(), [[0.0, 2.0]])


def test_random_ids_are_those_of_the_table_that_they_are_looked_up_in(tmp_path: Path) -> None:
    tokens = keras.Input((50,), dtype="int32", name="tokens")
    keras.Model(tokens, layers.Embedding(40, 3, name="embedding")(tokens)).export(tmp_path / "saved", verbose=False)
    ids = cutaway.activations(tmp_path / "saved")["tokens"].numpy()
    assert 20 < ids.max() < 40


def test_complex_numbers_are_told_as_their_magnitudes() -> None:
    spectrum = tf.function(
        lambda x: tf.abs(tf.signal.fft(tf.cast(x, tf.complex64))),
        input_signature=[tf.TensorSpec((None, 8), tf.float32, name="x")],
    )
    runs = [cutaway.activations(spectrum, np.arange(8, dtype=np.float32)), cutaway.activations(spectrum)]
    np.testing.assert_allclose(runs[0]["FFT"].numpy(), np.abs(np.fft.fft(np.arange(8)))[None], rtol=1e-5)
    facts = Inside(runs).facts(runs[0].graph)
    assert np.isfinite(facts["output_change"]).all()
