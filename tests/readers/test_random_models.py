"""Random Functional models, saved and read again, against the live models."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cutaway.readers.keras.config import read_config
from tests.readers.live_facts import assert_equal_facts
from tests.readers.random_models import random_model

keras: Any = pytest.importorskip("keras")


@settings(max_examples=120, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_read_model_equals_the_live_one(data: st.DataObject) -> None:
    model = random_model(data, keras)
    graph = read_config(json.loads(model.to_json()), format="test")
    assert_equal_facts(graph, model)
    assert graph == read_config(json.loads(model.to_json()), format="test")
    assert graph.warnings == ()
