"""Files that are damaged, hostile or something else: each a `ReadError` that says what and where."""

from __future__ import annotations

import io
import json
import os
import random
import struct
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import pytest

from cutaway.errors import CutawayError, OptionError, ReadError, UnknownFormat
from cutaway.readers import READERS, read
from cutaway.readers.keras.values import DEEPEST
from cutaway.readers.source import LIMITS, Source

DENSE = {"class_name": "Dense", "config": {"name": "d", "units": 3}}
INPUT = {
    "class_name": "InputLayer",
    "config": {"name": "i", "batch_shape": [None, 4]},
    "name": "i",
    "inbound_nodes": [],
}


def functional(*layers: dict[str, Any], outputs: Any = None) -> dict[str, Any]:
    last = layers[-1]["name"]
    config = {
        "name": "m",
        "layers": [INPUT, *layers],
        "input_layers": [["i", 0, 0]],
        "output_layers": outputs or [[last, 0, 0]],
    }
    return {"class_name": "Functional", "config": config}


def dense(name: str, *reads: str, **config: Any) -> dict[str, Any]:
    return {
        "class_name": "Dense",
        "name": name,
        "config": {"name": name, "units": 3, **config},
        "inbound_nodes": [[[read, 0, 0, {}] for read in reads]],
    }


def saved(tmp_path: Path, config: Any, *, compression: int = zipfile.ZIP_STORED) -> Path:
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.15.1"}))
        archive.writestr("config.json", config if isinstance(config, str | bytes) else json.dumps(config))
    return path


def as_json(tmp_path: Path, config: Any) -> Path:
    path = tmp_path / "model.json"
    path.write_text(config if isinstance(config, str) else json.dumps(config))
    return path


def test_cycle_is_named(tmp_path: Path) -> None:
    config = functional(dense("a", "b"), dense("b", "c"), dense("c", "a"))
    with pytest.raises(ReadError, match=r"cycle.*'[abc]' reads '[abc]'"):
        read(saved(tmp_path, config))


def test_layer_that_reads_itself(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="cycle"):
        read(saved(tmp_path, functional(dense("a", "a"))))


def test_missing_layer_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"'a' reads layer 'nowhere', which is not among its layers"):
        read(saved(tmp_path, functional(dense("a", "nowhere"))))


@pytest.mark.parametrize("outputs", [[["gone", 0, 0]], [["a", 7, 0]], [["a", 0, 7, {}, 1]], "a", [[1, 2]]])
def test_output_that_is_not_there(tmp_path: Path, outputs: Any) -> None:
    with pytest.raises(ReadError, match="model"):
        read(saved(tmp_path, functional(dense("a", "i"), outputs=outputs)))


def test_port_that_is_not_there(tmp_path: Path) -> None:
    config = {"name": "n", "layers": [INPUT], "input_layers": [["i", 0, 0]], "output_layers": [["i", 0, 0]]}
    inner = {"class_name": "Functional", "name": "n", "inbound_nodes": [[["i", 0, 0, {}]]], "config": config}
    after = {**dense("a"), "inbound_nodes": [[["n", 0, 5, {}]]]}
    with pytest.raises(ReadError, match=r"'a' reads output 5 of layer 'n', which has 1"):
        read(saved(tmp_path, functional(inner, after)))


def test_two_layers_of_one_name(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="two layers are named 'a'"):
        read(saved(tmp_path, functional(dense("a", "i"), dense("a", "i"))))


@pytest.mark.parametrize(
    "config",
    [
        None, 1, [], {}, "text", {"class_name": "Sequential"}, {"class_name": 3, "config": {}},
        {"class_name": "Sequential", "config": {"layers": [1]}},
        {"class_name": "Sequential", "config": {"layers": {"a": 1}}},
        {"class_name": "Functional", "config": {"layers": [None], "input_layers": [], "output_layers": []}},
        functional({**dense("a", "i"), "inbound_nodes": 7}),
        functional({**dense("a", "i"), "inbound_nodes": [[["i", True, 0, {}]]]}),
        functional({**dense("a", "i"), "inbound_nodes": [[["i", 10**30, 0, {}]]]}),
        functional({**dense("a", "i"), "inbound_nodes": [{"args": 3, "kwargs": 4}]}),
        functional({**dense("a", "i"), "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__"}]}]}),
        functional({**dense("a", "i"), "config": [1, 2]}),
        functional({**dense("a", "i"), "name": {"x": 1}}),
    ],
)  # fmt: skip
def test_malformed_config(tmp_path: Path, config: Any) -> None:
    with pytest.raises(ReadError):
        read(saved(tmp_path, config))


