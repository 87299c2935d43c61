"""What is written of a distribution, and under which tags: the contract between a training and those who look at it.

``KIND/ID`` is a histogram, ``STATISTIC/KIND/ID`` a number; kinds are ``weights``, ``activations``, ``gradients`` and
``updates``. ``ID`` is the id of a node or group of the graph that is recorded beside them, of a weight for all kinds
but activations; a call or an update that a step makes several times has ``#2``, ``#3`` and so on behind it.
"""

from __future__ import annotations

from cutaway.training.event_writer import EventWriter
from cutaway.training.histograms import Distribution, Floats

_NEAR_ONE, _NEAR_ZERO = 15 / 16, 1 / 16
"""Within a sixteenth of its limits a function is flat: a sigmoid has at most 0.23 times its steepest slope there, tanh
0.12 times; both are edges of bins, so that the share is exact."""


def numbers(kind: str, found: Distribution, *, form: str = "", width: int = 0) -> dict[str, float]:
    """The statistics of a distribution, by name.

    Args:
        kind: What it is of.
        found: The distribution.
        form: The function that made it, where it has limits.
        width: Length of the last axis.

    Returns:
        ``norm``, ``mean``, ``std``, ``min`` and ``max`` of the finite values; ``zeros``, the share of zeros;
        ``saturation``, the share of values near the limits of a function that has some, of a softmax the share of rows
        that are almost one; ``nan`` and ``infinite``, how many there are, where there are any.
    """
    told: dict[str, float] = {}
    total, nan, infinite = found.total, found.nan, found.infinite
    if finite := total - nan - infinite:
        told |= {"norm": found.norm, "mean": found.sum / finite, "std": found.deviation}
        told |= {"min": found.minimum, "max": found.maximum}
    if total and kind != "updates":
        told["zeros"] = found.zeros / total
    if form == "sigmoid":
        told["saturation"] = found.share_beyond(_NEAR_ZERO, _NEAR_ONE)
    elif form == "tanh":
        told["saturation"] = found.share_beyond(-_NEAR_ONE, _NEAR_ONE)
    elif form == "softmax" and width > 1:
        told["saturation"] = min(found.share_beyond(None, _NEAR_ONE) * width, 1.0)
    if nan or infinite:
        told |= {"nan": nan, "infinite": infinite}
    return told


def write(
    writer: EventWriter, kind: str, id: str, rows: Floats, told: dict[str, float], step: int, time: float
) -> None:
    """Write a distribution and its statistics.

    Args:
        writer: The event file.
        kind: What it is of.
        id: Of a call or a weight.
        rows: The histogram.
        told: Statistics by name.
        step: The step.
        time: Seconds since 1970.
    """
    writer.histogram(f"{kind}/{id}", rows, step, wall_time=time)
    writer.scalars({f"{name}/{kind}/{id}": value for name, value in told.items()}, step, wall_time=time)
