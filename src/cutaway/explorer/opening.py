"""From a path to a session, and from an address to a browser."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cutaway.errors import ReadError
from cutaway.explorer.findings import settings_of
from cutaway.explorer.session import Origin, Session
from cutaway.graph.model import Graph
from cutaway.overlays.overlay import Overlay
from cutaway.readers import read
from cutaway.readers.checkpoint_files import at_path

if TYPE_CHECKING:
    from cutaway.running.outputs import Activations


def file_session(
    path: str,
    *,
    inputs: Sequence[str] = (),
    watch: bool = False,
    compare: str | None = None,
    on_failure: Callable[[str], None] | None = None,
    lay: Callable[[Graph], Overlay] | None = None,
    command: str = "",
    **options: Any,
) -> Session:
    """A session of the model at a path, which is not read yet.

    Args:
        path: A file or folder.
        inputs: What the model is run on, to look inside: each the path of a file, or the word random; at most two.
        watch: Whether it is read again when it changes.
        compare: Path of a model that it is compared with; None for none.
        on_failure: As for `Session`.
        lay: Lays a table of the caller's over the model; None where there is none.
        command: What the user typed, for pages whose server has ended.
        **options: As for `cutaway.read`.

    Raises:
        ReadError: There is nothing at that path.
    """
    for each in (path,) if compare is None else (path, compare):
        if not each or "\0" in each:
            raise ReadError(f"expected the path of a model; received {each!r}")
        at_path(each)
    place = Path(path)
    origin = Origin(
        read=lambda: read(path, **options),
        name=place.name or str(place),
        path=place,
        bytes=place.stat().st_size if place.is_file() else 0,
        watch=watch,
        read_old=None if compare is None else lambda: read(compare, **options),
        old_path=None if compare is None else Path(compare),
        settings=settings_of(path),
        run=partial(_runs, path, inputs, options.get("signature")) if inputs else None,
        lay=lay,
        command=command,
    )
    return Session(origin, on_failure)


def _runs(path: str, inputs: Sequence[str], signature: str | None) -> list[Activations]:
    from cutaway.running.run import activations

    return [activations(path, given, signature=signature, seed=number) for number, given in enumerate(inputs)]


def open_browser(url: str) -> bool:
    """Open an address in the user's browser; say whether there is one."""
    shown_somewhere = sys.platform in ("win32", "darwin") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    )
    if not shown_somewhere:  # a browser that draws in the terminal shows no drawing
        return False
    import webbrowser  # which a server that is asked for no browser does without

    try:
        return webbrowser.open(url)
    except (webbrowser.Error, OSError):
        return False
