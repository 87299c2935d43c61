"""Files that end the process of the interpreter: told in words, and never run in this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cutaway
from cutaway.cli import main
from cutaway.errors import ReadError
from cutaway.loading import litert, litert_trial
from cutaway.loading.litert_interpreter import Request
from cutaway.profiling import litert_operations
from cutaway.profiling.litert_profiler import Unprofiled

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "tests" / "models" / "tflite" / "conv_int8.tflite"

INTERPRETER = """
import os, sys, time
import numpy as np
START
IN_TRIAL = "cutaway" not in sys.modules
class Interpreter:
    def __init__(self, model_path, num_threads, **options):
        self.shape, self.keeps = [], "experimental_preserve_all_tensors" in options
    def get_input_details(self):
        return [{"index": 0, "shape": (1, 32, 32, 3), "dtype": np.int8, "quantization": (0.5, 0)}]
    def resize_tensor_input(self, index, shape):
        self.shape = list(shape)
    def allocate_tensors(self): pass
    def set_tensor(self, index, values):
        self.values = values
    def invoke(self):
        if not IN_TRIAL:
            raise AssertionError("it ran in the process that asked")
        END
"""


def interpreter(monkeypatch: pytest.MonkeyPatch, folder: Path, end: str, start: str = "") -> None:
    """Have an interpreter at hand that begins and ends so in a process of its own, and must not run in this one."""
    name = f"interpreter_{folder.name}"
    (folder / f"{name}.py").write_text(INTERPRETER.replace("END", end).replace("START", start), encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(litert, "_MODULES", {name: "LiteRT"})
    monkeypatch.setattr(litert_operations, "installed", unprofiled)


def unprofiled() -> Any:
    raise Unprofiled("there is no profiler")


@pytest.mark.parametrize("run", [cutaway.activations, cutaway.profile])
@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        ("", "os.abort()", "LiteRT crashes when it runs this model .SIGABRT"),
        ("", "time.sleep(60)", "takes more than 4 seconds"),
        ("if 'cutaway' not in sys.modules: raise ImportError", "pass", "could not be tried .* ended with code 1"),
    ],
    ids=["crash", "hang", "no interpreter"],
)
def test_a_model_that_does_not_survive_a_trial_is_not_run_here(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, run: Callable[[Path], Any], start: str, end: str, words: str
) -> None:
    interpreter(monkeypatch, tmp_path, end, start)
    monkeypatch.setattr(litert_trial, "LIMIT", 4.0 if "sleep" in end else 60.0)
    with pytest.raises(ReadError, match=words):
        run(MODEL)


def test_the_trial_is_of_the_shapes_and_numbers_that_will_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It crashes on these alone; after others it would run here."""
    interpreter(monkeypatch, tmp_path, "self.shape[0] == 3 and self.values.max() == 7 and os.abort()")
    with pytest.raises(ReadError, match="crashes"):
        cutaway.profile(MODEL, batch=3, data=np.full((3, 32, 32, 3), 7, np.int8))
    with pytest.raises(AssertionError, match="in the process that asked"):
        cutaway.activations(MODEL, np.full((3, 32, 32, 3), 6, np.int8))


def test_a_crash_is_told_by_the_command_as_a_damaged_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    interpreter(monkeypatch, tmp_path, "os.abort()")
    assert main(["profile", str(MODEL)]) == 3
    assert "SIGABRT" in capsys.readouterr().err


def test_texts_reach_the_trial_without_being_pickled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    interpreter(monkeypatch, tmp_path, "pass")
    (module,) = litert._MODULES
    texts = np.array([["löwe", b"\xff"]], dtype=object)
    litert_trial.check_survives(Request(module, str(MODEL), 1), {0: texts})
