"""MetaGraphDefs against TensorFlow's own protos, with and without the checkpoint beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cutaway.errors import OptionError, ReadError
from cutaway.readers import read
from cutaway.readers.source import Source
from cutaway.readers.tensorflow.meta_graph_def import load_meta_graph
from cutaway.readers.values import read_values
from tests.readers.graph_protos import assert_same_program, corpus_files


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a saver of TensorFlow 1 writes: a graph with a dense layer, and its variables."""
    import tensorflow as tf

    path = tmp_path_factory.mktemp("saver")
    v1 = tf.compat.v1
    with tf.Graph().as_default():
        x = v1.placeholder(tf.float32, [None, 3], name="x")
        kernel = v1.get_variable("dense/kernel", initializer=np.arange(6, dtype="float32").reshape(3, 2))
        bias = v1.get_variable("dense/bias", initializer=np.ones(2, dtype="float32"))
        v1.nn.relu(
            v1.nn.bias_add(tf.matmul(x, kernel, name="dense/MatMul"), bias, name="dense/BiasAdd"), name="dense/Relu"
        )
        with v1.Session() as session:
            session.run(v1.global_variables_initializer())
            v1.train.Saver().save(session, str(path / "model.ckpt"), global_step=5)
    return path


def proto(data: bytes) -> Any:
    from tensorflow.core.protobuf import meta_graph_pb2

    return meta_graph_pb2.MetaGraphDef.FromString(data)


def test_program_is_what_tensorflow_wrote(folder: Path) -> None:
    path = folder / "model.ckpt-5.meta"
    theirs, ours = proto(path.read_bytes()), load_meta_graph(Source(path))
    assert_same_program(ours.program, theirs.graph_def)
    assert ours.program.producer == f"TensorFlow {theirs.meta_info_def.tensorflow_version}"
    assert {entry.key for entry in ours.message.collection_def} == set(theirs.collection_def)
    graph = read(path, raw=True)
    assert (graph.format, len(graph)) == ("meta_graph", len(theirs.graph_def.node))


def test_variables_lead_to_the_checkpoint_beside_it(folder: Path) -> None:
    graph = read(folder / "model.ckpt-5.meta")
    weights = {weight.id: weight for weight in graph.weights}
    assert {name: weight.shape for name, weight in weights.items()} == {"dense/kernel": (3, 2), "dense/bias": (2,)}
    values = read_values(folder / "model.ckpt-5.meta", weights["dense/kernel"])
    assert values.tolist() == [0, 1, 2, 3, 4, 5]


def test_folder_shows_the_graph_and_not_the_weights_alone(folder: Path) -> None:
    graph, own = read(folder), read(folder / "model.ckpt-5.meta")
    assert (graph.format, graph.name, graph.names) == ("meta_graph", "model.ckpt-5", own.names)
    assert list(graph.edges()) == list(own.edges())
    kernel = next(weight for weight in graph.weights if weight.id == "dense/kernel")
    assert read_values(folder, kernel).tolist() == [0, 1, 2, 3, 4, 5]
    assert not graph.warnings


def copied(folder: Path, to: Path, names: dict[str, str], listed: str) -> Path:
    """A folder of the files of a checkpoint under other names, with its list."""
    to.mkdir()
    for path in folder.glob("model.ckpt-5.*"):
        ending = path.name.removeprefix("model.ckpt-5")
        for name, endings in names.items():
            if ending.split("-")[0] in endings.split():
                (to / f"{name}{ending}").write_bytes(path.read_bytes())
    (to / "checkpoint").write_text(listed)
    return to


