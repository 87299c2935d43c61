"""Graphs with their calls replaced: their size, the order of their side effects, and calls in a circle."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf import text_format

import cutaway
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
    return sum(len(node.input) for node in flattened(definition).definition.node)


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
