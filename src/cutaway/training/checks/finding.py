"""`TrainingFinding`, what a check of a training says, and `TrainingCheck`, how one is written down."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from cutaway.training.checks.records import Records

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class TrainingFinding:
    """What a check says about one place of a training.

    Attributes:
        check: Id of the check, such as ``"CT001"``.
        severity: How grave it is.
        where: Ids of nodes or groups of the model that it is about; empty for the training as a whole.
        step: The step at which it is so first; None where it is about no step.
        what: What was found there.
        why: Why that matters.
        do: What to try.
    """

    check: str
    severity: Severity
    where: tuple[str, ...]
    step: int | None
    what: str
    why: str
    do: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A place that a check found, before it has words around it.

    Attributes:
        where: Ids of nodes or groups; empty for the training as a whole.
        step: The step at which it is so first.
        what: What was found there.
        severity: How grave it is here, where that differs from what the check says.
    """

    where: tuple[str, ...]
    step: int | None
    what: str
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class TrainingCheck:
    """One check of a training. Its module holds nothing else, and the docstring of that is its manual.

    Attributes:
        id: ``"CT"`` with three digits; never given again to another check.
        name: Short name, as it can be written on a command line.
        severity: How grave its findings are, unless a finding says otherwise.
        why: Why it matters.
        do: What to try.
        find: Gives every place of a training where it is so.
        manual: What it looks for, in which records, with an example that is bad and one that is good.
    """

    id: str
    name: str
    severity: Severity
    why: str
    do: str
    find: Callable[[Records], Iterable[Hit]]
    manual: str
