"""The explorer in headless Chromium with the software renderer: how soon, how smoothly, in how much memory.

    python benchmarks/explorer.py [--rounds N] [--only PART ...] [--work FOLDER] [--peers PYTHON | --no-peers]

For each model: from the start of the process `cutaway view` to the first frame that shows the model (the browser is
there already, with an empty page), frames a second while the wheel turns and while the drawing is dragged, at the top
and deep inside, the longest frame, how long a sharp picture takes, how long a click takes to be answered with all that
is known, the longest of a few searches, and the resident memory of the browser's renderer. Medians over rounds; the
longest frame is the longest of all. A blank page's renderer takes about 120 MB of the memory.

Beside it, in the same run and once each: Netron, Model Explorer and TensorBoard, from the start of their process to
their first picture. They are looked for in the environment of this interpreter, or of another that `--peers` names::

    python -m venv peers && peers/bin/pip install netron==9.3.3 ai-edge-model-explorer tensorboard tensorflow-cpu

Needs Playwright, the Chromium of the system, and Keras with TensorFlow for the SavedModel that it makes.
"""

from __future__ import annotations

import re
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.explorer_peers import PATIENCE, PEERS, Shown
from benchmarks.explorer_peers import measured as measured_peer
from benchmarks.pages import SIZE, Tab, renderer_memory, server
from benchmarks.processes import ROOT
from benchmarks.readers import EXPORT, made
from benchmarks.results import parts_parser, ratio_verdict, report, table, verdict

_DRAWN = "() => document.documentElement.dataset.cutaway === 'drawn'"
_PAINTED = "performance.getEntriesByName('cutaway:sharp').map(entry => entry.duration)"
_WATCH_CLICK = """(() => {
    const found = window.click_ = {from: 0, to: 0};
    document.addEventListener('pointerup', () => { found.from = performance.now(); }, {capture: true, once: true});
    const watch = new MutationObserver(() => {
        if (found.from && document.querySelector('.inspector h3')) {
            watch.disconnect();
            requestAnimationFrame(() => { found.to = performance.now(); });
        }
    });
    watch.observe(document.querySelector('#cutaway'), {childList: true, subtree: true});
})()"""
_SEARCH = """(async query => {
    const line = document.querySelector('.search-line');
    const status = document.querySelector('.search-status');
    const told = new Promise(resolve => {
        const watch = new MutationObserver(() => {
            if (status.textContent && !status.textContent.endsWith('…')) {
                watch.disconnect();
                requestAnimationFrame(() => resolve(performance.now()));
            }
        });
        watch.observe(status, {childList: true, characterData: true, subtree: true});
    });
    const begun = performance.now();
    line.value = query;
    line.dispatchEvent(new Event('input', {bubbles: true}));
    return await told - begun;
})(%r)"""
QUERIES = ("relu", "block_12 bias", "op:Conv2D", "block_7 conv_3", "/conv_[13].bias/", "Conv2D -> BiasAdd")
"""What is searched for; the first one fetches the names of all nodes, and is not counted."""

SOONER = 4.0
"""How many times sooner than the fastest peer a model is to be drawn."""
MEMORY = 250.0
"""Most MB (10⁶ bytes) of the renderer."""
GRAPH_FILES = str(ROOT / "benchmarks" / "graph_files.py")


@dataclass(frozen=True, slots=True)
class Case:
    """A model, and what it may take.

    Attributes:
        words: What it is.
        name: Of its file in the folder of models, or of this repository.
        make: Words of the process that makes it; none for a file of this repository.
        drawn: Most seconds from the start of the process to the drawn model.
        search: Most ms of a search, where one is measured.
        sooner: Whether the peers are to take several times as long.
    """

    words: str
    name: str
    make: tuple[str, ...]
    drawn: float
    search: float | None = None
    sooner: bool = False

    def model(self, work: Path) -> Path:
        """The file or folder, made where it is not there."""
        return made(self.name, self.make, work) if self.make else ROOT / "tests" / "models" / self.name


