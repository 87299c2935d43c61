"""Configurations as plain JSON values, made only when somebody looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

_LONGEST_ARRAY = 64


class LazyAttributes(Mapping[str, Any]):
    """A mapping that is computed on first access: drawing a model needs few of its configurations."""

    __slots__ = ("_make", "_made")

    def __init__(self, make: Callable[[], dict[str, Any]]) -> None:
        self._make: Callable[[], dict[str, Any]] | None = make
        self._made: dict[str, Any] = {}

    def _all(self) -> dict[str, Any]:
        if self._make is not None:
            self._made, self._make = self._make(), None
        return self._made

    def __getitem__(self, key: str) -> Any:
        return self._all()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __bool__(self) -> bool:  # asking whether there is anything must not compute it
        return True

    def __repr__(self) -> str:
        return repr(self._all())


def configuration(target: Any) -> dict[str, Any]:
    """The configuration of a live layer or operation without its name; empty where it refuses to tell."""
    if not hasattr(target, "_flatten_layers"):  # an operation of keras.ops: its settings are its attributes
        settings = {key: value for key, value in vars(target).items() if key[0] != "_" and key != "name"}
    else:
        try:
            settings = target.get_config()
        except Exception:  # any code of the user's may stand here
            return {}
    return {key: plain(value) for key, value in settings.items() if key != "name"}


def plain(value: Any) -> Any:
    """A value as plain JSON: initializers and their like as ``Class(setting=value)``, policies as their name."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Mapping):
        return _plain_mapping(value)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted((plain(item) for item in value), key=repr)
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    if shape is not None and dtype is not None:
        return _plain_array(value, shape, dtype)
    name = getattr(value, "__name__", None) or getattr(value, "name", None)
    return name if isinstance(name, str) else type(value).__name__


def _plain_mapping(value: Mapping[Any, Any]) -> Any:
    settings = value.get("config")
    if "class_name" not in value or not isinstance(settings, (Mapping, str, type(None))):
        return {str(key): plain(item) for key, item in value.items()}
    name = str(value["class_name"])
    if name == "__tuple__" or not isinstance(settings, Mapping):
        return settings if isinstance(settings, str) else name
    if "Policy" in name:
        return plain(settings.get("name", name))
    if name == "function":
        return str(settings)
    if "layers" in settings or "name" in settings:  # a layer in a layer
        return {"class_name": name, **{str(key): plain(item) for key, item in settings.items()}}
    told = ", ".join(f"{key}={plain(item)}" for key, item in settings.items() if item is not None)
    return f"{name}({told})" if told else name


def _plain_array(value: Any, shape: Any, dtype: Any) -> Any:
    size = 1
    for dim in shape:
        size *= int(dim or 0)
    if size <= _LONGEST_ARRAY and hasattr(value, "tolist"):
        return value.tolist()
    return {"shape": [int(dim) for dim in shape], "dtype": str(getattr(dtype, "name", dtype))}
