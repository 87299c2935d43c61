"""The server of the explorer: routes, and how it begins and ends.

Its port is open before anything is read or imported that takes time, so that a browser can already knock. What no first
picture needs is imported by the answers that need it.
"""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import logging
import secrets
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from cutaway.errors import CutawayError, OptionError, check_choice
from cutaway.explorer.chart import Chart
from cutaway.explorer.guard import Guard
from cutaway.explorer.replies import (
    Refused,
    as_json,
    container,
    json_body,
    problem,
    signed_numbers,
    whole_number,
    whole_numbers,
)
from cutaway.explorer.session import BUSY, NotReady, Session, shown_lines
from cutaway.explorer.static_files import FILES, skeleton, static
from cutaway.explorer.text import to_json
from cutaway.style.theme import theme_named

if TYPE_CHECKING:
    from cutaway.explorer.export import View
    from cutaway.explorer.inside import Inside
    from cutaway.explorer.weights import Values

MOST_BINS = 512
"""Bins of a histogram."""

MOST_BODY = 16 << 20
"""Bytes of a request; the numbers of a million nodes have half of that."""

MOST_GROUPS = 1_000
"""Groups that one request may ask for."""

_TICK = 0.25
"""Seconds between two words about the progress."""

_SWITCH = 0.001
"""Seconds for which a thread that reads a model may keep one waiting that answers; five times as often as usual."""

_BEAT = 15.0
"""Seconds after which a silent stream says that it is alive, so that one whose client has gone is noticed."""

FAILURES = (Refused, NotReady, HTTPException, CutawayError, ClientDisconnect, Exception)
"""What `failed` makes an answer of."""

_LOG = logging.getLogger("cutaway.explorer")
T = TypeVar("T")


def application(session: Session, *, compress: bool = False) -> Starlette:
    """The routes of the explorer, without the guard.

    Args:
        session: The model.
        compress: Whether answers are compressed, which pays where they leave this machine.
    """
    routes = [
        Route("/", Response(skeleton("explorer"), media_type="text/html")),
        *(Route(f"/{name}", file_answer(name)) for name in FILES),
        Route("/chart", _chart),
        Route("/parts", _parts),
        Route("/columns", _columns),
        Route("/attributes", _attributes),
        Route("/findings", _findings),
        Route("/figure", _figure),
        Route("/node", _node),
        Route("/group", _group),
        Route("/weight/stats", _weight_stats),
        Route("/weight/histogram", _weight_histogram),
        Route("/weight/slice", _weight_slice),
        Route("/weight/npy", _weight_npy),
        Route("/inside/node", _inside_node),
        Route("/inside/stats", _inside_stats),
        Route("/inside/histogram", _inside_histogram),
        Route("/inside/slice", _inside_slice),
        Route("/inside/maps", _inside_maps),
        Route("/inside/npy", _inside_npy),
        Route("/focus", _focus, methods=["POST"]),
        Route("/export", _export, methods=["GET", "POST"]),
        Route("/comparison", _comparison),
        Route("/comparison/weights", _comparison_weights),
        Route("/events", _events),
    ]
    app = Starlette(routes=routes, exception_handlers=dict.fromkeys(FAILURES, failed))
    app.state.session = session
    if compress:
        app.add_middleware(GZipMiddleware, minimum_size=1_400, compresslevel=3)
    return app


class Closable(Protocol):
    """What a server shows; it is closed with the server."""

    def close(self) -> None:
        """Wake whoever waits for news; a second time changes nothing."""


