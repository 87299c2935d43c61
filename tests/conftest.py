"""Settings for every test: quiet oracles, reproducible examples."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# Before anything imports TensorFlow: without these it writes pages of log lines to stderr.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

# A job that a script runs in the background ignores Ctrl-C, and so would every process that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Examples are the same in every run: a failure that one run finds must not be gone in the next.
settings.register_profile("cutaway", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("cutaway")


@pytest.fixture(autouse=True)
def _no_picture_is_left_behind() -> Iterator[None]:
    """`plot_model` writes ``model.png`` where nothing says otherwise: no test may leave that where it was started."""
    path = Path("model.png").absolute()
    was_there = path.exists()
    yield
    if not was_there and path.exists():
        path.unlink()
        pytest.fail(f"it left {path}; give plot_model a path in tmp_path, or None")
