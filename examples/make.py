"""Makes the example models beside this file; needs TensorFlow and Keras, which drawing them does not.

Usage: python examples/make.py
"""

from __future__ import annotations

import os
import re
import tempfile
import zipfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import keras

HERE = Path(__file__).resolve().parent


def repack(source: Path, target: Path, *, weights: bool) -> None:
    """Copy a `.keras` zip with fixed dates; leave the weights out if told so."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as new:
        for name in sorted(old.namelist()):
            if weights or name != "model.weights.h5":
                content = re.sub(rb"20[0-9-]+@[0-9:]+", b"2026-01-01@00:00:00", old.read(name))
                new.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)


def digits() -> keras.Model:
    """A small classifier with one residual block: enough to show a branch, a sum and two outputs."""
    image = keras.Input((28, 28, 1), name="image")
    x = keras.layers.Conv2D(16, 3, strides=2, padding="same", activation="relu", name="stem")(image)
    y = keras.layers.Conv2D(16, 3, padding="same", use_bias=False, name="block1_conv1")(x)
    y = keras.layers.BatchNormalization(name="block1_bn1")(y)
    y = keras.layers.ReLU(name="block1_relu1")(y)
    y = keras.layers.Conv2D(16, 3, padding="same", use_bias=False, name="block1_conv2")(y)
    y = keras.layers.BatchNormalization(name="block1_bn2")(y)
    x = keras.layers.Add(name="block1_add")([x, y])
    x = keras.layers.ReLU(name="block1_out")(x)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    digit = keras.layers.Dense(10, activation="softmax", name="digit")(x)
    slant = keras.layers.Dense(1, name="slant")(x)
    return keras.Model(image, {"digit": digit, "slant": slant}, name="digits")


def main() -> None:
    """Write both examples."""
    keras.utils.set_random_seed(1)
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder) / "model.keras"
        keras.applications.ResNet50(weights=None).save(saved)
        repack(saved, HERE / "resnet50.keras", weights=False)
        digits().save(saved)
        repack(saved, HERE / "digits.keras", weights=True)
    for path in sorted(HERE.glob("*.keras")):
        print(f"{path.name}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
