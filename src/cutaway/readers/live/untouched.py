"""Leave no trace: a model that was followed is put back exactly as it was.

Following `call` may build layers, count names, draw seeds and add symbolic tensors to lists of losses. All of
that lives in the attributes of the layers, in a few lists and counters of Keras, and in the state of Python's
and NumPy's random numbers. A shallow copy of each is taken before, and its content put back after.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

_COUNTERS = ("object_name_uids", "uninitialized_variables", "global_seed_generator")

Undo = Callable[[], None]


@contextmanager
def untouched(*roots: Any) -> Iterator[None]:
    """Restore layers, name counters and random states at the end of the block, whatever happened in it."""
    undo: list[Undo] = [_keep_random()]
    undo += _keep_counters()
    seen: set[int] = set()
    for root in roots:
        for layer in _layers(root):
            if id(layer) not in seen:
                seen.add(id(layer))
                undo.append(_keep_object(layer))
    try:
        yield
    finally:
        for put_back in reversed(undo):
            put_back()


@contextmanager
def seeds_kept(root: Any) -> Iterator[None]:
    """Restore the states of seed generators, which a layer that runs on real numbers moves on."""
    states = [generator.state for layer in _layers(root) for generator in getattr(layer, "_seed_generators", ())]
    before = [state.numpy().copy() for state in states]
    try:
        yield
    finally:
        for state, value in zip(states, before, strict=True):
            if (state.numpy() != value).any():
                state.assign(value)


def _layers(root: Any) -> Iterable[Any]:
    flatten = getattr(root, "_flatten_layers", None)
    found = [root] if flatten is None else list(flatten(include_self=True, recursive=True))
    inner = [layer._functional for layer in found if getattr(layer, "_functional", None) is not None]
    return [*found, *inner]


def _keep_object(thing: Any) -> Undo:
    kept = dict(vars(thing))
    parts = [_keep_collection(value) for value in kept.values() if isinstance(value, (list, dict, set))]
    tracker = kept.get("_tracker")
    if tracker is not None:
        parts.append(_keep_tracker(tracker))

    def put_back() -> None:
        attributes = vars(thing)
        attributes.clear()
        attributes.update(kept)
        for part in parts:
            part()

    return put_back


def _keep_tracker(tracker: Any) -> Undo:
    kept = dict(vars(tracker))
    inner = [_keep_collection(value) for value in kept.values() if isinstance(value, (list, dict, set))]
    for _, store in getattr(tracker, "config", {}).values():  # not always the list that the layer itself shows
        inner.append(_keep_collection(store))

    def put_back() -> None:
        vars(tracker).clear()
        vars(tracker).update(kept)
        for part in inner:
            part()

    return put_back


def _keep_collection(collection: Any) -> Undo:
    """Content of a list, dict or set; the methods of the built-in type, so that no tracking list notices."""
    collection = getattr(collection, "__wrapped__", collection)  # TensorFlow tracks dicts through a proxy
    kind: Any = next(one for one in (list, dict, set) if isinstance(collection, one))
    copy = kind(collection)
    values = [] if kind is set else copy if kind is list else list(copy.values())
    inner = [_keep_collection(item) for item in values if isinstance(item, (list, dict, set))]
    storage = getattr(collection, "_storage", None)  # TensorFlow tracks lists through a second one
    if storage is not None:
        inner.append(_keep_collection(storage))

    def put_back() -> None:
        if kind is list:
            list.__setitem__(collection, slice(None), copy)
        else:
            kind.clear(collection)
            kind.update(collection, copy)
        for part in inner:
            part()

    return put_back


def _keep_random() -> Undo:
    state = random.getstate()
    numpy = sys.modules.get("numpy")
    array_state = None if numpy is None else numpy.random.get_state()

    def put_back() -> None:
        random.setstate(state)
        if numpy is not None:
            numpy.random.set_state(array_state)

    return put_back


def _keep_counters() -> list[Undo]:
    """Keras' counters of names, list of variables to initialize, and seeds."""
    module = sys.modules.get("keras.src.backend.common.global_state")
    tracker = getattr(module, "GLOBAL_STATE_TRACKER", None)
    if tracker is None:
        return []
    undo = []
    for name in _COUNTERS:
        value = getattr(tracker, name, None)
        undo.append(_keep_attribute(tracker, name, value))
        if isinstance(value, (list, dict, set)):
            undo.append(_keep_collection(value))
    return undo


def _keep_attribute(owner: Any, name: str, value: Any) -> Undo:
    def put_back() -> None:
        if value is not None:
            setattr(owner, name, value)
        elif hasattr(owner, name):
            delattr(owner, name)

    return put_back
