"""The explorer in headless Chromium with the software renderer: how soon, how smoothly, in how much memory.

    python benchmarks/explorer.py [--rounds N] [--only PART ...] [--work FOLDER]

For each model: from the start of the process `cutaway view` to the first frame that shows the model (the browser is
there already, with an empty page), frames a second while the wheel turns and while the drawing is dragged, at the top
and deep inside, the longest frame, how long a sharp picture takes, how long a click takes to be answered with all that
is known, and the resident memory of the browser's renderer. Medians over rounds; the longest frame is the longest of
all. Needs Playwright and the Chromium of the system. A blank page's renderer takes about 120 MB of the memory.
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.processes import ROOT, run
from benchmarks.results import parts_parser, table, verdict, write_section

SWITCHES = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
)  # fmt: skip
SIZE = {"width": 1400, "height": 900}
SECONDS = 3.0
"""How long each gesture lasts."""

START_COUNTING = """() => {
    const found = window.frames_ = {gaps: [], last: performance.now(), on: true};
    const tick = () => {
        const now = performance.now();
        found.gaps.push(now - found.last);
        found.last = now;
        if (found.on) requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
}"""
STOP_COUNTING = "() => { window.frames_.on = false; return window.frames_.gaps.slice(1); }"
PAINTED = "performance.getEntriesByName('cutaway:sharp').map(entry => entry.duration)"
WATCH_CLICK = """() => {
    const found = window.click_ = {from: 0, to: 0};
    document.addEventListener('pointerup', () => { found.from = performance.now(); }, {capture: true, once: true});
    const watch = new MutationObserver(() => {
        if (found.from && document.querySelector('.inspector h3')) {
            watch.disconnect();
            requestAnimationFrame(() => { found.to = performance.now(); });
        }
    });
    watch.observe(document.querySelector('#cutaway'), {childList: true, subtree: true});
}"""


@dataclass(frozen=True, slots=True)
class Case:
    """A model, and what it may take.

    Attributes:
        words: What it is.
        model: Path of a file; None for a graph of `nodes` nodes, which is made.
        nodes: Nodes of a graph that is made.
        drawn: Most seconds from the start of the process to the drawn model.
    """

    words: str
    model: Path | None
    nodes: int
    drawn: float


CASES = {
    "efficientnetv2l": Case("EfficientNetV2L.keras", ROOT / "tests" / "models" / "EfficientNetV2L.keras", 0, 1.2),
    "20k": Case("GraphDef of 20,000 nodes", None, 20_000, 1.2),
    "100k": Case("GraphDef of 100,000 nodes", None, 100_000, 2.5),
    "1m": Case("GraphDef of 1,000,000 nodes", None, 1_000_000, 14.0),
}
MEMORY = 250.0
"""Most MB (10⁶ bytes) of the renderer."""


@dataclass(slots=True)
class Seen:
    """What one round showed: seconds, gaps between frames and times in ms, memory in MB."""

    drawn: float
    wheel: list[float]
    drag: list[float]
    painted: list[float]
    click: float
    memory: float


def model_of(name: str, work: Path) -> Path:
    """The file of a case, made where it is not there."""
    case = CASES[name]
    if case.model is not None:
        return case.model
    path = work / f"{name}.pb"
    if not path.exists():
        words = [str(ROOT / "benchmarks" / "graph_files.py"), str(path), str(case.nodes)]
        done = run(words, work)
        if done.code:
            sys.exit(f"{path.name} could not be made: {done.errors[-800:]}")
    return path


@contextmanager
def served(model: Path) -> Iterator[tuple[str, float]]:
    """A server for a model: its address, and when its process was started."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "cutaway", "view", str(model), "--no-browser"],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    try:
        found = None
        for line in process.stdout or ():
            found = re.search(r"http://\S+", line)
            if found is not None:
                break
        if found is None:
            sys.exit(f"cutaway view told no address for {model.name}")
        yield found.group(), begun
    finally:
        process.terminate()
        process.wait(timeout=30)
        if process.stdout is not None:
            process.stdout.close()


def gaps(page: Any, kind: str, at: tuple[float, float]) -> list[float]:
    """Ms between frames while the wheel turns, or while the drawing is dragged."""
    x, y = at
    page.mouse.move(x, y)
    page.evaluate(START_COUNTING)
    end = time.perf_counter() + SECONDS
    if kind == "drag":
        page.mouse.down()
    step = 0
    while time.perf_counter() < end:
        step += 1
        if kind == "wheel":
            page.mouse.wheel(0, 120 if step // 10 % 2 else -120)
        else:
            page.mouse.move(x + 10 * (step % 40 - 20), y + 10 * (step % 30 - 15))
        time.sleep(0.008)
    if kind == "drag":
        page.mouse.up()
    found: list[float] = page.evaluate(STOP_COUNTING)
    page.wait_for_timeout(600)
    return found


def clicked(page: Any) -> float:
    """Ms from a click on a box to the frame with all that is known about it."""
    page.keyboard.press("Escape")
    page.keyboard.press("0")
    page.wait_for_timeout(1_500)
    things = page.evaluate("cutaway.visible().filter(thing => thing.height > 8 && thing.width > 8)")
    inside = [
        thing for thing in things
        if thing["x"] > 20 and thing["x"] + thing["width"] < SIZE["width"] - 340 and thing["y"] > 60
        and thing["y"] + thing["height"] < SIZE["height"] - 30
    ]  # fmt: skip
    target = inside[-1]
    page.evaluate(WATCH_CLICK)
    page.mouse.click(target["x"] + target["width"] / 2, target["y"] + target["height"] / 2)
    for _ in range(400):
        found = page.evaluate("window.click_")
        if found["to"]:
            return float(found["to"] - found["from"])
        time.sleep(0.01)
    sys.exit("a click was never answered")


def renderer_memory() -> float:
    """Resident memory of the largest renderer that this process started, in MB."""
    parents: dict[int, int] = {}
    sizes: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                process = int(folder.name)
                status = (folder / "stat").read_text(encoding="utf-8", errors="replace")
                parents[process] = int(status.rpartition(")")[2].split()[1])
                if b"--type=renderer" in (folder / "cmdline").read_bytes():
                    pages = int((folder / "statm").read_text(encoding="ascii").split()[1])
                    sizes[process] = pages * os.sysconf("SC_PAGE_SIZE")
            except OSError:
                continue  # it has ended in between

    def ours(process: int) -> bool:
        while process > 1 and process != os.getpid():
            process = parents.get(process, 0)
        return process == os.getpid()

    return max((size for process, size in sizes.items() if ours(process)), default=0) / 1e6


def measured(browser: Any, model: Path) -> Seen:
    """One round."""
    context = browser.new_context(viewport=SIZE)
    page = context.new_page()
    try:
        with served(model) as (address, begun):
            page.goto(address)
            page.wait_for_selector("[data-cutaway=drawn]", state="attached", timeout=120_000)
            drawn = time.perf_counter() - begun
            page.wait_for_timeout(1_500)
            middle = (SIZE["width"] / 2, SIZE["height"] / 2)
            wheel, drag = gaps(page, "wheel", middle), gaps(page, "drag", middle)
            page.keyboard.press("0")
            page.wait_for_timeout(1_200)
            inner = page.evaluate(
                "cutaway.visible().filter(thing => thing.kind === 'node').sort((a, b) => a.height - b.height)[0]?.id"
                " ?? cutaway.visible().at(-1).id"
            )
            page.evaluate("id => cutaway.flyTo(id)", inner)
            page.wait_for_timeout(1_500)
            wheel += gaps(page, "wheel", middle)
            drag += gaps(page, "drag", middle)
            painted = page.evaluate(PAINTED)
            return Seen(drawn, wheel, drag, painted, clicked(page), renderer_memory())
    finally:
        context.close()


def row(case: Case, rounds: Sequence[Seen]) -> list[str]:
    """A row of the table."""
    drawn = statistics.median(one.drawn for one in rounds)
    cells = [case.words, f"{drawn:.2f} s ({verdict(drawn, case.drawn, 's')})"]
    for kind in ("wheel", "drag"):
        frames = [gap for one in rounds for gap in getattr(one, kind)]
        rate, longest = 1000 / statistics.median(frames), max(frames)
        cells.append(
            f"{rate:.0f} /s, longest {longest:.0f} ms ({'reached' if rate >= 55 and longest <= 50 else 'MISSED'})"
        )
    painted = sorted(time for one in rounds for time in one.painted)
    cells.append(f"{statistics.median(painted):.0f} ms, 95 %: {painted[int(len(painted) * 0.95)]:.0f} ms")
    click = statistics.median(one.click for one in rounds)
    cells.append(f"{click:.0f} ms ({verdict(click, 100, 'ms')})")
    memory = max(one.memory for one in rounds)
    cells.append(f"{memory:.0f} MB ({verdict(memory, MEMORY, 'MB')})")
    return cells


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, and write the section of results."""
    options = parts_parser(__doc__, CASES, rounds=3).parse_args(argv)
    options.work.mkdir(parents=True, exist_ok=True)
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        sys.exit("needs Chromium")
    rows = []
    with sync_playwright() as running:
        for name in options.only or CASES:
            model = model_of(name, options.work)
            rounds = []
            for _ in range(options.rounds):
                browser = running.chromium.launch(executable_path=program, args=list(SWITCHES))
                rounds.append(measured(browser, model))
                browser.close()
            rows.append(row(CASES[name], rounds))
            print(" | ".join(rows[-1]), file=sys.stderr)
    headings = ("model", "start to drawn", "wheel", "drag", "sharp again", "click", "renderer")
    body = (
        f"Median of {options.rounds} rounds; {SIZE['width']} × {SIZE['height']} px, software renderer; goals for both "
        "gestures: 55 frames a second, none longer than 50 ms.\n\n" + table(headings, rows)
    )
    if options.only:
        print(body)
    else:
        write_section("explorer.py", body, ("cutaway", "playwright"))


if __name__ == "__main__":
    main()
