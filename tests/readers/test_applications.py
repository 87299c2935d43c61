"""`keras.applications` as files of three formats, against the live models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cutaway.readers import read
from tests.readers.live_facts import assert_equal_facts

keras: Any = pytest.importorskip("keras")

FAMILIES = {
    "ResNet50": (32, 32, 3),
    "ResNet50V2": (32, 32, 3),
    "InceptionV3": (75, 75, 3),
    "InceptionResNetV2": (75, 75, 3),
    "MobileNet": (32, 32, 3),
    "MobileNetV2": (32, 32, 3),
    "MobileNetV3Small": (32, 32, 3),
    "EfficientNetB0": (32, 32, 3),
    "EfficientNetV2B0": (32, 32, 3),
    "ConvNeXtTiny": (32, 32, 3),
    "NASNetMobile": (32, 32, 3),
    "DenseNet121": (32, 32, 3),
    "VGG16": (32, 32, 3),
    "Xception": (71, 71, 3),
}
"""Family → the smallest input that it takes."""


@pytest.fixture(scope="session")
def built() -> dict[str, Any]:
    """Models made so far; each is made once for all formats."""
    return {}


def model_named(name: str, built: dict[str, Any]) -> Any:
    if name not in built:
        make = getattr(keras.applications, name)
        built[name] = make(weights=None, include_top=False, input_shape=FAMILIES[name], pooling="avg")
    return built[name]


@pytest.mark.parametrize("name", FAMILIES)
def test_config_as_json_equals_the_live_model(name: str, built: dict[str, Any], tmp_path: Path) -> None:
    model = model_named(name, built)
    path = tmp_path / "model.json"
    path.write_text(model.to_json())
    assert_equal_facts(read(path), model)


SAVED = ["MobileNetV2", "ResNet50", "EfficientNetB0", "MobileNetV3Small", "ConvNeXtTiny", "NASNetMobile"]


@pytest.mark.parametrize("name", SAVED)
@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_saved_model_equals_the_live_model(name: str, ending: str, built: dict[str, Any], tmp_path: Path) -> None:
    model = model_named(name, built)
    path = tmp_path / f"model{ending}"
    model.save(path)
    graph = read(path)
    assert_equal_facts(graph, model)
    assert graph.producer == f"Keras {keras.__version__}"
    assert graph.warnings == ()
