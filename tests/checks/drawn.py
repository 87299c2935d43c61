"""Tiny models drawn in lines: ``name Op shape attribute=value :dtype @weight:4x8 <- source source``.

A shape is ``?,8``; ``@~weight`` is frozen, ``@weight:4x8!place`` lies at a place; ``@owner/weight`` on a line of
its own belongs to the model. The outputs are the last line's node, or those of a line ``=> a b:title``.
"""

from __future__ import annotations

from typing import Any

import yaml

from cutaway.graph import Graph, GraphBuilder, Tensor, Weight

_INPUTS = ("InputLayer", "Input", "Placeholder")


def drawn(text: str, *, format: str = "keras_v3") -> Graph:
    """A model from its lines."""
    builder = GraphBuilder("drawn", format)
    nodes: dict[str, int] = {}
    edges: list[tuple[str, str]] = []
    outputs: list[str] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.startswith("=>"):
            outputs = line[2:].split()
            continue
        if line.startswith("@"):
            builder.describe_group(0, weights=[_weight("", line)])
            continue
        told, _, sources = line.partition("<-")
        name, op, *words = told.split()
        nodes[name] = _add(builder, name, op, words)
        edges += [(source, name) for source in sources.split()]
        if op in _INPUTS:
            builder.mark_input(nodes[name], name=name)
    for source, target in edges:
        builder.connect(nodes[source], nodes[target])
    for word in outputs or [list(nodes)[-1]]:
        name, _, title = word.partition(":")
        builder.mark_output(nodes[name], name=title or name)
    return builder.build()


def _add(builder: GraphBuilder, name: str, op: str, words: list[str]) -> int:
    shape: tuple[int | None, ...] | None = None
    dtype = "float32"
    attributes: dict[str, Any] = {}
    weights = []
    for word in words:
        key, equals, value = word.partition("=")
        if equals:
            attributes[key] = yaml.safe_load(value)
        elif word.startswith("@"):
            weights.append(_weight(f"{name}/", word))
        elif word == "-":
            shape = ()
        elif word.startswith(":"):
            dtype = word[1:]
        else:
            shape = tuple(None if size == "?" else int(size) for size in word.split(","))
    return builder.node(name, op, outputs=[Tensor(shape, dtype)], attributes=attributes, weights=weights)


def _weight(owner: str, word: str) -> Weight:
    title, _, sizes = word.removeprefix("@").partition(":")
    sizes, _, place = sizes.partition("!")
    name = title.removeprefix("~")
    dimensions = tuple(int(size) for size in sizes.split("x"))
    return Weight(f"{owner}{name}", name.rpartition("/")[2], dimensions, "float32", title == name, place or None)
