"""Tables by layer name, of every kind, on the picture, the page, the summary and graphs of NetworkX."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import networkx as nx
import pandas as pd
import polars as pl
import pytest

import cutaway
from cutaway.cli import main
from cutaway.errors import OptionError, ReadError
from cutaway.graph import GraphBuilder, Tensor
from cutaway.graph.model import Graph
from cutaway.overlays import table
from cutaway.overlays.overlay import overlay_on
from cutaway.overlays.table import Table, read_table

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def graph() -> Graph:
    """x → one → (two → three in a block) → four."""
    builder = GraphBuilder("net", "keras")
    shape = Tensor((None, 4), "float32")
    last = builder.node("x", "InputLayer", outputs=[shape])
    builder.mark_input(last, "x")
    block = builder.group("block")
    for name, home in (("one", 0), ("two", block), ("three", block), ("four", 0)):
        node = builder.node(name, "Dense", group=home, outputs=[shape])
        builder.connect(last, node)
        last = node
    builder.mark_output(last, "out")
    return builder.build()


VALUES = {"one": 1.0, "block/two": 2.0, "block/three": 4.0}


def sources(folder: Path) -> dict[str, Any]:
    """The same table in every form."""
    names, values = list(VALUES), list(VALUES.values())
    frame = pd.DataFrame({"layer": names, "time_ms": values, "device": ["cpu"] * 3})

    files = {
        "table.csv": frame.to_csv(index=False),
        "semicolons.csv": frame.to_csv(index=False, sep=";"),
        "plain.json": json.dumps(VALUES),
        "records.json": frame.to_json(orient="records"),
        "nested.json": json.dumps({name: {"time_ms": value} for name, value in VALUES.items()}),
        "explorer.json": json.dumps(
            {"net.tflite": {"results": {n: {"value": v, "bgColor": "#ff0000"} for n, v in VALUES.items()}}}
        ),
        "profile.json": json.dumps({"rows": [{"id": n, "name": "?", "time_ms": v} for n, v in VALUES.items()]}),
        "headless.csv": "".join(f"{name},{value}\n" for name, value in VALUES.items()),
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return {
        "mapping": VALUES,
        "pairs": list(VALUES.items()),
        "records": frame.to_dict("records"),
        "nested": {name: {"time_ms": value, "device": "cpu"} for name, value in VALUES.items()},
        "pandas": frame,
        "pandas by index": frame.set_index("layer"),
        "series": pd.Series(VALUES),
        "polars": pl.DataFrame({"layer": names, "time_ms": values, "device": ["cpu"] * 3}),
        **{name: folder / name for name in files},
    }


def test_every_form_of_a_table_means_the_same(graph: Graph, tmp_path: Path) -> None:
    for name, source in sources(tmp_path).items():
        found = overlay_on(graph, source)
        assert {graph.names[node]: value for node, value in found.nodes.items()} == {
            "one": 1.0, "two": 2.0, "three": 4.0,
        }, name  # fmt: skip
        assert found.unmatched == (), name


@pytest.mark.parametrize(("rollup", "block", "whole"), [("sum", 6, 7), ("max", 4, 4), ("mean", 3, 7 / 3)])
def test_groups_get_what_their_layers_come_to(graph: Graph, rollup: Any, block: float, whole: float) -> None:
    found = overlay_on(graph, VALUES, rollup=rollup)
    assert found.groups == pytest.approx({1: block, 0: whole})
    given = overlay_on(graph, {**VALUES, "block": 10.0}, rollup=rollup)
    assert given.groups[1] == 10
    assert given.nodes == found.nodes


def test_columns_are_chosen_by_name_or_are_the_first_with_numbers(graph: Graph) -> None:
    records = [{"layer": "one", "device": "cpu", "a": 1, "b": 2}, {"layer": "four", "device": "gpu", "a": "", "b": 5}]
    assert overlay_on(graph, records).column == "a"
    assert overlay_on(graph, records, column="b").nodes == {1: 2.0, 4: 5.0}
    with pytest.raises(OptionError, match="no column 'c'; its columns of numbers are a, b"):
        overlay_on(graph, records, column="c")
    with pytest.raises(OptionError, match="'device' does not hold numbers alone"):
        overlay_on(graph, records, column="device")
    assert overlay_on(graph, records).records(graph)["one"] == {"device": "cpu", "a": 1.0, "b": 2.0}


def test_names_that_mean_nothing_are_told_with_those_like_them(graph: Graph) -> None:
    found = overlay_on(graph, {"one": 1, "total": 9, "two:0": 3})
    assert found.unmatched == ("total",)
    assert found.nodes == {1: 1.0, 2: 3.0}
    with pytest.raises(OptionError, match=r"names no layer of 'net'; received 'thre'; similar names are 'three'"):
        overlay_on(graph, {"thre": 1})


@pytest.mark.parametrize(
    "text",
    ["", "hello", "{", "[1, 2", '{"a": ', "layer\nconv1", '[{"x": 1}]', "\x00\x01", '{"conv1": 1e400}', "[[1],[2]]"],
)
def test_files_that_are_no_tables_are_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_text(text, encoding="utf-8")
    with pytest.raises((ReadError, OptionError)):
        cutaway.plot_model(ROOT / "examples" / "digits.keras", None, overlay=path)
    with pytest.raises(ReadError):
        read_table(tmp_path / "missing.csv")


def test_what_is_no_file_is_refused_before_it_is_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "t.csv")
    for path in (Path(os.devnull), tmp_path / "t.csv", tmp_path):
        with pytest.raises(ReadError, match=r"expected a file with a table; this is .* a device, a pipe"):
            read_table(path)


def test_cells_in_quotes_keep_what_ends_lines_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes('layer,ms,note\r\n"a\nb",1,"x,y"\r\nc\x1cd,2,e\u2028f\r\n'.encode())
    assert read_table(path).rows == (("a\nb", (1.0, "x,y")), ("c\x1cd", (2.0, "e\u2028f")))
    path.write_bytes(b"layer;ms\ra;1\rb;2\r")  # lines as old computers end them
    assert read_table(path).rows == (("a", (1.0,)), ("b", (2.0,)))


def test_a_table_that_is_too_large_is_refused_before_its_cells_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Any] = []
    whole = table._cell

    def counted(value: Any) -> Any:
        made.append(value)
        return whole(value)

    monkeypatch.setattr(table, "_cell", counted)
    monkeypatch.setattr(table, "MOST_CELLS", 8)
    path = tmp_path / "t.csv"
    path.write_text("layer,a,b\n" + "one\n" * 3, encoding="utf-8")
    with pytest.raises(ReadError, match="the table has 3 rows of 3 values; at most 8 are read"):
        read_table(path)
    assert made == ["a", "b"]  # the heading alone
    with pytest.raises(OptionError, match="overlay has 3 rows of 3 values; at most 8 are read"):
        read_table([{"layer": "one", str(at): 1} for at in range(3)])
    assert made == ["a", "b"]


@pytest.mark.parametrize("value", [10**400, -(10**400)])
def test_whole_numbers_that_no_float_holds_are_told_with_their_name(value: int, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="'one' must be a finite number"):
        read_table({"one": value})
    path = tmp_path / "t.json"
    path.write_text(json.dumps([{"layer": "one", "ms": value}]), encoding="utf-8")
    with pytest.raises(ReadError, match="'one' must be a finite number"):
        read_table(path)


def test_a_picture_shows_the_values_and_a_closed_group_their_sum(graph: Graph) -> None:
    records = [{"layer": name, "time_ms": value} for name, value in VALUES.items()]
    drawn = cutaway.plot_model(graph, None, overlay=records)
    assert "4 ms" in drawn.svg
    assert "time_ms: 1 ms" in drawn.svg
    assert "no value" in drawn.svg
    closed = cutaway.plot_model(graph, None, overlay=records, depth=0)
    assert "time_ms: 1 ms" in closed.svg
    assert "6 ms" in closed.svg
    high = cutaway.plot_model(graph, None, overlay=records, depth=0, rollup="max").svg
    assert "6 ms" not in high
    noted = cutaway.plot_model(graph, None, overlay=records, annotate={"two": "look here", "four": "and here"}).svg
    assert "look here" in noted
    assert "and here" in noted
    with pytest.raises(OptionError, match="values and overlay"):
        cutaway.plot_model(graph, None, overlay=records, values=VALUES)
    with pytest.raises(OptionError, match="rollup must be one of"):
        cutaway.plot_model(graph, None, overlay=records, rollup="median")  # type: ignore[arg-type]


def test_summary_and_networkx_have_the_columns(graph: Graph) -> None:
    records = [{"layer": name, "time_ms": value, "device": "cpu"} for name, value in VALUES.items()]
    summary = cutaway.summary(graph, overlay=records)
    assert {row.name: row.value for row in summary.rows} == {
        "x": None, "one": 1.0, "block": 6.0, "two": 2.0, "three": 4.0, "four": None,
    }  # fmt: skip
    assert "time_ms" in str(summary).splitlines()[1]
    network = cutaway.to_networkx(graph, overlay=records)
    assert network.nodes["block/two"]["device"] == "cpu"
    assert nx.get_node_attributes(network, "time_ms") == VALUES
    groups = cutaway.to_networkx(graph, level="group", overlay=records)
    assert groups.nodes["block"]["time_ms"] == 6.0


def test_summary_tells_the_names_that_mean_nothing(graph: Graph) -> None:
    assert "no layer here" not in str(cutaway.summary(graph, overlay=VALUES))
    found = cutaway.summary(graph, overlay={**VALUES, "nobody": 1.0})
    assert found.warnings == ("1 name of the overlay means no layer here: nobody",)
    assert "warning: 1 name of the overlay means no layer here: nobody" in str(found)


def test_the_command_line_takes_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = str(ROOT / "examples" / "digits.keras")
    (tmp_path / "t.csv").write_text("layer,a_ms,b_ms\nstem,1,2\nnobody,3,4\n", encoding="utf-8")
    svg = tmp_path / "x.svg"
    wanted = ["--overlay", str(tmp_path / "t.csv"), "--overlay-column", "b_ms"]
    assert main(["plot", model, "-o", str(svg), *wanted]) == 0
    assert "1 name of the overlay means no layer here: nobody" in capsys.readouterr().err
    assert "2 ms" in svg.read_text(encoding="utf-8")
    assert main(["summary", model, *wanted, "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert {row["name"]: row["overlay"]["b_ms"] for row in rows}["stem"] == 2
    assert main(["plot", model, "-o", str(svg), "--overlay", str(tmp_path / "none.csv")]) == 3
    assert main(["view", model, "--overlay-column", "x", "--no-browser"]) == 2
    for words in (["plot", model, "-o", str(svg), "--rollup", "max"], ["summary", model, "--overlay-column", "x"]):
        assert main(words) == 2
        assert "name it: --overlay FILE" in capsys.readouterr().err


def test_a_table_is_read_once_and_passed_on() -> None:
    found = read_table(VALUES)
    assert isinstance(found, Table)
    assert read_table(found) is found


@pytest.mark.parametrize("depth", [0, 1])
def test_the_number_of_a_group_stands_behind_its_title(depth: int) -> None:
    """Drawn as one box, and drawn open, where its layers have numbers of their own."""
    model = ROOT / "tests" / "models" / "ResNet50.keras"
    table = {"conv2": {"time_ms": 2.25}, "conv2_block1_1_conv": {"time_ms": 0.5}}
    drawn = cutaway.plot_model(model, None, overlay=table, depth=depth)
    words = re.findall(r">([^<]*)</text>", drawn.svg)
    assert [each for each in words if "conv2" in each] == ["conv2: 2.25 ms"]
    assert ("block1" in words) == (depth == 1)


@pytest.mark.parametrize(
    ("text", "columns", "rows"),
    [
        ("layer;ms\na;0,5\nb;-1,25e3\n", ("ms",), [("a", (0.5,)), ("b", (-1250.0,))]),
        ("ms;layer;kind\n0,5;a;x,y\n", ("ms", "kind"), [("a", (0.5, "x,y"))]),
        ("layer\tms\na\t,5\n", ("ms",), [("a", (0.5,))]),
        ("a;0,5;0,7\nb;1;2,0\n", ("value 1", "value 2"), [("a", (0.5, 0.7)), ("b", (1.0, 2.0))]),
        ("layer;version\na;1.5\n", ("version",), [("a", (1.5,))]),
        ('layer,ms\na,1,\n"b, c",2\n', ("ms",), [("a", (1.0,)), ("b, c", (2.0,))]),
    ],
)
def test_decimal_commas(text: str, columns: tuple[str, ...], rows: list[Any], tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text(text, encoding="utf-8")
    read = read_table(path)
    assert (read.columns, list(read.rows)) == (columns, rows)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("layer;ms\na;0,5\nb;0.5\n", r"'0,5' has a decimal comma and '0\.5' a decimal point; write all numbers alike"),
        ("layer,ms\na,0,5\n", r"row 'a,0,5' has 3 cells, where the first line has 2; .*need semicolons"),
        ("layer;ms\na;1;2\n", r"row 'a;1;2' has 3 cells, where the first line has 2; expected"),
    ],
)
def test_numbers_that_could_be_others_are_told(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ReadError, match=words):
        read_table(path)
