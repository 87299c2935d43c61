"""What a caller may say about the reading of a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """Choices that are passed down to the reader of a format.

    Attributes:
        input_shape: Shape of the model's input, the batch included, for a model that was never built.
        signature: Name of the entry point that is shown, for formats that hold several; None for the serving one.
        raw: Whether everything in the file is shown as it stands, plumbing included: nothing is folded, left out
            or put in place of a call.
    """

    input_shape: Any = None
    signature: str | None = None
    raw: bool = False
