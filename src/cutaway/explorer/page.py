"""`to_html`: the explorer with one model in it, as one file that asks nobody for anything.

The page and its data stand in the file itself: style and script as text, whose hashes are the only ones that the
page's own policy lets run, and the slices of the chart compressed, as blocks that no browser takes for a script.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from cutaway.drawing.arrange import Arranged
from cutaway.errors import MissingExtra
from cutaway.explorer.chart import Chart
from cutaway.explorer.columns import Facts
from cutaway.explorer.comparing import SIDES, Comparing
from cutaway.explorer.contract import Live
from cutaway.explorer.findings import MOST_EMBEDDED, Settings, look
from cutaway.explorer.static_files import static
from cutaway.explorer.text import shown
from cutaway.style.theme import Theme

if TYPE_CHECKING:
    from cutaway.overlays.overlay import Overlay

_ALONE: Live = {"weights": False, "focus": False, "export": False, "inside": 0}

_POLICY = (
    "default-src 'none'; script-src '{script}'; style-src '{style}'; worker-src blob:; img-src blob: data:; "
    "font-src data:; connect-src 'none'; base-uri 'none'; form-action 'none'"
)


def to_html(
    arranged: Arranged,
    theme: Theme | None = None,
    facts: Facts | None = None,
    settings: Settings | None = None,
    overlay: Overlay | None = None,
) -> bytes:
    """The explorer as one file.

    Args:
        arranged: The graph with its words and places.
        theme: Theme that was chosen; None leaves the choice to the browser.
        facts: Numbers by name and node, to colour by.
        settings: Gives how the model was compiled, for the checks; None where it is a part of a model, at which no
            check looks.
        overlay: Numbers of the caller, which colour it at first.

    Raises:
        MissingExtra: This installation has no page.
    """
    find = None
    if settings is not None and len(arranged.graph) <= MOST_EMBEDDED:
        find = partial(look, arranged.graph, settings)
    blocks = _blocks(Chart(arranged, _ALONE, theme, facts=facts, find=find, overlay=overlay), "")
    return _page(html.escape(shown(arranged.graph.name)), "", blocks)


def to_compared_html(comparing: Comparing, theme: Theme | None = None, settings: Settings = dict) -> bytes:
    """The explorer of two models as one file.

    Args:
        comparing: The models.
        theme: Theme that was chosen; None leaves the choice to the browser.
        settings: Gives how the new model was compiled, for the checks.

    Raises:
        MissingExtra: This installation has no page.
    """
    blocks = _block("comparison", comparing.container())
    for at, chart in enumerate(comparing.charts(_ALONE, settings, theme)):
        chart.index = at
        chart.compare = comparing.head(SIDES[at], 0)
        blocks += _blocks(chart, f"-{at}" if at else "")
    return _page(html.escape(" → ".join(comparing.head("both", 0)["names"])), "", blocks)


def _blocks(chart: Chart, end: str) -> bytes:
    """All slices of a chart; ``end`` tells them from those of another."""
    chart.open_all()
    data = {
        "chart": [chart.head()],
        "parts": [chart.rest()],
        "columns": chart.columns(),
        "attributes": chart.attributes(),
        "findings": [chart.findings()],
        "figures": [chart.figures.embedded()],
    }
    return b"".join(_block(identity + end, pieces) for identity, pieces in data.items())


def to_frame() -> bytes:
    """The explorer as a page for a frame, without data: it asks the page around it.

    Raises:
        MissingExtra: This installation has no page.
    """
    return _page("cutaway", '<meta name="cutaway-bridge" content="notebook">\n', b"")


def _page(title: str, meta: str, blocks: bytes) -> bytes:
    """A page with style, script and data in itself."""
    script, style = static("explorer.js"), static("explorer.css")
    if script is None or style is None:
        raise MissingExtra("the page of the explorer is not part of this installation; install a release of cutaway")
    for text, end in ((script, b"</script"), (style, b"</style")):
        if end in text.lower():
            raise AssertionError(f"{end.decode()} would end the block it stands in")
    policy = _POLICY.format(script=_hash(script), style=_hash(style))
    head = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f'<meta name="generator" content="cutaway">\n{meta}<link rel="icon" href="data:,">\n'
        f"<title>{title}</title>\n<style>"
    )
    return b"".join(
        (
            head.encode("utf-8", "replace"),
            style,
            b'</style>\n</head>\n<body>\n<div id="cutaway"></div>\n',
            b"<noscript>This page draws a model with a script, which this browser does not run.</noscript>\n",
            blocks,
            b"<script>",
            script,
            b"</script>\n</body>\n</html>\n",
        )
    )


def _hash(text: bytes) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text).digest()).decode()}"


def _block(identity: str, pieces: Iterable[bytes]) -> bytes:
    """A slice of data; equal data give equal bytes."""
    packed = gzip.compress(b"".join(pieces), compresslevel=6, mtime=0)
    packed = packed[:9] + b"\xff" + packed[10:]  # the operating system that packed it is of no interest
    return b'<script type="application/octet-stream" id="%s">%s</script>\n' % (
        identity.encode(),
        base64.b64encode(packed),
    )
