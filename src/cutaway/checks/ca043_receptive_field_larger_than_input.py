"""Most convolutions read maps of which each place has seen the whole input already.

Bad:   a net of 50 layers, made for images of 224 × 224, on images of 32 × 32
Good:  the same net without its last stages, or with smaller strides and windows at the beginning

Convolutions with a window of 1 do not count: they are not there to see more. Of nets that are deep on purpose this is
so too, and meant; the finding stands at the first of those layers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cutaway.analysis.receptive_field import receptive_fields, whole_input
from cutaway.checks.families import CONVOLUTIONS, kernel, map_size, says_window, times
from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject

_FEWEST = 8
"""Convolutions with a window from which on a model is judged: a small one has its reasons."""

_SHARE = 2 / 3
"""Share of them that must have nothing new to see: ResNet50 at 224 × 224 has 0.3, at 32 × 32 it has 0.8."""


def _find(subject: Subject) -> Iterator[Hit]:
    windowed = [node for node in subject.of(CONVOLUTIONS, says_window) if max(kernel(subject, node), default=1) > 1]
    sizes = {map_size(subject, node, subject.shape(node)) for node in subject.inputs}
    if len(windowed) < _FEWEST or len(sizes) != 1:
        return
    known = tuple(length for length in sizes.pop() if length is not None)
    if not known:
        return
    fields = receptive_fields(subject.graph, _sizes(subject), whole=known)
    idle = []
    for node in windowed:
        field = next((fields[source] for source in subject.sources(node)), None)
        if field is not None and len(field.axes) == len(known) and whole_input(field, known):
            idle.append(node)
    if len(idle) >= _SHARE * len(windowed):
        yield Hit(
            tuple(idle),
            f"from {subject.name(idle[0])} on, {len(idle):,} of {len(windowed):,} convolutions with a window read maps "
            f"of which each place sees all of the input of {times(known)}",
        )


def _sizes(subject: Subject) -> Sequence[tuple[int, ...] | None]:
    """Sizes of all tensors, one example each; None where a length is free."""
    graph = subject.graph
    of_tensors = [
        None if tensor.shape is None or None in tensor.shape[1:] else tuple(each or 1 for each in tensor.shape)
        for tensor in graph.tensors
    ]
    return [of_tensors[code] for code in graph.output_codes]


CHECK = Check(
    id="CA043",
    name="receptive-field-larger-than-input",
    severity="info",
    why=(
        "Layers that integrate no further context were found to add next to nothing to the accuracy (Richter and "
        "others, 2021), and cost what the others cost."
    ),
    do="Give it larger inputs, reduce the resolution later, or leave out the last stages.",
    find=_find,
    manual=__doc__ or "",
)
