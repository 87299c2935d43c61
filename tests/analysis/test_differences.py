"""Differences of two models: known edits are found, nothing else is, whatever the format."""

from __future__ import annotations

import json
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import cutaway
from cutaway.analysis.differences import differences
from cutaway.graph.build import GraphBuilder
from cutaway.graph.model import Graph, Tensor, Weight
from tests.analysis.pair_of_models import pair_of_models

MODELS = Path(__file__).parents[1] / "models"
CORPUS = sorted(path.name for path in MODELS.glob("*.keras"))

Layers = list[dict[str, Any]]


@pytest.mark.parametrize("name", CORPUS)
def test_a_model_is_equal_to_itself(name: str) -> None:
    found = cutaway.diff(MODELS / name, MODELS / name)
    assert found.equal
    assert found.counts()["same"] == len(found.old)


def edited(tmp_path: Path, name: str, edit: Callable[[Layers], None], *renames: tuple[str, str]) -> Path:
    """A copy of a model whose layers somebody edited."""
    with zipfile.ZipFile(MODELS / name) as archive:
        config = json.loads(archive.read("config.json"))
        edit(config["config"]["layers"])
        text = json.dumps(config)
        for old, new in renames:
            text = text.replace(f'"{old}"', f'"{new}"')
        path = tmp_path / "edited.keras"
        with zipfile.ZipFile(path, "w") as copy:
            for member in archive.namelist():
                copy.writestr(member, text if member == "config.json" else archive.read(member))
    return path


def test_edits_of_a_person_are_told_and_nothing_else(tmp_path: Path) -> None:
    def edit(layers: Layers) -> None:
        for layer in layers:
            if layer["name"] == "conv3_block2_2_conv":
                layer["config"]["filters"] = 256
        layers[:] = [layer for layer in layers if layer["name"] != "conv2_block1_1_relu"]

    path = edited(
        tmp_path, "ResNet50.keras", edit, ("conv5_block3_1_conv", "other"), ("conv2_block1_1_relu", "conv2_block1_1_bn")
    )
    found = cutaway.diff(MODELS / "ResNet50.keras", path)
    told = {pair.new.name: pair for pair in found.differences.pairs if not pair.same}
    assert [unit.name for unit in found.differences.removed] == ["conv2_block1_1_relu"]
    assert found.differences.added == ()
    assert set(told) == {"conv3_block2_2_conv", "other"}
    assert told["other"].old.name == "conv5_block3_1_conv"
    assert told["other"].renamed
    changes = {(change.what, change.name): (change.old, change.new) for change in told["conv3_block2_2_conv"].changes}
    assert changes["attribute", "filters"] == (128, 256)
    assert changes["weight", "kernel"] == ("[3, 3, 128, 128] float32", "[3, 3, 128, 256] float32")
    assert (
        found.totals[1].parameters - found.totals[0].parameters
        == 3 * 3 * 128 * 128 + 128 + 128 * 512 + 4 * 128 - 128 * 512 - 4 * 128
    )


def chain(ops: list[tuple[str, int]], *, names: list[str] | None = None) -> Graph:
    """A row of layers with default names, each with a kernel of that size."""
    builder = GraphBuilder("row", "keras_v3")
    counts: dict[str, int] = {}
    last = -1
    for at, (op, size) in enumerate(ops):
        number = counts[op] = counts.get(op, -1) + 1
        name = names[at] if names else op.lower() + (f"_{number}" if number else "")
        weights = [Weight(f"{name}/kernel", "kernel", (size, size))] if size else []
        shape = Tensor((None, size), "float32")
        node = builder.node(name, op, outputs=[shape], attributes={"name": name, "units": size}, weights=weights)
        if last >= 0:
            builder.connect(last, node)
        last = node
    return builder.build()


ROW = [
    ("InputLayer", 0),
    ("Dense", 4),
    ("Relu", 0),
    ("Dense", 8),
    ("Relu", 0),
    ("Dense", 16),
    ("Relu", 0),
    ("Dense", 2),
]


@pytest.mark.parametrize("at", range(1, len(ROW) + 1))
def test_an_insertion_that_renumbers_all_names_is_one_addition(at: int) -> None:
    found = differences(chain(ROW), chain([*ROW[:at], ("Dense", 32), *ROW[at:]]))
    assert [unit.parameters for unit in found.added] == [1024]
    assert found.removed == ()
    assert [pair.old.parameters for pair in found.pairs] == [pair.new.parameters for pair in found.pairs]
    assert not any(pair.renamed or pair.changes for pair in found.pairs)


@pytest.mark.parametrize("at", range(1, len(ROW)))
def test_a_deletion_is_one_removal(at: int) -> None:
    found = differences(chain(ROW), chain(ROW[:at] + ROW[at + 1 :]))
    assert [(unit.op, unit.parameters) for unit in found.removed] == [(ROW[at][0], ROW[at][1] ** 2)]
    assert found.added == ()


def test_a_model_whose_names_are_all_others_is_renamed() -> None:
    found = differences(chain(ROW, names=list("abcdefgh")), chain(ROW, names=list("ijklmnop")))
    assert [(pair.old.name, pair.new.name) for pair in found.pairs] == list(zip("abcdefgh", "ijklmnop", strict=True))
    assert [pair.renamed for pair in found.pairs] == [False, *[True] * 7]  # the name of an input is the file's
    assert not any(pair.changes for pair in found.pairs)


