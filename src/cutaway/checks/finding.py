"""`Finding`, what a check says, and `Check`, how one is written down."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

from cutaway.checks.subject import Subject

Severity = Literal["error", "warning", "info"]

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
"""The gravest first. An error is certain and spoils what the model computes; a warning is most likely a mistake, or
costs something for nothing; an info is worth a look, and often meant."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check says about one place of a model.

    Attributes:
        check: Id of the check, such as ``"CA001"``.
        severity: How grave it is.
        where: Ids of the nodes or groups that it is about, the one to look at first; empty for the whole model.
        what: What was found there.
        why: Why that matters.
        do: What to do about it.
        at: The same nodes and groups in the graph that was looked at: indices, ~index for a group.
        step: Of a training, the step since when it is so.
    """

    check: str
    severity: Severity
    where: tuple[str, ...]
    what: str
    why: str
    do: str
    at: tuple[int, ...] = field(default=(), compare=False, repr=False)
    step: int | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A place that a check found, before it has words around it.

    Attributes:
        where: Indices of nodes, or ~index for a group; the one to look at first.
        what: What was found there.
        severity: How grave it is here, where that differs from what the check says.
    """

    where: tuple[int, ...]
    what: str
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One check. Its module holds nothing else, and the docstring of that is its manual.

    Attributes:
        id: ``"CA"`` with three digits; never given again to another check.
        name: Short name, as it can be written on a command line.
        severity: How grave its findings are, unless a finding says otherwise.
        why: Why it matters.
        do: What to do about it.
        find: Gives every place of a model where it is so.
        manual: What it looks for, with an example that is bad and one that is good.
        reads_values: Whether it reads the values of weights, and runs only where these are asked for.
    """

    id: str
    name: str
    severity: Severity
    why: str
    do: str
    find: Callable[[Subject], Iterable[Hit]]
    manual: str
    reads_values: bool = False

    @property
    def title(self) -> str:
        """What it looks for, in a line."""
        return self.manual.partition("\n")[0].rstrip(".")
