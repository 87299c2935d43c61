"""`Watch`: the checks of a training that runs, in the thread that writes its records."""

from __future__ import annotations

import logging
import threading
import time
from array import array
from collections.abc import Mapping

import numpy as np

from cutaway.graph.model import Graph
from cutaway.training.checks import TRAINING_CHECKS
from cutaway.training.checks.finding import Severity, TrainingFinding
from cutaway.training.checks.records import Line, Records
from cutaway.training.checks.run import run
from cutaway.training.event_writer import EventWriter
from cutaway.training.writing import open_writer

TAG = "cutaway/findings"
"""Under which findings are written, as texts."""

_LOG = logging.getLogger("cutaway.training")

_READ = (
    "norm/gradients/", "zeros/gradients/", "norm/updates/", "ratio/updates/", "dead/", "saturation/", "nan/",
    "infinite/", "norm/weights/", "mean/weights/", "std/weights/", "mean/activations/", "std/activations/",
    "epoch_", "batch_loss",
)  # fmt: skip
"""Beginnings of the tags that checks read."""

_LONGEST = 2_000
"""Values of one tag that are kept; of longer series every second one, again and again."""

_LEAST_REST = 0.25
"""Seconds without checks between two times."""

_REST = 50
"""How many times as long as the checks took there are none: they cost 2 % of a core at most."""


class Watch:
    """Keeps what the checks need, looks at it now and then, and remembers what was found.

    Args:
        checks: Whether anything is looked for.

    Attributes:
        graph: The model, once it is known.
        findings: What was found, in the order in which it was.
    """

    def __init__(self, *, checks: bool = True) -> None:
        self.graph: Graph | None = None
        self.findings: list[TrainingFinding] = []
        self._checks = TRAINING_CHECKS if checks else ()
        self._kept: dict[str, dict[str, tuple[array[int], array[float]]]] = {"train": {}, "validation": {}}
        self._known: set[tuple[str, tuple[str, ...], str]] = set()
        self._rests_until = time.monotonic() + _LEAST_REST
        self._step = -1
        self._epoch_ends: dict[int, int] = {}
        self._fresh = False
        self._lock = threading.Lock()

    def opened(self, folder: str) -> EventWriter:
        """A writer of a folder, which tells what it writes."""
        writer = open_writer(folder)
        if self._checks:
            part = folder.rpartition("/")[2]
            writer.heard = lambda values, step, wall_time: self.take(part, values, step, writer, wall_time)
        return writer

    def take(self, part: str, values: Mapping[str, float], step: int, writer: EventWriter, wall_time: float) -> None:
        """Take values that are written, look, and write what was found beside them.

        The metrics of an epoch are looked at at once, those of the training being the last of them; what is recorded by
        step, when the next one comes.
        """
        ends_epoch = any(tag.startswith("epoch_") for tag in values)
        if ends_epoch and self._step >= 0:
            self._epoch_ends.setdefault(step, self._step)
        if not ends_epoch and step > self._step:  # all of the step before is there now
            self._step = step
            if time.monotonic() >= self._rests_until:
                self._write(self.look(), writer, step, wall_time)
        self._keep(part, values, step)
        if ends_epoch and part == "train":
            self._write(self.look(), writer, step, wall_time)

    def _keep(self, part: str, values: Mapping[str, float], step: int) -> None:
        self._fresh = True
        kept = self._kept.setdefault(part, {})
        for tag, value in values.items():
            if tag.startswith(_READ):
                steps, line = kept.setdefault(tag, (array("q"), array("d")))
                if steps and step <= steps[-1]:
                    continue  # a training that went on from an earlier step: what was seen stays
                steps.append(step)
                line.append(value)
                if len(steps) > _LONGEST:
                    kept[tag] = (steps[::2], line[::2])

    def finish(self, writer: EventWriter, step: int, wall_time: float) -> None:
        """Look at what came since the last look, at the end of a training."""
        if self._fresh:
            self._write(self.look(), writer, step, wall_time)

    def _write(self, fresh: list[TrainingFinding], writer: EventWriter, step: int, wall_time: float) -> None:
        for finding in fresh:
            writer.text(TAG, in_words(finding), step if finding.step is None else finding.step, wall_time=wall_time)

    def look(self) -> list[TrainingFinding]:
        """Run the checks now; what is new, each place once, unless it has become graver."""
        begun = time.monotonic()
        with self._lock:
            self._fresh, fresh = False, []
            for finding in run(self._records(), self._checks):
                key = (finding.check, finding.where, finding.severity)
                if key not in self._known:
                    self._known.add(key)
                    fresh.append(finding)
                    _LOG.log(logging.INFO if finding.severity == "info" else logging.WARNING, "%s", in_words(finding))
            self.findings += fresh
        now = time.monotonic()
        self._rests_until = now + max(_LEAST_REST, _REST * (now - begun))
        return fresh

    def grave(self, severity: Severity) -> TrainingFinding | None:
        """The first finding that is as grave, or graver."""
        grave: tuple[Severity, ...] = ("error",) if severity == "error" else ("error", "warning")
        return next((finding for finding in list(self.findings) if finding.severity in grave), None)

    def _records(self) -> Records:
        lines = {
            part: {
                tag: Line(np.array(steps, np.int64), np.array(line), by_epoch=tag.startswith("epoch_"))
                for tag, (steps, line) in kept.items()
            }
            for part, kept in self._kept.items()
        }
        return Records(self.graph, lines["train"], lines["validation"], self._epoch_ends)


def in_words(finding: TrainingFinding) -> str:
    """A finding in one line."""
    return f"{finding.severity} {finding.check}: {finding.what}. {finding.do}"
