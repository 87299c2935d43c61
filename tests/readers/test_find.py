"""A folder, a zip or a bundle that holds a model is opened; one that holds several lists them."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from cutaway.errors import ReadError, UnknownFormat
from cutaway.readers import locate, read
from cutaway.readers.limits import limit

DENSE = {"class_name": "Dense", "config": {"name": "d", "units": 3, "batch_input_shape": [None, 4]}}
CONFIG = json.dumps({"class_name": "Sequential", "config": [DENSE]}).encode()


def keras() -> bytes:
    return zipped({"config.json": CONFIG, "metadata.json": b"{}"})


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def folder(path: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


@pytest.fixture(params=["folder", "zip"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> object:
    def put(files: dict[str, bytes]) -> Path:
        if request.param == "folder":
            return folder(tmp_path / "top", files)
        (tmp_path / "top.zip").write_bytes(zipped(files))
        return tmp_path / "top.zip"

    return put


@pytest.mark.parametrize("name", [
    "model.keras", "export/model.json", "a/b/c/model.keras", "model/1/net.yaml", "a.zip",
])  # fmt: skip
def test_one_model_is_opened(place, name: str) -> None:  # type: ignore[no-untyped-def]
    data = keras() if name.endswith((".keras", ".zip")) else CONFIG
    top = place({name: data, "README.md": b"# A model", "picture.png": b"\x89PNG\r\n\x1a\n", "labels.txt": b"cat"})
    assert read(top).names == ("input", "d")
    assert str(locate(top).path) == f"{top}/{name}"
    assert read(f"{top}/{name}").names == ("input", "d")


def test_folder_that_is_a_model_as_a_whole(place) -> None:  # type: ignore[no-untyped-def]
    top = place({"net.keras/config.json": CONFIG, "net.keras/metadata.json": b"{}", "net.keras/other.json": CONFIG})
    assert str(locate(top).path).endswith("net.keras")
    assert len(read(top)) == 2


def test_weights_give_way_to_the_model_beside_them(place) -> None:  # type: ignore[no-untyped-def]
    npz = zipped({"a.npy": b"\x93NUMPY\x01\x00\x46\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}"})
    top = place({"model.json": CONFIG, "weights.npz": npz})
    assert read(top).format == "keras_json"
    assert str(locate(place({"only/weights.npz": npz})).path).endswith(("model.json", "weights.npz"))


def test_several_models_are_listed(place) -> None:  # type: ignore[no-untyped-def]
    top = place({"a/one.keras": keras(), "b/two.json": CONFIG, "b/inner.zip": zipped({"c/three.yaml": CONFIG})})
    with pytest.raises(UnknownFormat, match="holds 3 models; give the path of the one that is meant") as caught:
        read(top)
    lines = str(caught.value).splitlines()[1:]
    assert [line.split() for line in lines] == [
        [f"{top}/a/one.keras", "(keras_v3)"],
        [f"{top}/b/inner.zip/c/three.yaml", "(keras_json)"],
        [f"{top}/b/two.json", "(keras_json)"],
    ]
    for line in lines:
        assert len(read(line.split()[0])) == 2


def test_many_models_are_listed_in_part(place) -> None:  # type: ignore[no-untyped-def]
    top = place({f"{number}.json": CONFIG for number in range(30)})
    with pytest.raises(UnknownFormat, match=r"holds 30 models.*\n(.*\n){20}.*and 10 more"):
        read(top)


@pytest.mark.parametrize("name", [
    "assets/model.keras", "variables/model.json", ".hidden/model.json", "__MACOSX/._model.keras", ".model.keras",
])  # fmt: skip
def test_what_is_never_looked_into(place, name: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UnknownFormat, match=r"without a model|holds no model"):
        read(place({name: keras(), "notes.txt": b""}))


def test_links_that_lead_out_are_named(tmp_path: Path) -> None:
    (tmp_path / "model.keras").write_bytes(keras())
    (tmp_path / "top").mkdir()
    (tmp_path / "top" / "link.keras").symlink_to(tmp_path / "model.keras")
    with pytest.raises(UnknownFormat, match=r"link\.keras lead out of it"):
        read(tmp_path / "top")
    assert len(read(tmp_path / "top" / "link.keras")) == 2


def test_search_ends(tmp_path: Path) -> None:
    for number in range(limit("candidates") + 50):
        (tmp_path / f"{number:04}.bin.json").write_text("[]")
    (tmp_path / "zzz").mkdir()
    (tmp_path / "zzz" / "model.json").write_bytes(CONFIG)
    with pytest.raises(UnknownFormat, match=r"without a model|holds no model"):
        read(tmp_path)


def test_bundles_of_the_corpus(corpus: Path) -> None:
    bundle = corpus / "bundle" / "google-ai-edge+mediapipe__dummy_gesture_recognizer.task"
    with pytest.raises(UnknownFormat, match="holds 3 models"):
        read(bundle)
    graph = read(bundle / "dummy_hand_landmarker.task" / "dummy_hand_detector.tflite", raw=True)
    assert (graph.format, len([node for node in graph.nodes if node.op != "Input"])) == ("tflite", 11)
    assert read(corpus / "bundle" / "google-ai-edge+ai-edge-quantizer__conv_fc_mnist.litertlm").format == "tflite"


@pytest.mark.parametrize("keep", [8, 24, 40, 200, 20_000])
def test_litert_lm_that_is_cut(tmp_path: Path, corpus: Path, keep: int) -> None:
    data = (corpus / "bundle" / "google-ai-edge+ai-edge-quantizer__conv_fc_mnist.litertlm").read_bytes()
    (tmp_path / "cut.litertlm").write_bytes(data[:keep])
    with pytest.raises(ReadError, match="LiteRT-LM"):
        read(tmp_path / "cut.litertlm")


def test_litert_lm_whose_header_lies(tmp_path: Path, corpus: Path) -> None:
    data = bytearray((corpus / "bundle" / "google-ai-edge+ai-edge-quantizer__conv_fc_mnist.litertlm").read_bytes())
    struct.pack_into("<Q", data, 24, (1 << 64) - 1)
    (tmp_path / "odd.litertlm").write_bytes(data)
    assert read(tmp_path / "odd.litertlm").format == "tflite"


KNOWN = {
    "notebook.ipynb": (b'{"cells": [], "nbformat": 4}', "Jupyter notebook; save the model"),
    "train.py": (b"import keras\n", "Python source; run it"),
    "weights.bin": (b"\x00\xff" * 50, "raw values"),
    "variables.data-00000-of-00001": (bytes(range(256)), r"put variables\.index beside it"),
    "group1-shard1of2.bin": (b"\x00\xff\x01\xfe" * 50, r"open the model\.json"),
    "big.keras": (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 123456\n", "123,456 bytes was not"),
    "page.h5": (b"<!DOCTYPE html><html><body>404", "an HTML page; a download"),
    "labels.pbtxt": (b"item {\n  id: 1\n  name: 'cat'\n}\n", "a label map"),
    "model.safetensors": (struct.pack("<Q", 2) + b"{}" + bytes(8), "safetensors"),
    "model.gguf": (b"GGUF\x03\0\0\0", "GGUF"),
    "model.xml": (b'<?xml version="1.0"?>\n<net name="m" version="11">', "OpenVINO"),
    "model.plan": (b"ptrt\0\0\0\0", "TensorRT"),
    "model.joblib": (b"\x80\x04\x95\x10", "never loads"),
    "model.ubj": (b"binf\0\0\0\0", "XGBoost"),
    "booster.json": (b'{"learner": {"attributes": {}}}', "XGBoost"),
    "net.cfg": (b"[net]\nbatch=1\n", "Darknet"),
    "photo.jpg": (b"\xff\xd8\xff\xe0", "JPEG"),
    "model.onnx": (b"\x08\x07\x12\x07pytorch\x1a\x031.9" + bytes([0xFE] * 9), "ONNX"),
}


@pytest.mark.parametrize("name", KNOWN)
def test_what_is_no_model_is_named(tmp_path: Path, name: str) -> None:
    data, what = KNOWN[name]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UnknownFormat, match=what):
        read(tmp_path / name)


def test_saved_model_without_its_graph(tmp_path: Path) -> None:
    with pytest.raises(UnknownFormat, match=r"saved_model\.pb is missing"):
        read(folder(tmp_path, {"variables/variables.data-00000-of-00001": b"\xff" * 9}))


def test_values_of_a_model_that_was_found(tmp_path: Path) -> None:
    from cutaway.readers.values import read_values

    buffer = io.BytesIO()
    np.savez(buffer, a=np.arange(6, dtype="float32"))
    path = folder(tmp_path / "top", {"deeper/w.npz": buffer.getvalue()})
    assert read_values(path, read(path).weights[0], 2, 4).tolist() == [2, 3]
