"""Axes of matplotlib: the same picture as the bitmap, every box by its id, and styles of one's own."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFilter

import cutaway
from cutaway.drawing.png import to_png
from cutaway.errors import MissingExtra, OptionError
from cutaway.formats import render
from cutaway.graph.model import Node
from tests.gallery import MODELS, hostile
from tests.graphs import DIAMOND, picture

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(autouse=True)
def closed_figures() -> Iterator[None]:
    yield
    plt.close("all")


def axes_for(drawn: cutaway.Picture, inches: float = 10.0) -> Any:
    """Axes that fill a figure in the proportions of the picture."""
    figure = plt.figure(figsize=(inches, inches * drawn.scene.height / drawn.scene.width), dpi=100)
    return figure.add_axes((0, 0, 1, 1))


def bitmap(ax: Any) -> Image.Image:
    file = io.BytesIO()
    ax.figure.savefig(file, dpi=100)
    return Image.open(file).convert("RGB")


SOURCES = {
    "diamond": DIAMOND,
    "unet": MODELS / "unet.keras",
    "resnet50": MODELS / "ResNet50.keras",
    "encoder": MODELS / "saved_model_encoder.zip",
    "hostile": hostile(),
}


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_the_picture_of_the_bitmap(name: str, theme: str) -> None:
    drawn = cutaway.plot_model(SOURCES[name], to_file=None, theme=theme)
    ax = axes_for(drawn)
    drawn.draw_on(ax)
    ours = bitmap(ax)
    theirs = Image.open(io.BytesIO(to_png(drawn.scene, width=ours.width))).convert("RGB").resize(ours.size)
    one, two = (
        np.asarray(image.filter(ImageFilter.GaussianBlur(2)), dtype=float) for image in (ours, theirs)
    )  # two programs smooth edges differently
    assert np.abs(one - two).mean() < 1.0
    assert np.quantile(np.abs(one - two), 0.999) < 30
    assert np.asarray(theirs, dtype=float).std() > 5  # there is something to compare


@pytest.mark.parametrize("name", ["unet", "resnet50", "encoder"])
def test_boxes_lie_where_the_places_say(name: str) -> None:
    drawn = cutaway.plot_model(SOURCES[name], to_file=None)
    boxes = drawn.draw_on(axes_for(drawn), smallest=0)
    places = {place["id"]: place for place in json.loads(render(drawn, "scene.json"))["boxes"]}
    assert set(boxes) == set(places)
    for key, box in boxes.items():
        place = places[key]
        assert (box.x0, box.y0) == pytest.approx((place["x"], place["y"]), abs=0.05)
        assert (box.width, box.height) == pytest.approx((place["width"], place["height"]), abs=0.05)


def test_what_is_too_small_is_left_out() -> None:
    drawn = cutaway.plot_model(SOURCES["resnet50"], to_file=None)
    outline = drawn.draw_on(axes_for(drawn, 1.0), smallest=40)
    assert {"conv2", "avg_pool"} <= set(outline)
    assert "conv2_block1_add" not in outline


def test_nodes_get_the_style_that_is_asked_for() -> None:
    drawn = cutaway.plot_model(picture("in -> a \n a -> b"), to_file=None)

    def style(node: Node) -> dict[str, Any] | None:
        return {"facecolor": "#ff0000", "edgecolor": "none"} if node.name == "a" else None

    ax = axes_for(drawn)
    boxes = drawn.draw_on(ax, style=style)
    image = bitmap(ax)

    def colour(name: str) -> tuple[int, ...]:
        x, y = ax.transData.transform((boxes[name].x0 + 8, boxes[name].y0 + 6))
        found = image.getpixel((int(x), image.height - int(y)))
        assert isinstance(found, tuple)
        return found

    assert colour("a") == (255, 0, 0)
    assert colour("b") != (255, 0, 0)
    dark = np.asarray(image.convert("L")) < 80
    left, right = (int(ax.transData.transform((x, 0))[0]) for x in (boxes["a"].x0, boxes["a"].x1))
    low, high = (image.height - int(ax.transData.transform((0, y))[1]) for y in (boxes["a"].y0, boxes["a"].y1))
    assert dark[low:high, left:right].sum() > 20  # the text is still over it


def test_a_property_that_patches_lack_is_told() -> None:
    drawn = cutaway.plot_model(DIAMOND, to_file=None)
    with pytest.raises(OptionError, match="facecolour"):
        drawn.draw_on(axes_for(drawn), style=lambda node: {"facecolour": "red"})


def test_what_is_drawn_over_it_is_over_it() -> None:
    drawn = cutaway.plot_model(DIAMOND, to_file=None)
    ax = axes_for(drawn)
    drawn.draw_on(ax)
    assert all(1 <= artist.get_zorder() < 2 for artist in [*ax.collections, *ax.patches])


def test_formulas_in_names_are_no_formulas() -> None:
    drawn = cutaway.plot_model(picture("$\\frac -> x$_{"), to_file=None, show_layer_names=True)
    drawn.draw_on(axes_for(drawn))


def test_without_matplotlib_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = cutaway.plot_model(DIAMOND, to_file=None)
    ax = axes_for(drawn)
    monkeypatch.setitem(sys.modules, "matplotlib.patches", None)
    with pytest.raises(MissingExtra, match=r"pip install 'cutaway[\[]matplotlib[\]]'"):
        drawn.draw_on(ax)


def test_matplotlib_is_imported_only_when_it_is_needed() -> None:
    code = "import sys, cutaway; cutaway.plot_model; import cutaway.drawing.axes; print('matplotlib' in sys.modules)"
    source = Path(cutaway.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONPATH": str(source)})
    assert done.stdout.strip() == "False", done.stderr
