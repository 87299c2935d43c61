"""What each reader makes of its format: text configs, archives of weights, folders, and what they must not import."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cutaway.errors import MissingExtra, ReadError, UnknownFormat
from cutaway.readers import read

SEQUENTIAL: dict[str, Any] = {
    "class_name": "Sequential",
    "keras_version": "2.1.6",
    "config": [
        {"class_name": "Dense", "config": {"name": "first", "units": 3, "batch_input_shape": [None, 4]}},
        {"class_name": "Activation", "config": {"name": "last", "activation": "relu"}},
    ],
}


def test_json(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_text("\ufeff" + json.dumps(SEQUENTIAL))
    graph = read(str(path))
    assert graph.names == ("input", "first", "last")
    assert graph.format == "keras_json"
    assert graph.producer == "Keras 2.1.6"
    assert [port.name for port in graph.inputs + graph.outputs] == ["input", "last"]


def test_json_in_a_json_text(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_text(json.dumps(json.dumps(SEQUENTIAL)))
    assert len(read(path)) == 3


@pytest.mark.parametrize("text", [
    "class_name: Sequential\nconfig:\n- class_name: Dense\n  config: {name: d, units: 3, "
    "batch_input_shape: !!python/tuple [null, 4]}\nkeras_version: 2.2.4\n",
    "backend: tensorflow\nclass_name: Sequential\nconfig:\n  name: s\n  layers:\n  - class_name: Dense\n"
    "    config:\n      name: d\n      units: 3\n      batch_input_shape: &id001 [null, 4]\n",
])  # fmt: skip
def test_yaml(tmp_path: Path, text: str) -> None:
    path = tmp_path / "model.yaml"
    path.write_text(text)
    graph = read(path)
    assert graph.names == ("input", "d")
    assert [weight.shape for weight in graph.weights] == [(4, 3), (3,)]


def test_yaml_executes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "model.yaml"
    target = tmp_path / "made"
    path.write_text(
        "class_name: Sequential\nconfig:\n- class_name: Dense\n"
        f"  config: {{name: d, units: 3, x: !!python/object/apply:pathlib.Path.touch [{target}]}}\n"
    )
    read(path)
    assert not target.exists()


def test_yaml_that_grows_without_end(tmp_path: Path) -> None:
    lines = ["class_name: Sequential", "a0: &a0 [x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    path = tmp_path / "model.yaml"
    path.write_text("\n".join([*lines, "config: *a29"]))
    with pytest.raises(ReadError, match="repeats written out"):
        read(path)


def test_yaml_that_holds_itself(tmp_path: Path) -> None:
    path = tmp_path / "model.yaml"
    path.write_text("class_name: Sequential\nconfig: &me\n  layers: [*me]\n")
    with pytest.raises(ReadError):
        read(path)


def test_npz(tmp_path: Path) -> None:
    arrays: dict[str, Any] = {"conv/kernel": np.zeros((3, 3, 1, 2), "float16"), "conv/bias": np.zeros(2)}
    np.savez(tmp_path / "w.npz", **arrays)
    graph = read(tmp_path / "w.npz")
    assert graph.names == ("conv",)
    assert [(weight.id, weight.shape, weight.dtype) for weight in graph.weights] == [
        ("conv/bias", (2,), "float64"),
        ("conv/kernel", (3, 3, 1, 2), "float16"),
    ]


def test_npz_is_not_unpickled(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "made",))

    np.savez(tmp_path / "w.npz", a=np.array([Trap()], dtype=object))
    assert read(tmp_path / "w.npz").weights[0].shape == (1,)
    assert not (tmp_path / "made").exists()


def test_npz_of_something_else(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "w.npz", "w") as archive:
        archive.writestr("a.npy", "no array")
    with pytest.raises(ReadError, match="expected a NumPy array"):
        read(tmp_path / "w.npz")


def test_folder(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(SEQUENTIAL))
    (tmp_path / "metadata.json").write_text('{"keras_version": "3.1.0"}')
    graph = read(tmp_path)
    assert len(graph) == 3
    assert (graph.format, graph.producer) == ("keras_v3", "Keras 3.1.0")


@pytest.mark.parametrize("given", [None, (None, 4)])
def test_model_that_was_never_built(tmp_path: Path, given: Any) -> None:
    layers = [{"class_name": "Dense", "config": {"name": "d", "units": 3}}]
    path = tmp_path / "model.json"
    path.write_text(json.dumps({"class_name": "Sequential", "config": {"name": "s", "layers": layers}}))
    graph = read(path, input_shape=given)
    if given is None:
        assert graph.names == ("d",)
        assert any("input_shape=" in warning for warning in graph.warnings)
    else:
        assert graph.names == ("input", "d")
        assert graph.outputs_of(1)[0].shape == (None, 3)
        assert graph.weights[0].shape == (4, 3)
        assert graph.warnings == ()


def _run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=_environment())
    return done.stdout


def _environment() -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")}


def test_import_is_lazy() -> None:
    code = "import sys, cutaway.readers as r; print(*sorted({x.module for x in r.READERS} & set(sys.modules)))"
    assert _run(code).split() == []
    code = (
        "import sys, cutaway.readers; print(*sorted({'google.protobuf', 'numpy', 'h5py', 'yaml'} & set(sys.modules)))"
    )
    assert _run(code).split() == []


def test_keras_file_needs_neither_numpy_nor_h5py_nor_tensorflow(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(SEQUENTIAL))
        archive.writestr("metadata.json", "{}")
        archive.writestr("model.weights.h5", b"never opened")
    code = (
        f"import sys, cutaway.readers; g = cutaway.readers.read({str(path)!r}); "
        "print(len(g), [m for m in ('numpy', 'h5py', 'tensorflow', 'keras', 'yaml') if m in sys.modules])"
    )
    assert _run(code).strip() == "3 []"


def test_missing_h5py_is_a_warning_where_the_config_is_enough_for_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    mine = {"class_name": "Mine", "module": None, "config": {"name": "mine"}, "registered_name": "Mine"}
    config = {"class_name": "Sequential", "config": {"name": "s", "layers": [*SEQUENTIAL["config"], mine]}}
    path = tmp_path / "m.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("metadata.json", "{}")
        archive.writestr("model.weights.h5", b"\x89HDF\r\n\x1a\n")
    graph = read(path)
    assert len(graph) == 4
    assert any("pip install h5py" in warning for warning in graph.warnings)
    whole = tmp_path / "m.h5"
    whole.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(600))
    with pytest.raises(MissingExtra, match="pip install h5py"):
        read(whole)


def test_config_that_is_no_models(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_text('{"some": "json"}')
    with pytest.raises(UnknownFormat, match="a JSON document without a Keras config"):
        read(path)


def test_a_model_without_layers_is_its_input(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_text(json.dumps({"class_name": "Sequential", "config": {"name": "zero", "layers": []}}))
    graph = read(path, input_shape=(None, 3))
    assert [node.outputs[0].shape for node in graph.nodes] == [(None, 3)]
    assert [port.node for port in graph.inputs + graph.outputs] == [0, 0]
    assert len(read(path)) == 0


@pytest.mark.parametrize("layers", [[], [{"class_name": "InputLayer", "config": {"name": "i", "batch_shape": [1, 3]}}]])
def test_an_archive_without_layers_is_its_input(tmp_path: Path, layers: list[Any]) -> None:
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", json.dumps({"class_name": "Sequential", "config": {"layers": layers}}))
    graph = read(path, input_shape=(1, 3))
    assert [node.outputs[0].shape for node in graph.nodes] == [(1, 3)]
    assert [port.node for port in graph.outputs] == [0]


@pytest.mark.parametrize("path", ["", b""])
def test_an_empty_path_is_said(path: Any) -> None:
    with pytest.raises(ReadError, match="path of the model is empty" if path == "" else "expected a path"):
        read(path)
