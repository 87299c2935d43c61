"""Adapters of low rank: the same cost live, in a file and in a SavedModel, that of the products that are run."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import pytest
from keras import layers

import cutaway
from cutaway.analysis.cost import cost
from cutaway.graph import Graph, GraphBuilder, Tensor, Weight

RANK = 3
ROWS, IN, OUT = 12, 32, 24
TABLE, WIDTH, IDS = 50, 16, 7

LAYERS: dict[str, tuple[Callable[[], Any], Any]] = {
    "dense": (lambda: layers.Dense(OUT, activation="relu", name="adapted"), lambda: keras.Input((ROWS, IN))),
    "einsum": (
        lambda: layers.EinsumDense("abc,cde->abde", (ROWS, 2, OUT // 2), bias_axes="e", name="adapted"),
        lambda: keras.Input((ROWS, IN)),
    ),
    "embedding": (lambda: layers.Embedding(TABLE, WIDTH, name="adapted"), lambda: keras.Input((IDS,), dtype="int32")),
    "convolution": (lambda: layers.Conv2D(8, 3, name="adapted"), lambda: keras.Input((10, 10, 4))),
}
WHOLE = {
    "dense": IN * RANK * OUT, "einsum": IN * 2 * RANK * OUT // 2, "embedding": TABLE * RANK * WIDTH,
    "convolution": 3 * 3 * 4 * RANK * 8,
}  # fmt: skip
"""Products of a float layer: the whole ``a @ b``, once."""

BY_INPUT = {
    "dense": ROWS * (IN * RANK + RANK * OUT), "einsum": ROWS * 2 * (IN * RANK + RANK * OUT // 2),
    "embedding": IDS * RANK * WIDTH,
}  # fmt: skip
"""Products of a quantized layer: the input by ``a``, and that by ``b``."""


def made(name: str, *, quantized: bool, adapted: bool) -> Any:
    keras.utils.clear_session()
    layer, source = LAYERS[name][0](), LAYERS[name][1]()
    model = keras.Model(source, layer(source))
    if quantized:
        layer.quantize("int8")
    if adapted:
        layer.enable_lora(RANK)
    return model


def saved(model: Any, folder: Path) -> Path:
    model.export(str(folder), verbose=False)
    return folder


@pytest.mark.parametrize(
    ("name", "quantized", "products"),
    [(name, False, each) for name, each in WHOLE.items()] + [(name, True, each) for name, each in BY_INPUT.items()],
)
def test_adapters_cost_the_same_in_every_form(name: str, quantized: bool, products: int, tmp_path: Path) -> None:
    plain = cost(cutaway.read(made(name, quantized=quantized, adapted=False)))
    model = made(name, quantized=quantized, adapted=True)
    model.save(tmp_path / "model.keras")
    live, stored = cutaway.read(model), cutaway.read(tmp_path / "model.keras")
    exported = saved(model, tmp_path / "saved")
    for graph in (live, stored, cutaway.read(exported)):
        found = cost(graph)
        assert found.total_macs - plain.total_macs == products, graph.format
        assert found.uncounted == ()
    if not quantized:  # of quantized layers the file holds the way back too, for the straight-through gradient
        whole = cost(cutaway.read(exported, raw=True))
        assert whole.total_macs - plain.total_macs == products
    assert cost(stored).total_flops == cost(live).total_flops
    weights = {(weight.id, weight.shape, weight.dtype, weight.trainable) for weight in live.weights}
    assert {(weight.id, weight.shape, weight.dtype, weight.trainable) for weight in stored.weights} == weights


def test_the_weights_of_a_loaded_file_are_those_that_are_read(tmp_path: Path) -> None:
    for name in BY_INPUT:
        made(name, quantized=True, adapted=True).save(tmp_path / "model.keras")
        loaded = keras.saving.load_model(tmp_path / "model.keras").get_layer("adapted")
        read = [(weight.name, weight.shape) for weight in cutaway.read(tmp_path / "model.keras").weights]
        assert sorted(read) == sorted((weight.name, tuple(weight.shape)) for weight in loaded.weights)


def test_the_values_of_what_is_stored_are_found_beside_adapters(tmp_path: Path) -> None:
    """Keras stores a kernel with its adapters merged into it; these themselves are in no file."""
    model = made("dense", quantized=True, adapted=True)
    model.save(tmp_path / "model.keras")
    report = cutaway.check(tmp_path / "model.keras", weights=True)
    assert not [finding for finding in report.findings if finding.severity == "error"]
    told = str(cutaway.diff(tmp_path / "model.keras", tmp_path / "model.keras", weights=True))
    assert not re.search("(?i)damaged|cannot be read", told)


def adapted_without_shapes() -> Graph:
    builder = GraphBuilder("net", "test")
    x = builder.node("x", "InputLayer", outputs=[Tensor((None, 4), "float32")])
    dense = builder.node(
        "dense", "Dense", outputs=[Tensor((None, 2), "float32")], attributes={"lora_rank": 2, "units": 2},
        weights=[Weight("dense/kernel", "kernel", (4, 2))],
    )  # fmt: skip
    builder.connect(x, dense)
    return builder.build()


def test_adapters_that_are_not_known_are_told() -> None:
    found = cost(adapted_without_shapes())
    assert [(each.op, each.reason) for each in found.uncounted] == [
        ("Dense", "the shapes of its adapters of low rank are unknown")
    ]
