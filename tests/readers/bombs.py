"""Files that are made to cost more than they are worth, each at most 10 MB, written byte by byte."""

from __future__ import annotations

import io
import json
import os
import random
import zipfile
from collections.abc import Callable, Iterable

SCALE = float(os.environ.get("CUTAWAY_BOMBS", "0.1"))
"""How large bombs are made, from 0 to 1: small ones tell as well as large ones what grows faster than its file."""

MOST = int(SCALE * 10_000_000)
"""Bytes of a bomb."""

BOMBS: dict[str, Callable[[], bytes]] = {}


def bomb(make: Callable[[], bytes]) -> Callable[[], bytes]:
    """Register a bomb by the name of the function that makes it, which ends in the suffix of its file."""
    BOMBS[make.__name__] = make
    return make


def n(count: int) -> int:
    """A number of parts, scaled."""
    return max(2, int(SCALE * count))


def varint(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    found.append(value)
    return bytes(found)


def field(number: int, content: bytes | str | int) -> bytes:
    """One field of an encoded message."""
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    content = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(content)) + content


def attr(name: str, value: bytes, number: int = 5) -> bytes:
    """An attribute of a node: its name and an encoded ``AttrValue``."""
    return field(number, field(1, name) + field(2, value))


def node(name: str, op: str, *inputs: str, attrs: bytes = b"") -> bytes:
    """The content of a ``NodeDef``."""
    return field(1, name) + field(2, op) + b"".join(field(3, each) for each in inputs) + attrs


def nodes(contents: Iterable[bytes], most: int = MOST) -> bytes:
    """As many nodes of a ``GraphDef`` as fit."""
    found = bytearray()
    for content in contents:
        made = field(1, content)
        if len(found) + len(made) > most:
            break
        found += made
    return bytes(found)


def function(
    name: str,
    body: Iterable[bytes] = (),
    arguments: Iterable[str] = (),
    results: Iterable[tuple[str, str]] = (),
    controls: Iterable[tuple[str, str]] = (),
) -> bytes:
    """The content of a ``FunctionDef``."""
    results, controls = list(results), list(controls)
    signature = field(1, name)
    signature += b"".join(field(2, field(1, argument) + field(3, 1)) for argument in arguments)
    signature += b"".join(field(3, field(1, result) + field(3, 1)) for result, _ in results)
    signature += b"".join(field(20, control) for control, _ in controls)
    return (
        field(1, signature)
        + b"".join(field(3, each) for each in body)
        + b"".join(field(4, field(1, key) + field(2, value)) for key, value in results)
        + b"".join(field(6, field(1, key) + field(2, value)) for key, value in controls)
    )


def library(functions: Iterable[bytes]) -> bytes:
    """The library of a ``GraphDef``."""
    return field(2, b"".join(field(1, each) for each in functions))


def calls(name: str, key: str = "f") -> bytes:
    """An attribute that names a function."""
    return attr(key, field(10, field(1, name)))


START = node("x", "Placeholder", attrs=attr("dtype", field(6, 1)))


# --- the graph ---------------------------------------------------------------------------------------------------


@bomb
def short_nodes_pb() -> bytes:
    return nodes([START] + [node(f"{at:x}", "Abs", "x") for at in range(n(800_000))])


@bomb
def named_nodes_pb() -> bytes:
    """Just long enough to be believed one by one."""
    return nodes([START] + [node(f"nnnnnn{at:06x}", "Softplus", "x") for at in range(n(400_000))])


@bomb
def nodes_backwards_pb() -> bytes:
    """Every node reads the one that comes after it."""
    count = n(200_000)
    chain = (node(f"node{at}", "Softplus", f"node{at + 1}", attrs=attr("T", field(6, 1))) for at in range(count))
    return nodes([*chain, node(f"node{count}", "Placeholder")])


@bomb
def loops_backwards_pb() -> bytes:
    """Identities in a circle, with many readers."""
    ring = [node(f"i{at}", "Identity", f"i{(at + 1) % n(100_000)}") for at in range(n(100_000))]
    return nodes([START, *ring, *(node(f"a{at}", "AddV2", f"i{at}", "x") for at in range(n(100_000)))])


