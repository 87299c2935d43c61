"""Takes the pictures of docs/explorer.md: the explorer in a browser, in each of its states. Look at what changed.

    python scripts/screens.py [FOLDER [NAME ...]]

Needs Playwright, Pillow and the Chromium of the system. Pictures have few colours, so that they are small.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parent.parent
RESNET = ROOT / "examples" / "resnet50.keras"
DIGITS = ROOT / "examples" / "digits.keras"
NASNET = ROOT / "tests" / "models" / "NASNetLarge.keras"
WIDE = (1280, 800)
PHONE = (400, 780)
COLOURS = 128
SWITCHES = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", "--no-first-run")  # fmt: skip
REST = 900
"""Ms in which every flight ends and every picture becomes sharp."""


@dataclass(frozen=True, slots=True)
class State:
    """One picture: what it shows, of which model, and how one comes there."""

    name: str
    words: str
    go: Callable[[Any], None]
    model: Path = RESNET
    size: tuple[int, int] = WIDE
    dark: bool = False
    digits: str = ""
    """Digits on which the model is run."""
    edited: bool = False
    """Whether it is a ResNet50 after some edits, compared with the one before."""


def keys(page: Any, *names: str) -> None:
    """Press keys, one after the other."""
    page.locator(".drawing").focus()
    for name in names:
        page.keyboard.press(name)
        page.wait_for_timeout(150)


def fly(page: Any, identity: str) -> None:
    """Fly to a layer or group, which is selected then."""
    page.evaluate("id => cutaway.flyTo(id)", identity)


def nothing(page: Any) -> None:
    """The page as it opens."""


def near(page: Any) -> None:
    fly(page, "conv4/block6")


def layer(page: Any) -> None:
    fly(page, "conv3_block2_2_bn")


def outline(page: Any) -> None:
    keys(page, "o")
    fly(page, "conv5/block2")
    keys(page, "Escape")


def search(page: Any) -> None:
    keys(page, "/")
    page.fill(".search-line", "Conv2D[filters>=512]")


def trace(page: Any) -> None:
    fly(page, "conv3_block2_add")
    page.wait_for_timeout(REST)
    keys(page, "0", "t")


def colours(page: Any) -> None:
    keys(page, "c")
    page.select_option(".card.colour select", label="Parameters")


def wires(page: Any) -> None:
    keys(page, "c")
    page.locator(".wire-legend input").check()
    fly(page, "conv3/block1")
    page.wait_for_timeout(REST)
    keys(page, "Escape")


def table(page: Any) -> None:
    keys(page, "b")


def charts(page: Any) -> None:
    keys(page, "g")
    page.locator("[data-item][aria-label*='conv4_block3_3_conv']").hover()


def weights(page: Any) -> None:
    fly(page, "block1_conv1")
    page.wait_for_timeout(REST)
    keys(page, "w")


def findings(page: Any) -> None:
    keys(page, "!")
    page.locator(".finding-row").nth(3).click()
    page.wait_for_timeout(REST)
    keys(page, "Backspace", "Backspace")


def inside(page: Any) -> None:
    fly(page, "block1_bn1")
    page.wait_for_timeout(REST)
    page.locator(".map-cell").nth(5).click()


def compare(page: Any) -> None:
    fly(page, "block1_relu1")


def made_colours(page: Any) -> None:
    keys(page, "c")
    page.select_option(".card.colour select", label="Output: share of zeros")


def shortcuts(page: Any) -> None:
    keys(page, "?")


def phone(page: Any) -> None:
    fly(page, "conv3/block1")


def compared(page: Any) -> None:
    page.wait_for_selector(".change-row")


def side_by_side(page: Any) -> None:
    page.wait_for_selector(".change-row")
    keys(page, "s")
    page.wait_for_selector(".pair .change-row")
    page.locator(".pair .change-row", has_text="drop").click()


def one_change(page: Any) -> None:
    page.wait_for_selector(".change-row")
    page.locator(".change-row", has_text="conv3_block2_2_bn").click()


def both_on_a_phone(page: Any) -> None:
    page.wait_for_selector(".change-row", state="attached")
    page.wait_for_timeout(REST)
    keys(page, "s")


STATES = (
    State("overview", "The whole model, as it opens: groups show their inside, words appear where they can be read.",
          nothing),
    State("overview-dark", "The same, dark.", nothing, dark=True),
    State("large", "NASNetLarge: what is far away is solid, and carries its name.", nothing, NASNET),
    State("near", "A block, and what there is to know about it.", near),
    State("layer", "A layer: shapes on the wires, the far ends of pins, attributes with their meaning.", layer),
    State("layer-dark", "The same, dark.", layer, dark=True),
    State("outline", "The outline is in step with the drawing.", outline),
    State("search", "All hits of a search, in the drawing and in the small map.", search),
    State("trace", "What feeds a layer; everything else is dimmed.", trace),
    State("colours", "Coloured by parameters, with the sums of groups.", colours),
    State("wires", "Wires as wide as their tensors are large.", wires),
    State("table", "The same numbers as a table, which flies to its rows.", table),
    State("charts", "Charts of what is on the screen: a click on a mark flies to its layer.", charts),
    State("weights", "The values of a weight, read when they are asked for.", weights, DIGITS),
    State("findings", "What the checks found, at the places where it is so.", findings),
    State("inside", "What a layer makes of an input: feature maps, one of them large.", inside, DIGITS, digits="3"),
    State("inside-two", "Two inputs side by side, with their difference.", compare, DIGITS, dark=True, digits="38"),
    State("inside-colours", "The drawing, coloured by what the layers made.", made_colours, DIGITS, digits="3"),
    State("compare", "Two models as one drawing: what was added, removed, renamed and changed, and the list of it.",
          compared, edited=True),
    State("compare-beside", "The old and the new model, in step.", side_by_side, edited=True),
    State("compare-dark", "A change, old and new, dark.", one_change, dark=True, edited=True),
    State("compare-phone", "Both models on a phone.", both_on_a_phone, size=PHONE, edited=True),
    State("keys", "All keys.", shortcuts),
    State("phone", "On a phone.", phone, size=PHONE),
)  # fmt: skip


@contextmanager
def served(model: Path, digits: str, folder: Path, *, edited: bool = False) -> Iterator[str]:
    """The address of a server for a model, or for what somebody made of it beside it."""
    words = [word for digit in digits for word in ("--input", str(drawn(digit, folder)))]
    if edited:
        sys.path.insert(0, str(ROOT))
        from tests.analysis.pair_of_models import edited_resnet

        words += ["--compare", str(model)]
        model = edited_resnet(model, folder / "edited.keras")
    process = subprocess.Popen(
        [sys.executable, "-m", "cutaway", "view", str(model), "--no-browser", *words],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    try:
        found = re.search(r"http://\S+", process.stdout.readline() if process.stdout is not None else "")
        if found is None:
            sys.exit("the server told no address")
        yield found.group()
    finally:
        process.terminate()
        process.wait(timeout=10)


def drawn(digit: str, folder: Path) -> Path:
    """A digit, white on black, as an array."""
    image = Image.new("L", (28, 28))
    ImageDraw.Draw(image).text((8, 0), digit, fill=255, font=ImageFont.load_default(22))
    path = folder / f"{digit}.npy"
    np.save(path, np.asarray(image, np.float32)[..., None] / 255)
    return path


def take(browser: Any, state: State, target: Path) -> None:
    """Take one picture."""
    width, height = state.size
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if state.dark else "light"
    )
    page = context.new_page()
    with (
        tempfile.TemporaryDirectory() as folder,
        served(state.model, state.digits, Path(folder), edited=state.edited) as address,
    ):
        page.goto(address)
        page.wait_for_selector("[data-cutaway=drawn]", state="attached", timeout=90_000)
        page.wait_for_timeout(REST)
        state.go(page)
        page.wait_for_timeout(2 * REST)
        shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    context.close()
    method = Image.Quantize.MAXCOVERAGE if state.edited else None  # what changed is small, and told by its colour
    shot.quantize(2 * COLOURS if state.edited else COLOURS, method, dither=Image.Dither.NONE).save(
        target, optimize=True
    )


def main() -> None:
    """Take all pictures, and write the page that shows them."""
    from playwright.sync_api import sync_playwright

    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "explorer"
    folder.mkdir(parents=True, exist_ok=True)
    program = shutil.which("chromium") or sys.exit("needs Chromium")
    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=program, args=list(SWITCHES))
        for state in STATES if len(sys.argv) < 3 else [state for state in STATES if state.name in sys.argv[2:]]:
            take(browser, state, folder / f"{state.name}.png")
        browser.close()
    lines = ["# The explorer in pictures", "", "Taken by `scripts/screens.py`.", ""]
    for state in STATES:
        lines += [f"## {state.name.replace('-', ', ').capitalize()}", "", state.words, ""]
        lines += [f"![{state.name}]({folder.name}/{state.name}.png)", ""]
    folder.with_suffix(".md").write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
