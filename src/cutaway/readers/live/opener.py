"""`Opener`: the ladder of ways to look inside a composite layer, and which rung held."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from contextlib import ExitStack
from typing import Any

from cutaway.graph import Tensor
from cutaway.readers.live import symbolic
from cutaway.readers.live.calls import Call, Inside, Value, as_value, map_leaves, values
from cutaway.readers.live.kinds import framework_of, sublayers
from cutaway.readers.live.recording import LOCK, first_line, keras
from cutaway.readers.live.tracing import Job, trace
from cutaway.readers.live.untouched import untouched


class Opener:
    """Opens calls of composite layers: traced together, else followed one by one, else their layers listed.

    A context manager: what was opened stays as it is inside the block, and the model is put back at its end.

    Args:
        root: The model that is read.

    Attributes:
        warnings: What could not be opened, in words for the user.
    """

    def __init__(self, root: Any) -> None:
        self.warnings: list[str] = []
        self._root = root
        self._begun = False
        self._session = ExitStack()
        self._found: dict[Hashable, Inside] = {}
        self._kept: list[Any] = []

    def __enter__(self) -> Opener:
        return self

    def __exit__(self, *exception: object) -> None:
        self._session.close()

    def begin(self) -> None:
        """Remember the model as it is. A model in which nothing needs to be followed is never touched."""
        if self._begun or framework_of(type(self._root)) != "keras":
            return
        self._begun = True
        self._session.enter_context(LOCK)
        self._session.enter_context(untouched(self._root))
        if not all(layer.built for layer in self._root._flatten_layers()):
            # Weights of layers that are built on the way are described and never allocated.
            self._session.enter_context(keras().StatelessScope(initialize_variables=False))

    def prepare(self, calls: Iterable[Call]) -> None:
        """Open many calls at once; calls of one layer with equal arguments are followed once."""
        jobs = {key: Job(call) for call in calls if (key := _key(call)) not in self._found}
        self._kept += [job.call.target for job in jobs.values()]
        if not jobs:
            return
        self.begin()
        if keras().backend.backend() == "tensorflow":
            self._trace(list(jobs.values()))
        for key, job in jobs.items():
            self._found[key] = job.inside if job.inside is not None else self._next_rungs(job)

    def __call__(self, call: Call) -> Inside | None:
        """The inside of a call, or None where no layer is called in it: its name then tells best what it does."""
        inside = self.open(call)
        return inside if any(hasattr(inner.target, "_flatten_layers") for inner in inside.calls) else None

    def open(self, call: Call) -> Inside:
        """The inside of a call, whatever is in it."""
        self.prepare([call])
        return self._found[_key(call)]

    def _trace(self, jobs: list[Job]) -> None:
        try:
            trace(jobs)
        except Exception as error:  # the trace as a whole failed: each alone
            for job in jobs:
                if len(jobs) > 1:
                    self._trace([job])
                else:
                    job.error = error

    def _next_rungs(self, job: Job) -> Inside:
        try:
            return symbolic.follow(job.call)
        except Exception as error:  # any code of the user's may fail in any way
            reason = first_line(job.error or error)
            found_by = f"layer list only: `call` could not be traced: {reason}"
            self.warnings.append(f"{job.call.name} ({job.call.op}): {found_by}")
            return layer_list(job.call, found_by)


def layer_list(call: Call, found_by: str) -> Inside:
    """The layers of a layer, one by one and without edges, beside a node that stands for the call itself."""
    inputs = [Value(object(), value.tensor) for value in values((tuple(call.args), dict(call.kwargs)))]
    given = iter(inputs)
    args, kwargs = map_leaves(
        lambda leaf: leaf if as_value(leaf) is None else next(given), (tuple(call.args), dict(call.kwargs))
    )
    outputs = [Value(object(), value.tensor) for value in call.outputs] or [Value(object(), Tensor())]
    itself = Call(None, call.name, call.op, (args, kwargs), outputs=outputs)
    return Inside(inputs, [itself, *_listed(call.target)], [(value,) for value in outputs], found_by)


def _listed(layer: Any) -> Iterator[Call]:
    for part in sublayers(layer):
        inner = list(_listed(part))
        yield Call(part, part.name, type(part).__name__, outputs=[Value(object(), Tensor())], inside=inner)


def _key(call: Call) -> Hashable:
    described = map_leaves(_describe, (tuple(call.args), dict(call.kwargs)))
    return (id(call.target), repr(described))


def _describe(leaf: Any) -> Any:
    value = as_value(leaf)
    return leaf if value is None else value.tensor
