"""Write docs/checks.md from the checks themselves, with ``python scripts/make_checks.py``; a test asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cutaway.checks import CHECKS
from cutaway.checks.finding import Check
from cutaway.training.checks import thresholds
from cutaway.training_inspection import training_checks

PAGE = Path(__file__).resolve().parent.parent / "docs" / "checks.md"

_HEAD = """\
# Checks

What `cutaway check` and `cutaway.check` look for. \
This page is written by `scripts/make_checks.py` from the manual of each check.

An **error** is certain and spoils what the model computes. A **warning** is most likely a mistake, or \
costs something for nothing. An **info** is worth a look, and often meant. \
A finding may be more or less grave than its check, where the manual says so.

Each check is switched off by its id or name: `--ignore CA020`, `ignore=["bias-before-normalization"]`.
"""


_FAULTS = """\
## Known faults

Faults that studies of broken models name (NeuraLint, UMLAUT and surveys of questions that people ask), rebuilt \
by us with Keras in several ways; `tests/checks/test_known_faults.py` holds the figures. What only shows while \
training, or in the data, is not seen: inputs that are not scaled, overfitting, too few epochs, a width that is not \
the number of classes.
"""


_TRAININGS = """\
## Checks of a training

What `cutaway check LOGDIR` and `cutaway.check` look for in what `cutaway.Recorder` wrote, and the recorder itself \
while it runs; with `stop_on="error"` it stops the training. Layers are named as in the drawing, and the step is that \
since when it is so. Most need `every=N`, which records weights, activations, gradients and updates; losses and \
accuracies alone are enough for CT009 to CT012, and may come from any program that writes event files. What the \
recorder or `keras.callbacks.TensorBoard` write with `histogram_freq=1` is enough for CT001 and CT005 (CT013 asks for \
weights as they began, which the end of an epoch does not tell). Where weights hold NaN, what begins with that, \
such as silent units, is not told beside CT001. What is told of an epoch is pinned to the last step \
that was recorded in it, and to its number where there was none. \
`tests/training/test_training_checks.py` trains a model with each fault, and six healthy ones, on which all are silent.
"""

_THRESHOLDS = """\
## Thresholds

All numbers stand in `src/cutaway/training/checks/thresholds.py`. SageMaker: documented defaults of the built-in \
rules of Amazon SageMaker Debugger. AutoTrainer: default parameters of the tool of Zhang et al., ICSE 2021. UMLAUT: \
heuristics of the tool of Schoop et al., CHI 2021. CS231n: course notes of Stanford, "Learning". Keras: defaults of \
`ReduceLROnPlateau`. Glorot, He: Glorot and Bengio 2010, He et al. 2015. Pascanu: Pascanu et al. 2013.
"""


class Fault(NamedTuple):
    """A kind of fault: the checks that look for it, how many variants were rebuilt, and how many are found."""

    name: str
    checks: tuple[str, ...]
    variants: int
    found: int


KNOWN_FAULTS = (
    Fault("no activation between dense layers", ("CA011",), 4, 4),
    Fault("activation applied twice", ("CA010",), 4, 4),
    Fault("last activation missing or wrong for the loss", ("CA017",), 6, 6),
    Fault("softmax over one unit", ("CA013",), 3, 3),
    Fault("from_logits against the activation", ("CA018",), 3, 3),
    Fault("loss over classes for one unit", ("CA019",), 2, 2),
    Fault("kernel that starts constant", ("CA054",), 3, 3),
    Fault("bias before batch normalization", ("CA020",), 2, 2),
    Fault("dropout before batch normalization", ("CA021",), 2, 2),
    Fault("dropout too high or at the end", ("CA022", "CA023"), 2, 2),
    Fault("window larger than its map, or skipping", ("CA030", "CA031"), 3, 3),
    Fault("dense on a map that was not flattened", ("CA033",), 3, 3),
    Fault("learning rate too high", ("CA055",), 3, 3),
)


def page() -> str:
    """The whole page."""
    return (
        "\n".join(
            [
                _HEAD,
                *_table(CHECKS),
                "",
                _FAULTS,
                *_faults(),
                "",
                _TRAININGS,
                *_table(training_checks()),
                "",
                _THRESHOLDS,
                *_thresholds(),
                "",
                *(line for check in (*CHECKS, *training_checks()) for line in _section(check)),
            ]
        ).rstrip()
        + "\n"
    )


def _table(checks: tuple[Check, ...]) -> Iterator[str]:
    yield "| check | severity | what it looks for |"
    yield "|---|---|---|"
    for check in checks:
        yield f"| [{check.id}](#{check.id.lower()}-{check.name}) | {check.severity} | {check.title} |"


def _thresholds() -> Iterator[str]:
    yield "| threshold | value | what it is compared with | source |"
    yield "|---|--:|---|---|"
    for name, found in vars(thresholds).items():
        if isinstance(found, thresholds.Threshold):
            yield f"| `{name}` | {found.value:g} | {found.meaning} | {found.source} |"


def _faults() -> Iterator[str]:
    yield "| fault | checks | found |"
    yield "|---|---|--:|"
    for fault in KNOWN_FAULTS:
        yield f"| {fault.name} | {', '.join(fault.checks)} | {fault.found} of {fault.variants} |"


def _section(check: Check) -> Iterator[str]:
    yield f"## {check.id} {check.name}"
    yield ""
    yield f"{check.title}. *{check.severity.capitalize()}*{'; only with `--weights`' if check.reads_values else ''}."
    yield ""
    yield "```text"
    yield from check.manual.strip().partition("\n")[2].strip().split("\n")
    yield "```"
    yield ""
    yield f"{check.why} **What to do:** {check.do}"
    yield ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
