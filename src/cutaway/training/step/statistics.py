"""Counts and moments of tensors, inside a function of TensorFlow: what they cost does not depend on the values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from cutaway.training.histograms import BINS, SHIFT
from cutaway.training.step.names import Name

COLUMNS = 5
"""Columns of the moments: sum, minimum, maximum, sum of the squares of distances from the mean (which sums of
values and squares cannot tell where values differ by little), and one more that depends on what is measured."""


@cache
def flat_statistics() -> Callable[[Any], Any]:
    """The counts and moments of a flat float32 tensor: one function, traced once for all tensors.

    The moments are plain: what NaN and infinite values spoil in them is put right from the counts afterwards, for a
    look at each value would cost every tensor as much again.
    """
    import tensorflow as tf

    def statistics(flat: Any) -> Any:
        bins = tf.bitwise.right_shift(tf.bitcast(flat, tf.uint32), tf.constant(SHIFT, tf.uint32))
        counts = tf.raw_ops.Bincount(arr=tf.bitcast(bins, tf.int32), size=BINS, weights=tf.zeros([0], tf.int32))
        total = tf.reduce_sum(flat)
        mean = tf.math.divide_no_nan(total, tf.cast(tf.size(flat), tf.float32))
        with tf.control_dependencies([counts]):  # so that bins and distances are not there at the same time
            distances = flat - mean
        return counts, tf.stack([total, tf.reduce_min(flat), tf.reduce_max(flat), 2 * tf.nn.l2_loss(distances)])

    with tf.init_scope():  # it is the same inside of every function that uses it, and out of them
        traced = tf.function(statistics).get_concrete_function(tf.TensorSpec([None], tf.float32))
    compiled: Callable[[Any], Any] = traced
    return compiled


def flat(tensor: Any) -> Any:
    """A tensor as a flat one of float32."""
    import tensorflow as tf

    return tf.reshape(tf.cast(tensor, tf.float32), [-1])


def squares(tensor: Any) -> Any:
    """The sum of the squares of all elements."""
    import tensorflow as tf

    return 2 * tf.nn.l2_loss(tf.cast(tensor, tf.float32))


def silent_share(tensor: Any, axis: int) -> Any:
    """The share of units that are at zero, or below, for all examples of the batch and at all places.

    Args:
        tensor: What a layer made.
        axis: Which axis counts the units.
    """
    import tensorflow as tf

    values = tf.cast(tensor, tf.float32)
    rank = len(values.shape)
    others = [place for place in range(rank) if place != axis % rank]
    return tf.reduce_mean(tf.cast(tf.reduce_max(values, axis=others) <= 0.0, tf.float32))


Statistics = tuple[Any, Any, Any]
"""Counts (tensors, bins) and moments (tensors, `COLUMNS`) of the tensors that are counted, and one after the other the
values of those that are not, each with its last moment behind them."""


class Measurements:
    """Statistics of tensors of any numeric type, those of one kind taken one after the other.

    So what is needed for one of them only is there once: left to itself, TensorFlow begins with all of them. Kinds do
    not wait for each other: as a training goes on, the update of one layer comes before the gradient of the next.
    """

    def __init__(self) -> None:
        self._counts: list[Any] = []
        self._moments: list[Any] = []
        self._values: list[Any] = []
        self._last: dict[str, list[Any]] = {}

    def add(self, name: Name, tensor: Callable[[], Any], extra: Callable[[], Any]) -> None:
        """Measure a tensor.

        Args:
            name: Says whether its values are counted.
            tensor: Makes it.
            extra: Makes the last column.
        """
        import tensorflow as tf

        last = self._last.get(name.kind, [])
        with tf.control_dependencies(last):
            beside = tf.cast(extra(), tf.float32)
        with tf.control_dependencies([*last, beside]):  # what only that needed may then hold the tensor
            values = flat(tensor())
            if name.values:
                self._values += [values, [beside]]
                return
            counts, moments = flat_statistics()(values)
            self._counts.append(counts)
            self._moments.append(tf.concat([moments, [beside]], axis=0))
        self._last[name.kind] = self._moments[-1:]

    def behind(self, name: Name, tensor: Any) -> Any:
        """A tensor that is there once it is measured, as ``name``, and all of its kind that came before."""
        import tensorflow as tf

        with tf.control_dependencies(self._last.get(name.kind, [])):
            return tf.identity(tensor)

    def stacked(self) -> Statistics:
        """All of them."""
        import tensorflow as tf

        counts, moments, values = nothing()
        return (
            tf.stack(self._counts) if self._counts else counts,
            tf.stack(self._moments) if self._moments else moments,
            tf.concat(self._values, axis=0) if self._values else values,
        )


def nothing() -> Statistics:
    """Statistics of no tensors."""
    import tensorflow as tf

    return tf.zeros([0, BINS], tf.int32), tf.zeros([0, COLUMNS], tf.float32), tf.zeros([0], tf.float32)


def combined(found: Sequence[Statistics], alike: Sequence[bool]) -> Statistics:
    """The statistics of all replicas as one.

    Args:
        found: Of each replica.
        alike: For each row, whether it is the same in all replicas, as what was reduced before and all values are.
    """
    import tensorflow as tf

    counts, moments, values = zip(*found, strict=True)
    if not alike:
        return found[0]
    same = tf.constant(list(alike))[:, None]
    sizes = [tf.cast(tf.reduce_sum(part, axis=1, keepdims=True), tf.float32) for part in counts]
    sums = tf.add_n([part[:, :1] for part in moments])
    mean = sums / tf.maximum(tf.add_n(sizes), 1.0)
    own = [part[:, :1] / tf.maximum(size, 1.0) for part, size in zip(moments, sizes, strict=True)]
    apart = [size * tf.square(each - mean) for size, each in zip(sizes, own, strict=True)]
    rows = tf.concat([
        sums,
        tf.reduce_min(tf.stack([part[:, 1:2] for part in moments]), axis=0),
        tf.reduce_max(tf.stack([part[:, 2:3] for part in moments]), axis=0),
        tf.add_n([part[:, 3:4] for part in moments]) + tf.add_n(apart),
        tf.reduce_min(tf.stack([part[:, 4:] for part in moments]), axis=0),  # silent in all of them, at most
    ], axis=1)  # fmt: skip
    return tf.where(same, counts[0], tf.add_n(list(counts))), tf.where(same, moments[0], rows), values[0]
