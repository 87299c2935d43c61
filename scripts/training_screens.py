"""Takes the pictures of docs/training.md: small trainings are recorded, and the training view looks at them.

    python scripts/training_screens.py [FOLDER]

Needs Keras, Playwright, Pillow and the Chromium of the system.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.pages import PLAIN, SWITCHES, chromium  # noqa: E402
from benchmarks.training import served  # noqa: E402
from scripts.screens import COLOURS  # noqa: E402

REST = 2_500
"""Ms in which everything that is in sight is painted."""

STATES = (
    ("metrics", "#runs=fast|slow", (1280, 800), False),
    ("model", "#tab=model&run=fast/train&layer=hidden&at=120&theme=dark", (1280, 800), True),
    ("findings", "#tab=model&run=wild/train&layer=conv2", (1280, 800), False),
    ("distributions", "#tab=distributions&runs=slow", (1280, 800), False),
    ("phone", "#runs=fast|slow", (400, 780), False),
)


def record(folder: Path) -> None:
    """Trainings of a small network on pictures of noise whose halves are bright or dark; one has too large steps."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras
    import numpy as np

    import cutaway

    pixels = np.random.default_rng(0).normal(size=(1024, 12, 12, 1)).astype(np.float32)
    halves = [pixels[:, :6].mean((1, 2, 3)) > 0, pixels[:, 6:].mean((1, 2, 3)) > 0]
    labels = (2 * halves[0] + halves[1]).astype(np.int32)
    layers = keras.layers
    for name, rate in (("fast", 1e-2), ("slow", 1e-3), ("wild", 3.0)):
        keras.utils.set_random_seed(1)
        model = keras.Sequential(
            [
                keras.Input((12, 12, 1)),
                layers.Conv2D(8, 3, activation="relu", name="conv1"),
                layers.Conv2D(16, 3, activation="relu", name="conv2"),
                layers.GlobalAveragePooling2D(name="pool"),
                layers.Dense(32, activation="tanh", name="hidden"),
                layers.Dense(4, activation="softmax", name="probabilities"),
            ]
        )
        model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
        recorder = cutaway.Recorder(folder / name, every=4)
        model.fit(pixels, labels, validation_split=0.2, epochs=15, verbose=0, callbacks=[recorder])


def take(browser: Any, folder: Path, target: Path) -> None:
    """Take all pictures."""
    from PIL import Image

    with served(folder) as (address, _):
        for name, link, (width, height), dark in STATES:
            page = browser.new_page(
                viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
            )
            page.goto(address + link)
            while "reading" in (page.locator(".run-count").first.text_content() or "reading"):
                page.wait_for_timeout(100)
            page.wait_for_timeout(REST)
            if name == "metrics":
                page.mouse.move(720, 300)
                page.wait_for_timeout(200)
            path = target / f"{name}.png"
            page.screenshot(path=path)
            Image.open(path).convert("RGB").quantize(COLOURS).save(path, optimize=True)
            page.close()


def main() -> None:
    """Record and take the pictures."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "training"
    target.mkdir(parents=True, exist_ok=True)
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder:
        logs = Path(folder) / "logs"
        record(logs)
        with sync_playwright() as running:
            browser = running.chromium.launch(executable_path=chromium(), args=[*SWITCHES, *PLAIN])
            take(browser, logs, target)
            browser.close()


if __name__ == "__main__":
    main()
