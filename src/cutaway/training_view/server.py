"""The server of the training view: its routes. How it listens and whom it answers is that of the explorer.

What no first chart needs is imported by the answers that need it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Mount, Route

from cutaway.explorer.replies import Refused, as_json, container, json_body, whole_number, whole_numbers
from cutaway.explorer.server import FAILURES, Listening, failed, file_answer
from cutaway.explorer.static_files import FILES, skeleton
from cutaway.explorer.text import to_json
from cutaway.explorer.workers import Workers
from cutaway.training_view.at_step import at_step
from cutaway.training_view.distributions import distributions
from cutaway.training_view.download import FORMATS, download
from cutaway.training_view.logs import Logs
from cutaway.training_view.media import media_of, steps_of, texts_of
from cutaway.training_view.models import Models, quantity
from cutaway.training_view.overview import Tags, overview, summaries
from cutaway.training_view.series_reply import AXES, Drawn, Wanted, series_reply

MOST_RUNS = 20_000
MOST_TAGS = 200_000
"""Runs and tags that one request may name."""

MOST_PIXELS = 8_000
"""Pixels of a chart."""

MOST_DISTRIBUTIONS = 500
"""Distributions over time of one answer."""

MOST_BODY = 4 << 20
"""Bytes of a request; the numbers of all runs and tags that it may name."""

_BEAT = 15.0
"""Seconds after which a silent stream says that it is alive."""

_QUIET, _READING = 0.05, 5
"""Seconds between two words about news, and how often as long while files are read that were there before: each word
takes time from reading."""

T = TypeVar("T")


class Service:
    """The logs with all that answers about them, as a session of the explorer's server.

    Args:
        logs: The logs.

    Attributes:
        logs: As given.
        tags: Numbers of tags.
        drawn: Lines as they were drawn last.
        models: The structures that runs recorded.
        workers: Threads that make answers.
        curve_workers: One that makes those of charts, which are many short steps: several threads only take turns.
        file_workers: Threads that read pictures and sounds from files.
        slow_workers: One that makes those that take longer.
    """

    def __init__(self, logs: Logs) -> None:
        self.logs = logs
        self.tags = Tags()
        self.drawn = Drawn()
        self.models = Models(logs)
        self.workers = Workers(3, "cutaway answers")
        self.curve_workers = Workers(1, "cutaway curves")
        self.file_workers = Workers(2, "cutaway media")  # so that nothing waits for a store that is slow
        self.slow_workers = Workers(1, "cutaway checks")  # so that curves do not wait for checks

    def close(self) -> None:
        """End: whoever waits is woken."""
        self.logs.close()
        self.models.close()
        self.workers.end()
        self.curve_workers.end()
        self.file_workers.end()
        self.slow_workers.end()


def listening(logs: Logs, host: str, port: int) -> Listening:
    """A server for a folder of logs whose port is open.

    Raises:
        OSError: The port cannot be opened.
    """
    service = Service(logs)
    return Listening(service, host, port, lambda compress: application(service, compress=compress))


def application(service: Service, *, compress: bool = False) -> Starlette:
    """The routes of the training view, without the guard.

    Args:
        service: The logs.
        compress: Whether answers are compressed.
    """
    routes = [
        Route("/", Response(skeleton("training"), media_type="text/html")),
        *(Route(f"/{name}", file_answer(name)) for name in FILES),
        Route("/overview", _overview),
        Route("/summaries", _summaries, methods=["POST"]),
        Route("/series", _series, methods=["POST"]),
        Route("/news", _news),
        Route("/distributions", _distributions, methods=["POST"]),
        Route("/quantity", _quantity, methods=["POST"]),
        Route("/at-step", _at_step, methods=["POST"]),
        Route("/findings", _findings, methods=["POST"]),
        Route("/steps", _steps),
        Route("/texts", _texts),
        Route("/media", _media),
        Route("/download", _download),
        Mount("/model/{run:int}", app=service.models),
    ]
    app = Starlette(routes=routes, exception_handlers=dict.fromkeys(FAILURES, failed))
    app.state.service = service
    if compress:
        app.add_middleware(GZipMiddleware, minimum_size=1_400, compresslevel=3)
    return app


def service_of(request: Request) -> Service:
    """The logs that a request is about."""
    found: Service = request.app.state.service
    return found


async def work(request: Request, make: Callable[[], T]) -> T:
    """Make an answer in another thread, so that others are answered meanwhile."""
    return await service_of(request).workers.run(make)


async def _overview(request: Request) -> Response:
    service = service_of(request)
    since = whole_number(request, "since", 1 << 40, 0)
    return as_json(await work(request, lambda: to_json(overview(service.logs, service.tags, since)).encode()))


async def _summaries(request: Request) -> Response:
    service = service_of(request)
    said = await said_in(request)
    runs, tags = runs_in(said, service), tags_in(said, service)
    if len(runs) * len(tags) > MOST_TAGS:
        raise Refused(413, f"at most {MOST_TAGS:,} values at once; received {len(runs) * len(tags):,}", "TooLarge")
    return as_json(await work(request, lambda: to_json(summaries(service.logs, service.tags, runs, tags)).encode()))


async def _series(request: Request) -> Response:
    service = service_of(request)
    wanted = _wanted(await said_in(request), service)
    service.logs.want(wanted.runs)
    make = partial(series_reply, service.logs, service.tags, service.drawn, wanted)
    return container(await service.curve_workers.run(make))


def _wanted(said: dict[str, Any], service: Service) -> Wanted:
    axis, pixels, smoothing, view = (said.get(name) for name in ("axis", "pixels", "smoothing", "view"))
    if axis not in AXES:
        raise Refused(400, f"axis must be one of {', '.join(AXES)}")
    if type(pixels) is not int or not 1 <= pixels <= MOST_PIXELS:
        raise Refused(400, f"pixels must be a whole number from 1 to {MOST_PIXELS}")
    if type(smoothing) not in (int, float) or not 0 <= float(smoothing or 0) < 1:
        raise Refused(400, "smoothing must be a number from 0 to below 1")
    if view is not None and not (
        isinstance(view, list) and len(view) == 2 and all(type(x) in (int, float) for x in view) and view[0] < view[1]
    ):
        raise Refused(400, "view must be null, or the least and the greatest x")
    bounds = None if view is None else (float(view[0]), float(view[1]))
    return Wanted(
        runs_in(said, service),
        tags_in(said, service),
        axis,
        bounds,
        pixels,
        said.get("log") is True,
        float(smoothing or 0),
    )


async def said_in(request: Request) -> dict[str, Any]:
    """The object in the body of a request."""
    said = await json_body(request, MOST_BODY)
    if not isinstance(said, dict):
        raise Refused(400, "expected an object of JSON")
    return said


def runs_in(said: dict[str, Any], service: Service) -> list[int]:
    """The runs that a request names."""
    return _numbers(said, "runs", len(service.logs.shown), MOST_RUNS)


def tags_in(said: dict[str, Any], service: Service) -> list[int]:
    """The tags that a request names."""
    return _numbers(said, "tags", len(service.tags.listed), MOST_TAGS)


def _numbers(said: dict[str, Any], name: str, most: int, count: int) -> list[int]:
    found = said.get(name)
    if not isinstance(found, list) or len(found) > count or not all(type(at) is int and 0 <= at < most for at in found):
        raise Refused(400, f"{name} must be a list of at most {count:,} whole numbers from 0 to {most - 1}")
    return list(dict.fromkeys(found))


async def _distributions(request: Request) -> Response:
    service = service_of(request)
    said = await said_in(request)
    runs, tags = runs_in(said, service), tags_in(said, service)
    steps, ridges = (said.get(name) for name in ("steps", "ridges"))
    if type(steps) is not int or type(ridges) is not int or not (2 <= steps <= MOST_PIXELS and 0 <= ridges <= 200):
        raise Refused(400, f"steps must be a whole number from 2 to {MOST_PIXELS}, ridges one up to 200")
    if len(runs) * len(tags) > MOST_DISTRIBUTIONS:
        raise Refused(413, f"at most {MOST_DISTRIBUTIONS} distributions at once", "TooLarge")
    logs, numbers = service.logs, service.tags
    return container(await work(request, lambda: distributions(logs, numbers, runs, tags, steps, ridges)))


async def _quantity(request: Request) -> Response:
    service = service_of(request)
    said = await said_in(request)
    runs, prefix = runs_in(said, service), said.get("prefix")
    if len(runs) != 1 or not isinstance(prefix, str) or not prefix:
        raise Refused(400, "expected one run, and the prefix of tags")
    return container(await work(request, lambda: quantity(service.logs, runs[0], prefix)))


async def _at_step(request: Request) -> Response:
    service = service_of(request)
    said = await said_in(request)
    runs, tags, step = runs_in(said, service), tags_in(said, service), said.get("step")
    if len(runs) != 1 or not (step is None or (type(step) is int and abs(step) < 1 << 63)):
        raise Refused(400, "expected one run, and a step or null")
    if len(tags) > MOST_DISTRIBUTIONS:
        raise Refused(413, f"at most {MOST_DISTRIBUTIONS} tags at once", "TooLarge")
    found = await work(request, lambda: to_json(at_step(service.logs, service.tags, runs[0], tags, step)).encode())
    return as_json(found)


async def _findings(request: Request) -> Response:
    from cutaway.training_view.findings import findings  # the checks, which take longer to import than all charts

    service = service_of(request)
    runs = runs_in(await said_in(request), service)
    return as_json(await service.slow_workers.run(lambda: to_json(findings(service.logs, runs)).encode()))


def _one(request: Request) -> tuple[Service, int, str]:
    """The run and the tag that a request names."""
    service = service_of(request)
    run = whole_number(request, "run", len(service.logs.shown))
    return service, run, service.tags.listed[whole_number(request, "tag", len(service.tags.listed))][0]


async def _steps(request: Request) -> Response:
    service, run, tag = _one(request)
    return as_json(await work(request, lambda: to_json(steps_of(service.logs.shown[run], tag)).encode()))


async def _texts(request: Request) -> Response:
    service, run, tag = _one(request)
    return as_json(await work(request, lambda: to_json(texts_of(service.logs.shown[run], tag)).encode()))


async def _media(request: Request) -> Response:
    service, run, tag = _one(request)
    at = whole_number(request, "at", 1 << 31)
    found = await service.file_workers.run(lambda: media_of(service.logs, run, tag, at))
    if found is None:
        raise Refused(404, "there is nothing of that step", "NotFound")
    return container(found)


async def _download(request: Request) -> Response:
    service = service_of(request)
    form = request.query_params.get("format", "")
    if form not in FORMATS:
        raise Refused(400, f"format must be one of {', '.join(FORMATS)}")
    chosen = [
        whole_numbers(request, name, most, count) or list(range(most))
        for name, most, count in (
            ("runs", len(service.logs.shown), MOST_RUNS), ("tags", len(service.tags.listed), MOST_TAGS)
        )
    ]  # fmt: skip
    pieces = download(service.logs, service.tags, chosen[0], chosen[1], form)

    async def send() -> AsyncIterator[bytes]:
        while (piece := await work(request, lambda: next(pieces, None))) is not None:
            yield piece

    headers = {"content-disposition": f'attachment; filename="cutaway.{form}"'}
    return StreamingResponse(send(), media_type=FORMATS[form], headers=headers)


async def _news(request: Request) -> Response:
    logs = service_of(request).logs

    async def stream() -> AsyncIterator[str]:
        version = whole_number(request, "since", 1 << 40, 0)
        while not logs.closed:
            if logs.version > version:
                version = logs.version
                yield f"event: news\ndata: {version}\n\n"
                for _ in range(_READING):
                    await asyncio.sleep(_QUIET)
                    if logs.complete:
                        break
                continue
            try:
                await asyncio.wait_for(logs.after(version), _BEAT)
            except TimeoutError:
                yield ": still here\n\n"

    return StreamingResponse(stream(), media_type="text/event-stream", headers={"x-accel-buffering": "no"})
