"""The process that reads event files for another one, which asks it as `cutaway.training.event_process` does."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import IO

from cutaway.errors import ReadError
from cutaway.training.event_process import Told, receive, send
from cutaway.training.event_reader import EventFile


def _answer(asked: IO[bytes], told: IO[bytes]) -> None:
    """Read one file after the other, until nobody asks any more."""
    while True:
        file: EventFile = receive(asked)
        failure = ""
        try:
            for taken in file.read():
                blocks = [replace(block, order=block.order[:0]) for block in taken.blocks]
                send(told, Told(file, replace(taken, blocks=blocks)))
        except ReadError as error:
            failure = str(error)
        send(told, Told(file, None, failure))


if __name__ == "__main__":
    try:
        _answer(sys.stdin.buffer, sys.stdout.buffer)
    except (EOFError, BrokenPipeError):
        sys.exit()
