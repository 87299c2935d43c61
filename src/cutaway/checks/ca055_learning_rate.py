"""The learning rate of a compiled model is unusual for its optimizer.

Bad:   Adam(learning_rate=0.1), SGD(learning_rate=2)
Good:  Adam(learning_rate=0.001), SGD(learning_rate=0.01)
Also:  above 0.01 for Adam and its like, or below 0.0000001, is an info; schedules are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject

_ADAPTIVE = ("adam", "adamw", "nadam", "adamax", "rmsprop", "lion")


def _find(subject: Subject) -> Iterator[Hit]:
    said = subject.compiled.get("optimizer") or subject.compiled.get("optimizer_config")
    settings = said.get("config") if isinstance(said, dict) else None
    if not isinstance(said, dict) or not isinstance(settings, dict):
        return
    name, rate = said.get("class_name"), settings.get("learning_rate")
    if not isinstance(name, str) or not isinstance(rate, int | float) or not 0 < rate < 1e9:
        return
    adaptive = name.lower() in _ADAPTIVE
    text = f"{name[:40]} has a learning rate of {rate:g}"
    if rate >= (0.1 if adaptive else 1.0):
        yield Hit((), text)
    elif rate < 1e-7 or (adaptive and rate > 0.01):
        yield Hit((), text, "info")


CHECK = Check(
    id="CA055",
    name="learning-rate",
    severity="warning",
    why="Where it is too high the loss jumps or becomes NaN, where it is too low nothing is learned.",
    do="Start with 0.001 for Adam and its like, 0.01 for SGD.",
    find=_find,
    manual=__doc__ or "",
)
