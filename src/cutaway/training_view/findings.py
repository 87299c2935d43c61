"""What the checks of trainings find in the runs that are shown."""

from __future__ import annotations

from typing import Any, Final

from cutaway.explorer.session import shown_lines
from cutaway.explorer.text import shown as safe
from cutaway.training.checks import TRAINING_CHECKS
from cutaway.training.checks.logs import trainings_of
from cutaway.training.checks.run import run
from cutaway.training_view.logs import Logs

MOST: Final = 2_000
"""Findings of one answer; those behind them are counted."""

_WHERE = 50
"""Places of one finding that are named."""

_NAMES = {check.id: check.name for check in TRAINING_CHECKS}


def findings(logs: Logs, runs: list[int]) -> dict[str, Any]:
    """What is found in the trainings that some runs are parts of, training by training, the gravest first.

    Args:
        logs: The logs.
        runs: Numbers of the runs.
    """
    chosen = {logs.shown[index].run.name: logs.shown[index].run for index in runs}
    told = []
    for training, records in trainings_of(chosen).items():
        for one in run(records, TRAINING_CHECKS):
            told.append(
                {
                    "training": safe(training),
                    "check": one.check,
                    "name": _NAMES[one.check],
                    "severity": one.severity,
                    "where": [safe(place) for place in one.where[:_WHERE]],
                    "step": one.step,
                    "what": shown_lines(one.what),
                    "why": shown_lines(one.why),
                    "do": shown_lines(one.do),
                }
            )
    return {"findings": told[:MOST], "left_out": max(0, len(told) - MOST)}
