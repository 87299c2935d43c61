"""Logs of trainings: how soon they are read and on the page, how smoothly it moves, and how soon a new value is there.

    python benchmarks/training.py [--rounds N] [--only PART ...] [--work FOLDER]

``scalars`` and ``histograms`` read one file beside TensorBoard's `EventAccumulator`, and its data server in Rust where
that is installed: all points, which the server keeps too when it is told to. ``runs`` opens 100 runs of 10 tags with
10,000 points each, from the start of the process `cutaway` to the first chart and to all series whole (the browser is
there already). ``frames`` counts frames a second while the wheel turns over 100 charts with 1,000,000 points, and
while the pointer moves over one. ``live`` is the time from a value recorded to the page that shows it. Medians over
rounds. The last three need Playwright and the Chromium of the system. The logs are made once, about 900 MB.
"""

from __future__ import annotations

import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.pages import PLAIN, SWITCHES, chromium, server
from benchmarks.processes import run
from benchmarks.results import parts_parser, ratio_verdict, report, table, verdict
from cutaway.training.event_messages import ScalarForm
from cutaway.training.event_writer import EventWriter
from cutaway.training.histograms import distribution

COUNTING = """() => new Promise(done => {
    const gaps = [];
    let last = performance.now();
    const end = last + MS;
    const tick = now => {
        gaps.push(now - last);
        last = now;
        if (now < end) requestAnimationFrame(tick);
        else done(gaps.slice(1));
    };
    requestAnimationFrame(tick);
})"""
SIZE = {"width": 1400, "height": 1400}
SECONDS = 4.0
"""How long the wheel turns, and the pointer moves."""

BEGAN = 1_700_000_000.0
READ = "from cutaway.training.runs import LogFolder; print(LogFolder({folder!r}).read())"
ACCUMULATE = """
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator as E
read = E({folder!r}, size_guidance={{"tensors": 0, "scalars": 0, "histograms": 0, "compressedHistograms": 0}})
read.Reload()
print(sum(len(read.Tensors(tag)) for tag in read.Tags()["tensors"]))
"""
SERIES = "() => [...document.querySelectorAll('[data-points]')].reduce((sum, card) => sum + +card.dataset.points, 0)"
SHOWN = """count => new Promise(done => {
    const look = () => SUM() === count ? done(performance.timeOrigin + performance.now()) : requestAnimationFrame(look);
    look();
})""".replace("SUM()", f"({SERIES})()")


def scalars(folder: Path, tags: Sequence[str], count: int) -> None:
    """A run with so many values of each tag, one step each."""
    values = np.random.default_rng(0).normal(size=(count, len(tags))).cumsum(axis=0).astype(np.float32).tolist()
    forms = [ScalarForm(tag) for tag in tags]
    data = bytearray()
    for step, row in enumerate(values):
        for form, value in zip(forms, row, strict=True):
            data += form.record(BEGAN + step, step, value)
    with EventWriter(folder) as writer:
        path = writer.path
    with path.open("ab") as file:
        file.write(data)


def histograms(folder: Path) -> None:
    """A run with 80 MB of distributions of weights of 40 layers."""
    values = np.random.default_rng(0).normal(size=20_000).astype(np.float32)
    rows = [distribution(values * size).rows() for size in np.linspace(0.5, 2, 40)]
    with EventWriter(folder) as writer:
        step = 0
        while writer.path.stat().st_size < 80e6:
            for layer in range(40):
                writer.histogram(f"weights/layer_{layer}/kernel", rows[(step + layer) % 40], step)
            step += 1


def logs(name: str, work: Path) -> Path:
    """The logs of a part, made where they are not there."""
    folder = work / f"training-{name}"
    if folder.exists():
        return folder
    making = work / f"training-{name}.part"
    shutil.rmtree(making, ignore_errors=True)
    if name == "scalars":
        scalars(making, [f"metric_{at:02d}" for at in range(10)], 100_000)
    elif name == "histograms":
        histograms(making)
    elif name == "frames":
        scalars(making / "run", [f"metric_{at:02d}" for at in range(100)], 10_000)
    else:
        scalars(making / "run_00", [f"metric_{at}" for at in range(10)], 10_000)
        for at in range(1, 100):
            shutil.copytree(making / "run_00", making / f"run_{at:02d}")
    making.rename(folder)
    return folder


