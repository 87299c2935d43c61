"""Every test begins with Keras' counters of names at zero, so that names made by Keras are known."""

from __future__ import annotations

import keras
import pytest


@pytest.fixture(autouse=True)
def _fresh_names() -> None:
    keras.backend.clear_session()
