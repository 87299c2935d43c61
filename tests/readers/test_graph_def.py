"""GraphDefs against TensorFlow's own protos: binary and text, with functions, cut, damaged, hostile."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cutaway.errors import ReadError
from cutaway.graph.model import Graph
from cutaway.readers import read
from cutaway.readers.sniff_protobuf import protobuf_kind
from cutaway.readers.source import Source
from cutaway.readers.tensorflow.graph_def import load_program, read_program
from cutaway.readers.tensorflow.meta_graph_def import load_saved_model
from cutaway.readers.tensorflow.program import ARGUMENT
from cutaway.readers.wire.blob import Blob
from tests.readers.graph_protos import assert_same_program, corpus_files, parsed


@pytest.fixture(scope="module")
def graph_def() -> Any:
    """A graph with functions, control flow, lists of outputs, control edges and constants of several kinds."""
    import tensorflow as tf

    def step(x: Any, n: Any) -> Any:
        left, right = tf.split(x, 2, axis=1)
        values, where = tf.unique(tf.cast(tf.reshape(left, [-1]), tf.int32))
        with tf.control_dependencies([tf.debugging.assert_positive(n)]):
            total = tf.while_loop(lambda i, _: i < n, lambda i, s: (i + 1, s + tf.reduce_sum(right)), (0, 0.0))[1]
        moments = tf.raw_ops.FusedBatchNormV3(
            x=tf.reshape(x, [1, 2, 4, 1]), scale=[1.0], offset=[0.0], mean=[], variance=[], is_training=True
        )
        return tf.cond(total > 0, lambda: total * 2, lambda: -total), values, where, moments.batch_variance

    concrete = tf.function(step).get_concrete_function(tf.TensorSpec([2, 4], tf.float32), tf.TensorSpec([], tf.int32))
    with tf.Graph().as_default() as graph:
        x = tf.compat.v1.placeholder(tf.float32, [2, 4], name="x")
        tf.constant(np.arange(100_000, dtype="float32"), name="large")
        tf.constant([b"a", "é".encode(), b"\xff"], name="texts")
        for dtype in ("float16", "bfloat16", "float64", "int8", "uint16", "int64", "bool", "complex64"):
            tf.constant(np.array([0, 1, 3]).astype(tf.as_dtype(dtype).as_numpy_dtype), name=f"of_{dtype}")
        tf.constant(7.0, shape=[3, 4], name="filled")
        with tf.control_dependencies([tf.no_op("before")]):
            concrete(x, tf.constant(3))
        found = graph.as_graph_def(add_shapes=True)
    del found.node[0].attr["_output_shapes"]
    return found


@pytest.fixture
def path(graph_def: Any, tmp_path: Path) -> Path:
    path = tmp_path / "graph.pb"
    path.write_bytes(graph_def.SerializeToString())
    return path


def test_program_is_what_tensorflow_wrote(graph_def: Any, path: Path) -> None:
    program = load_program(Source(path))
    assert len(program.function_names) >= 5
    assert_same_program(program, graph_def)
    assert program.warnings == []
    assert program.producer == f"TensorFlow, graph version {graph_def.versions.producer}"


def test_text_gives_the_same_program(graph_def: Any, path: Path, tmp_path: Path) -> None:
    from google.protobuf import text_format

    text = tmp_path / "graph.pbtxt"
    text.write_text(text_format.MessageToString(graph_def))
    assert_same_program(load_program(Source(text)), graph_def)
    one, other = read(path, raw=True), read(text, raw=True)
    assert list(one.nodes) == list(other.nodes)


def test_attributes_are_those_of_the_proto(graph_def: Any, path: Path) -> None:
    from tensorflow.python.framework import tensor_shape

    program = load_program(Source(path))
    attributes = program.main.attributes
    for index, node in enumerate(graph_def.node):
        recorded = node.attr["_output_shapes"].list.shape if "_output_shapes" in node.attr else None
        if recorded is not None:
            shapes = [tensor_shape.TensorShape(shape) for shape in recorded]
            expected = tuple(None if shape.rank is None else tuple(shape.as_list()) for shape in shapes)
            assert attributes.shapes(index) == expected
        for key, value in node.attr.items():
            if value.HasField("i"):
                assert attributes.get(index, key) == value.i
            if value.HasField("func"):
                assert (key, value.func.name) in attributes.functions(index)
    assert attributes.get(0, "nothing") is None
    assert attributes.shapes(0) == ((2, 4),)


def test_constants_are_those_of_tensorflow(graph_def: Any, path: Path) -> None:
    from tensorflow.python.framework import tensor_util

    program, data = load_program(Source(path)), path.read_bytes()
    seen = 0
    for index, node in enumerate(graph_def.node):
        constant = program.main.attributes.constant(index)
        assert (constant is not None) == (node.op == "Const")
        if constant is None:
            continue
        expected = tensor_util.MakeNdarray(node.attr["value"].tensor)
        seen += 1
        assert constant.shape == expected.shape
        assert constant.location is not None
        place, _, mark = constant.location.partition("#")
        start, _, size = place.removeprefix("@").partition("+")
        lies = data[int(start) : int(start) + int(size)]
        if mark:
            assert lies == node.attr["value"].tensor.SerializeToString(deterministic=True)
        else:
            assert lies == node.attr["value"].tensor.tensor_content
        if expected.size > 16:
            assert constant.values is None
        elif constant.dtype == "string":
            assert constant.values == ("a", "é", "\\xff")
        elif constant.dtype == "complex64":
            assert constant.values == ([0, 0], [1, 0], [3, 0])
        else:
            assert constant.values is not None
            assert np.array(constant.values).astype(expected.dtype).tolist() == expected.ravel().tolist()
    assert seen >= 12


def test_raw_shows_every_operation_and_every_function(graph_def: Any, path: Path) -> None:
    graph = read(path, raw=True)
    shown = [node for node in graph.nodes if node.op != ARGUMENT]
    functions = graph_def.library.function
    assert len(shown) == len(graph_def.node) + sum(len(function.node_def) for function in functions)
    assert [name for name, kind in zip(graph.groups.names, graph.groups.kinds, strict=True) if kind == "function"] == [
        function.signature.name for function in functions
    ]
    by_name = {node.name: node for node in graph.nodes if node.group == 0}
    assert by_name["x"].outputs[0].dtype == "float32"
    assert by_name["x"].outputs[0].shape == (2, 4)
    assert graph.warnings == ()


def test_outputs_have_the_types_that_tensorflow_declares(graph_def: Any, path: Path) -> None:
    import tensorflow as tf

    graph = read(path, raw=True)
    ours = {node.name: [tensor.dtype for tensor in node.outputs] for node in graph.nodes if node.group == 0}
    with tf.Graph().as_default() as imported:
        tf.graph_util.import_graph_def(graph_def, name="")
    compared = 0
    for operation in imported.get_operations():
        assert ours[operation.name] == [output.dtype.base_dtype.name for output in operation.outputs]
        compared += 1
    assert compared == len(graph_def.node)


def test_corpus(corpus: Path) -> None:
    from tensorflow.core.framework import graph_pb2
    from tensorflow.core.protobuf import saved_model_pb2

    compared = 0
    for path in corpus_files(corpus, ".pb", ".pbtxt"):
        source = Source(path)
        kind = protobuf_kind(source)
        if path.stat().st_size > 1_000_000 or kind is None:
            continue
        if kind.startswith("graph_def"):
            assert_same_program(load_program(source), parsed(graph_pb2.GraphDef, path.read_bytes()))
        elif kind.startswith("saved_model"):
            metas = parsed(saved_model_pb2.SavedModel, path.read_bytes()).meta_graphs
            for ours, theirs in zip(load_saved_model(source), metas, strict=True):
                assert_same_program(ours.program, theirs.graph_def)
                assert len(ours.message.object_graph_def.nodes) == len(theirs.object_graph_def.nodes)
                assert {entry.key for entry in ours.message.signature_def} == set(theirs.signature_def)
        else:
            continue
        compared += 1
    assert compared > 90


def test_counts_of_the_corpus(corpus: Path) -> None:
    rows = [line.split("\t") for line in (corpus / "MANIFEST.tsv").read_text().splitlines()]
    counted = 0
    for row in rows:
        if row[1] != "graphdef" or row[5] == "0" or "SavedModel proto" in row[7] or int(row[2]) > 400_000:
            continue
        graph = read(corpus / row[0], raw=True)
        assert sum(graph.op(node) != ARGUMENT for node in range(len(graph))) == int(row[5]), row[0]
        counted += 1
    assert counted > 55


def test_fields_may_come_in_any_order(graph_def: Any) -> None:
    versions = b"\x22" + bytes([graph_def.versions.ByteSize()]) + graph_def.versions.SerializeToString()
    nodes = type(graph_def)(node=graph_def.node).SerializeToString()
    library = type(graph_def)(library=graph_def.library).SerializeToString()
    assert_same_program(read_program(Blob(versions + library + nodes)), graph_def)


@pytest.mark.parametrize("share", [0.1, 0.35, 0.6, 0.85, 0.99])
def test_cut_file_shows_what_came_before(graph_def: Any, path: Path, share: float) -> None:
    data = path.read_bytes()
    (path.parent / "cut.pb").write_bytes(data[: int(len(data) * share)])
    graph = read(path.parent / "cut.pb", raw=True)
    whole = [node.name for node in read(path, raw=True).nodes if node.group == 0]
    names = [node.name for node in graph.nodes if node.group == 0]
    assert names == whole[: len(names)]
    assert names
    assert any("cut or damaged at byte" in warning for warning in graph.warnings)


def test_damaged_node_is_left_out_and_told(tmp_path: Path) -> None:
    good = b"\x0a\x06\x0a\x01a\x12\x01A"
    (tmp_path / "g.pb").write_bytes(good + b"\x0a\x06\x0a\x01b\x12\x09B" + good.replace(b"a", b"c"))
    graph = read(tmp_path / "g.pb", raw=True)
    assert graph.names == ("a", "c")
    assert graph.warnings == ("1 nodes of the graph are damaged and left out, the first at byte 8",)


def test_inputs_that_are_not_there_are_told(tmp_path: Path) -> None:
    (tmp_path / "g.pbtxt").write_text(
        'node { name: "a" op: "Neg" input: "nowhere" input: "^b" input: "b:0" } node { name: "b" op: "Const" }'
    )
    graph = read(tmp_path / "g.pbtxt", raw=True)
    assert [(edge.source, edge.port, edge.target) for edge in graph.edges()] == [(1, 0, 0), (1, -1, 0)]
    assert graph.warnings == ("1 inputs name an operation that is not in the file; they are not drawn",)


BOMBS = {
    "empty nodes": b"\x0a\x06\x0a\x01a\x12\x01A" + b"\x0a\x00" * 100_000,
    "empty functions": b"\x0a\x06\x0a\x01a\x12\x01A\x12\xa0\x8d\x06" + b"\x0a\x00" * 50_000,
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_records_that_nobody_writes_are_refused(tmp_path: Path, bomb: str) -> None:
    (tmp_path / "bomb.pb").write_bytes(BOMBS[bomb])
    with pytest.raises(ReadError, match="too short to have a name"):
        read(tmp_path / "bomb.pb", raw=True)


def test_more_nodes_than_a_file_of_its_size_has(tmp_path: Path) -> None:
    (tmp_path / "bomb.pb").write_bytes(b"\x0a\x06\x0a\x01a\x12\x01A" * 100_000)
    graph = read(tmp_path / "bomb.pb", raw=True)
    assert len(graph) == 50_000 + 800_000 // 50
    assert graph.warnings == (
        "the graph holds more small parts than models of its size do: from byte 528,000 on they are left out",
    )


def test_mutated_graphs_are_read_or_refused(graph_def: Any, tmp_path: Path) -> None:
    small = type(graph_def)(node=graph_def.node[-6:], library=graph_def.library)
    data, chance = small.SerializeToString(), random.Random(7)
    read_at_all = 0
    for _ in range(150):
        changed = bytearray(data)
        for _ in range(chance.randrange(1, 6)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        (tmp_path / "mutant.pb").write_bytes(bytes(changed))
        for raw in (True, False):
            try:
                graph = read(tmp_path / "mutant.pb", raw=raw)
            except ReadError:
                continue
            assert isinstance(graph, Graph)
            assert all(isinstance(node.attributes, object) for node in graph.nodes)
            read_at_all += 1
    assert read_at_all > 50


def test_devices_are_kept(graph_def: Any, tmp_path: Path) -> None:
    placed = type(graph_def)()
    placed.CopyFrom(graph_def)
    for at, node in enumerate(placed.node):
        node.device = "" if at % 3 == 0 else f"/job:localhost/replica:0/task:0/device:GPU:{at % 2}"
    path = tmp_path / "placed.pb"
    path.write_bytes(placed.SerializeToString())
    program = load_program(Source(path))
    assert_same_program(program, placed)
    graph = read(path, raw=True)
    told = {node.name: node.device for node in placed.node}
    kept = {graph.ids[at]: graph.attributes[at].get("device", "") for at in range(len(graph))}
    assert {name: kept[name] for name in told if name in kept} == {name: told[name] for name in told if name in kept}
    assert len(set(told.values())) == 3
    assert any(kept.values())


def test_a_graph_without_devices_keeps_nothing_of_them(path: Path) -> None:
    graph = read(path, raw=True)
    assert all("device" not in graph.attributes[at] for at in range(len(graph)))
    program = load_program(Source(path))
    assert {program.main.attributes.device(at) for at in range(len(program.main))} == {""}


def test_the_device_of_a_node_behind_a_damaged_one_is_its_own(graph_def: Any) -> None:
    from tensorflow.core.framework import graph_pb2

    placed = graph_pb2.GraphDef()
    for at in range(6):
        placed.node.add(name=f"n{at}", op="NoOp", device=f"/device:CPU:{at}")
    data = bytearray(placed.SerializeToString())
    data[data.index(b"n2") - 2] = 0x0D  # its name becomes a number of four bytes, and the rest of it nonsense
    program = read_program(Blob(bytes(data)))
    told = {name: program.main.attributes.device(at) for at, name in enumerate(program.main.names)}
    assert all(device == f"/device:CPU:{name[1:]}" for name, device in told.items())
    assert {"n1", "n3", "n5"} <= set(told)
