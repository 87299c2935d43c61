"""Measures of a drawing that its pictures and the explorer share."""

from __future__ import annotations

WIRE = 1.3
"""Width of a wire in px."""

SMALLEST_SCALE = 0.002
"""Scale on the page below which a group is drawn as a solid box: its text would be under 0.03 px."""

TINT = 0.4
"""Share of a family's colour in the box of a layer that is drawn with its inside."""
