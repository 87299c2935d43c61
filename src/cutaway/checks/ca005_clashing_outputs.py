"""Outputs of the model have the same name, or are the same tensor twice.

Bad:   outputs: "score", "score"
Good:  outputs: "score", "box"
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.finding import Check, Hit, Severity
from cutaway.checks.subject import Subject


def _find(subject: Subject) -> Iterator[Hit]:
    names: dict[str, int] = {}
    made: dict[tuple[int, int], str] = {}
    for port in subject.graph.outputs:
        if port.name and port.name in names and names[port.name] != port.node:
            both = (port.node, names[port.name])
            severity: Severity | None = "info" if subject.graph.format == "tflite" else None  # read by position there
            yield Hit(both, f"two outputs have the name {port.name!r}", severity)
        names.setdefault(port.name, port.node)
        key = (port.node, port.port)
        if key in made:
            text = f"the outputs {made[key]!r} and {port.name!r} are the same tensor, of {subject.name(port.node)}"
            yield Hit((port.node,), text, "info")
        made.setdefault(key, port.name)


CHECK = Check(
    id="CA005",
    name="clashing-outputs",
    severity="warning",
    why=(
        "Results, losses and metrics are handed out by name: one hides the other, or the order alone tells them apart."
    ),
    do="Give each output a name of its own.",
    find=_find,
    manual=__doc__ or "",
)