class Listening:
    """A server whose port is open, and which does not answer yet.

    Args:
        session: The model, or what else is shown.
        host: Name or address to listen on.
        port: Port to listen on; 0 for any that is free.
        make: Makes the routes, told whether answers are to be compressed; those of the explorer if None.

    Raises:
        OSError: The port cannot be opened.
    """

    def __init__(self, session: Closable, host: str, port: int, make: Callable[[bool], ASGIApp] | None = None) -> None:
        self.session = session
        self.host = host
        self.socket = socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=128
        )
        self.port: int = self.socket.getsockname()[1]
        self._server: _Server | None = None
        self.token = secrets.token_urlsafe(24)
        wide = host in ("0.0.0.0", "::")
        names = {"127.0.0.1", "localhost", "[::1]", f"[{host}]" if ":" in host else host.lower()}
        names |= {socket.gethostname().lower(), socket.getfqdn().lower()} if wide else set()
        here = frozenset(f"{name}:{self.port}" for name in names) | (
            frozenset(names) if self.port == 80 else frozenset()
        )
        if make is None:
            assert isinstance(session, Session)
            app: ASGIApp = application(session, compress=not is_loopback(host))
        else:
            app = make(not is_loopback(host))
        self.guard = Guard(app, token=self.token, hosts=here, any_address=wide, port=self.port)

    @property
    def address(self) -> str:
        """The address of the page without its token."""
        name = "127.0.0.1" if self.host == "0.0.0.0" else "::1" if self.host == "::" else self.host
        return f"http://[{name}]:{self.port}/" if ":" in name else f"http://{name}:{self.port}/"

    @property
    def url(self) -> str:
        """The address that opens the page."""
        return f"{self.address}?token={self.token}"

    def once(self) -> str:
        """An address that opens the page one time."""
        return f"{self.address}?once={self.guard.once()}"

    def end(self) -> None:
        """Ask a server that answers to end; from any thread."""
        self.session.close()
        if self._server is not None:
            self._server.should_exit = True

    def serve(self) -> None:
        """Answer until the process is asked to end.

        Raises:
            KeyboardInterrupt: It was ended with Ctrl-C.
        """
        config = uvicorn.Config(
            self.guard, http="h11", ws="none", loop="asyncio", lifespan="off", log_config=None, access_log=False,
            server_header=False, date_header=False, proxy_headers=False, timeout_keep_alive=30, backlog=128,
            limit_concurrency=400, timeout_graceful_shutdown=2,
        )  # fmt: skip
        self._server = _Server(config, self.session)
        interval = sys.getswitchinterval()
        sys.setswitchinterval(_SWITCH)
        try:
            self._server.run(sockets=[self.socket])
        finally:
            sys.setswitchinterval(interval)
            self.session.close()
            self.socket.close()


class _Server(uvicorn.Server):
    """Ends the streams of events when it is asked to end, which would wait for their clients otherwise."""

    def __init__(self, config: uvicorn.Config, session: Closable) -> None:
        super().__init__(config)
        self._session = session

    def handle_exit(self, sig: int, frame: Any) -> None:
        super().handle_exit(sig, frame)
        # not here: the signal may have come while this thread holds the lock of the session
        asyncio.get_event_loop().call_soon_threadsafe(self._session.close)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens there."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name, which may mean any address
        return False


def file_answer(name: str) -> Callable[[Request], Awaitable[Response]]:
    """The answer to requests for a file, read once: it is sent while a model is being read."""
    body = static(name)
    tag = "" if body is None else f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"etag": tag, "cache-control": "no-cache"}  # it is asked for each time, and sent where it has changed

    async def answer(request: Request) -> Response:
        if body is None:
            return problem(404, f"{name} is not part of this installation", "NotFound")
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(body, media_type=FILES[name], headers=headers)

    return answer


async def _chart(request: Request) -> Response:
    chart = await _chart_of(request)
    return as_json(await _work(request, chart.head))


async def _parts(request: Request) -> Response:
    chart = await _chart_of(request)
    groups = whole_numbers(request, "groups", len(chart.arranged.graph.groups), MOST_GROUPS)
    return as_json(await _work(request, lambda: chart.parts(groups)))


async def _columns(request: Request) -> Response:
    chart = await _chart_of(request)
    return container(await _slow_work(request, chart.columns))


async def _attributes(request: Request) -> Response:
    chart = await _chart_of(request)
    return container(await _slow_work(request, chart.attributes))


async def _findings(request: Request) -> Response:
    chart = await _chart_of(request)
    return as_json(await _slow_work(request, chart.findings))


async def _figure(request: Request) -> Response:
    from cutaway.explorer.figures import FIGURES, MOST_COUNTED, NARROWEST, USUAL, WIDEST

    chart = await _chart_of(request)
    name = request.query_params.get("name", "")
    check_choice("name", name, FIGURES)
    if not chart.figures.drawable:
        raise OptionError(f"charts are drawn of models of up to {MOST_COUNTED:,} nodes; show a part of this one alone")
    group = whole_number(request, "group", len(chart.arranged.graph.groups), 0)
    wide = max(NARROWEST, whole_number(request, "width", WIDEST + 1, USUAL))
    return as_json(await _slow_work(request, lambda: to_json(chart.figures.figure(name, group, wide)).encode()))


async def _comparison(request: Request) -> Response:
    chart = await _chart_of(request)
    if chart.compare is None:
        raise Refused(404, "this chart compares nothing: start with cutaway view NEW --compare OLD", "NotFound")
    session: Session = request.app.state.session
    return container(await _slow_work(request, session.comparison))


async def _comparison_weights(request: Request) -> Response:
    chart = await _chart_of(request)
    session: Session = request.app.state.session
    comparing, items = session.comparing, signed_numbers(request, "item")
    pair = None
    if comparing is not None and chart.compare is not None and chart.compare["side"] == "both" and len(items) == 1:
        pair = comparing.pair_of(items[0])
    if pair is None:
        raise Refused(404, "expected item=, a node or ~index of a group that both models have", "NotFound")
    return as_json(await _slow_work(request, lambda: to_json(session.weight_pairs().of(pair)).encode()))


