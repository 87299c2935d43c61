"""`profile` and `Profile`: the time of each layer and group of a model on this machine, and what bounds it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cutaway.analysis.cost import Cost, cost, roll_up
from cutaway.analysis.sizes import Setting
from cutaway.errors import OptionError
from cutaway.graph.grouping import group as with_groups
from cutaway.graph.model import Graph, Shape
from cutaway.graph.walk import depths
from cutaway.profiling.fusing import fusions_in
from cutaway.profiling.landing import Place, place_by_name
from cutaway.profiling.optimes import OpTimes
from cutaway.profiling.ranks import ranks
from cutaway.profiling.reopened_scopes import layers_of_scopes
from cutaway.profiling.roofline import Bound, Ceiling, measured
from cutaway.profiling.runnable import PHASES, Fusion, Landed
from cutaway.profiling.sums import Spent, add_up, moved
from cutaway.profiling.traces import read_trace
from cutaway.readers import locate, read
from cutaway.whole_files import write_whole

if TYPE_CHECKING:
    from cutaway.profiling.models import Wish
    from cutaway.readers.tflite import Steps

MOST_RUNS = 10_000

_AROUND = 10
"""Runs before and after those that are looked at, at least, where those are so many; all is scaled to their median."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Time of a node, or of a group with all that it holds.

    Attributes:
        id, name, op: Of the node or group.
        kind: ``"node"``, or the kind of the group.
        group: Id of the group around it.
        depth: Number of groups around it, the root not counted.
        seconds: Median of the runs, scaled to the run of the whole model that nobody looked at.
        spread: Half of what lies between the quartiles, scaled likewise.
        share: Of the whole, from 0 to 1.
        rank: Place among the layers, or among the groups, by time, from 1 for the slowest; times that differ by
            chance as much as not share one (`cutaway.profiling.ranks`).
        phases: Seconds by ``"forward"``, ``"backward"`` and ``"update"``; of nodes only.
        macs, flops, bytes: What one forward pass computes and moves; None where it is not known.
        intensity: FLOPs for each byte; None where it is not known.
        rate: FLOPs in a second that the forward pass attains; None where it is not known.
        bound: What bounds it: ``"compute"``, ``"memory"`` or ``"overhead"``; empty where nobody can tell.
        fused_into: Id of what its work ran within, so that its time is there; empty for most.
    """

    id: str
    name: str
    op: str
    kind: str
    group: str
    depth: int
    seconds: float
    spread: float
    share: float
    rank: int
    phases: Mapping[str, float]
    macs: int | None
    flops: int | None
    bytes: int | None
    intensity: float | None
    rate: float | None
    bound: Bound
    fused_into: str = ""


@dataclass(frozen=True, eq=False)
class Profile:
    """Where the time of a model goes; printing it shows it.

    Attributes:
        graph: The model, with all groups.
        rows: Nodes in the order of the model.
        groups: Groups, those around before those inside; the first is the whole model.
        whole: Seconds of one run of the whole, which nobody looked at; of a trace, the sum of its operations.
        whole_spread: Half of what lies between the quartiles of those runs.
        raw_share: Time of all operations while they were looked at, as a share of ``whole``. More than 1 where
            operations run beside each other, or where looking takes time.
        slowdown: Time of a run while it was looked at, as a share of ``whole``.
        landed: Share of the time of all operations that is on a layer.
        lost: The operations that are on none, with their shares, the slowest first.
        runs: How many runs were measured.
        ceiling: What this machine can do; None where nobody measured it.
        setting: What was run, and where: plain values for people and files.
        notes: What else there is to say, in words.
    """

    graph: Graph
    rows: tuple[Timing, ...]
    groups: tuple[Timing, ...]
    whole: float
    whole_spread: float
    raw_share: float
    slowdown: float
    landed: float
    lost: tuple[tuple[str, float], ...]
    runs: int
    ceiling: Ceiling | None
    setting: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def slowest(self, count: int | None = None, *, level: str = "layer") -> list[Timing]:
        """The slowest layers or groups, the slowest first; those that share a rank in the order of the model.

        Equal blocks take equally long but for chance, so that an order by time alone would be another each time.

        Args:
            count: How many; None for all.
            level: ``"layer"`` or ``"group"``.
        """
        rows = self.groups[1:] if level == "group" else self.rows
        ordered = sorted(rows, key=lambda row: row.rank)
        return ordered if count is None else ordered[:count]

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the profile as a file that ``overlay`` takes; the extension chooses, ``.json`` or ``.csv``.

        Raises:
            OptionError: The extension is another.
            OSError: The file cannot be written.
        """
        from cutaway.profile_forms import FORMATS

        target = Path(path)
        kind = target.suffix.lower().removeprefix(".")
        if kind not in ("json", "csv"):
            raise OptionError(f"a profile is saved as .json or .csv; received {target.name!r}")
        write_whole(target, FORMATS[kind](self).encode())
        return target

    def __str__(self) -> str:
        from cutaway.profile_forms import to_text

        return to_text(self)


