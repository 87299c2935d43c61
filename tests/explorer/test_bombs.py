"""Files that are made to cost more than they are worth: every answer about them is made soon, in little memory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.explorer.hand import ROOT
from tests.readers.bombs import BOMBS

WORKER = """
import json, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (20, 20))  # it takes a second or two: what is caught here takes minutes
from cutaway.explorer.chart import Chart
from cutaway.explorer.details import group_details, node_details
from cutaway.readers import read
from tests.explorer.hand import ALL, arranged_of
from tests.readers.worker_memory import most_memory
arranged = arranged_of(read(sys.argv[1]))
chart = Chart(arranged, ALL)
sizes = [len(chart.head()), sum(map(len, chart.columns())), sum(map(len, chart.attributes()))]
for node in {0, len(arranged.graph) // 2, len(arranged.graph) - 1}:
    sizes.append(len(json.dumps(node_details(arranged.graph, node))))
for group in {0, len(arranged.graph.groups) - 1}:
    sizes.append(len(json.dumps(group_details(arranged, group))))
print(max(sizes), most_memory())
"""

NAMES = ("constants_of_one_node_pb", "inputs_pb", "attributes_pb", "outputs_pb", "deep_known_names_pb")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no limits of processes")
@pytest.mark.parametrize("name", NAMES)
def test_answers_about_a_bomb(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"bomb.{name.rpartition('_')[2]}"
    path.write_bytes(BOMBS[name]())
    done = subprocess.run(
        [sys.executable, "-c", WORKER, str(path)], capture_output=True, text=True, check=False, timeout=200,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
    )  # fmt: skip
    assert done.returncode == 0, f"ended with {done.returncode}: {done.stderr[-2000:]}"
    largest, memory = map(int, done.stdout.split())
    assert largest < 20 * path.stat().st_size + 1_000_000
    assert memory < 1 << 30
