"""cutaway beside `keras.utils.plot_model`: the same `.keras` files to pictures, in turns, in one run.

Cold: whole processes in the order A B A C A B A C …, where A is cutaway, from the start of the interpreter to its end,
medians of wall time, processor time and peak memory. Warm: one process with the model alive, all ways in turns. All
get the same `show_` options: all that there are, or the largest set with which dot does not abort; `plot_model` also
gets `expand_nested`, since cutaway always draws all layers.

Usage: python benchmarks/plot_model.py [--models NAME …] [--rounds N] [--work FOLDER]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.processes import Run, median, run
from benchmarks.results import ratio_verdict, table, write_section

MAKE = """
import sys, keras
name, path = sys.argv[1:]
getattr(keras.applications, name)(weights=None).save(path)
"""

OPTION_SETS: dict[str, tuple[str, ...]] = {
    "all options on": ("shapes", "dtype", "layer_names", "layer_activations", "trainable"),
    "all options but show_trainable": ("shapes", "dtype", "layer_names", "layer_activations"),
    "shapes and names": ("shapes", "layer_names"),
    "no options": (),
}
"""Tried from the first on: what is timed is the first with which dot makes a picture."""

COLD_KERAS = """
import json, sys, keras
source, target, options = sys.argv[1:]
model = keras.saving.load_model(source, compile=False)
keras.utils.plot_model(model, target, expand_nested=True, **json.loads(options))
"""

WITH_TARGETS = "EfficientNetV2L"
"""The model for which the targets are set."""

OURS = "cutaway → SVG"
TARGETS = {OURS: "ours.svg", "plot_model → PNG": "theirs.png", "plot_model → SVG": "theirs.svg"}

WARM = """
import json, os, statistics, sys, time
import keras, cutaway
source, folder, rounds, options = sys.argv[1], sys.argv[2], int(sys.argv[3]), json.loads(sys.argv[4])
model = keras.saving.load_model(source, compile=False)
ways = json.loads(sys.argv[5])
times, notes = {way: [] for way in ways}, {}
for turn in range(rounds + 1):
    for way, file in ways.items():
        path = os.path.join(folder, file)
        if os.path.exists(path):
            os.unlink(path)
        start = time.perf_counter()
        try:
            if way.startswith("cutaway"):
                cutaway.plot_model(model, path, **options)
            else:
                keras.utils.plot_model(model, path, expand_nested=True, **options)
        except Exception as error:
            notes[way] = type(error).__name__ + ": " + (str(error).splitlines() or [""])[0][:100]
        seconds = time.perf_counter() - start
        if not os.path.exists(path):
            notes[way] = "no file; " + notes.get(way, "")
        if turn:  # the first turn loads modules
            times[way].append(seconds)
