"""What Keras wrote as ``{"class_name", "config"}``, reduced to something a person reads.

Nothing is executed: code of a Lambda stays bytes in the file and is shown as a note.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

NOT_EXECUTED = "<code, not executed>"

_LONGEST_TEXT = 10_000
"""Characters of one attribute that are kept; a longer one is cut and says so."""

_LONGEST_LIST = 1_000
"""Items of one list attribute that are kept (vocabularies are lists)."""

_SHORTEST_CODE = 64
_CODE_BEGINS = ("4w", "Yw")
"""How a marshalled code object begins in base 64: a ``c``, with or without the mark of a shared object."""

_DTYPE_POLICIES = {
    "mixed_float16": ("float16", "float32"),
    "mixed_bfloat16": ("bfloat16", "float32"),
    "infer": ("float32", "float32"),
    "_infer": ("float32", "float32"),
}


def simplify(value: Any) -> Any:
    """Plain JSON values of a serialized value: objects by their name, slices as text, long values cut."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, str):
        return value if len(value) <= _LONGEST_TEXT else f"{value[:_LONGEST_TEXT]}… ({len(value):,} characters)"
    if isinstance(value, list | tuple):
        items = [simplify(item) for item in value[:_LONGEST_LIST]]
        return items if len(value) <= _LONGEST_LIST else [*items, f"… ({len(value):,} items)"]
    if isinstance(value, dict):
        if "class_name" in value:
            return _simplify_object(value)
        return NOT_EXECUTED if _is_function(value) else {str(k): simplify(v) for k, v in value.items()}
    return str(value)


def _simplify_object(value: dict[str, Any]) -> Any:
    name = str(value["class_name"])
    config = value.get("config")
    if name in _CONSTANT_TEXTS:
        return _CONSTANT_TEXTS[name]
    if name in ("__tuple__", "TensorShape"):
        return simplify(value.get("items"))
    if not isinstance(config, dict):
        return simplify(config) if name == "function" else name
    if name == "__slice__":
        return _slice(config)
    if name in ("__numpy__", "__tensor__"):
        return simplify(config.get("value"))
    if name == "__keras_tensor__":
        history = config.get("keras_history")
        return f"<{history[0]}>" if isinstance(history, list) and history else "<tensor>"
    if name.endswith(("DTypePolicy", "Policy", "PolicyV1")) and not config.keys() - _POLICY_SETTINGS:
        return _policy_name(value)
    settings = {key: simplify(item) for key, item in config.items() if item is not None and key != "name"}
    return {name: settings} if settings else name


def _slice(config: Any) -> str:
    start, stop, step = (config.get(key) for key in ("start", "stop", "step"))
    text = f"{'' if start is None else simplify(start)}:{'' if stop is None else simplify(stop)}"
    return text if step is None else f"{text}:{simplify(step)}"


_POLICY_SETTINGS = frozenset({"name", "mode", "source_name", "loss_scale"})
_CONSTANT_TEXTS = {"__lambda__": NOT_EXECUTED, "__bytes__": NOT_EXECUTED, "__ellipsis__": "..."}


def dtype_policy(value: Any) -> tuple[str, str]:
    """Compute dtype and variable dtype of a layer's ``dtype`` setting, of any Keras version.

    A policy of a quantized layer (``"int8_from_mixed_bfloat16"``) answers for the policy it comes from.
    """
    name = _policy_name(value)
    if "_from_" in name:
        name = name.partition("_from_")[2]
    return _DTYPE_POLICIES.get(name) or (name, name)


def quantization(value: Any) -> str:
    """Mode such as ``"int8"`` of a quantized layer's ``dtype`` setting; empty for a usual layer.

    What stands behind it, such as the size of the blocks of ``"int4/128"``, is left out.
    """
    mode, found, _ = _policy_name(value).partition("_from_")
    return mode.partition("/")[0] if found else ""


def _policy_name(value: Any) -> str:
    for _ in range(8):  # a map of policies holds its default as a policy again
        if isinstance(value, str):
            return value
        if not isinstance(value, dict):
            break
        config = value.get("config")
        if isinstance(config, dict):
            mode = config.get("mode")
            value = config.get("name") or config.get("default_policy") or config.get("source_name")
            if mode and isinstance(value, str) and "_from_" not in value:
                value = f"{mode}_from_{value}"
        else:
            value = None
    return "float32"


class Attributes(Mapping[str, Any]):
    """A layer's config and the constants of one call, simplified when somebody looks.

    Args:
        config: The layer's config as the file holds it.
        arguments: Arguments of the call that are no tensors.
    """

    __slots__ = ("_arguments", "_config", "_plain")

    def __init__(self, config: Mapping[str, Any], arguments: Mapping[str, Any]) -> None:
        self._config = config
        self._arguments = arguments
        self._plain: dict[str, Any] | None = None

    def _values(self) -> dict[str, Any]:
        if self._plain is None:
            hidden = {"name", "layers", "input_layers", "output_layers"}
            plain = {str(key): simplify(value) for key, value in self._config.items() if key not in hidden}
            if is_code(self._config.get("function")):
                plain["function"] = NOT_EXECUTED
            plain.update((str(key), simplify(value)) for key, value in self._arguments.items())
            self._plain = plain
        return self._plain

    def __getitem__(self, key: str) -> Any:
        return self._values()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values())

    def __len__(self) -> int:
        return len(self._values())

    def __repr__(self) -> str:
        return repr(self._values())


def _is_function(value: Mapping[Any, Any]) -> bool:
    """Whether Keras wrote a nameless function here: of a lambda given as an activation it keeps only the config."""
    if not {"value"} <= value.keys() <= {"value", "defaults", "closure"}:
        return False
    found = value["value"]
    code = found[0] if isinstance(found, list | tuple) and found else found
    return isinstance(code, str) and len(code) > _SHORTEST_CODE and code[:2] in _CODE_BEGINS


def is_code(function: Any) -> bool:
    """Whether the ``function`` of a Lambda is code, and not a name.

    Keras 1 and 2 wrote the code as ``[marshalled, defaults, closure]``, or as one long text.
    """
    if isinstance(function, list | tuple):
        return True
    return isinstance(function, str) and not function.replace(".", "").replace("_", "").isalnum()
