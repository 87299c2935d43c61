"""Event files that hold graphs, against those that TensorFlow and Keras write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cutaway.errors import ReadError
from cutaway.readers import read
from cutaway.readers.wire.crc32c import crc32c, masked


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session of TensorFlow 1 that was traced: a graph, its meta graph, and the measurements of one run."""
    import tensorflow as tf

    path = tmp_path_factory.mktemp("log")
    v1 = tf.compat.v1
    with tf.Graph().as_default() as graph:
        x = v1.placeholder(tf.float32, [None, 3], name="x")
        y = tf.matmul(x, tf.ones([3, 2]), name="dense/MatMul")
        tf.nn.relu(y, name="dense/Relu")
        with v1.Session() as session:
            writer = v1.summary.FileWriter(str(path), graph)
            run = v1.RunMetadata()
            options = v1.RunOptions(trace_level=v1.RunOptions.FULL_TRACE)
            session.run("dense/Relu:0", {x: [[1, 2, 3]]}, options=options, run_metadata=run)
            writer.add_run_metadata(run, "step_1", 1)
            writer.close()
    (path / "run_metadata").write_bytes(run.SerializeToString())
    return path


def event_file(log: Path) -> Path:
    return next(log.glob("*tfevents*"))


def events_of(path: Path) -> list[Any]:
    from tensorflow.core.util import event_pb2
    from tensorflow.python.lib.io import tf_record

    return [event_pb2.Event.FromString(data) for data in tf_record.tf_record_iterator(str(path))]


def test_graph_is_the_one_that_was_logged(log: Path) -> None:
    from tensorflow.core.framework import graph_pb2

    graph = read(event_file(log), raw=True)
    logged = [event.graph_def for event in events_of(event_file(log)) if event.HasField("graph_def")]
    nodes = graph_pb2.GraphDef.FromString(logged[-1]).node
    assert graph.format == "events"
    assert [(node.name, node.op) for node in graph.nodes] == [(node.name, node.op) for node in nodes]
    assert graph.warnings == ()


def test_measurements_are_those_of_the_run(log: Path) -> None:
    from tensorflow.core.protobuf import config_pb2

    run = config_pb2.RunMetadata.FromString((log / "run_metadata").read_bytes())
    expected: dict[str, int] = {}
    for device in run.step_stats.dev_stats:
        for stats in device.node_stats:
            time = stats.op_end_rel_micros - stats.op_start_rel_micros
            expected[stats.node_name] = expected.get(stats.node_name, 0) + time
    graph = read(event_file(log), raw=True)
    measured = {node.name: node.attributes["measured"] for node in graph.nodes if "measured" in node.attributes}
    assert "dense/MatMul" in measured
    assert {name: told["compute_us"] for name, told in measured.items()} == {name: expected[name] for name in measured}
    assert measured["dense/MatMul"]["memory_bytes"] > 0


def test_folder_of_logs_is_read(log: Path, tmp_path: Path) -> None:
    (tmp_path / "runs" / "train").mkdir(parents=True)
    (tmp_path / "runs" / "train" / event_file(log).name).write_bytes(event_file(log).read_bytes())
    assert list(read(tmp_path / "runs", raw=True).nodes) == list(read(event_file(log), raw=True).nodes)


def test_model_that_keras_logged_comes_first(tmp_path: Path) -> None:
    import json

    import keras
    import tensorflow as tf

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="one"), keras.layers.Dense(2, name="two")])
    writer = tf.summary.create_file_writer(str(tmp_path))
    with writer.as_default():
        plugin = {"plugin_name": "graph_keras_model", "content": b"1"}  # as the callback of Keras 2 does
        described = tf.compat.v1.SummaryMetadata(plugin_data=plugin)
        tf.summary.write("keras", json.dumps(json.loads(model.to_json())), step=0, metadata=described)
        concrete = tf.function(lambda x: model(x)).get_concrete_function(tf.TensorSpec([None, 4]))
        tf.summary.graph(concrete.graph.as_graph_def(add_shapes=True))
    writer.close()
    graph = read(tmp_path)
    assert [name for name in graph.names if name in ("one", "two")] == ["one", "two"]
    assert sum(weight.parameters for weight in graph.weights) == model.count_params()
    assert graph.warnings == (
        "the log holds 2 graphs, 1 of Keras and 1 of operations; the last model of Keras is shown",
    )
    operations = read(tmp_path, raw=True)
    assert len(operations) == len(concrete.graph.get_operations())
    assert operations.warnings[-1].endswith("the last graph of operations is shown")


@pytest.mark.parametrize("lost", [1, 9, 40])
def test_last_record_that_is_cut_is_normal(log: Path, tmp_path: Path, lost: int) -> None:
    data = event_file(log).read_bytes()
    (tmp_path / "events.out.tfevents.1.cut").write_bytes(data[:-lost])
    graph = read(tmp_path, raw=True)
    assert list(graph.names) == list(read(event_file(log), raw=True).names)
    assert len(graph.warnings) == 1
    assert "is cut: the program that wrote the file was stopped, or still runs" in graph.warnings[0]


def test_damaged_record_is_told(log: Path, tmp_path: Path) -> None:
    data = bytearray(event_file(log).read_bytes())
    data[data.index(b"dense/Relu") + 8] ^= 1
    (tmp_path / "events.out.tfevents.1.bad").write_bytes(bytes(data))
    graph = read(tmp_path / "events.out.tfevents.1.bad", raw=True)
    assert any("are damaged; what it says may be wrong" in warning for warning in graph.warnings)


def test_log_without_a_graph_says_what_it_holds(tmp_path: Path) -> None:
    import tensorflow as tf

    writer = tf.summary.create_file_writer(str(tmp_path))
    with writer.as_default():
        for step in range(3):
            tf.summary.write("loss", 1.0, step=step)
    writer.close()
    with pytest.raises(ReadError, match="holds no graph: its 4 records are curves, pictures and texts"):
        read(tmp_path)


def test_other_records_are_no_log(tmp_path: Path) -> None:
    header = (3).to_bytes(8, "little")
    record = (
        header + masked(crc32c(header)).to_bytes(4, "little") + b"abc" + masked(crc32c(b"abc")).to_bytes(4, "little")
    )
    (tmp_path / "train.tfrecord").write_bytes(record)
    with pytest.raises(ReadError, match="the file is"):
        read(tmp_path / "train.tfrecord")


def test_corpus(corpus: Path) -> None:
    from tensorflow.core.framework import graph_pb2

    compared = 0
    for path in sorted((corpus / "tfevents").iterdir()):
        if not path.is_file() or path.name.startswith("damaged"):
            continue
        logged = [event.graph_def for event in events_of(path) if event.HasField("graph_def")]
        if not logged:
            continue
        proto = graph_pb2.GraphDef.FromString(logged[-1])
        graph = read(path, raw=True)
        expected = [(node.name, node.op) for node in proto.node]
        assert [(node.name, node.op) for node in graph.nodes][: len(expected)] == expected, path.name
        compared += 1
    assert compared >= 8
