"""Write docs/checks.md from the checks themselves, with ``python scripts/make_checks.py``; a test asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cutaway.checks import CHECKS
from cutaway.checks.finding import Check

PAGE = Path(__file__).resolve().parent.parent / "docs" / "checks.md"

_HEAD = """\
# Checks

What `cutaway check` and `cutaway.check` look for. \
This page is written by `scripts/make_checks.py` from the manual of each check.

An **error** is certain and spoils what the model computes. A **warning** is most likely a mistake, or \
costs something for nothing. An **info** is worth a look, and often meant. \
A finding may be more or less grave than its check, where the manual says so.

Each check is switched off by its id or name: `--ignore CA020`, `ignore=["bias-before-normalization"]`.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *_table(), "", *(line for check in CHECKS for line in _section(check))]).rstrip() + "\n"


def _table() -> Iterator[str]:
    yield "| check | severity | what it looks for |"
    yield "|---|---|---|"
    for check in CHECKS:
        yield f"| [{check.id}](#{check.id.lower()}-{check.name}) | {check.severity} | {check.title} |"


def _section(check: Check) -> Iterator[str]:
    yield f"## {check.id} {check.name}"
    yield ""
    yield f"{check.title}. *{check.severity.capitalize()}*{'; only with `--weights`' if check.reads_values else ''}."
    yield ""
    yield "```text"
    yield from check.manual.strip().partition("\n")[2].strip().split("\n")
    yield "```"
    yield ""
    yield f"{check.why} **What to do:** {check.do}"
    yield ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