@pytest.mark.parametrize("seed", range(30))
def test_random_edits_are_found_by_no_more_changes_than_were_made(seed: int) -> None:
    chance = random.Random(seed)
    old = [(chance.choice(["Dense", "Conv2D", "Relu", "Tanh"]), chance.choice([0, 2, 3, 4, 5])) for _ in range(40)]
    new, edits = list(old), chance.randint(1, 6)
    for _ in range(edits):
        at = chance.randrange(len(new))
        kind = chance.choice(["insert", "delete", "change"])
        if kind == "insert":
            new.insert(at, ("Softmax", 7))
        elif kind == "delete":
            del new[at]
        else:
            new[at] = (new[at][0], 9)
    found = differences(chain(old), chain(new))
    told = (
        len(found.added)
        + len(found.removed)
        + sum(any(change.what != "input" for change in pair.changes) for pair in found.pairs)
    )
    assert len(found.pairs) + len(found.added) == len(new)
    assert len(found.pairs) + len(found.removed) == len(old)
    assert told <= 2 * edits  # a change may be told as one removal and one addition
    assert found.equal == (old == new)


def test_other_inputs_are_told() -> None:
    def fork(swap: bool) -> Graph:
        builder = GraphBuilder("fork", "keras_v3")
        ends = [builder.node(name, op, attributes={}) for name, op in (("left", "Dense"), ("right", "Conv2D"))]
        joined = builder.node("join", "Subtract", attributes={})
        for end in reversed(ends) if swap else ends:
            builder.connect(end, joined)
        return builder.build()

    pair = differences(fork(False), fork(True)).pairs[2]
    assert [(change.what, change.name, change.old, change.new) for change in pair.changes] == [
        ("input", "0", "left", "right"), ("input", "1", "right", "left"),
    ]  # fmt: skip


def test_what_a_converter_folds_is_told_as_fused(tmp_path: Path) -> None:
    import keras
    import tensorflow as tf

    given = keras.Input((8, 8, 3), batch_size=1)
    x = keras.layers.Conv2D(4, 3, use_bias=False, name="first")(given)
    x = keras.layers.BatchNormalization(name="norm")(x)
    x = keras.layers.ReLU(name="curve")(x)
    model = keras.Model(given, keras.layers.Conv2D(2, 3, name="second")(x))
    model.save(tmp_path / "m.keras")
    model.export(str(tmp_path / "saved"), verbose=False)
    converted = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path / "saved")).convert()
    (tmp_path / "m.tflite").write_bytes(converted)
    same = cutaway.diff(tmp_path / "m.keras", tmp_path / "saved")
    assert same.differences.level == "layer"
    assert same.equal, str(same)
    found = cutaway.diff(tmp_path / "m.keras", tmp_path / "m.tflite").differences
    fused = {pair.old.name: [unit.name for unit in pair.fused] for pair in found.pairs if pair.fused}
    assert fused == {"first": ["norm", "curve"]}
    assert (found.added, found.removed) == ((), ())


def test_many_edits_of_a_thousand_layers_are_told_one_by_one(tmp_path: Path) -> None:
    from benchmarks.analysis import EDITS, LAYERS
    from benchmarks.analysis import edited as edited_many

    found = cutaway.diff(LAYERS, edited_many(LAYERS, tmp_path / "new.keras"))
    counts = found.counts()
    assert [counts[kind] for kind in ("changed", "renamed", "removed", "added", "moved")] == [EDITS] * 3 + [0, 0]
    assert all(pair.new.name == f"{pair.old.name}_renamed" for pair in found.differences.pairs if pair.renamed)
    assert {unit.op for unit in found.differences.removed} == {"Activation"}


def test_costs_of_a_change_are_those_of_the_layers(tmp_path: Path) -> None:
    old, new = pair_of_models(tmp_path)
    found = cutaway.diff(old, new)
    pair = next(pair for pair in found.differences.pairs if pair.new.name == "wider")
    before, after = found.costs(pair)
    assert (before.macs, after.macs) == (8 * 8, 8 * 24)
    assert (before.output_bytes, after.output_bytes) == (8 * 4, 24 * 4)
    told = found.to_dict()
    assert told["new"]["macs"] - told["old"]["macs"] == 8 * 16 + 2 * 16
    assert next(unit for unit in told["added"] if unit["name"] == "fresh")["macs"] == 64
    assert "    MACs: 64 -> 192 (+128)" in str(found).splitlines()


def test_what_cannot_be_counted_is_unknown_and_said() -> None:
    def graph(units: int) -> Graph:
        builder = GraphBuilder("strange", "graph_def")
        first = builder.node("x", "Placeholder", outputs=[Tensor((4, 4), "float32")])
        node = builder.node("odd", "NobodyKnowsThis", attributes={"units": units})
        builder.connect(first, node)
        return builder.build()

    found = cutaway.diff(graph(1), graph(2))
    assert found.costs(found.differences.pairs[1])[0].macs is None
    assert any("NobodyKnowsThis" in note for note in found.to_dict()["old"]["not_counted"])
    assert "old: not counted: NobodyKnowsThis" in str(found)
