"""`cut`: a scene without what lies beside its page, for pictures of a small part of something large."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from cutaway.drawing.scene import Box, Item, Path, Place, Scene, Sheet, Text

_AROUND = 12.0
"""Px around an item that its stroke, its arrowhead or its letters may need, at its own scale."""

_BORDER = 160.0
"""Px around a sheet in its holder that leads may need, which begin at the border of the group's box: the strip of the
title, and half of the widest title."""

_Place = Literal["on", "beside", "partly"]


def cut(scene: Scene) -> Scene:
    """The same picture, made of what can be seen of it; sheets that lie wholly on the page are shared as before."""
    return _Cut(scene).run()


class _Cut:
    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._sheets: list[Sheet] = []
        self._whole: dict[int, int] = {}

    def run(self) -> Scene:
        page = self._scene.sheets[-1]
        items = tuple(self._seen(page, 0.0, 0.0, 1.0))
        return replace(self._scene, sheets=(*self._sheets, replace(page, items=items)))

    def _seen(self, sheet: Sheet, x: float, y: float, scale: float) -> list[Item]:
        """Items of a sheet that can be seen where it lies."""
        found: list[Item] = []
        for item in sheet.items:
            left, top, right, bottom = _bounds(item, self._scene)
            where = self._where(x + left * scale, y + top * scale, x + right * scale, y + bottom * scale)
            if where == "beside":
                continue
            if not isinstance(item, Place):
                found.append(item)
            elif where == "on":
                found.append(replace(item, sheet=self._keep(item.sheet)))
            else:
                inner = self._scene.sheets[item.sheet]
                seen = self._seen(inner, x + item.x * scale, y + item.y * scale, scale * item.scale)
                self._sheets.append(replace(inner, items=tuple(seen)))
                found.append(replace(item, sheet=len(self._sheets) - 1))
        return found

    def _where(self, left: float, top: float, right: float, bottom: float) -> _Place:
        width, height = self._scene.width, self._scene.height
        if left > width or top > height or right < 0 or bottom < 0:
            return "beside"
        return "on" if left >= 0 and top >= 0 and right <= width and bottom <= height else "partly"

    def _keep(self, index: int) -> int:
        """The new number of a sheet that is kept whole, behind those that it places."""
        known = self._whole.get(index)
        if known is None:
            sheet = self._scene.sheets[index]
            items = [
                replace(item, sheet=self._keep(item.sheet)) if isinstance(item, Place) else item for item in sheet.items
            ]
            self._sheets.append(replace(sheet, items=tuple(items)))
            known = self._whole[index] = len(self._sheets) - 1
        return known


def _bounds(item: Item, scene: Scene) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of an item on its sheet, with what it may need around."""
    if isinstance(item, Place):
        sheet = scene.sheets[item.sheet]
        right, bottom = item.x + sheet.width * item.scale, item.y + sheet.height * item.scale
        return item.x - _BORDER, item.y - _BORDER, right + _BORDER, bottom + _BORDER
    if isinstance(item, Box):
        edges = (item.x, item.y, item.x + item.width, item.y + item.height)
    elif isinstance(item, Text):  # it may stand on either side of its place
        edges = (item.x - item.width, item.y - _AROUND, item.x + item.width, item.y)
    else:
        edges = _path_bounds(item)
    return edges[0] - _AROUND, edges[1] - _AROUND, edges[2] + _AROUND, edges[3] + _AROUND


def _path_bounds(path: Path) -> tuple[float, float, float, float]:
    numbers = [[float(value) for value in segment[1:]] for segment in path.segments]
    across = [value for values in numbers for value in values[::2]]
    down = [value for values in numbers for value in values[1::2]]
    return min(across), min(down), max(across), max(down)
