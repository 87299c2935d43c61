"""TensorFlow Lite against the ``tflite`` package, which is another reading of the same files, and against Keras."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tflite
from flatbuffers.number_types import Int32Flags

from cutaway.errors import CutawayError, OptionError, ReadError
from cutaway.graph.model import Graph, Node
from cutaway.readers import read
from cutaway.readers.litert.model import parse

NAMES = {
    table: {number: name for name, number in vars(table).items() if isinstance(number, int)}
    for table in (tflite.BuiltinOperator, tflite.TensorType, tflite.BuiltinOptions, tflite.BuiltinOptions2)
}


def files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.read_bytes()[4:8] == b"TFL3":
            yield path


def oracle(path: Path) -> Any:
    return tflite.Model.GetRootAs(path.read_bytes(), 0)


def op_name(model: Any, operator: Any) -> str:
    code = model.OperatorCodes(operator.OpcodeIndex())
    name = NAMES[tflite.BuiltinOperator][builtin_code(code)]
    return (code.CustomCode() or b"CUSTOM").decode() if name == "CUSTOM" else name


def builtin_code(code: Any) -> int:
    """The greater of the old and the new field, as TensorFlow's ``GetBuiltinCode``; the package asks otherwise."""
    at = code._tab.Offset(10)
    new = code._tab.Get(Int32Flags, at + code._tab.Pos) if at else 0
    return int(max(code.DeprecatedBuiltinCode(), new))


def members(graph: Graph, subgraphs: int) -> list[list[Node]]:
    """Nodes of each subgraph of a raw reading, in order."""
    groups = [0] if subgraphs == 1 else range(1, subgraphs + 1)
    return [[node for node in graph.nodes if node.group == group] for group in groups]


@pytest.fixture(scope="module")
def real(corpus: Path) -> list[Path]:
    found = list(files(corpus / "tflite"))
    assert len(found) > 150
    return found


def test_operations_and_what_they_read(real: list[Path]) -> None:
    compared = 0
    for path in real:
        model, graph = oracle(path), read(path, raw=True)
        for index, nodes in enumerate(members(graph, model.SubgraphsLength())):
            subgraph = model.Subgraphs(index)
            inputs = [subgraph.Inputs(at) for at in range(subgraph.InputsLength())]
            operators = [subgraph.Operators(at) for at in range(subgraph.OperatorsLength())]
            shown = [node.op for node in nodes if node.op != "Const"]
            assert shown == ["Input"] * len(inputs) + [op_name(model, op) for op in operators], path
            made = {tensor: (nodes[at].index, 0) for at, tensor in enumerate(inputs)}
            for at, operator in enumerate(operators):
                for port in range(operator.OutputsLength()):
                    made[operator.Outputs(port)] = (nodes[len(inputs) + at].index, port)
            for at, operator in enumerate(operators):
                node = nodes[len(inputs) + at]
                reads = [operator.Inputs(slot) for slot in range(operator.InputsLength())]
                assert [(edge.source, edge.port) for edge in node.inputs] == [made[r] for r in reads if r in made], path
                compared += 1
    assert compared > 2000


def test_weights_are_the_bytes_of_their_buffers(real: list[Path]) -> None:
    compared = 0
    for path in real:
        data, model, graph = path.read_bytes(), oracle(path), read(path, raw=True)
        for index, nodes in enumerate(members(graph, model.SubgraphsLength())):
            subgraph = model.Subgraphs(index)
            for at in range(subgraph.OperatorsLength()):
                operator, node = subgraph.Operators(at), nodes[subgraph.InputsLength() + at]
                shown = {data[start : start + size] for start, size in map(place, node.weights) if size}
                stored = set()
                for slot in range(operator.InputsLength()):
                    if operator.Inputs(slot) < 0:
                        continue
                    number = subgraph.Tensors(operator.Inputs(slot)).Buffer()
                    buffer = model.Buffers(number) if number < model.BuffersLength() else None
                    if buffer is None:
                        continue
                    if buffer.Offset() > 1:
                        stored.add(data[buffer.Offset() : buffer.Offset() + buffer.Size()])
                    elif buffer.DataLength():
                        stored.add(bytes(buffer.DataAsNumpy()))
                assert shown == stored, (path, node)
                compared += len(stored)
    assert compared > 1000


def place(weight: Any) -> tuple[int, int]:
    start, _, size = weight.location.removeprefix("@").partition("+") if weight.location else ("0", "", "0")
    return int(start), int(size)


