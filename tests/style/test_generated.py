"""The generated table of widths is what its script writes."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from fontTools.ttLib import TTFont

from cutaway.style import widths

ROOT = Path(__file__).resolve().parents[2]
INTER = Path("/usr/share/fonts/opentype/inter")


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_fonts", ROOT / "scripts" / "make_fonts.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(not INTER.exists(), reason="Inter is not installed here (Debian: fonts-inter) to make the table of")
def test_widths_are_what_the_script_writes() -> None:
    make_fonts = script()
    sources = {weight: TTFont(INTER / f"Inter-{style}.otf") for weight, style in make_fonts.WEIGHTS.items()}
    text = make_fonts.characters(set.intersection(*(set(source.getBestCmap()) for source in sources.values())))
    advances = {weight: [make_fonts.advance(source, char) for char in text] for weight, source in sources.items()}
    for source in sources.values():
        source.close()
    assert make_fonts.table_module(text, advances) == Path(widths.__file__).read_text(encoding="ascii")