CASES = {
    "efficientnetv2l": Case("EfficientNetV2L.keras", "EfficientNetV2L.keras", (), 1.2, sooner=True),
    "mobilenetv2": Case(
        "MobileNetV2, SavedModel", "mobilenetv2", ("-c", EXPORT, "MobileNetV2", "{}"), 1.2, sooner=True
    ),
    "20k": Case("GraphDef of 20,000 nodes", "20k.pb", (GRAPH_FILES, "{}", "20000"), 1.2),
    "100k": Case("GraphDef of 100,000 nodes", "100k.pb", (GRAPH_FILES, "{}", "100000"), 2.5, search=150.0),
    "1m": Case("GraphDef of 1,000,000 nodes", "1m.pb", (GRAPH_FILES, "{}", "1000000"), 14.0),
}


@dataclass(slots=True)
class Seen:
    """What one round showed: seconds, gaps between frames and times in ms, memory in MB."""

    drawn: float
    wheel: list[float] = field(default_factory=list)
    drag: list[float] = field(default_factory=list)
    painted: list[float] = field(default_factory=list)
    click: float = 0.0
    memory: float = 0.0
    search: float | None = None


def clicked(tab: Tab) -> float:
    """Ms from a click on a box to the frame with all that is known about it."""
    page = tab.page
    page.keyboard.press("Escape")
    page.keyboard.press("0")
    page.wait_for_timeout(1_500)
    inside = [
        thing for thing in tab.evaluate("cutaway.visible().filter(thing => thing.height > 8 && thing.width > 8)")
        if thing["x"] > 20 and thing["x"] + thing["width"] < SIZE["width"] - 340 and thing["y"] > 60
        and thing["y"] + thing["height"] < SIZE["height"] - 30
    ]  # fmt: skip
    target = inside[-1]
    tab.evaluate(_WATCH_CLICK)
    page.mouse.click(target["x"] + target["width"] / 2, target["y"] + target["height"] / 2)
    for _ in range(400):
        found = tab.evaluate("window.click_")
        if found["to"]:
            return float(found["to"] - found["from"])
        page.wait_for_timeout(10)
    sys.exit("a click was never answered")


def searched(tab: Tab) -> float:
    """The most ms from a query to the frame that tells its hits."""
    tab.page.keyboard.press("Escape")
    tab.page.keyboard.press("/")
    tab.page.wait_for_timeout(500)
    times = []
    for query in QUERIES:
        times.append(float(tab.evaluate(_SEARCH % query)))
        tab.page.wait_for_timeout(300)
    return max(times[1:])


def told(said: str) -> str | None:
    """The address of the explorer, once it is printed."""
    found = re.search(r"http://\S+(?=\s)", said)
    return found.group() if found else None


def measured(running: Any, case: Case, work: Path) -> Seen:
    """One round."""
    model = case.model(work)
    tab = Tab(running, _DRAWN)
    page = tab.page
    try:
        words = [sys.executable, "-m", "cutaway", "view", str(model), "--no-browser"]
        with server(words, told) as (address, begun):
            if address is None:
                sys.exit(f"cutaway view told no address for {model.name}")
            page.goto(address)
            at = tab.shown(120)
            if at is None:
                sys.exit(f"{model.name} was not drawn in 120 s")
            page.wait_for_timeout(1_500)
            seen = Seen(at - begun, tab.gaps("wheel"), tab.gaps("drag"))
            page.keyboard.press("0")
            page.wait_for_timeout(1_200)
            inner = tab.evaluate(
                "cutaway.visible().filter(thing => thing.kind === 'node').sort((a, b) => a.height - b.height)[0]?.id"
                " ?? cutaway.visible().at(-1).id"
            )
            page.evaluate("id => cutaway.flyTo(id)", inner)
            page.wait_for_timeout(1_500)
            seen.wheel += tab.gaps("wheel")
            seen.drag += tab.gaps("drag")
            seen.painted = tab.evaluate(_PAINTED)
            seen.click = clicked(tab)
            seen.memory = renderer_memory()
            if case.search is not None:
                seen.search = searched(tab)
            return seen
    finally:
        tab.close()


def frames(gaps: Sequence[float]) -> str:
    """Frames a second and the longest, in words."""
    return f"{1000 / statistics.median(gaps):.0f} /s, longest {max(gaps):.0f} ms"


