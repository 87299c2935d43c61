"""Receptive fields: the known ones of known models, and small ones against what a gradient reaches."""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from cutaway.analysis.cost import cost
from cutaway.analysis.receptive_field import Field, receptive_fields, whole_input
from cutaway.graph import Graph, GraphBuilder, Tensor
from cutaway.readers import read

MODELS = Path(__file__).parents[1] / "models"


def fields(graph: Graph) -> list[Field | None]:
    return receptive_fields(graph, cost(graph).sizes)


@pytest.mark.parametrize(
    ("name", "layer", "size"),
    [
        ("VGG16", "block5_pool", 212),
        ("ResNet50", "conv5_block3_out", 483),
        ("MobileNetV2", "out_relu", 491),
        ("InceptionV3", "mixed10", 1311),
        ("EfficientNetB0", "top_activation", 851),
    ],
)
def test_known_models(name: str, layer: str, size: int) -> None:
    graph = read(MODELS / f"{name}.keras")
    found = fields(graph)[list(graph.names).index(layer)]
    assert found is not None
    assert [(axis.size, axis.stride) for axis in found.axes] == [(Fraction(size), Fraction(32))] * 2
    assert found.aligned
    assert whole_input(found, (size, size))
    assert not whole_input(found, (size, size + 1))


def test_a_dense_layer_ends_the_path() -> None:
    graph = read(MODELS / "VGG16.keras")
    assert fields(graph)[list(graph.names).index("flatten")] is None


def test_paths_that_look_at_different_places_are_not_aligned() -> None:
    builder = GraphBuilder("net", "keras_v3")
    x = builder.node("x", "InputLayer", outputs=[Tensor((None, 8, 1), "float32")])
    made = Tensor((None, 4, 1), "float32")
    settings = {"strides": [2], "padding": "same", "dilation_rate": [1]}
    ends = [
        builder.node(f"c{k}", "Conv1D", outputs=[made], attributes={**settings, "kernel_size": [k]}) for k in (1, 3)
    ]
    both = builder.node("both", "Add", outputs=[made])
    for end in ends:
        builder.connect(x, end)
        builder.connect(end, both)
    found = fields(builder.build())[both]
    assert found is not None
    assert not found.aligned  # of an even length the window of 3 starts at 0, and its middle is 1
    assert found.axes[0].size == 3


def stacks() -> list[list[tuple[str, dict[str, Any]]]]:
    """Short stacks of layers along one axis, all different."""
    parts: list[tuple[str, dict[str, Any]]] = [
        ("Conv1D", {"filters": 1, "kernel_size": 3, "padding": "same"}),
        ("Conv1D", {"filters": 1, "kernel_size": 2, "strides": 2}),
        ("Conv1D", {"filters": 1, "kernel_size": 3, "dilation_rate": 2, "padding": "causal"}),
        ("AveragePooling1D", {"pool_size": 3, "strides": 2, "padding": "same"}),
        ("AveragePooling1D", {"pool_size": 2}),
        ("ZeroPadding1D", {"padding": (1, 2)}),
        ("Cropping1D", {"cropping": (2, 1)}),
    ]
    return [list(each) for each in itertools.product(parts, repeat=2)]


@pytest.fixture(scope="module")
def tools() -> Any:
    pytest.importorskip("keras")
    return pytest.importorskip("tensorflow")


@pytest.mark.parametrize("stack", stacks(), ids=lambda stack: "-".join(name for name, _ in stack))
def test_a_gradient_reaches_what_is_seen(stack: list[tuple[str, dict[str, Any]]], tools: Any) -> None:
    import keras

    source = x = keras.Input((33, 1))
    for name, settings in stack:
        ones = {"kernel_initializer": "ones", "use_bias": False} if "Conv" in name else {}
        x = getattr(keras.layers, name)(**settings, **ones)(x)
    model = keras.Model(source, x)
    graph = read(model)
    found = fields(graph)[len(graph) - 1]
    assert found is not None
    axis = found.axes[0]
    place = x.shape[1] // 2
    value = tools.Variable(tools.ones((1, 33, 1)))
    with tools.GradientTape() as tape:
        seen = model(value)[0, place, 0]
    reached = [at for at, slope in enumerate(tape.gradient(seen, value).numpy().ravel()) if slope]
    assert reached[-1] - reached[0] + 1 == axis.size
    assert Fraction(reached[0] + reached[-1], 2) == axis.start + place * axis.stride