def test_tensors(real: list[Path]) -> None:
    for path in real:
        data, model = path.read_bytes(), oracle(path)
        ours = parse(memoryview(data))
        assert len(ours.subgraphs) == model.SubgraphsLength()
        for index, graph in enumerate(ours.subgraphs):
            subgraph = model.Subgraphs(index)
            assert len(graph.tensors) == subgraph.TensorsLength()
            for at, tensor in enumerate(graph.tensors):
                other = subgraph.Tensors(at)
                assert tensor.name.encode() == (other.Name() or b"")
                assert tensor.dtype.upper() == NAMES[tflite.TensorType][other.Type()]
                if tensor.shape is not None:
                    shape = [other.Shape(dim) for dim in range(other.ShapeLength())]
                    free = [other.ShapeSignature(dim) for dim in range(other.ShapeSignatureLength())] or shape
                    assert list(tensor.shape) == [None if dim < 0 else dim for dim in free]


def test_options(real: list[Path]) -> None:
    compared = 0
    for path in real:
        data, model = path.read_bytes(), oracle(path)
        for index, graph in enumerate(parse(memoryview(data)).subgraphs):
            for at, operator in enumerate(graph.operators):
                other = model.Subgraphs(index).Operators(at)
                kind = NAMES[tflite.BuiltinOptions][other.BuiltinOptionsType()]
                if kind == "NONE" or other.BuiltinOptions() is None:
                    continue
                table = getattr(tflite, kind)()
                table.Init(other.BuiltinOptions().Bytes, other.BuiltinOptions().Pos)
                methods = {name.lower(): getattr(table, name) for name in dir(table) if not name.startswith("_")}
                for name, value in operator.options.items():
                    method = methods[name.replace("_", "")]
                    if isinstance(value, list):
                        assert value == [method(slot) for slot in range(len(value))]
                    elif isinstance(value, float):
                        assert value == pytest.approx(method(), rel=1e-6)
                    elif not isinstance(value, str) or isinstance(method(), bytes):
                        assert value == (method().decode() if isinstance(method(), bytes) else method())
                    else:
                        assert value.lower() in {name.lower(): 0 for name in named(method())}, (path, name)
                    compared += 1
    assert compared > 3000


def named(number: int) -> set[str]:
    """Every name that a number has in any enumeration."""
    enums = (getattr(tflite, name) for name in dir(tflite) if isinstance(getattr(tflite, name), type))
    return {name for enum in enums for name, value in vars(enum).items() if value == number and not callable(value)}


def test_quantisation(real: list[Path]) -> None:
    compared = 0
    for path in real:
        model, graph = oracle(path), read(path, raw=True)
        for index, nodes in enumerate(members(graph, model.SubgraphsLength())):
            subgraph = model.Subgraphs(index)
            for at in range(subgraph.OperatorsLength()):
                operator, node = subgraph.Operators(at), nodes[subgraph.InputsLength() + at]
                if not operator.OutputsLength():
                    continue
                table = subgraph.Tensors(operator.Outputs(0)).Quantization()
                if table is not None and table.ScaleLength() == 1:
                    shown = node.attributes["quantization"]["output"]
                    assert shown["scale"] == pytest.approx(table.Scale(0), rel=1e-6)
                    assert shown["zero_point"] == table.ZeroPoint(0)
                    compared += 1
    assert compared > 300


def test_bodies_lie_where_they_are_called(corpus: Path) -> None:
    graph = read(corpus / "tflite" / "gen-keras3.15.1-tf2.21.0__zoo_controlflow_flex.tflite", signature="loop")
    shown = {graph.group(at).name: graph.group(at) for at in range(len(graph.groups))}
    assert {group.op for group in shown.values()} >= {"CALL_ONCE", "WHILE"}
    assert [graph.group(shown["then"].parent).op, graph.group(shown["else"].parent).op] == ["IF", "IF"]
    loop = next(node for node in graph.nodes if node.op == "WHILE")
    assert {graph.nodes[edge.source].name for edge in loop.inputs} == {"Less", "add", "add_1", "cond"}
    carried = [node for node in graph.nodes if node.op == "LoopVariable"]
    assert all(node.inputs[-1].label == "next" for node in carried)
    assert [port.name for port in graph.inputs] == ["x", "n"]
    assert sorted(port.name for port in graph.outputs) == ["i", "y"]
    assert set(graph.group(0).attributes["signatures"]) == {"lookup", "loop"}
    with pytest.raises(OptionError, match="'lookup', 'loop'; received 'train'"):
        read(corpus / "tflite" / "gen-keras3.15.1-tf2.21.0__zoo_controlflow_flex.tflite", signature="train")


def test_composite_shows_what_it_is_made_of(corpus: Path) -> None:
    graph = read(corpus / "tflite" / "google-ai-edge+LiteRT__l2_norm_composite.tflite")
    composite = next(graph.group(at) for at in range(len(graph.groups)) if graph.group(at).kind == "function")
    inside = [node for node in graph.nodes if node.group == composite.index]
    assert composite.op not in ("", "STABLEHLO_COMPOSITE")
    assert len(inside) == 5


