"""Values are cast to a narrower type and back.

Bad:   float32 -> Cast(float16) -> Cast(float32)
Good:  float32 all the way
Also:  to a wider type and back loses nothing, and between whole numbers and others it may be meant: an info.
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject
from cutaway.graph.model import BITS_OF_DTYPE

_CASTS = ("Cast", "CAST")


def _find(subject: Subject) -> Iterator[Hit]:
    for node in subject.of(_CASTS):
        source = subject.source(node)
        if source is None or subject.op(source) not in _CASTS:
            continue
        before = subject.sources(source)
        there, back = subject.dtype(source), subject.dtype(node)
        if len(before) != 1 or not back or subject.dtype(before[0]) != back or there == back:
            continue
        harmless = BITS_OF_DTYPE.get(there, 0) > BITS_OF_DTYPE.get(back, 0) or ("float" in there) != ("float" in back)
        text = f"{back} becomes {there} in {subject.name(source)} and {back} again in {subject.name(node)}"
        yield Hit((source, node), text, "info" if harmless else None)


CHECK = Check(
    id="CA040",
    name="dtype-there-and-back",
    severity="warning",
    why="What the narrower type cannot hold is lost, and both casts cost time.",
    do="Remove both casts.",
    find=_find,
    manual=__doc__ or "",
)
