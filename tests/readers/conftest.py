"""What the tests of the readers share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Real model files beside the repository."""
    path = Path(__file__).parents[3] / "shared" / "corpus"
    if not path.is_dir():
        pytest.skip("the folder of real model files, ../shared/corpus, is not beside this repository")
    return path
