"""Graphs drawn in tests: ``picture("in -> left right \\n left -> add \\n right -> add")``."""

from __future__ import annotations

import random

from cutaway.graph import Graph, GraphBuilder, Tensor


def picture(text: str, name: str = "drawn") -> Graph:
    """A graph from lines ``source -> target target``; ``a/b`` puts node b into group a."""
    builder = GraphBuilder(name, "test")
    groups: dict[str, int] = {"": 0}
    nodes: dict[str, int] = {}

    def group(path: str) -> int:
        if path not in groups:
            head, _, tail = path.rpartition("/")
            groups[path] = builder.group(tail, parent=group(head))
        return groups[path]

    def node(path: str) -> int:
        if path not in nodes:
            head, _, tail = path.rpartition("/")
            nodes[path] = builder.node(tail, tail.rstrip("0123456789").capitalize() or "Op", group=group(head))
        return nodes[path]

    for line in text.strip().splitlines():
        source, _, targets = line.partition("->")
        start = node(source.strip())
        for target in targets.split():
            builder.connect(start, node(target))
    return builder.build()


def random_graph(seed: int, nodes: int, groups: int, *, density: float = 1.4) -> Graph:
    """A connected random DAG whose nodes lie in random nested groups."""
    chance = random.Random(seed)
    builder = GraphBuilder(f"random{seed}", "test")
    held = [0] + [builder.group(f"g{at}", parent=chance.randrange(at + 1)) for at in range(groups)]
    for at in range(nodes):
        ports = chance.choice((1, 1, 1, 2))
        builder.node(
            f"n{at}", chance.choice(("Conv2D", "Dense", "Add", "ReLU")), group=chance.choice(held),
            outputs=[Tensor((None, 4 + port)) for port in range(ports)],
        )  # fmt: skip
        for _ in range(0 if not at else max(1, round(chance.expovariate(1 / density)))):
            builder.connect(chance.randrange(max(0, at - 12), at), at)
    return builder.build()


# a diamond:   in
#             /  \
#          left  right
#             \  /
#             add
DIAMOND = picture("in -> left right \n left -> add \n right -> add")

# a chain with a skip over it
SKIP = picture("in -> a end \n a -> b \n b -> c \n c -> end")

# two nodes joined twice
TWICE = picture("in -> add add")

# a loop of three, as old control flow makes them
LOOP = picture("in -> merge \n merge -> body \n body -> test \n test -> merge out")
