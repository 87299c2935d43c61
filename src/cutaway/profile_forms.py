"""A profile as text, as a table for a terminal, as JSON and as CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cutaway.profiling.ranks import APART
from cutaway.profiling.runnable import PHASES
from cutaway.style.measure import clean, no_formula
from cutaway.style.quantities import count_words

if TYPE_CHECKING:
    from rich.table import Table

    from cutaway.measurement import Profile, Timing

SCHEMA = 1
"""Version of the JSON form; it grows when a program that reads the old one could misread the new one."""

TOP = 30
"""Rows of the table in a terminal; files hold all."""

_MOSTLY = 0.99
"""Share of the time on layers below which the text names the rest."""

_MORE = 1.05
"""Sum of the operations, as a share of the whole, from which on the text says why it is more."""

_STEADY = 0.1
"""Spread of the whole, as a share of it, from which on the text says that the machine was not quiet."""


def headings(profile: Profile) -> tuple[str, ...]:
    """Columns of the table: of a step of training its parts too."""
    parts = PHASES if _has_parts(profile) else ()
    return ("#", "layer", "op", "time", "±", *parts, "share", "sum", "MACs", "FLOP/B", "FLOP/s", "bound by")


def _has_parts(profile: Profile) -> bool:
    return any(row.phases[part] for row in profile.rows for part in PHASES[1:])


def cells(profile: Profile, top: int = TOP, level: str = "layer") -> Iterator[tuple[str, ...]]:
    """Rows of the table, the slowest first.

    Args:
        profile: The profile.
        top: How many; 0 for all.
        level: ``"layer"`` or ``"group"``.
    """
    parts = PHASES if _has_parts(profile) else ()
    total = 0.0
    for row in profile.slowest(top or None, level=level):
        total += row.share
        yield (
            str(row.rank),
            clean(row.id),
            clean(row.op or row.kind),
            time_words(row.seconds),
            time_words(row.spread),
            *(time_words(row.phases.get(part, 0.0)) for part in parts),
            f"{row.share:.1%}",
            f"{total:.1%}" if level == "layer" else "",
            "?" if row.macs is None else count_words(row.macs) if row.macs else "",
            "" if not row.intensity else f"{row.intensity:.3g}",
            "" if not row.rate else count_words(int(row.rate)),
            f"in {clean(row.fused_into)}" if row.fused_into else row.bound,
        )


def time_words(seconds: float) -> str:
    """A time in the unit that fits it."""
    if seconds <= 0:
        return ""
    if seconds >= 1:
        return f"{seconds:.3f} s"
    return f"{seconds * 1e3:.3f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.1f} µs"


def lines(profile: Profile) -> Iterator[str]:
    """What is said under the table."""
    what = profile.setting.get("what", "forward pass")
    shapes = ", ".join(f"{clean(name)} {tuple(shape)}" for name, shape in profile.setting.get("shapes", {}).items())
    spread = f" ± {time_words(profile.whole_spread)}" if profile.whole_spread else ""
    subject = f"{what} of {shapes}" if shapes else what
    yield f"{subject}: {time_words(profile.whole)}{spread}, median of {profile.runs} runs"
    by = profile.setting.get("by")
    if by and profile.setting.get("trace") is None:
        why = _why_more(profile)
        yield (
            f"operations sum to {profile.raw_share:.0%} of it while they were looked at{why}; "
            f"the figures are scaled to the whole"
        )
    if by:
        yield f"{profile.landed:.1%} of the time of operations is on a layer, found by {by}"
    if len({row.rank for row in profile.rows}) < len(profile.rows):
        yield f"times within {APART:.0%} of each other that no gap parts share a number, in the order of the model"
    if profile.lost and profile.landed < _MOSTLY:
        yield "on none: " + ", ".join(f"{clean(name)} {share:.1%}" for name, share in profile.lost)
    if profile.ceiling is not None:
        ceiling = profile.ceiling
        yield (
            f"roof ({ceiling.source}): {count_words(int(ceiling.peak))} FLOP/s, "
            f"{count_words(int(ceiling.bandwidth))} B/s; compute bounds from {ceiling.ridge:.3g} FLOP/B on"
        )
    if profile.whole and profile.whole_spread > _STEADY * profile.whole:
        part = profile.whole_spread / profile.whole
        yield f"the runs differ by ±{part:.0%}: this machine was doing something else too"
    yield from map(clean, profile.notes)


def _why_more(profile: Profile) -> str:
    """Why operations sum to more than the whole, where they do."""
    if profile.raw_share <= _MORE:
        return ""
    looking = profile.raw_share <= _MORE * profile.slowdown
    return "; looking takes time too" if looking else "; they overlap on several threads"


def to_text(profile: Profile, top: int = TOP, level: str = "layer") -> str:
    """The table in columns, for a pipe or a log."""
    names = headings(profile)
    rows = list(cells(profile, top, level))
    widths = [max(map(len, column)) for column in zip(names, *rows, strict=True)]
    table = [_line(names, names, widths), "  ".join("-" * width for width in widths)]
    table += [_line(row, names, widths) for row in rows]
    return "\n".join([clean(profile.graph.name), *table, *lines(profile), ""])


def _line(row: Sequence[str], names: Sequence[str], widths: Sequence[int]) -> str:
    aligned = (
        cell.ljust(width) if name in ("layer", "op", "bound by") else cell.rjust(width)
        for cell, name, width in zip(row, names, widths, strict=True)
    )
    return "  ".join(aligned).rstrip()


def rich_table(profile: Profile, top: int = TOP, level: str = "layer") -> Table:
    """The table for a terminal, with the terminal's width and colours."""
    from rich.table import Table
    from rich.text import Text

    made = Table(title=Text(clean(profile.graph.name)), caption=Text("\n".join(lines(profile))))
    for name in headings(profile):
        number = name not in ("layer", "op", "bound by")
        made.add_column(name, justify="right" if number else "left", no_wrap=number)
    colours = {"compute": "green", "memory": "yellow", "overhead": "red"}
    for row in cells(profile, top, level):
        *others, bound = row
        made.add_row(*map(Text, others), Text(bound, style=colours.get(bound, "dim")))
    return made


