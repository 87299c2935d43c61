"""Configurations as plain JSON values, made only when somebody looks."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cutaway.readers.keras.serialized import NOT_EXECUTED, is_code, simplify
from cutaway.readers.live.calls import dtype_name

_LONGEST_ARRAY = 64
_PLAIN_ACTIVATIONS = frozenset({
    "relu", "softmax", "linear", "sigmoid", "tanh", "gelu", "silu", "elu", "selu", "softplus", "softsign",
    "exponential", "hard_sigmoid", "relu6",
})  # fmt: skip
_HIDDEN = {"name", "layers", "input_layers", "output_layers"}


class LazyAttributes(Mapping[str, Any]):
    """A mapping that is computed on first access: drawing a model needs few of its configurations."""

    __slots__ = ("_made", "_make", "_target")

    def __init__(self, make: Callable[[], dict[str, Any]], target: Any = None) -> None:
        """Take what computes the mapping, and the layer that it is about."""
        self._make: Callable[[], dict[str, Any]] | None = make
        self._made: dict[str, Any] = {}
        self._target = target

    @property
    def target(self) -> Any:
        """The layer or operation that it is about; None where there is none."""
        return self._target

    def _all(self) -> dict[str, Any]:
        if self._make is not None:
            self._made, self._make = self._make(), None
        return self._made

    def __getitem__(self, key: str) -> Any:
        if key == "activation" and self._make is not None:  # asked of every layer of a picture that shows them
            found = _activation(self._target)
            if found is not None:
                if not found:
                    raise KeyError(key)
                return found
        return self._all()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __bool__(self) -> bool:  # asking whether there is anything must not compute it
        return True

    def __repr__(self) -> str:
        return repr(self._all())


def _activation(target: Any) -> str | None:
    """Name of the activation of one of Keras' own layers without its configuration.

    Returns:
        An empty string where the layer has none, None where only the configuration can tell.
    """
    if not type(target).__module__.startswith("keras.src.layers."):
        return None
    function = getattr(target, "activation", "")
    if function == "":
        return "" if not hasattr(target, "cell") else None
    of_keras = getattr(function, "__module__", "").startswith("keras.src.activations.")
    name = getattr(function, "__name__", None)
    return name if of_keras and isinstance(name, str) and name in _PLAIN_ACTIVATIONS else None


def configuration(target: Any) -> dict[str, Any]:
    """The configuration of a live layer or operation without its name; empty where it refuses to tell."""
    try:
        settings = target.get_config()
    except Exception:  # any code of the user's may stand here
        if hasattr(target, "_flatten_layers"):
            return {}
        # Operations of keras.ops keep their settings as attributes, and some refuse to make a configuration of them.
        settings = {key: value for key, value in vars(target).items() if key[0] != "_"}
    made = {key: plain(value) for key, value in settings.items() if key not in _HIDDEN}
    if is_code(settings.get("function")):
        made["function"] = NOT_EXECUTED
    return made


def plain(value: Any) -> Any:
    """A value as plain JSON, in the words that the readers of Keras files use for the same value."""
    return simplify(_serialized(value))


def _serialized(value: Any) -> Any:
    """What Keras would write for a value that is no JSON."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Mapping):
        return {str(key): _serialized(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_serialized(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted((_serialized(item) for item in value), key=repr)
    if isinstance(value, slice):
        return {"class_name": "__slice__", "config": {"start": value.start, "stop": value.stop, "step": value.step}}
    if value is Ellipsis:
        return "..."
    if hasattr(value, "_keras_history"):
        return f"<{value._keras_history[0].name}>"
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    if shape is not None and dtype is not None:
        return _array(value, shape, dtype)
    name = getattr(value, "__name__", None) or getattr(value, "name", None)
    return name if isinstance(name, str) else type(value).__name__


def _array(value: Any, shape: Any, dtype: Any) -> Any:
    numbers = value.numpy() if hasattr(value, "numpy") else value
    if math.prod(int(dim) for dim in shape) <= _LONGEST_ARRAY and hasattr(numbers, "tolist"):
        return numbers.tolist()
    return {"shape": [int(dim) for dim in shape], "dtype": dtype_name(dtype)}
