"""Groups found for flat models: what a person who knows the architecture would name."""

from __future__ import annotations

from pathlib import Path

import networkx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.graph import Graph
from cutaway.graph.grouping import READABLE, group
from cutaway.graph.names import is_auto, tokens
from cutaway.graph.walk import depths, lift
from cutaway.readers import read
from tests.graphs import picture, random_graph

MODELS = Path(__file__).parents[1] / "models"


def top(graph: Graph) -> list[str]:
    """Names of the boxes on the top level, in the order of their first nodes."""
    seen: dict[str, None] = {}
    for node, owner in enumerate(graph.node_groups):
        name = graph.names[node]
        while owner:
            name, owner = graph.groups.names[owner], graph.groups.parents[owner]
        seen[name] = None
    return list(seen)


def groups(graph: Graph, name: str) -> list[str]:
    """Names of the groups in the group of that name."""
    parent = graph.groups.names.index(name)
    return [graph.groups.names[at] for at, above in enumerate(graph.groups.parents) if above == parent]


OUTLINES = {
    "ResNet50": "input_layer stem conv2 conv3 conv4 conv5 avg_pool predictions",
    "ResNet152V2": "input_layer stem conv2 conv3 conv4 conv5 head",
    "VGG16": "input_layer block1 block2 block3 block4 block5 fc predictions",
    "DenseNet201": "input_layer stem conv2 pool2 conv3 pool3 conv4 pool4 conv5 head",
    "EfficientNetB0": "input_layer stem block1 block2 block3 block4 block5 block6 block7 head",
    "EfficientNetV2L": "input_layer stem block1 block2 block3 block4 block5 block6 block7 head",
    "InceptionV3": "input_layer stem " + " ".join(f"mixed{at}" for at in range(11)) + " avg_pool predictions",
    "InceptionResNetV2": (
        "input_layer stem mixed_5b block35_1…block35_10 mixed_6a block17_1…block17_20 mixed_7a block8_1…block8_10 head"
    ),
    "NASNetLarge": (
        "input_layer stem_conv1 stem_bn1 stem_1 stem_2 normal_0…normal_5 reduce_6 normal_7…normal_12 reduce_12 "
        "normal_13…normal_18 head"
    ),
    "Xception": "input_layer block1 block2 block3 block4…block12 block13…block14 avg_pool predictions",
    "ConvNeXtTiny": (
        "input_layer stem stage_0 convnext_tiny_downsampling_block_0 stage_1 convnext_tiny_downsampling_block_1 "
        "stage_2 convnext_tiny_downsampling_block_2 stage_3 head"
    ),
    "transformer_encoder": "tokens embedding " + " ".join(f"block{at}" for at in range(12)) + " head",
}


@pytest.mark.parametrize(("name", "outline"), OUTLINES.items())
def test_outline(name: str, outline: str) -> None:
    found = top(group(read(MODELS / f"{name}.keras")))
    assert [box.replace(" … ", "…") for box in found] == outline.split()


@pytest.mark.parametrize("path", sorted(MODELS.glob("[A-Z]*.keras")), ids=lambda path: path.stem)
def test_every_application_has_a_legible_outline(path: Path) -> None:
    assert 3 <= len(top(group(read(path)))) <= 25


def test_blocks_of_a_stage() -> None:
    graph = group(read(MODELS / "ResNet50.keras"))
    assert groups(graph, "conv4") == [f"block{at}" for at in range(1, 7)]
    graph = group(read(MODELS / "EfficientNetV2L.keras"))
    assert groups(graph, "block6") == [f"block6{letter}" for letter in "abcdefghijklmnopqrstuvwxy"]
    graph = group(read(MODELS / "DenseNet201.keras"))
    assert len(groups(graph, "conv4")) == 48


def test_every_found_group_says_how() -> None:
    graph = group(read(MODELS / "NASNetLarge.keras"))
    assert all(
        graph.groups.found_by.get(at) for at, kind in enumerate(graph.groups.kinds) if kind in ("block", "stage")
    )


def test_small_models_are_left_alone() -> None:
    graph = picture("\n".join(f"block1_{at} -> block1_{at + 1}" for at in range(READABLE - 1)))
    assert group(graph) is graph


def test_default_names_are_no_evidence() -> None:
    assert is_auto("conv2d_57", "Conv2D")
    assert is_auto("batch_normalization", "BatchNormalization")
    assert is_auto("re_lu_3", "ReLU")
    assert not is_auto("conv1_relu", "Activation")
    assert not is_auto("conv2", "Conv2D")


def test_tokens() -> None:
    assert [word for word, _, _ in tokens("block6a_se_conv2d")] == ["block", "6", "a", "se", "conv2d"]
    assert [counts for _, counts, _ in tokens("block1d_2")] == [False, True, True, True]


@given(st.integers(0, 10_000), st.integers(13, 120), st.integers(0, 4))
def test_grouping_keeps_the_model_and_makes_no_cycle(seed: int, nodes: int, nested: int) -> None:
    before = random_graph(seed, nodes, nested)
    after = group(before)
    assert (after.names, after.input_node, after.input_port) == (before.names, before.input_node, before.input_port)
    parents = after.groups.parents
    assert all(parents[at] < at for at in range(1, len(parents)))
    assert len(set(after.groups.ids)) == len(after.groups)
    if nested:  # random nesting may make cycles itself
        return
    depth = depths(parents)
    quotients: dict[int, networkx.DiGraph] = {}
    for edge in after.edges():
        meeting, start, end = lift(parents, depth, after.node_groups, edge.source, edge.target)
        quotients.setdefault(meeting, networkx.DiGraph()).add_edge(start, end)
    assert all(networkx.is_directed_acyclic_graph(quotient) for quotient in quotients.values())


def test_names_in_any_script() -> None:
    blocks = [f"层_{at}_a1 -> 层_{at}_b2 \n 层_{at}_b2 -> 层_{at}_c3" for at in range(6)]
    links = [f"层_{at}_c3 -> 层_{at + 1}_a1" for at in range(5)]
    assert top(group(picture("\n".join([*blocks, *links, "层_5_c3 -> ___"]))))[:2] == ["层_0", "层_1"]
