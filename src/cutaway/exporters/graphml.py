"""`to_graphml`: a graph as GraphML, equal to what NetworkX writes of the same rows, without NetworkX."""

from __future__ import annotations

from collections.abc import Iterable

from cutaway.exporters.rows import Row, Rows

_TYPES = {int: "long", float: "double", str: "string"}

_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;", "\t": "&#9;"})


def to_graphml(rows: Rows) -> str:
    """Write rows as GraphML; equal rows give equal texts."""
    keys: dict[tuple[str, str, str], str] = {}
    graph = _data("graph", rows.model, keys, "    ")
    body: list[str] = []
    for name, row in rows.nodes:
        body.append(f'    <node id="{_escaped(name)}">')
        body += _data("node", row, keys, "      ")
        body.append("    </node>")
    for source, target, key, row in rows.edges:
        body.append(f'    <edge source="{_escaped(source)}" target="{_escaped(target)}" id="{key}">')
        body += _data("edge", row, keys, "      ")
        body.append("    </edge>")
    head = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">',
        *(
            f'  <key id="{key}" for="{domain}" attr.name="{_escaped(name)}" attr.type="{kind}"/>'
            for (domain, name, kind), key in keys.items()
        ),
        '  <graph edgedefault="directed">',
    ]
    return "\n".join([*head, *graph, *body, "  </graph>", "</graphml>", ""])


def _data(domain: str, row: Row, keys: dict[tuple[str, str, str], str], indent: str) -> Iterable[str]:
    """The values of a node, an edge or the graph; each attribute and type gets a key when it is first met."""
    found = []
    for name, value in row.items():
        key = keys.setdefault((domain, name, _TYPES[type(value)]), f"d{len(keys)}")
        found.append(f'{indent}<data key="{key}">{_escaped(str(value))}</data>')
    return found


def _escaped(text: str) -> str:
    return text.translate(_ENTITIES)
