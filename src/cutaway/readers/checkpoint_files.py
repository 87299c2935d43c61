"""Which files are checkpoints, and which of a folder's is meant; light enough to ask of every file."""

from __future__ import annotations

import os
import re

from cutaway.errors import ReadError
from cutaway.readers.members import member
from cutaway.readers.sniff import TABLE_END
from cutaway.readers.sniff_protobuf import protobuf_kind
from cutaway.readers.source import Source

_SHARD = re.compile(r"(.+)\.data-\d{5}-of-\d{5}")
_LISTED = re.compile(rb'^\s*(all_)?model_checkpoint_paths?\s*:\s*("[^"\n]*"|\'[^\'\n]*\')', re.MULTILINE)
_LONGEST_LIST = 1 << 20


def at_path(path: str) -> Source:
    """What lies at a path; for what the names of a checkpoint's files begin with, as TensorFlow names one, its index.

    Raises:
        ReadError: There is nothing.
    """
    index = f"{path}.index"
    there = os.path.exists(path)  # noqa: PTH110  (Path.exists raises for names that are too long)
    return Source(index if not there and os.path.isfile(index) else path)  # noqa: PTH113


def is_checkpoint(source: Source) -> bool:
    """Whether a source is a table, a shard whose index lies beside it, or a folder that says which one is the latest.

    A shard is known by its name: its bytes are values and look like nothing. A folder that holds the graph too is none.
    """
    if source.kind != "file":
        return _latest(source) is not None and meta_graph_of(source) is None
    return _is_table(source) or _index_beside(source) is not None


def checkpoint_of(source: Source) -> tuple[Source, str]:
    """The index or old checkpoint that is meant, and what its name begins with.

    Args:
        source: What `is_checkpoint` says yes to.

    Raises:
        ReadError: A folder names a checkpoint that is not there, and holds none or several.
    """
    if source.kind == "file":
        index = source if _is_table(source) else _index_beside(source) or source
        return index, index.path.name.removesuffix(".index")
    latest = _latest(source) or ""
    for name in (f"{latest}.index", latest):
        found = member(source, name) if name in source.names else None
        if found is not None and _is_table(found):
            return found, latest
    others = other_checkpoints(source, latest)
    if len(others) == 1 and (found := member(source, f"{others[0]}.index")) is not None:
        return found, others[0]
    shown = ", ".join(f"{name}.index" for name in others[:10])
    raise ReadError(
        f"the file 'checkpoint' names {latest!r}, which is not in the folder; "
        + (f"open one of {shown}" if others else "the folder holds no other index (*.index): copy it there"),
        path=source.path,
    )


def meta_graph_of(source: Source) -> Source | None:
    """The graph of a folder's latest checkpoint, or else that of the last in its list that has one; None without any.

    Args:
        source: A folder or zip.
    """
    for name in _listed(source):
        path = f"{name}.meta"
        found = source.at(path) if path in source.names else None
        if found is not None and protobuf_kind(found) in ("meta_graph", "meta_graph_text"):
            return found
    return None


def other_checkpoints(source: Source, than: str) -> list[str]:
    """What the names of the other checkpoints of a folder begin with."""
    found = (name.removesuffix(".index") for name in source.names if name.endswith(".index") and "/" not in name)
    return sorted(name for name in found if name != than)


def _is_table(source: Source) -> bool:
    if source.size < 48:
        return False
    with source.open() as file:
        file.seek(source.size - len(TABLE_END))
        return file.read(len(TABLE_END)) == TABLE_END


def _index_beside(source: Source) -> Source | None:
    shard = _SHARD.fullmatch(source.path.name)
    index = member(source, f"{shard.group(1)}.index") if shard else None
    return index if index is not None and _is_table(index) else None


def _latest(source: Source) -> str | None:
    """The name, without any folder, that the file ``checkpoint`` says is the latest; it may tell a path elsewhere."""
    return next(iter(_listed(source)), None)


def _listed(source: Source) -> list[str]:
    """The names that the file ``checkpoint`` tells, without any folder: the latest first; none without that."""
    if "checkpoint" not in source.names or {"saved_model.pb", "saved_model.pbtxt"} & source.names:
        return []
    told = source.at("checkpoint")
    latest: list[str] = []
    kept: list[str] = []
    for listed, path in _LISTED.findall(told.read(most=_LONGEST_LIST) if told.size <= _LONGEST_LIST else b""):
        name = re.split(r"[/\\]", path[1:-1].decode("utf-8", "backslashreplace"))[-1]
        if name:
            (kept if listed else latest).append(name)
    return list(dict.fromkeys([*latest[:1], *reversed(kept)])) if latest else []
