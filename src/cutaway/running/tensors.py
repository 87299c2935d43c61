"""Tensors of any framework as arrays of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from cutaway.running.store import Array


def values_of(tensor: Any) -> Array | None:
    """The values of a tensor as real numbers; None for texts, and for what is ragged, sparse or symbolic.

    Narrow floats are float32, and complex numbers their magnitudes.
    """
    if isinstance(tensor, np.ndarray):
        return tensor
    try:
        detached = tensor.detach().cpu() if hasattr(tensor, "detach") else tensor
        array = np.asarray(detached)
    except (TypeError, ValueError, NotImplementedError, AttributeError):
        return None
    if array.dtype.kind == "c":
        magnitudes: Array = np.abs(array)
        return magnitudes
    if array.dtype.kind in "biuf":
        return array
    narrow = array.dtype.kind == "V" and array.dtype.itemsize <= 2  # bfloat16 and the 8-bit floats
    return array.astype(np.float32) if narrow else None