def row(case: Case, rounds: Sequence[Seen]) -> list[str]:
    """A row of the table of the explorer."""
    drawn = statistics.median(one.drawn for one in rounds)
    cells = [case.words, f"{drawn:.2f} s ({verdict(drawn, case.drawn, 's')})"]
    for kind in ("wheel", "drag"):
        gaps = [gap for one in rounds for gap in getattr(one, kind)]
        reached = 1000 / statistics.median(gaps) >= 55 and max(gaps) <= 50
        cells.append(f"{frames(gaps)} ({'reached' if reached else 'MISSED'})")
    painted = sorted(time for one in rounds for time in one.painted)
    cells.append(f"{statistics.median(painted):.0f} ms, 95 %: {painted[int(len(painted) * 0.95)]:.0f} ms")
    click = statistics.median(one.click for one in rounds)
    cells.append(f"{click:.0f} ms ({verdict(click, 100, 'ms')})")
    searches = [one.search for one in rounds if one.search is not None]
    search = statistics.median(searches) if searches else None
    cells.append("" if search is None else f"{search:.0f} ms ({verdict(search, case.search or 0, 'ms')})")
    memory = max(one.memory for one in rounds)
    cells.append(f"{memory:.0f} MB ({verdict(memory, MEMORY, 'MB')})")
    return cells


def peer_row(case: Case, drawn: float, peers: Mapping[str, Shown]) -> list[str]:
    """A row of the table of the peers."""
    cells = [case.words, f"{drawn:.2f} s"]
    for one in peers.values():
        if one.drawn is None:
            cells.append(one.why)
        else:
            cells.append(f"{one.drawn:.1f} s, {one.drawn / drawn:.1f} ×; {frames(one.frames)}")
    times = [one.drawn for one in peers.values() if one.drawn is not None]
    if not times:
        late = any(one.why.startswith("not in") for one in peers.values())
        ratio = f"> {PATIENCE / drawn:.1f} ×" if late else ""
    elif case.sooner:
        ratio = ratio_verdict(min(times) / drawn, SOONER)
    else:
        ratio = f"{min(times) / drawn:.1f} ×"
    return [*cells, ratio]


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, and write the section of results."""
    parser = parts_parser(__doc__, CASES, rounds=3)
    peers = parser.add_mutually_exclusive_group()
    peers.add_argument(
        "--peers",
        type=Path,
        default=Path(sys.executable),
        metavar="PYTHON",
        help="interpreter that the peers belong to",
    )
    peers.add_argument("--no-peers", action="store_true", help="measure the explorer alone")
    options = parser.parse_args(argv)
    options.work.mkdir(parents=True, exist_ok=True)
    from playwright.sync_api import sync_playwright

    rows, peer_rows = [], []
    with sync_playwright() as running:
        for name in options.only or CASES:
            case = CASES[name]
            rounds = [measured(running, case, options.work) for _ in range(options.rounds)]
            rows.append(row(case, rounds))
            print(" | ".join(rows[-1]), file=sys.stderr)
            if not options.no_peers:
                model = case.model(options.work)
                shown = {peer.name: measured_peer(running, peer, model, options.work, options.peers) for peer in PEERS}
                peer_rows.append(peer_row(case, statistics.median(one.drawn for one in rounds), shown))
                print(" | ".join(peer_rows[-1]), file=sys.stderr)
    headings = ("model", "start to drawn", "wheel", "drag", "sharp again", "click", "search", "renderer")
    body = (
        f"Median of {options.rounds} rounds; {SIZE['width']} × {SIZE['height']} px, software renderer; goals for both "
        "gestures: 55 frames a second, none longer than 50 ms.\n\n" + table(headings, rows)
    )
    if peer_rows:
        heading = (
            "Start of the process to the first picture, each peer once, how many times as long as the explorer, and "
            f"frames while the wheel turns and the drawing is dragged; {PATIENCE:.0f} s for each:"
        )
        columns = ("model", "cutaway", *(peer.name for peer in PEERS), "fastest peer / cutaway")
        body += f"\n\n{heading}\n\n{table(columns, peer_rows)}"
    report(options.only, "explorer.py", body, ("cutaway", "playwright"))


if __name__ == "__main__":
    main()
