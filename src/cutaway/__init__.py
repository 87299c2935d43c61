"""cutaway shows the inside of TensorFlow models.

The names below are all that is promised; each is loaded when it is first asked for, so that
``import cutaway`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cutaway.errors import CutawayError
    from cutaway.explorer.shown import Shown, show
    from cutaway.picture import Picture, plot_model
    from cutaway.readers import read
    from cutaway.tables import summary

__version__ = "0.1.0"
__all__ = ["CutawayError", "Picture", "plot_model", "read", "show", "Shown", "summary"]

_HOMES = {
    "CutawayError": "cutaway.errors",
    "Picture": "cutaway.picture",
    "plot_model": "cutaway.picture",
    "read": "cutaway.readers",
    "show": "cutaway.explorer.shown",
    "Shown": "cutaway.explorer.shown",
    "summary": "cutaway.tables",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'cutaway' has no attribute {name!r}; it has {', '.join(__all__)}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
