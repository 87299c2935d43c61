"""Golden pictures: each is drawn again and compared byte for byte. They are also the gallery.

On a difference the new picture is left beside the old one as ``…-changed.svg``: look at both. `scripts/golden`
accepts what is drawn now, and writes the gallery page.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.gallery import GALLERY, Entry, gallery_page

GOLDEN = Path(__file__).parent / "golden"
PAGE = Path(__file__).parents[1] / "docs" / "gallery.md"
ACCEPT = os.environ.get("CUTAWAY_GOLDEN") == "accept"


@pytest.mark.parametrize("entry", GALLERY, ids=lambda entry: entry.name)
def test_picture(entry: Entry) -> None:
    svg = entry.draw().svg
    path = GOLDEN / f"{entry.name}.svg"
    changed = GOLDEN / f"{entry.name}-changed.svg"
    changed.unlink(missing_ok=True)
    if ACCEPT:
        path.write_text(svg, encoding="utf-8")
    if not path.exists() or path.read_text(encoding="utf-8") != svg:
        changed.write_text(svg, encoding="utf-8")
        pytest.fail(f"{path.name} is drawn differently now; compare it with {changed.name}")


def test_the_gallery_shows_every_picture() -> None:
    if ACCEPT:
        PAGE.write_text(gallery_page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == gallery_page()
    assert {path.stem for path in GOLDEN.glob("*.svg") if not path.stem.endswith("-changed")} == {
        e.name for e in GALLERY
    }
    assert len(GALLERY) >= 40
