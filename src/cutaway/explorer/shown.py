"""`show`: the explorer from Python: a frame in a notebook, or a page in the browser."""

from __future__ import annotations

import base64
import html
import secrets
import sys
import threading
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cutaway.drawing.arrange import Arranged
from cutaway.drawing.changes import change_marks
from cutaway.errors import OptionError
from cutaway.explorer.export import export
from cutaway.explorer.findings import settings_of
from cutaway.explorer.page import to_compared_html, to_html
from cutaway.explorer.session import Origin, Session
from cutaway.graph.model import Graph
from cutaway.overlays.overlay import Overlay, Rollup, overlay_on
from cutaway.overlays.table import read_table
from cutaway.readers import read
from cutaway.style.measure import clean
from cutaway.style.theme import THEMES

if TYPE_CHECKING:
    from cutaway.explorer.server import Listening
    from cutaway.explorer.widget import ExplorerWidget
    from cutaway.running.outputs import Activations

LARGEST = 8_000_000
"""Bytes of a page that is kept in a notebook; of a larger model the notebook keeps a picture."""

_SANDBOX = "allow-scripts allow-downloads"
"""A page in a frame may run its own script and save files; it cannot reach the notebook around it."""


class Shown:
    """A model in the explorer. It shows itself in notebooks.

    Args:
        session: The model, which has been read.
        arranged: What is drawn of it.
        height: Height of the drawing in px.
        overlay: What colours it at first; None for its families.
    """

    def __init__(self, session: Session, arranged: Arranged, height: int, overlay: Overlay | None = None) -> None:
        self._overlay = overlay
        self._session = session
        self._arranged = arranged
        self._height = height
        self._listening: Listening | None = None

    @property
    def graph(self) -> Graph:
        """What is shown, with all groups."""
        return self._arranged.graph

    @property
    def widget(self) -> ExplorerWidget:
        """A widget of Jupyter with the explorer in it, made anew each time.

        Raises:
            ImportError: anywidget is not installed.
        """
        from cutaway.explorer.widget import ExplorerWidget

        return ExplorerWidget(self._session, height=self._height, picture=self._picture())

    @property
    def url(self) -> str:
        """Address of the page; a server begins to answer on this machine when it is first asked for."""
        if self._listening is None:
            from cutaway.explorer.server import Listening

            self._listening = Listening(self._session, "127.0.0.1", 0)
            threading.Thread(target=self._listening.serve, name="cutaway-server", daemon=True).start()
        return self._listening.url

    def open(self) -> bool:
        """Open the page in the user's browser; say whether there is one."""
        from cutaway.explorer.opening import open_browser

        return open_browser(self.url)

    def close(self) -> None:
        """End the server, if there is one."""
        if self._listening is not None:
            self._listening.end()
            self._listening = None

    def _repr_html_(self) -> str:
        return self._html("")

    def _ipython_display_(self) -> None:
        """Show the page in a frame, and wake it where widgets are there."""
        display: Any = import_module("IPython.display")
        frame = f"cutaway-{secrets.token_hex(6)}"  # one page may show several notebooks, each with several frames
        bundle = {"text/html": self._html(frame), "image/svg+xml": self._picture(), "text/plain": repr(self)}
        display.display(bundle, raw=True)
        if find_spec("anywidget") is not None:
            from cutaway.explorer.widget import ExplorerWidget

            display.display(ExplorerWidget(self._session, height=self._height, frame=frame))

    def _html(self, frame: str) -> str:
        """The page in a frame that covers a picture, which is left where frames are taken out."""
        picture = base64.b64encode(self._picture().encode()).decode()
        name = html.escape(clean(self.graph.name))
        image = (
            f'<img alt="{name}" src="data:image/svg+xml;base64,{picture}" '
            'style="position:absolute;inset:0;width:100%;height:100%;object-fit:contain;background:#fff">'
        )
        comparing, settings = self._session.comparing, self._session.origin.settings
        if comparing is None:
            page = to_html(self._arranged, settings=settings, overlay=self._overlay)
        else:
            page = to_compared_html(comparing, settings=settings)
        inside = ""
        if len(page) <= LARGEST:
            inside = (
                f'<iframe id="{frame}" title="{name}" sandbox="{_SANDBOX}" allowfullscreen '
                f'srcdoc="{html.escape(page.decode())}" '
                'style="position:absolute;inset:0;width:100%;height:100%;border:0;background:#fff"></iframe>'
            )
        return f'<div style="position:relative;width:100%;height:{self._height}px">{image}{inside}</div>'

    def _picture(self) -> str:
        comparing = self._session.comparing
        theme = THEMES["light"]
        marks = None
        if comparing is not None:
            marks = change_marks(self._arranged.graph, comparing.compared.merged.states, theme)
        return export(self._arranged, theme, "svg", None, marks).decode()

    def __repr__(self) -> str:
        return f"<cutaway.Shown of {clean(self.graph.name)!r}: {len(self.graph):,} layers>"


