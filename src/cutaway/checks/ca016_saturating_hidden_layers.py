"""Three or more hidden layers in a row end with sigmoid or tanh.

Bad:   Dense("sigmoid") -> Dense("sigmoid") -> Dense("sigmoid")
Good:  Dense("relu") -> Dense("relu") -> Dense("relu")
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.families import activation_of
from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject

_LAYERS = ("Dense", "Conv1D", "Conv2D", "Conv3D")
_IN_A_ROW = 3
_SATURATING = ("sigmoid", "tanh", "hard_sigmoid", "softsign")


def _find(subject: Subject) -> Iterator[Hit]:
    chain: dict[int, tuple[int, ...]] = {}
    for node in subject.of(_LAYERS):
        if activation_of(subject, node) not in _SATURATING:
            continue
        source = subject.source(node)
        before = chain.get(-1 if source is None else source, ())
        if len(before) < _IN_A_ROW:  # a longer chain was told already
            chain[node] = (*before, node)
        if len(chain.get(node, ())) == _IN_A_ROW:
            names = ", ".join(map(subject.name, chain[node]))
            yield Hit(chain[node], f"{names} all end with {activation_of(subject, node)}")


CHECK = Check(
    id="CA016",
    name="saturating-hidden-layers",
    severity="info",
    why=(
        "The gradient of each is at most 0.25 (sigmoid) or 1 (tanh), and near 0 where it is saturated: through "
        "several of them it vanishes."
    ),
    do="Use relu, gelu or silu in hidden layers.",
    find=_find,
    manual=__doc__ or "",
)