print(json.dumps({way: [statistics.median(found), notes.get(way, "")] for way, found in times.items()}))
"""


def model_file(name: str, work: Path) -> Path:
    """The saved model, made by Keras when it is first asked for; its weights are random."""
    path = work / f"{name}.keras"
    if not path.exists():
        unfinished = work / f"{name}.unfinished.keras"
        made = run(["-c", MAKE, name, str(unfinished)], work)
        if made.code:
            sys.exit(f"{name} could not be made and saved: {made.errors[-800:]}")
        unfinished.replace(path)
    return path


def keywords(shown: Sequence[str]) -> str:
    """Options as JSON; what is not shown is switched off by its absence."""
    return json.dumps({f"show_{word}": True for word in shown})


def draw_once(way: str, source: Path, work: Path, shown: Sequence[str]) -> tuple[Run, str]:
    """One whole process, and what it left behind."""
    target = work / TARGETS[way]
    target.unlink(missing_ok=True)
    if way == OURS:
        flags = [f"--show-{word.replace('_', '-')}" for word in shown]
        done = run(["-m", "cutaway", "plot", str(source), "-o", str(target), *flags], work)
        if done.code:
            sys.exit(f"cutaway failed, so there is nothing to compare: {done.errors[-800:]}")
    else:
        done = run(["-c", COLD_KERAS, str(source), str(target), keywords(shown)], work)
    return done, what_happened(done, target)


def drawable(source: Path, work: Path) -> tuple[str, list[str]]:
    """The first set of options with which plot_model makes a picture, and what became of those before it."""
    lost: list[str] = []
    for name, shown in OPTION_SETS.items():
        done, note = draw_once("plot_model → SVG", source, work, shown)
        if (work / TARGETS["plot_model → SVG"]).exists():
            return name, lost
        lost.append(f"With {name}, plot_model ends after {done.wall:.1f} s with: {note}.")
    sys.exit(f"plot_model draws {source.name} with no set of options; the last ended with: {lost[-1]}")


def cold(source: Path, work: Path, rounds: int, shown: Sequence[str]) -> dict[str, tuple[Run, str]]:
    """Medians of whole processes in turns, and what they left behind, by way."""
    draw_once(OURS, source, work, shown)  # not counted: it writes the bytecode, which Keras' processes found in place
    runs: dict[str, list[Run]] = {way: [] for way in TARGETS}
    notes: dict[str, str] = {}
    others = [way for way in TARGETS if way != OURS]
    for way in [way for other in others for way in (OURS, other)] * rounds:
        done, notes[way] = draw_once(way, source, work, shown)
        runs[way].append(done)
    return {way: (median(found), notes[way]) for way, found in runs.items()}


def what_happened(done: Run, target: Path) -> str:
    """Size of the picture, and the error where there was one."""
    words = f"{target.stat().st_size / 1000:,.0f} kB" if target.exists() else "no file"
    if "signal" in done.errors or "code -6" in done.errors or "Assertion" in done.errors:
        return f"{words}; dot aborts"
    if done.code:
        last = (done.errors.strip().splitlines() or ["no message"])[-1]
        return f"{words}; {last[:100].replace('|', ' ')}"
    return words


def report(name: str, source: Path, work: Path, rounds: int) -> str:
    """The tables of one model."""
    chosen, lost = drawable(source, work)
    shown = OPTION_SETS[chosen]
    found = cold(source, work, rounds, shown)
    lines = [f"### {name}, {chosen}", "", *(f"{words}\n" for words in lost)]
    size = f"{source.stat().st_size / 1e6:,.0f} MB"
    lines += [f"Cold, whole process, medians of {rounds} and, for cutaway, {2 * rounds}; a file of {size}:", ""]
    rows = [
        [way, f"{one.wall:.2f} s", f"{one.cpu:.2f} s", f"{one.memory:,.0f} MiB", note]
        for way, (one, note) in found.items()
    ]
    lines += [table(["", "wall", "CPU", "peak memory", "result"], rows), ""]
    ours = found[OURS][0]
    for way, (one, _) in found.items():
        if way != OURS:
            lines.append(
                f"- {way} takes {ratio(name, one.wall / ours.wall, 50)} the wall time of cutaway, "
                f"{one.cpu / ours.cpu:.1f} × its CPU time, {ratio(name, one.memory / ours.memory, 15)} its memory"
            )
    return "\n".join([*lines, "", *warm(name, source, work, max(5, rounds), shown)])


def ratio(name: str, found: float, least: float) -> str:
    """A ratio in words, with the target where the model has one."""
    return ratio_verdict(found, least) if name == WITH_TARGETS else f"{found:.1f} ×"


def warm(name: str, source: Path, work: Path, rounds: int, shown: Sequence[str]) -> list[str]:
    """The table of one process that draws a live model again and again."""
    done = run(["-c", WARM, str(source), str(work), str(rounds), keywords(shown), json.dumps(TARGETS)], work)
    if done.code:
        sys.exit(f"the warm process failed: {done.errors[-800:]}")
    found: dict[str, tuple[float, str]] = json.loads(done.output.strip().splitlines()[-1])
    own, trouble = found[OURS]
    if trouble:
        sys.exit(f"cutaway failed on the live model, so there is nothing to compare: {trouble}")
    rows = [[way, f"{seconds:.3f} s", note.replace("|", " ") or "drawn"] for way, (seconds, note) in found.items()]
    lines = [f"Warm, one process, live model, medians of {rounds}:", "", table(["", "wall", "result"], rows), ""]
    for way, (seconds, _) in found.items():
        if way != OURS:
            lines.append(f"- {way} takes {ratio(name, seconds / own, 15)} the wall time of cutaway")
    return lines


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=["EfficientNetV2L"], help="names in keras.applications")
    parser.add_argument("--rounds", type=int, default=3, help="measured turns (default: %(default)s)")
    parser.add_argument(
        "--work", type=Path, default=Path(tempfile.gettempdir()) / "cutaway-benchmarks", help="folder for models"
    )
    options = parser.parse_args(argv)
    options.work.mkdir(parents=True, exist_ok=True)
    sections = [report(name, model_file(name, options.work), options.work, options.rounds) for name in options.models]
    write_section("plot_model.py", "\n\n".join(sections), ["cutaway", "keras", "tensorflow-cpu", "pydot"])


if __name__ == "__main__":
    main()
