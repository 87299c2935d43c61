"""TensorFlow's own protos as the oracle of the readers of operation graphs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cutaway.graph.model import CONTROL
from cutaway.readers.tensorflow.program import ARGUMENT, Body, Program

SECONDARY = ("keras_metadata.pb", "fingerprint.pb", "tfhub_module.pb", "saved_model_config.pb")


def corpus_files(corpus: Path, *suffixes: str) -> Iterator[Path]:
    """Files of the corpus by the endings of their names."""
    for path in sorted(corpus.rglob("*")):
        whole = path.is_file() and not path.name.startswith("damaged") and not path.parent.name.startswith("damaged")
        if whole and path.suffix in suffixes and path.name not in SECONDARY and "assets" not in path.parts:
            yield path


def parsed(message: Any, data: bytes) -> Any:
    """A message decoded by TensorFlow's own proto, text or not."""
    from google.protobuf import text_format

    if b"\0" in data[:2000] or data[:1] in b"\x08\x0a\x12":
        return message.FromString(data)
    found = message()
    text_format.Parse(data, found, allow_unknown_field=True)
    return found


def assert_same_program(program: Program, graph: Any) -> None:
    """The main graph and every function hold the same operations, inputs and attributes as the proto."""
    assert_same_body(program.main, graph.node)
    assert list(program.function_names) == [function.signature.name for function in graph.library.function]
    for function in graph.library.function:
        body = program.function(function.signature.name)
        assert body is not None
        assert_same_body(body, function.node_def)
        arguments = [argument.name for argument in function.signature.input_arg]
        assert body.names[: body.arguments] == arguments
        assert body.ops[: body.arguments] == [ARGUMENT] * len(arguments)
        assert [name for name, _, _ in body.results] == [result.name for result in function.signature.output_arg]
        assert_same_ports(body, function)


def assert_same_body(body: Body, nodes: Any) -> None:
    """Operations, the nodes that each reads, and the names of all attributes."""
    first = body.arguments
    assert body.names[first:] == [node.name for node in nodes]
    assert body.ops[first:] == [node.op for node in nodes]
    assert len(body.input_node) + body.lost == sum(len(node.input) for node in nodes)
    for index, node in enumerate(nodes, start=first):
        assert set(body.attributes[index]) == set(node.attr)
        assert body.attributes.device(index) == node.device
        if not body.lost:
            row = range(body.input_start[index], body.input_start[index + 1])
            read = [name for name in node.input if name[0] != "^"] + [name for name in node.input if name[0] == "^"]
            assert [body.names[body.input_node[at]] for at in row] == [name.lstrip("^").split(":")[0] for name in read]
            assert [body.input_port[at] == CONTROL for at in row] == [name[0] == "^" for name in read]
            if not body.name:
                ports = [int(name.partition(":")[2] or 0) for name in read if name[0] != "^"]
                assert [body.input_port[at] for at in row if body.input_port[at] != CONTROL] == ports


def assert_same_ports(body: Body, function: Any) -> None:
    """The flat numbers of outputs, as TensorFlow itself counts them by the registered operations."""
    from tensorflow.python.framework import op_def_registry

    flat: dict[str, int] = {}
    for node in function.node_def:
        declared = op_def_registry.get(node.op)
        if declared is None:
            continue
        port = 0
        for output in declared.output_arg:
            count = 1
            if output.number_attr:
                count = node.attr[output.number_attr].i
            elif output.type_list_attr:
                count = len(node.attr[output.type_list_attr].list.type)
            for index in range(count):
                flat[f"{node.name}:{output.name}:{index}"] = port
                port += 1
    for index, node in enumerate(function.node_def, start=body.arguments):
        for slot, name in enumerate(name for name in node.input if name[0] != "^"):
            if name in flat:
                assert body.input_port[body.input_start[index] + slot] == flat[name], (body.name, node.name, name)
