"""How long cutaway takes: a file of 1,000 layers, graphs of up to a million nodes, and its import.

Every row is a process of its own, run several times; the medians are shown. Of the synthetic graphs only the stages
that are named are timed, from inside; the peak memory is that of the whole process, the graph itself included.

Usage: python benchmarks/speed.py [--rounds N] [--work FOLDER] [--only NAME …]
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.processes import Run, median, run
from benchmarks.results import parts_parser, report, table, verdict

if TYPE_CHECKING:
    from cutaway.graph import Graph

T = TypeVar("T")

MAKE_RESIDUAL = """
import sys, keras
from keras import layers
named = sys.argv[2] == "named"
def name(text):
    return text if named else None
x = image = keras.Input((32, 32, 3), name="image")
x = layers.Conv2D(16, 3, padding="same", name=name("stem_conv"))(x)
for number in range(1, 143):
    y, block = x, f"block{number}"
    for step in (1, 2):
        y = layers.Conv2D(16, 3, padding="same", use_bias=False, name=name(f"{block}_conv{step}"))(y)
        y = layers.BatchNormalization(name=name(f"{block}_bn{step}"))(y)
        y = layers.ReLU(name=name(f"{block}_relu{step}"))(y) if step == 1 else y
    x = layers.Add(name=name(f"{block}_add"))([x, y])
    x = layers.ReLU(name=name(f"{block}_out"))(x)
