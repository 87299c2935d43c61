"""Images, texts and hyper-parameters, plainly: as lists of steps, and one picture or text at a time."""

from __future__ import annotations

from typing import Any

from cutaway.explorer.session import shown_lines
from cutaway.training.event_decode import Stored, pictures
from cutaway.training.series import TEXT
from cutaway.training_view.download import plain
from cutaway.training_view.logs import Logs, Shown

_FORMATS = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"BM": "image/bmp",
}
"""Pictures by how they begin. SVG is not among them: it is a program."""

_MOST_TEXTS = 200
_LETTERS = 20_000
"""Texts of a tag that are sent, the last ones, and letters of each."""

LARGEST = 64 << 20
"""Bytes of a record that a picture is taken from."""


def steps_of(shown: Shown, tag: str) -> dict[str, Any] | None:
    """The steps and times of what was logged under a tag; None if there is nothing. Times may be no numbers: texts."""
    columns = shown.run.columns(tag)
    if columns is None:
        return None
    return {"steps": columns.steps.tolist(), "times": plain(columns.times.tolist())}


def texts_of(shown: Shown, tag: str) -> list[list[Any]] | None:
    """The last texts of a tag: step, time and the text."""
    columns = shown.run.columns(tag)
    if columns is None or shown.run.series[tag].kind != TEXT:
        return None
    some = range(max(0, len(columns) - _MOST_TEXTS), len(columns))
    return [
        [int(columns.steps[at]), plain(float(columns.times[at])), shown_lines("\n".join(columns.values[at])[:_LETTERS])]
        for at in some
    ]


def picture_of(logs: Logs, run: int, tag: str, at: int, which: int) -> tuple[bytes, str] | None:
    """One picture and its type; None where there is none, or one of a kind that browsers may run."""
    of = logs.shown[run].run
    columns = of.columns(tag)
    if columns is None or not 0 <= at < len(columns):
        return None
    place = columns.values[at]
    if not isinstance(place, Stored) or place.length > LARGEST:
        return None
    data = of.record(int(columns.files[at]), place.offset, place.length)
    found = pictures(data, tag)
    if not which < len(found):
        return None
    body = found[which]
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return body, "image/webp"
    return next(((body, type) for start, type in _FORMATS.items() if body.startswith(start)), None)