def in_rust(folder: Path, kind: str) -> float | None:
    """Seconds in which TensorBoard's data server loads a folder; None where it is not installed."""
    try:
        import tensorboard_data_server
    except ImportError:
        return None
    words = [
        tensorboard_data_server.server_binary(), "--logdir", str(folder), "--reload", "once", "-v", "--port", "0",
        "--samples-per-plugin", f"{kind}=all",
    ]  # fmt: skip
    process = subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    try:
        begun = time.perf_counter()
        for line in process.stderr or ():
            if re.search(r"[Ff]inished load cycle", line):
                return time.perf_counter() - begun
        return None
    finally:
        process.kill()
        process.wait()
        if process.stderr is not None:
            process.stderr.close()


def reading(kind: str, work: Path, rounds: int, most: float) -> str:
    """A table of readers of one file, each in a process of its own."""
    folder = logs(kind, work)
    (file,) = folder.iterdir()
    size = file.stat().st_size / 1e6
    walls: dict[str, list[float]] = {}
    memory: dict[str, float] = {}
    for _ in range(rounds):
        for name, program in (("cutaway", READ), ("EventAccumulator", ACCUMULATE)):
            if name != "cutaway" and len(walls.get(name, ())) >= 1:
                continue  # once is enough for what takes so long
            done = run(["-c", program.format(folder=str(folder))], work)
            if done.code:
                sys.exit(f"{name} failed: {done.errors[-800:]}")
            walls.setdefault(name, []).append(done.wall)
            memory[name] = max(memory.get(name, 0), done.memory)
        rust = in_rust(folder, kind)
        if rust is not None:
            walls.setdefault("data server in Rust", []).append(rust)
    ours = statistics.median(walls["cutaway"])
    rows = []
    for name, found in walls.items():
        wall = statistics.median(found)
        goal = verdict(wall, most, "s") if name == "cutaway" else f"{wall / ours:.1f} × as long"
        if name == "EventAccumulator" and kind == "scalars":
            goal = ratio_verdict(wall / ours, 12)
        rows.append(
            [
                name,
                f"{wall:.2f} s",
                f"{size / wall:.0f} MB/s",
                f"{memory[name]:.0f} MiB" if name in memory else "",
                goal,
            ]
        )
    return f"**{kind}**, {size:.0f} MB, the start of the process included\n\n" + table(
        ("reader", "time", "speed", "memory", ""), rows
    )


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, float]]:
    """The training view of a folder: its address, and when its process was started."""
    with server([sys.executable, "-m", "cutaway", str(folder), "--no-browser"], address_in) as (address, begun):
        if address is None:
            sys.exit(f"cutaway told no address for {folder.name}")
        yield address, begun


def address_in(said: str) -> str | None:
    """The address in what the server has said, once its line is whole."""
    found = re.search(r"(http://\S+) .*\n", said)
    return None if found is None else found.group(1)


def opened(browser: Any, folder: Path, count: int) -> tuple[float, float]:
    """Seconds from the start of the process to the first chart, and to all points of all series."""
    page = browser.new_page(viewport=SIZE)
    try:
        with served(folder) as (address, begun):
            page.goto(address)
            page.wait_for_selector("[data-painted]", timeout=60_000)
            first = time.time() - begun
            page.evaluate(SHOWN, count)
            return first, time.time() - begun
    finally:
        page.close()


def runs(browser: Any, work: Path, rounds: int) -> str:
    """100 runs of 10 tags."""
    folder = logs("runs", work)
    found = [opened(browser, folder, 10_000_000) for _ in range(rounds)]
    first, whole = (statistics.median(times) for times in zip(*found, strict=True))
    rows = [
        ["first chart", f"{first:.2f} s", verdict(first, 2, "s")],
        ["all series, 10,000,000 points", f"{whole:.2f} s", verdict(whole, 4, "s")],
    ]
    return "**runs**: 100 runs × 10 tags × 10,000 points, from the start of the process\n\n" + table(
        ("", "time", ""), rows
    )


