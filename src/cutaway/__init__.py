"""cutaway shows the inside of TensorFlow models.

The names below are all that is promised; each is loaded when it is first asked for, so that
``import cutaway`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # that of `typing` takes longer to import than all else here, and Ctrl-C may come meanwhile
if TYPE_CHECKING:
    from typing import Any

    from cutaway.comparison import Comparison, diff
    from cutaway.errors import CutawayError
    from cutaway.explorer.shown import Shown, show
    from cutaway.exporters.networkx import from_networkx
    from cutaway.figures import plot_chart
    from cutaway.inspection import Report, check
    from cutaway.measurement import Profile, profile
    from cutaway.networks import lay_out, to_networkx
    from cutaway.picture import Picture, plot_model
    from cutaway.readers import read
    from cutaway.running.outputs import Activations
    from cutaway.running.run import activations
    from cutaway.tables import summary
    from cutaway.training.recorder import Recorder

__version__ = "0.1.0"
__all__ = [
    "Activations", "activations", "check", "Comparison", "CutawayError", "diff", "from_networkx", "lay_out", "Picture",
    "plot_chart", "plot_model", "profile", "Profile", "read", "Recorder", "Report", "show", "Shown", "summary",
    "to_networkx",
]  # fmt: skip

_HOMES = {
    "Activations": "cutaway.running.outputs",
    "activations": "cutaway.running.run",
    "Comparison": "cutaway.comparison",
    "diff": "cutaway.comparison",
    "check": "cutaway.inspection",
    "CutawayError": "cutaway.errors",
    "from_networkx": "cutaway.exporters.networkx",
    "lay_out": "cutaway.networks",
    "Picture": "cutaway.picture",
    "plot_chart": "cutaway.figures",
    "plot_model": "cutaway.picture",
    "profile": "cutaway.measurement",
    "Profile": "cutaway.measurement",
    "read": "cutaway.readers",
    "Recorder": "cutaway.training.recorder",
    "Report": "cutaway.inspection",
    "show": "cutaway.explorer.shown",
    "Shown": "cutaway.explorer.shown",
    "summary": "cutaway.tables",
    "to_networkx": "cutaway.networks",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'cutaway' has no attribute {name!r}; it has {', '.join(__all__)}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
