"""A Lambda layer holds code as bytes.

Bad:   Lambda(lambda x: x * 2)
Good:  a layer of your own, registered with keras.saving.register_keras_serializable
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.checks.finding import Check, Hit
from cutaway.checks.subject import Subject


def _find(subject: Subject) -> Iterator[Hit]:
    for node in subject.of(("Lambda",)):
        function = subject.attribute(node, "function")
        named = isinstance(function, str) and not function.startswith("<")
        text = f"{subject.name(node)} is a Lambda" + (f" of the function {function}" if named else "")
        yield Hit((node,), text, "info" if named else None)


CHECK = Check(
    id="CA060",
    name="lambda-layer",
    severity="warning",
    why=(
        "Keras refuses to load the model unless safe_mode=False is said, which runs whatever code the file holds; "
        "and the bytes fit one version of Python."
    ),
    do="Write it as a layer, or with the operations of keras.ops.",
    find=_find,
    manual=__doc__ or "",
)
