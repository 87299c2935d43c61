"""Edits made to random models are found, each as what it was, and nothing else."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutaway.analysis.differences import Differences, differences
from cutaway.analysis.matching import longest_rise
from cutaway.graph.build import GraphBuilder
from cutaway.graph.model import Graph, Tensor, Weight

OPS = ("Dense", "Conv2D", "ReLU", "BatchNormalization", "Add")


@dataclass(frozen=True)
class Layer:
    """A layer of a model that is still being written: what it reads is told by keys, which never change."""

    key: int
    name: str
    op: str
    units: int
    reads: tuple[int, ...]
    group: str = ""


@dataclass
class Model:
    """Layers in an order in which each stands behind what it reads."""

    layers: list[Layer] = field(default_factory=list)

    def build(self) -> Graph:
        builder = GraphBuilder("random", "keras_v3")
        groups = {"": 0}
        nodes: dict[int, int] = {}
        for layer in self.layers:
            if layer.group not in groups:
                groups[layer.group] = builder.group(layer.group)
            nodes[layer.key] = builder.node(
                layer.name, layer.op, group=groups[layer.group], outputs=[Tensor((None, layer.units), "float32")],
                attributes={"units": layer.units},
                weights=[Weight(f"{layer.name}/kernel", "kernel", (layer.units,))] if layer.op == "Dense" else [],
            )  # fmt: skip
            for source in layer.reads:
                builder.connect(nodes[source], nodes[layer.key])
        return builder.build()

    def without(self, key: int) -> Model:
        """The model with a layer taken out; whoever read it reads what it read first."""
        gone = next(layer for layer in self.layers if layer.key == key)
        heir = gone.reads[0]
        return Model([
            replace(layer, reads=tuple(heir if each == key else each for each in layer.reads))
            for layer in self.layers if layer.key != key
        ])  # fmt: skip

    def with_behind(self, key: int, layer: Layer) -> Model:
        """The model with a layer put behind another, which all that read that one read now."""
        found = []
        for each in self.layers:
            reads = tuple(layer.key if source == key else source for source in each.reads)
            found.append(replace(each, reads=reads))
            if each.key == key:
                found.append(replace(layer, reads=(key,)))
        return Model(found)

    def changed(self, key: int, **what: object) -> Model:
        return Model([replace(layer, **what) if layer.key == key else layer for layer in self.layers])  # type: ignore[arg-type]


def random_model(chance: random.Random, count: int, *, named: bool) -> Model:
    """Layers that read one or two of the last few; the names are a person's, or those that Keras numbers."""
    layers = [Layer(0, "image", "InputLayer", 3, ())]
    numbers: dict[str, int] = {}
    for key in range(1, count):
        op = chance.choice(OPS)
        number = numbers[op] = numbers.get(op, -1) + 1
        lower = {"BatchNormalization": "batch_normalization", "ReLU": "re_lu", "Conv2D": "conv2d"}.get(op, op.lower())
        name = f"unit{key}_of_mine" if named else f"{lower}_{number}" if number else lower
        reads = {key - 1, chance.randrange(max(0, key - 6), key)} if op == "Add" else {key - 1}
        layers.append(Layer(key, name, op, chance.choice((4, 8, 16)), tuple(sorted(reads))))
    return Model(layers)


