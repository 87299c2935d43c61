"""`check` and `Report`: what is likely to be wrong with a model, as text, as data, and for tools of review (SARIF)."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from cutaway import __version__
from cutaway.checks import CHECKS
from cutaway.checks.finding import SEVERITIES, Check, Finding, Severity
from cutaway.checks.run import run
from cutaway.checks.subject import Subject
from cutaway.errors import MissingExtra, OptionError, ReadError
from cutaway.graph.build import GraphBuilder
from cutaway.graph.model import Graph, Weight
from cutaway.readers import locate, read
from cutaway.readers.keras.compiled import compiled, compiled_live
from cutaway.readers.source import Source
from cutaway.style.measure import clean
from cutaway.training_view.opening import is_log

if TYPE_CHECKING:
    from cutaway.checks.weight_values import Values

SCHEMA = 1
"""Version of the JSON form; it grows when a program that reads the old one could misread the new one."""

_SHOWN = 8
"""Places of one kind of finding that the text lists."""

_MOST_VALUES = 1 << 25
"""Elements of a weight that are read to look at its values: 128 MB of float32; larger ones are not looked at."""

_LEVELS: Mapping[Severity, str] = {"error": "error", "warning": "warning", "info": "note"}
_SARIF = "https://json.schemastore.org/sarif-2.1.0.json"


@dataclass(frozen=True, eq=False)
class Report:
    """What checks found in a model; printing it shows it.

    Attributes:
        graph: The model.
        checks: The checks that ran.
        findings: What they found, the gravest first.
        path: The file or folder that the model came from; empty for a live model.
        hidden: How many findings were less grave than was asked for.
        unread: How many weights were asked for whose values could not be read.
    """

    graph: Graph
    checks: tuple[Check, ...]
    findings: tuple[Finding, ...]
    path: str = ""
    hidden: int = 0
    unread: int = 0

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    @property
    def counts(self) -> dict[Severity, int]:
        """How many findings there are of each severity."""
        found: dict[Severity, int] = dict.fromkeys(SEVERITIES, 0)
        for finding in self.findings:
            found[finding.severity] += 1
        return found

    def reaches(self, severity: Severity) -> bool:
        """Whether anything was found that is as grave as this, or graver.

        Raises:
            OptionError: There is no such severity.
        """
        grave = SEVERITIES[: SEVERITIES.index(_severity(severity)) + 1]
        return any(finding.severity in grave for finding in self.findings)

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"{clean(self.graph.name)} ({self.graph.format}): {self._totals()}"
        if self.unread:
            yield f"the values of {self.unread:,} weights could not be read, or are too large to be looked at"
        names = {check.id: check for check in self.checks}
        for (severity, id), findings in _by_kind(self.findings).items():
            yield ""
            yield f"{severity} {id} {names[id].name}: {names[id].title}"
            for finding in findings[:_SHOWN]:
                yield f"  - {clean(finding.what)}"
            if len(findings) > _SHOWN:
                yield f"  - and {len(findings) - _SHOWN:,} more"
            yield f"  why: {findings[0].why}"
            yield f"  do:  {findings[0].do}"

    def _totals(self) -> str:
        counts = self.counts
        told = [
            f"{counts[severity]:,} {severity}{'' if counts[severity] == 1 or severity == 'info' else 's'}"
            for severity in SEVERITIES
            if counts[severity]
        ]
        hidden = f", {self.hidden:,} less grave not shown" if self.hidden else ""
        return f"{', '.join(told) or 'nothing found'} by {len(self.checks)} checks{hidden}"

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain JSON values, of the form that ``docs/contract.md`` describes."""
        return {
            "schema": SCHEMA,
            "model": {"name": self.graph.name, "format": self.graph.format, "path": self.path},
            "counts": self.counts,
            "hidden": self.hidden,
            "unread": self.unread,
            "checks": [check.id for check in self.checks],
            "findings": [
                {
                    "check": finding.check,
                    "severity": finding.severity,
                    "where": list(finding.where),
                    "what": finding.what,
                    "why": finding.why,
                    "do": finding.do,
                    **({} if finding.step is None else {"step": finding.step}),
                }
                for finding in self.findings
            ],
        }

    def to_sarif(self) -> dict[str, Any]:
        """All of it in the form of SARIF 2.1.0, which tools of code review read."""
        places = {check.id: at for at, check in enumerate(self.checks)}
        return {
            "$schema": _SARIF,
            "version": "2.1.0",
            "runs": [
                {
                    "tool": {
                        "driver": {
                            "name": "cutaway",
                            "version": __version__,
                            "rules": [_rule(check) for check in self.checks],
                        }
                    },
                    "results": [self._result(finding, places[finding.check]) for finding in self.findings],
                }
            ],
        }

    def _result(self, finding: Finding, rule: int) -> dict[str, Any]:
        place: dict[str, Any] = {}
        if self.path:
            place["physicalLocation"] = {
                "artifactLocation": {"uri": quote(os.fsencode(PurePath(self.path).as_posix()))},
                "region": {"startLine": 1},  # a model has no lines, and some readers of SARIF show no result without
            }
        if finding.where:
            place["logicalLocations"] = [{"fullyQualifiedName": id, "kind": "element"} for id in finding.where[:_SHOWN]]
        result: dict[str, Any] = {
            "ruleId": finding.check,
            "ruleIndex": rule,
            "level": _LEVELS[finding.severity],
            "message": {"text": f"{finding.what}. {finding.why} {finding.do}"},
        }
        if place:
            result["locations"] = [place]
        return result


