"""Graphs of operations alone: ``GraphDef``, frozen or not, encoded (``.pb``) or as text (``.pbtxt``)."""

from __future__ import annotations

from cutaway.graph.model import Graph
from cutaway.readers.options import ReadOptions
from cutaway.readers.source import Source
from cutaway.readers.tensorflow.assemble import graph_of, graph_with_origins
from cutaway.readers.tensorflow.entry import whole_graph
from cutaway.readers.tensorflow.graph_def import load_program
from cutaway.readers.tensorflow.origins import Origin
from cutaway.readers.tensorflow.raw import raw_graph


def read(source: Source, options: ReadOptions) -> Graph:
    """Read a graph; one of functions alone is shown as it stands.

    Raises:
        ReadError: It is damaged from its beginning on, or made to take more memory than it is worth.
    """
    program, name = load_program(source), source.path.stem
    if options.raw or not len(program.main):
        return raw_graph(program, name=name, format="graph_def", producer=program.producer)
    return graph_of(program, whole_graph(program.main), name=name, format="graph_def")


def read_with_origins(source: Source) -> tuple[Graph, list[Origin]]:
    """The graph, and where in the file the operation of each node lies; raises as `read`."""
    program = load_program(source)
    return graph_with_origins(program, whole_graph(program.main), name=source.path.stem, format="graph_def")
