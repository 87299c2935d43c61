"""Random Functional models that use what real ones use: branches, shared layers, nested models, operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

WIDTH = 4


def random_model(data: st.DataObject, keras: Any) -> Any:
    """A model of some twenty calls on tensors of shape (None, WIDTH)."""
    draw = data.draw
    layers, ops = keras.layers, keras.ops
    inputs = [keras.Input((WIDTH,), name=f"in{at}") for at in range(draw(st.integers(1, 3)))]
    shared = layers.Dense(WIDTH, name="shared")
    nested = _nested(keras, draw)
    tensors = list(inputs)

    def pick() -> Any:
        return tensors[draw(st.integers(0, len(tensors) - 1))]

    def twice() -> Any:
        one = pick()
        return layers.add([one, one])

    steps: dict[str, Callable[[], Any]] = {
        "dense": lambda: layers.Dense(WIDTH, use_bias=draw(st.booleans()))(pick()),
        "frozen": lambda: layers.Dense(WIDTH, trainable=False)(pick()),
        "norm": lambda: layers.BatchNormalization()(pick()),
        "dropout": lambda: layers.Dropout(0.1)(pick(), training=draw(st.booleans())),
        "add": lambda: layers.Add()([pick() for _ in range(draw(st.integers(2, 3)))]),
        "twice": twice,
        "cut": lambda: layers.Dense(WIDTH)(layers.Concatenate()([pick(), pick()])),
        "shared": lambda: shared(pick()),
        "nested": lambda: nested(pick()),
        "multiply": lambda: ops.multiply(pick(), draw(st.sampled_from([2.0, 3]))),
        "minus": lambda: 1.0 - pick(),
        "sum": lambda: pick() + pick(),
        "split": lambda: ops.concatenate(list(reversed(ops.split(pick(), 2, axis=-1))), axis=-1),
        "top": lambda: ops.top_k(pick(), k=WIDTH)[0],
        "where": lambda: ops.where(pick() > 0, pick(), 0.0),
        "einsum": lambda: ops.einsum("ab,ab->ab", pick(), pick()),
        "item": lambda: layers.Reshape((WIDTH,))(pick()[:, ::-1]),
    }
    for kind in draw(st.lists(st.sampled_from(sorted(steps)), min_size=2, max_size=14)):
        tensors.append(steps[kind]())
    outputs = [tensors[-1], *[pick() for _ in range(draw(st.integers(0, 2)))]]
    if draw(st.booleans()):
        named = {f"out{len(outputs) - at}": tensor for at, tensor in enumerate(outputs)}
        return keras.Model({tensor.name: tensor for tensor in reversed(inputs)}, named)
    return keras.Model(inputs, outputs)


def _nested(keras: Any, draw: Any) -> Any:
    kind = draw(st.sampled_from(["sequential", "functional", "deep", "through", "frozen"]))
    if kind == "sequential":
        return keras.Sequential([keras.Input((WIDTH,)), keras.layers.Dense(WIDTH), keras.layers.ReLU()], name="nest")
    source = keras.Input((WIDTH,), name="inner_in")
    if kind == "through":
        return keras.Model(source, source, name="nest")
    middle = keras.layers.Dense(WIDTH, name="inner")(source)
    if kind == "deep":
        middle = keras.Model(source, keras.layers.ReLU(name="deep_relu")(middle), name="deep")(source)
    made = keras.Model(source, keras.layers.Add(name="inner_add")([middle, source]), name="nest")
    made.trainable = kind != "frozen"
    return made
