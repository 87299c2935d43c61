"""HDF5 structure, read with h5py and with nothing that leads out of the file.

The HDF5 library follows links and storage into other files, and believes lengths. So only hard links are
followed, datasets that lie elsewhere are refused, every read is bounded, and no value of a dataset is read.
h5py is imported here, when the first file is opened.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Union

from cutaway.errors import MissingExtra, ReadError
from cutaway.readers.bounded import Bounded
from cutaway.readers.source import Source, limit

if TYPE_CHECKING:
    import h5py

DEEPEST = 64
"""Groups inside each other; weights of real models stay below thirty."""

MOST = 200_000
"""Groups and datasets of one file; a model of a thousand layers has some thousand."""


@dataclass(frozen=True, slots=True)
class Array:
    """A dataset, by what describes it."""

    shape: tuple[int, ...]
    dtype: str
    location: str | None


Tree = dict[str, Union["Tree", Array]]
"""Names to arrays, nested as the groups are."""


class Hdf5File:
    """A file, or the member of a zip or folder, that is open until it is closed.

    Args:
        source: The file, or what the member is of.
        member: Its name; empty for the file itself.

    Raises:
        MissingExtra: h5py is not installed.
        ReadError: It is no HDF5 file, or is damaged.
    """

    def __init__(self, source: Source, member: str = "") -> None:
        try:
            import h5py
        except ImportError as error:
            raise MissingExtra("reading HDF5 files needs h5py; install it with: pip install h5py") from error
        self._path = source.path
        self._where = f"member {member!r}: " if member else ""
        with ExitStack() as stack:
            self._bounded = Bounded(stack.enter_context(source.open(member)))
            with self._told():
                self._root = stack.enter_context(h5py.File(self._bounded, "r"))
            self._stack = stack.pop_all()

    @contextmanager
    def look(self) -> Iterator[h5py.Group]:
        """All that is in it.

        Raises:
            ReadError: What goes wrong while it is looked at.
        """
        with self._told():
            yield self._root

    def close(self) -> None:
        """Close it.

        Raises:
            ReadError: It is so damaged that it cannot be closed.
        """
        with self._told():
            self._stack.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        self._bounded.refused = 0
        try:
            yield
        except ReadError as error:
            if error.path is None:
                raise ReadError(f"{self._where}{error}", path=self._path) from error
            raise
        except (OSError, RuntimeError, KeyError, ValueError, TypeError, MemoryError, AttributeError) as error:
            reason = (
                f"it asks for {self._bounded.refused:,} bytes at once; at most {limit('chunk'):,} are read"
                if self._bounded.refused
                else f"{str(error)[:200]}"
            )
            raise ReadError(f"{self._where}the HDF5 file is damaged or cut short: {reason}", path=self._path) from error


@contextmanager
def open_hdf5(source: Source, member: str = "") -> Iterator[h5py.Group]:
    """Open a file, or the member of a zip or folder, for one look.

    Raises:
        MissingExtra: h5py is not installed.
        ReadError: It is no HDF5 file, or is damaged; also for what goes wrong while it is open.
    """
    with closing(Hdf5File(source, member)) as file, file.look() as root:
        yield root


def children(group: h5py.Group) -> Iterator[tuple[str, Any]]:
    """Groups and datasets directly in a group; raises as `child` does."""
    for name in group:
        item = _linked(group, name)
        if item is not None:
            yield name, item


def child(group: h5py.Group, path: str) -> Any:
    """The group or dataset at a path below ``group``; None where there is none.

    Raises:
        ReadError: A link leads out of the file, or a dataset keeps its values elsewhere.
    """
    item: Any = group
    for part in filter(None, path.split("/")):
        item = _linked(item, part) if hasattr(item, "keys") and part in item else None
        if item is None:
            return None
    return item


def _linked(group: h5py.Group, name: str) -> Any:
    import h5py

    link = group.get(name, getlink=True)
    if isinstance(link, h5py.ExternalLink):
        raise ReadError(
            f"{group.name}/{name} is a link to another file ({str(link.filename)[:80]!r}), which is not followed"
        )
    item = group[name] if isinstance(link, h5py.HardLink) else None
    if isinstance(item, h5py.Dataset) and (item.external or item.is_virtual):
        raise ReadError(f"{item.name} keeps its values in another file, which is not read")
    return item if isinstance(item, h5py.Dataset | h5py.Group) else None


def text(group: h5py.Group, name: str) -> str | None:
    """A text attribute; None where there is none.

    Raises:
        ReadError: It is larger than a config may be, or is no text.
    """
    value = _attribute(group, name)
    if value is None:
        return None
    if isinstance(value, bytes):
        value = value.decode("utf-8", errors="replace")
    if not isinstance(value, str):
        raise ReadError(f"attribute {name!r}: expected text; received {type(value).__name__}")
    return value


def texts(group: h5py.Group, name: str) -> list[str]:
    """A list of texts, which Keras splits over several attributes (``name0``, ``name1``, …) where it is long."""
    found: list[str] = []
    parts = [name] if name in group.attrs else []
    while parts != [name] and f"{name}{len(parts)}" in group.attrs:
        parts.append(f"{name}{len(parts)}")
    for part in parts:
        value = _attribute(group, part)
        for item in value if hasattr(value, "__iter__") and not isinstance(value, str | bytes) else []:
            found.append(item.decode("utf-8", errors="replace") if isinstance(item, bytes) else str(item))
    return found


_PLAIN_CLASSES = frozenset({0, 1, 3, 8})
"""Whole numbers, floats, texts and enumerations, which a bool is. On others, damaged, the library may crash."""


def _attribute(group: h5py.Group, name: str) -> Any:
    if name not in group.attrs:
        return None
    found = group.attrs.get_id(name)
    if found.get_type().get_class() not in _PLAIN_CLASSES:
        raise ReadError(f"attribute {name!r} is neither text nor numbers")
    size = found.dtype.itemsize * math.prod(found.shape)
    if size > limit("text"):
        raise ReadError(f"attribute {name!r} has {size:,} bytes; at most {limit('text'):,} are read")
    value = group.attrs[name]
    return value.item() if getattr(value, "shape", None) == () and hasattr(value, "item") else value


def array(dataset: h5py.Dataset, member: str) -> Array:
    """What describes a dataset."""
    said = _attribute(dataset, "dtype") if "dtype" in dataset.attrs else None
    said = said.decode() if isinstance(said, bytes) else said
    dtype = said if isinstance(said, str) and dataset.dtype.kind == "V" else str(dataset.dtype.name)
    path = str(dataset.name)
    return Array(tuple(map(int, dataset.shape or ())), dtype, f"{member}:{path.lstrip('/')}" if member else path)


def tree(group: h5py.Group, member: str) -> Tree:
    """All of a group.

    Raises:
        ReadError: It is too deep, too large, or leads out of the file.
    """
    result: Tree = {}
    pending: list[tuple[h5py.Group, Tree, int]] = [(group, result, 0)]
    count = 0
    while pending:
        at, into, depth = pending.pop()
        if depth > DEEPEST:
            raise ReadError(f"groups are nested more than {DEEPEST} deep at {str(at.name)[:120]}")
        for name, item in sorted(children(at), key=lambda entry: _natural(entry[0])):
            count += 1
            if count > MOST:
                raise ReadError(f"the file holds more than {MOST:,} groups and datasets; no model does")
            if hasattr(item, "keys"):
                inside: Tree = {}
                into[name] = inside
                pending.append((item, inside, depth + 1))
            else:
                into[name] = array(item, member)
    return result


def _natural(name: str) -> tuple[str, int, str]:
    """``dense_2`` before ``dense_10``."""
    stem, _, number = name.rpartition("_")
    if name.isdecimal():
        return "", int(name[:18]), name
    return (stem, int(number[:18]), name) if number.isdecimal() else (name, -1, name)