def show(
    model: Any,
    *,
    height: int = 600,
    overlay: Any = None,
    overlay_column: str | None = None,
    rollup: Rollup = "sum",
    input_shape: Any = None,
    inputs: Any = None,
    signature: str | None = None,
    raw: bool = False,
    compare: Any = None,
    x: Any = None,
    against: Any = None,
) -> Shown:
    """Explore a model: in a notebook right there, elsewhere in the browser.

    Args:
        model: A live Keras model, the path of a file that a reader knows, or a `Graph`.
        height: Height of the drawing in a notebook, in px.
        overlay: A table by layer name that colours the page at first: a mapping, records, a DataFrame, or the path of
            a CSV or JSON file, such as a profile. All of its columns can be chosen there.
        overlay_column: The column that is chosen; None for the first that holds numbers.
        rollup: What groups get that the table does not name: ``"sum"``, ``"mean"`` or ``"max"`` of their layers.
        input_shape: For a live model that is not built: shape of its input, batch dimension included.
        inputs: For a live model that is not built: its input specification, as nested as its ``call`` takes it.
        signature: Entry point that is shown, for files that hold several; None for the serving one.
        raw: Whether everything in the file is shown as it stands, plumbing included.
        compare: An older model, of whatever kind: what changed since is shown, in one drawing or side by side.
        x: What the model is run on once, to show what every layer makes of it, as for `cutaway.activations`;
            ``"random"`` for random numbers; None to run nothing.
        against: A second input, to show beside the first.

    Returns:
        What is shown. In a notebook it shows itself; `Shown.url` opens it in any browser of this machine.

    Raises:
        ReadError: The file is damaged, unsafe, or in no known format.
        UnbuiltModel: The model has no shapes yet, and none were given.
        OptionError: A choice is not possible, or an input does not fit.
        MissingExtra: What runs the model is not installed.
    """
    if isinstance(height, bool) or not isinstance(height, int) or not 100 <= height <= 10_000:
        raise OptionError(f"height must be a whole number of px from 100 to 10,000; received {height!r}")
    if isinstance(model, Graph):
        graph = model
    else:
        graph = read(model, input_shape=input_shape, inputs=inputs, signature=signature, raw=raw)
    path = Path(model) if isinstance(model, (str, PathLike)) else None
    lay = None
    if overlay is not None:
        table = read_table(overlay)
        lay = partial(overlay_on, source=table, column=overlay_column, rollup=rollup)
    old_path = Path(compare) if isinstance(compare, (str, PathLike)) else None
    origin = Origin(
        read=lambda: graph, name=graph.name, path=path, old_path=old_path, settings=settings_of(model), lay=lay
    )
    session = Session(origin)
    if x is not None or against is not None:
        session.look_inside(_runs(model, signature, [given for given in (x, against) if given is not None]))
    old = compare if compare is None or isinstance(compare, Graph) else read(compare)
    chart = session.take(graph, old)
    shown = Shown(session, chart.arranged, height, chart.overlay)
    if not _in_notebook():
        shown.open()
    return shown


def _runs(model: Any, signature: str | None, given: list[Any]) -> list[Activations]:
    from cutaway.running.run import activations  # what runs a model takes its time to import

    if isinstance(model, Graph):
        raise OptionError("x= runs the model; expected a live model or the path of a file, received a Graph")
    return [activations(model, one, signature=signature, seed=number) for number, one in enumerate(given)]


def _in_notebook() -> bool:
    """Whether this process is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and hasattr(shell, "kernel")
