"""The graph calls a function of Python.

Bad:   tf.py_function, tf.numpy_function
Good:  operations of TensorFlow
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject


def _find(subject: Subject) -> Iterator[Hit]:
    for node in subject.of(("PyFunc", "PyFuncStateless", "EagerPyFunc")):
        yield Hit((node,), f"{subject.name(node)} calls a function of Python that is not in the file")


CHECK = Check(
    id="CA061",
    name="code-of-python",
    severity="warning",
    why=(
        "The function is not in the file: the model runs only in the process that made it, on no server, no phone "
        "and no accelerator."
    ),
    do="Write the function with operations of TensorFlow.",
    find=_find,
    manual=__doc__ or "",
)