def moving(page: Any, move: Callable[[int], None]) -> tuple[float, float]:
    """Frames a second, and the longest in ms, while something is moved."""
    page.evaluate(f"window.gaps_ = ({COUNTING.replace('MS', str(SECONDS * 1000))})(); 0")
    end, step = time.perf_counter() + SECONDS, 0
    while time.perf_counter() < end:
        move(step)
        step += 1
        time.sleep(0.008)
    gaps = page.evaluate("window.gaps_")
    return 1000 / statistics.median(gaps), max(gaps)


def scrolled(browser: Any, folder: Path) -> tuple[tuple[float, float], tuple[float, float]]:
    """Frames a second and the longest, while the wheel turns and while the pointer moves over a chart."""
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    try:
        with served(folder) as (address, _):
            page.goto(address)
            page.wait_for_selector("[data-painted]", timeout=60_000)
            page.wait_for_timeout(3_000)
            page.mouse.move(700, 500)
            turned = moving(page, lambda step: page.mouse.wheel(0, 140 if step // 60 % 2 == 0 else -140))
            return turned, moving(page, lambda step: page.mouse.move(400 + 8 * (step % 90), 300 + step % 40))
    finally:
        page.close()


def frames(browser: Any, work: Path, rounds: int) -> str:
    """100 charts with 1,000,000 points."""
    folder = logs("frames", work)
    seen: dict[str, list[tuple[float, float]]] = {"wheel over all charts": [], "pointer over a chart": []}
    for _ in range(rounds):
        for name, told in zip(seen, scrolled(browser, folder), strict=True):
            seen[name].append(told)
    rows = []
    for name, told_of in seen.items():
        rate, longest = statistics.median(rate for rate, _ in told_of), max(longest for _, longest in told_of)
        rows.append([name, f"{rate:.0f} /s", f"{longest:.0f} ms", "reached" if rate >= 55 else "MISSED (target 55 /s)"])
    return "**frames**: 100 charts, 1,000,000 points\n\n" + table(("", "frames", "longest", ""), rows)


def live(browser: Any, work: Path, rounds: int) -> str:
    """From a value recorded to the page that shows it."""
    folder = work / "training-live"
    shutil.rmtree(folder, ignore_errors=True)
    scalars(folder / "run", ["loss"], 1_000)
    page = browser.new_page(viewport=SIZE)
    late = []
    with served(folder) as (address, _), EventWriter(folder / "run") as writer:
        page.goto(address)
        page.evaluate(SHOWN, 1_000)
        for step in range(1_000, 1_000 + 10 * rounds):
            time.sleep(0.3 + 0.037 * (step % 10))
            written = time.time()
            writer.scalars({"loss": 0.5}, step)
            late.append(page.evaluate(SHOWN, step + 1) / 1000 - written)
    page.close()
    middle, most = statistics.median(late), max(late)
    rows = [["median", f"{middle:.2f} s", ""], ["latest", f"{most:.2f} s", verdict(most, 1, "s")]]
    return f"**live**: {len(late)} values, from recorded to painted\n\n" + table(("", "time", ""), rows)


PARTS = {"scalars": 1.2, "histograms": 1.0}
PAGES = {"runs": runs, "frames": frames, "live": live}


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, and write the section of results."""
    options = parts_parser(__doc__, [*PARTS, *PAGES], rounds=3).parse_args(argv)
    options.work.mkdir(parents=True, exist_ok=True)
    wanted = options.only or [*PARTS, *PAGES]
    found = [reading(kind, options.work, options.rounds, most) for kind, most in PARTS.items() if kind in wanted]
    if any(name in wanted for name in PAGES):
        from playwright.sync_api import sync_playwright

        with sync_playwright() as running:
            browser = running.chromium.launch(executable_path=chromium(), args=[*SWITCHES, *PLAIN])
            found += [
                measure(browser, options.work, options.rounds) for name, measure in PAGES.items() if name in wanted
            ]
            browser.close()
    body = f"Medians of {options.rounds} rounds.\n\n" + "\n\n".join(found)
    report(options.only, "training.py", body, ("cutaway", "tensorboard", "tensorboard-data-server", "playwright"))


if __name__ == "__main__":
    main()
