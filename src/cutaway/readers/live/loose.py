"""Loose operations: what `call` computes itself, named by the function that the author wrote."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any

from cutaway.readers.live.recording import Frame, basename, is_user_file

_PUBLIC_FUNCTIONS = ("/keras/src/ops/", "/keras/src/random/")
_INITIALIZERS = "/keras/src/initializers/"
_NOT_FUNCTIONS = {"wrapper", "symbolic_call", "call"}
_PLAIN_TYPES = {
    "StatelessWhile": "While",
    "StatelessIf": "If",
    "StatefulPartitionedCall": "PartitionedCall",
}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an operation comes from.

    Attributes:
        function: Public function of Keras that made it, such as ``"einsum"``; empty for TensorFlow's own.
        source: File and line of the author's code, such as ``"model.py:12"``; may be empty.
        initializer: Whether it makes the first value of a weight that has none yet.
        random: Whether it draws random numbers.
    """

    function: str
    source: str
    initializer: bool
    random: bool


@dataclass(slots=True, eq=False)
class Cluster:
    """Neighbouring operations that one function made on one line of one call."""

    frame: Frame
    origin: Origin
    order: tuple[int, ...]
    operations: list[Any] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The function, or TensorFlow's name of the operation."""
        return self.origin.function or self.op

    @property
    def op(self) -> str:
        """Kind of the operation, in the manner of a class name."""
        if self.origin.function:
            return "".join(part.capitalize() for part in self.origin.function.split("_"))
        kind: str = self.operations[0].type
        return _PLAIN_TYPES.get(kind, kind)


def origin_of(operation: Any) -> Origin:
    """Read where an operation comes from out of the stack that TensorFlow kept for it."""
    function, source, initializer = "", "", False
    for step in operation.traceback or ():  # what C++ adds to a graph has none
        filename, line, name = step[0], step[1], step[2]
        path = filename.replace("\\", "/")
        if any(part in path for part in _PUBLIC_FUNCTIONS):
            if not name.startswith("_") and name not in _NOT_FUNCTIONS:
                function = name
        elif _INITIALIZERS in path:
            initializer = True
        elif is_user_file(filename):
            source, function = f"{basename(filename)}:{line}", ""
    random = "Random" in operation.type or "Multinomial" in operation.type
    return Origin(function, source, initializer, random)


def cluster(frame_of: Iterable[tuple[Any, Frame, tuple[int, ...], Origin | None]]) -> list[Cluster]:
    """Group operations in the order of one graph; None as the origin ends a run.

    Args:
        frame_of: Operation, the call that owns it, its place in the order, and its origin if it is loose and used.
    """
    found: list[Cluster] = []
    current: Cluster | None = None
    last: tuple[Hashable, ...] = ()
    for operation, frame, order, origin in frame_of:
        if origin is None:
            if current is not None and frame is not current.frame:
                current = None
            continue
        key = (id(frame), origin.function or operation.type, origin.source)
        # Two operations of TensorFlow's own on one line are two; a function of Keras may be made of many.
        if current is None or key != last or not origin.function:
            current = Cluster(frame, origin, order)
            found.append(current)
            last = key
        current.operations.append(operation)
    return found
