"""`RESULTS.md`: one section per benchmark, replaced when it runs again, with the machine and the versions."""

from __future__ import annotations

import argparse
import os
import platform
import re
import tempfile
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PAGE = Path(__file__).with_name("RESULTS.md")
HEAD = """# Results

Each section is written by the script that it is named after, and replaced when that script runs again. Rows that miss
their target are kept as they are.
"""


def machine() -> str:
    """Cores, processor, memory and system, in words; nothing that tells one machine of a kind from another."""
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8") if Path("/proc/cpuinfo").exists() else ""
    found = re.search(r"model name\s*:\s*(.+)", text)
    processor = found.group(1) if found else platform.processor() or platform.machine()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores ({processor}), {memory:.0f} GiB, {platform.system()}"


def versions(packages: Iterable[str]) -> str:
    """Python and packages with their versions, in words; a package that is missing is left out."""
    found = [f"Python {platform.python_version()}"]
    for package in packages:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; columns after the first stand to the right."""
    lines = [f"| {' | '.join(headings)} |", "|---|" + "--:|" * (len(headings) - 1)]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines)


def verdict(value: float, most: float, unit: str) -> str:
    """A target that must not be passed, and whether it was."""
    return f"≤ {most:g} {unit}: {'reached' if value <= most else 'MISSED'}"


def ratio_verdict(ratio: float, least: float) -> str:
    """A ratio with its target, and whether it was reached."""
    return f"{ratio:.1f} × (target {least:g} ×: {'reached' if ratio >= least else 'MISSED'})"


def parts_parser(words: str | None, parts: Iterable[str], *, rounds: int) -> argparse.ArgumentParser:
    """The command line of a benchmark that has several parts.

    Args:
        words: What it measures.
        parts: Names of its parts.
        rounds: Processes for each row, unless the caller says otherwise.
    """
    parser = argparse.ArgumentParser(description=words, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=rounds, help="processes for each row (default: %(default)s)")
    parser.add_argument("--only", nargs="+", choices=list(parts), help="print some parts, and write nothing")
    parser.add_argument(
        "--work", type=Path, default=Path(tempfile.gettempdir()) / "cutaway-benchmarks", help="folder for models"
    )
    return parser


def report(only: Sequence[str] | None, name: str, body: str, packages: Iterable[str]) -> None:
    """Print some parts alone, or write the section of all of them."""
    if only:
        print(body)
    else:
        write_section(name, body, packages)


def write_section(name: str, body: str, packages: Iterable[str]) -> None:
    """Replace a section of the page, or add it; print it too.

    Args:
        name: The script, which is the heading.
        body: Markdown below the line about machine and versions.
        packages: Whose versions matter here.
    """
    load = os.getloadavg()[0]
    facts = (
        f"{datetime.now(UTC):%Y-%m-%d}; {machine()}; {versions(packages)}; "
        f"load of the machine at the end, this benchmark included: {load:.1f}."
    )
    section = f"## {name}\n\n{facts}\n\n{body.strip()}\n"
    print(section)
    sections = {}
    if PAGE.exists():
        parts = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
        sections = {part.split("\n", 1)[0]: f"## {part.rstrip()}\n" for part in parts[1:]}
    sections[name] = section
    PAGE.write_text("\n".join([HEAD, *(sections[key] for key in sorted(sections))]), encoding="utf-8")
