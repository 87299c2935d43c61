"""Messages as text against protobuf's own reader of texts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cutaway.readers.wire.text_proto import encode_text
from tests.readers.graph_protos import corpus_files


def read_by_protobuf(text: bytes, message: Any) -> Any:
    from google.protobuf import text_format

    found = message()
    text_format.Parse(text, found, allow_unknown_field=True)
    return found


def graph_proto() -> Any:
    from tensorflow.core.framework import graph_pb2

    return graph_pb2.GraphDef


CASES = {
    "strings": b'node { name: "a\\n\\t\\\\\\"\\\'\\101\\x41b" op: \'single "quotes"\' '
               b'attr { key: "s" value { s: "\\377\\0\\x4g\\a\\u00e9" } } }',
    "strings that follow each other": b'node { name: "a" "b"\n  \'c\' op: "Op" }',
    "unicode": 'node { name: "größe 层" op: "\\u00e9\\U0001F600" }'.encode(),
    "angles, commas and semicolons": b'node < name: "a", op: "Op"; > node: { name: "b" op: "Op" }',
    "lists": b'node { name: "a" op: "Op" input: ["x", "y:1", \'^z\'] '
             b'attr { key: "l" value { list { i: [1, -2, 0x1F, 017] } } } }',
    "lists of messages": b'node: [ { name: "a" op: "A" }, { name: "b" op: "B" } ]',
    "comments": b'# one\nnode { # two { "\n name: "a" # three\n op: "A" attr { key: "x" # four }\n value { i: 1 } } }',
    "numbers": b'node { name: "a" op: "A" attr { key: "f" value { f: 1.5e3f } } attr { key: "g" value { f: -inf } } '
               b'attr { key: "h" value { f: .25 } } attr { key: "i" value { i: -9223372036854775808 } } '
               b'attr { key: "b" value { b: true } } attr { key: "c" value { b: 0 } } }',
    "enums": b'node { name: "a" op: "A" '
             b'attr { key: "T" value { type: DT_BFLOAT16 } } attr { key: "U" value { type: 3 } } }',
    "unknown fields": b'node { name: "a" op: "A" '
                      b'later { deep { er: "}" } } other: [1, 2] } what: 1 versions { producer: 9 }',
    "functions": b'library { function { signature { name: "f" input_arg { name: "x" type: DT_INT32 } } '
                 b'node_def { name: "n" op: "Neg" input: "x" attr { key: "T" value { type: DT_INT32 } } } '
                 b'ret { key: "y" value: "n:y:0" } } }',
    "tensors": b'node { name: "c" op: "Const" attr { key: "value" value { tensor { dtype: DT_FLOAT '
               b'tensor_shape { dim { size: 2 } } float_val: 1 '
               b'float_val: nan tensor_content: "\\000\\001\\377" } } } }',
    "no space": b'node{name:"a"op:"A"input:"b"}',
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_text_means_what_protobuf_reads(case: str) -> None:
    encoded, warnings = encode_text(CASES[case], "GraphDef")
    expected = read_by_protobuf(CASES[case], graph_proto()).SerializeToString(deterministic=True)
    assert graph_proto().FromString(encoded).SerializeToString(deterministic=True) == expected
    assert warnings == []


def graphs_of(message: Any, saved: bool) -> list[Any]:
    """The graphs of a message, without the fields that nobody reads."""
    graphs = [meta.graph_def for meta in message.meta_graphs] if saved else [message]
    for graph in graphs:
        graph.ClearField("debug_info")
        for nodes in [graph.node, *(function.node_def for function in graph.library.function)]:
            for node in nodes:
                node.ClearField("experimental_debug_info")
                node.ClearField("experimental_type")
    return graphs


def test_corpus(corpus: Path) -> None:
    from tensorflow.core.protobuf import saved_model_pb2

    compared = 0
    for path in corpus_files(corpus, ".pbtxt"):
        data = path.read_bytes()
        if len(data) > 400_000 or b"item {" in data[:100]:
            continue
        saved = b"saved_model_schema_version" in data[:3000] or b"meta_graphs" in data[:3000]
        message = saved_model_pb2.SavedModel if saved else graph_proto()
        theirs = read_by_protobuf(data, message)
        encoded, warnings = encode_text(data, "SavedModel" if saved else "GraphDef")
        ours = message.FromString(encoded)
        assert warnings == []
        if saved:
            assert [meta.signature_def for meta in ours.meta_graphs] == [m.signature_def for m in theirs.meta_graphs]
        for mine, other in zip(graphs_of(ours, saved), graphs_of(theirs, saved), strict=True):
            assert mine.SerializeToString(deterministic=True) == other.SerializeToString(deterministic=True), path.name
        compared += 1
    assert compared > 20


@pytest.mark.parametrize("keep", range(1, 110, 6))
def test_cut_text_keeps_what_came_before(keep: int) -> None:
    text = (
        b'node { name: "first" op: "A" }\nnode { name: "second" op: "B" attr { key: "T" value { type: DT_FLOAT } } }\n'
    )
    encoded, warnings = encode_text(text[:keep], "GraphDef")
    names = [node.name for node in graph_proto().FromString(encoded).node]
    assert names == ["first"] * (keep >= 30) + ["second"] * (keep >= len(text) - 1)
    told = [] if keep in (30, 31) or keep >= len(text) - 1 else ["the text is cut or damaged"]
    assert [warning.partition(" at byte")[0] for warning in warnings] == told


@pytest.mark.parametrize("text", [
    b"node { name: 5 }", b"node { op }", b"}", b"node { attr { key: 1 } }", b'node { name: "a }', b"node [ { ]",
    b"\xff\xfe",
    b"node {" * 200, b'node { attr { key: "f" value { f: x1 } } }', b"node: : {}", b'versions { producer: "x" }',
    b"[",
])  # fmt: skip
def test_what_is_no_text_of_a_message_is_told(text: bytes) -> None:
    _, warnings = encode_text(text, "GraphDef")
    assert len(warnings) == 1
    assert "cut or damaged at byte" in warnings[0]
