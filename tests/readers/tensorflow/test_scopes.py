"""Scopes to layers: the rule on names that Keras 2, Keras 3 and TensorFlow 1 give."""

from __future__ import annotations

import pytest

from cutaway.readers.tensorflow.scopes import Scopes, calls_of_shared, is_numbered, known_layers


@pytest.mark.parametrize(("name", "path"), [
    ("model/dense/MatMul", ("model", "dense")),
    ("model/dense/BiasAdd/ReadVariableOp", ("model", "dense")),
    ("model/norm/batchnorm/mul_1", ("model", "norm")),
    ("model/norm/moments/mean", ("model", "norm")),
    ("model/lstm/while/lstm_cell/MatMul", ("model", "lstm", "lstm_cell")),
    ("batchnorm/MatMul", ("batchnorm",)),
    ("MatMul", ()),
    ("model//MatMul", ("model",)),
])  # fmt: skip
def test_path(name: str, path: tuple[str, ...]) -> None:
    names = {"model/dense/BiasAdd", "model/lstm/while", name}
    assert Scopes(names).path(name) == path


def test_a_known_layer_keeps_its_scope() -> None:
    names = {"model/add", "model/add/add"}
    assert Scopes(names).path("model/add/add") == ("model",)
    assert Scopes(names, known={"add"}).path("model/moments/add") == ("model",)
    assert Scopes(names, known={"moments"}).path("model/moments/add") == ("model", "moments")


def test_numbers_of_keras_3() -> None:
    scopes = Scopes(set(), numbered=True)
    assert [scopes.shown(scope) for scope in ("dense_1", "dense_1_2", "stem")] == ["dense", "dense_1", "stem"]
    assert is_numbered([("net/dense/kernel", "dense_1"), ("net/norm/gamma", "norm_3")], [])
    assert not is_numbered([("net/dense/kernel", "dense"), ("net/dense_1/kernel", "dense_1")], [])
    assert is_numbered([("w", "dense_1")], [("net_1", "dense_1")])
    assert not is_numbered([], [("net", "dense_1")])
    assert not is_numbered([], [])


def test_known_layers() -> None:
    assert known_layers(["net/dense/kernel", "count", "net/norm/gamma"]) == {"net", "dense", "norm"}


def told(names: list[str], reads: dict[int, str], feeds: dict[int, tuple[int, ...]]) -> list[tuple[str, ...]]:
    found = calls_of_shared(dict(enumerate(names)), reads, feeds, Scopes(set(names)))
    return [found[at] for at in range(len(names))]


def test_calls_of_a_shared_layer_are_told_apart_by_their_reads() -> None:
    names = ["m/d/MatMul", "m/d/Relu", "m/d/MatMul_1", "m/d/Relu_1", "m/e/MatMul"]
    reads = {0: "d/kernel", 2: "d/kernel", 4: "e/kernel"}
    assert told(names, reads, {}) == [("m", "d"), ("m", "d"), ("m", "d#2"), ("m", "d#2"), ("m", "e")]


def test_operations_that_repeat_within_one_call_stay_together() -> None:
    names = ["m/add/add", "m/add/add_1", "m/add/add_2"]
    assert told(names, {}, {1: (0,), 2: (1,)}) == [("m", "add")] * 3
    assert told(["m/d/MatMul", "m/d/MatMul_1"], {0: "d/a", 1: "d/b"}, {1: (0,)}) == [("m", "d")] * 2


def test_a_shared_model_is_told_apart_with_the_layers_in_it() -> None:
    names = [f"m/tower/{layer}/MatMul{call}" for call in ("", "_1") for layer in ("a", "b")]
    reads = {0: "a/k", 1: "b/k", 2: "a/k", 3: "b/k"}
    assert told(names, reads, {}) == [
        ("m", "tower", "a"), ("m", "tower", "b"), ("m", "tower#2", "a"), ("m", "tower#2", "b"),
    ]  # fmt: skip
