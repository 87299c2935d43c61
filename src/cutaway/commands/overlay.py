"""The options of a table that is laid over a model, for the commands that take one."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from cutaway.errors import OptionError

if TYPE_CHECKING:
    from cutaway.graph.model import Graph
    from cutaway.overlays.overlay import Overlay


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options to the parser of a command."""
    group = parser.add_argument_group("your own numbers")
    group.add_argument("--overlay", metavar="FILE", help="a CSV or JSON by layer name, such as a profile")
    group.add_argument("--overlay-column", metavar="NAME", help="its column (default: the first with numbers)")
    group.add_argument(
        "--rollup", choices=("sum", "mean", "max"), default=None,
        help="what groups get that the table does not name (default: sum)",
    )  # fmt: skip


def asked(arguments: argparse.Namespace) -> bool:
    """Whether a table is to be laid over the model.

    Raises:
        OptionError: A column is chosen of no table.
    """
    if arguments.overlay is None and (arguments.overlay_column is not None or arguments.rollup is not None):
        raise OptionError("--overlay-column and --rollup are about a table; name it: --overlay FILE")
    return arguments.overlay is not None


def laid(arguments: argparse.Namespace) -> Callable[[Graph], Overlay] | None:
    """What lays the table over a graph; None where none is asked for. The file is read at once.

    Raises:
        OptionError: A column is chosen of no table.
        ReadError: The file is damaged, too large, or no table.
    """
    if not asked(arguments):
        return None
    from cutaway.overlays.overlay import overlay_on
    from cutaway.overlays.table import read_table

    table = read_table(arguments.overlay)
    return partial(overlay_on, source=table, column=arguments.overlay_column, rollup=arguments.rollup or "sum")
