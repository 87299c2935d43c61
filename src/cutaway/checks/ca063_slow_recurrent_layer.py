"""A recurrent layer has settings that the fast kernel of a GPU does not take.

Bad:   LSTM(64, recurrent_dropout=0.2), LSTM(64, activation="relu")
Good:  LSTM(64), GRU(64)
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject


def _find(subject: Subject) -> Iterator[Hit]:
    for node in subject.of(("LSTM", "GRU")):
        said = subject.graph.attributes[node]
        reasons = []
        if said.get("activation", "tanh") != "tanh":
            reasons.append(f"activation={said['activation']!r}")
        if said.get("recurrent_activation", "sigmoid") != "sigmoid":
            reasons.append(f"recurrent_activation={said['recurrent_activation']!r}")
        if said.get("recurrent_dropout"):
            reasons.append(f"recurrent_dropout={said['recurrent_dropout']}")
        if said.get("unroll") is True:
            reasons.append("unroll=True")
        if reasons:
            yield Hit((node,), f"{subject.name(node)} has {', '.join(reasons)}")


CHECK = Check(
    id="CA063",
    name="slow-recurrent-layer",
    severity="info",
    why=(
        "The fast kernel needs tanh, sigmoid and no recurrent dropout; any other runs step by step, ten times "
        "slower. relu inside a recurrence may also grow without bound."
    ),
    do="Use the default settings, with dropout between layers.",
    find=_find,
    manual=__doc__ or "",
)
