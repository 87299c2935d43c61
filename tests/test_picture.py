"""`plot_model`: its parameters are Keras' own and more; what is in the picture is what the model holds."""

from __future__ import annotations

import inspect
import json
import re
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import cutaway
from cutaway.errors import OptionError, ReadError
from cutaway.graph.model import Graph
from tests.graphs import DIAMOND, SKIP, picture

MODELS = Path(__file__).parent / "models"
EXAMPLES = Path(__file__).parents[1] / "examples"
RESNET = MODELS / "ResNet50.keras"
SVG = "{http://www.w3.org/2000/svg}"


def texts(drawn: cutaway.Picture) -> Counter[str]:
    root = ET.fromstring(drawn.svg)
    return Counter("".join(element.itertext()) for element in root.iter(f"{SVG}text"))


def draw(model: Any, **options: Any) -> cutaway.Picture:
    return cutaway.plot_model(model, to_file=None, **options)


def test_every_parameter_of_keras_with_the_same_default() -> None:
    import keras

    ours = inspect.signature(cutaway.plot_model).parameters
    for theirs in (keras.utils.plot_model, keras.utils.model_to_dot):
        for name, parameter in inspect.signature(theirs).parameters.items():
            if name in ("kwargs", "subgraph"):
                continue
            assert name in ours
            if theirs is keras.utils.plot_model:
                assert ours[name].default == parameter.default


def test_every_parameter_of_keras_2() -> None:
    tf_keras = pytest.importorskip("tf_keras", reason="tf_keras is not installed")
    ours = inspect.signature(cutaway.plot_model).parameters
    theirs = inspect.signature(tf_keras.utils.plot_model).parameters
    assert set(theirs) <= set(ours)


def test_boxes_say_what_is_asked() -> None:
    drawn = draw(MODELS / "gan.keras", show_shapes=True, show_dtype=True, show_layer_names=True, show_trainable=True)
    found = texts(drawn)
    assert found["None × 28 × 28 × 1"] == 1
    assert found["grow1"] == 1
    assert found["dtype float32"] == 9
    assert found["trainable"] + found["frozen"] == 5


def test_activations() -> None:
    assert texts(draw(EXAMPLES / "digits.keras", show_layer_activations=True))["softmax"] == 1


def test_names_are_hidden_by_default_and_all_shown_on_demand() -> None:
    assert "grow1" not in texts(draw(MODELS / "gan.keras"))
    every = texts(draw(MODELS / "InceptionV3.keras", show_layer_names=True, unfold="all"))
    assert any(re.fullmatch(r"conv2d_\d+", text) for text in every)


def test_fields_and_labels() -> None:
    found = texts(draw(RESNET, fields=["parameters", "filters"], unfold="all"))
    assert found["parameters 9,472"] == 1
    assert texts(draw(DIAMOND, label=lambda node: node.name.upper()))["LEFT"] == 1


@pytest.mark.parametrize("rankdir", ["TB", "LR", "BT", "RL"])
def test_rankdir(rankdir: str) -> None:
    drawn = draw(SKIP, rankdir=rankdir)
    boxes = dict(zip(drawn.nested.children[0], drawn.nested.placement(0).boxes, strict=True))
    first, last = boxes[0], boxes[SKIP.names.index("end")]
    axis = 1 if rankdir in ("TB", "BT") else 0
    assert (first[axis] < last[axis]) == (rankdir in ("TB", "LR"))


def test_depth_closes_what_is_deeper() -> None:
    assert len(draw(RESNET, depth=1).scene.sheets) < len(draw(RESNET).scene.sheets)
    assert "Conv2D" not in texts(draw(RESNET, depth=0))


def test_unfolded_groups_are_drawn_at_full_size() -> None:
    drawn = draw(RESNET, unfold=["conv2"])
    at = drawn.graph.groups.names.index("conv2")
    frame = drawn.nested.frames[at]
    assert frame is not None
    assert frame.scale == 1.0


def test_expand_nested_unfolds_nested_models_only() -> None:
    drawn = draw(MODELS / "ConvNeXtTiny.keras", expand_nested=True)
    for at, kind in enumerate(drawn.graph.groups.kinds):
        frame = drawn.nested.frames[at]
        assert frame is None or (frame.scale == 1.0) == (kind == "model")


def test_values_colour_the_boxes_and_the_legend() -> None:
    found = texts(draw(DIAMOND, values={"in": 1, "add": 5}))
    assert found["1"] == found["5"] == found["no value"] == 1
    assert len({box.paint for box in _boxes(draw(DIAMOND, values=[("in", 1), ("add", 5)]))}) >= 3


def _boxes(drawn: cutaway.Picture) -> list[Any]:
    from cutaway.drawing.scene import Box

    return [item for item, _, _, _ in drawn.scene.flat() if isinstance(item, Box)]


def test_highlight_and_annotate() -> None:
    drawn = draw(DIAMOND, highlight=lambda node: node.name == "left", annotate={"left": "look here"})
    assert texts(drawn)["look here"] == 1
    assert sum(box.paint.endswith("!") for box in _boxes(drawn)) == 1


def test_a_layers_own_value_goes_before_that_of_its_group() -> None:
    pairs = [("conv2", 0.0), ("conv2_block1_1_conv", 1.0)]
    assert draw(RESNET, values=dict(pairs)).svg == draw(RESNET, values=dict(reversed(pairs))).svg
    assert texts(draw(DIAMOND, values={"in": None, "left": float("nan"), "add": 2}))["no value"] == 1