@bomb
def identities_pb() -> bytes:
    """A long chain that hands on one value, whose end has many readers."""
    chain = [node(f"i{at}", "Identity", f"i{at - 1}" if at else "x") for at in range(n(100_000))]
    return nodes(
        [
            START,
            *chain,
            *(node(f"a{at}", "AddV2", f"i{n(100_000) - 1}", f"i{n(100_000) - 2}") for at in range(n(150_000))),
        ]
    )


@bomb
def constants_in_a_row_pb() -> bytes:
    """A chain of sums of constants: what each is made of grows with its length."""
    value = field(8, field(1, 1) + field(2, field(2, field(1, 4))) + field(4, bytes(16)))
    found = [START, node("s0", "Const", attrs=attr("value", value))]
    for at in range(1, n(60_000)):
        found.append(node(f"c{at}", "Const", attrs=attr("value", value)))
        found.append(node(f"s{at}", "AddV2", f"s{at - 1}", f"c{at}"))
        found.append(node(f"r{at}", "AddV2", "x", f"s{at}"))
    return nodes(found)


@bomb
def constants_of_one_node_pb() -> bytes:
    value = field(8, field(1, 1) + field(2, field(2, field(1, 4))) + field(4, bytes(16)))
    count = n(100_000)
    found = [node(f"c{at}", "Const", attrs=attr("value", value)) for at in range(count)]
    return nodes([START, *found, node("r", "AddN", "x", *(f"c{at}" for at in range(count)))])


@bomb
def inputs_pb() -> bytes:
    """One node that reads another three million times."""
    return nodes([START, node("y", "AddN", *["x"] * n(3_000_000))])


@bomb
def inputs_of_nodes_pb() -> bytes:
    return nodes([START] + [node(f"y{at}", "AddN", *["x"] * 300) for at in range(n(12_000))])


@bomb
def controls_pb() -> bytes:
    return nodes([START] + [node(f"y{at}", "AddN", *["^x"] * 300, "x") for at in range(n(12_000))])


@bomb
def unknown_inputs_pb() -> bytes:
    return nodes([START] + [node(f"y{at}", "AddN", "x", *["zz"] * 300) for at in range(n(12_000))])


@bomb
def ports_pb() -> bytes:
    """Inputs that name output nine thousand of the node before."""
    return nodes([START] + [node(f"y{at}", "Mine", f"y{at - 1}:9999" if at else "x") for at in range(n(250_000))])


@bomb
def outputs_pb() -> bytes:
    """Nodes that say they give ten thousand outputs."""
    split = attr("num_split", field(3, 10_000))
    return nodes([START] + [node(f"y{at}", "Split", "x", attrs=split) for at in range(n(200_000))])


@bomb
def types_pb() -> bytes:
    """Nodes with a list of sixty thousand types."""
    types = attr("T", field(1, field(6, bytes([1]) * 60_000)))
    return nodes([START] + [node(f"y{at}", "IdentityN", "x", attrs=types) for at in range(n(200))])


@bomb
def deep_names_pb() -> bytes:
    return nodes([START] + [node("/".join([f"s{at}"] + ["a"] * 400), "Abs", "x") for at in range(n(12_000))])


@bomb
def deepest_name_pb() -> bytes:
    return nodes([START, node("a/" * n(4_000_000) + "a", "Abs", "x")])


@bomb
def deep_known_names_pb() -> bytes:
    """Scopes in scopes, each of which is the name of a node."""
    names = ["a" + "/a" * at for at in range(2_800)]
    return nodes([START] + [node(name, "Abs", "x") for name in names])


@bomb
def scopes_pb() -> bytes:
    """Every node in a scope of its own, four deep."""
    return nodes([START] + [node(f"a{at}/b{at}/c{at}/d{at}/e", "Abs", "x") for at in range(n(250_000))])


@bomb
def one_name_pb() -> bytes:
    return nodes([START] + [node("name_of_all_nodes", "Softplus", "x") for _ in range(n(400_000))])


