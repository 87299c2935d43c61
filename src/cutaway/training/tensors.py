"""Distributions and pictures of live weights. TensorFlow takes the distributions, where it is the backend."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from cutaway.training.histograms import Distribution, distribution, distributions
from cutaway.training.step.statistics import flat, flat_statistics

_MOST = 1 << 30
"""Elements up to which TensorFlow counts in 32 bits."""


def can_count(weight: Any) -> bool:
    """Whether TensorFlow can take the distribution of a variable of Keras."""
    return keras.backend.backend() == "tensorflow" and int(np.prod(weight.shape, dtype=np.int64)) <= _MOST


def distribution_of(weight: Any) -> Distribution:
    """The distribution of a variable of Keras, taken where it lies."""
    if not can_count(weight):
        return distribution(keras.ops.convert_to_numpy(weight))
    counts, moments = flat_statistics()(flat(keras.ops.convert_to_tensor(weight)))
    return distributions(counts.numpy()[None], moments.numpy()[None])[0]


def image_of(weight: Any) -> npt.NDArray[np.uint8] | None:
    """A weight as images (count, height, width, channels), as `keras.callbacks.TensorBoard` makes them.

    Returns:
        The images, 0 black and 1 white; None for a weight that is none, as that of a convolution with many channels.
    """
    values = np.squeeze(np.asarray(keras.ops.convert_to_numpy(weight), np.float32))
    if values.ndim == 1:
        values = values.reshape(1, -1, 1, 1)
    elif values.ndim == 2:
        values = values.T if values.shape[0] > values.shape[1] else values
        values = values[None, :, :, None]
    elif values.ndim == 3:
        values = values.transpose(2, 0, 1)[..., None]
    if values.ndim != 4 or values.shape[-1] not in (1, 3, 4):
        return None
    with np.errstate(invalid="ignore"):
        pixels: npt.NDArray[np.uint8] = np.clip(np.nan_to_num(values) * 255.5, 0, 255).astype(np.uint8)
    return pixels
