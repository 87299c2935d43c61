"""How long TensorFlow's own files take: SavedModels and graphs to SVG, and reading them beside TensorFlow itself.

Whole processes, ``python -m cutaway plot FILE -o x.svg``, medians of several; that no module of TensorFlow or Keras is
loaded on the way is asserted for each file. The files are made by Keras and by ``graph_files.py`` in processes of
their own, and kept. Beside TensorFlow, both only read: ``cutaway.read`` here, ``import tensorflow`` and loading there,
in turns, from the start of the interpreter to its end.

Usage: python benchmarks/readers.py [--rounds N] [--work FOLDER] [--only PART …]
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path
from statistics import linear_regression

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.processes import ROOT, Run, median, run
from benchmarks.results import parts_parser, ratio_verdict, report, table, verdict

FOREIGN = ("tensorflow", "keras", "tf_keras")
"""Packages that must not be loaded to draw a file."""

DRAW_AND_TELL = """
import json, sys
from cutaway.cli import main
code = main(["plot", sys.argv[1], "-o", sys.argv[2]])
print(json.dumps(sorted(sys.modules)))
sys.exit(code)
"""

READ = "import sys, cutaway; cutaway.read(sys.argv[1])"

EXPORT = """
import sys, keras
getattr(keras.applications, sys.argv[1])(weights=None).export(sys.argv[2], verbose=False)
"""

LOAD_SAVED_MODEL = "import sys, tensorflow as tf; tf.saved_model.load(sys.argv[1])"

IMPORT_GRAPH = """
import sys, tensorflow as tf
graph = tf.compat.v1.GraphDef()
with open(sys.argv[1], "rb") as file:
    graph.ParseFromString(file.read())
with tf.Graph().as_default():
    tf.import_graph_def(graph, name="")
