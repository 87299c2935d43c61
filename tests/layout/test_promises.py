"""The layout keeps its promises on drawn graphs, random ones and real models."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutaway.readers import read
from tests.graphs import DIAMOND, LOOP, SKIP, TWICE, picture, random_graph
from tests.layout.promises import check_promises, nested_of

EXAMPLES = Path(__file__).parents[2] / "examples"
CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "keras_config"
CONFIGS = sorted(CORPUS.glob("gen-*.json"))

CHAIN = picture("\n".join(f"layer{i} -> layer{i + 1}" for i in range(120)))
FAN = picture("in -> " + " ".join(f"head{i}" for i in range(40)))
TWO_PINS = picture("in -> g/a g/c \n g/a -> g/b \n g/b -> g/c out \n g/a -> out \n g/c -> out")


@pytest.mark.parametrize(
    "graph",
    [DIAMOND, SKIP, TWICE, LOOP, CHAIN, FAN, TWO_PINS],
    ids=["diamond", "skip", "twice", "loop", "chain", "fan", "pins"],
)
@pytest.mark.parametrize("options", [{}, {"flow": "right"}, {"flow": "down"}, {"backwards": True}], ids=str)
def test_drawn_graphs(graph, options) -> None:  # type: ignore[no-untyped-def]
    check_promises(*nested_of(graph, **options))


@settings(max_examples=120, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    nodes=st.integers(1, 70),
    groups=st.integers(0, 12),
    density=st.floats(0.8, 2.2),
    aspect=st.floats(0.3, 4.0),
    backwards=st.booleans(),
    unfold=st.booleans(),
)
def test_random_graphs(
    seed: int, nodes: int, groups: int, density: float, aspect: float, backwards: bool, unfold: bool
) -> None:
    graph = random_graph(seed, nodes, groups, density=density)
    unfolded = (lambda group: group % 2 == 0) if unfold else None
    check_promises(*nested_of(graph, aspect=aspect, backwards=backwards, unfolded=unfolded))


def test_the_example_model() -> None:
    check_promises(*nested_of(read(EXAMPLES / "resnet50.keras")))


@pytest.mark.skipif(not CONFIGS, reason="the sample files beside the project are not here")
@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem.partition("__")[2])
def test_real_models(path: Path) -> None:
    check_promises(*nested_of(read(path)))


def test_equal_bytes_whatever_the_hash_seed() -> None:
    program = (
        "import sys, cutaway; "
        f"sys.stdout.write(cutaway.plot_model({str(EXAMPLES / 'resnet50.keras')!r}, to_file=None).svg)"
    )
    pictures = {
        subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(pictures) == 1
    assert len(pictures.pop()) > 10_000


def test_equal_blocks_share_a_placement() -> None:
    graph, nested = nested_of(read(EXAMPLES / "resnet50.keras"))
    blocks = [at for at, name in enumerate(graph.groups.names) if name.endswith(("block2", "block3", "block4"))]
    assert len(blocks) == 10
    assert len({nested.placement_of[block] for block in blocks}) == 1


def test_the_longest_path_of_a_block_is_straight() -> None:
    _graph, nested = nested_of(SKIP)
    boxes = nested.placement(0).boxes
    axes = {round(box[0] + box[2] / 2, 1) for box in boxes}
    rows = {round(box[1] + box[3] / 2, 1) for box in boxes}
    assert 1 in (len(axes), len(rows))


@pytest.mark.parametrize("blocks", [12, 16])
def test_only_the_last_row_is_short(blocks: int) -> None:
    """Where every block reads all before, only the first ones leave few enough wires to end a row at."""
    graph = picture("\n".join(
        f"in -> b{block}/a \n b{block}/a -> b{block}/b\n"
        + "\n".join(f"b{other}/b -> b{block}/a" for other in range(block))
        for block in range(blocks)
    ))  # fmt: skip
    _, nested = nested_of(graph)
    placement = max(nested.placements, key=lambda placement: len(placement.boxes))
    assert placement.flow == "right"
    rows: dict[float, float] = {}
    for _x, y, width, height in placement.boxes:
        middle = round(y + height / 2, -1)
        rows[middle] = rows.get(middle, 0) + width
    lengths = [rows[middle] for middle in sorted(rows)]
    assert all(length > 0.3 * max(lengths) for length in lengths[:-1]), lengths
