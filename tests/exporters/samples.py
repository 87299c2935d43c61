"""Models of every format for the tests of exporters, and one whose names break careless programs."""

from __future__ import annotations

from pathlib import Path

from cutaway import read
from cutaway.graph import Graph, GraphBuilder, Tensor
from cutaway.graph.model import CONTROL, Weight

MODELS = Path(__file__).parents[1] / "models"

SAMPLES = sorted(
    str(path.relative_to(MODELS))
    for path in [
        *(found for found in MODELS.iterdir() if found.is_file() and found.suffix != ".tsv"),
        *(found for folder in MODELS.iterdir() if folder.is_dir() for found in folder.iterdir()),
    ]
    if path.suffix != ".md"
)
"""Files and folders beside the tests that are models."""

EVIL = (
    '"];}quoted"',
    "back\\slash\\",
    "line\nbreak\r\ttab",
    "nul\x00bell\x07\x1b[31m",
    "]]></data><!-- -->",
    "a --> b",
    "&amp;&#60;<b>bold</b>",
    "\ud800 half",
    "\u202eevil\u2066",
    "end",
    "%%{init: {}}%%",
    "`code` *bold* _it_ 1. one",
    "subgraph x",
    "emoji 🚀 שכבה",
    "\ufffe\uffff",
    "{x|<y>z}",
    "\\N\\G\\l",
    "#quot;#35;",
    " spaces  around ",
    "",
    "x" * 20_000,
    "同じ",
)


def evil() -> Graph:
    """Names, groups, operations, dtypes and attributes that break careless programs; parallel and control edges."""
    builder = GraphBuilder('<script>alert("1")</script>\x00]]>', "test", 'by "me"\n--> x')
    last = None
    for at, name in enumerate(EVIL):
        group = builder.group(name, kind="block", op=name) if at % 2 else 0
        node = builder.node(
            name, name, group=group, outputs=[Tensor((None, at), name or None), Tensor()],
            attributes={name: name, "list": [1, None, float("nan")]},
            weights=[Weight(f"{name}/w", name, (3,), "float32", trainable=at % 3 > 0)],
        )  # fmt: skip
        if last is not None:
            builder.connect(last, node, label=name)
            builder.connect(last, node, port=1)
            builder.connect(last, node, port=CONTROL)
        last = node
    builder.connect(0, 0)
    return builder.build()


def model(name: str) -> Graph:
    """One of `SAMPLES`, or the evil one."""
    return evil() if name == "evil" else read(MODELS / name)