"""

SIZES = (12_500, 25_000, 50_000, 100_000)
"""Operations of the files that growth is fitted over."""

RATIO = 20.0
"""How much faster reading must be than TensorFlow."""


@dataclass(frozen=True, slots=True)
class Case:
    """A file, and what drawing it may take.

    Attributes:
        name: Its name in the folder of models.
        words: What it is, as the table shows it.
        make: Words of the process that makes it; its path stands for ``{}``.
        seconds: Most wall time of the whole process.
        memory: Most peak memory in MB (10⁶ bytes), where there is a target.
        load: Code that loads it with TensorFlow, where that is compared.
    """

    name: str
    words: str
    make: tuple[str, ...]
    seconds: float
    memory: float | None = None
    load: str | None = None


GRAPH_FILES = str(ROOT / "benchmarks" / "graph_files.py")

CASES = (
    Case("mobilenetv2", "MobileNetV2, SavedModel of Keras 3", ("-c", EXPORT, "MobileNetV2", "{}"), 0.6,
         load=LOAD_SAVED_MODEL),
    Case("efficientnetv2l", "EfficientNetV2L, SavedModel of Keras 3", ("-c", EXPORT, "EfficientNetV2L", "{}"), 1.5,
         load=LOAD_SAVED_MODEL),
    Case("20k.pb", "frozen graph of 20,000 nodes", (GRAPH_FILES, "{}", "20000"), 1.0, load=IMPORT_GRAPH),
    Case("large.pb", "frozen graph of 478 MB", (GRAPH_FILES, "{}", "20420", "values"), 1.5, 300.0, IMPORT_GRAPH),
    Case("100k.pb", "GraphDef of 100,000 nodes", (GRAPH_FILES, "{}", "100000"), 2.0, load=IMPORT_GRAPH),
    Case("1m.pb", "GraphDef of 1,000,000 nodes", (GRAPH_FILES, "{}", "1000000"), 12.0, 2000.0),
    Case("graph.pbtxt", "GraphDef as text", (GRAPH_FILES, "{}", "4000000"), 1.0),
)  # fmt: skip


def made(name: str, words: Sequence[str], work: Path) -> Path:
    """A file or folder in the folder of models, made when it is first asked for."""
    path = work / name
    if not path.exists():
        unfinished = path.with_name(f"unfinished-{name}")
        done = run([str(unfinished) if word == "{}" else word for word in words], work)
        if done.code:
            sys.exit(f"{name} could not be made: {done.errors[-800:]}")
        unfinished.rename(path)
    return path


def size(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    if path.is_dir():
        return sum(each.stat().st_size for each in path.rglob("*") if each.is_file())
    return path.stat().st_size


def foreign(modules: Sequence[str]) -> list[str]:
    """Those of the modules that belong to TensorFlow or Keras."""
    return [name for name in modules if name.partition(".")[0] in FOREIGN]


def assert_alone(source: Path, work: Path) -> None:
    """End the benchmark where drawing a file fails or loads TensorFlow or Keras; bytecode is written on the way."""
    done = run(["-c", DRAW_AND_TELL, str(source), str(work / "x.svg")], work)
    if done.code:
        sys.exit(f"cutaway failed on {source.name}: {done.errors[-800:]}")
    loaded = foreign(json.loads(done.output.strip().splitlines()[-1]))
    if loaded:
        sys.exit(f"drawing {source.name} loaded {', '.join(loaded[:5])}; expected: nothing of {', '.join(FOREIGN)}")


def drawn(source: Path, work: Path, rounds: int) -> Run:
    """Medians of whole processes from file to SVG."""
    target = work / "x.svg"
    assert_alone(source, work)
    runs = []
    for _ in range(rounds):
        target.unlink(missing_ok=True)
        done = run(["-m", "cutaway", "plot", str(source), "-o", str(target)], work)
        if done.code or not target.exists():
            sys.exit(f"cutaway failed on {source.name}: {done.errors[-800:]}")
        runs.append(done)
    return median(runs)


def plot_part(work: Path, rounds: int) -> str:
    """Every file to SVG."""
    rows = []
    for case in CASES:
        source = made(case.name, case.make, work)
        one = drawn(source, work, rounds)
        memory = one.memory * 2**20 / 1e6
        targets = [verdict(one.wall, case.seconds, "s")]
        if case.memory is not None:
            targets.append(verdict(memory, case.memory, "MB"))
        figures = [f"{size(source) / 1e6:,.1f} MB", f"{one.wall:.3f} s", f"{one.cpu:.3f} s", f"{memory:,.0f} MB"]
        rows.append([case.words, *figures, "; ".join(targets)])
    heading = f"File → SVG, whole process, medians of {rounds}; no module of TensorFlow or Keras was loaded:"
    return f"{heading}\n\n{table(['', 'size', 'wall', 'CPU', 'peak memory', 'target'], rows)}"


def exponent(sizes: Sequence[float], times: Sequence[float]) -> float:
    """Slope of a line through log time over log size: 1 is linear growth, 2 is quadratic."""
    return linear_regression([log(each) for each in sizes], [log(each) for each in times]).slope


def growth_part(work: Path, rounds: int) -> str:
    """The same kind of graph in four sizes."""
    times = []
    for nodes in SIZES:
        source = made(f"{nodes}.pb", (GRAPH_FILES, "{}", str(nodes)), work)
        times.append(drawn(source, work, rounds).wall)
    rows = [[f"{nodes:,} nodes", f"{seconds:.3f} s"] for nodes, seconds in zip(SIZES, times, strict=True)]
    found = exponent(SIZES, times)
    words = f"Time grows with size to the power of {found:.2f} (target ≤ 1: {'reached' if found <= 1 else 'MISSED'})."
    return f"Growth, GraphDef → SVG, whole process, medians of {rounds}:\n\n{table(['', 'wall'], rows)}\n\n{words}"


def turns(ours: Sequence[str], theirs: Sequence[str], work: Path, rounds: int) -> tuple[Run, Run]:
    """Medians of two ways that take turns, so that what else the machine does meets both.

    Args:
        ours: Words of the first process.
        theirs: Words of the second.
        work: Where their output is kept.
        rounds: Turns; one more is not counted: it fills the caches of both.
    """
    runs: tuple[list[Run], list[Run]] = ([], [])
    for turn in range(rounds + 1):
        for words, found in zip((ours, theirs), runs, strict=True):
            done = run(words, work)
            if done.code:
                sys.exit(f"{words[-1]} could not be read: {done.errors[-800:]}")
            if turn:
                found.append(done)
    return median(runs[0]), median(runs[1])


def tensorflow_part(work: Path, rounds: int) -> str:
    """Reading beside TensorFlow."""
    rows = []
    for case in CASES:
        if case.load is None:
            continue
        source = str(made(case.name, case.make, work))
        ours, theirs = turns(["-c", READ, source], ["-c", case.load, source], work, rounds)
        figures = [f"{one.wall:.3f} s, {one.memory * 2**20 / 1e6:,.0f} MB" for one in (ours, theirs)]
        rows.append([case.words, *figures, ratio_verdict(theirs.wall / ours.wall, RATIO)])
    heading = f"Reading alone, whole process, in turns, medians of {rounds}:"
    return f"{heading}\n\n{table(['', 'cutaway', 'TensorFlow: import, then load', 'ratio'], rows)}"


PARTS: dict[str, Callable[[Path, int], str]] = {
    "plot": plot_part,
    "growth": growth_part,
    "tensorflow": tensorflow_part,
}


def main(argv: Sequence[str] | None = None) -> None:
    options = parts_parser(__doc__, PARTS, rounds=5).parse_args(argv)
    options.work.mkdir(parents=True, exist_ok=True)
    body = "\n\n".join(PARTS[name](options.work, options.rounds) for name in options.only or PARTS)
    packages = ["cutaway", "protobuf", "numpy", "keras", "tensorflow-cpu", "tensorflow"]
    report(options.only, "readers.py", body, packages)


if __name__ == "__main__":
    main()
