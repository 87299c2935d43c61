"""The graph: the one model of a model, which readers make and everything else reads.

In: calls that a reader adds to a `GraphBuilder`. Out: a frozen `Graph`.
May import: `cutaway.errors` only.
"""

from cutaway.graph.build import GraphBuilder
from cutaway.graph.model import Edge, Graph, Group, Node, Port, Shape, Tensor, Weight

__all__ = ["Edge", "Graph", "GraphBuilder", "Group", "Node", "Port", "Shape", "Tensor", "Weight"]