def test_layer_range_is_by_order_as_in_keras_2() -> None:
    drawn = draw(MODELS / "VGG16.keras", layer_range=["block1_conv1", "block2_pool"])
    assert len(drawn.graph) == 6
    assert len(draw(MODELS / "VGG16.keras", layer_range=["block1.*", "block2_pool"]).graph) == 6


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"theme": "pink"}, "theme must be one of 'light', 'dark', 'print'; received 'pink'"),
        ({"rankdir": "UP"}, "rankdir must be one of"),
        ({"splines": "wavy"}, "splines must be one of"),
        ({"aspect": 0}, "aspect must be a number from 0.001 to 1000"),
        ({"aspect": float("inf")}, "aspect must be a number"),
        ({"aspect": "16:9"}, "aspect must be a number"),
        ({"depth": -1}, "depth must be a whole number, 0 or more"),
        ({"depth": "1"}, "depth must be a whole number"),
        ({"unfold": 1.5}, "unfold must be"),
        ({"fields": "parameters"}, "fields must be a sequence of names"),
        ({"annotate": ["left"]}, "annotate must map names"),
        ({"annotate": {"nobody": "x"}}, "annotate: "),
        ({"between": "left"}, "between must be two places"),
        ({"between": ("in", None)}, "between must be names"),
        ({"highlight": None}, "highlight must be names"),
        ({"highlight": [1]}, "highlight must be names"),
        ({"values": {"in": "abc"}}, "values must be numbers by name"),
        ({"values": {"in": float("inf")}}, "values: 'in' must be a finite number"),
        ({"layer_range": ("(", "add")}, "is no layer and no regular expression"),
        ({"highlight": ["nobody"]}, "highlight: 'drawn' has no layer or group 'nobody'"),
        ({"values": {"nobody": 1}}, "values: "),
        ({"unfold": "nobody"}, "unfold: "),
        ({"layer_range": ["in"]}, "layer_range must be the names"),
        ({"layer_range": ["add", "in"]}, "comes after"),
    ],
    ids=str,
)
def test_a_wrong_choice_lists_the_choices(options: dict[str, Any], says: str) -> None:
    with pytest.raises(OptionError, match=re.escape(says)):
        draw(DIAMOND, **options)


def test_a_wrong_extension_is_told_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"extension must be one of \.svg, \.png"):
        cutaway.plot_model(DIAMOND, tmp_path / "x.bmp")
    assert not list(tmp_path.iterdir())


def test_a_path_with_a_nul_is_told() -> None:
    with pytest.raises(OptionError, match="to_file must be the path of a file"):
        cutaway.plot_model(DIAMOND, "a\0b.svg")


def test_a_missing_file_is_a_read_error(tmp_path: Path) -> None:
    with pytest.raises(ReadError):
        draw(tmp_path / "none.keras")


@pytest.mark.parametrize("extension", ["svg", "png", "pdf", "json", "scene.json"])
def test_every_format_is_written_the_same_twice(extension: str, tmp_path: Path) -> None:
    written = []
    for name in ("one", "two"):
        path = tmp_path / f"{name}.{extension}"
        cutaway.plot_model(MODELS / "unet.keras", path)
        written.append(path.read_bytes())
    assert written[0] == written[1]
    assert len(written[0]) > 1_000


def test_scene_json_tells_where_everything_lies(tmp_path: Path) -> None:
    path = draw(RESNET).save(tmp_path / "x.scene.json")
    places = json.loads(path.read_text())
    nodes = [box for box in places["boxes"] if box["kind"] == "node"]
    assert len(nodes) == 177
    for box in places["boxes"]:
        assert 0 <= box["x"] <= box["x"] + box["width"] <= places["width"] + 0.1
        assert 0 <= box["y"] <= box["y"] + box["height"] <= places["height"] + 0.1
    assert {wire["tensor"]["node"] for wire in places["edges"]} <= {box["id"] for box in nodes}


def test_it_shows_itself_in_notebooks() -> None:
    drawn = draw(DIAMOND)
    assert drawn._repr_svg_() == drawn.svg
    assert set(drawn._repr_mimebundle_()) == {"image/svg+xml", "text/plain"}
    assert set(drawn._repr_mimebundle_(include=["text/plain"])) == {"text/plain"}


def test_a_graph_is_drawn_as_it_is() -> None:
    graph: Graph = picture("a -> b")
    assert draw(graph).graph is graph


def test_text_never_leaves_its_box() -> None:
    from cutaway.drawing.scene import Box, Text

    for name in ("ResNet50", "unet", "recurrent_wrappers"):
        drawn = draw(MODELS / f"{name}.keras", show_layer_names=True, show_shapes=True)
        for sheet in drawn.scene.sheets[:-1]:
            box: Box | None = None
            for item in sheet.items:
                if isinstance(item, Box):
                    box = item
                elif isinstance(item, Text):
                    assert box is not None
                    anchor = drawn.scene.fonts[item.font].anchor
                    left = item.x - {"start": 0, "middle": item.width / 2, "end": item.width}[anchor]
                    assert box.x - 0.01 <= left
                    assert left + item.width <= box.x + box.width + 0.01
                    assert box.y < item.y < box.y + box.height


@pytest.mark.parametrize("rankdir", ["TB", "BT", "RL"])
def test_paths_in_scene_json_run_from_output_to_input(rankdir: str, tmp_path: Path) -> None:
    places = json.loads(draw(SKIP, rankdir=rankdir).save(tmp_path / "x.scene.json").read_text())
    boxes = {box["id"]: box for box in places["boxes"]}
    assert len(places["edges"]) == SKIP.edge_count
    for wire in places["edges"]:
        for end, point in ((wire["from"], wire["path"][0]), (wire["to"], wire["path"][-1])):
            box, (x, y) = boxes[end], point[-2:]
            assert box["x"] - 0.1 <= x <= box["x"] + box["width"] + 0.1
            assert box["y"] - 0.1 <= y <= box["y"] + box["height"] + 0.1
