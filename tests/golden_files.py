"""Golden files: what is drawn now beside what was accepted, byte for byte.

On a difference the new picture is left beside the old one as ``…-changed.svg``: look at both. `scripts/golden`
accepts what is drawn now.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ACCEPT = os.environ.get("CUTAWAY_GOLDEN") == "accept"


def check_golden(path: Path, svg: str) -> None:
    """Fail where a picture is drawn differently now."""
    changed = path.with_name(f"{path.stem}-changed.svg")
    changed.unlink(missing_ok=True)
    if ACCEPT:
        path.write_text(svg, encoding="utf-8")
    if not path.exists() or path.read_text(encoding="utf-8") != svg:
        changed.write_text(svg, encoding="utf-8")
        pytest.fail(f"{path.name} is drawn differently now; compare it with {changed.name}")
