"""The calls of a Functional model, under one way of counting, whatever version wrote them."""

from __future__ import annotations

from cutaway.errors import ReadError
from cutaway.readers.keras.parsing import Input, LayerSpec, parse_layers, references
from cutaway.readers.keras.stored import stored_names
from cutaway.readers.keras.values import is_model

Key = tuple[str, int]
"""A layer's name and the number of one of its calls."""


class ModelCalls:
    """A Functional model as its config describes it: layers, their calls, inputs and outputs.

    Args:
        spec: The model.

    Attributes:
        where: The model in the words of an error.
        specs: Layers by name.
        hints: What is said about the outputs of each call.
        inputs, outputs: Dictionary key, or an empty name, and the tensor.

    Raises:
        ReadError: The config is malformed.
    """

    def __init__(self, spec: LayerSpec) -> None:
        self.config = spec.config  # kept: the cache of parsed models goes by the identity of configs
        self.where = f"model {spec.name!r}"
        self.specs, self.hints = parse_layers(spec.config.get("layers"), self.where)
        stored_names(self.specs.values())
        self.inputs = references(spec.config.get("input_layers"), f"{self.where}, 'input_layers'")
        outputs = references(spec.config.get("output_layers"), f"{self.where}, 'output_layers'")
        self._shifts = self._first_calls([read for _, read in outputs])
        self.outputs = [(name, self._as_call(read)) for name, read in outputs]
        for _, read in self.outputs:
            self.hints.setdefault((read.layer, read.call), {}).setdefault(read.port, None)

    def producer(self, read: Input, reader: str) -> Key:
        """The call that makes what ``reader`` reads.

        Raises:
            ReadError: There is no such layer or call.
        """
        if self._shifts:
            read = read._replace(call=read.call - self._shifts.get(read.layer, 0))
        self.check(read, reader)
        return read.layer, read.call

    def check(self, read: Input, reader: str) -> None:
        """Refuse to read what is not there; raises as `producer` does."""
        spec = self.specs.get(read.layer)
        if spec is None:
            raise ReadError(f"{self.where}: {reader!r} reads layer {read.layer!r}, which is not among its layers")
        if not 0 <= read.call < len(spec.calls):
            raise ReadError(
                f"{self.where}: {reader!r} reads call {read.call} of layer {read.layer!r}, "
                f"which is called {len(spec.calls)} times"
            )

    def _as_call(self, read: Input) -> Input:
        """Number of an output's call as `inbound_nodes` counts.

        Keras 3 counts the calls of a nested Functional model from 1 in ``output_layers``, and from 0 elsewhere.
        """
        spec = self.specs.get(read.layer)
        if spec is not None and spec.modern and "input_layers" in spec.config:
            return read._replace(call=max(0, read.call - 1))
        return read._replace(call=read.call - self._shifts.get(read.layer, 0))

    def _first_calls(self, outputs: list[Input]) -> dict[str, int]:
        """Models whose calls are counted from 1, as Keras 1 and 2 did: their making was call 0.

        Versions differ, so what is read decides: the number after the last one can only be meant like that.
        """
        last: dict[str, int] = {}
        for name, number in (*self.hints, *((read.layer, read.call) for read in outputs)):
            last[name] = max(last.get(name, 0), number)
        shifts: dict[str, int] = {}
        for name, number in last.items():
            spec = self.specs.get(name)
            if spec is not None and not spec.modern and is_model(spec.config) and number == len(spec.calls):
                shifts[name] = 1
        if shifts:
            self.hints = {(name, number - shifts.get(name, 0)): known for (name, number), known in self.hints.items()}
        return shifts