def profile(
    model: Any,
    *,
    batch: int = 1,
    shapes: Mapping[str, Shape] | None = None,
    training: bool = False,
    runs: int | None = None,
    data: Any = None,
    trace: str | os.PathLike[str] | None = None,
    peak: float | None = None,
    bandwidth: float | None = None,
    input_shape: Any = None,
    inputs: Any = None,
    signature: str | None = None,
) -> Profile:
    """Measure the time of each layer of a model on this machine, or read it from a trace.

    The whole model runs under TensorFlow's profiler, and the time of each operation goes to the layer whose call made
    it. The figures are scaled so that they add up to the time of the model when nobody looks at it.

    A ``.tflite`` runs under LiteRT's own profiler, where ``ai-edge-litert`` is installed; without it only the whole is
    timed.

    The operations of a SavedModel or graph really run, and the initialisers of a SavedModel when it is loaded. Files
    whose operations would touch other files or run Python are refused, as is code in files of Keras.

    Args:
        model: A live model of Keras or function of TensorFlow, or the path of a ``.keras``, ``.h5``, ``.tflite``,
            frozen ``.pb`` or SavedModel. With ``trace`` any model that `cutaway.read` takes.
        batch: Length of every free batch axis.
        shapes: Shapes of some inputs by name, the batch included.
        training: Whether a step of training is measured, and not the forward pass: forward, backward and update.
            The loss is the mean square of the outputs, since labels are not known; weights are put back afterwards.
        runs: How many runs are measured, after some that are not; None for what fits into four seconds, 30 to 120.
        data: Inputs, as the model takes them; None for random numbers.
        trace: A trace to read instead of running the model: an XPlane file of TensorFlow's profiler, a
            ``RunMetadata`` or an event file with one, a trace in Chrome's format, or the table of operations that
            LiteRT's ``benchmark_model`` writes.
        peak: Float operations in a second that this machine can do at best; None measures it.
        bandwidth: Bytes in a second that its memory can do at best; None measures it.
        input_shape: Shape of the model's input, the batch included, for a model that was never built.
        inputs: Input specification of a live model that takes more than one tensor.
        signature: Entry point that is measured, for files that hold several; None for the serving one.

    Returns:
        The profile; ``str`` of it is a table, and ``save`` writes a file that ``overlay`` takes.

    Raises:
        ReadError: The model or the trace is damaged, unsafe, or not what it claims to be.
        UnbuiltModel: A live model has no weights yet.
        OptionError: A choice is not possible; the message says what is.
        MissingExtra: TensorFlow, Keras or LiteRT is needed and not installed.
    """
    if isinstance(batch, bool) or not isinstance(batch, int) or batch < 1:
        raise OptionError(f"batch must be a whole number, 1 or more; received {batch!r}")
    if runs is not None and (isinstance(runs, bool) or not isinstance(runs, int) or not 1 <= runs <= MOST_RUNS):
        raise OptionError(f"runs must be a whole number from 1 to {MOST_RUNS:,}; received {runs!r}")
    for name, value in (("peak", peak), ("bandwidth", bandwidth)):
        if value is not None and not 0 < value < float("inf"):
            raise OptionError(f"{name} must be more than 0, in a second; received {value!r}")
    if trace is not None:
        graph = model if isinstance(model, Graph) else read(
            model, input_shape=input_shape, inputs=inputs, signature=signature
        )  # fmt: skip
        ceiling = Ceiling(peak, bandwidth) if peak is not None and bandwidth is not None else None
        return _from_trace(graph, trace, Setting(batch=batch, shapes=shapes, rule=_rule()), ceiling)
    from cutaway.profiling.models import Wish

    wish = Wish(
        batch=batch, shapes=shapes or {}, training=training, data=data,
        input_shape=input_shape, inputs=inputs, signature=signature,
    )  # fmt: skip
    if isinstance(model, str | os.PathLike):
        graph = read(model, input_shape=input_shape, signature=signature)
        if graph.format == "tflite":
            return _measure_litert(os.fspath(model), wish, runs, _ceiling(peak, bandwidth, measured))
    return _measure(model, wish, runs, peak, bandwidth)


