"""Pages in headless Chromium: when they show what they are to show, frames a second, memory of their renderer."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SWITCHES = (
    "--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
)  # fmt: skip
PLAIN = ("--disable-gpu",)
"""Without the processor of graphics, as on the machines that servers run on."""

DRAWN_BY_PROCESSOR = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
"""WebGL without such a processor, for pages that draw with it."""

SIZE = {"width": 1400, "height": 900}
MIDDLE = (SIZE["width"] / 2, SIZE["height"] / 2)
SECONDS = 2.0
"""How long each gesture lasts."""

_WATCH = """(() => {
    const shows = %s;
    const look = () => {
        let there = false;
        try { there = shows(); } catch { /* the page is not that far */ }
        if (there) requestAnimationFrame(() => { window.shownAt_ = Date.now(); });
        else setTimeout(look, 10);
    };
    look();
})();"""

_START_COUNTING = """(() => {
    const found = window.frames_ = {gaps: [], last: performance.now(), on: true};
    const tick = () => {
        const now = performance.now();
        found.gaps.push(now - found.last);
        found.last = now;
        if (found.on) requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
})()"""
_STOP_COUNTING = "(() => { window.frames_.on = false; return window.frames_.gaps.slice(1); })()"


def chromium() -> str:
    """The program; ends the benchmark where there is none."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        sys.exit("needs Chromium")
    return found


class Tab:
    """A page in a browser of its own.

    Args:
        running: Playwright.
        shows: JavaScript, a function that says whether the page shows what it is to show.
        switches: Switches of Chromium beside the usual ones.
        script: JavaScript that runs before any of the page.
    """

    def __init__(self, running: Any, shows: str, switches: Sequence[str] = PLAIN, script: str = "") -> None:
        self.browser = running.chromium.launch(executable_path=chromium(), args=[*SWITCHES, *switches])
        context = self.browser.new_context(viewport=SIZE)
        self.page = context.new_page()
        self.page.add_init_script(script + _WATCH % shows)
        self._session = context.new_cdp_session(self.page)

    def evaluate(self, expression: str) -> Any:
        """The value of an expression, also in a page that has replaced what Playwright evaluates with."""
        asked = {"expression": expression, "returnByValue": True, "awaitPromise": True}
        return self._session.send("Runtime.evaluate", asked)["result"].get("value")

    def shown(self, patience: float) -> float | None:
        """When the page showed it, in seconds as `time.time` counts; None where it did not in time."""
        until = time.monotonic() + patience
        while time.monotonic() < until:
            try:
                found = self.evaluate("window.shownAt_")
            except Exception as error:  # of Playwright: the page has crashed, or is on its way to another address
                if "crash" in str(error).lower() or "closed" in str(error).lower():
                    return None
                found = None
            if found:
                return float(found) / 1000
            time.sleep(0.2)  # the page has noted when; a question leaves something to be collected there
        return None

    def gaps(self, kind: str, held: str = "") -> list[float]:
        """Ms between frames while the wheel turns in the middle, or while the drawing is dragged.

        Args:
            kind: "wheel" or "drag".
            held: Key that is held meanwhile.
        """
        mouse, (x, y) = self.page.mouse, MIDDLE
        mouse.move(x, y)
        self.evaluate(_START_COUNTING)
        end = time.perf_counter() + SECONDS
        if kind == "drag":
            mouse.down()
        if held:
            self.page.keyboard.down(held)
        step = 0
        while time.perf_counter() < end:
            step += 1
            if kind == "wheel":
                mouse.wheel(0, 120 if step // 10 % 2 else -120)
            else:
                mouse.move(x + 10 * (step % 40 - 20), y + 10 * (step % 30 - 15))
            time.sleep(0.008)
        if kind == "drag":
            mouse.up()
        if held:
            self.page.keyboard.up(held)
        found: list[float] = self.evaluate(_STOP_COUNTING)
        self.page.wait_for_timeout(600)
        return found

    def close(self) -> None:
        """End the browser."""
        self.browser.close()


@contextmanager
def server(
    words: Sequence[str], ready: Callable[[str], str | None], patience: float = 60.0
) -> Iterator[tuple[str | None, float]]:
    """A server in a process of its own: its address, None where it told none in time, and when it was started.

    Args:
        words: Its command line.
        ready: Finds the address in what it has written so far, once it answers.
        patience: Seconds that it may take.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        begun = time.time()
        process = subprocess.Popen(
            words, stdout=said, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1", "BROWSER": "true", "TF_CPP_MIN_LOG_LEVEL": "3"},
        )  # fmt: skip
        try:
            address = None
            while address is None and process.poll() is None and time.time() < begun + patience:
                said.seek(0)
                address = ready(said.read())
                time.sleep(0.005)
            yield address, begun
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    """Whether somebody listens on a port of this machine."""
    try:
        socket.create_connection(("127.0.0.1", port), 0.2).close()
    except OSError:
        return False
    return True


def renderer_memory() -> float:
    """Resident memory of the largest renderer that this process started, in MB (10⁶ bytes)."""
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
