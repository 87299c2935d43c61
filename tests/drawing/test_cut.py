"""A scene that is cut to its page looks the same, to the last pixel, and holds no more than can be seen."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from cutaway.drawing.cut import cut
from cutaway.drawing.png import to_png
from cutaway.drawing.scene import Place, Scene, Sheet
from cutaway.picture import plot_model
from tests.explorer.hand import ROOT


@pytest.fixture(scope="module")
def whole() -> Scene:
    return plot_model(ROOT / "examples" / "resnet50.keras", None, show_layer_names=True).scene


def view(scene: Scene, x: float, y: float, width: float, height: float) -> Scene:
    scale = 400 / width
    place = Place(len(scene.sheets) - 1, -x * scale, -y * scale, scale)
    return replace(scene, sheets=(*scene.sheets, Sheet(400.0, height * scale, (place,))))


def items(scene: Scene) -> int:
    return sum(1 for _ in scene.flat())


@pytest.mark.parametrize("seed", range(24))
def test_a_view_looks_the_same_when_it_is_cut(whole: Scene, seed: int) -> None:
    chance = random.Random(seed)
    width = whole.width * chance.choice((0.6, 0.2, 0.05, 0.01))
    place = (chance.uniform(-0.1, 0.9) * whole.width, chance.uniform(-0.1, 0.9) * whole.height)
    seen = view(whole, *place, width, width * 0.7)
    less = cut(seen)
    assert to_png(less) == to_png(seen)
    assert items(less) <= items(seen)


def test_the_whole_stays_the_whole(whole: Scene) -> None:
    assert to_png(cut(whole)) == to_png(whole)
    assert list(cut(whole).flat()) == list(whole.flat())


def test_little_is_left_of_a_small_view(whole: Scene) -> None:
    less = cut(view(whole, whole.width / 3, whole.height / 3, 40, 30))
    assert items(less) < items(whole) / 5


def test_every_sheet_stands_behind_those_that_it_places(whole: Scene) -> None:
    less = cut(view(whole, 100, 100, 300, 200))
    for at, sheet in enumerate(less.sheets):
        assert all(item.sheet < at for item in sheet.items if isinstance(item, Place))
