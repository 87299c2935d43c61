"""The options of what a cost is that of, which several commands take."""

from __future__ import annotations

import argparse

from cutaway.commands.words import named_shape


def add_options(group: argparse._ActionsContainer) -> None:
    """Add them to a parser, or to a group of its options."""
    group.add_argument("--batch", type=int, default=1, metavar="N", help="examples that the cost is that of")
    group.add_argument(
        "--shape", type=named_shape, action="append", default=[], metavar="INPUT=N,N,…",
        help="shape of an input that the cost is that of, such as image=1,512,512,3",
    )  # fmt: skip
    group.add_argument("--precision", metavar="TYPE", help="type that all floats are held in, such as float16")
