"""What a model that has no recorded calls is to be called with: as the caller says, or as it was built."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from cutaway.errors import UnbuiltModel
from cutaway.graph import Tensor
from cutaway.readers.live.calls import Value, dtype_name, plain_shape

_SPECIFICATIONS = {"KerasTensor", "TensorSpec", "InputSpec"}

Arguments = tuple[tuple[Any, ...], dict[str, Any]]


def arguments_of(layer: Any, input_shape: Any, inputs: Any) -> Arguments:
    """Arguments for one call, with a `Value` for each tensor.

    Args:
        layer: A model or layer whose `call` is to be followed.
        input_shape: Shape, or nested shapes, of the first argument; None where not given.
        inputs: Tensors or specifications; None where not given.

    Raises:
        UnbuiltModel: Nothing was given, and the layer was not built either; or what is known does not suffice.
    """
    if inputs is not None:
        found: Arguments | None = _from_specs(layer, inputs)
    elif input_shape is not None:
        found = (_from_shapes(input_shape, _dtype(layer)),), {}
    else:
        found = _recorded(layer)
    if found is None:
        raise UnbuiltModel(_how_to_say(layer, "is not built, so its shapes are not known"))
    try:
        inspect.signature(layer.call).bind(*found[0], **found[1])
    except TypeError as error:  # of a model's arguments, Keras keeps the shape of the first alone
        trouble = f"cannot be called with what is known of its inputs ({error})"
        raise UnbuiltModel(_how_to_say(layer, trouble)) from error
    return found


def _from_specs(layer: Any, inputs: Any) -> Arguments:
    if isinstance(inputs, Mapping) and _names(layer) >= set(inputs) and len(_names(layer)) > 1:
        return (), {str(name): _values_of_specs(item) for name, item in inputs.items()}
    return (_values_of_specs(inputs),), {}


def _values_of_specs(spec: Any) -> Any:
    if hasattr(spec, "shape"):
        dtype, shape = getattr(spec, "dtype", None), plain_shape(spec.shape)
        if shape and type(spec).__name__ not in _SPECIFICATIONS:
            shape = (None, *shape[1:])  # data: the size of its batch is chance
        return Value(object(), Tensor(shape, "float32" if dtype is None else dtype_name(dtype)))
    if isinstance(spec, Mapping):
        return {key: _values_of_specs(item) for key, item in spec.items()}
    if isinstance(spec, (list, tuple)):
        return [_values_of_specs(item) for item in spec]
    return spec


def _is_shape(shape: Any) -> bool:
    return isinstance(shape, (list, tuple)) and all(dim is None or isinstance(dim, int) for dim in shape)


def _from_shapes(shape: Any, dtype: str, batch: bool = False) -> Any:
    if _is_shape(shape):
        first: tuple[int | None, ...] = (None,) if batch and len(shape) else tuple(shape[:1])
        return Value(object(), Tensor((*first, *shape[1:]), dtype))
    if isinstance(shape, Mapping):
        return {key: _from_shapes(item, dtype, batch) for key, item in shape.items()}
    return [_from_shapes(item, dtype, batch) for item in shape]


def _recorded(layer: Any) -> Arguments | None:
    """The shapes that the layer was built with, the batch unknown."""
    made = getattr(layer, "_inputs_struct", None)  # a Functional whose author wrote another `call`
    if made is not None:
        return (_values_of_specs(made),), {}
    config = layer.get_build_config() if getattr(layer, "built", False) else None
    if not config:
        return None
    dtype = _dtype(layer)
    if config.get("shapes_dict"):
        given = {name.removesuffix("_shape"): shape for name, shape in config["shapes_dict"].items()}
        return (), {name: _from_shapes(shape, dtype, batch=True) for name, shape in given.items() if shape is not None}
    if config.get("input_shape") is not None:
        return (_from_shapes(config["input_shape"], dtype, batch=True),), {}
    return None


def _dtype(layer: Any) -> str:
    """Type of the inputs: Keras does not keep it, but a layer converts what it receives to its own."""
    return dtype_name(getattr(layer, "input_dtype", None) or "float32")


def _names(layer: Any) -> set[str]:
    try:
        return set(inspect.signature(layer.call).parameters)
    except (TypeError, ValueError):
        return set()


def _how_to_say(layer: Any, trouble: str) -> str:
    name = type(layer).__name__
    try:
        signature = str(inspect.signature(layer.call))
    except (TypeError, ValueError):
        signature = "(…)"
    return (
        f"{name} {layer.name!r} {trouble}; its signature is call{signature}. "
        f"Expected the shape of its input, such as input_shape=(None, 224, 224, 3), nested as its first argument is; "
        f"or inputs=keras.KerasTensor((None, 128), dtype='int32') where the type matters, "
        f"or a dict of them by argument name, such as "
        f"inputs={{'image': keras.KerasTensor((None, 64)), 'mask': keras.KerasTensor((None, 64))}}"
    )
