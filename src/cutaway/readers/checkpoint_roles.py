"""What the variables of a checkpoint are: weights of the model, or state of its training, and what to call them.

With an object graph, weights are what can be reached from the root without passing through an optimizer; keys alone
would mislead: Keras 3 keeps a model's kernels under the key ``optimizer/_trainable_variables/0``, because that is the
shortest path to them. Without one, the spelling of the keys has to do.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cutaway.errors import ReadError
from cutaway.readers.wire.protobuf import text
from cutaway.readers.wire.tensor_bundle import OBJECT_GRAPH, Entry

Path = tuple[str, ...]

_MOST_OBJECTS = 1_000_000
_DEEPEST = 64

_ATTRIBUTES = "/.ATTRIBUTES/"
_SLOT = "/.OPTIMIZER_SLOT/"
_VALUE = "VARIABLE_VALUE"
_CONFIG = "OBJECT_CONFIG_JSON"

_RATES = frozenset({"learning_rate", "_learning_rate"})
_STEPS = frozenset({"iter", "iterations", "_iterations"})
_COUNTERS = frozenset({
    "save_counter", "global_step", "step", "epoch", "iter", "iterations", "_iterations", "_train_counter",
    "_test_counter", "_predict_counter", "beta1_power", "beta2_power",
})  # fmt: skip
_TRAINING = frozenset({
    "keras_api", "metrics", "_metrics", "compiled_metrics", "seed_generator", "_seed_generator", "_seed_generators",
    "loss_tracker", "_loss_tracker", "optimizer", "_optimizer",
})  # fmt: skip
_SLOT_NAMES = (
    r"Adam|Adam_1|AdamW|AdamW_1|AdaMax|AdaMax_1|Momentum|RMSProp|RMSProp_1|RMSProp_2|Adagrad|Adadelta|Adadelta_1|Ftrl|"
    r"Ftrl_1|ExponentialMovingAverage|adam_m|adam_v|LARSOptimizer|LAMB|LAMB_1|SlotVariable|momentum"
)
_SLOT_NAME = re.compile(rf"(.+)/({_SLOT_NAMES})")
_RANDOM = re.compile(r"seed_generator(_\d+)?")
_CONTAINER = re.compile(
    r"_functional|_?layers|_layer_checkpoint_dependencies|_operations|_?(all_)?(non_)?(trainable_)?variables|_tracked|"
    r"_self_tracked_trackables|layer(_with_weights)?-\d+|\d+"
)


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable with what it is.

    Attributes:
        path: What it is called, from the outermost group to its own name.
        entry: Its dtype, shape and place.
        part: Empty for a weight of the model; else the group of the things that are none, such as ``"optimizer"``.
    """

    path: Path
    entry: Entry
    part: str = ""


def variables_of(entries: Mapping[str, Entry], objects: Any = None) -> list[Variable]:
    """All variables of a checkpoint, each once.

    Args:
        entries: Its tensors by key.
        objects: Its ``TrackableObjectGraph``, or None.

    Raises:
        ReadError: The object graph has more objects than any model.
    """
    kept = {key: entry for key, entry in entries.items() if key != OBJECT_GRAPH and not key.endswith(_CONFIG)}
    found = dict(_by_object(kept, objects)) if objects is not None else {}
    by_name = {key: entry for key, entry in kept.items() if key not in found and _ATTRIBUTES not in key}
    for key in sorted(kept, key=_natural):
        if key not in found:
            found[key] = _by_key(key, kept[key]) if _ATTRIBUTES in key else _by_name(key, by_name)
    return [_settled(variable) for variable in found.values()]


def _settled(variable: Variable) -> Variable:
    """Tables of texts and states of random numbers hold no parameters, whoever owns them."""
    if not variable.part and any(_RANDOM.fullmatch(part) for part in variable.path):
        return Variable(variable.path, variable.entry, "optimizer")
    if variable.entry.dtype in ("string", "resource", "variant") and not variable.part:
        return Variable(variable.path, variable.entry, "tables")
    return variable


def _natural(key: str) -> list[tuple[int, str]]:
    """``layer-2`` before ``layer-10``."""
    parts = re.split(r"(\d+)", key)
    return [(int(part[:18]), part) if part.isdecimal() else (-1, part) for part in parts]


def _by_name(key: str, names: Mapping[str, Entry]) -> Variable:
    """A variable of TensorFlow 1: its name is all there is."""
    entry, path = names[key], tuple(filter(None, key.split("/"))) or (key,)
    if entry.shape == () and (path[-1] in _COUNTERS or entry.dtype in ("int64", "int32")):
        return Variable(path, entry, "optimizer")
    slot = _SLOT_NAME.fullmatch(key)
    if slot and _has_base(slot.group(1), names):
        return Variable(path, entry, "optimizer")
    return Variable(path, entry)


def _has_base(name: str, names: Mapping[str, Entry]) -> bool:
    """Whether the variable of a slot is there, perhaps without the scope of the optimizer in front."""
    parts = name.split("/")
    return any("/".join(parts[at:]) in names for at in range(min(len(parts), 4)))


