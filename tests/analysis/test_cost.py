"""Cost: the known figures of known models, and small ones against loops that count."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutaway.analysis.cost import COST, Cost, cost, roll_up
from cutaway.analysis.sizes import Setting
from cutaway.errors import OptionError
from cutaway.graph import Graph, GraphBuilder, Tensor, Weight
from cutaway.picture import plot_model
from cutaway.readers import read
from cutaway.readers.keras.shapes import node_outputs

MODELS = Path(__file__).parents[1] / "models"

GIGA = {
    "ResNet50": 3.8580, "cost/ResNet50V2": 3.4823, "cost/ResNet101": 7.5702, "VGG16": 15.4703, "cost/VGG19": 19.6321,
    "InceptionV3": 5.7132, "Xception": 8.3574, "cost/DenseNet121": 2.8342, "MobileNet": 0.5687, "MobileNetV2": 0.3008,
    "cost/MobileNetV3Small": 0.0565, "EfficientNetB0": 0.3858, "cost/EfficientNetV2B0": 0.7181,
    "cost/NASNetMobile": 0.5636, "ConvNeXtTiny": 4.4555,
}  # fmt: skip
"""MACs of one example, in thousands of millions."""


@pytest.mark.parametrize("name", GIGA)
def test_known_models(name: str) -> None:
    found = cost(read(MODELS / f"{name}.keras"))
    assert round(found.total_macs / 1e9, 4) == GIGA[name]
    assert found.uncounted == ()


def test_an_input_without_a_size_is_given_one() -> None:
    graph = read(MODELS / "MobileNetV3Large.keras")
    unknown = cost(graph)
    assert {each.op for each in unknown.uncounted} >= {"Conv2D", "DepthwiseConv2D"}
    found = cost(graph, Setting(shapes={"input_layer": (1, 224, 224, 3)}, rule=node_outputs))
    assert round(found.total_macs / 1e9, 4) == 0.2166
    assert found.uncounted == ()


def test_other_sizes_than_the_models_own() -> None:
    """On half of each side a convolution has a quarter of the work; on its own size nothing changes."""
    graph = read(MODELS / "ResNet50.keras")
    whole = cost(graph, Setting(shapes={"input_layer": (1, 224, 224, 3)}, rule=node_outputs))
    assert whole.macs == cost(graph).macs
    half = cost(graph, Setting(shapes={"input_layer": (1, 112, 112, 3)}, rule=node_outputs))
    at = graph.names.index("conv2_block1_1_conv")
    assert half.macs[at] * 4 == whole.macs[at]
    assert half.uncounted == ()


@pytest.mark.parametrize("name", ["ResNet50", "transformer_encoder", "recurrent_wrappers", "unet", "siamese", "gan"])
def test_cost_grows_with_the_batch(name: str) -> None:
    graph = read(MODELS / f"{name}.keras")
    one, many = cost(graph), cost(graph, Setting(batch=5))
    assert [5 * macs for macs in one.macs] == many.macs
    assert [5 * flops for flops in one.flops] == many.flops
    assert one.weight_bytes == many.weight_bytes


@pytest.mark.parametrize("path", sorted(MODELS.glob("*.keras")), ids=lambda path: path.stem)
def test_the_sums_of_groups_are_those_of_their_nodes(path: Path) -> None:
    graph = read(path)
    found = cost(graph)
    sums = roll_up(graph, found.macs)
    assert sums[0] == found.total_macs
    for group in range(len(graph.groups)):
        own = sum(found.macs[node] for node in range(len(graph)) if graph.node_groups[node] == group)
        inner = sum(sums[child] for child in range(len(sums)) if graph.groups.parents[child] == group)
        assert sums[group] == own + inner


def sequence(op: str, made: tuple[int | None, ...], weights: dict[str, tuple[int, ...]], **config: object) -> Graph:
    """A layer on 128 steps of 256 numbers."""
    builder = GraphBuilder("net", "keras_v3")
    steps = builder.node("steps", "InputLayer", outputs=[Tensor((None, 128, 256), "float32")])
    parts = [Weight(name, name, shape) for name, shape in weights.items()]
    layer = builder.node(op, op, outputs=[Tensor(made, "float32")], attributes=config, weights=parts)
    builder.connect(steps, layer)
    return builder.build()


def test_lstm_and_gru() -> None:
    lstm = sequence("LSTM", (None, 256), {"kernel": (256, 1024), "recurrent_kernel": (256, 1024)}, units=256)
    gru = sequence("GRU", (None, 128, 256), {"kernel": (256, 768), "recurrent_kernel": (256, 768)}, units=256)
    assert cost(lstm).total_macs == 67_108_864
    assert cost(gru).total_macs == 50_331_648


def test_what_cannot_be_counted_is_named() -> None:
    builder = GraphBuilder("net", "keras_v3")
    source = builder.node("x", "InputLayer", outputs=[Tensor((None, 8), "float32")])
    secret = builder.node("secret", "Secret", outputs=[Tensor((None, 8), "float32")])
    lost = builder.node("lost", "Dense", outputs=[Tensor(None, None)], attributes={"units": 4})
    builder.connect(source, secret)
    builder.connect(secret, lost)
    found = cost(builder.build())
    assert [(each.op, each.nodes) for each in found.uncounted] == [("Secret", (secret,)), ("Dense", (lost,))]
    assert found.notes() == [
        "not counted: Secret: no rule for this operation", "not counted: Dense: its output shape is unknown"
    ]  # fmt: skip
    macs = found.known(found.macs)
    assert [value != value for value in macs] == [False, True, True]  # NaN where it is unknown


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"shapes": {"nobody": (1, 8)}}, "nobody"),
        ({"shapes": {"x": (1, 8, 8)}}, "axes"),
        ({"shapes": {"x": (1, -8)}}, "whole numbers"),
        ({"batch": 0}, "batch"),
    ],
)
def test_a_setting_that_does_not_fit(setting: dict[str, object], words: str) -> None:
    builder = GraphBuilder("net", "keras_v3")
    builder.node("x", "InputLayer", outputs=[Tensor((None, 8), "float32")])
    with pytest.raises(OptionError, match=words):
        cost(builder.build(), Setting(**setting))  # type: ignore[arg-type]


def test_hostile_attributes_are_no_crash() -> None:
    for op in sorted(COST):
        builder = GraphBuilder("net", "graph_def")
        source = builder.node("x", "Input", outputs=[Tensor((None, 8, 0, 3), "float32")])
        bad = dict.fromkeys(
            ("strides", "kernel_size", "axis", "axes", "equation", "units", "pool_size", "ksize", "paddings", "perm",
             "attention_axes", "filter_width", "filter_height", "size", "shape"), "-1"
        )  # fmt: skip
        node = builder.node("n", op, outputs=[Tensor((None, None), None)], attributes={**bad, "units": -1})
        builder.connect(source, node)
        found = cost(builder.build())
        assert isinstance(found, Cost)
        assert min(found.macs) >= 0


def test_a_box_says_what_its_layer_costs(tmp_path: Path) -> None:
    plot_model(MODELS / "VGG16.keras", tmp_path / "vgg.svg", fields=["macs"])
    text = (tmp_path / "vgg.svg").read_text(encoding="utf-8")
    assert "MACs 1,849,688,064" in text  # block1_conv2: 224² places, 64 filters of 3 × 3 × 64
    assert "MACs ?" not in text
