"""What the tests of the drawing share: waiting until the camera rests, and what the page says it shows."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from cutaway.explorer.page import to_html
from cutaway.graph.model import Graph
from tests.explorer.hand import arranged_of

ROOT = Path(__file__).resolve().parents[2]
RESNET = ROOT / "examples" / "resnet50.keras"


def at_rest(page: Any) -> Any:
    """Wait until the camera stands still and the picture is sharp; returns the camera."""
    last: Any = None
    still = 0
    for _ in range(400):
        now = page.evaluate("[cutaway.camera(), performance.getEntriesByType('measure').length]")
        still = still + 1 if now == last else 0
        if still >= 4:
            return now[0]
        last = now
        page.wait_for_timeout(40)
    raise AssertionError("the camera never came to rest")


def visible(page: Any) -> dict[str, dict[str, Any]]:
    """What the page says is on the screen, by kind and id."""
    return {f"{thing['kind']} {thing['id']}": thing for thing in page.evaluate("cutaway.visible()")}


def middle(thing: dict[str, Any]) -> tuple[float, float]:
    return thing["x"] + thing["width"] / 2, thing["y"] + thing["height"] / 2


def on_drawing(page: Any, x: float, y: float) -> bool:
    """Whether the drawing itself lies at a point, and no panel."""
    where = [x, y]
    return bool(page.evaluate("([x, y]) => document.elementFromPoint(x, y)?.className === 'drawing'", where))


def pixels(page: Any) -> Any:
    """The screen as rows of red, green and blue."""
    return np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))


def one_file(folder: Path, graph: Graph) -> Path:
    """The explorer of a graph as one file."""
    target = folder / "model.html"
    target.write_bytes(to_html(arranged_of(graph)))
    return target
