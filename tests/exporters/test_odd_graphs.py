"""Graphs of NetworkX that nobody has in mind: laid out, drawn in every format, and through every writer of NetworkX."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest

import cutaway
from cutaway.errors import OptionError
from tests.exporters.test_networkx import WAYS, content

ROOT = Path(__file__).resolve().parent.parent.parent


def loops() -> nx.MultiDiGraph:
    made = nx.MultiDiGraph([("a", "a"), ("a", "b"), ("a", "b"), ("b", "b"), ("b", "a")])
    made.add_edge("b", "c", key="named")
    return made


def keys() -> nx.DiGraph:
    made = nx.DiGraph([(1, (2, 3)), ((2, 3), frozenset({4})), (1, "1"), (True, 0), (0, 2.5), (math.nan, math.inf)])
    made.add_edge(np.int64(7), np.str_("seven"))
    made.add_edge("", " ")
    return made


def controls() -> nx.DiGraph:
    odd = 'ü\x00\x07\u202e<b>&"]]>\ud800\ufffe'
    made = nx.DiGraph([(odd, "日本"), ("日本", "x" * 20_000)])
    made.nodes[odd].update({"op": odd, odd: odd})
    return made


def metrics() -> nx.DiGraph:
    values = {
        "loss": math.nan, "worst": -math.inf, "none": None, "single": np.float32(3), "whole": np.int64(4),
        "flag": np.bool_(True), "row": np.arange(3), "pair": (1, None), "held": {"a": 1, 2: 3}, "some": {"b", "a"},
        "raw": b"xx", "complex": 1j, "lost": np.float64("nan"), "object": object(), "function": lambda: 1,
    }  # fmt: skip
    made = nx.DiGraph([("a", "b")], name="odd\x00")
    made.nodes["a"].update(values)
    made.edges["a", "b"].update({"port": np.int64(0), "slot": np.int32(0), "weight": math.nan})
    return made


GRAPHS: dict[str, Callable[[], Any]] = {
    "loops": loops, "keys": keys, "controls": controls, "metrics": metrics,
    "nothing": nx.DiGraph,
    "one": lambda: nx.empty_graph(1, nx.DiGraph),
    "isolated": lambda: nx.empty_graph(60, nx.MultiDiGraph),
    "parallel": lambda: nx.MultiDiGraph([("a", "b")] * 30),
    "cycle": lambda: nx.cycle_graph(9, nx.DiGraph),
    "all to all": lambda: nx.complete_graph(8, nx.DiGraph),
    "frozen": lambda: nx.freeze(nx.DiGraph([(1, 2)])),
    "view": lambda: nx.path_graph(5, nx.DiGraph).reverse(copy=False),
}  # fmt: skip


@pytest.mark.parametrize("name", GRAPHS)
def test_every_node_has_a_place_of_its_own(name: str) -> None:
    graph = GRAPHS[name]()
    places = cutaway.lay_out(graph)
    assert len(places) == len(graph) == len(set(places.values()))
    assert all(node in places for node in graph)
    assert all(math.isfinite(x) and math.isfinite(y) for x, y in places.values())


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", GRAPHS)
def test_every_writer_keeps_it(name: str, way: str) -> None:
    made = cutaway.to_networkx(cutaway.from_networkx(GRAPHS[name]()))
    assert (len(made), made.number_of_edges()) == (len(GRAPHS[name]()), GRAPHS[name]().number_of_edges())
    assert content(WAYS[way](made)) == content(made)


@pytest.mark.parametrize("name", GRAPHS)
def test_it_is_drawn_in_every_format(name: str, tmp_path: Path) -> None:
    picture = cutaway.plot_model(cutaway.from_networkx(GRAPHS[name]()), None)
    for extension in ("svg", "pdf", "tex", "html", "json", "scene.json", "dot", "mmd", "graphml"):
        assert picture.save(tmp_path / f"graph.{extension}").stat().st_size > 0
    own = nx.read_graphml(tmp_path / "graph.graphml", force_multigraph=True)
    assert own.number_of_edges() == GRAPHS[name]().number_of_edges()


def test_numbers_of_numpy_stay_numbers() -> None:
    node = cutaway.from_networkx(metrics()).attributes[0]
    told = {"single": 3.0, "whole": 4, "flag": True, "row": [0, 1, 2], "pair": [1, None], "some": ["a", "b"]}
    assert {key: node[key] for key in told} == told
    assert {key: type(node[key]) for key in ("single", "whole", "flag")} == {
        "single": float,
        "whole": int,
        "flag": bool,
    }
    assert (node["loss"], node["worst"], node["lost"]) == ("nan", "-inf", "nan")
    assert "0x" not in json.dumps(node)


def test_a_port_that_is_no_whole_number_is_told() -> None:
    for port in (1.5, True, "first", np.float64(1)):
        with pytest.raises(OptionError, match="port must be a whole number"):
            cutaway.from_networkx(nx.DiGraph([("a", "b", {"port": port})]))


ONCE = """
import networkx as nx, cutaway, sys
graph = nx.DiGraph([(frozenset({"a", "b", "c"}), "d")])
graph.nodes["d"].update(some={"x", "y", "z"}, thing=object(), act=print)
picture = cutaway.plot_model(cutaway.from_networkx(graph), None, fields=["some", "thing"])
sys.stdout.write(picture.svg)
"""


def test_equal_graphs_give_equal_bytes_in_every_process() -> None:
    made = {
        subprocess.run(
            [sys.executable, "-c", ONCE], capture_output=True, check=True,
            env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONHASHSEED": str(seed)},
        ).stdout
        for seed in range(4)
    }  # fmt: skip
    assert len(made) == 1
