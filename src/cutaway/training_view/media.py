"""Images, sounds and texts, plainly: as lists of steps, and what was logged at one of them."""

from __future__ import annotations

from typing import Any

from cutaway.explorer.container import Container
from cutaway.explorer.session import shown_lines
from cutaway.training.event_decode import Stored, pictures, sounds
from cutaway.training.series import AUDIO, TEXT
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
"""Bytes of a record that pictures or sounds are taken from."""

_MOST_TOGETHER = 16
"""Pictures or sounds of one step that are sent; ``tf.summary`` keeps 3 of a batch unless told otherwise."""

_PLAIN_SAMPLES = 1
"""The code of PCM in the header of a WAV file."""


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


def media_of(logs: Logs, run: int, tag: str, at: int) -> list[bytes] | None:
    """The pictures or sounds of one step, in a container; None where there is no such step.

    Its sections: ``about`` (JSON: the ``type`` of each, and what its writer says about it, the ``label``), and ``0``,
    ``1`` and so on, the bytes of each. Of what is no picture or sound of a kind that is only shown or played, and
    never run, neither type nor bytes are sent.

    Args:
        logs: The logs.
        run: Number of the run.
        tag: The tag.
        at: Place of the step among those of the tag.
    """
    of = logs.shown[run].run
    columns = of.columns(tag)
    if columns is None or not 0 <= at < len(columns):
        return None
    place = columns.values[at]
    if not isinstance(place, Stored) or place.length > LARGEST:
        return None
    data = of.record(int(columns.files[at]), place.offset, place.length)
    if of.series[tag].kind == AUDIO:
        found = [(sound.data, wave_type(sound.data), sound.label) for sound in sounds(data, tag)]
    else:
        found = [(body, picture_type(body), "") for body in pictures(data, tag)]
    found = found[:_MOST_TOGETHER]
    container = Container()
    container.json("about", [{"type": type, "label": shown_lines(label)[:_LETTERS]} for _, type, label in found])
    for number, (body, type, _) in enumerate(found):
        kept = body if type else b""
        container.made(str(number), "u8", kept, len(kept))
    return container.pieces()


def picture_type(body: bytes) -> str:
    """The type of a picture by its first bytes; empty for what is none, or one that browsers may run."""
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return "image/webp"
    return next((type for start, type in _FORMATS.items() if body.startswith(start)), "")


def wave_type(body: bytes) -> str:
    """The type of a sound: WAV with plain samples, as ``tf.summary.audio`` encodes it; empty for anything else."""
    is_wave = body[:4] == b"RIFF" and body[8:16] == b"WAVEfmt "
    return "audio/wav" if is_wave and int.from_bytes(body[20:22], "little") == _PLAIN_SAMPLES else ""