def _measure_litert(path: str, wish: Wish, runs: int | None, ceiling: Ceiling) -> Profile:
    """Time the operations of a TensorFlow Lite file; where that cannot be done, whole runs, with the reason."""
    from cutaway.profiling.litert_profiler import Unprofiled
    from cutaway.readers.options import ReadOptions
    from cutaway.readers.tflite import read_steps

    if wish.training:
        raise OptionError("a step of training is profiled for models of Keras; this is a tflite")
    model = read_steps(locate(path), ReadOptions(signature=wish.signature))
    try:
        return _measure_operations(path, model, wish, runs, ceiling)
    except Unprofiled as reason:
        if model.subgraph:
            raise OptionError(
                f"signature {model.key!r} cannot be profiled: {reason}; as a whole only the first signature is timed"
            ) from reason
        return _measure_whole(path, model, wish, runs, ceiling, str(reason))


def _measure_operations(path: str, model: Steps, wish: Wish, runs: int | None, ceiling: Ceiling) -> Profile:
    """Time a TensorFlow Lite file under LiteRT's profiler, and put together what was seen."""
    from cutaway.profiling.litert_operations import measured as by_operation

    found = by_operation(path, model, wish.batch, wish.shapes, wish.data, runs)
    grouped, middle = with_groups(model.graph), float(np.median(found.whole))
    spent = _landed(model.graph, grouped, found.times, found.land, found.fusions, middle)
    made = _put_together(grouped, spent, cost(grouped, Setting(batch=wish.batch, shapes=found.ran)), ceiling)
    low, high = np.percentile(found.whole, (25, 75))
    return replace(
        made,
        whole_spread=float(high - low) / 2,
        slowdown=float(np.median(found.looked_at)) / middle if middle else 1.0,
        runs=len(found.looked_at),
        setting={
            "what": "forward pass by LiteRT",
            "shapes": {name: list(each) for name, each in found.ran.items()},
            **found.setting,
        },
        notes=(*found.notes, *made.notes),
    )


