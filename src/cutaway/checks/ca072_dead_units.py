"""Some units of a layer have no weights left but zeros.

Bad:   kernel of 64 units, 20 of which are 0 throughout
Good:  each unit with weights of its own
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject

_LAYERS = ("Dense", "Conv1D", "Conv2D", "Conv3D")
_SHORT = 4
"""Units of fewer weights may have zeros by chance."""


def _find(subject: Subject) -> Iterator[Hit]:
    for look in subject.looks:
        weight = look.weight
        if subject.op(look.node) not in _LAYERS or not weight.name.endswith("kernel") or len(weight.shape) < 2:
            continue
        units = weight.shape[-1]
        if 0 < look.dead < units and look.size // units >= _SHORT:
            yield Hit((look.node,), f"{look.dead:,} of {units:,} units of {weight.id} have zeros only")


CHECK = Check(
    id="CA072",
    name="dead-units",
    severity="warning",
    why="What they compute is their bias, whatever comes in: they cost time for nothing.",
    do="If the model was pruned, remove them; if not, they died in training: lower the learning rate.",
    find=_find,
    manual=__doc__ or "",
    reads_values=True,
)
