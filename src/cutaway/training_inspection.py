"""`check` for what was logged in a training: its findings, in the form of those of models."""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.finding import Check, Finding
from cutaway.graph import Graph
from cutaway.training.checks import TRAINING_CHECKS
from cutaway.training.checks.finding import TrainingCheck
from cutaway.training.checks.logs import trainings
from cutaway.training.checks.records import Records
from cutaway.training.checks.run import run


def training_checks() -> tuple[Check, ...]:
    """The checks of trainings, as those of models are told."""
    return tuple(map(_check, TRAINING_CHECKS))


def inspect_training(path: str, checks: tuple[Check, ...]) -> tuple[Graph | None, list[Finding]]:
    """The model that trained, if it was recorded, and what some checks find in all trainings below a folder.

    Args:
        path: A folder with event files, or one of them.
        checks: Which checks run.

    Raises:
        ReadError: There are no event files.
    """
    chosen = {check.id for check in checks}
    wanted = [check for check in TRAINING_CHECKS if check.id in chosen]
    found = trainings(path)
    findings = [
        finding
        for name, records in found.items()
        for finding in _findings(records, wanted, f"{name}: " if len(found) > 1 else "")
    ]
    return next((records.graph for records in found.values() if records.graph is not None), None), findings


def _findings(records: Records, checks: list[TrainingCheck], name: str) -> Iterator[Finding]:
    for one in run(records, checks):
        yield Finding(one.check, one.severity, one.where, f"{name}{one.what}", one.why, one.do, (), one.step)


def _check(one: TrainingCheck) -> Check:
    return Check(one.id, one.name, one.severity, one.why, one.do, lambda _: (), one.manual)
