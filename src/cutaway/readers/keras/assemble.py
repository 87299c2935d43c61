"""From the config of a model to nodes, edges, groups and weights: walks the calls, producers first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cutaway.errors import MissingExtra, ReadError
from cutaway.graph.build import GraphBuilder
from cutaway.graph.model import Tensor, Weight
from cutaway.readers.keras.calls import ModelCalls
from cutaway.readers.keras.legacy import modern
from cutaway.readers.keras.parsing import NO_ARGUMENTS, Call, Known, LayerSpec, checked_shape, hinted
from cutaway.readers.keras.serialized import Attributes, dtype_policy
from cutaway.readers.keras.shapes import layer_outputs, operation_outputs
from cutaway.readers.keras.shapes.common import NoRule
from cutaway.readers.keras.values import DEEPEST, MOST_CALLS, Place, Read, Stored, Value, is_model
from cutaway.readers.keras.weights import adapters_when_quantized, layer_weights, stored_when_quantized

NO_CALL = Call((), NO_ARGUMENTS)
_MALFORMED = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, ArithmeticError)
_MOST_WARNINGS = 20
_MANY_PORTS = frozenset({"Split", "TopK", "LSTM", "GRU", "SimpleRNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"})

Opener = Callable[["Assembler", LayerSpec, Call, list[Read], Place, "Known | None"], list[Value]]


class Assembler:
    """Appends layers to a builder.

    Args:
        builder: Receives nodes, groups and weights.
        openers: Class of a layer → function that opens it into its inside.
        submodel: Opens a nested model.
        wrapper: Opens any other layer that wraps one.
        stored: Weights in the file, for layers that no rule covers; None where there are none to look up.
    """

    def __init__(
        self,
        builder: GraphBuilder,
        *,
        openers: Mapping[str, Opener],
        submodel: Opener,
        wrapper: Opener,
        stored: Stored | None = None,
    ) -> None:
        self.builder = builder
        self.stored = stored
        self.parsed: dict[int, ModelCalls] = {}
        self._openers = openers
        self._submodel = submodel
        self._wrapper = wrapper
        self._weights: dict[str, tuple[Weight, ...]] = {}
        self._unheard = 0
        self._spent = 0
        self._warned: set[str] = set()

    def layer(
        self,
        spec: LayerSpec,
        call: Call,
        reads: list[Read],
        place: Place,
        known: Known | None = None,
        fallback: Tensor | None = None,
    ) -> list[Value]:
        """Add one call of a layer, opened where its inside is known, and return what it makes by port.

        Args:
            spec: The layer.
            call: Its constants; the tensors are in ``reads``.
            reads: What it reads.
            place: Where it goes.
            known: What the config says about its outputs.
            fallback: The first output, where neither the config nor a rule says it.

        Raises:
            ReadError: Something inside is malformed, or nested too deeply.
        """
        self._spend(1)
        opener = self._opener(spec)
        if opener is None:
            return self.leaf(spec, call, reads, place, known, fallback)
        if place.depth >= DEEPEST:
            raise ReadError(
                f"layer {spec.name!r} ({spec.op}) is nested {place.depth + 1} models and wrappers deep; "
                f"cutaway reads up to {DEEPEST}"
            )
        return opener(self, spec, call, reads, place, known)

    def _spend(self, calls: int) -> None:
        self._spent += calls
        if self._spent > MOST_CALLS:
            raise ReadError(
                f"the config leads to more than {MOST_CALLS:,} calls and outputs: its nested models multiply"
            )

    def _opener(self, spec: LayerSpec) -> Opener | None:
        if is_model(spec.config):
            return self._submodel
        if not spec.custom and spec.op in self._openers:
            return self._openers[spec.op]
        inner = spec.config.get("layer")
        if isinstance(inner, dict) and isinstance(inner.get("class_name"), str):
            return self._wrapper
        return None

    def leaf(
        self,
        spec: LayerSpec,
        call: Call,
        reads: list[Read],
        place: Place,
        known: Known | None = None,
        fallback: Tensor | None = None,
    ) -> list[Value]:
        """Add a call as one node; the arguments are those of `layer`."""
        op, config = modern(spec.op, spec.config)
        tensors = [place.inside(read.value.tensor) for read in reads]
        outputs = self._outputs(spec, op, config, call, tensors, known if place.trusted else None, fallback)
        self._spend(max(len(outputs), max(known, default=0) if known else 0) - 1)
        if known and len(outputs) <= max(known):
            outputs += [Tensor(None, outputs[0].dtype)] * (max(known) + 1 - len(outputs))
        if place.steps:
            outputs = [place.outside(tensor) for tensor in outputs]
        return self.node(
            spec.name,
            spec.op,
            reads,
            group=place.group,
            outputs=outputs,
            attributes=Attributes(spec.config, call.arguments),
            weights=() if spec.operation else self.weights(spec, op, config, tensors, place),
        )

    def node(
        self,
        name: str,
        op: str,
        reads: Sequence[Read],
        *,
        group: int,
        outputs: Sequence[Tensor],
        attributes: Mapping[str, Any],
        weights: Sequence[Weight] = (),
    ) -> list[Value]:
        """Add a node with its edges and return what it makes by port."""
        builder = self.builder
        node = builder.node(name, op, group=group, outputs=outputs, attributes=attributes, weights=weights)
        for value, label in reads:
            builder.connect(value.node, node, port=value.port, label=label)
        return [Value(node, port, tensor) for port, tensor in enumerate(outputs)]

    def _outputs(
        self,
        spec: LayerSpec,
        op: str,
        config: Mapping[str, Any],
        call: Call,
        inputs: list[Tensor],
        known: Known | None,
        fallback: Tensor | None,
    ) -> list[Tensor]:
        said = known and any(known.values())
        if said and op not in _MANY_PORTS:
            assert known is not None
            return _said(spec, known, [])
        made: list[Tensor]
        try:
            if spec.custom:
                raise NoRule("a custom layer")
            rule = operation_outputs if spec.operation else layer_outputs
            made = rule(op, {**config, **call.arguments} if call.arguments else config, inputs)
        except NoRule as reason:
            made = [fallback or Tensor(None, None if spec.operation else dtype_policy(config.get("dtype"))[0])]
            if not said and fallback is None and all(tensor.shape is not None for tensor in inputs):
                self.warn(f"layer {spec.name!r} ({spec.op}): output shape unknown: {reason or 'no rule'}")
        except _MALFORMED as error:
            made = [fallback or Tensor(None, None)]
            self.warn(f"layer {spec.name!r} ({spec.op}): output shape unknown: {_words(error)}")
        return _said(spec, known, made) if said and known else made

    def weights_below(self, path: str, names: tuple[str, ...]) -> list[Weight]:
        """Weights so far of some names, of layers whose ids begin with ``path``."""
        return [
            weight
            for layer, weights in self._weights.items()
            if layer.startswith(path)
            for weight in weights
            if weight.name in names
        ]

    def weights(
        self, spec: LayerSpec, op: str, config: Mapping[str, Any], inputs: list[Tensor], place: Place
    ) -> tuple[Weight, ...]:
        """Weights of a layer; made at its first call, and the same ones at every other."""
        path = place.path + spec.name
        found = self._weights.get(path)
        if found is None:
            found = self._weights[path] = self._make_weights(spec, op, config, inputs, place, path)
        return found

    def _make_weights(
        self, spec: LayerSpec, op: str, config: Mapping[str, Any], inputs: list[Tensor], place: Place, path: str
    ) -> tuple[Weight, ...]:
        trainable = place.trainable and spec.trainable
        try:
            if spec.custom and op != "LayerScale":
                raise NoRule("a custom layer")
            shapes = [tensor.shape for tensor in inputs]
            if None in shapes[:1] and spec.built and "input_shape" in spec.built:
                shapes[0] = checked_shape(spec.built["input_shape"])
            wanted = layer_weights(op, config, shapes)
        except NoRule as reason:
            stored = self._stored(spec, place, path, trainable)
            if stored is None:
                self.warn(f"layer {spec.name!r} ({spec.op}): weights unknown: {reason or 'no rule'}")
            return stored or ()
        except _MALFORMED as error:
            self.warn(f"layer {spec.name!r} ({spec.op}): weights unknown: {_words(error)}")
            return self._stored(spec, place, path, trainable) or ()
        if not wanted:
            return ()
        dtype = dtype_policy(config.get("dtype"))[1]
        held = None if self.stored is None else self.stored.place((*place.location, spec.stored))
        return tuple(
            Weight(
                f"{path}/{each.name}", each.name, each.shape, each.dtype or dtype, trainable and each.trainable,
                held and f"{held}#{index if each.stored is None else each.stored}",
            )
            for index, each in enumerate(wanted)
        )  # fmt: skip

    def _stored(self, spec: LayerSpec, place: Place, path: str, trainable: bool) -> tuple[Weight, ...] | None:
        """The layer's weights in the file, named below its path; None where there is no file to ask."""
        if self.stored is None:
            return None
        try:
            found = self.stored.weights((*place.location, spec.stored), path)
        except MissingExtra as error:
            self.warn(f"weights of some layers are unknown: {error}")
            return ()
        names = stored_when_quantized(spec.op, spec.config)
        numbered = [str(at) for at in range(len(found))]  # as Keras 3 stores them
        if names and [weight.name for weight in found] == numbered:
            found = [replace(weight, name=name) for weight, name in zip(found, names, strict=False)]
        adapters = adapters_when_quantized(spec.op, spec.config, [(weight.name, weight.shape) for weight in found])
        return tuple(
            replace(
                weight,
                id=f"{path}/{weight.name}",
                trainable=trainable and (weight.name == "bias" if names else "int" not in weight.dtype),
            )
            for weight in found
        ) + tuple(Weight(f"{path}/{each.name}", each.name, each.shape, "float32", trainable) for each in adapters)

    def warn(self, message: str) -> None:
        """Note something that could not be read; many of a kind are counted and not listed."""
        if message in self._warned:
            return
        if len(self._warned) < _MOST_WARNINGS:
            self._warned.add(message)
            self.builder.warnings.append(message)
        else:
            self._unheard += 1

    def finish(self) -> None:
        """Say how many warnings are not listed."""
        if self._unheard:
            self.builder.warnings.append(f"… and {self._unheard:,} more warnings of this kind")


def _said(spec: LayerSpec, known: Known, made: list[Tensor]) -> list[Tensor]:
    """What the config says, port by port, over what a rule says."""
    outputs = made + [Tensor(None, None)] * (max(known) + 1 - len(made))
    for port, config in known.items():
        if config is not None:
            try:
                outputs[port] = hinted(config)
            except (ValueError, TypeError) as error:
                raise ReadError(f"layer {spec.name!r} ({spec.op}): output {port}: {error}") from error
    return outputs


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]
