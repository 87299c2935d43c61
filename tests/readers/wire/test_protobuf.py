"""Our table of messages against TensorFlow's own protos."""

from __future__ import annotations

from typing import Any

import pytest

from cutaway.readers.wire.dtypes import dtype_name, dtype_numbers
from cutaway.readers.wire.protobuf import message, text

OTHER_NAMES = {
    "NodeHead": "NodeDef", "ArgDef": "OpDef.ArgDef", "ListValue": "AttrValue.ListValue", "Dim": "TensorShapeProto.Dim",
    "MetaInfoDef": "MetaGraphDef.MetaInfoDef", "NodeList": "CollectionDef.NodeList",
    "BytesList": "CollectionDef.BytesList", "Int64List": "CollectionDef.Int64List",
    "FloatList": "CollectionDef.FloatList", "AnyList": "CollectionDef.AnyList", "CooSparse": "TensorInfo.CooSparse",
    "CompositeTensor": "TensorInfo.CompositeTensor", "StructuredList": "ListValue", "StructuredDict": "DictValue",
    "ObjectReference": "TrackableObjectGraph.TrackableObject.ObjectReference",
    "SlotVariableReference": "TrackableObjectGraph.TrackableObject.SlotVariableReference",
    "TrackableObject": "TrackableObjectGraph.TrackableObject",
    "SerializedTensor": "TrackableObjectGraph.TrackableObject.SerializedTensor", "Extent": "TensorSliceProto.Extent",
    "SummaryValue": "Summary.Value", "PluginData": "SummaryMetadata.PluginData",
    "FunctionGraphs": "RunMetadata.FunctionGraphs", "ArgAttrs": "FunctionDef.ArgAttrs",
    "DtypeAndShape": "ResourceHandleProto.DtypeAndShape",
}  # fmt: skip

OURS = {"GraphNodes", "FunctionNodes", "ArgAttrEntry", "ResourceArgUniqueIdEntry", "SavedMetadata", "SavedKerasObject"}
"""Parts of messages, entries of maps, and messages whose protos TensorFlow does not install."""

STRUCTURED = {"StructuredList", "StructuredDict"}


def theirs() -> dict[str, Any]:
    """Messages of TensorFlow by their names without packages."""
    from tensorflow.core.framework import graph_pb2, step_stats_pb2, variable_pb2
    from tensorflow.core.protobuf import (
        config_pb2,
        meta_graph_pb2,
        saved_model_pb2,
        struct_pb2,
        tensor_bundle_pb2,
        trackable_object_graph_pb2,
    )
    from tensorflow.core.util import event_pb2, saved_tensor_slice_pb2

    files = [
        graph_pb2, step_stats_pb2, variable_pb2, config_pb2, meta_graph_pb2, saved_model_pb2, struct_pb2,
        tensor_bundle_pb2, trackable_object_graph_pb2, event_pb2, saved_tensor_slice_pb2,
    ]  # fmt: skip
    found: dict[str, Any] = {}
    seen: set[str] = set()

    def take(file: Any) -> None:
        if file.name in seen:
            return
        seen.add(file.name)
        for described in file.message_types_by_name.values():
            inside(described, "")
        for other in file.dependencies:
            take(other)

    def inside(described: Any, prefix: str) -> None:
        found.setdefault(prefix + described.name, described)
        if described.file.name.endswith("struct.proto"):
            found[f"struct:{described.name}"] = described
        for part in described.nested_types:
            inside(part, f"{prefix}{described.name}.")

    for file in files:
        take(file.DESCRIPTOR)
    return found


def test_numbers_names_and_kinds_are_those_of_tensorflow() -> None:
    known = theirs()
    ours = [
        described for described in message("NodeDef").DESCRIPTOR.file.message_types_by_name.values()
        if described.name not in OURS and not described.name.endswith("Entry")
    ]  # fmt: skip
    assert len(ours) >= 80
    for mine in ours:
        name = OTHER_NAMES.get(mine.name, mine.name)
        other = known[f"struct:{name}" if mine.name in STRUCTURED else name]
        for field in mine.fields:
            same = other.fields_by_number.get(field.number)
            if same is None:
                assert (mine.name, field.name) == ("NoneValue", "unused")
                continue
            assert field.name == same.name, mine.name
            assert field.is_repeated == same.is_repeated, (mine.name, field.name)
            if field.message_type is None and same.message_type is None:
                assert field.cpp_type == same.cpp_type or same.cpp_type in (1, 3, 8), (mine.name, field.name)
                assert (field.type == field.TYPE_SINT64) == (same.type == same.TYPE_SINT64), (mine.name, field.name)


def test_element_types_are_those_of_tensorflow() -> None:
    import tensorflow as tf
    from tensorflow.core.framework import types_pb2

    numbers = dtype_numbers()
    assert {name: numbers[name] for name, _ in types_pb2.DataType.items()} == dict(types_pb2.DataType.items())
    for number in types_pb2.DataType.values():
        if 0 < number < 100:
            assert dtype_name(number) == tf.dtypes.as_dtype(number).name
            assert dtype_name(number + 100) == dtype_name(number)
    assert dtype_name(0) is None
    assert dtype_name(99) == "DT_99"


def test_strings_that_are_no_utf8_cost_no_message() -> None:
    node = message("NodeDef").FromString(b"\x0a\x02\xff\xfe\x12\x02Op")
    assert (text(node.name), text(node.op)) == ("\\xff\\xfe", "Op")


def test_maps_keep_the_order_of_the_file() -> None:
    entries = b"".join(b"\x2a\x05\x0a\x01" + name + b"\x12\x00" for name in (b"z", b"a", b"m"))
    assert [entry.key for entry in message("NodeDef").FromString(entries).attr] == ["z", "a", "m"]


def test_messages_that_are_not_in_the_table() -> None:
    with pytest.raises(KeyError):
        message("Nothing")