@bomb
def kinds_pb() -> bytes:
    """Every node of a kind of its own."""
    return nodes(
        [START] + [node(f"n{at}", f"Kind{at:x}of", "x", attrs=attr("T", field(6, 1))) for at in range(n(300_000))]
    )


# --- attributes --------------------------------------------------------------------------------------------------


def shape_list(count: int) -> bytes:
    return attr("_output_shapes", field(1, field(7, b"") * count))


@bomb
def shape_lists_pb() -> bytes:
    return nodes([START] + [node(f"y{at}", "Mine", "x", attrs=shape_list(30_000 + at)) for at in range(n(170))])


@bomb
def short_shape_lists_pb() -> bytes:
    return nodes([START] + [node(f"y{at}", "Mine", "x", attrs=shape_list(400 + at)) for at in range(n(12_000))])


@bomb
def long_shapes_pb() -> bytes:
    def shape(at: int) -> bytes:
        return attr("_output_shapes", field(1, field(7, field(2, b"") * (30_000 + at))))

    return nodes([START] + [node(f"y{at}", "Mine", "x", attrs=shape(at)) for at in range(n(170))])


@bomb
def attributes_of_one_node_pb() -> bytes:
    return nodes(
        [START, node("y", "Mine", "x", attrs=b"".join(attr(f"{at:x}", field(3, 1)) for at in range(n(700_000))))]
    )


@bomb
def attributes_pb() -> bytes:
    def some(at: int) -> bytes:
        return b"".join(attr(f"{at * 3000 + each:x}", field(3, 1)) for each in range(3000))

    return nodes([START] + [node(f"y{at}", "Mine", "x", attrs=some(at)) for at in range(n(250))])


@bomb
def attributes_that_name_functions_pb() -> bytes:
    def some(at: int) -> bytes:
        return b"".join(attr(f"{each:x}", field(10, field(1, "f"))) for each in range(2000))

    inner = function("f", [node("a", "Abs", "x")], ["x"], [("y", "a:y:0")])
    return nodes([START] + [node(f"y{at}", f"Mine{at}", "x", attrs=some(at)) for at in range(n(250))]) + library(
        [inner]
    )


@bomb
def tensors_pb() -> bytes:
    value = attr("value", field(8, field(1, 3) + field(2, field(2, b"") * 25_000) + field(7, bytes(60))))
    return nodes([START] + [node(f"y{at}", "Const", attrs=value) for at in range(n(190))])


# --- functions ---------------------------------------------------------------------------------------------------


@bomb
def tiny_functions_pb() -> bytes:
    return nodes([START, node("y", "Abs", "x")]) + library(field(1, field(1, f"{at:x}")) for at in range(n(600_000)))


@bomb
def functions_pb() -> bytes:
    """A hundred thousand functions of one node."""
    return nodes([START, node("y", "Abs", "x")]) + library(
        function(f"f{at}", [node("a", "Abs", "x")], ["x"], [("y", "a:y:0")]) for at in range(n(150_000))
    )


@bomb
def called_functions_pb() -> bytes:
    count = n(70_000)
    return nodes([START] + [node(f"y{at}", "PartitionedCall", "x", attrs=calls(f"f{at}")) for at in range(count)]) + (
        library(function(f"f{at}", [node("a", "Abs", "x")], ["x"], [("y", "a:y:0")]) for at in range(count))
    )


@bomb
def one_function_called_pb() -> bytes:
    inner = function("f", [node("a", "Abs", "x"), node("b", "Abs", "a:y:0")], ["x"], [("y", "b:y:0")])
    call = attr("f", field(10, field(1, "f")))
    return nodes([START] + [node(f"y{at}", "PartitionedCall", "x", attrs=call) for at in range(n(250_000))]) + (
        library([inner])
    )


@bomb
def functions_in_functions_pb() -> bytes:
    """A function that calls the next one, and so on."""
    count = n(60_000)
    return nodes([START, node("y", "PartitionedCall", "x", attrs=calls("f0"))]) + library(
        function(
            f"f{at}", [node("c", "PartitionedCall", "x", attrs=calls(f"f{at + 1}")), node("a", "Abs", "c:output:0")],
            ["x"], [("y", "a:y:0")],
        )
        for at in range(count)
    )  # fmt: skip


