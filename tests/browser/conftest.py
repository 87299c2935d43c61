"""A real browser on the explorer's page: served, and as one file."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SWITCHES = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
)  # fmt: skip

Open = Callable[..., Any]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium without a window; tests are skipped where it or Playwright is not there.

    One for each file of tests: while Playwright is there, its event loop runs, and other tests want their own.
    """
    playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright: pip install playwright")
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.skip("needs Chromium")
    with playwright.sync_playwright() as running:
        opened = running.chromium.launch(executable_path=program, args=list(SWITCHES))
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[[Path], str]]:
    """Address of a server for a model; one server a model, for all tests."""
    running: dict[Path, tuple[subprocess.Popen[str], str]] = {}

    def start(model: Path) -> str:
        if model not in running:
            command = [sys.executable, "-m", "cutaway", "view", str(model), "--no-browser"]
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT / "src")}
            )
            assert process.stdout is not None
            found = re.search(r"http://\S+", process.stdout.readline())
            assert found is not None, "the server told no address"
            running[model] = (process, found.group())
        return running[model][1]

    yield start
    for process, _ in running.values():
        process.terminate()
        process.wait(timeout=10)
        if process.stdout is not None:
            process.stdout.close()


@pytest.fixture
def open_page(browser: Any, serve: Callable[[Path], str]) -> Iterator[Open]:
    """Opens a model, or a page of one file, in a browser of its own; any error in the page fails the test."""
    contexts: list[Any] = []
    problems: list[str] = []

    def open_(model: Path, *, width: int = 1200, height: int = 800, dark: bool = False, link: str = "") -> Any:
        scheme = "dark" if dark else "light"
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
        page.goto((model.as_uri() if model.suffix == ".html" else serve(model)) + link)
        page.wait_for_selector("[data-cutaway=drawn]", timeout=60_000)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert problems == []
