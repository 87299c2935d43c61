"""SavedModels and graphs of TensorFlow to functions that run; those that reach for files or Python are refused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from cutaway.errors import OptionError, ReadError
from cutaway.graph.model import Graph
from cutaway.loading.trusting import check_graph, check_saved_model
from cutaway.loading.unpacked import on_disk
from cutaway.readers import locate


class Argument(NamedTuple):
    """An argument of a concrete function.

    Attributes:
        tensor: The tensor in its graph.
        names: All names that a user may know it by, the best first.
    """

    tensor: Any
    names: tuple[str, ...]


def shown_signature(graph: Graph) -> str:
    """The signature of a SavedModel that its drawing shows; empty where it has none."""
    return str(graph.groups.attributes.get(0, {}).get("signature", ""))


def load_signature(tf: Any, path: str, name: str, caller: str) -> Any:
    """A function of a SavedModel; what it needs stays alive with it.

    Args:
        tf: TensorFlow.
        path: Where `cutaway.read` finds it: a folder, its file, or a zip.
        name: The signature, as `shown_signature` tells it.
        caller: The function that takes a live function instead, for messages.

    Raises:
        ReadError: It reaches for files or Python, or TensorFlow cannot load it.
        OptionError: There is no such signature.
        OSError: There is no room to unpack it.
    """
    with on_disk(locate(path)) as folder:
        check_saved_model(folder, path, caller)
        try:
            loaded = tf.saved_model.load(folder)
        except Exception as error:  # TensorFlow raises whatever its many parts raise
            raise unloaded(path, caller, error) from error
    signatures = dict(loaded.signatures)
    if name not in signatures:
        known = ", ".join(signatures) or "none, so there is nothing to run: save it with signatures="
        raise OptionError(f"{path}: signature must be one of {known}; not {name!r}")
    function = signatures[name]
    function.cutaway_keeps = loaded  # variables die with the object that loaded them
    return function


def load_graph_def(tf: Any, path: str, outputs: Sequence[str], caller: str) -> Any:
    """A ``GraphDef``, encoded or as text.

    Args:
        tf: TensorFlow.
        path: The file.
        outputs: Operations of it that are to be computed.
        caller: The function that takes a live function instead, for messages.

    Raises:
        ReadError: It reaches for files or Python, or TensorFlow cannot read it.
    """
    try:
        if Path(path).suffix == ".pbtxt":
            from google.protobuf import text_format

            definition = text_format.Parse(Path(path).read_text(encoding="utf-8"), tf.compat.v1.GraphDef())
        else:
            definition = tf.compat.v1.GraphDef.FromString(Path(path).read_bytes())
    except Exception as error:  # protobuf has errors of its own in each of its forms
        raise unloaded(path, caller, error) from error
    check_graph(definition, outputs, [], path, caller)
    return definition


def is_of_main_graph(function: Any) -> bool:
    """Whether operations of a loaded function are named as in the main graph of the file, as TensorFlow 1 wrote it.

    Else the function is one that the main graph calls.
    """
    return hasattr(function.cutaway_keeps, "prune")


def import_graph(tf: Any, definition: Any, path: str, caller: str) -> Any:
    """A ``GraphDef`` as a function of no arguments, of which any part can be cut out with ``prune``.

    Raises:
        ReadError: TensorFlow cannot import it.
    """
    try:
        return tf.compat.v1.wrap_function(lambda: tf.import_graph_def(definition, name=""), [])
    except Exception as error:  # TensorFlow raises whatever its many parts raise
        raise unloaded(path, caller, error) from error


def unloaded(path: str, caller: str, error: Exception) -> ReadError:
    """That TensorFlow cannot load a file, and what to do."""
    said = " ".join(str(error).split())
    return ReadError(
        f"cannot be loaded by TensorFlow: {type(error).__name__}: {said:.300}. Where it has operations of its own, "
        f"load it with their library and give the function to {caller}",
        path=path,
    )


def arguments_of(function: Any) -> list[Argument]:
    """What a concrete function is called with: its inputs, but what it captured."""
    captured = {id(inner) for _, inner in function.graph.captures}
    own = [tensor for tensor in function.graph.inputs if id(tensor) not in captured]
    given = list(function.structured_input_signature[1]) if function.structured_input_signature else []
    found = []
    for at, tensor in enumerate(own):
        plain = tensor.op.name.rpartition("/")[2]
        best = [name for name in given if plain == name or plain == f"{function.name}_{name}"]
        named = best or ([given[at]] if len(given) > at else [])
        found.append(Argument(tensor, tuple(dict.fromkeys([*named, plain]))))
    return found