x = layers.GlobalAveragePooling2D(name=name("pool"))(x)
x = layers.Dropout(0.1, name=name("drop"))(x)
x = layers.Dense(10, name=name("logits"))(x)
x = layers.Softmax(name=name("classes"))(x)
model = keras.Model(image, x, name="residual")
assert len(model.layers) == 1000, len(model.layers)
model.save(sys.argv[1])
"""


class Clock:
    """Wall and processor time of stages, by name."""

    def __init__(self) -> None:
        self.stages: dict[str, tuple[float, float]] = {}

    def time(self, name: str, work: Callable[..., T], *args: Any, **options: Any) -> T:
        """Run a stage and note what it took."""
        wall, cpu = time.perf_counter(), time.process_time()
        result = work(*args, **options)
        self.stages[name] = (time.perf_counter() - wall, time.process_time() - cpu)
        return result


def stages(nodes: int) -> Clock:
    """A graph of equal blocks in nested scopes becomes a picture; each stage is timed as it is called."""
    from benchmarks.synthetic import synthetic, transformer_block

    return drawing(synthetic(nodes, transformer_block))


def first_picture(nodes: int) -> Clock:
    """The same where no block equals another."""
    from benchmarks.synthetic import random_block, synthetic

    return drawing(synthetic(nodes, random_block))


def drawing(graph: Graph) -> Clock:
    """From a graph to SVG, as a user gets it.

    The layout asks for texts when it needs them, so what it takes includes that of the texts in it.
    """
    from cutaway import picture

    clock = Clock()
    with ExitStack() as stack:
        for name, function in STAGES.items():
            work = getattr(picture, function)
            stack.enter_context(patch.object(picture, function, partial(clock.time, name, work)))
        drawn = clock.time("all up to the scene", partial(picture.plot_model, graph, None))
    clock.time("SVG", lambda: drawn.svg)
    return clock


STAGES = {"grouping": "group", "labels": "make_labels", "layout": "lay_out", "scene": "compose"}
"""Functions that `cutaway.picture` calls, by what they do."""

CASES: dict[str, Callable[[int], Clock]] = {"stages": stages, "first-picture": first_picture}


def run_case(case: str, nodes: int) -> None:
    """What a measured process does: one case, its times and its peak memory as JSON."""
    clock = CASES[case](nodes)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"stages": clock.stages, "memory": memory}))


def measured(case: str, nodes: int, work: Path, rounds: int) -> tuple[dict[str, tuple[float, float]], float]:
    """Medians of the stages of a case over several processes, and of their peak memory in MiB."""
    found = []
    for _ in range(rounds):
        done = run([__file__, "--case", case, "--nodes", str(nodes)], work)
        if done.code:
            sys.exit(f"{case} with {nodes:,} nodes failed: {done.errors[-800:]}")
        found.append(json.loads(done.output.strip().splitlines()[-1]))
    names = found[0]["stages"]
    both = {
        name: (
            statistics.median(one["stages"][name][0] for one in found),
            statistics.median(one["stages"][name][1] for one in found),
        )
        for name in names
    }
    return both, statistics.median(one["memory"] for one in found)


def file_rows(work: Path, rounds: int) -> list[list[str]]:
    """The file of 1,000 layers, with names and with those that Keras makes."""
    rows = []
    for kind, words in (("named", "layers with names"), ("unnamed", "layers without names")):
        source, target = work / f"residual-{kind}.keras", work / "residual.svg"
        if not source.exists():
            made = run(["-c", MAKE_RESIDUAL, str(source), kind], work)
            if made.code:
                sys.exit(f"the residual model could not be made: {made.errors[-800:]}")
        runs: list[Run] = []
        for _ in range(2 * rounds + 1):
            done = run(["-m", "cutaway", "plot", str(source), "-o", str(target)], work)
            if done.code:
                sys.exit(f"cutaway failed on {source.name}: {done.errors[-800:]}")
            runs.append(done)
        one = median(runs[1:])
        rows.append(row(f"1,000-layer file → SVG, {words}, whole process", one.wall, one.cpu, one.memory, 0.4))
    return rows


def graph_rows(work: Path, rounds: int) -> list[list[str]]:
    """Graphs with nested scopes, and their stages."""
    rows = []
    for nodes, most, memory_most in ((100_000, 0.6, None), (1_000_000, 5.0, 2048.0)):
        found, memory = measured("stages", nodes, work, rounds)
        both = together(found, "grouping", "layout")
        rows.append(row(f"{nodes:,} nodes, grouping + layout", *both, memory, most, memory_most))
        rows += [row(f"… {name}", *found[name]) for name in (*STAGES, "SVG")]
    found, memory = measured("first-picture", 100_000, work, rounds)
    both = together(found, "all up to the scene", "SVG")
    rows.append(row("100,000 nodes, no two blocks equal, to the first picture as SVG", *both, memory, 2.0))
    rows += [row(f"… {name}", *found[name]) for name in (*STAGES, "SVG")]
    return rows


def together(found: dict[str, tuple[float, float]], *names: str) -> tuple[float, float]:
    """Wall and processor time of several stages."""
    return sum(found[name][0] for name in names), sum(found[name][1] for name in names)


def import_rows(work: Path, rounds: int) -> list[list[str]]:
    """`import cutaway` in a fresh interpreter, beside an interpreter that does nothing."""
    count = 5 * rounds
    runs: dict[str, list[Run]] = {"pass": [], "import cutaway": []}
    for _ in range(count):
        for code, found in runs.items():
            found.append(run(["-c", code], work))
    bare, ours = median(runs["pass"]), median(runs["import cutaway"])
    return [
        row("`import cutaway`, whole process", ours.wall, ours.cpu, ours.memory, 0.1),
        row("… an interpreter that does nothing", bare.wall, bare.cpu, bare.memory),
    ]


def row(
    what: str, wall: float, cpu: float, memory: float | None = None, most: float | None = None,
    memory_most: float | None = None,
) -> list[str]:  # fmt: skip
    """One row of the table; the target is for the wall time, and for memory where that has one."""
    targets = [] if most is None else [verdict(wall, most, "s")]
    if memory is not None and memory_most is not None:
        targets.append(verdict(memory, memory_most, "MiB"))
    shown = "" if memory is None else f"{memory:,.0f} MiB"
    return [what, f"{wall:.3f} s", f"{cpu:.3f} s", shown, "; ".join(targets)]


PARTS: dict[str, Callable[[Path, int], list[list[str]]]] = {
    "file": file_rows,
    "graphs": graph_rows,
    "import": import_rows,
}


def main(argv: Sequence[str] | None = None) -> None:
    parser = parts_parser(__doc__, PARTS, rounds=3)
    parser.add_argument("--case", choices=CASES, help=argparse.SUPPRESS)
    parser.add_argument("--nodes", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.case:
        run_case(options.case, options.nodes)
        return
    options.work.mkdir(parents=True, exist_ok=True)
    rows = [found for name in options.only or PARTS for found in PARTS[name](options.work, options.rounds)]
    body = table(["", "wall", "CPU", "peak memory", "target"], rows)
    report(options.only, "speed.py", f"Medians of {options.rounds} processes or more.\n\n{body}", ["cutaway"])


if __name__ == "__main__":
    main()
