"""The errors that cutaway raises on purpose; everything else is a defect.

::

    CutawayError
      ├─ ReadError(ValueError)       the input is not what it claims to be, or is unsafe to read
      │    └─ UnknownFormat          no reader recognises the input
      ├─ UnbuiltModel(ValueError)    a live model has no shapes yet, and none were given
      ├─ OptionError(ValueError)     a choice of the caller is not possible
      └─ MissingExtra(ImportError)   an optional package is not installed

Each message says what is wrong and where, what was expected and what was received, and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


class CutawayError(Exception):
    """Root of all errors that cutaway raises on purpose."""


class ReadError(CutawayError, ValueError):
    """The input is damaged, unsafe, or not what it claims to be.

    Attributes:
        path: The file or folder that was read, or None for an input that has no path.
        offset: Byte offset of the trouble in ``path``, where one is known.
    """

    def __init__(self, message: str, *, path: str | Path | None = None, offset: int | None = None) -> None:
        self.path = None if path is None else Path(path)
        self.offset = offset
        place = "" if path is None else f"{path}: "
        at = "" if offset is None else f" (at byte {offset:,})"
        super().__init__(f"{place}{message}{at}")


class UnknownFormat(ReadError):
    """No reader recognises the input."""


class UnbuiltModel(CutawayError, ValueError):
    """A live model has not been built, and no input specification was given."""


class OptionError(CutawayError, ValueError):
    """A choice of the caller is not possible."""


class MissingExtra(CutawayError, ImportError):
    """An optional package is not installed."""


def check_choice(name: str, value: object, choices: Iterable[object]) -> None:
    """Refuse ``value`` unless it is among ``choices``.

    Raises:
        OptionError: ``value`` is not one of ``choices``; the message lists them.
    """
    allowed = list(choices)
    if value not in allowed:
        listed = ", ".join(repr(choice) for choice in allowed)
        raise OptionError(f"{name} must be one of {listed}; received {value!r}")
