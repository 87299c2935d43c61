"""`to_mermaid`: a graph as a flowchart of Mermaid, which GitHub, GitLab and many editors draw, with subgraphs."""

from __future__ import annotations

import re
from collections.abc import Iterable

from cutaway.exporters.sketch import Sketch

MOST_EDGES = 500
MOST_CHARACTERS = 50_000
"""What Mermaid draws unless its ``maxEdges`` and ``maxTextSize`` are set higher, which a diagram cannot do itself."""

_SPECIAL = re.compile(r"[^\w ,()/×…]|(?<![^\W_])_|_(?![^\W_])")


def to_mermaid(sketch: Sketch) -> str:
    """Write a graph as a flowchart; equal sketches give equal texts."""
    look = sketch.look
    lines, classes = [f"flowchart {look.direction}"], dict[tuple[str, str], list[str]]()
    for step in sketch.walk():
        indent = "  " * (step.depth + 1)
        if step.kind == "open":
            lines.append(f"{indent}subgraph s{step.item}[{_label([sketch.title(step.item)])}]")
        elif step.kind == "close":
            lines.append(f"{indent}end")
        else:
            name = _name(step.item)
            lines.append(f"{indent}{name}[{_label(sketch.texts(step.item))}]")
            classes.setdefault(sketch.colours(step.item), []).append(name)
    edges = [
        f"  {_name(line.source)} {'-.->' if line.control else '-->'} {_name(line.target)}" for line in sketch.lines()
    ]
    lines += edges
    for at, ((fill, stroke), names) in enumerate(classes.items()):
        lines.append(f"  classDef c{at} fill:{fill},stroke:{stroke},color:{look.ink}")
        lines.append(f"  class {','.join(names)} c{at}")
    text = "\n".join([*lines, ""])
    return _note(len(edges), len(text)) + text


def _note(edges: int, characters: int) -> str:
    """A comment where Mermaid would refuse to draw."""
    if edges <= MOST_EDGES and characters <= MOST_CHARACTERS:
        return ""
    return (
        f"%% {edges:,} edges, {characters:,} characters. Mermaid draws {MOST_EDGES} edges and {MOST_CHARACTERS:,} "
        f"characters unless the page sets its maxEdges and maxTextSize higher; with less depth there is less to draw.\n"
    )


def _name(box: int) -> str:
    return f"n{box}" if box >= 0 else f"g{~box}"


def _label(lines: Iterable[str]) -> str:
    """A quoted label. All but letters and digits are written as codes, since Mermaid looks for much within quotes."""
    text = "<br>".join(_SPECIAL.sub(lambda found: f"#{ord(found[0])};", line.strip()) for line in lines)
    return f'"{text or " "}"'