def _measure_whole(path: str, model: Steps, wish: Wish, runs: int | None, ceiling: Ceiling, reason: str) -> Profile:
    """Time whole runs of a TensorFlow Lite file, which is all that its interpreter in Python tells."""
    from cutaway.profiling import litert_runs
    from cutaway.profiling.running import attempted, unprofiled, worthwhile

    run, ran, runtime = litert_runs.runnable(path, model, wish.batch, wish.shapes, wish.data)
    attempted(run)
    seconds = unprofiled(run, worthwhile(run) if runs is None else runs)
    grouped = with_groups(model.graph)
    whole = float(np.median(seconds))
    spent = replace(add_up(grouped, OpTimes(1), lambda _: Landed(None), {}, None), whole=whole, raw_share=0.0)
    low, high = np.percentile(seconds, (25, 75))
    made = _put_together(grouped, spent, cost(grouped, Setting(batch=wish.batch, shapes=ran)), ceiling)
    return replace(
        made,
        whole_spread=float(high - low) / 2,
        runs=len(seconds),
        setting={"what": f"forward pass by {runtime}", "shapes": {name: list(each) for name, each in ran.items()}},
        notes=(f"{reason}, {litert_runs.INSTEAD}", *made.notes),
    )


def _measure(model: Any, wish: Wish, runs: int | None, peak: float | None, bandwidth: float | None) -> Profile:
    """Run a model, and put together what was seen."""
    from cutaway.loading.frameworks import tensorflow
    from cutaway.profiling.models import open_model
    from cutaway.profiling.running import (
        attempted,
        matrix_product,
        profiled,
        surroundings,
        unprofiled,
        worthwhile,
    )

    tf = tensorflow("profile runs the model", ". A trace that was recorded elsewhere can be read: --trace FILE")
    graph, running, ran = open_model(tf, model, wish)
    with running.around():
        attempted(running.run)
        runs = worthwhile(running.run) if runs is None else runs
        around = min(runs, max(_AROUND, runs // 3))
        before = unprofiled(running.run, around)
        times, looked_at = profiled(tf, running.run, runs)
        whole = np.concatenate(
            [before, unprofiled(running.run, around)]
        )  # around it, so that a drift shows in the spread
    ceiling = _ceiling(peak, bandwidth, lambda: measured(matrix_product(tf)))
    middle = float(np.median(whole))
    grouped = with_groups(graph)
    spent = _landed(graph, grouped, times, running.land, running.fusions(times), middle)
    low, high = np.percentile(whole, (25, 75))
    work = cost(grouped, Setting(batch=wish.batch, shapes=ran, rule=_rule()))
    made = _put_together(grouped, spent, work, ceiling)
    return replace(
        made,
        whole_spread=float(high - low) / 2,
        slowdown=float(np.median(looked_at)) / middle if middle else 1.0,
        runs=runs,
        setting={
            "what": "training step" if wish.training else "forward pass",
            "shapes": {name: list(shape) for name, shape in ran.items()},
            "by": running.found_by,
            **surroundings(tf),
        },
    )


def _landed(
    graph: Graph,
    grouped: Graph,
    times: OpTimes,
    land: Callable[[str], Landed],
    fusions: Mapping[str, Fusion],
    whole: float | None,
) -> Spent:
    """The times by the places of the grouped graph."""
    move = moved(graph, grouped)

    def land_there(name: str) -> Landed:
        found = land(name)
        return found if found.place is None else Landed(move(found.place), found.phase)

    there = {name: Fusion(move(one.place), tuple(map(move, one.others))) for name, one in fusions.items()}
    return add_up(grouped, times, land_there, there, whole)


def _ceiling(peak: float | None, bandwidth: float | None, measure: Any) -> Ceiling:
    if peak is not None and bandwidth is not None:
        return Ceiling(peak, bandwidth)
    found: Ceiling = measure()
    given = "measured" if peak is None and bandwidth is None else "given and measured"
    return Ceiling(peak or found.peak, bandwidth or found.bandwidth, given)


def _rule() -> Any:
    from cutaway.readers.keras.shapes import node_outputs

    return node_outputs


def _from_trace(graph: Graph, trace: str | os.PathLike[str], setting: Setting, ceiling: Ceiling | None) -> Profile:
    """What a trace says of the nodes of a model."""
    times = read_trace(trace)
    renamed = layers_of_scopes(graph, times.seconds)
    graph = with_groups(graph)
    find = place_by_name(graph)

    def land(name: str) -> Landed:
        return Landed(find(renamed(name)), _phase(name))

    spent = add_up(graph, times, land, fusions_in(graph, land, times), None)
    if not spent.landed:
        raise OptionError(
            f"no operation of the trace is named like a layer of {graph.name!r}: expected names such as "
            f"{', '.join(map(repr, graph.ids[:3]))}; received {', '.join(map(repr, list(times.seconds)[:3]))}"
        )
    made = _put_together(graph, spent, cost(graph, setting), ceiling)
    return replace(
        made,
        runs=times.runs,
        setting={"what": f"trace ({times.source})", "trace": Path(trace).name, "by": "names of operations"},
    )


def _phase(name: str) -> str:
    return "backward" if "gradient_tape/" in name or name.startswith("gradients/") else "forward"


def _put_together(graph: Graph, spent: Spent, work: Cost, ceiling: Ceiling | None) -> Profile:
    """Rows of all nodes and groups."""
    groups, spread = spent.groups, spent.group_spread
    unknown = {node for each in work.uncounted for node in each.nodes}
    into = {place: _identity(graph, target) for place, target in spent.fused.items()}
    rows = tuple(
        _node_row(graph, node, rank, spent, work, node not in unknown, ceiling, into.get(Place("node", node), ""))
        for node, rank in enumerate(ranks(spent.nodes.tolist()))
    )
    level, totals = depths(graph.groups.parents), roll_up(graph, work.macs)
    flops, moved = roll_up(graph, work.flops), roll_up(graph, [work.traffic(node) for node in range(len(graph))])
    whole, places = spent.whole or 1.0, [0, *ranks(groups[1:].tolist())]  # the whole model is not one among others
    made = tuple(
        Timing(
            graph.groups.ids[at], graph.groups.names[at], graph.groups.ops.get(at, ""), graph.groups.kinds[at],
            "" if at == 0 else graph.groups.ids[graph.groups.parents[at]], max(0, level[at] - 1),
            float(groups[at]), float(spread[at]), float(groups[at]) / whole, places[at], {},
            totals[at], flops[at], moved[at], None, None, "",
        )
        for at in range(len(graph.groups))
    )  # fmt: skip
    return Profile(
        graph, rows, made, spent.whole, 0.0, spent.raw_share, 1.0, spent.landed, spent.lost, 1, ceiling, {},
        tuple(work.notes()[:8]),
    )  # fmt: skip


def _identity(graph: Graph, place: Place) -> str:
    return graph.ids[place.at] if place.kind == "node" else graph.groups.ids[place.at]


def _node_row(
    graph: Graph, node: int, rank: int, spent: Spent, work: Cost, known: bool, ceiling: Ceiling | None, fused_into: str
) -> Timing:
    seconds, forward = float(spent.nodes[node]), float(spent.node_phases[node, 0])
    flops, moved = work.flops[node], work.traffic(node)
    around = graph.node_groups[node]
    return Timing(
        id=graph.ids[node],
        name=graph.names[node],
        op=graph.op(node),
        kind="node",
        group=graph.groups.ids[around],
        depth=depth_of(graph, around),
        seconds=seconds,
        spread=float(spent.node_spread[node]),
        share=seconds / spent.whole if spent.whole else 0.0,
        rank=rank,
        phases={name: float(spent.node_phases[node, at]) for at, name in enumerate(PHASES)},
        macs=work.macs[node] if known else None,
        flops=flops if known else None,
        bytes=moved,
        intensity=work.intensity(node) if known else None,
        rate=flops / forward if known and forward > 0 else None,
        bound=ceiling.bound(flops, moved, forward) if ceiling is not None and known else "",
        fused_into=fused_into,
    )


def depth_of(graph: Graph, group: int) -> int:
    """Number of groups around what is in a group, the root not counted."""
    depth = 0
    while group > 0:
        group = graph.groups.parents[group]
        depth += 1
    return depth