def told(found: Differences) -> dict[str, list[str]]:
    """Names by what happened to them; inputs that changed because a neighbour came or went are no edits."""
    changed = [
        pair.new.name for pair in found.pairs if any(change.what not in ("input",) for change in pair.changes)
    ]  # fmt: skip
    return {
        "added": [unit.name for unit in found.added],
        "removed": [unit.name for unit in found.removed],
        "renamed": [f"{pair.old.name} {pair.new.name}" for pair in found.pairs if pair.renamed],
        "moved": [pair.new.name for pair in found.pairs if pair.moved],
        "changed": changed,
    }


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(8, 60))
def test_every_edit_of_a_named_model_is_told_and_nothing_else(seed: int, count: int) -> None:
    chance = random.Random(seed)
    old = random_model(chance, count, named=True)
    new = Model(list(old.layers))
    keys = chance.sample(range(1, count), 5)
    expected: dict[str, list[str]] = {"added": [], "removed": [], "renamed": [], "moved": [], "changed": []}
    for kind, key in zip(("remove", "add", "rename", "change", "move"), keys, strict=True):
        layer = next(each for each in old.layers if each.key == key)
        if kind == "remove":
            new = new.without(key)
            expected["removed"].append(layer.name)
        elif kind == "add":
            new = new.with_behind(key, Layer(1000 + key, f"fresh{key}", "Softmax", 5, ()))
            expected["added"].append(f"fresh{key}")
        elif kind == "rename":
            # of a kind and width that no other has, so that what was renamed is no guess
            old = old.changed(key, op="Flatten", units=777)
            new = new.changed(key, op="Flatten", units=777, name=f"called{key}")
            expected["renamed"].append(f"{layer.name} called{key}")
        elif kind == "change":
            new = new.changed(key, units=99)
            expected["changed"].append(layer.name)
        else:
            old = old.changed(next(k for k in range(1, count) if k not in keys), group="block")
            new = new.changed(next(k for k in range(1, count) if k not in keys), group="block")
            new = new.changed(key, group="block")
            expected["moved"].append(layer.name)
    assert told(differences(old.build(), new.build())) == expected


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(8, 40))
def test_a_model_whose_names_keras_made_loses_and_wins_as_many_layers_as_were_edited(seed: int, count: int) -> None:
    chance = random.Random(seed)
    old = random_model(chance, count, named=False)
    key = chance.randrange(1, count)
    behind = old.with_behind(key, Layer(1000, "softmax", "Softmax", 5, ()))
    found = differences(old.build(), behind.build())
    assert [unit.op for unit in found.added] == ["Softmax"]
    assert found.removed == ()
    assert not any(change.what != "input" for pair in found.pairs for change in pair.changes)
    found = differences(behind.build(), old.build())
    assert [unit.op for unit in found.removed] == ["Softmax"]
    assert found.added == ()


@pytest.mark.parametrize("seed", range(20))
def test_two_layers_that_change_places_are_no_additions(seed: int) -> None:
    chance = random.Random(seed)
    old = random_model(chance, 30, named=True)
    first, second = chance.sample(range(1, 30), 2)
    one, other = (next(layer for layer in old.layers if layer.key == key) for key in (first, second))
    swapped = old.changed(first, name=other.name, op=other.op, units=other.units)
    swapped = swapped.changed(second, name=one.name, op=one.op, units=one.units)
    found = differences(old.build(), swapped.build())
    assert found.added == found.removed == ()
    assert told(found)["changed"] == []
    assert told(found)["renamed"] == []


@pytest.mark.parametrize("seed", range(20))
def test_a_model_with_other_names_and_another_order_is_equal_but_for_the_names(seed: int) -> None:
    old = random_model(random.Random(seed), 25, named=True)
    distinct = Model([replace(layer, units=100 + layer.key) for layer in old.layers])
    renamed = Model([replace(layer, name=f"n{layer.key}x") for layer in distinct.layers])
    found = differences(distinct.build(), renamed.build())
    assert found.added == found.removed == ()
    pairs = {(pair.old.name, pair.new.name) for pair in found.pairs}
    assert pairs == {(one.name, other.name) for one, other in zip(distinct.layers, renamed.layers, strict=True)}


@given(st.lists(st.integers(-9, 9), max_size=9))
def test_the_longest_rise_is_as_long_as_any(values: list[int]) -> None:
    found = longest_rise(values)
    assert found == sorted(found)
    assert all(values[a] < values[b] for a, b in pairwise(found))
    rising = (
        len(part) for count in range(len(values) + 1) for part in combinations(values, count)
        if all(a < b for a, b in pairwise(part))
    )  # fmt: skip
    assert len(found) == max(rising)


@pytest.mark.parametrize("seed", range(8))
def test_models_that_share_little_are_matched_in_one_order(seed: int) -> None:
    chance = random.Random(seed)
    one, other = (random_model(chance, 60, named=False) for _ in range(2))
    pairs = [(pair.old.item, pair.new.item) for pair in differences(one.build(), other.build()).pairs]
    if 2 * len(pairs) < 60:
        assert [new for _, new in sorted(pairs)] == sorted(new for _, new in pairs)


def test_an_activation_like_any_other_is_no_evidence() -> None:
    def model(names: str, width: int) -> Graph:
        rows = [Layer(0, "image", "InputLayer", 3, ())]
        for at in range(1, 12):
            op, units = ("Dense", width + at) if at % 2 else ("ReLU", 7)
            rows.append(Layer(at, f"{names}{at}_x", op, units, (at - 1,)))
        return Model(rows).build()

    found = differences(model("old", 100), model("new", 200))
    assert {pair.new.op for pair in found.pairs} <= {"InputLayer"}
