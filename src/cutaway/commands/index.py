"""``cutaway index``: a log folder or a checkpoint as tables of Parquet, made in parallel."""

from __future__ import annotations

import argparse
import sys
from typing import Any

EPILOG = """\
examples:
  cutaway index logs -o index
  cutaway index logs -o index --workers 8
  cutaway index s3://bucket/logs -o s3://bucket/index --scheduler tcp://10.0.0.1:8786
  cutaway index checkpoints/ckpt-100.index -o weights
"""
_WORDS = "put what is in many logs, or in a large checkpoint, into tables of Parquet, or bring these up to date"


def add(commands: Any) -> None:
    """Add the command to those of the command line."""
    parser = commands.add_parser(
        "index", help=_WORDS, description=f"{_WORDS[0].upper()}{_WORDS[1:]}.", epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
    )  # fmt: skip
    parser.set_defaults(run=run)
    parser.add_argument(
        "source", metavar="SOURCE",
        help="a log folder, as a path or an address that fsspec knows, or the path of a model or checkpoint",
    )  # fmt: skip
    parser.add_argument(
        "-o", "--output", dest="target", metavar="INDEX", required=True,
        help="folder of the index, as a path or an address; what it holds and has not changed is not read again",
    )  # fmt: skip
    parser.add_argument(
        "--workers", type=int, default=1, metavar="N", help="processes of this machine (default: %(default)s)"
    )
    parser.add_argument(
        "--scheduler", metavar="ADDRESS",
        help="scheduler of a Dask cluster whose workers do the work, such as tcp://10.0.0.1:8786; they must reach "
        "SOURCE and INDEX as they are written here",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> str:
    """Make the index; return what is to be printed."""
    from cutaway.indexing.build import build_index

    counts = build_index(
        arguments.source, arguments.target, workers=arguments.workers, scheduler=arguments.scheduler,
        told=_progress if sys.stderr.isatty() else None,
    )  # fmt: skip
    said = ", ".join(
        f"{count:,} {what[:-1] if count == 1 and what != 'series' else what}" for what, count in counts.items()
    )
    return f"wrote {arguments.target}: {said}\n"


def _progress(done: int, all_: int) -> None:
    sys.stderr.write(f"\r{done:,} of {all_:,}{chr(10) if done == all_ else ''}")
    sys.stderr.flush()
