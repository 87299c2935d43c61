"""Golden pictures: each is drawn again and compared byte for byte. They are also the gallery."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gallery import GALLERY, Entry, gallery_page
from tests.golden_files import ACCEPT, check_golden

GOLDEN = Path(__file__).parent / "golden"
PAGE = Path(__file__).parents[1] / "docs" / "gallery.md"


@pytest.mark.parametrize("entry", GALLERY, ids=lambda entry: entry.name)
def test_picture(entry: Entry) -> None:
    check_golden(GOLDEN / f"{entry.name}.svg", entry.draw().svg)


def test_the_gallery_shows_every_picture() -> None:
    if ACCEPT:
        PAGE.write_text(gallery_page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == gallery_page()
    assert {path.stem for path in GOLDEN.glob("*.svg") if not path.stem.endswith("-changed")} == {
        e.name for e in GALLERY
    }
    assert len(GALLERY) >= 40