def to_json(profile: Profile) -> str:
    """All of it as JSON; a file that ``overlay`` takes."""
    ceiling = profile.ceiling
    document = {
        "schema": SCHEMA,
        "kind": "profile",
        "model": {"name": profile.graph.name, "format": profile.graph.format, "nodes": len(profile.graph)},
        "setting": dict(profile.setting),
        "runs": profile.runs,
        "whole_ms": _ms(profile.whole),
        "whole_spread_ms": _ms(profile.whole_spread),
        "raw_share": round(profile.raw_share, 4),
        "slowdown": round(profile.slowdown, 4),
        "landed": round(profile.landed, 6),
        "not_on_a_layer": [{"operation": name, "share": round(share, 6)} for name, share in profile.lost],
        "roof": None
        if ceiling is None
        else {"flops_per_second": ceiling.peak, "bytes_per_second": ceiling.bandwidth, "source": ceiling.source},
        "notes": list(profile.notes),
        "rows": [_record(row, parts=_has_parts(profile)) for row in profile.rows],
        "groups": [_record(row) for row in profile.groups[1:]],
    }
    return json.dumps(document, indent=1) + "\n"


def _ms(seconds: float) -> float:
    return round(seconds * 1e3, 6)


def _record(row: Timing, *, parts: bool = False) -> dict[str, Any]:
    """A row as plain values; ``parts`` for those of a step of training too, which groups do not have."""
    phases = {f"{part}_ms": _ms(seconds) for part, seconds in row.phases.items()} if parts else {}
    return {
        "id": row.id,
        "name": row.name,
        "op": row.op,
        "kind": row.kind,
        "group": row.group,
        "time_ms": _ms(row.seconds),
        "spread_ms": _ms(row.spread),
        "share": round(row.share, 6),
        "rank": row.rank,
        **phases,
        "macs": row.macs,
        "flops": row.flops,
        "bytes": row.bytes,
        "intensity": None if row.intensity is None else round(row.intensity, 4),
        "flops_per_second": None if row.rate is None else round(row.rate),
        "bound_by": row.bound or None,
        "fused_into": row.fused_into or None,
    }


def to_csv(profile: Profile) -> str:
    """A line for every node and group, in the order of the model; ``kind`` tells them apart."""
    parts = _has_parts(profile)
    records = [*(_record(row, parts=parts) for row in profile.rows), *map(_record, profile.groups[1:])]
    stream = io.StringIO()
    if records:
        writer = csv.DictWriter(stream, list(records[0]), lineterminator="\n", restval="")
        writer.writeheader()
        writer.writerows({name: _cell(name, value) for name, value in record.items()} for record in records)
    return stream.getvalue()


def _cell(column: str, value: Any) -> Any:
    """A value for a spreadsheet; only ids stay as they are, since overlays find layers by them."""
    if not isinstance(value, str):
        return value
    return clean(value) if column == "id" else no_formula(clean(value))


FORMATS: Mapping[str, Callable[[Profile], str]] = {"table": to_text, "json": to_json, "csv": to_csv}
"""Every form in which a profile can be written."""
