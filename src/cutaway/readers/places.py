"""What a source is made of: a file, and a tree of files; on disk or packed in a zip.

A name of a member never becomes a path outside of its folder: names that climb, absolute names and links that
lead out are refused, and nothing is extracted under its own name.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Protocol


class File(Protocol):
    """Bytes that can be read at any place."""

    path: Path

    @property
    def size(self) -> int:
        """Number of bytes."""

    def open(self) -> AbstractContextManager[IO[bytes]]:
        """The bytes as a file that can be read at any place."""

    def view(self) -> AbstractContextManager[memoryview]:
        """The bytes as they lie on the disk, read where they are touched."""

    def read(self, most: int) -> bytes:
        """All bytes, where there are at most so many."""

    def head(self, count: int) -> bytes:
        """The first bytes, without more work than they need."""


class Tree(Protocol):
    """Files by names such as ``variables/variables.index``."""

    path: Path

    @property
    def names(self) -> frozenset[str]:
        """Every file in it."""

    def has(self, name: str) -> bool:
        """Whether there is a file of that name."""

    def file(self, name: str) -> File:
        """One file by its name."""

    def below(self, name: str) -> Tree:
        """The tree of one folder in it."""