@pytest.mark.parametrize("shape", [["x", 4], [None, -7], [float("nan"), 3], [[1], 2], "shape", 5, [True, 2], [10**400]])
def test_odd_input_shape_names_the_layer(tmp_path: Path, shape: Any) -> None:
    config = functional(dense("a", "i"))
    config["config"]["layers"][0] = {**INPUT, "config": {"name": "i", "batch_shape": shape}}
    with pytest.raises(ReadError, match="'i'"):
        read(saved(tmp_path, config))


@pytest.mark.parametrize("units", ["many", None, -3, float("nan"), [3], 10**400, True])
def test_odd_argument_leaves_the_shape_unknown_and_says_so(tmp_path: Path, units: Any) -> None:
    graph = read(saved(tmp_path, functional(dense("a", "i", units=units), dense("b", "a"))))
    assert graph.outputs_of(1)[0].shape is None
    assert any("'a'" in warning for warning in graph.warnings)
    assert len(graph) == 3


def test_unknown_custom_layer_does_not_stop_the_rest(tmp_path: Path) -> None:
    custom = {**dense("odd", "a"), "class_name": "Mine", "module": None, "registered_name": "me>Mine"}
    graph = read(as_json(tmp_path, functional(dense("a", "i"), custom, dense("b", "odd"))))
    assert [graph.outputs_of(node)[0].shape for node in range(4)] == [(None, 4), (None, 3), None, None]
    assert graph.edge_count == 3


def test_truncated_zip_at_every_length(tmp_path: Path) -> None:
    whole = saved(tmp_path, functional(dense("a", "i"))).read_bytes()
    path = tmp_path / "cut.keras"
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(ReadError):
            read(path)


def test_zip_bomb_is_refused_before_it_unpacks(tmp_path: Path) -> None:
    path = saved(tmp_path, b"[" + b" " * (40 << 20) + b"]", compression=zipfile.ZIP_DEFLATED)
    tracemalloc.start()
    try:
        with pytest.raises(ReadError, match="zip bomb"):
            read(path)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


def test_member_larger_than_it_says(tmp_path: Path) -> None:
    """A header that claims fewer bytes must not let more through."""
    path = saved(tmp_path, json.dumps(functional(dense("a", "i"))), compression=zipfile.ZIP_DEFLATED)
    data = bytearray(path.read_bytes())
    at = data.rfind(b"PK\x01\x02")
    struct.pack_into("<I", data, at + 24, 10)
    path.write_bytes(data)
    with pytest.raises(ReadError):
        read(path)


def test_config_beyond_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    with path.open("wb") as file:
        file.write(b'{"class_name": "Dense", "config": "' + b" " * 5000)
        file.truncate(LIMITS["text"][0] + 1)
    with pytest.raises(ReadError, match="bytes; at most"):
        read(path)


def test_zip_with_a_long_table_of_contents(tmp_path: Path) -> None:
    path = saved(tmp_path, functional(dense("a", "i")))
    data = bytearray(path.read_bytes())
    end = data.rfind(b"PK\x05\x06")
    struct.pack_into("<I", data, end + 12, (LIMITS["directory"][0] + 1) & 0xFFFFFFFF)
    path.write_bytes(data)
    with pytest.raises(ReadError):
        read(path)


def test_two_configs_in_one_zip(tmp_path: Path) -> None:
    path = saved(tmp_path, functional(dense("a", "i")))
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("config.json", json.dumps(DENSE))
    with pytest.raises(ReadError, match=r"2 members named 'config\.json'"):
        read(path)


