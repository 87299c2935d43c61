"""Whatever a layer is called: every format keeps it, and none can be broken by it."""

from __future__ import annotations

import io

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

import cutaway
from cutaway.drawing.tikz import escape
from cutaway.exporters.graphml import to_graphml
from cutaway.exporters.mermaid import to_mermaid
from cutaway.exporters.rows import to_rows
from cutaway.graph import Graph, GraphBuilder, Tensor
from tests.exporters.test_drawn_elsewhere import read_mermaid, sketch
from tests.exporters.test_networkx import WAYS, content

ANY = st.text(st.characters(exclude_categories=[]), max_size=12)
NAMES = st.lists(ANY, min_size=1, max_size=4).filter(lambda names: not {"()", "[]"} & set(names))
"""Of the two texts NetworkX's reader of GML makes an empty tuple and an empty list."""


def chain(names: list[str]) -> Graph:
    builder = GraphBuilder(names[0] or "chain", "test")
    for at, name in enumerate(names):
        node = builder.node(
            name, name, group=builder.group(name), outputs=[Tensor((1,), name)], attributes={name: name}
        )
        if at:
            builder.connect(at - 1, node, label=name)
    return builder.build()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(NAMES)
def test_data_survive(names: list[str]) -> None:
    graph = chain(names)
    made = cutaway.to_networkx(graph)
    for through in WAYS.values():
        assert content(through(made)) == content(made)
    own = io.BytesIO(to_graphml(to_rows(graph)).encode())
    assert content(nx.read_graphml(own, force_multigraph=True)) == content(made)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(NAMES)
def test_flowcharts_stay_whole(names: list[str]) -> None:
    boxes, groups, edges = read_mermaid(to_mermaid(sketch(chain(names))))
    assert (len(boxes), len(groups), sum(edges.values())) == (len(names), len(names), len(names) - 1)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(ANY)
def test_braces_of_tex_match(name: str) -> None:
    bare = escape(name).replace("\\{", "").replace("\\}", "")
    depth = 0
    for char in bare:
        depth += {"{": 1, "}": -1}.get(char, 0)
        assert depth >= 0
    assert depth == 0
    assert not set("\n\r\0") & set(bare)
