"""Two weights of different names are the same bytes of the file.

Bad:   encoder/kernel and decoder/kernel at one place
Good:  one weight that both share, or two
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject
from cutaway.graph.model import Weight
from cutaway.graph.walk import weights_once

_LARGE = 4096


def _find(subject: Subject) -> Iterator[Hit]:
    placed = [weight.location for weight in subject.graph.weights if weight.location is not None]
    if len(set(placed)) == len(placed):
        return
    first: dict[tuple[str, str, tuple[int, ...]], tuple[int, Weight]] = {}
    for node, weight in weights_once(subject.graph):
        if weight.location is None or weight.bytes < _LARGE:
            continue
        other, twin = first.setdefault((weight.location, weight.dtype, weight.shape), (node, weight))
        if twin is not weight:
            yield Hit((node, other), f"{weight.id} and {twin.id} are the same {weight.bytes:,} bytes")


CHECK = Check(
    id="CA051",
    name="weight-stored-twice",
    severity="info",
    why="Either they are meant to be shared, and the names hide it; or a mistake while saving has made them one.",
    do="Share the layer if it is meant. Small equal constants are stored once by many converters and are not told.",
    find=_find,
    manual=__doc__ or "",
)