def test_symbolic_link_in_a_zip(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", "{}")
        info = zipfile.ZipInfo("config.json")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/hostname")
    with pytest.raises(ReadError, match="symbolic link"):
        read(path)


def test_paths_in_a_zip_lead_nowhere(tmp_path: Path) -> None:
    path = saved(tmp_path, functional(dense("a", "i")))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../outside.txt", "x")
        archive.writestr("/absolute.txt", "x")
    assert len(read(path)) == 2
    assert sorted(each.name for each in tmp_path.iterdir()) == ["model.keras"]


def test_deeply_nested_json(tmp_path: Path) -> None:
    text = '{"class_name": "Sequential", "config": {"layers": ' + "[" * 100_000 + "]" * 100_000 + "}}"
    with pytest.raises(ReadError, match="nested too deeply"):
        read(as_json(tmp_path, text))


def nested(depth: int) -> Any:
    config: Any = dense("a", "i")
    for level in range(depth):
        config = {
            "class_name": "Functional", "name": f"m{level}", "inbound_nodes": [[["i", 0, 0, {}]]],
            "config": {"name": f"m{level}", "layers": [INPUT, config], "input_layers": [["i", 0, 0]],
                       "output_layers": [[config["name"], 0, 0]]},
        }  # fmt: skip
    return config


def test_nested_models_up_to_the_limit(tmp_path: Path) -> None:
    graph = read(as_json(tmp_path, nested(DEEPEST)))
    assert len(graph) == 2
    assert len(graph.groups) == DEEPEST


def test_a_thousand_nested_models(tmp_path: Path) -> None:
    parts = ['{"class_name": "Sequential", "config": {"layers": [' * 300, json.dumps(DENSE), "]}}" * 300]
    with pytest.raises(ReadError, match="deep"):
        read(as_json(tmp_path, "".join(parts)))
    parts = ['{"class_name": "Sequential", "config": {"layers": [' * 1000, json.dumps(DENSE), "]}}" * 1000]
    with pytest.raises(ReadError, match="deep"):
        read(as_json(tmp_path, "".join(parts)))


@pytest.mark.parametrize("through", [True, False])
def test_models_that_multiply(tmp_path: Path, through: bool) -> None:
    """Forty models, each calling the next one twice: a small file, and a million million calls."""
    inner: Any = {"class_name": "Functional", "name": "m0", "config": {
        "name": "m0", "layers": [INPUT] if through else [INPUT, dense("d", "i")],
        "input_layers": [["i", 0, 0]], "output_layers": [["i" if through else "d", 0, 0]],
    }}  # fmt: skip
    for level in range(1, 41):
        inner["inbound_nodes"] = [[["i", 0, 0, {}]], [[inner["name"], 0, 0, {}]]]
        config = {"name": f"m{level}", "layers": [INPUT, inner], "input_layers": [["i", 0, 0]],
                  "output_layers": [[inner["name"], 1, 0]]}  # fmt: skip
        inner = {"class_name": "Functional", "name": f"m{level}", "config": config}
    with pytest.raises(ReadError, match="multiply"):
        read(as_json(tmp_path, inner))


def test_ports_without_number(tmp_path: Path) -> None:
    layers = []
    for at in range(20):
        layers += [dense(f"a{at}", "i"), {**dense(f"b{at}"), "inbound_nodes": [[[f"a{at}", 0, 65_000, {}]]]}]
    with pytest.raises(ReadError, match="more than"):
        read(as_json(tmp_path, functional(*layers)))


def test_endless_name(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="characters"):
        read(as_json(tmp_path, functional(dense("n" * 100_000, "i"))))
    assert read(as_json(tmp_path, functional(dense("n" * 10_000, "i")))).names[1] == "n" * 10_000


def test_long_chain_is_no_deep_one(tmp_path: Path) -> None:
    layers = [dense(f"d{at}", f"d{at - 1}" if at else "i") for at in range(3000)]
    graph = read(as_json(tmp_path, functional(*reversed(layers), outputs=[["d2999", 0, 0]])))
    assert len(graph) == 3001
    assert graph.edge_count == 3000


STRANGERS = {
    "a JPEG": b"\xff\xd8\xff\xe0\x00\x10JFIF",
    "a PNG": b"\x89PNG\r\n\x1a\n\0\0",
    "a PDF": b"%PDF-1.7\n",
    "a Jupyter notebook": b'{"cells": [], "metadata": {}, "nbformat": 4}',
    "Python source": b"import keras\nmodel = keras.Sequential()\n",
    "git lfs pull": b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n",
    "an HTML page": b"<!DOCTYPE html><html>",
    "a Python pickle": b"\x80\x04\x95\x10",
    "gzip": b"\x1f\x8b\x08\0",
    "empty": b"",
    "a zip that is cut short": b"PK\x03\x04\x14\0\0\0",
    "of a kind": bytes(range(128, 256)),
}


@pytest.mark.parametrize("what", STRANGERS)
@pytest.mark.parametrize("ending", [".keras", ".h5", ".json"])
def test_renamed_file_is_called_by_its_name(tmp_path: Path, what: str, ending: str) -> None:
    path = tmp_path / f"model{ending}"
    path.write_bytes(STRANGERS[what])
    with pytest.raises(UnknownFormat, match=what) as caught:
        read(path)
    assert STRANGERS[what][:8].hex(" ") in str(caught.value)
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("members", "what"),
    [
        (["a/data.pkl"], "PyTorch"),
        (["model/x.tflite"], "TensorFlow Lite"),
        ([], "nothing"),
    ],
)
def test_other_zips(tmp_path: Path, members: list[str], what: str) -> None:
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w") as archive:
        for member in members:
            archive.writestr(member, "x")
    with pytest.raises(UnknownFormat, match=what):
        read(path)


