"""Distributions and pictures of live weights. TensorFlow takes the distributions, where it is the backend."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from cutaway.training.histograms import BINS, SHIFT, Distribution, distribution

_MOST = 1 << 30
"""Elements up to which TensorFlow counts in 32 bits."""


def distribution_of(weight: Any) -> Distribution:
    """The distribution of a variable of Keras, taken where it lies."""
    if keras.backend.backend() != "tensorflow" or int(np.prod(weight.shape, dtype=np.int64)) > _MOST:
        return distribution(keras.ops.convert_to_numpy(weight))
    value = keras.ops.convert_to_tensor(weight)
    counts, moments = _compiled()(keras.ops.reshape(keras.ops.cast(value, "float32"), (-1,)))
    total, squares, minimum, maximum = moments.numpy().tolist()
    found = Distribution(counts.numpy().astype(np.int64), total, squares, minimum, maximum)
    return found if np.isfinite(squares) else distribution(value.numpy())  # float32 is too small for the sums


@cache
def _compiled() -> Callable[[Any], Any]:
    """The counts and moments of a flat float32 tensor: one function, traced once for all weights."""
    import tensorflow as tf

    def statistics(flat: Any) -> Any:
        bins = tf.bitwise.right_shift(tf.bitcast(flat, tf.uint32), tf.constant(SHIFT, tf.uint32))
        counts = tf.raw_ops.Bincount(arr=tf.cast(bins, tf.int32), size=BINS, weights=tf.zeros([0], tf.int32))
        finite = tf.math.is_finite(flat)
        kept = tf.where(finite, flat, 0.0)
        infinity = tf.constant(float("inf"))
        minimum = tf.reduce_min(tf.where(finite, flat, infinity))
        maximum = tf.reduce_max(tf.where(finite, flat, -infinity))
        return counts, tf.stack([tf.reduce_sum(kept), tf.reduce_sum(tf.square(kept)), minimum, maximum])

    compiled: Callable[[Any], Any] = tf.function(statistics, input_signature=[tf.TensorSpec([None], tf.float32)])
    return compiled


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
