"""The command ``cutaway profile``: its words, and what it writes."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from cutaway.commands.words import named_shape, quantity
from cutaway.errors import OptionError

EPILOG = """\
examples:
  cutaway profile model.keras
  cutaway profile model.keras --batch 8 --training
  cutaway profile model.keras -o times.json && cutaway plot model.keras --overlay times.json -o times.svg
  cutaway profile saved_model_folder --signature serving_default --shape image=1,224,224,3
  cutaway profile model.tflite --shape image=1,224,224,3
  cutaway profile model.keras --trace logs/plugins/profile
  cutaway profile model.keras --peak 150G --bandwidth 20G

The model runs: of a SavedModel or graph all operations, initialisers too. Those that touch files or run Python are
refused, as is code in a file of Keras.
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command to its parser."""
    parser.set_defaults(run=run)
    how = parser.add_argument_group("what is run")
    how.add_argument("--batch", type=int, default=1, metavar="N", help="examples in a run (default: %(default)s)")
    how.add_argument(
        "--shape", type=named_shape, action="append", default=[], metavar="INPUT=N,N,…",
        help="shape of an input, such as image=1,512,512,3",
    )  # fmt: skip
    how.add_argument("--training", action="store_true", help="a step of training, and not the forward pass")
    how.add_argument("--runs", type=int, metavar="N", help="runs that are measured (default: 30 to 120, four seconds)")
    how.add_argument(
        "--trace", metavar="FILE",
        help="read this trace and run nothing: XPlane, RunMetadata, an event file, Chrome's JSON, LiteRT's CSV",
    )  # fmt: skip
    roof = parser.add_argument_group("the roofline")
    roof.add_argument(
        "--peak", type=quantity, metavar="FLOP/S", help="what the machine can do, such as 150G (measured)"
    )
    roof.add_argument(
        "--bandwidth", type=quantity, metavar="B/S", help="what its memory can do, such as 20G (measured)"
    )
    said = parser.add_argument_group("what is told")
    said.add_argument(
        "--format", choices=("table", "json", "csv"), default="table", help="form of the list (default: %(default)s)"
    )
    said.add_argument("--level", choices=("layer", "group"), default="layer", help="rows of the table")
    said.add_argument("--top", type=int, default=30, metavar="N", help="rows of the table, 0 for all (default: 30)")
    said.add_argument(
        "-o", "--output", dest="to_file", metavar="FILE", help="save the times, .json or .csv, as --overlay takes them"
    )


def run(arguments: argparse.Namespace) -> str:
    """Measure; return what is to be printed."""
    from cutaway.measurement import profile
    from cutaway.profile_forms import FORMATS, rich_table, to_text

    if arguments.top < 0:
        raise OptionError(f"--top must be 0 or more; received {arguments.top}")
    target = arguments.to_file
    if target is not None and Path(target).suffix.lower() not in (".json", ".csv"):
        raise OptionError(f"-o must end in .json or .csv; received {target!r}")
    found = profile(
        arguments.model, batch=arguments.batch, shapes=dict(arguments.shape), training=arguments.training,
        runs=arguments.runs, trace=arguments.trace, peak=arguments.peak, bandwidth=arguments.bandwidth,
        input_shape=arguments.input_shape, signature=arguments.signature,
    )  # fmt: skip
    if target is not None:
        found.save(target)
    if arguments.format != "table":
        return FORMATS[arguments.format](found)
    if not sys.stdout.isatty():
        return to_text(found, arguments.top, arguments.level)
    from rich.console import Console

    Console().print(rich_table(found, arguments.top, arguments.level))
    return ""
