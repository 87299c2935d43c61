"""The options of the recorder, checked, and when it is the turn of what."""

from __future__ import annotations

from dataclasses import dataclass

from cutaway.errors import OptionError
from cutaway.training.step.plan import KINDS


@dataclass(frozen=True, slots=True)
class RecorderOptions:
    """What is recorded, and how often.

    Attributes:
        histogram_freq: Epochs between distributions of the weights; 0 for never.
        write_graph: Whether the structure is written.
        write_images: Whether weights are written as images.
        write_steps_per_second: Whether the steps in a second are written.
        metric_steps: Steps between metrics, each a reason of its own to write them.
        weight_steps: Steps between distributions of the layers; 0 for never.
        kinds: Which distributions.
        time_steps: Steps between times of the layers; 0 for never.
    """

    histogram_freq: int
    write_graph: bool
    write_images: bool
    write_steps_per_second: bool
    metric_steps: tuple[int, ...]
    weight_steps: int
    kinds: frozenset[str]
    time_steps: int = 0

    @property
    def by_step(self) -> bool:
        """Whether steps have to be counted."""
        return bool(self.metric_steps or self.weight_steps or self.time_steps)

    def due(self, before: int, step: int) -> bool:
        """Whether anything is written at a step, where ``before`` is the one that was looked at before."""
        return self.metrics_due(before, step) or self.weights_due(before, step)

    def metrics_due(self, before: int, step: int) -> bool:
        """Whether metrics are written at a step, where ``before`` is the one that was looked at before."""
        return any(step // often > before // often for often in self.metric_steps)

    def weights_due(self, before: int, step: int) -> bool:
        """Whether distributions are written at a step; several steps may be executed as one."""
        return bool(self.weight_steps) and step // self.weight_steps > before // self.weight_steps


def checked(
    histogram_freq: int,
    write_graph: bool,
    write_images: bool,
    write_steps_per_second: bool,
    update_freq: str | int,
    every: int | None,
    record: object = True,
    time_layers: int | None = None,
) -> RecorderOptions:
    """The options, as the recorder takes them.

    Raises:
        OptionError: One of them is not what it can be.
    """
    if every is not None and not _is_count(every, least=1):
        raise OptionError(f"every must be a number of steps, 1 or more, or None; received {every!r}")
    if time_layers is not None and not _is_count(time_layers, least=1):
        raise OptionError(f"time_layers must be a number of steps, 1 or more, or None; received {time_layers!r}")
    if not _is_count(histogram_freq, least=0):
        raise OptionError(f"histogram_freq must be a number of epochs, 0 or more; received {histogram_freq!r}")
    if update_freq not in ("epoch", "batch") and not _is_count(update_freq, least=1):
        raise OptionError(
            f'update_freq must be "epoch", "batch" or a number of steps, 1 or more; received {update_freq!r}'
        )
    by_update = () if isinstance(update_freq, str) and update_freq == "epoch" else (update_freq,)
    often = {1 if given == "batch" else int(given) for given in by_update} | ({every} if every else set())
    asked = _kinds(record)
    kinds = asked if every else frozenset()
    if time_layers and every == 1 and kinds - {"weights"}:
        raise OptionError(
            "time_layers needs steps in which nothing else is taken: record every=2 steps or more, or only "
            'record="weights"'
        )
    return RecorderOptions(
        histogram_freq,
        write_graph,
        write_images,
        write_steps_per_second,
        tuple(sorted(often)),
        every or 0,
        kinds,
        time_layers or 0,
    )


def check_profile_and_embeddings(profile_batch: object, embeddings_freq: object) -> None:
    """Check the options of what Keras' own callback does for the recorder.

    Raises:
        OptionError: One of them is not what it can be.
    """
    if not _is_count(profile_batch, least=0) and not _is_stretch(profile_batch):
        raise OptionError(
            "profile_batch must be a step, the first and last of several such as (2, 5), or 0 for none; "
            f"received {profile_batch!r}"
        )
    if not _is_count(embeddings_freq, least=0):
        raise OptionError(f"embeddings_freq must be a number of epochs, 0 or more; received {embeddings_freq!r}")


def _is_stretch(given: object) -> bool:
    """Whether it is a first and a last step, as numbers or, as Keras takes it too, as a text such as ``"2,5"``."""
    parts = given.split(",") if isinstance(given, str) else given
    if not isinstance(parts, list | tuple) or len(parts) != 2:
        return False
    ends = [int(each) if isinstance(each, str) and each.strip().isdecimal() else each for each in parts]
    return all(_is_count(each, least=0) for each in ends) and ends[0] <= ends[1]


def _kinds(record: object) -> frozenset[str]:
    """What is recorded, of `KINDS`."""
    if isinstance(record, bool):
        return frozenset(KINDS if record else ())
    named = [record] if isinstance(record, str) else record
    if not isinstance(named, list | tuple | set | frozenset) or not set(named) <= set(KINDS):
        listed = ", ".join(map(repr, KINDS))
        raise OptionError(f"record must be some of {listed}, or True or False; received {record!r}")
    return frozenset(named)


def _is_count(value: object, *, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least
