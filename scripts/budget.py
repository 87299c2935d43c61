"""The size budget: a file has at most 600 lines, a function body at most 50.

Data is not code: a generated table and a literal that fills a whole module are exempt by name, with the reason.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("src", "scripts", "tests", "benchmarks", "examples")
FILE_LINES = 600
BODY_LINES = 50
GENERATED = {"src/cutaway/style/widths.py"}  # written by scripts/make_fonts.py


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function from its first statement on, its docstring not counted."""
    body = function.body
    if ast.get_docstring(function) is not None:
        body = body[1:]
    if not body:
        return 0
    return (body[-1].end_lineno or body[-1].lineno) - body[0].lineno + 1


def excesses(path: Path, name: str) -> Iterator[str]:
    """Everything in one file that is over the budget, in words."""
    text = path.read_text(encoding="utf-8")
    lines = text.count("\n")
    if lines > FILE_LINES:
        yield f"{name}: {lines} lines; at most {FILE_LINES}"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and body_lines(node) > BODY_LINES:
            yield f"{name}:{node.lineno}: the body of {node.name} has {body_lines(node)} lines; at most {BODY_LINES}"


def main() -> int:
    """Print what is over the budget; return 1 where anything is."""
    files = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
    named = ((path, path.relative_to(ROOT).as_posix()) for path in files)
    found = [line for path, name in named if name not in GENERATED for line in excesses(path, name)]
    print("\n".join(found) or f"size budget: {len(files)} files are within it")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
