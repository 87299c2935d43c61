"""HDF5 files: whole models, weights alone, and files that try to lead somewhere else."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from cutaway.errors import ReadError, UnknownFormat
from cutaway.readers import read

h5py: Any = pytest.importorskip("h5py")
keras: Any = pytest.importorskip("keras")

CONFIG = {
    "class_name": "Sequential",
    "config": {
        "name": "m",
        "layers": [
            {"class_name": "InputLayer", "config": {"name": "i", "batch_shape": [None, 4]}},
            {"class_name": "Mine", "module": None, "config": {"name": "mine"}},
        ],
    },
}


def whole(path: Path, config: Any = CONFIG) -> Path:
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config)
        file.attrs["keras_version"] = "2.4.0"
        held = file.create_group("model_weights")
        held.attrs["layer_names"] = [b"i", b"mine"]
        held.create_group("i")
        layer = held.create_group("mine")
        layer.attrs["weight_names"] = [b"mine/block/kernel:0", b"mine/bias:0"]
        layer.create_dataset("mine/block/kernel:0", shape=(4, 3), dtype="float32")
        layer.create_dataset("mine/bias:0", shape=(3,), dtype="float16")
    return path


def test_layer_without_a_rule_gets_its_weights_from_the_file(tmp_path: Path) -> None:
    graph = read(whole(tmp_path / "m.h5"))
    assert graph.producer == "Keras 2.4.0"
    weights = [(weight.id, weight.shape, weight.dtype) for weight in graph.weights_of(1)]
    assert weights == [("mine/block/kernel", (4, 3), "float32"), ("mine/bias", (3,), "float16")]
    assert graph.weights_of(1)[0].location == "/model_weights/mine/mine/block/kernel:0"


def test_external_link_is_not_followed(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file.create_dataset("secret", data=[1.0])
    path = whole(tmp_path / "m.h5")
    with h5py.File(path, "r+") as file:
        del file["model_weights/mine"]["mine/bias:0"]
        file["model_weights/mine/mine/bias:0"] = h5py.ExternalLink("other.h5", "/secret")
    with pytest.raises(ReadError, match=r"a link to another file \('other.h5'\)"):
        read(path)


def test_dataset_in_another_file_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "raw.bin").write_bytes(bytes(12))
    with h5py.File(tmp_path / "m.weights.h5", "w") as file:
        group = file.create_group("layers/dense/vars")
        group.create_dataset("0", shape=(3,), dtype="float32", external=[(str(tmp_path / "raw.bin"), 0, 12)])
    with pytest.raises(ReadError, match="keeps its values in another file"):
        read(tmp_path / "m.weights.h5")


def test_virtual_dataset_is_not_read(tmp_path: Path) -> None:
    layout = h5py.VirtualLayout(shape=(3,), dtype="float32")
    layout[:] = h5py.VirtualSource("other.h5", "data", shape=(3,))
    with h5py.File(tmp_path / "m.weights.h5", "w") as file:
        file.create_group("layers/dense/vars").create_virtual_dataset("0", layout)
    with pytest.raises(ReadError, match="keeps its values in another file"):
        read(tmp_path / "m.weights.h5")


def test_group_that_holds_itself(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "m.weights.h5", "w") as file:
        group = file.create_group("layers/dense")
        group["dense"] = group
    with pytest.raises(ReadError, match="nested more than"):
        read(tmp_path / "m.weights.h5")


def test_terabyte_that_is_not_stored_costs_nothing(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "m.weights.h5", "w") as file:
        file.create_group("layers/dense/vars").create_dataset(
            "0", shape=(1 << 20, 1 << 20), chunks=(64, 64), dtype="float32", compression="gzip"
        )
    graph = read(tmp_path / "m.weights.h5")
    assert graph.weights[0].parameters == 1 << 40


def test_attribute_of_two_gigabytes(tmp_path: Path) -> None:
    """The heap that holds the attribute claims 2 GB; the file is sparse, and nothing of that size is read."""
    path = whole(tmp_path / "m.h5", {**CONFIG, "padding": "x" * 100_000})
    data = path.read_bytes()
    heaps = [at for at in range(len(data)) if data.startswith(b"GCOL", at)]
    assert heaps
    for start in heaps:
        changed = bytearray(data)
        changed[start + 8 : start + 16] = (2 << 30).to_bytes(8, "little")
        path.write_bytes(changed)
        with path.open("r+b") as file:
            file.truncate(3 << 30)
        with pytest.raises(ReadError, match="damaged or cut short"):
            read(path)


def test_hdf5_that_is_no_model_says_what_it_holds(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.create_dataset("table", data=[1])
    with pytest.raises(UnknownFormat, match="it holds table"):
        read(tmp_path / "m.h5")


def test_truncated_hdf5(tmp_path: Path) -> None:
    path = whole(tmp_path / "m.h5")
    data = path.read_bytes()
    for length in range(64, len(data) - 1, 97):
        path.write_bytes(data[:length])
        with pytest.raises(ReadError):
            read(path)


def live() -> Any:
    inner = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="d")], name="inner")
    source = keras.Input((4,), name="i")
    return keras.Model(source, keras.layers.BatchNormalization(name="bn")(inner(source)), name="m")


def test_weights_file_of_keras_3(tmp_path: Path) -> None:
    model = live()
    model.save_weights(tmp_path / "m.weights.h5")
    graph = read(tmp_path / "m.weights.h5")
    assert graph.format == "keras_weights"
    assert sum(weight.parameters for weight in graph.weights) == model.count_params()
    assert sorted(weight.shape for weight in graph.weights) == sorted(tuple(w.shape) for w in model.weights)
    assert {node.op for node in graph.nodes} == {"Weights"}
    assert graph.edge_count == 0
    assert "batch_normalization" in graph.names


def test_subclassed_model_shows_the_weights_of_its_file(tmp_path: Path) -> None:
    class Block(keras.layers.Layer):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.first, self.second = keras.layers.Dense(3), keras.layers.Dense(2)

        def call(self, x: Any) -> Any:
            return self.second(self.first(x))

    class Mine(keras.Model):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.block, self.head = Block(), keras.layers.Dense(1)

        def call(self, x: Any) -> Any:
            return self.head(self.block(x))

    model = Mine()
    model(keras.ops.ones((1, 4)))
    model.save(tmp_path / "m.keras")
    graph = read(tmp_path / "m.keras")
    assert graph.format == "keras_v3"
    assert sorted(graph.ids) == ["block/first", "block/second", "head"]
    assert sum(weight.parameters for weight in graph.weights) == model.count_params()
    assert "no calls of a subclassed model" in graph.group(1).found_by
    assert graph.group(0).op == "Mine"


def test_composite_layer_in_a_functional_model_keeps_its_edges(tmp_path: Path) -> None:
    class Pair(keras.layers.Layer):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.left, self.right = keras.layers.Dense(3), keras.layers.Dense(3)

        def call(self, x: Any) -> Any:
            return self.left(x) + self.right(x)

    source = keras.Input((4,), name="i")
    middle = keras.layers.Dense(2, name="after")(Pair(name="pair")(source))
    model = keras.Model(source, middle)
    model.save(tmp_path / "m.keras")
    graph = read(tmp_path / "m.keras")
    assert graph.names == ("i", "pair", "after")
    assert [(edge.source, edge.target) for edge in graph.edges()] == [(0, 1), (1, 2)]
    assert graph.outputs_of(1)[0].shape == (None, 3)
    assert sum(weight.parameters for weight in graph.weights) == model.count_params()
    assert graph.weights_of(1)[0].location == "model.weights.h5:layers/pair/left/vars/0"


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_weights_in_a_zip_packed_or_not(tmp_path: Path, compression: int) -> None:
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file.create_group("layers/mine/inner/vars").create_dataset("0", data=[[1.0, 2.0, 3.0]] * 4)
    path = tmp_path / "m.keras"
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", json.dumps(CONFIG))
        archive.write(tmp_path / "w.h5", "model.weights.h5")
    weight = read(path).weights[0]
    assert (weight.id, weight.shape) == ("mine/inner/0", (4, 3))
    assert weight.location == "model.weights.h5:layers/mine/inner/vars/0"

    data = path.read_bytes()
    at = data.index(b"\x89HDF") if compression == zipfile.ZIP_STORED else data.rindex(b"PK\x03\x04") + 60
    path.write_bytes(data[:at] + bytes(200) + data[at + 200 :])
    with pytest.raises(ReadError, match=r"model\.weights\.h5"):
        read(path)