def test_small_weights_are_shown_as_they_are_stored(corpus: Path) -> None:
    graph = read(corpus / "tflite" / "gen-keras3.15.1-tf2.21.0__zoo_conv_float16.tflite")
    assert "DEQUANTIZE" not in graph.ops
    assert {weight.dtype for weight in graph.weights} == {"float16"}
    assert graph.ids[:5] == ("keras_tensor_579", "conv2d", "depthwise_conv2d", "conv2d_transpose",
                             "global_average_pooling2d_1")  # fmt: skip


def test_operation_that_is_newer_than_the_table(tmp_path: Path, real: list[Path]) -> None:
    path = next(path for path in real if oracle(path).OperatorCodes(0)._tab.Offset(10))
    data = bytearray(path.read_bytes())
    table = oracle(path).OperatorCodes(0)._tab
    struct.pack_into("<i", data, table.Pos + table.Offset(10), 9999)
    (tmp_path / "new.tflite").write_bytes(data)
    assert "BUILTIN 9999" in read(tmp_path / "new.tflite").ops


def test_values_are_never_touched(tmp_path: Path, corpus: Path) -> None:
    data = (corpus / "tflite" / "google-ai-edge+LiteRT__simple_group_norm_op.tflite").read_bytes()
    path = tmp_path / "large.tflite"
    path.write_bytes(data)
    with path.open("r+b") as file:
        file.truncate(3 << 30)  # sparse: nothing of it is on the disk
    assert read(path).ids == read(corpus / "tflite" / "google-ai-edge+LiteRT__simple_group_norm_op.tflite").ids


def overlapping(tensors: int) -> bytes:
    """A model whose subgraph names one tensor many times."""
    import flatbuffers

    builder = flatbuffers.Builder(1024)
    name = builder.CreateString("t")
    tflite.TensorStart(builder)
    tflite.TensorAddName(builder, name)
    tensor = tflite.TensorEnd(builder)
    tflite.SubGraphStartTensorsVector(builder, tensors)
    for _ in range(tensors):
        builder.PrependUOffsetTRelative(tensor)
    vector = builder.EndVector()
    tflite.SubGraphStart(builder)
    tflite.SubGraphAddTensors(builder, vector)
    subgraph = tflite.SubGraphEnd(builder)
    tflite.ModelStartSubgraphsVector(builder, 1000)
    for _ in range(1000):
        builder.PrependUOffsetTRelative(subgraph)
    subgraphs = builder.EndVector()
    tflite.ModelStart(builder)
    tflite.ModelAddSubgraphs(builder, subgraphs)
    builder.Finish(tflite.ModelEnd(builder), b"TFL3")
    return bytes(builder.Output())


def test_tables_that_overlap(tmp_path: Path) -> None:
    (tmp_path / "bomb.tflite").write_bytes(overlapping(2000))
    with pytest.raises(ReadError, match="overlap"):
        read(tmp_path / "bomb.tflite")


@pytest.mark.parametrize("keep", [8, 20, 100, 400])
def test_cut_short(tmp_path: Path, corpus: Path, keep: int) -> None:
    data = (corpus / "tflite" / "google-ai-edge+LiteRT__add_10x10.tflite").read_bytes()
    (tmp_path / "cut.tflite").write_bytes(data[:keep])
    with pytest.raises(ReadError, match=r"damaged|no subgraph"):
        read(tmp_path / "cut.tflite")


def test_mutants_are_graphs_or_errors_of_ours(tmp_path: Path, real: list[Path]) -> None:
    chance = random.Random(7)
    small = [path.read_bytes() for path in real if path.stat().st_size < 6000]
    path = tmp_path / "mutant.tflite"
    outcomes = {"graph": 0, "error": 0}
    for _ in range(1500):
        data = bytearray(chance.choice(small))
        for _ in range(chance.choice((1, 3, 10))):
            at = chance.randrange(len(data) - 8)
            if chance.random() < 0.5:
                data[at] ^= 1 << chance.randrange(8)
            else:
                struct.pack_into(
                    "<i", data, at, chance.choice((-1, 0, 1, 0x7FFFFFFF, -0x80000000, chance.randrange(9999)))
                )
        data[4:8] = b"TFL3"
        path.write_bytes(data)
        try:
            read(path, raw=chance.random() < 0.2)
            outcomes["graph"] += 1
        except CutawayError:
            outcomes["error"] += 1
    assert min(outcomes.values()) > 100


def test_names_of_layers_that_share_a_constant_are_not_mixed(corpus: Path) -> None:
    """The converter names the constant that several convolutions share after all of them, and each of them after it."""
    graph = read(corpus / "tflite" / "mlcommons+tiny__vww_96_int8.tflite")
    mains = [name.split(" + ")[0] for node, name in enumerate(graph.names) if graph.op(node).endswith("CONV_2D")]
    rows = [(f"conv2d_{at}", f"depthwise_conv2d_{at}") for at in range(13)]
    expected = [name.removesuffix("_0") for row in rows for name in row]
    assert mains == [*expected, "conv2d_13"]
    assert not any("ReadVariableOp" in name for name in graph.names)
