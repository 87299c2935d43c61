"""Makes the structure-only model files of the golden pictures; needs Keras and TensorFlow, which drawing does not.

Usage: python -m tests.make_models
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

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

COSTED = {
    "ResNet50V2": {}, "ResNet101": {}, "VGG19": {}, "DenseNet121": {},
    "MobileNetV3Small": {"input_shape": (224, 224, 3)}, "EfficientNetV2B0": {}, "NASNetMobile": {},
}  # fmt: skip
"""Applications whose cost is known and that no picture shows; they lie in a folder of their own."""

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


class Steps(tf.Module):
    """A loop in which a branch is taken, for the picture of control flow."""

    def __init__(self) -> None:
        super().__init__(name="steps")
        self.kernel = tf.Variable(tf.ones((8, 8)), name="kernel")

    @tf.function(input_signature=[tf.TensorSpec([None, 8], name="x")])
    def run(self, x: Any) -> Any:
        """Walk until the values are small, in steps that depend on their sign."""
        while tf.reduce_max(tf.abs(x)) > 1.0:
            x = tf.tanh(x @ self.kernel) if tf.reduce_sum(x) > 0.0 else x * 0.5
        return tf.nn.softmax(x)


def build_recurrent() -> keras.Model:
    """Two recurrent layers behind an embedding."""
    words = keras.Input((20,), dtype="int32", name="words")
    x = keras.layers.Embedding(100, 16, name="embed")(words)
    x = keras.layers.Bidirectional(keras.layers.LSTM(8, return_sequences=True), name="both_ways")(x)
    x = keras.layers.GRU(8, name="summary")(x)
    return keras.Model(words, keras.layers.Dense(2, activation="softmax", name="classes")(x), name="recurrent")


def write_saved_model(save: Callable[[str], object], name: str) -> None:
    """Write a zipped SavedModel without the values of its variables."""
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(MODELS / f"{name}.zip", "w") as file:
        save(folder)
        for member in ("saved_model.pb", "variables/variables.index"):
            data = (Path(folder) / member).read_bytes()
            file.writestr(zipfile.ZipInfo(member), data, zipfile.ZIP_DEFLATED, compresslevel=9)


def main() -> None:
    """Write all of them."""
    for name, build in (("encoder", zoo.build_transformer_encoder), ("recurrent", build_recurrent)):
        keras.utils.clear_session()
        write_saved_model(partial(build().export, verbose=False), f"saved_model_{name}")
    steps = Steps()
    write_saved_model(lambda folder: tf.saved_model.save(steps, folder, signatures=steps.run), "saved_model_steps")
    for name in APPLICATIONS:
        keras.utils.clear_session()  # names count from 1 in every file
        write(getattr(keras.applications, name)(weights=None), name)
    for name, arguments in COSTED.items():
        keras.utils.clear_session()
        write(getattr(keras.applications, name)(weights=None, **arguments), f"cost/{name}")
    for name, build in ZOO.items():
        keras.utils.clear_session()
        write(build(), name)


if __name__ == "__main__":
    main()
