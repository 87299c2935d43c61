"""Saved graphs that run: those that only compute, and words for all others."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format
from keras import layers

import cutaway
from cutaway.errors import OptionError, ReadError
from cutaway.loading.trusting import check_graph

FAST: dict[str, Any] = {"runs": 2, "peak": 1e11, "bandwidth": 1e10}


def frozen() -> Any:
    with tf.Graph().as_default() as graph:
        x = tf.compat.v1.placeholder(tf.float32, (None, 64), name="x")
        tf.nn.relu(tf.matmul(x, tf.ones((64, 64)), name="product"), name="y")
    return graph.as_graph_def()


def small() -> keras.Model:
    return keras.Sequential([keras.Input((4,), name="x"), layers.Dense(2, name="dense")])


def saved(path: Path, body: Any) -> str:
    module = tf.Module()
    module.call = tf.function(body, input_signature=[tf.TensorSpec((None, 4), tf.float32, name="x")])
    tf.saved_model.save(module, str(path), signatures={"serving_default": module.call})
    return str(path)


@pytest.mark.parametrize("name", ["frozen.pb", "frozen.pbtxt"])
def test_a_frozen_graph_runs(tmp_path: Path, name: str) -> None:
    path, graph = tmp_path / name, frozen()
    encoded = graph.SerializeToString() if path.suffix == ".pb" else text_format.MessageToString(graph).encode()
    path.write_bytes(encoded)
    found = cutaway.profile(path, batch=32, **FAST)
    assert found.setting["shapes"] == {"x": [32, 64]}
    assert found.landed > 0.5


def written(x: Any, path: str) -> Any:
    with tf.control_dependencies([tf.io.write_file(path, "text")]):
        return tf.identity(x)


def called(x: Any, path: str) -> Any:
    def touch(x: Any) -> Any:
        Path(path).touch()
        return x

    return tf.ensure_shape(tf.numpy_function(touch, [x], tf.float32), (None, 4))


def checkpointed(x: Any, path: str) -> Any:
    tf.raw_ops.SaveV2(prefix=path, tensor_names=["x"], shape_and_slices=[""], tensors=[x])
    return x + 1.0


def printed(x: Any, path: str) -> Any:
    tf.raw_ops.PrintV2(input="text", output_stream=f"file://{path}")
    return x + 1.0


def cached(x: Any, path: str) -> Any:
    numbers = tf.data.Dataset.range(3).cache(path)
    return x + tf.cast(numbers.reduce(tf.constant(0, tf.int64), lambda a, b: a + b), tf.float32)


@pytest.mark.parametrize(
    ("body", "operation"),
    [
        (written, "WriteFile"), (called, "EagerPyFunc|PyFunc"), (checkpointed, "SaveV2"), (printed, "PrintV2"),
        (cached, r"\w*Dataset\w*"),
    ],
    ids=["file", "python", "checkpoint", "print", "cache"],
)  # fmt: skip
def test_a_saved_model_that_reaches_for_files_or_python_is_not_loaded(
    tmp_path: Path, body: Any, operation: str
) -> None:
    target = tmp_path / "target"
    path = saved(tmp_path / "model", lambda x: {"y": body(x, str(target))})
    with pytest.raises(ReadError, match=rf"is an? ({operation}), which can touch files.*load it yourself"):
        cutaway.profile(path, **FAST)
    assert not list(tmp_path.glob("target*"))


def test_a_frozen_graph_that_writes_a_file_is_not_imported(tmp_path: Path) -> None:
    with tf.Graph().as_default() as graph:
        x = tf.compat.v1.placeholder(tf.float32, (None, 4), name="x")
        with tf.control_dependencies([tf.io.write_file(str(tmp_path / "target"), "text")]):
            tf.nn.relu(x, name="y")
    (tmp_path / "graph.pb").write_bytes(graph.as_graph_def().SerializeToString())
    with pytest.raises(ReadError, match="WriteFile, which can touch files"):
        cutaway.profile(tmp_path / "graph.pb", **FAST)


def test_a_print_whose_file_is_filled_in_by_its_caller_is_refused_and_one_to_the_terminal_is_not() -> None:
    definition = tf.compat.v1.GraphDef()
    node = definition.library.function.add().node_def.add(name="says", op="PrintV2")
    node.attr["output_stream"].s = b"stderr"
    check_graph(definition, [], [], "model.pb", "call")
    node.attr["output_stream"].placeholder = "stream"
    with pytest.raises(ReadError, match="'says' is a PrintV2"):
        check_graph(definition, [], [], "model.pb", "call")


def test_no_operation_of_tensorflow_that_takes_a_path_or_an_address_is_forgotten() -> None:
    """Those that are left take a file's name without being what writes it; a new one has to be looked at."""
    telling = re.compile("path|file|address|director|_dir|url|output_stream|data_source")
    left, found = set(), 0
    for op in filter(str.isidentifier, dir(tf.raw_ops)):
        function = getattr(tf.raw_ops, op)
        if not callable(function) or not any(telling.search(name) for name in inspect.signature(function).parameters):
            continue
        found += 1
        definition = tf.compat.v1.GraphDef()
        node = definition.node.add(name="x", op=op)
        node.attr["output_stream"].s = b"file:///x"
        try:
            check_graph(definition, ["x"], [], "model.pb", "call")
        except ReadError:
            continue
        left.add(op)
    assert found > 40
    assert left == {
        "CTCBeamSearchDecoder",  # paths of a search, no files
        "FixedUnigramCandidateSampler",  # counts of words for a training, of which old graphs keep what never runs
        "InitializeTableFromTextFile",  # the vocabulary among a SavedModel's assets
        "InitializeTableFromTextFileV2",
    }


def test_a_saved_models_own_saving_is_not_held_against_it(tmp_path: Path) -> None:
    small().export(tmp_path / "model", verbose=False)
    assert cutaway.profile(tmp_path / "model", **FAST).landed > 0


def test_files_that_tensorflow_cannot_load_are_told(tmp_path: Path) -> None:
    graph = frozen()
    next(node for node in graph.node if node.op == "Relu").op = "OwnRelu"
    (tmp_path / "own.pb").write_bytes(graph.SerializeToString())
    with pytest.raises(ReadError, match=r"cannot be loaded by TensorFlow: .*OwnRelu"):
        cutaway.profile(tmp_path / "own.pb", **FAST)
    small().export(tmp_path / "model", verbose=False)
    (tmp_path / "model" / "variables" / "variables.data-00000-of-00001").write_bytes(b"")
    with pytest.raises(ReadError, match="cannot be loaded by TensorFlow"):
        cutaway.profile(tmp_path / "model", **FAST)


def test_inputs_that_do_not_fit_are_told(tmp_path: Path) -> None:
    model = small()
    model.export(tmp_path / "model", verbose=False)
    for source in (model, tmp_path / "model"):
        with pytest.raises(OptionError, match="does not run on these inputs"):
            cutaway.profile(source, data=np.zeros((2, 5), np.float32), **FAST)
        with pytest.raises(OptionError, match="data: expected 'x' of float32"):
            cutaway.profile(source, data=np.array(["a"]), **FAST)
    wrong: list[Any] = [0, -1, True, 1.5]
    for batch in wrong:
        with pytest.raises(OptionError, match="batch must be a whole number, 1 or more"):
            cutaway.profile(model, batch=batch, **FAST)
