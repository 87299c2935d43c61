"""The widget of notebooks: what its page asks is answered by the kernel, through messages and not a port."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anywidget
import traitlets

from cutaway.errors import MissingExtra
from cutaway.explorer.inquiry import inquire
from cutaway.explorer.page import to_frame
from cutaway.explorer.server import application
from cutaway.explorer.session import Session
from cutaway.explorer.static_files import static

_STREAMS = frozenset({"events"})
"""Routes that never end; a widget does not listen to them."""


class ExplorerWidget(anywidget.AnyWidget):
    """The explorer of one model as a widget of Jupyter.

    Args:
        session: The model, read or being read.
        height: Height of the drawing in px.
        picture: SVG that stands there until a kernel answers.
        frame: Id of a frame on the page that shows the model already, and is woken by the widget; empty where the
            widget brings a frame of its own.

    Raises:
        MissingExtra: This installation has no page.
    """

    frame = traitlets.Unicode("").tag(sync=True)
    height = traitlets.Int(600).tag(sync=True)
    picture = traitlets.Unicode("").tag(sync=True)

    def __init__(self, session: Session, *, height: int = 600, picture: str = "", frame: str = "") -> None:
        script = static("widget.js")
        if script is None:
            raise MissingExtra(
                "the page of the explorer is not part of this installation; install a release of cutaway"
            )
        self._esm = script.decode()
        super().__init__(height=height, picture=picture, frame=frame)
        self._application = application(session)
        self._workers = ThreadPoolExecutor(2, "cutaway-widget")
        self._sending = threading.Lock()
        self.on_msg(self._heard)

    def _heard(self, _widget: Any, said: Any, _buffers: Any) -> None:
        """Take a message of the page: answered elsewhere, so that the kernel goes on."""
        if isinstance(said, dict) and said.get("kind") in ("page", "ask"):
            self._workers.submit(self._answer, said)

    def _answer(self, said: dict[str, Any]) -> None:
        if said["kind"] == "page":
            self._say({"kind": "page"}, to_frame())
            return
        path, query, body = said.get("path"), said.get("query"), said.get("body")
        if not isinstance(path, str) or not isinstance(query, str) or path in _STREAMS:
            return
        answer = inquire(self._application, path, query, body if isinstance(body, str) else None)
        self._say({"kind": "answer", "id": said.get("id"), "status": answer.status}, bytes(answer.body))

    def _say(self, content: dict[str, Any], body: bytes) -> None:
        with self._sending:
            self.send(content, buffers=[body])
