"""`Program`: a graph of operations and its function library, as columns, exactly as the file has them."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from cutaway.graph.model import Shape

ARGUMENT = "_Arg"
"""Operation that stands for an argument of a function, as TensorFlow names it when it runs one."""


@dataclass(frozen=True, slots=True)
class Constant:
    """The tensor of a ``Const``, undecoded.

    Attributes:
        dtype: Name of its element type.
        shape: Its dimensions.
        location: Where its bytes lie, as `cutaway.readers.values` reads it; None where they are not in a file.
        values: Its elements in one list where there are at most 16, else None.
    """

    dtype: str
    shape: tuple[int, ...]
    location: str | None = None
    values: tuple[Any, ...] | None = None


class Attributes(Protocol):
    """The attributes of all operations of one body, decoded when asked for."""

    def __len__(self) -> int: ...

    def code(self, index: int) -> int:
        """A number that operations share whose attributes are the same; -1 where that is not known."""

    def __getitem__(self, index: int) -> Mapping[str, Any]:
        """All attributes of one operation as plain JSON values; large tensors as their dtype and shape."""

    def get(self, index: int, key: str) -> Any:
        """One attribute as a plain JSON value; None where it is not there."""

    def shapes(self, index: int) -> tuple[Shape | None, ...] | None:
        """Shapes of the outputs (``_output_shapes``, or ``shape`` of a placeholder); None where none are recorded."""

    def functions(self, index: int) -> tuple[tuple[str, str], ...]:
        """Pairs of attribute and function name, for the attributes that name functions."""

    def constant(self, index: int) -> Constant | None:
        """The tensor in ``value``; None where there is none."""

    def location(self, index: int) -> str | None:
        """Where the bytes of that tensor lie; None where there is none, or it is in no file."""

    def device(self, index: int) -> str:
        """Where the operation was placed; empty where nobody says."""


@dataclass(slots=True)
class Body:
    """The operations of the main graph, or of one function.

    A function begins with its arguments, one operation `ARGUMENT` each, so that an edge is always from operation
    to operation.

    Attributes:
        name: Name of the function; empty for the main graph.
        names: Name of each operation.
        ops: Kind of each operation.
        input_start: Inputs in compressed rows, one more entry than there are operations.
        input_node: Position of the operation that makes an input.
        input_port: Its output port, counted over all output arguments; `cutaway.graph.model.CONTROL` for a control
            edge, which come last.
        attributes: By position.
        arguments: Number of arguments; they are the operations 0 up to this.
        results: For functions: name, operation and port of each result.
        control_results: For functions: operations that must run although nothing reads them.
        lost: Inputs that name no operation of this body.
    """

    name: str
    names: list[str]
    ops: list[str]
    input_start: array[int]
    input_node: array[int]
    input_port: array[int]
    attributes: Attributes
    arguments: int = 0
    results: tuple[tuple[str, int, int], ...] = ()
    control_results: tuple[int, ...] = ()
    lost: int = 0

    def __len__(self) -> int:
        return len(self.names)


@dataclass(slots=True)
class Program:
    """A main graph with the functions that it may call.

    Attributes:
        main: The main graph.
        function_names: Every function of the library, in the order of the file; the values are not used.
        parse: Makes the body of one function by name; `function` keeps what it made.
        producer: Version of TensorFlow that wrote it, where the file says so.
        warnings: What could not be read, in words for the user.
    """

    main: Body
    function_names: Mapping[str, object] = field(default_factory=dict)
    parse: Callable[[str], Body] | None = None
    producer: str = ""
    warnings: list[str] = field(default_factory=list)
    _bodies: dict[str, Body] = field(default_factory=dict)

    def function(self, name: str) -> Body | None:
        """The body of a function; None where the library does not hold it."""
        if name not in self._bodies:
            if self.parse is None or name not in self.function_names:
                return None
            self._bodies[name] = self.parse(name)
        return self._bodies[name]

    def functions(self) -> Iterable[Body]:
        """The bodies of all functions, in the order of the file."""
        for name in self.function_names:
            body = self.function(name)
            if body is not None:
                yield body