def test_of_several_graphs_the_latest_is_shown(folder: Path, tmp_path: Path) -> None:
    listed = 'model_checkpoint_path: "/runs/{}"\nall_model_checkpoint_paths: "a"\nall_model_checkpoint_paths: "b"\n'
    everything = ".meta .index .data"
    both = copied(folder, tmp_path / "both", {"a": everything, "b": everything}, listed.format("a"))
    assert read(both).name == "a"
    assert any("b.index" in warning for warning in read(both).warnings)
    (both / "checkpoint").write_text(listed.format("gone"))  # the last of the list that is there
    assert read(both).name == "b"
    one = copied(folder, tmp_path / "one", {"a": everything, "b": ".index .data"}, listed.format("b"))
    assert (read(one).format, read(one).name) == ("meta_graph", "a")


def test_folder_whose_graph_is_damaged_shows_the_weights(folder: Path, tmp_path: Path) -> None:
    listed = 'model_checkpoint_path: "../../m"\n'
    path = copied(folder, tmp_path / "m", {"m": ".meta .index .data"}, listed)
    assert read(path).format == "meta_graph"
    (path / "m.meta").write_bytes(b"\0" * 100)
    graph = read(path)
    assert graph.format == "checkpoint"
    assert {weight.id for weight in graph.weights} == {"dense/kernel", "dense/bias"}
    (path / "m.meta").unlink()
    (path / "m.meta").symlink_to(folder / "model.ckpt-5.meta")  # it leads out of the folder
    assert read(path).format == "checkpoint"


def test_a_meta_graph_alone_is_read_without_values(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "alone.meta").write_bytes((folder / "model.ckpt-5.meta").read_bytes())
    graph = read(tmp_path / "alone.meta")
    assert {weight.id: weight.location for weight in graph.weights} == {"dense/kernel": None, "dense/bias": None}


def test_damaged_checkpoint_is_told(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "m.meta").write_bytes((folder / "model.ckpt-5.meta").read_bytes())
    (tmp_path / "m.index").write_bytes((folder / "model.ckpt-5.index").read_bytes()[:-20])
    graph = read(tmp_path / "m.meta")
    assert any("values and sizes of the variables are lost" in warning for warning in graph.warnings)


def test_text_is_the_same_meta_graph(folder: Path, tmp_path: Path) -> None:
    from google.protobuf import text_format

    theirs = proto((folder / "model.ckpt-5.meta").read_bytes())
    (tmp_path / "model.meta.txt").write_text(text_format.MessageToString(theirs))
    ours = load_meta_graph(Source(tmp_path / "model.meta.txt"))
    assert_same_program(ours.program, theirs.graph_def)
    assert read(tmp_path / "model.meta.txt").format == "meta_graph"


def test_signature_that_is_not_there(folder: Path) -> None:
    with pytest.raises(OptionError, match="none: it has no signatures; not 'x'"):
        read(folder / "model.ckpt-5.meta", signature="x")


@pytest.mark.parametrize("share", [0.6, 0.8, 0.95])
def test_cut_file_shows_what_came_before(folder: Path, tmp_path: Path, share: float) -> None:
    data = (folder / "model.ckpt-5.meta").read_bytes()
    (tmp_path / "cut.meta").write_bytes(data[: int(len(data) * share)])
    graph = read(tmp_path / "cut.meta", raw=True)
    whole = [node.name for node in proto(data).graph_def.node]
    assert list(graph.names) == whole[: len(graph)]
    assert any("cut or damaged at byte" in warning for warning in graph.warnings)


def test_file_that_is_cut_before_its_graph(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "cut.meta").write_bytes((folder / "model.ckpt-5.meta").read_bytes()[:200])
    with pytest.raises(ReadError, match=r"holds no graph|the file is"):
        read(tmp_path / "cut.meta", raw=True)


def test_corpus(corpus: Path) -> None:
    compared = 0
    for path in corpus_files(corpus, ".meta"):
        theirs, ours = proto(path.read_bytes()), load_meta_graph(Source(path))
        assert_same_program(ours.program, theirs.graph_def)
        assert {entry.key for entry in ours.message.signature_def} == set(theirs.signature_def)
        assert len(read(path, raw=True)) == len(theirs.graph_def.node)
        compared += 1
    assert compared >= 13