async def _node(request: Request) -> Response:
    chart = await _chart_of(request)
    index = whole_number(request, "index", len(chart.arranged.graph))

    def make() -> bytes:
        from cutaway.explorer.details import node_details

        return to_json(node_details(chart.arranged.graph, index, chart.facts())).encode()

    return as_json(await _work(request, make))


async def _group(request: Request) -> Response:
    chart = await _chart_of(request)
    index = whole_number(request, "index", len(chart.arranged.graph.groups))

    def make() -> bytes:
        from cutaway.explorer.details import group_details

        return to_json(group_details(chart.arranged, index, chart.facts(), chart.counted)).encode()

    return as_json(await _work(request, make))


async def _values_of(request: Request) -> tuple[Values, int]:
    """The values of the model, and the number of the weight that a request names."""
    chart = await _chart_of(request)
    code = whole_number(request, "code", len(chart.arranged.graph.weights))
    session: Session = request.app.state.session
    return await _work(request, session.values), code


async def _inside_of(request: Request) -> tuple[Inside, int]:
    """What layers made, and the code of the output that a request names."""
    session: Session = request.app.state.session
    await session.chart()
    inside = session.inside()
    return inside, whole_number(request, "code", inside.count)


async def _weight_stats(request: Request) -> Response:
    return await _stats(request, *await _values_of(request))


async def _inside_stats(request: Request) -> Response:
    return await _stats(request, *await _inside_of(request))


async def _stats(request: Request, values: Values, code: int) -> Response:
    return as_json(await _slow_work(request, lambda: to_json(values.stats(code)).encode()))


async def _weight_histogram(request: Request) -> Response:
    return await _histogram(request, *await _values_of(request))


async def _inside_histogram(request: Request) -> Response:
    return await _histogram(request, *await _inside_of(request))


async def _histogram(request: Request, values: Values, code: int) -> Response:
    bins = max(1, whole_number(request, "bins", MOST_BINS + 1, 64))
    return as_json(await _slow_work(request, lambda: to_json(values.histogram(code, bins)).encode()))


async def _weight_slice(request: Request) -> Response:
    return await _slice(request, *await _values_of(request))


async def _inside_slice(request: Request) -> Response:
    return await _slice(request, *await _inside_of(request))


async def _slice(request: Request, values: Values, code: int) -> Response:
    rows, columns, at = (signed_numbers(request, name) for name in ("rows", "columns", "at"))
    if len(rows) != 1 or len(columns) != 1:
        raise Refused(400, "rows and columns must be dimensions of the weight, -1 for none")
    return container(await _slow_work(request, lambda: values.slice(code, rows[0], columns[0], at)))


async def _inside_node(request: Request) -> Response:
    chart = await _chart_of(request)
    index = whole_number(request, "index", len(chart.arranged.graph))
    session: Session = request.app.state.session
    inside = session.inside()
    return as_json(await _work(request, lambda: to_json(inside.node(chart.arranged.graph, index)).encode()))


async def _inside_maps(request: Request) -> Response:
    inside, code = await _inside_of(request)
    axes, at = whole_numbers(request, "axes", 64, 3), signed_numbers(request, "at")
    if len(axes) != 3:
        raise Refused(400, "axes must be three different dimensions: of the maps, their rows and their columns")
    first = whole_number(request, "first", 1 << 30, 0)
    most = max(1, whole_number(request, "count", 1_000, 64))
    return container(await _slow_work(request, lambda: inside.maps(code, (axes[0], axes[1], axes[2]), at, first, most)))


async def _weight_npy(request: Request) -> Response:
    values, code = await _values_of(request)
    chart = await _chart_of(request)
    return await _npy(request, values, code, chart.arranged.graph.weights[code].id)


async def _inside_npy(request: Request) -> Response:
    inside, code = await _inside_of(request)
    return await _npy(request, inside, code, inside.name_of(code))


async def _npy(request: Request, values: Values, code: int, title: str) -> Response:
    length, pieces = await _slow_work(request, lambda: values.npy(code))
    name = "".join(char if char.isascii() and char.isalnum() else "_" for char in title)
    headers = {"content-length": str(length), "content-disposition": f'attachment; filename="{name[:100]}.npy"'}
    return StreamingResponse(pieces, media_type="application/octet-stream", headers=headers)


async def _focus(request: Request) -> Response:
    chart = await _chart_of(request)
    graph = chart.arranged.graph
    nodes, groups = await _wanted(request, len(graph), len(graph.groups))
    session: Session = request.app.state.session

    def make() -> bytes:
        from cutaway.graph.select import keep, members

        kept = {*nodes, *members(graph, groups)}
        if not kept:
            raise Refused(400, "there is nothing to focus on: name nodes, or a group that holds some")
        if len(kept) == len(graph):
            return chart.head()
        return session.add(keep(graph, kept)).head()

    return as_json(await _slow_work(request, make))


