"""How long cost, checks and differences take, and what they count beside TensorFlow's own profiler.

Whole processes from the start of the interpreter to its end, medians of several. The pair of large Keras models is
EfficientNetV2L and the same with random edits of a fixed seed; the pair of graphs is made by ``graph_files.py``.
Beside TensorFlow, both are given the same SavedModel: ``cutaway summary`` here, there the profiler of
``tf.compat.v1.profiler`` on the frozen graph, whose floating-point operations are halved to be MACs; Keras itself
counts parameters alone.

Usage: python benchmarks/analysis.py [--rounds N] [--work FOLDER] [--only PART …]
"""

from __future__ import annotations

import json
import random
import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.processes import ROOT, Run, median, run
from benchmarks.readers import GRAPH_FILES, made, turns
from benchmarks.results import parts_parser, report, table, verdict

LAYERS = ROOT / "tests" / "models" / "EfficientNetV2L.keras"
EDITS = 40

TOGETHER = """
import sys, cutaway
from cutaway.graph.memory import collector_paused
with collector_paused():
    old, new = map(cutaway.read, sys.argv[1:3])
    table = cutaway.summary(new)
    report = cutaway.check(new)
    print(table.macs, len(report.findings), str(cutaway.diff(old, new))[-60:])
"""
"""Cost, checks and differences of one model, which is read once, and of the one that it is compared with."""

EXPORT = """
import sys, keras
from keras import layers
name, target = sys.argv[1:3]
if name == "LSTM":
    model = keras.Sequential([keras.Input((128, 256)), layers.LSTM(256)])
else:
    model = getattr(keras.applications, name)(weights=None)
model.export(target, verbose=False)
"""

PROFILER = """
import sys, tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2 as frozen
model = tf.saved_model.load(sys.argv[1])
loaded = model.signatures["serving_default"]
given = {name: tf.TensorSpec([1, *spec.shape[1:]], spec.dtype)
         for name, spec in loaded.structured_input_signature[1].items()}
traced = tf.function(lambda **values: loaded(**values)).get_concrete_function(**given)
definition = frozen(traced).graph.as_graph_def()
with tf.Graph().as_default() as graph:
    tf.import_graph_def(definition, name="")
    options = tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
    options["output"] = "none"
    print(tf.compat.v1.profiler.profile(graph, options=options).total_float_ops // 2)
"""

KNOWN = {"MobileNetV2": 300_774_272, "ResNet50": 3_857_973_248, "LSTM": 67_108_864}
"""MACs of one example, counted by hand from the shapes of the layers."""


def edited(source: Path, target: Path) -> Path:
    """A copy of a Keras file in which layers were renamed, configured otherwise, and taken out."""
    chance = random.Random(7)
    with zipfile.ZipFile(source) as archive:
        config: Any = json.loads(archive.read("config.json"))
        members = {name: archive.read(name) for name in archive.namelist()}
    layers = config["config"]["layers"]
    for layer in chance.sample([each for each in layers if each["class_name"] == "Conv2D"], EDITS):
        layer["config"]["kernel_initializer"] = "zeros"
    text = json.dumps(config)
    for layer in chance.sample([each for each in layers if each["class_name"] == "BatchNormalization"], EDITS):
        text = text.replace(f'"{layer["name"]}"', f'"{layer["name"]}_renamed"')
    for layer in chance.sample([each for each in layers if each["class_name"] == "Activation"], EDITS):
        others = [each for each in json.loads(text)["config"]["layers"] if each["name"] != layer["name"]]
        found = [each for each in json.loads(text)["config"]["layers"] if each["name"] == layer["name"]]
        source_name = found[0]["inbound_nodes"][0]["args"][0]["config"]["keras_history"][0] if found else ""
        if source_name:
            config = json.loads(text)
            config["config"]["layers"] = others
            text = json.dumps(config).replace(f'"{layer["name"]}"', f'"{source_name}"')
    with zipfile.ZipFile(target, "w") as copy:
        for name, data in members.items():
            copy.writestr(name, text if name == "config.json" else data)
    return target


def measured(words: Sequence[str], work: Path, rounds: int) -> Run:
    """Medians of a process; one more run, which is not counted, fills the caches."""
    runs = []
    for turn in range(rounds + 1):
        done = run(words, work)
        if done.code:
            sys.exit(f"{' '.join(words)[-80:]} failed: {done.errors[-800:]}")
        if turn:
            runs.append(done)
    return median(runs)


def speed_part(work: Path, rounds: int) -> str:
    """Commands on two large models, and all that is asked of them in one process."""
    layers = edited(LAYERS, work / "edited.keras")
    small, large = (made(f"{nodes}.pb", (GRAPH_FILES, "{}", str(nodes)), work) for nodes in (99_950, 100_000))
    rows = []
    for words, old, new, most in (
        ("Keras, 1,031 and 991 layers", LAYERS, layers, {"diff": 2.0, "together": 1.0}),
        ("GraphDef, 99,950 and 100,000 nodes", small, large, {"together": 5.0}),
    ):
        pair = [str(old), str(new)]
        for name, command in (
            ("diff", ["-m", "cutaway", "diff", *pair]),
            ("check", ["-m", "cutaway", "check", pair[1]]),
            ("summary", ["-m", "cutaway", "summary", pair[1]]),
            ("together", ["-c", TOGETHER, *pair]),
        ):
            one = measured(command, work, rounds)
            target = verdict(one.cpu, most[name], "s") if name in most else ""
            rows.append([f"{words}: {name}", f"{one.wall:.2f} s", f"{one.cpu:.2f} s", f"{one.memory:,.0f} MiB", target])
    heading = (
        f"Whole processes, medians of {rounds}; targets are of CPU time. *together*: both files are read, and cost, "
        "checks and differences told, in one process."
    )
    return f"{heading}\n\n{table(['', 'wall', 'CPU', 'peak memory', 'target'], rows)}"


def peers_part(work: Path, rounds: int) -> str:
    """The cost of SavedModels beside TensorFlow's profiler, in turns."""
    rows = []
    for name, known in KNOWN.items():
        folder = str(made(f"cost-{name}", ("-c", EXPORT, name, "{}"), work))
        ours, theirs = turns(
            ["-m", "cutaway", "summary", folder, "--format", "json"], ["-c", PROFILER, folder], work, rounds
        )
        counted = json.loads(ours.output)["model"]["macs"]
        told = int(theirs.output.strip().splitlines()[-1])
        rows.append(
            [name, f"{known:,}", f"{counted:,}", f"{told:,}", f"{ours.wall:.2f} s", f"{theirs.wall:.2f} s",
             f"{theirs.wall / ours.wall:.1f} ×"]
        )  # fmt: skip
    heads = ["MACs", "by hand", "cutaway", "tf.profiler", "cutaway", "tf.profiler, with its import", "ratio"]
    return f"Cost of SavedModels, whole processes in turns, medians of {rounds}:\n\n{table(heads, rows)}"


PARTS: dict[str, Callable[[Path, int], str]] = {"speed": speed_part, "peers": peers_part}


def main(argv: Sequence[str] | None = None) -> None:
    options = parts_parser(__doc__, PARTS, rounds=5).parse_args(argv)
    options.work.mkdir(parents=True, exist_ok=True)
    body = "\n\n".join(PARTS[name](options.work, options.rounds) for name in options.only or PARTS)
    report(options.only, "analysis.py", body, ["cutaway", "keras", "tensorflow-cpu", "tensorflow"])


if __name__ == "__main__":
    main()
