"""A recurrent layer has settings that the fast kernel of a GPU does not take.

Bad:   LSTM(64, recurrent_dropout=0.2), LSTM(64, activation="relu")
Good:  LSTM(64), GRU(64)
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject

_FAST = {"activation": "tanh", "recurrent_activation": "sigmoid", "recurrent_dropout": 0, "unroll": False}


def _find(subject: Subject) -> Iterator[Hit]:
    for node in subject.of(("LSTM", "GRU")):
        said = subject.attributes(node)
        reasons = []
        for name, fast in _FAST.items():
            found = said.get(name, fast)
            if found != fast:
                short = isinstance(found, int | float | str) and len(str(found)) < 40
                reasons.append(f"{name}={found!r}" if short else f"another {name}")
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