async def _wanted(request: Request, most_nodes: int, most_groups: int) -> tuple[list[int], list[int]]:
    """Nodes and groups in the body of a request, ``{"nodes": [...]}`` or ``{"group": ...}``."""
    said = await json_body(request, MOST_BODY)
    nodes = said.get("nodes", []) if isinstance(said, dict) else None
    groups = [said["group"]] if isinstance(said, dict) and "group" in said else []
    for numbers, most in ((nodes, most_nodes), (groups, most_groups)):
        if not isinstance(numbers, list) or not all(type(at) is int and 0 <= at < most for at in numbers):
            raise Refused(400, 'expected {"nodes": [...]} or {"group": ...} with numbers of the chart')
    return nodes or [], groups


async def _export(request: Request) -> Response:
    from cutaway.explorer.export import FORMATS, export
    from cutaway.explorer.marks import marks_of, with_changes

    chart = await _chart_of(request)
    form = request.query_params.get("format", "")
    theme = theme_named(request.query_params.get("theme", "light"))
    view = _view(request, len(chart.arranged.graph.groups))
    said = await json_body(request, MOST_BODY) if request.method == "POST" else None
    session: Session = request.app.state.session

    def make() -> bytes:
        marks = None if said is None else marks_of(said, chart.arranged.graph, theme)
        states = session.states(chart)
        if states is not None:
            marks = with_changes(marks, chart.arranged.graph, states, theme)
        return chart.locked(lambda: export(chart.arranged, theme, form, view, marks))

    body = await _slow_work(request, make)
    name = "".join(char if char.isascii() and char.isalnum() else "_" for char in chart.arranged.graph.name)[:80]
    headers = {"content-disposition": f'attachment; filename="{name or "model"}.{form}"'}
    return Response(body, media_type=FORMATS[form], headers=headers)


def _view(request: Request, groups: int) -> View | None:
    """The rectangle that a request names."""
    if "view" not in request.query_params:
        return None
    try:
        x, y, width, height = map(float, request.query_params["view"].split(","))
    except ValueError:
        raise Refused(400, "view must be x,y,width,height in px of the group's inside") from None
    from cutaway.explorer.export import View

    size = whole_number(request, "width", 8_001, 1_600)
    return View(whole_number(request, "group", groups, 0), x, y, width, height, float(size))


async def _events(request: Request) -> Response:
    session: Session = request.app.state.session

    async def stream() -> AsyncIterator[str]:
        chart = -1
        while not session.closed:
            version, found = session.progress()
            event = "changed" if found["state"] == "ready" and -1 < chart < found["chart"] else "progress"
            chart = found["chart"]
            yield f"event: {event}\ndata: {to_json(found)}\n\n"
            busy = found["state"] in BUSY
            while not session.closed:
                try:
                    await asyncio.wait_for(session.after(version), _TICK if busy else _BEAT)
                    break
                except TimeoutError:
                    if busy:
                        break
                    yield ": still here\n\n"

    return StreamingResponse(stream(), media_type="text/event-stream", headers={"x-accel-buffering": "no"})


async def _chart_of(request: Request) -> Chart:
    """The chart that a request names, once it is there."""
    session: Session = request.app.state.session
    index = whole_number(request, "chart", 1 << 30) if "chart" in request.query_params else None
    try:
        return await session.chart(index)
    except KeyError:
        raise Refused(410, f"chart {index} is gone; ask for the chart of the whole model", "Gone") from None


async def _work(request: Request, make: Callable[[], T]) -> T:
    """Make an answer in another thread, so that others are answered meanwhile."""
    session: Session = request.app.state.session
    return await session.workers.run(make)


async def _slow_work(request: Request, make: Callable[[], T]) -> T:
    """Make an answer that may take its time."""
    session: Session = request.app.state.session
    return await session.slow_workers.run(make)


async def failed(request: Request, error: Exception) -> Response:
    """What went wrong, in words where it is not our fault."""
    if isinstance(error, Refused):
        return problem(error.status, str(error), error.kind)
    if isinstance(error, NotReady):
        return problem(503 if error.kind == "Closed" else 422, str(error), error.kind)
    if isinstance(error, HTTPException):
        return problem(error.status_code, str(error.detail), "HTTP")
    if isinstance(error, CutawayError):
        return problem(400 if isinstance(error, OptionError) else 422, shown_lines(str(error)), type(error).__name__)
    if isinstance(error, ClientDisconnect):
        return Response(status_code=499)
    _LOG.error("a defect of cutaway while %s was answered", request.url.path, exc_info=error)
    return problem(500, "this could not be answered, because of a defect of cutaway", "Defect")
