"""Graphs of any size: operations in nested name scopes, as a traced transformer has them."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from cutaway.graph import Graph, GraphBuilder, Tensor

BLOCK = 100
"""Operations in one block."""

HIDDEN = Tensor((None, 128, 768), "float32")
WORDS = ("dense", "norm", "attention", "gate", "mix", "project", "scale", "route")
OPS = ("MatMul", "AddV2", "Mul", "Tanh", "Sub", "Mean", "Rsqrt", "Transpose", "Reshape", "Softmax", "Identity")


@dataclass(slots=True)
class Block:
    """The operations of one block: scope, name, kind, and the positions of what each reads; -1 is the block's input."""

    operations: list[tuple[str, str, str, tuple[int, ...]]] = field(default_factory=list)

    def add(self, scope: str, name: str, op: str, *inputs: int) -> int:
        """Append an operation and return its position."""
        self.operations.append((scope, name, op, inputs))
        return len(self.operations) - 1

    def dense(self, scope: str, x: int) -> int:
        """Eight operations: kernel, product, bias, sum, reshape."""
        kernel = self.add(scope, "kernel", "Const")
        read = self.add(f"{scope}/MatMul", "ReadVariableOp", "Identity", kernel)
        product = self.add(scope, "MatMul", "MatMul", x, read)
        bias = self.add(scope, "bias", "Const")
        read = self.add(f"{scope}/BiasAdd", "ReadVariableOp", "Identity", bias)
        total = self.add(scope, "BiasAdd", "BiasAdd", product, read)
        shape = self.add(f"{scope}/Reshape", "shape", "Const")
        return self.add(scope, "Reshape", "Reshape", total, shape)

    def norm(self, scope: str, x: int) -> int:
        """Twelve operations: moments, scale, shift."""
        axes = self.add(f"{scope}/moments", "axes", "Const")
        mean = self.add(f"{scope}/moments", "mean", "Mean", x, axes)
        square = self.add(f"{scope}/moments", "SquaredDifference", "SquaredDifference", x, mean)
        variance = self.add(f"{scope}/moments", "variance", "Mean", square, axes)
        least = self.add(scope, "epsilon", "Const")
        root = self.add(scope, "Rsqrt", "Rsqrt", self.add(scope, "add", "AddV2", variance, least))
        gamma = self.add(scope, "gamma", "Const")
        scaled = self.add(scope, "mul_1", "Mul", x, self.add(scope, "mul", "Mul", root, gamma))
        beta = self.add(scope, "beta", "Const")
        return self.add(scope, "add_1", "AddV2", scaled, beta)


def transformer_block(_: int) -> Block:
    """The same 100 operations every time: attention and a feed-forward net, with a residual around each."""
    block = Block()
    normed = block.norm("norm_1", -1)
    heads = []
    for name in ("query", "key", "value"):
        order = block.add(f"attention/{name}/transpose", "perm", "Const")
        heads.append(
            block.add(f"attention/{name}", "transpose", "Transpose", block.dense(f"attention/{name}", normed), order)
        )
    scores = block.add("attention/scores", "MatMul", "BatchMatMulV2", heads[0], heads[1])
    scores = block.add("attention/scores", "Mul", "Mul", scores, block.add("attention/scores", "scale", "Const"))
    mixed = block.add("attention", "Softmax", "Softmax", scores)
    mixed = block.add("attention", "context", "BatchMatMulV2", mixed, heads[2])
    mixed = block.dense("attention/output", mixed)
    first = block.add("residual_1", "add", "AddV2", -1, block.add("residual_1", "dropout", "Identity", mixed))
    hidden = block.dense("feed_forward/in", block.norm("norm_2", first))
    for op in ("Pow", "Mul", "AddV2", "Tanh", "AddV2", "Mul"):
        factor = block.add("feed_forward/gelu", f"{op}_constant", "Const")
        hidden = block.add("feed_forward/gelu", op, op, hidden, factor)
    hidden = block.dense("feed_forward/out", hidden)
    last = block.add("residual_2", "add", "AddV2", first, block.add("residual_2", "dropout", "Identity", hidden))
    while len(block.operations) < BLOCK:
        last = block.add("output", "Identity", "Identity", last)
    return block


def random_block(number: int) -> Block:
    """100 operations that are wired, named and nested in another way in every block."""
    chance = Random(number)
    block = Block()
    scopes = [chance.choice(WORDS) for _ in range(chance.randrange(3, 7))]
    scopes += [f"{chance.choice(scopes)}/{chance.choice(WORDS)}" for _ in range(chance.randrange(2, 6))]
    for at in range(BLOCK):
        scope = scopes[min(len(scopes) - 1, at * len(scopes) // BLOCK)]
        nearest = max(-1, at - chance.randrange(2, 12))
        inputs = [at - 1] + [chance.randrange(nearest, at) for _ in range(chance.choice((0, 0, 0, 1, 1, 2)))]
        block.add(scope, f"{chance.choice(WORDS)}_{at}", chance.choice(OPS), *inputs)
    return block


def scope_of(block: int, blocks: int) -> str:
    """Where a block lies: two levels of scopes around it, three where there are very many."""
    stage = f"stage_{block // 25 % 10}/block_{block % 25}"
    return f"model/part_{block // 250}/{stage}" if blocks > 2000 else f"model/stage_{block // 25}/block_{block % 25}"


def synthetic(nodes: int, make: Callable[[int], Block]) -> Graph:
    """A chain of blocks.

    Args:
        nodes: How many in all, a multiple of `BLOCK`.
        make: Makes the block of a number.
    """
    enabled = gc.isenabled()
    gc.disable()  # nothing here is garbage
    builder = GraphBuilder("synthetic", "benchmark")
    groups = {"": 0}

    def group(path: str) -> int:
        if path not in groups:
            head, _, tail = path.rpartition("/")
            groups[path] = builder.group(tail, parent=group(head))
        return groups[path]

    blocks = nodes // BLOCK
    last = -1
    for number in range(blocks):
        scope, first = scope_of(number, blocks), len(builder)
        for inner, name, op, inputs in make(number).operations:
            node = builder.node(name, op, group=group(f"{scope}/{inner}"), outputs=(HIDDEN,))
            for source in inputs:
                if source >= 0:
                    builder.connect(first + source, node)
                elif last >= 0:
                    builder.connect(last, node)
        last = len(builder) - 1
    graph = builder.build()
    if enabled:
        gc.enable()
    return graph
