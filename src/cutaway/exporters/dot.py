"""`to_dot`: a graph for Graphviz, with groups as clusters."""

from __future__ import annotations

from collections.abc import Iterable

from cutaway.exporters.sketch import Sketch, shown

_FONT = "Inter,Helvetica,Arial,sans-serif"
_LONGEST = 12_000  # bytes of a label: older versions of Graphviz read no text of more than 16,384


def to_dot(sketch: Sketch) -> str:
    """Write a graph in the language of Graphviz; equal sketches give equal texts."""
    look = sketch.look
    lines = [
        f"digraph {_quoted(sketch.graph.name)} {{",
        f'  graph [rankdir={look.direction}, fontname="{_FONT}", fontsize=12, style="rounded,filled", '
        f'fillcolor="{look.group_fill}", color="{look.group_stroke}"]',
        f'  node [shape=box, style="rounded,filled", fontname="{_FONT}", fontsize=11, fontcolor="{look.ink}", '
        f'height=0.3, margin="0.12,0.06"]',
        f'  edge [color="{look.wire}", arrowsize=0.6]',
    ]
    for step in sketch.walk():
        indent = "  " * (step.depth + 1)
        if step.kind == "open":
            lines.append(f"{indent}subgraph cluster_{step.item} {{")
            lines.append(f"{indent}  label={_label([sketch.title(step.item)])}")
            lines.append(f"{indent}  tooltip={_label([sketch.id(~step.item)])}")
        elif step.kind == "close":
            lines.append(f"{indent}}}")
        else:
            fill, stroke = sketch.colours(step.item)
            lines.append(
                f"{indent}{_name(step.item)} [label={_label(sketch.texts(step.item))}, "
                f'tooltip={_label([sketch.id(step.item)])}, fillcolor="{fill}", color="{stroke}"]'
            )
    for line in sketch.lines():
        style = " [style=dashed]" if line.control else ""
        lines.append(f"  {_name(line.source)} -> {_name(line.target)}{style}")
    return "\n".join([*lines, "}", ""])


def _name(box: int) -> str:
    return f"n{box}" if box >= 0 else f"g{~box}"


def _quoted(text: str) -> str:
    """A text that is shown as it stands: in a name a backslash escapes quotes alone."""
    safe = shown(text).replace("\\", "/").replace('"', '\\"')
    return f'"{safe}"'


def _label(lines: Iterable[str]) -> str:
    """Lines of a label, in which Graphviz takes backslashes for escapes and ampersands for entities."""
    kept: list[str] = []
    left = _LONGEST
    for line in lines:
        escaped = line.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
        left -= len(escaped.encode()) + 2
        if left < 0:
            kept.append("…")
            break
        kept.append(escaped)
    return '"' + "\\n".join(kept) + '"'
