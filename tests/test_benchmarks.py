"""The benchmarks count and measure what they say: crossings of lines drawn by hand, and processes of known size."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from benchmarks.processes import run
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
