"""Real files of all Keras versions, against the counts of the manifest and the arrays in the files themselves."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cutaway.errors import ReadError
from cutaway.graph.model import Graph
from cutaway.readers import read

h5py = pytest.importorskip("h5py")

FOLDERS = ("keras_config", "keras_h5", "keras_v3")


@pytest.fixture(scope="module")
def manifest(corpus: Path) -> list[tuple[Path, int]]:
    with (corpus / "MANIFEST.tsv").open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return [(corpus / row["path"], int(row["count"])) for row in rows if row["format"] in FOLDERS]


@pytest.fixture(scope="module")
def graphs(manifest: list[tuple[Path, int]]) -> list[tuple[Path, int, Graph]]:
    found = []
    for path, count in manifest:
        try:
            found.append((path, count, read(path)))
        except ReadError:
            assert count == 0, f"{path.name} holds a model of {count} layers, and was refused"
    return found


def test_all_folders_are_there(graphs: list[tuple[Path, int, Graph]]) -> None:
    assert {path.parent.name for path, _, _ in graphs} == set(FOLDERS)
    assert len(graphs) > 70


def test_flat_models_have_the_layers_that_the_manifest_counts(graphs: list[tuple[Path, int, Graph]]) -> None:
    """Where nothing is nested, opened or called twice, nodes are layers, but for an input that has no layer."""
    compared = 0
    for path, count, graph in graphs:
        made_input = graph.names[0] == "input" and graph.group(0).op == "Sequential"
        if len(graph.groups) == 1 and len(set(graph.names)) == len(graph) and count:
            assert len(graph) - made_input == count, path.name
            compared += 1
    assert compared > 45


def test_files_without_a_model_are_named(manifest: list[tuple[Path, int]]) -> None:
    for path, count in manifest:
        if count == 0 and path.name.startswith(("apple", "damaged", "wandb", "tensorflow+io", "ina-foss")):
            with pytest.raises(ReadError) as caught:
                read(path)
            assert str(path) in str(caught.value)


def _stored(group: Any) -> Iterator[int]:
    for item in group.values():
        if isinstance(item, h5py.Dataset):
            yield int(item.size)
        else:
            yield from _stored(item)


def test_parameters_are_the_arrays_of_the_file(graphs: list[tuple[Path, int, Graph]]) -> None:
    """The arrays of a whole model are its weights: the totals that follow from the config must be theirs."""
    compared = 0
    for path, _, graph in graphs:
        if path.parent.name != "keras_h5" or graph.format != "keras_h5":
            continue
        with h5py.File(path) as file:
            total = sum(_stored(file["model_weights"])) if "model_weights" in file else sum(_stored(file))
            total = total or sum(_stored(file))
        assert sum(weight.parameters for weight in graph.weights) == total, path.name
        compared += 1
    assert compared > 25


def test_shapes_of_real_models_are_known(graphs: list[tuple[Path, int, Graph]]) -> None:
    """Unknown is only what follows from code, or from a model that was never built."""
    for path, count, graph in graphs:
        for node in graph.nodes if count else ():
            unknown = any(tensor.shape is None for tensor in node.outputs)
            if unknown and not any(word in warning for warning in graph.warnings for word in ("Lambda", "built")):
                pytest.fail(f"{path.name}: the shape of {node.name!r} ({node.op}) is unknown")


def test_every_graph_is_the_same_when_read_again(graphs: list[tuple[Path, int, Graph]]) -> None:
    for path, _, graph in graphs:
        assert read(path) == graph, path.name
