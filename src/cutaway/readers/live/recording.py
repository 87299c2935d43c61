"""Following calls: the classes of Keras are patched for a moment, and every call leaves a `Frame`."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from cutaway.readers.live.calls import Value, leaves, map_leaves
from cutaway.readers.live.kinds import Kind, kind_of_class

LOCK = threading.RLock()
"""Held while classes are patched: the patch is seen by the whole process."""

_OPEN: tuple[Kind, ...] = ("composite", "functional")


@dataclass(slots=True, eq=False)
class Frame:
    """One call in progress or done.

    Attributes:
        target: The layer or operation; None for the frame that holds all.
        parent: The frame during which it was called.
        args, kwargs: Arguments with `Value`s in the place of tensors.
        outputs: What it returned, flat.
        frames: Calls made during it.
        mark: Number of the mark with which it began, where it was traced.
        graph: Identity of the TensorFlow graph in which it began, where it was traced.
    """

    target: Any
    parent: Frame | None = None
    args: Sequence[Any] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    outputs: list[Value] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    mark: int = 0
    graph: int = 0


class Recorder:
    """Keeps the stack of calls of one thread.

    Args:
        to_value: Makes a `Value` of a tensor, leaves anything else as it is.
    """

    def __init__(self, to_value: Callable[[Any], Any]) -> None:
        self._to_value = to_value
        self._thread = threading.get_ident()
        self._paused = 0
        self.reset()

    def reset(self) -> None:
        """Forget all calls."""
        self.root = Frame(None)
        self._stack = [self.root]

    @property
    def top(self) -> Frame:
        """The innermost call in progress."""
        return self._stack[-1]

    def wants(self, target: Any) -> bool:
        """Whether a call that begins now is to be recorded."""
        return not self._paused and threading.get_ident() == self._thread and self.top.target is not target

    def record(self, target: Any, original: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """Run a call and keep a frame of it; what a closed layer calls in turn is not kept."""
        frame = Frame(target, self.top)
        frame.args = map_leaves(self._to_value, tuple(args))
        frame.kwargs = map_leaves(self._to_value, dict(kwargs))
        self.top.frames.append(frame)
        self._stack.append(frame)
        closed = self.closes(target)
        self._paused += closed
        self.entered(frame)
        try:
            outputs = self.returned(original(target, *args, **kwargs), (args, kwargs))
            frame.outputs = [value for value in map(self.output_value, leaves(outputs)) if type(value) is Value]
            return outputs
        finally:
            self._stack.pop()
            self._paused -= closed
            self.left()

    def closes(self, target: Any) -> bool:
        """Whether what a layer calls in turn is not recorded."""
        return kind_of_class(type(target)) not in _OPEN

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Record nothing for a while."""
        self._paused += 1
        try:
            yield
        finally:
            self._paused -= 1

    def output_value(self, thing: Any) -> Any:
        """The value of what a call returned."""
        return self._to_value(thing)

    def entered(self, frame: Frame) -> None:
        """A call began."""

    def left(self) -> None:
        """A call ended, well or not; its caller is the innermost one again."""

    def returned(self, outputs: Any, arguments: Any) -> Any:
        """What the caller gets instead of ``outputs``, of a call with these arguments."""
        del arguments
        return outputs


@contextmanager
def patched(cls: type, name: str, make: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Iterator[None]:
    """Replace a method of a class by what ``make`` makes of it, for the time of a block."""
    original = vars(cls)[name]
    setattr(cls, name, wraps(original)(make(original)))
    try:
        yield
    finally:
        setattr(cls, name, original)


def definers(base: type, name: str) -> list[type]:
    """The classes that define a method: those that a class inherits it from, and all that are made from those."""
    waiting = [cls for cls in base.__mro__ if name in vars(cls)]
    found: dict[type, None] = {}
    while waiting:
        cls = waiting.pop()
        if cls not in found:
            found[cls] = None
            waiting += cls.__subclasses__()
    return [cls for cls in found if name in vars(cls)]


def keras() -> Any:
    """The Keras that made the live object; it is imported already."""
    return sys.modules["keras"]


def first_line(error: BaseException) -> str:
    """An error in one line, with the place in the user's code where it arose, if there is one."""
    lines = (_COLOUR.sub("", line).strip() for line in str(error).splitlines())
    text = next((line for line in lines if line and not line.startswith(_WRAPPED)), "")
    place, step = "", error.__traceback__
    while step is not None:
        filename = step.tb_frame.f_code.co_filename
        if is_user_file(filename):
            place = f" ({basename(filename)}:{step.tb_lineno})"
        step = step.tb_next
    return f"{type(error).__name__}: {text[:160]}{place}"


_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_WRAPPED = "Exception encountered when calling"  # Keras says this first, and then what happened
_NOT_THE_USERS = ("/keras/src/", "/tf_keras/src/", "/tensorflow/python/", "/cutaway/readers/live/", "/optree/", "<")


def is_user_file(filename: str) -> bool:
    """Whether code lies neither in the frameworks nor here."""
    name = filename.replace("\\", "/")
    return not any(part in name for part in _NOT_THE_USERS) and "importlib" not in name


def basename(filename: str) -> str:
    """Last part of a path of either kind of system."""
    return filename.replace("\\", "/").rpartition("/")[2]
