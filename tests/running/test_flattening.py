"""Graphs with their calls replaced: their size, the order of their side effects, and calls in a circle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format

import cutaway
from cutaway.errors import ReadError
from cutaway.running.flattening import flattened

RUNS = "attr { key: 'f' value { func { name: 'runs' } } }"


def graph_of(text: str) -> Any:
    return text_format.Parse(text, tf.compat.v1.GraphDef())


def counting(calls: int) -> tuple[Any, Any]:
    """A variable, and a function that counts it up by calls in calls, each of which waits for the one before."""
    count = tf.Variable(0.0)

    @tf.function
    def leaf() -> None:
        count.assign_add(1.0)

    @tf.function
    def middle() -> None:
        leaf()

    @tf.function(input_signature=[tf.TensorSpec((1, 2), tf.float32, name="x")])
    def whole(x: Any) -> Any:
        for _ in range(calls):
            middle()
        return tf.add(x, count, name="y")

    return count, whole


def inputs_of(definition: Any) -> int:
    return sum(len(node.input) for node in flattened(definition, "").definition.node)


def test_calls_that_wait_for_one_another_grow_by_the_same_each() -> None:
    few, more, many = (
        inputs_of(counting(calls)[1].get_concrete_function().graph.as_graph_def()) for calls in (2, 3, 10)
    )
    assert many - more == 7 * (more - few)


def waiting(waits: int) -> Any:
    """A call of a body of fifty operations that read nothing, which waits for some operations."""
    body = "".join(f"node_def {{ name: 'n{at}' op: 'NoOp' }}" for at in range(50))
    waited = "".join(f"input: '^w{at}' " for at in range(waits))
    return graph_of(
        f"node {{ name: 'call' op: 'PartitionedCall' {waited} {RUNS} }}"
        + "".join(f"node {{ name: 'w{at}' op: 'NoOp' }}" for at in range(waits))
        + f"library {{ function {{ signature {{ name: 'runs' }} {body} }} }}"
    )


def test_operations_of_a_body_do_not_each_repeat_all_that_its_call_waits_for() -> None:
    assert inputs_of(waiting(40)) - inputs_of(waiting(20)) == 20


def test_calls_that_wait_for_one_another_all_run_before_what_waits_for_the_last() -> None:
    _, whole = counting(12)
    found = cutaway.activations(whole, np.zeros((1, 2), np.float32))
    np.testing.assert_array_equal(found["y"].numpy(), [[12.0, 12.0]])


FLOAT = "attr { key: 'T' value { type: DT_FLOAT } }"
SIGNATURE = """
    name: 'runs' input_arg { name: 'a' type: DT_FLOAT } output_arg { name: 'r' type: DT_FLOAT }
"""


def call(name: str, *inputs: str) -> str:
    """A call of a function that returns its argument."""
    read = "".join(f"input: '{each}' " for each in inputs)
    types = "".join(f"attr {{ key: '{key}' value {{ list {{ type: DT_FLOAT }} }} }}" for key in ("Tin", "Tout"))
    return f"node {{ name: '{name}' op: 'PartitionedCall' {read} {RUNS} {types} }}"


def calling(calls: str) -> Any:
    return graph_of(f"""
        node {{ name: 'x' op: 'Placeholder' attr {{ key: 'dtype' value {{ type: DT_FLOAT }} }}
                attr {{ key: 'shape' value {{ shape {{ dim {{ size: 1 }} }} }} }} }}
        {calls}
        node {{ name: 'y' op: 'AddV2' input: 'x' input: 'one' input: '^one' {FLOAT} }}
        library {{ function {{
            signature {{ {SIGNATURE} }} ret {{ key: 'r' value: 'a' }}
        }} }}
        versions {{ producer: 1087 }}
    """)


@pytest.mark.parametrize(
    ("circle", "told"),
    [
        (call("one", "one"), "call 'one' reads what it makes itself"),
        (call("one", "two") + call("two", "one"), "call 'one' reads what it makes itself"),
        (call("one", "x", "^two") + call("two", "x", "^one"), "cannot be loaded by TensorFlow.*in a cycle"),
    ],
    ids=["of itself", "of another", "by waiting"],
)
def test_calls_in_a_circle_are_told(circle: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "circle.pb"
    path.write_bytes(calling(circle).SerializeToString())
    with pytest.raises(ReadError, match=rf"circle\.pb.*{told}"):
        cutaway.activations(path)


def test_a_long_row_of_calls_is_flattened() -> None:
    """Of many more than functions of Python can call one another."""
    row = "".join(call(f"c{at}", f"c{at - 1}", f"^c{at - 1}") for at in range(1, 3000))
    definition = flattened(calling(call("c0", "x") + row + call("one", "c2999", "^c2999")), "").definition
    inputs = {node.name: list(node.input) for node in definition.node}
    assert inputs["y"] == ["x:0", "x:0", "^one"]
    assert inputs["c2999"] == ["^c2998"]