def _rule(check: Check) -> dict[str, Any]:
    return {
        "id": check.id,
        "name": check.name,
        "shortDescription": {"text": check.title},
        "fullDescription": {"text": check.why},
        "help": {"text": f"{check.do}\n\n{check.manual.strip()}"},
        "defaultConfiguration": {"level": _LEVELS[check.severity]},
    }


def _by_kind(findings: Sequence[Finding]) -> dict[tuple[Severity, str], list[Finding]]:
    found: dict[tuple[Severity, str], list[Finding]] = {}
    for finding in findings:
        found.setdefault((finding.severity, finding.check), []).append(finding)
    return found


def check(
    source: object,
    *,
    ignore: Collection[str] = (),
    only: Collection[str] = (),
    severity: Severity = "info",
    weights: bool = False,
    input_shape: Any = None,
    inputs: Any = None,
    signature: str | None = None,
    raw: bool = False,
) -> Report:
    """Look for flaws of a model that can be seen without training it, and for those of a training that was recorded.

    Args:
        source: Path of a file or folder, a live model, or a `Graph`; of a folder of event files, what was logged is
            looked at, and the model where it was recorded.
        ignore: Checks that do not run, by id or name.
        only: The only checks that run, by id or name; empty for all.
        severity: The least grave findings that are kept: ``"error"``, ``"warning"`` or ``"info"``.
        weights: Whether the values of the weights are read from the file and looked at too.
        input_shape: Shape of the model's input, the batch included, for a model that was never built.
        inputs: Input specification of a live model that takes more than one tensor.
        signature: Entry point that is looked at, for files that hold several; None for the serving one.
        raw: Whether everything in the file is looked at as it stands, plumbing included.

    Returns:
        What was found. A model of which nothing is wrong has an empty list of findings.

    Raises:
        ReadError: The input is damaged, unsafe, or not a model.
        UnbuiltModel: A live model has no shapes yet, and none are given.
        OptionError: There is no such check or severity, or values are asked for that no file holds.
    """
    of_model = _chosen(CHECKS, ignore=ignore, only=only)
    worst = SEVERITIES.index(_severity(severity))
    path = os.fspath(source) if isinstance(source, str | os.PathLike) else ""
    if weights and not path:
        raise OptionError("weights=True reads the values from a file; expected a path, received an object in memory")
    is_logged = bool(path) and is_log(path)
    of_trainings = _chosen(_checks_of_trainings(), ignore=ignore, only=only) if is_logged else ()
    logged, trained = _inspected(path, of_trainings) if is_logged else (None, [])
    try:
        graph = (
            source
            if isinstance(source, Graph)
            else logged or read(source, input_shape=input_shape, inputs=inputs, signature=signature, raw=raw)
        )
    except ReadError:
        if not is_logged:
            raise
        graph = GraphBuilder(PurePath(path).name or path, "events").build()  # numbers were logged, and no graph
    held = locate(path) if path and not is_logged else None
    settings = compiled_live(source) if held is None else compiled(held)
    with _ValuesOf(held) if held is not None and weights else nullcontext() as values:
        of_model = tuple(each for each in of_model if values is not None or not each.reads_values)
        flaws = run(Subject(graph, settings, values), of_model)
    found = sorted([*trained, *flaws], key=lambda one: SEVERITIES.index(one.severity))
    kept = tuple(finding for finding in found if SEVERITIES.index(finding.severity) <= worst)
    unread = 0 if values is None else len(values.unread)
    return Report(graph, (*of_model, *of_trainings), kept, path, len(found) - len(kept), unread)