@bomb
def functions_that_multiply_pb() -> bytes:
    def body(at: int) -> list[bytes]:
        made = [node(f"c{each}", "PartitionedCall", "x", attrs=calls(f"f{at + 1}")) for each in range(3)]
        return [*made, node("a", "AddN", *(f"c{each}:output:0" for each in range(3)))]

    return nodes([START, node("y", "PartitionedCall", "x", attrs=calls("f0"))]) + library(
        function(f"f{at}", body(at), ["x"], [("y", "a:sum:0")]) for at in range(60)
    )


@bomb
def arguments_pb() -> bytes:
    """A function with half a million arguments."""
    inner = function("f", [node("a", "Abs", "x0")], (f"x{at}" for at in range(n(600_000))), [("y", "a:y:0")])
    return nodes([START, node("y", "PartitionedCall", "x", attrs=calls("f"))]) + library([inner])


@bomb
def arguments_of_called_pb() -> bytes:
    """A function with many arguments, called many times."""
    inner = function("f", [node("a", "Abs", "x0")], (f"x{at}" for at in range(n(50_000))), [("y", "a:y:0")])
    call = calls("f")
    return nodes([START] + [node(f"y{at}", "PartitionedCall", "x", attrs=call) for at in range(n(60_000))]) + (
        library([inner])
    )


@bomb
def results_pb() -> bytes:
    inner = function("f", [node("a", "Abs", "x")], ["x"], [(f"y{at}", "a:y:0") for at in range(n(300_000))])
    return nodes([START, node("y", "PartitionedCall", "x", attrs=calls("f"))]) + library([inner])


@bomb
def results_of_called_pb() -> bytes:
    inner = function("f", [node("a", "Abs", "x")], ["x"], [(f"y{at}", "a:y:0") for at in range(n(50_000))])
    call = calls("f")
    return nodes([START] + [node(f"y{at}", "PartitionedCall", "x", attrs=call) for at in range(n(60_000))]) + (
        library([inner])
    )


@bomb
def control_results_pb() -> bytes:
    inner = function(
        "f", [node("a", "Abs", "x")], ["x"], [("y", "a:y:0")], [(f"{at:x}", "a") for at in range(n(500_000))]
    )
    return nodes([START, node("y", "PartitionedCall", "x", attrs=calls("f"))]) + library([inner])


@bomb
def functions_as_operations_pb() -> bytes:
    """Operations named after a function with many results, each looked up by name."""
    inner = function("Many", [node("a", "Abs", "x")], ["x"], [(f"y{at}", "a:y:0") for at in range(n(50_000))])
    outer = [node("m", "Many", "x")] + [
        node(f"a{at}", "Abs", f"m:y{n(50_000) - 1 - at % 9}:0") for at in range(n(150_000))
    ]
    return nodes([START, node("y", "PartitionedCall", "x", attrs=calls("f"))]) + library(
        [inner, function("f", outer, ["x"], [("y", "a9:y:0")])]
    )


@bomb
def outputs_without_end_pb() -> bytes:
    """Inputs that name ever new outputs of one kind of operation."""
    outer = [node("m", "Mine", "x")] + [node(f"a{at}", "Abs", f"m:y{at}:0") for at in range(n(200_000))]
    return nodes([START, node("y", "PartitionedCall", "x", attrs=calls("f"))]) + library(
        [function("f", outer, ["x"], [("y", "a9:y:0")])]
    )


@bomb
def loops_pb() -> bytes:
    """Loops one behind the other, each with the same two functions."""
    turn = function("b", [node("a", "Abs", "x"), node("c", "Abs", "y")], ["x", "y"], [("r", "c:y:0"), ("s", "a:y:0")])
    test = function("c", [node("l", "Less", "x", "y")], ["x", "y"], [("r", "l:z:0")])
    both = calls("b", "body") + calls("c", "cond")
    return nodes(
        [START] + [node(f"w{at}", "While", f"w{at - 1}" if at else "x", "x", attrs=both) for at in range(n(100_000))]
    ) + library([turn, test])


