"""Checkpoints of every kind, against the models that wrote them and TensorFlow's list of variables."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cutaway.analysis.parameters import group_totals
from cutaway.errors import ReadError
from cutaway.graph.model import Graph
from cutaway.readers import read
from cutaway.readers.wire.tensor_bundle import OBJECT_GRAPH

tf: Any = pytest.importorskip("tensorflow")
keras: Any = pytest.importorskip("keras")


def weights(graph: Graph) -> dict[str, tuple[int, ...]]:
    return {weight.id: weight.shape for weight in graph.weights}


def state(graph: Graph) -> int:
    """Variables that are told as attributes, for being no weights."""
    return sum(len(node.attributes) for node in graph.nodes if node.op == "State")


def model(backend: Any) -> Any:
    layers = backend.layers
    made = backend.Sequential(
        [
            layers.Input((8,)),
            layers.Dense(4, name="one"),
            layers.BatchNormalization(name="bn"),
            layers.Dropout(0.5, name="drop"),
            layers.Dense(2, name="two"),
        ],
        name="net",
    )
    made.compile("adam", "mse")
    made.fit(np.zeros((4, 8)), np.zeros((4, 2)), verbose=0)
    return made


OF_MODEL = {
    "one/kernel": (8, 4), "one/bias": (4,), "bn/gamma": (4,), "bn/beta": (4,), "bn/moving_mean": (4,),
    "bn/moving_variance": (4,), "two/kernel": (4, 2), "two/bias": (2,),
}  # fmt: skip


def test_keras_3_keeps_kernels_under_the_optimizer_and_they_count_as_weights(tmp_path: Path) -> None:
    made = model(keras)
    checkpoint = tf.train.Checkpoint(model=made, optimizer=made.optimizer, step=tf.Variable(3, name="step"))
    prefix = checkpoint.save(str(tmp_path / "ck"))
    keys = [name for name, _ in tf.train.list_variables(prefix)]
    assert any(key.startswith("optimizer/_trainable_variables/") for key in keys), "the trap is still there"
    graph = read(tmp_path)
    assert weights(graph) == {f"model/net/{name}": shape for name, shape in OF_MODEL.items()}
    totals = group_totals(graph)[0]
    assert totals.parameters == made.count_params()
    assert totals.trainable == sum(math.prod(weight.shape) for weight in made.trainable_weights)
    assert len(graph.weights) + state(graph) == len(keys) - 1


def test_keras_2_weights_by_prefix_index_shard_and_folder(tmp_path: Path) -> None:
    tf_keras = pytest.importorskip("tf_keras")
    made = model(tf_keras)
    made.save_weights(str(tmp_path / "w"))
    keys = [name for name, _ in tf.train.list_variables(str(tmp_path / "w")) if name != OBJECT_GRAPH]
    for path in ("w", "w.index", "w.data-00000-of-00001", ""):
        graph = read(tmp_path / path)
        assert graph.format == "checkpoint"
        assert weights(graph) == OF_MODEL
        assert group_totals(graph)[0].parameters == made.count_params()
        assert len(graph.weights) + state(graph) == len(keys)
    assert [node.name for node in graph.nodes][:3] == ["one", "bn", "two"]


def test_slots_stand_beside_the_variable_that_they_belong_to(tmp_path: Path) -> None:
    tf_keras = pytest.importorskip("tf_keras")
    made = model(tf_keras)
    made.compile(tf_keras.optimizers.legacy.Adam(), "mse")
    made.fit(np.zeros((4, 8)), np.zeros((4, 2)), verbose=0)
    made.save_weights(str(tmp_path / "w"))
    graph = read(tmp_path / "w.index")
    assert weights(graph) == OF_MODEL
    slots = {node.name: set(node.attributes) for node in graph.nodes if graph.groups.ids[node.group] == "optimizer"}
    assert slots["one/kernel"] == {"m", "v"}
    assert set(slots) == {"Adam", "one/kernel", "one/bias", "bn/gamma", "bn/beta", "two/kernel", "two/bias"}


def test_names_without_object_graph_and_slots_by_suffix(tmp_path: Path) -> None:
    v1 = tf.compat.v1
    with tf.Graph().as_default():
        x = v1.get_variable("net/w", shape=(3, 4), use_resource=True)
        part = v1.get_variable("net/part", shape=(10, 2), partitioner=v1.fixed_size_partitioner(3, axis=0))
        v1.get_variable("net/Adam", shape=(5,), use_resource=True)  # an author's name, no slot of anything
        step = v1.train.get_or_create_global_step()
        loss = tf.reduce_sum(x) + tf.reduce_sum(tf.convert_to_tensor(part))
        train = v1.train.AdamOptimizer().minimize(loss, step)
        average = tf.train.ExponentialMovingAverage(0.9, step).apply([x])
        with v1.Session() as session:
            session.run(v1.global_variables_initializer())
            session.run([train, average])
            new = v1.train.Saver().save(session, str(tmp_path / "new" / "ck"))
            old = v1.train.Saver(write_version=v1.train.SaverDef.V1).save(session, str(tmp_path / "old"))
    for prefix in (new, old):
        graph = read(prefix)
        assert weights(graph) == {"net/w": (3, 4), "net/part": (10, 2), "net/Adam": (5,)}
        assert len(graph.weights) + state(graph) == len(tf.train.list_variables(prefix))
    (tmp_path / "new" / "ck.meta").unlink()  # a folder that holds the graph too shows that
    assert weights(read(tmp_path / "new")) == weights(read(new))


def test_folder_says_which_is_shown_and_names_the_others(corpus: Path) -> None:
    folder = corpus / "metagraph_ckpt" / "gen-keras3.15.1-tf2.21.0__tf2_object_checkpoint"
    graph = read(folder)
    assert graph.name == "ckpt-3"
    assert any("ckpt-1.index" in warning for warning in graph.warnings)
    assert {"nest/a/0", "nest/a/1"} < set(weights(graph))


def test_path_of_another_machine_in_the_list_of_checkpoints(tmp_path: Path) -> None:
    tf.train.Checkpoint(a=tf.Variable([1.0, 2.0])).write(str(tmp_path / "ck"))
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "/home/somebody/runs/7/ck"\n')
    assert weights(read(tmp_path)) == {"a": (2,)}
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "../../etc/passwd"\n')
    assert weights(read(tmp_path)) == {"a": (2,)}  # the only one that is there
    tf.train.Checkpoint(b=tf.Variable(1.0)).write(str(tmp_path / "other"))
    with pytest.raises(
        ReadError, match=r"names 'passwd', which is not in the folder; open one of ck.index, other.index"
    ):
        read(tmp_path)


def test_export_of_keras_3_counts_each_variable_once(tmp_path: Path) -> None:
    made = keras.Sequential([keras.layers.Input((8,)), keras.layers.Dense(4, name="one")])
    made.export(tmp_path / "m", verbose=False)
    graph = read(tmp_path / "m" / "variables" / "variables.index")
    assert group_totals(graph)[0].parameters == made.count_params() == 36
    assert "copies" in graph.groups.ids


def test_every_variable_of_the_corpus_is_a_weight_or_state(corpus: Path) -> None:
    seen = 0
    for path in sorted(corpus.rglob("*.index")):
        listed = [
            name
            for name, _ in tf.train.list_variables(str(path.with_suffix("")))
            if name != OBJECT_GRAPH and not name.endswith("OBJECT_CONFIG_JSON")
        ]
        graph = read(path)
        assert len(graph.weights) + state(graph) == len(listed), path
        assert all(weight.dtype not in ("string", "resource") for weight in graph.weights)
        seen += len(listed)
    assert seen > 1000