def _by_key(key: str, entry: Entry) -> Variable:
    """A variable of TensorFlow 2 whose object graph is missing: its key is the path to it, and tells slots."""
    spelled, _, attribute = key.partition(_ATTRIBUTES)
    owner, _, slot = spelled.partition(_SLOT)
    path = tuple(_unescaped(part) for part in (*owner.split("/"), *slot.split("/")[-1:]) if part)
    if attribute != _VALUE:
        path = (*path, attribute)
    path = path or (key,)
    if slot:
        return Variable(path, entry, "optimizer")
    kept_there = "_trainable_variables" in path  # Keras 3: the model's own
    counts = entry.shape == () and path[-1] in _COUNTERS
    training = any(part in _TRAINING or part.endswith("optimizer") for part in path) and not kept_there
    return Variable(path, entry, "optimizer" if counts or training else "")


def _unescaped(part: str) -> str:
    """A name as its author gave it; keys write ``.S`` for a slash and ``..`` for a dot."""
    return re.sub(r"\.([.S])", lambda found: "." if found[1] == "." else "/", part)


def _by_object(entries: Mapping[str, Entry], objects: Any) -> Iterator[tuple[str, Variable]]:
    """Keys with their variables, in the order in which the author's program reaches them."""
    nodes = objects.nodes
    if len(nodes) > _MOST_OBJECTS:
        raise ReadError(f"the checkpoint lists {len(nodes):,} objects; a model has up to {_MOST_OBJECTS:,}")
    slots = _slots(nodes)
    paths = _paths(nodes)
    full: dict[str, str] = {}
    weights: list[tuple[str, Path]] = []
    state: list[tuple[str, Path]] = []
    for index in (*paths, *(index for index in range(len(nodes)) if index not in paths)):
        for attribute in nodes[index].attributes:
            key = text(attribute.checkpoint_key)
            if key not in entries or key in full:
                continue
            full[key] = text(attribute.full_name)
            tail = () if attribute.name == _VALUE else (text(attribute.name),)
            if index in slots or index not in paths:
                state.append((key, slots.get(index, ())))
            else:
                weights.append((key, (*paths[index], *tail)))
    copies = _copies(weights, full, entries)
    for key, path in _named([each for each in weights if each[0] not in copies], full):
        counts = entries[key].shape == () and path[-1] in _COUNTERS
        yield key, Variable(path, entries[key], "optimizer" if counts else "")
    for key, path in weights:
        if key in copies:
            yield key, Variable(path, entries[key], "copies")
    for key, slot in state:
        path = (*_parts(full.get(slot[0], slot[0])), slot[1]) if slot else _parts(full[key])
        yield key, Variable(path or _by_key(key, entries[key]).path, entries[key], "optimizer")


def _parts(name: str) -> Path:
    return tuple(filter(None, name.split("/")))


def _slots(nodes: Any) -> dict[int, Path]:
    """Slot variables: by object, the key of the variable whose slot it is, and the slot's name."""
    found: dict[int, Path] = {}
    for node in nodes:
        for slot in node.slot_variables:
            owner = slot.original_variable_node_id
            attributes = nodes[owner].attributes if 0 <= owner < len(nodes) else ()
            key = text(attributes[0].checkpoint_key) if attributes else f"object {owner}"
            found.setdefault(slot.slot_variable_node_id, (key, text(slot.slot_name)))
    return found


def _paths(nodes: Any) -> dict[int, Path]:
    """Objects of the model with the shortest path to each, nearest first; optimizers are not entered."""
    if not len(nodes):
        return {}
    found: dict[int, Path] = {0: ()}
    pending = deque([0])
    while pending:
        index = pending.popleft()
        if _is_optimizer(nodes[index]) or len(found[index]) >= _DEEPEST:
            if index:
                del found[index]
            continue
        for child in nodes[index].children:
            to, name = child.node_id, text(child.local_name)
            if to not in found and 0 <= to < len(nodes) and name not in _TRAINING:
                found[to] = (*found[index], name)
                pending.append(to)
    return found


def _is_optimizer(node: Any) -> bool:
    if node.slot_variables:
        return True
    names = {text(child.local_name) for child in node.children}
    return bool(names & _RATES) and bool(names & _STEPS)


def _named(weights: Iterable[tuple[str, Path]], full: Mapping[str, str]) -> list[tuple[str, Path]]:
    """Weights with the names that their author gave: attributes of objects; inside of lists, names of variables."""
    named: list[tuple[str, Path]] = []
    taken: set[Path] = set()
    for key, path in weights:
        spelled = _parts(full[key])
        at = next((at for at, part in enumerate(path) if _CONTAINER.fullmatch(part)), None)
        better = path
        if at is not None and len(spelled) > 1:
            better = (*path[:at], *spelled)
        elif path and path[-1].startswith("_") and spelled[-1:] == (path[-1].lstrip("_"),):
            better = (*path[:-1], spelled[-1])
        chosen = better if better not in taken else path
        taken.add(chosen)
        named.append((key, chosen or (key,)))
    return named


def _copies(weights: Iterable[tuple[str, Path]], full: Mapping[str, str], entries: Mapping[str, Entry]) -> set[str]:
    """Keys of the second copies that ``export`` of Keras 3 writes of every variable."""
    lists: dict[str, dict[tuple[str, tuple[int, ...]], str]] = {"variables": {}, "_all_variables": {}}
    for key, path in weights:
        if len(path) == 2 and path[0] in lists:
            lists[path[0]][full[key], entries[key].shape] = key
    return {key for told, key in lists["_all_variables"].items() if told in lists["variables"]}
