"""Layers and calls of a model's config, of the format of Keras 3 and of the list format of Keras 1 and 2."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from cutaway.errors import ReadError
from cutaway.graph.model import Shape, Tensor

POSITIONAL: Mapping[str, tuple[str, ...]] = {
    "MultiHeadAttention": ("query", "value", "key", "query_mask", "value_mask", "key_mask", "attention_mask"),
    "GroupQueryAttention": ("query", "value", "key", "query_mask", "value_mask", "key_mask", "attention_mask"),
    "GroupedQueryAttention": ("query", "value", "key", "query_mask", "value_mask", "key_mask", "attention_mask"),
    "RNN": ("sequences", "initial_state", "mask"),
    "LSTM": ("sequences", "initial_state", "mask"),
    "GRU": ("sequences", "initial_state", "mask"),
    "SimpleRNN": ("sequences", "initial_state", "mask"),
    "Bidirectional": ("sequences", "initial_state", "mask"),
    "Attention": ("inputs", "mask"),
    "AdditiveAttention": ("inputs", "mask"),
    "GetItem": ("x", "key"),
    "Where": ("condition", "x1", "x2"),
    "Reshape": ("x", "newshape"),
    "Take": ("x", "indices"),
    "Einsum": ("operands",),
}
"""Names of positional arguments; the arguments of an operation that is not listed are ``x1``, ``x2``, …"""


class Input(NamedTuple):
    """A tensor that a call reads: output ``port`` of call number ``call`` of a layer."""

    layer: str
    call: int
    port: int
    label: str = ""


class Call(NamedTuple):
    """One call of a layer: the tensors it reads in order, and its other arguments by name or position."""

    inputs: tuple[Input, ...]
    arguments: Mapping[str, Any]
    keyed: bool = False
    """Whether the first argument is a dictionary, whose tensors stand in the order of their sorted keys."""


@dataclass(slots=True)
class LayerSpec:
    """A layer as its config describes it, with its calls inside this model.

    Attributes:
        name, op, config: Its name, class and settings, in the file's words.
        custom: Whether the class is one of the author's, whatever its name.
        operation: Whether it is an operation of ``keras.ops``.
        modern: Whether its calls were written in the format of Keras 3.
        built: What it was built for, where the config says it.
        stored: Name of its group in a ``model.weights.h5``.
        calls: Its calls, in the order of their numbers.
    """

    name: str
    op: str
    config: Mapping[str, Any]
    custom: bool = False
    operation: bool = False
    modern: bool = False
    built: Mapping[str, Any] | None = None
    stored: str = ""
    calls: list[Call] = field(default_factory=list)

    @property
    def trainable(self) -> bool:
        """Whether the layer itself is not frozen."""
        return self.config.get("trainable", True) is not False


_MODELS = frozenset({"Functional", "Model", "Sequential"})

_LONGEST_NAME = 16_384
"""Characters of a name; names are repeated in the ids of all that is inside."""

_HIGHEST_RANK = 64
"""Axes of a tensor; frameworks allow some ten."""

NO_ARGUMENTS: Mapping[str, Any] = {}
Known = dict[int, Mapping[str, Any] | None]
"""Output port of one call → ``{"shape", "dtype"}`` as a consumer says it, or None where it only reads the port."""

Hints = dict[tuple[str, int], Known]
"""What consumers say about the outputs of each layer and call."""


def layer_spec(raw: Any) -> LayerSpec:
    """Read one entry of a model's ``layers``, without its calls.

    Raises:
        ReadError: The entry is no layer; the message says what is missing.
    """
    if not isinstance(raw, dict) or not isinstance(raw.get("class_name"), str):
        shown = f"keys {', '.join(map(str, list(raw)[:6]))}" if isinstance(raw, dict) else repr(raw)[:60]
        raise ReadError(f"a layer's config must hold a text 'class_name' and a 'config'; received {shown}")
    op, config = raw["class_name"], raw.get("config")
    if isinstance(config, list) and op == "Sequential":  # Keras 1 and early Keras 2
        config = {"layers": config}
    if not isinstance(config, dict):
        raise ReadError(f"layer of class {op!r}: expected 'config' to be an object; received {repr(config)[:60]}")
    if op in _MODELS and not isinstance(config.get("layers"), list):
        raise ReadError(
            f"model of class {op!r}: expected 'layers' to be a list; received {repr(config.get('layers'))[:60]}"
        )
    name = raw.get("name") or config.get("name") or op.lower()
    if not isinstance(name, str) or len(name) > _LONGEST_NAME:
        raise ReadError(
            f"layer of class {op[:60]!r}: expected its name to be text of at most {_LONGEST_NAME:,} characters; "
            f"received {repr(name)[:60]}"
        )
    module = raw.get("module", "")
    built = raw.get("build_config")
    return LayerSpec(
        name=name,
        op=op,
        config=config,
        custom=module is None or (bool(module) and not str(module).startswith(("keras", "tf_keras", "tensorflow"))),
        operation=isinstance(module, str) and module.startswith("keras.src.ops"),
        built=built if isinstance(built, dict) else None,
    )


def parse_layers(raw_layers: Any, where: str) -> tuple[dict[str, LayerSpec], Hints]:
    """Read all layers of a Functional model with their calls.

    Raises:
        ReadError: A layer or a call is malformed, or two layers have one name.
    """
    if not isinstance(raw_layers, list):
        raise ReadError(f"{where}: expected 'layers' to be a list; received {type(raw_layers).__name__}")
    specs: dict[str, LayerSpec] = {}
    raws: list[tuple[LayerSpec, Any]] = []
    for raw in raw_layers:
        spec = layer_spec(raw)
        if spec.name in specs:
            raise ReadError(f"{where}: two layers are named {spec.name!r}; the calls between them are ambiguous")
        specs[spec.name] = spec
        raws.append((spec, raw.get("inbound_nodes")))
    hints: Hints = {}
    for spec, nodes in raws:
        try:
            _parse_calls(spec, nodes, specs, hints)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise ReadError(
                f"{where}: the calls ('inbound_nodes') of layer {spec.name!r} ({spec.op}) are malformed: "
                f"{type(error).__name__}: {error}"
            ) from error
    return specs, hints


def _parse_calls(spec: LayerSpec, nodes: Any, names: Mapping[str, Any], hints: Hints) -> None:
    if not nodes:
        spec.calls.append(Call((), NO_ARGUMENTS))
        return
    for node in nodes:
        if isinstance(node, dict) and "args" in node:
            spec.calls.append(_modern_call(spec, node, hints))
            spec.modern = True
        else:
            call = _legacy_call(node, names)
            spec.calls.append(call)
            for read in call.inputs:
                hints.setdefault((read.layer, read.call), {}).setdefault(read.port, None)


def _modern_call(spec: LayerSpec, node: Mapping[str, Any], hints: Hints) -> Call:
    args, kwargs = node["args"], node.get("kwargs") or {}
    inputs: list[Input] = []
    arguments: dict[str, Any] = {}
    for position, value in enumerate(args):
        name = _positional(spec, position, len(args))
        if _collect(value, name if position else "", inputs, hints) and value is not None:
            arguments[name or str(position)] = value
    for name, value in kwargs.items():
        if _collect(value, name, inputs, hints) and value is not None:
            arguments[name] = value
    keyed = bool(args) and isinstance(args[0], dict) and "class_name" not in args[0]
    return Call(tuple(inputs), arguments, keyed)


def _positional(spec: LayerSpec, position: int, count: int) -> str:
    names = POSITIONAL.get(spec.op)
    if names is not None and position < len(names):
        return names[position]
    return f"x{position + 1}" if spec.operation and count > 1 else ""


def _collect(value: Any, label: str, inputs: list[Input], hints: Hints) -> bool:
    """Append the tensors in a structure; answer whether the structure holds anything else."""
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            config = value["config"]
            layer, call, port = config["keras_history"]
            inputs.append(Input(_text(layer), _count(call), _count(port), label))
            hints.setdefault((layer, call), {})[port] = config
            return False
        if value.get("class_name") == "__tuple__":
            value = value["items"]
        elif "class_name" in value:
            return True
        else:
            value = [value[key] for key in sorted(value)]
    if isinstance(value, list):
        constants = [_collect(item, label, inputs, hints) for item in value]
        return any(constants) or not constants
    return True


def _legacy_call(node: Any, names: Mapping[str, Any]) -> Call:
    inputs: list[Input] = []
    arguments: dict[str, Any] = {}
    entries = [node] if _is_reference(node) else node
    keyed = isinstance(entries, dict)
    entries = [entries[key] for key in sorted(entries)] if isinstance(entries, dict) else entries
    for position, entry in enumerate(_flat(entries)):
        layer, call, port = entry[:3]
        kwargs = entry[3] if len(entry) > 3 else {}
        if layer == "_CONSTANT_VALUE":
            arguments["x" if position == 0 else str(position)] = port
        else:
            inputs.append(Input(_text(layer), _count(call), _count(port)))
        for name, value in kwargs.items():
            if _collect_legacy(value, name, inputs, names) and value is not None:
                arguments[name] = value
    return Call(tuple(inputs), arguments, keyed)


def _flat(entries: Any) -> list[Any]:
    flat: list[Any] = []
    for entry in entries:
        if _is_reference(entry):
            flat.append(entry)
        elif isinstance(entry, list):
            flat.extend(_flat(entry))
        elif isinstance(entry, dict):
            flat.extend(_flat([entry[key] for key in sorted(entry)]))
        else:
            raise ValueError(f"expected [layer, call, port, keywords]; received {repr(entry)[:60]}")
    return flat


def _is_reference(entry: Any) -> bool:
    return isinstance(entry, list) and len(entry) in (3, 4) and isinstance(entry[0], str) and isinstance(entry[1], int)


def _collect_legacy(value: Any, label: str, inputs: list[Input], names: Mapping[str, Any]) -> bool:
    if _is_reference(value) and value[0] in names:
        inputs.append(Input(value[0], _count(value[1]), _count(value[2]), label))
        return False
    if isinstance(value, list) and value and any(isinstance(item, list) for item in value):
        constants = [_collect_legacy(item, label, inputs, names) for item in value]
        return any(constants)
    return True


def references(structure: Any, where: str) -> list[tuple[str, Input]]:
    """Flatten ``input_layers`` or ``output_layers``: dictionary key, or an empty name, and the tensor.

    Raises:
        ReadError: The structure holds something else than ``[layer, call, port]``.
    """
    if structure is None:
        return []
    found: list[tuple[str, Input]] = []
    pending: list[tuple[str, Any]] = [("", structure)]
    while pending:
        key, value = pending.pop()
        if _is_reference(value):
            found.append((key, Input(value[0], _count(value[1]), _count(value[2]))))
        elif isinstance(value, dict) and value.get("class_name") == "__tuple__":
            pending.append((key, value.get("items")))
        elif isinstance(value, dict):
            pending.extend((name, value[name]) for name in sorted(value, reverse=True))
        elif isinstance(value, list):
            pending.extend((key, item) for item in reversed(value))
        else:
            raise ReadError(f"{where}: expected [layer, call, port]; received {repr(value)[:60]}")
    return found


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected a layer's name; received {repr(value)[:60]}")
    return value


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 16:
        raise ValueError(f"expected the number of a call or port, below 65,536; received {repr(value)[:60]}")
    return value


def checked_shape(shape: Any) -> Shape | None:
    """A shape of a config, checked: None, or dimensions that are None or whole numbers from 0.

    Raises:
        ValueError: It is something else.
    """
    if shape is None:
        return None
    if isinstance(shape, dict) and shape.get("class_name") in ("__tuple__", "TensorShape"):
        shape = shape.get("items")
    if type(shape) not in (list, tuple) or len(shape) > _HIGHEST_RANK:
        raise ValueError(f"expected a shape of at most {_HIGHEST_RANK} axes; received {repr(shape)[:60]}")
    for dim in shape:
        if dim is not None and (type(dim) is not int or not 0 <= dim < 1 << 63):
            return tuple(_dimension(dim) for dim in shape)
    return tuple(shape)


def _dimension(dim: Any) -> int | None:
    if isinstance(dim, float) and dim.is_integer():
        dim = int(dim)
    if dim is None or (type(dim) is int and 0 <= dim < 1 << 63):
        return dim
    if dim == -1:
        return None
    raise ValueError(f"expected a dimension to be a whole number from 0; received {repr(dim)[:60]}")


def hinted(config: Mapping[str, Any]) -> Tensor:
    """The tensor that a ``__keras_tensor__`` describes."""
    dtype = config.get("dtype")
    return Tensor(checked_shape(config.get("shape")), dtype if isinstance(dtype, str) else None)