@bomb
def loop_of_many_values_pb() -> bytes:
    """A loop that hands its values round, so that data needs a turn for each."""
    count = n(40_000)
    names = [f"x{at}" for at in range(count)]
    body = [node(f"a{at}", "Neg", f"x{(at + 1) % count}") for at in range(count)]
    turn = function("b", body, names, [(f"r{at}", f"a{at}:y:0") for at in range(count)])
    test = function("c", [node("l", "Less", "x0", "x1")], names, [("r", "l:z:0")])
    start = node("k", "Const", attrs=attr("value", field(8, field(1, 1) + field(2, b"") + field(4, bytes(4)))))
    loop = node("w", "While", *["k"] * (count - 1), "x", attrs=calls("b", "body") + calls("c", "cond"))
    return nodes([START, start, loop]) + library([turn, test])


@bomb
def layers_of_function_pb() -> bytes:
    """A function with a layer for each operation, all in one scope."""
    body = [node(f"m/l{at}/Abs", "Abs", "x") for at in range(n(150_000))]
    inner = function("f", body, ["x"], [("y", "m/l0/Abs:y:0")], [(f"m{at}", f"m/l{at}/Abs") for at in range(n(60_000))])
    return nodes([START, node("y", "PartitionedCall", "x", attrs=calls("f"))]) + library([inner])


@bomb
def periods_of_function_pb() -> bytes:
    """Operations of one scope of a function that repeat themselves."""
    body = [node(f"m/l/Abs_{at}", "Abs", f"m/l/Abs_{at - 1}:y:0" if at else "x") for at in range(n(150_000))]
    inner = function("f", body, ["x"], [("y", f"m/l/Abs_{n(150_000) - 1}:y:0")])
    return nodes([START, node("y", "PartitionedCall", "x", attrs=calls("f"))]) + library([inner])


# --- other files -------------------------------------------------------------------------------------------------


@bomb
def nested_pbtxt() -> bytes:
    """Attributes in attributes."""
    deep = "attr { value { func { name: 'f' " * 30 + "} } } " * 30
    one = f"node {{ name: 'a' op: 'Abs' {deep} }}\n"
    return (one * (MOST // len(one))).encode()


@bomb
def nodes_pbtxt() -> bytes:
    return "".join(f"node {{ name:'n{at}' op:'Abs' input:'x' }}\n" for at in range(n(250_000))).encode()[:MOST]


@bomb
def nodes_json() -> bytes:
    told = [{"name": f"n{at}", "op": "A"} for at in range(n(300_000))]
    text = json.dumps({"modelTopology": {"node": told}, "weightsManifest": [], "format": "graph-model"})
    return text.encode()


@bomb
def weights_keras() -> bytes:
    """Two gigabytes of weights in a zip of ten megabytes."""
    layer = {"class_name": "Dense", "config": {"name": "d", "units": 2}, "build_config": {"input_shape": [None, 2]}}
    dense = {"class_name": "Sequential", "config": {"name": "m", "layers": [layer]}}
    chance = random.Random(1)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", json.dumps(dense))
        with archive.open("model.weights.h5", "w") as file:
            file.write(b"\x89HDF\r\n\x1a\n")
            for _ in range(n(70_000)):
                file.write(chance.randbytes(100) + bytes(20_000))
    return buffer.getvalue()


@bomb
def objects_pb() -> bytes:
    """A SavedModel whose object graph has half a million objects."""
    objects = field(7, b"".join(field(1, field(1, field(1, 1) + field(2, "a"))) for _ in range(n(900_000))))
    graph = field(2, nodes([START, node("y", "Abs", "x")]))
    return field(1, 1) + field(2, field(1, b"") + graph + objects)


@bomb
def signatures_pb() -> bytes:
    signatures = b"".join(field(5, field(1, f"{at:x}") + field(2, b"")) for at in range(n(700_000)))
    return field(1, 1) + field(2, field(1, b"") + field(2, nodes([START, node("y", "Abs", "x")])) + signatures)
