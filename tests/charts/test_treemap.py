"""Treemaps: areas are shares, nested like the groups, and labels stay in their boxes."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.analysis.cost import cost
from cutaway.analysis.parameters import group_totals
from cutaway.charts.kinds import SIZE, draw_chart
from cutaway.charts.layers import QUANTITIES, Ledger, inside_of, ledger
from cutaway.charts.squares import squarify
from cutaway.drawing.scene import Box, Scene, Text
from cutaway.graph.grouping import group
from cutaway.readers import read
from cutaway.style.measure import width
from cutaway.style.theme import THEMES

MODELS = Path(__file__).parents[1] / "models"
LIGHT = THEMES["light"]


def held(name: str) -> Ledger:
    return ledger(group(read(MODELS / name)))


def boxes(scene: Scene) -> list[Box]:
    return [item for item in scene.sheets[0].items if isinstance(item, Box) and item.key]


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=60), st.floats(1, 900), st.floats(1, 900))
def test_pieces_have_their_share_and_tile_the_rectangle(values: list[int], wide: float, high: float) -> None:
    values.sort(reverse=True)
    pieces = squarify(values, (10.0, 20.0, wide, high))
    total = sum(values)
    for value, (x, y, w, h) in zip(values, pieces, strict=True):
        assert math.isclose(w * h, wide * high * value / total, rel_tol=1e-6, abs_tol=1e-6)
        assert 10 - 1e-6 <= x <= x + w <= 10 + wide + 1e-6
        assert 20 - 1e-6 <= y <= y + h <= 20 + high + 1e-6
    for at, one in enumerate(pieces):
        for other in pieces[:at]:
            across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
            down = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
            assert across <= 1e-6 or down <= 1e-6


def test_pieces_are_nearly_square_where_they_can_be() -> None:
    # the example of the paper: 6 x 4, areas 6 6 4 3 2 2 1; its figure ends with these proportions at most
    pieces = squarify([6, 6, 4, 3, 2, 2, 1], (0, 0, 6, 4))
    assert pieces[0] == pytest.approx((0, 0, 3, 2))
    assert pieces[1] == pytest.approx((0, 2, 3, 2))
    assert max(max(w / h, h / w) for _, _, w, h in pieces) < 3


@pytest.mark.parametrize("name", ["MobileNetV2.keras", "siamese.keras", "saved_model_encoder.zip", "seq2seq.keras"])
def test_layers_add_up_to_the_model_and_to_each_group(name: str) -> None:
    sums = held(name)
    graph, spent = sums.graph, cost(sums.graph)
    totals = group_totals(graph)
    assert sum(layer.parameters for layer in sums.layers) == totals[0].parameters
    assert sum(layer.weight_bytes for layer in sums.layers) == totals[0].bytes
    assert sum(layer.macs for layer in sums.layers) == spent.total_macs
    assert sum(layer.flops for layer in sums.layers) == spent.total_flops
    assert sum(layer.activation_bytes for layer in sums.layers) == sum(spent.output_bytes)
    for at in range(len(graph.groups)):
        if graph.groups.kinds[at] not in ("layer", "root"):
            nodes = [node for node, held_by in enumerate(graph.node_groups) if inside_of(graph, at)[held_by]]
            assert sum(layer.macs for layer in sums.inside(at)) == sum(spent.macs[node] for node in nodes)


def test_a_shared_weight_counts_once() -> None:
    import keras

    shared = keras.layers.Dense(7, name="shared")
    one, two = keras.Input((5,)), keras.Input((5,))
    model = keras.Model([one, two], keras.layers.Add()([shared(one), shared(two)]))
    sums = ledger(group(read(model)))
    assert sum(layer.parameters for layer in sums.layers) == model.count_params() == 42
    assert sum(layer.macs for layer in sums.layers) == 2 * 5 * 7


@pytest.mark.parametrize("quantity", QUANTITIES)
@pytest.mark.parametrize("name", ["MobileNetV2.keras", "transformer_encoder.keras"])
def test_areas_of_neighbours_are_in_proportion(name: str, quantity: str) -> None:
    sums = held(name)
    scene = draw_chart(sums, "treemap", LIGHT, quantity=quantity)
    area = {box.key: (box.width + 1) * (box.height + 1) for box in boxes(scene)}
    top = {
        sums.graph.groups.ids[at]: sum(layer.value(quantity) for layer in sums.inside(at))
        for at in range(1, len(sums.graph.groups)) if sums.graph.groups.parents[at] == 0
    }  # fmt: skip
    drawn = [(area[key], value) for key, value in top.items() if key in area and value]
    assert len(drawn) > 2
    scale = drawn[0][0] / drawn[0][1]
    for size, value in drawn:
        assert math.isclose(size, value * scale, rel_tol=1e-6)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [SIZE, (330.0, 480.0), (1600.0, 400.0)])
@pytest.mark.parametrize("name", ["EfficientNetV2L.keras", "saved_model_encoder.zip"])
def test_labels_stay_in_their_boxes(name: str, size: tuple[float, float], theme: str) -> None:
    scene = draw_chart(held(name), "treemap", THEMES[theme], size)
    around: list[Box] = []
    words = 0
    for item in scene.sheets[0].items:
        if isinstance(item, Box) and item.key:
            around.append(item)
        elif isinstance(item, Text) and around:
            font, box = scene.fonts[item.font], around[-1]
            if item.y > max(each.y + each.height for each in around):
                break  # the legend
            left = item.x if font.anchor == "start" else item.x - item.width
            assert item.width == width(item.content, font.size, font.weight)
            assert box.x <= left
            assert left + item.width <= box.x + box.width
            assert box.y <= item.y - font.size * 0.75
            assert item.y <= box.y + box.height
            words += 1
    assert words > 10


def test_a_group_alone_is_drawn_from_its_own_layers() -> None:
    sums = held("MobileNetV2.keras")
    at = sums.graph.groups.names.index("block_14")
    scene = draw_chart(sums, "treemap", LIGHT, group=at)
    assert {box.key for box in boxes(scene)} <= {layer.id for layer in sums.inside(at)}
    assert scene.title.startswith("Treemap of ")
    assert "324.2 k parameters" in scene.title


def test_a_model_without_parameters_says_so() -> None:
    from tests.graphs import DIAMOND

    scene = draw_chart(ledger(DIAMOND), "treemap", LIGHT)
    assert any("there are none" in item.content for item in scene.sheets[0].items if isinstance(item, Text))
