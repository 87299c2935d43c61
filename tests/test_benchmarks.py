"""The benchmarks count and measure what they say: crossings of lines drawn by hand, and processes of known size."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from benchmarks.graph_files import write_graph, write_text
from benchmarks.processes import run
from benchmarks.readers import FOREIGN, SIZES, assert_alone, exponent, foreign, made, size, turns
from benchmarks.synthetic import BLOCK, random_block, synthetic, transformer_block

pytest.importorskip("pygraphviz", reason="pygraphviz, with which crossings are compared, is not installed")

from benchmarks.crossings import Count, Group, count_crossings, crossings, dot_lines, our_lines, spline
from cutaway.layout.inside import Shape, lay_out_inside
from cutaway.layout.problem import Child, Inside, Wire


def line(*points: tuple[float, float]) -> np.ndarray:
    return np.array(points, dtype=float)


def group(children: int, edges: Iterable[tuple[int, int]], size: float = 40.0) -> Group:
    wires = tuple(Wire(source, 0, target, slot) for slot, (source, target) in enumerate(edges))
    inside = Inside((Child(size, 28.0),) * children, wires, 0, 0)
    return Group("drawn", inside, Shape(), lay_out_inside(inside, Shape()), 0.0)


UP_DOWN = line((0, 0), (10, 10))
DOWN_UP = line((0, 10), (10, 0))


def test_two_lines_cross_once_where_they_meet() -> None:
    found = crossings(UP_DOWN, DOWN_UP)
    assert len(found) == 1
    assert np.allclose(found[0], (5, 5), atol=0.1)


def test_touching_is_not_crossing() -> None:
    straight = line((0, 0), (0, 10), (0, 20), (0, 30))
    assert len(crossings(straight, line((5, 0), (0, 10), (0, 20), (5, 30)))) == 0
    assert len(crossings(straight, line((5, 0), (0, 15), (5, 30)))) == 0


def test_lines_that_run_together_and_change_sides_cross_once() -> None:
    straight = line((0, 0), (0, 10), (0, 20), (0, 30))
    assert len(crossings(straight, line((5, 0), (0, 10), (0, 20), (-5, 30)))) == 1


def test_wires_that_share_an_end_are_not_counted() -> None:
    assert count_crossings(group(4, [(0, 3), (1, 2)]), [UP_DOWN, DOWN_UP]) == Count(1, 1)
    assert count_crossings(group(3, [(0, 2), (1, 2)]), [UP_DOWN, DOWN_UP]) == Count(0, 0)


def test_a_line_that_two_wires_share_is_crossed_in_one_place() -> None:
    shared = group(5, [(0, 2), (0, 3), (1, 4)])
    assert count_crossings(shared, [UP_DOWN, UP_DOWN, DOWN_UP]) == Count(1, 2)
    assert count_crossings(shared, [UP_DOWN, np.add(UP_DOWN, (0, 4)), DOWN_UP]) == Count(2, 2)


def test_both_drawings_of_a_graph_that_cannot_be_flat_have_a_crossing() -> None:
    utility = group(6, [(above, below) for above in (0, 1, 2) for below in (3, 4, 5)])  # three houses, three wells
    for lines in (our_lines(utility), dot_lines(utility)):
        assert count_crossings(utility, lines).places >= 1


def test_dot_draws_every_wire_between_its_boxes() -> None:
    diamond = group(4, [(0, 1), (0, 2), (1, 3), (2, 3)])
    lines = dot_lines(diamond)
    assert count_crossings(diamond, lines) == Count(0, 0)
    assert np.allclose(lines[0][0][1], lines[1][0][1], atol=1.0)  # both leave the same border
    assert lines[2][-1][1] < lines[0][0][1]  # dot's y grows upwards


def test_position_of_an_edge_is_read_with_its_arrowhead() -> None:
    points = spline("e,10,0 0,0 1,0 2,0 8,0")
    assert points[0].tolist() == [0, 0]
    assert points[-1].tolist() == [10, 0]
    assert np.all(np.diff(points[:, 0]) > 0)


def test_memory_of_a_process_is_its_own_and_not_its_parents(tmp_path: Path) -> None:
    held = bytearray(200 << 20)
    small = run(["-S", "-c", "pass"], tmp_path)
    large = run(["-S", "-c", "held = bytearray(100 << 20)"], tmp_path)
    assert len(held) >> 20 == 200
    assert small.code == large.code == 0
    assert 90 < large.memory - small.memory < 130
    assert small.memory < 60


def test_a_process_that_fails_says_so(tmp_path: Path) -> None:
    done = run(["-c", "import sys; print('out'); sys.exit('what went wrong')"], tmp_path)
    assert (done.code, done.output.strip(), done.errors.strip()) == (1, "out", "what went wrong")


@pytest.mark.parametrize("make", [transformer_block, random_block])
def test_blocks_have_the_size_that_they_say(make: object) -> None:
    assert callable(make)
    assert [len(make(number).operations) for number in range(5)] == [BLOCK] * 5


def test_equal_blocks_are_equal_and_random_ones_are_not() -> None:
    assert transformer_block(1).operations == transformer_block(2).operations
    assert random_block(1).operations != random_block(2).operations
    assert random_block(3).operations == random_block(3).operations
    graph = synthetic(5 * BLOCK, random_block)
    assert len(graph) == 5 * BLOCK
    assert all(edge.source < edge.target for edge in graph.edges())


def test_growth_is_the_power_of_size() -> None:
    assert exponent(SIZES, [nodes * 3e-5 for nodes in SIZES]) == pytest.approx(1)
    assert exponent(SIZES, [nodes**2 * 3e-9 for nodes in SIZES]) == pytest.approx(2)
    assert exponent(SIZES, [0.2] * len(SIZES)) == pytest.approx(0)


def test_modules_of_tensorflow_and_keras_are_seen() -> None:
    assert foreign(["tensorflow.python.eager", "keras", "cutaway.readers.keras_v3", "tf_keras", "tensorflowjs"]) == [
        "tensorflow.python.eager", "keras", "tf_keras",
    ]  # fmt: skip


def test_a_picture_that_loads_keras_ends_the_benchmark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "small.pb"
    write_graph(path, 40)
    assert_alone(path, tmp_path)
    assert (tmp_path / "x.svg").stat().st_size > 1000
    (tmp_path / "sitecustomize.py").write_text("import sys, types\nsys.modules['keras'] = types.ModuleType('keras')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(SystemExit, match=r"small\.pb loaded keras"):
        assert_alone(path, tmp_path)
    assert "keras" in FOREIGN


def test_files_are_made_once_and_never_half(tmp_path: Path) -> None:
    code = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text('whole'); sys.exit(int(sys.argv[2]))"
    with pytest.raises(SystemExit, match=r"m\.pb could not be made"):
        made("m.pb", ("-c", code, "{}", "1"), tmp_path)
    assert not (tmp_path / "m.pb").exists()
    assert size(made("m.pb", ("-c", code, "{}", "0"), tmp_path)) == 5
    assert size(made("m.pb", ("-c", "raise SystemExit(1)"), tmp_path)) == 5


def test_ways_take_turns_and_the_first_is_not_counted(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    code = "import sys; open(sys.argv[1], 'a').write(sys.argv[2])"
    ours, theirs = turns(["-S", "-c", code, str(log), "a"], ["-S", "-c", code, str(log), "b"], tmp_path, 2)
    assert log.read_text() == "ababab"
    assert 0 < ours.wall < 60
    assert 0 < theirs.wall < 60


def test_graph_files_are_what_tensorflow_imports(tmp_path: Path) -> None:
    tf = pytest.importorskip("tensorflow", reason="TensorFlow, which imports the graph files, is not installed")
    text_format = pytest.importorskip("google.protobuf.text_format")
    write_graph(tmp_path / "small.pb", 41)
    write_graph(tmp_path / "large.pb", 41, values=True)
    write_text(tmp_path / "graph.pbtxt", 20_000)
    small, large, text = (tf.compat.v1.GraphDef() for _ in range(3))
    small.ParseFromString((tmp_path / "small.pb").read_bytes())
    large.ParseFromString((tmp_path / "large.pb").read_bytes())
    text_format.Parse((tmp_path / "graph.pbtxt").read_text(), text)
    assert len(small.node) == len(large.node) == 41
    assert [node.name for node in text.node] == [node.name for node in small.node][: len(text.node)]
    assert (tmp_path / "large.pb").stat().st_size > 7 * 147_456
    for graph in (small, large, text):
        with tf.Graph().as_default() as imported:
            tf.import_graph_def(graph, name="")
        assert len(imported.get_operations()) == len(graph.node)
        assert imported.get_tensor_by_name("block_1/conv_1/Relu:0").shape[-1] == 64
