"""A model of Keras and the same after some edits, as files: written by hand, so that nothing large is imported."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

CHANGED = {"renamed or moved after", "removed gone", "added fresh", "changed wider", "changed last"}
"""What a list of the changes says: the kind, and the name."""


def pair_of_models(folder: Path) -> tuple[Path, Path]:
    """The old and the new model. One layer is renamed, one gone, one fresh, and one wider, so the one behind it too."""
    old = [("before", 8), ("gone", 8), ("same_one", 8), ("same_two", 8), ("wider", 8), ("last", 2)]
    new = [("after", 8), ("same_one", 8), ("fresh", 8), ("same_two", 8), ("wider", 24), ("last", 2)]
    return write(folder / "old.keras", old), write(folder / "new.keras", new)


def write(path: Path, rows: list[tuple[str, int]]) -> Path:
    """A row of Dense layers, each with a name and a width, with different activations so that none is another."""
    layers: list[dict[str, Any]] = [layer("image", "InputLayer", {"batch_shape": [None, 4], "dtype": "float32"}, None)]
    activations = {"before": "tanh", "after": "tanh", "gone": "selu", "fresh": "gelu", "same_one": "relu"}
    width = 4
    for name, units in rows:
        config = {"units": units, "activation": activations.get(name, "linear"), "use_bias": True}
        layers.append(layer(name, "Dense", config, (layers[-1]["name"], width)))
        width = units
    ends = {"input_layers": [["image", 0, 0]], "output_layers": [[rows[-1][0], 0, 0]]}
    model = {
        "module": "keras", "class_name": "Functional", "registered_name": None,
        "config": {"name": "pair", "trainable": True, "layers": layers, **ends},
    }  # fmt: skip
    with zipfile.ZipFile(path, "w") as archive:
        for member, text in (("metadata.json", '{"keras_version": "3.15.1"}'), ("config.json", json.dumps(model))):
            archive.writestr(zipfile.ZipInfo(member), text)
    return path


def layer(name: str, kind: str, config: dict[str, Any], source: tuple[str, int] | None) -> dict[str, Any]:
    """A layer as Keras writes it; ``source`` is what it reads, and how wide that is."""
    inbound: list[Any] = []
    if source is not None:
        history = {"shape": [None, source[1]], "dtype": "float32", "keras_history": [source[0], 0, 0]}
        inbound = [{"args": [{"class_name": "__keras_tensor__", "config": history}], "kwargs": {}}]
    return {
        "module": "keras.layers", "class_name": kind, "registered_name": None, "name": name,
        "config": {"name": name, **config}, "inbound_nodes": inbound,
    }  # fmt: skip


def edited_resnet(source: Path, target: Path) -> Path:
    """A ResNet50 after some edits: an activation gone, a dropout fresh, a layer renamed, and a block set otherwise."""
    with zipfile.ZipFile(source) as archive:
        config = json.loads(archive.read("config.json"))
        members = {name: archive.read(name) for name in archive.namelist()}
    layers = config["config"]["layers"]
    for each in layers:
        if each["name"].startswith("conv3_block2_") and each["class_name"] == "BatchNormalization":
            each["config"]["momentum"] = 0.9
    layers[:] = [each for each in layers if each["name"] != "conv2_block2_1_relu"]
    drop = layer("conv4_block4_drop", "Dropout", {"rate": 0.2, "trainable": True}, ("conv4_block4_add", 1024))
    drop["inbound_nodes"][0]["args"][0]["config"]["shape"] = [None, 14, 14, 1024]
    at = next(at for at, each in enumerate(layers) if each["name"] == "conv4_block4_out")
    text = json.dumps(layers[at]).replace('"conv4_block4_add"', '"conv4_block4_drop"')
    layers[at : at + 1] = [drop, json.loads(text)]
    text = json.dumps(config).replace('"conv2_block2_1_relu"', '"conv2_block2_1_bn"')
    text = text.replace('"conv5_block3_3_conv"', '"conv5_block3_last_conv"')
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), text if name == "config.json" else data)
    return target
