"""Finding the model in a folder or a zip that is none itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from cutaway.errors import ReadError, UnknownFormat
from cutaway.readers.limits import limit
from cutaway.readers.source import Source

FormatOf = Callable[[Source], str | None]
"""Name of the format that reads a source; None where none does."""

_NEVER = frozenset({"assets", "assets.extra", "variables", "__MACOSX", "__pycache__", "node_modules"})
_ALWAYS_OPENED = frozenset({
    "", ".keras", ".h5", ".hdf5", ".hdf", ".json", ".yaml", ".yml", ".npz", ".tflite", ".tfl", ".lite", ".task",
    ".litertlm", ".bundle", ".zip", ".pb", ".pbtxt", ".prototxt", ".graphdef", ".meta", ".index", ".ckpt",
})  # fmt: skip
_WEIGHTS = frozenset({"checkpoint", "keras_weights"})
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Found:
    """A model in a folder or zip: the name that leads to it, its format, and itself."""

    name: str
    format: str
    source: Source

    @property
    def is_weights(self) -> bool:
        """Whether it is weights alone, which give way to a model that lies beside them."""
        return self.format in _WEIGHTS or self.name.endswith((".weights.h5", ".weights.hdf5"))


def find(source: Source, format_of: FormatOf) -> Source | None:
    """The one model in a folder or zip; None where there is none.

    Args:
        source: A folder or a zip that no reader claims.
        format_of: What tells the format of a source.

    Raises:
        UnknownFormat: It holds several models; the message lists them.
    """
    found = list(models_in(source, format_of))
    whole = [model for model in found if not model.is_weights] or found
    if len(whole) > 1:
        lines = [f"  {source.path}/{model.name}  ({model.format})" for model in whole[:_SHOWN]]
        if len(whole) > _SHOWN:
            lines.append(f"  … and {len(whole) - _SHOWN} more")
        what = "folder" if source.kind == "folder" else "zip"
        raise UnknownFormat(
            f"the {what} holds {len(whole)} models; give the path of the one that is meant:\n" + "\n".join(lines),
            path=source.path,
        )
    return whole[0].source if whole else None


def models_in(source: Source, format_of: FormatOf) -> Iterator[Found]:
    """Every model in a folder or zip, the nearest first, and what zips in it hold.

    A folder that is a model as a whole is not looked into, nor are those where a model keeps its own files.
    """
    names = sorted(name for name in source.names if not name.endswith("/"))
    yield from _Search(format_of).below(source, names)


class _Search:
    def __init__(self, format_of: FormatOf) -> None:
        self._format_of = format_of
        self._opened = 0

    def below(self, source: Source, names: list[str], outer: str = "") -> Iterator[Found]:
        """Models among the members of a folder or zip."""
        whole: set[str] = set()
        folders = {parent for name in names for parent in _folders(name)}
        for folder in sorted(folders, key=lambda name: (name.count("/"), name)):
            if any(folder.startswith(f"{model}/") for model in whole) or not self._may_open():
                continue
            found = self._ask(source, folder, outer)
            if found is not None:
                whole.add(folder)
                yield found
        for name in sorted(names, key=lambda name: (name.count("/"), name)):
            inside = any(name.startswith(f"{model}/") for model in whole)
            if inside or not _is_telling(name) or not self._may_open():
                continue
            found = self._ask(source, name, outer)
            if found is not None:
                yield found
            else:
                yield from self._in_zip(source, name, outer)

    def _ask(self, source: Source, name: str, outer: str) -> Found | None:
        try:
            part = source.at(name)
            format = self._format_of(part)
        except ReadError:  # damaged, a link that leads out, …: no model that could be opened
            return None
        return None if format is None else Found(f"{outer}{name}", format, part)

    def _in_zip(self, source: Source, name: str, outer: str) -> Iterator[Found]:
        try:
            part = source.at(name)
            names = sorted(part.names) if part.kind == "zip" else []
        except ReadError:
            return
        yield from self.below(part, [inner for inner in names if not inner.endswith("/")], f"{outer}{name}/")

    def _may_open(self) -> bool:
        self._opened += 1
        return self._opened <= limit("candidates")


def _folders(name: str) -> Iterator[str]:
    """Folders on the way to a member that may hold a model."""
    parts = PurePosixPath(name).parts[:-1]
    for length in range(1, min(len(parts), limit("depth")) + 1):
        if parts[length - 1] in _NEVER or parts[length - 1].startswith("."):
            return
        yield "/".join(parts[:length])


def _is_telling(name: str) -> bool:
    """Whether a file may be a model, by its place and the ending of its name."""
    path = PurePosixPath(name)
    hidden = any(part in _NEVER or part.startswith(".") for part in path.parts)
    telling = path.suffix.lower() in _ALWAYS_OPENED or ".tfevents" in path.name
    return telling and not hidden and len(path.parts) <= limit("depth")