def _severity(name: Severity) -> Severity:
    if name not in SEVERITIES:
        raise OptionError(f"severity must be one of {', '.join(SEVERITIES)}; received {name!r}")
    return name


def all_checks() -> tuple[Check, ...]:
    """Every check, of models and then of trainings, by id."""
    return (*CHECKS, *_checks_of_trainings())


@cache
def _checks_of_trainings() -> tuple[Check, ...]:
    from cutaway.training_inspection import training_checks  # takes longer to load than a model to check

    return training_checks()


def _inspected(path: str, checks: tuple[Check, ...]) -> tuple[Graph | None, list[Finding]]:
    """The model in a log, if it was recorded, and what was found in the trainings."""
    from cutaway.training_inspection import inspect_training

    return inspect_training(path, checks)


def _chosen(checks: Sequence[Check], *, ignore: Collection[str], only: Collection[str]) -> tuple[Check, ...]:
    """Those of some checks that run, in their order.

    Raises:
        OptionError: A name is that of no check.
    """
    left_out, wanted = _ids("ignore", ignore), _ids("only", only)
    return tuple(each for each in checks if each.id not in left_out and (not only or each.id in wanted))


def _ids(option: str, names: Collection[str]) -> set[str]:
    """Ids of the checks that names mean, which may be ids already."""
    if isinstance(names, str):
        raise OptionError(f"{option} takes a list of checks; received the text {names!r}; say [{names!r}]")
    known = _by_name(CHECKS)
    if not known.keys() >= set(names):
        known = _by_name(all_checks())
    for name in names:
        if name not in known:
            told = ", ".join(f"{each.id} {each.name}" for each in all_checks())
            raise OptionError(f"{option}: there is no check {name!r}; there are {told}")
    return {known[name] for name in names}


def _by_name(checks: Sequence[Check]) -> dict[str, str]:
    """Ids of checks by their ids and names."""
    return {name: each.id for each in checks for name in (each.id, each.name)}


class _ValuesOf:
    """Values of the weights in a file; what cannot be read is asked for once.

    Args:
        source: The file.

    Attributes:
        unread: Ids of weights whose values cannot be read, or are too large to be looked at as a whole.
    """

    def __init__(self, source: Source) -> None:
        from cutaway.readers.values import ValueReader  # needs NumPy, and few ask for values

        self.unread: set[str] = set()
        self._reader = ValueReader(source)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.__exit__()

    def __call__(self, weight: Weight) -> Values | None:
        if weight.id in self.unread:
            return None
        try:
            if weight.parameters <= _MOST_VALUES:
                return self._reader.read(weight)
        except (ReadError, OptionError, MissingExtra):
            pass
        self.unread.add(weight.id)
        return None


def list_of_checks() -> str:
    """Every check in a line: id, severity, name, and what it looks for."""
    rows = [(each.id, each.severity, each.name, each.title) for each in all_checks()]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, [*widths, 0], strict=True)) for row in rows]
    return "\n".join([*lines, ""])


def to_text(report: Report) -> str:
    """The report to read."""
    return f"{report}\n"


def to_json(report: Report) -> str:
    """The report as JSON."""
    return json.dumps(report.to_dict(), indent=1) + "\n"


def to_sarif(report: Report) -> str:
    """The report as SARIF."""
    return json.dumps(report.to_sarif(), indent=1) + "\n"


FORMATS: Mapping[str, Callable[[Report], str]] = {"text": to_text, "json": to_json, "sarif": to_sarif}
"""Every form in which a report can be written."""
