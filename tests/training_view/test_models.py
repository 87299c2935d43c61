"""The model of a run, what was recorded of its parts, and two writers in one folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from cutaway.graph.contract import to_contract
from cutaway.readers import read
from cutaway.training.event_writer import EventWriter
from tests.explorer.hand import ROOT, decode
from tests.training_view.client import ViewClient, wait_for

View = Callable[[Path], ViewClient]


def test_the_recorded_structure_is_shown_by_the_explorer(tmp_path: Path, view: View) -> None:
    graph = read(ROOT / "examples" / "digits.keras")
    with EventWriter(tmp_path / "run") as writer:
        writer.contract("cutaway/structure", "cutaway_graph", json.dumps(to_contract(graph)).encode())
    with EventWriter(tmp_path / "damaged") as writer:
        writer.contract("cutaway/structure", "cutaway_graph", b'{"schema": ')
    client = view(tmp_path)
    client.complete()
    index = client.run("run")
    assert client.json(f"/model/{index}/chart")["model"]["nodes"] == len(graph)
    assert client.ask(f"/model/{index}/chart", token=None)[0] == 401
    assert client.ask(f"/model/{index}/chart", {"origin": "http://evil.example"})[0] == 403
    assert client.ask("/model/99/chart")[0] == 404
    status, _, body = client.ask(f"/model/{client.run('damaged')}/chart")
    assert status == 422
    assert "damaged" in json.loads(body)["error"]


def test_a_quantity_is_a_table_of_parts_and_steps(tmp_path: Path, view: View) -> None:
    with EventWriter(tmp_path / "run") as writer:
        for step in (0, 5, 10, 5):  # after a resume the later value counts
            writer.scalars({"norm/weights/a": step + 0.5, "norm/weightsx/b": 1.0}, step, wall_time=100.0 + step)
        writer.scalars({"norm/weights/c": 7.0}, 5)
        writer.scalars({"norm/weights/a": 9.0}, 5)
    client = view(tmp_path)
    client.complete()
    found = decode([client.post("/quantity", {"runs": [0], "prefix": "norm/weights/"})])
    assert found["ids"] == ["a", "c"]
    assert found["steps"].tolist() == [0, 5, 10]
    table = found["values"].reshape(2, 3)
    assert table[0].tolist() == [0.5, 9.0, 10.5]
    assert np.isnan(table[1]).tolist() == [True, False, True]
    for wrong in ({"runs": [0, 0, 0]}, {"runs": [0], "prefix": ""}, {"runs": [7], "prefix": "a"}):
        assert client.ask("/quantity", method="POST", body=json.dumps(wrong).encode())[0] == 400


def test_two_writers_in_one_folder_are_two_lines(tmp_path: Path, view: View) -> None:
    client: ViewClient | None = None
    with EventWriter(tmp_path / "run") as one, EventWriter(tmp_path / "run") as other:
        for step in range(6):
            one.scalars({"loss": float(step)}, step)
            other.scalars({"loss": 100.0 + step}, step)
            client = client or view(tmp_path)
            wait_for(lambda step=step, client=client: _count(client) == 2 * step + 2)  # type: ignore[misc]
    assert client is not None
    lines, _, columns = client.series(["run"], "loss")
    assert [line[3] for line in lines] == [6, 6]
    assert sorted(columns["y"].reshape(2, 6).tolist()) == [[0, 1, 2, 3, 4, 5], [100, 101, 102, 103, 104, 105]]


def _count(client: ViewClient) -> int:
    runs = client.overview()["runs"]
    return int(runs[0]["values"]) if runs else 0
