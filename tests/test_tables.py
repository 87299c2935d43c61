"""Summaries: the tree as rows, and each form read back by a program that is not ours."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

import cutaway
from cutaway.analysis.cost import cost
from cutaway.analysis.memory import activations, training
from cutaway.analysis.parameters import Totals
from cutaway.analysis.receptive_field import receptive_fields
from cutaway.analysis.sizes import Setting
from cutaway.errors import OptionError
from cutaway.graph import Graph, GraphBuilder, Tensor, Weight
from cutaway.style.quantities import size_words
from cutaway.tables import FORMATS, Summary, summary, to_csv, to_json, to_markdown, to_text

MODELS = Path(__file__).parent / "models"
HOSTILE = '=<b>|"&,\n*x*'


# x -> [outer: a -> [inner: b b@2]] -> c     empty
def nested(name: str = "c") -> Graph:
    builder = GraphBuilder("net", "test", "pytest")
    kernel = Weight("k", "kernel", (10, 20))
    mean = Weight("m", "mean", (20,), trainable=False)
    outer = builder.group("outer", kind="model", op="Functional")
    inner = builder.group("inner", parent=outer, kind="layer", op="Twice")
    builder.group("empty")
    x = builder.node("x", "InputLayer", outputs=[Tensor((None, 10), "float32")])
    a = builder.node("a", "Norm", group=outer, weights=[mean], outputs=[Tensor()])
    b = builder.node("b", "Dense", group=inner, weights=[kernel], outputs=[Tensor((None, 20)), Tensor(())])
    again = builder.node("b", "Dense", group=inner, weights=[kernel], outputs=[Tensor((None, 20))])
    c = builder.node(name, "Add", outputs=[])
    for source, target in ((x, a), (a, b), (b, again), (again, c), (x, c)):
        builder.connect(source, target)
    return builder.build()


def by_name(table: Summary) -> dict[str, Totals]:
    return {row.id: row.totals for row in table.rows}


def test_rows_follow_the_tree() -> None:
    rows = [(row.depth, row.id, row.kind, row.group) for row in summary(nested()).rows]
    assert rows == [
        (0, "x", "node", ""),
        (0, "outer", "model", ""),
        (1, "outer/a", "node", "outer"),
        (1, "outer/inner", "layer", "outer"),
        (2, "outer/inner/b", "node", "outer/inner"),
        (2, "outer/inner/b@2", "node", "outer/inner"),
        (0, "c", "node", ""),
        (0, "empty", "scope", ""),
    ]


def test_totals_roll_up() -> None:
    table = summary(nested())
    assert by_name(table)["outer"] == Totals(200, 20, 880)
    assert by_name(table)["outer/inner"] == Totals(200, 0, 800)
    assert (table.nodes, table.edges, table.groups, table.totals) == (5, 5, 3, Totals(200, 20, 880))


def test_very_deep_groups_have_rows() -> None:
    builder, group = GraphBuilder("deep", "test"), 0
    for _ in range(3_000):
        group = builder.group("g", parent=group)
    builder.node("leaf", "Op", group=group)
    assert summary(builder.build()).rows[-1].depth == 3_000


def test_text_is_aligned() -> None:
    lines = str(summary(nested())).splitlines()
    assert lines[0] == "net"
    assert lines[6].startswith("    b ") or lines[6].startswith("  inner")
    starts = {line.index("Dense") for line in lines if "Dense" in line and "counted" not in line}
    assert len(starts) == 1
    totals = (
        "220 parameters (200 trainable), 880 B; 1 k MACs, 2.02 k FLOPs, 280 B of activations at most; "
        "5 nodes, 5 edges, 3 groups"
    )
    assert lines[-2:] == [totals, "not counted: Add: it makes nothing"]


def test_json() -> None:
    document = json.loads(to_json(summary(nested())))
    assert document["model"] == {
        "name": "net", "format": "test", "producer": "pytest", "nodes": 5, "edges": 5, "groups": 3,
        "parameters": 220, "trainable_parameters": 200, "weight_bytes": 880, "macs": 1000, "flops": 2020,
        "peak_activation_bytes": 280,
        "not_counted": ["not counted: Add: it makes nothing"], "warnings": [],
    }  # fmt: skip
    assert len(document["rows"]) == 5
    assert document["rows"][2] == {
        "id": "outer/inner/b", "name": "b", "op": "Dense", "group": "outer/inner",
        "outputs": [{"shape": [None, 20], "dtype": None}, {"shape": [], "dtype": None}],
        "parameters": 200, "trainable_parameters": 200, "weight_bytes": 800, "macs": 200, "flops": 400,
    }  # fmt: skip
    assert [(group["id"], group["parent"], group["parameters"]) for group in document["groups"]] == [
        ("outer", "", 220), ("outer/inner", "outer", 200), ("empty", "", 0),
    ]  # fmt: skip


def test_csv_is_read_back() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(summary(nested(HOSTILE))))))
    assert [row["id"] for row in rows][:3] == ["x", "outer", "outer/a"]
    assert rows[4]["outputs"] == "(None, 20) ()"
    assert rows[1]["parameters"] == "220"
    assert rows[6]["id"] == '=<b>|"&,↵*x*'
    assert rows[6]["name"] == "'=<b>|\"&,↵*x*"  # no formula in a spreadsheet


def test_markdown_keeps_its_columns() -> None:
    lines = to_markdown(summary(nested(HOSTILE))).splitlines()
    table = [line for line in lines if line.startswith("|")]
    bars = [line.replace("\\|", "").count("|") for line in table]
    assert set(bars) == {7}
    assert "\\<b\\>\\|" in table[-2]
    assert "<b>" not in "".join(table)


@pytest.mark.parametrize("form", FORMATS)
def test_equal_graphs_give_equal_text(form: str) -> None:
    assert FORMATS[form](summary(nested())) == FORMATS[form](summary(nested()))


def test_an_empty_graph_has_an_empty_table() -> None:
    table = summary(GraphBuilder("nothing", "test").build())
    assert table.rows == ()
    assert (
        to_text(table).splitlines()[-1]
        == "0 parameters (0 trainable), 0 B; 0 MACs, 0 FLOPs, 0 B of activations at most; 0 nodes, 0 edges, 0 groups"
    )


def test_warnings_are_told() -> None:
    builder = GraphBuilder("net", "test")
    builder.warnings.append("layer \x1b[31m is unknown")
    assert "warning: layer \ufffd[31m is unknown" in str(summary(builder.build()))


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (5 * 10**15, "5000.0 TB"),
    ],
)
def test_size_words(size: int, words: str) -> None:
    assert size_words(size) == words


def test_the_root_offers_it() -> None:
    assert cutaway.summary is summary


def test_facts_that_are_asked_for_become_columns() -> None:
    graph = cutaway.read(MODELS / "MobileNetV2.keras")
    names = ("receptive_field", "stride", "aligned", "flops", "traffic", "intensity", "activation_bytes", "alive_bytes")
    table = summary(graph, batch=2, fields=names)
    spent = cost(graph, Setting(batch=2))
    fields = receptive_fields(graph, spent.sizes)
    memory = activations(graph, spent.sizes)
    alive = dict(zip(memory.order, memory.alive, strict=True))
    rows = {row.id.rpartition("/")[2]: row for row in table.rows if row.kind == "node"}
    assert len(rows) == len(graph)
    for node in graph.nodes:
        told = dict(zip(names, rows[node.name].facts, strict=True))
        field = fields[node.index]
        assert told["receptive_field"] == (None if field is None else tuple(float(axis.size) for axis in field.axes))
        assert told["stride"] == (None if field is None else tuple(float(axis.stride) for axis in field.axes))
        assert (told["flops"], told["traffic"]) == (spent.flops[node.index], spent.traffic(node.index))
        assert told["intensity"] == spent.intensity(node.index)
        assert told["alive_bytes"] == alive[node.index]
    document = json.loads(to_json(table))
    first = next(row for row in document["rows"] if row["name"] == "Conv1")
    assert first["facts"]["receptive_field"] == [3.0, 3.0]
    for form in FORMATS.values():
        assert "receptive_field" in form(table).replace("\\", "")
    lines = list(csv.DictReader(io.StringIO(to_csv(table))))
    assert next(line for line in lines if line["name"] == "Conv1")["receptive_field"] == "3 × 3"


def test_the_memory_of_a_step_of_training_is_told() -> None:
    graph = cutaway.read(MODELS / "MobileNetV2.keras")
    table = summary(graph, batch=4, training="adamw")
    held = training(graph, cost(graph, Setting(batch=4)).sizes, optimizer="adamw")
    assert table.training == held
    assert json.loads(to_json(table))["model"]["training"]["bytes"] == held.total
    assert "a step of training with adamw holds" in to_text(table)
    assert "a step of training" in to_markdown(table)
    assert "training" not in json.loads(to_json(summary(graph)))["model"]
    half = summary(graph, batch=4, training="adamw", precision="float16").training
    assert half is not None
    assert half.activations * 2 == held.activations
    assert half.weights == held.weights


@pytest.mark.parametrize(
    ("options", "said"),
    [({"fields": ["colour"]}, "fields must be one of"), ({"training": "magic"}, "optimizer must be one of"),
     ({"precision": "float5"}, "precision must be one of"), ({"shapes": [1, 224]}, "shapes must be a mapping")],
)  # fmt: skip
def test_wrong_facts_are_told(options: dict[str, Any], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        summary(MODELS / "MobileNetV2.keras", **options)
