"""Makes the structure-only model files that golden pictures are drawn of; needs Keras, which drawing does not.

Usage: python -m tests.make_models
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import keras

from tests import zoo

MODELS = Path(__file__).parent / "models"

APPLICATIONS = [
    "ResNet50",
    "ResNet152V2",
    "InceptionV3",
    "InceptionResNetV2",
    "EfficientNetB0",
    "EfficientNetV2L",
    "NASNetLarge",
    "DenseNet201",
    "MobileNet",
    "MobileNetV2",
    "MobileNetV3Large",
    "ConvNeXtTiny",
    "VGG16",
    "Xception",
]

ZOO: dict[str, Callable[[], keras.Model]] = {
    "transformer_encoder": zoo.build_transformer_encoder,
    "unet": zoo.build_unet,
    "siamese": zoo.build_siamese,
    "gan": zoo.build_gan,
    "seq2seq": zoo.build_seq2seq,
    "two_tower": zoo.build_two_tower,
    "recurrent_wrappers": zoo.build_recurrent_wrappers,
}


def write(model: keras.Model, name: str) -> None:
    """Write a `.keras` file without weights, the same bytes every time."""
    config = model.to_json()
    metadata = json.dumps({"keras_version": keras.__version__, "date_saved": "2026-01-01@00:00:00"})
    with zipfile.ZipFile(MODELS / f"{name}.keras", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        for member, text in (("config.json", config), ("metadata.json", metadata)):
            file.writestr(zipfile.ZipInfo(member), text, zipfile.ZIP_DEFLATED)


def main() -> None:
    """Write all of them."""
    for name in APPLICATIONS:
        keras.utils.clear_session()  # names count from 1 in every file
        write(getattr(keras.applications, name)(weights=None), name)
    for name, build in ZOO.items():
        keras.utils.clear_session()
        write(build(), name)


if __name__ == "__main__":
    main()