def test_other_folders(tmp_path: Path) -> None:
    with pytest.raises(UnknownFormat, match="the folder is empty"):
        read(tmp_path)
    (tmp_path / "notes.txt").touch()
    with pytest.raises(UnknownFormat, match=r"holds no model, only notes\.txt"):
        read(tmp_path)
    (tmp_path / "variables.data-00000-of-00001").touch()
    with pytest.raises(UnknownFormat, match=r"holds the values of a checkpoint.*variables\.index"):
        read(tmp_path)


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="no such file"):
        read(tmp_path / "nothing.keras")
    with pytest.raises(ReadError, match="cannot be opened"):
        read("\0")


def test_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.keras")
    with pytest.raises(ReadError, match="device, a pipe or a socket"):
        read(tmp_path / "pipe.keras")


def test_object_that_is_no_model() -> None:
    with pytest.raises(UnknownFormat, match=r"received an object of class builtins\.int"):
        read(3)


def test_inputs_are_for_live_models(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="input_shape"):
        read(tmp_path, inputs=[1])


def test_no_source_matches_two_readers(tmp_path: Path) -> None:
    config = functional(dense("a", "i"))
    for path in (saved(tmp_path, config), as_json(tmp_path, config)):
        assert sum(reader.matches(Source(path)) for reader in READERS) == 1


def _mutations(data: bytes, seed: int, count: int) -> list[bytes]:
    chance = random.Random(seed)
    made = []
    for _ in range(count):
        changed = bytearray(data)
        for _ in range(chance.randint(1, 8)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        if chance.random() < 0.3:
            del changed[chance.randrange(len(changed)) :]
        made.append(bytes(changed))
    return made


def _attempt(path: Path) -> None:
    """A damaged file is read, or refused with an error of ours."""
    try:
        graph = read(path)
    except CutawayError:
        return
    for node in graph.nodes:
        json.dumps(dict(node.attributes))


@pytest.mark.parametrize("seed", range(4))
def test_damaged_bytes(tmp_path: Path, seed: int) -> None:
    config = functional(dense("a", "i"), dense("b", "a"), dense("c", "a", "b"))
    for data in (saved(tmp_path, config).read_bytes(), json.dumps(config).encode()):
        path = tmp_path / "damaged"
        for changed in _mutations(data, seed, 150):
            path.write_bytes(changed)
            _attempt(path)


ODD: tuple[Any, ...] = (None, True, -1, 0, 1.5, 1e308, float("nan"), "", "x", [], [[]], {}, {"class_name": "Y"}, 10**30)


@pytest.mark.parametrize(
    "name", ["zoo_rnn", "zoo_ops_lambda", "zoo_multi_io_nested_shared", "zoo_preprocessing_assets"]
)
def test_every_value_replaced_by_an_odd_one(tmp_path: Path, name: str, corpus: Path) -> None:
    """Values of real configs, one after another, become something that does not belong there."""
    text = next(corpus.glob(f"keras_config/gen-*__{name}.json")).read_text()
    chance = random.Random(name)
    path = tmp_path / "model.json"
    for _ in range(400):
        config = json.loads(text)
        at: Any = config
        while True:
            keys = list(at) if isinstance(at, dict) else list(range(len(at)))
            key = chance.choice(keys)
            if not isinstance(at[key], dict | list) or not at[key] or chance.random() < 0.15:
                at[key] = chance.choice(ODD)
                break
            at = at[key]
        path.write_text(json.dumps(config))
        _attempt(path)


def test_bounded_read_of_a_lying_stream() -> None:
    from cutaway.readers.bounded import Bounded

    bounded = Bounded(io.BytesIO(b"abc"), most=8)
    assert bounded.read(2) == b"ab"
    with pytest.raises(OSError, match="at once"):
        bounded.read(9)
    assert bounded.refused == 9


@pytest.mark.parametrize("shape", ["(1e999,)", "(-1,)", "(2.5,)", "'ab'", "None", "(True, 'x')"])
def test_array_with_an_odd_shape(tmp_path: Path, shape: str) -> None:
    text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}}}".encode()
    with zipfile.ZipFile(tmp_path / "w.npz", "w") as archive:
        archive.writestr("a.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text)
    with pytest.raises(ReadError, match="its header is damaged"):
        read(tmp_path / "w.npz")
