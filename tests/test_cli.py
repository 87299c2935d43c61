"""The command line: what each word does, what it says when it cannot, and that no file can write to the terminal."""

from __future__ import annotations

import inspect
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from cutaway.cli import main
from cutaway.drawing.png import left_out
from cutaway.errors import MissingExtra, OptionError
from cutaway.graph.contract import from_contract
from cutaway.readers import read
from tests.drawing.scenes import NESTED, scene, text

ROOT = Path(__file__).resolve().parent.parent
MODELS = ROOT / "tests" / "models"
DIGITS = str(ROOT / "examples" / "digits.keras")
RESNET = str(ROOT / "examples" / "resnet50.keras")


class Drawn:
    """Stands in for `cutaway.picture`: keeps what it was asked to draw."""

    def __init__(self) -> None:
        self.calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
        self.error: BaseException | None = None
        self.warnings: tuple[str, ...] = ()
        self.scene = NESTED
        self.dpi = 96.0
        self.saved: list[str] = []

    def plot_model(self, *args: Any, **options: Any) -> SimpleNamespace:
        self.calls.append((args, options))
        if self.error is not None:
            raise self.error
        graph = SimpleNamespace(warnings=self.warnings)
        return SimpleNamespace(graph=graph, scene=self.scene, dpi=self.dpi, save=self.saved.append, overlay=None)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Drawn:
    stand_in, module = Drawn(), ModuleType("cutaway.picture")
    module.plot_model = stand_in.plot_model  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "cutaway.picture", module)
    return stand_in


def cutaway(*words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    environment = {"PYTHONPATH": str(ROOT / "src"), "PYTHONIOENCODING": options.pop("encoding", "utf-8")}
    return subprocess.run(
        [sys.executable, "-m", "cutaway", *words],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        **options,
    )


def hostile_model(folder: Path, name: str) -> str:
    """The digits, with one layer renamed."""
    target = folder / "hostile.keras"
    with zipfile.ZipFile(DIGITS) as old, zipfile.ZipFile(target, "w") as new:
        for member in ("config.json", "metadata.json"):
            new.writestr(member, old.read(member).decode().replace('"block1_add"', json.dumps(name)))
    return str(target)


def test_plot_hands_every_word_on(drawn: Drawn, capsys: pytest.CaptureFixture[str]) -> None:
    words = (
        "plot m.keras -o out.svg --depth 2 --unfold all --fold-repeats --between a b --show-shapes "
        "--no-show-layer-names --fields macs units --theme dark --highlight x y --rankdir LR --aspect 16:9 --dpi 200 "
        "--input-shape None,28,28,1"
    )
    assert main(words.split()) == 0
    ((args, options),) = drawn.calls
    assert args == ("m.keras", None)
    assert drawn.saved == ["out.svg"]
    assert options == {
        "depth": 2, "unfold": "all", "fold_repeats": True, "between": ["a", "b"], "show_shapes": True,
        "show_layer_names": False, "fields": ["macs", "units"], "theme": "dark", "highlight": ["x", "y"],
        "rankdir": "LR", "aspect": 16 / 9, "dpi": 200.0, "input_shape": (None, 28, 28, 1),
    }  # fmt: skip
    assert capsys.readouterr().out == "wrote out.svg\n"


def test_plot_leaves_all_other_defaults_to_the_function(drawn: Drawn) -> None:
    assert main(["plot", "m.keras", "-o", "out.svg"]) == 0
    assert drawn.calls == [(("m.keras", None), {"show_layer_names": None})]  # names that an author chose


def test_plot_tells_what_could_not_be_read(drawn: Drawn, capsys: pytest.CaptureFixture[str]) -> None:
    drawn.warnings = ("layer \x1b[31m is unknown",)
    assert main(["plot", "m.keras", "-o", "out.svg"]) == 0
    assert capsys.readouterr() == ("wrote out.svg\n", "warning: layer \ufffd[31m is unknown\n")


def test_plot_tells_what_a_bitmap_leaves_out(drawn: Drawn, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plot", "m.keras", "-o", "out.png"]) == 0
    assert capsys.readouterr().err == f"note: {left_out(NESTED, 1.0)}\n"


def test_a_bitmap_that_does_not_fit_is_lowered_unless_a_resolution_was_asked_for(
    drawn: Drawn, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn.scene, drawn.dpi = scene(size=(100_000, 100)), 200.0
    assert main(["plot", "m.keras", "-o", "out.png"]) == 0
    assert capsys.readouterr().err.startswith("note: Drawn with 31 dpi: with 200 the bitmap would be larger")
    assert main(["plot", "m.keras", "-o", "out.png", "--dpi", "200"]) == 2
    said = capsys.readouterr().err
    assert "(--dpi 31)" in said
    assert "width=" not in said
    assert drawn.saved == ["out.png"]
    assert main(["plot", "m.keras", "-o", "out.svg", "--dpi", "200"]) == 0
    assert capsys.readouterr().err == ""


def test_plot_tells_which_formats_lack_letters(drawn: Drawn, capsys: pytest.CaptureFixture[str]) -> None:
    drawn.scene = scene(text(0, 20, "漢"), text(0, 40, "字"), text(0, 60, "plain"))
    said = "note: 2 texts hold characters that the shipped font lacks; these are boxes here, svg shows them.\n"
    for extension, expected in (("png", said), ("PDF", said), ("svg", ""), ("json", "")):
        assert main(["plot", "m.keras", "-o", f"out.{extension}"]) == 0
        assert capsys.readouterr().err == expected


@pytest.mark.parametrize("extension", ["svg", "png"])
@pytest.mark.parametrize("dpi", ["0", "nan", "inf", "-1", "1e999"])
def test_an_impossible_resolution_is_told_before_the_work(extension: str, dpi: str) -> None:
    done = cutaway("plot", "none.keras", "-o", f"none.{extension}", f"--dpi={dpi}")
    assert done.returncode == 2
    assert done.stderr.startswith("cutaway: dpi must be a positive number")


def test_a_bitmap_without_pixels_is_refused(tmp_path: Path) -> None:
    done = cutaway("plot", DIGITS, "-o", str(tmp_path / "digits.png"), "--dpi", "1e-9")
    assert done.returncode == 2
    assert "at least 1 pixel a side" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_every_option_of_plot_is_a_parameter_of_plot_model() -> None:
    from cutaway.picture import plot_model

    offered = set(re.findall(r"--(?!no-|help|output)([a-z-]+)", cutaway("plot", "--help").stdout))
    assert {name.replace("-", "_") for name in offered} <= set(inspect.signature(plot_model).parameters)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (OptionError("theme must be one of 'light'"), 2, "cutaway: theme must be one of 'light'\n"),
        (MissingExtra("install x"), 4, "cutaway: install x\n"),
        (PermissionError(13, "Permission denied", "/out.svg"), 4, "cutaway: /out.svg: Permission denied\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_errors_become_exit_codes(
    drawn: Drawn, capsys: pytest.CaptureFixture[str], error: BaseException, code: int, said: str
) -> None:
    drawn.error = error
    assert main(["plot", "m.keras", "-o", "out.svg"]) == code
    assert capsys.readouterr() == ("", said)


def test_defects_are_not_hidden(drawn: Drawn) -> None:
    drawn.error = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        main(["plot", "m.keras", "-o", "out.svg"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "COMMAND"),
        (["frob"], "choose from"),
        (["frob"], "nor is there such a file or folder"),
        (["check", "--ignore", "CA020", DIGITS], "required: MODEL; put it first"),
        (["summary", "--training", DIGITS], "required: MODEL; put it first"),
        (["profile"], "required: MODEL\n"),
        (["plot", "m.keras"], "-o/--output"),
        (["plot", "m.keras", "-o", "x.svg", "--aspect", "wide"], "16:9"),
        (["plot", "m.keras", "-o", "x.svg", "--aspect", "1:0"], "16:9"),
        (["plot", "m.keras", "-o", "x.svg", "--unfold", "some"], "all"),
        (["plot", "m.keras", "-o", "x.svg", "--input-shape", "a,b"], "None,28,28,1"),
        (["plot", "m.keras", "-o", "x.svg", "--dept", "1"], "unrecognized arguments"),
        (["summary", DIGITS, "--format", "xml"], "json"),
        (["summary", DIGITS, "\x1b[31m"], "unrecognized arguments: \ufffd[31m"),
    ],
)
def test_wrong_words_say_what_is_right(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(words)
    assert stopped.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("command", [[], ["plot"], ["summary"]])
def test_help_shows_examples(command: list[str]) -> None:
    done = cutaway(*command, "--help")
    assert done.returncode == 0
    assert f"  cutaway {' '.join(command)}" in done.stdout.split("examples:")[1]


def test_every_command_in_the_readme_is_one(drawn: Drawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.keras").write_bytes(Path(DIGITS).read_bytes())
    shutil.copy(MODELS / "tflite" / "conv_int8.tflite", tmp_path / "model.tflite")
    with zipfile.ZipFile(MODELS / "saved_model_steps.zip") as file:
        file.extractall(tmp_path / "saved_model_folder")
    monkeypatch.chdir(tmp_path)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    examples = re.findall(r"^ *cutaway ((?:plot|summary) [^#>\n]*)", readme + cutaway("--help").stdout, re.MULTILINE)
    assert len(examples) >= 8
    for words in examples:
        assert main(words.replace("model.h5", "model.keras").split()) == 0


def test_version() -> None:
    assert cutaway("--version").stdout == "cutaway 0.1.0\n"


def test_summary_in_a_pipe_is_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["summary", DIGITS]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "digits"
    assert lines[1].split() == ["name", "op", "output", "parameters", "bytes", "MACs"]
    assert [*lines[4].split()] == ["stem", "Conv2D", "(None,", "14,", "14,", "16)", "160", "640", "B", "28.22", "k"]
    assert (
        lines[-1]
        == "5,083 parameters (5,019 trainable), 20.3 kB; 931.6 k MACs, 1.895 M FLOPs, 37.6 kB of activations at most; "
        "12 nodes, 12 edges, 0 groups"
    )


def test_summary_on_a_terminal_is_drawn_by_rich(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "120")
    assert main(["summary", DIGITS]) == 0
    assert "━" in capsys.readouterr().out


def test_a_narrow_terminal_shows_names_to_their_end(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "70")
    assert main(["summary", DIGITS]) == 0
    table = [line.split("│")[1:-1] for line in capsys.readouterr().out.splitlines() if line.startswith("│")]
    assert "…" not in str(table)
    names = "".join(cells[0].strip() for cells in table)
    assert "".join(node.name for node in read(DIGITS).nodes) == names


def test_json_is_the_graph(tmp_path: Path) -> None:
    target = tmp_path / "graph.json"
    assert main(["plot", RESNET, "-o", str(target)]) == 0
    document = json.loads(target.read_text(encoding="utf-8"))
    assert len(from_contract(document)) == document["model"]["nodes"] == 177
    root = next(group for group in document["groups"] if group["parent"] is None)
    assert root["facts"]["parameters"] == document["model"]["parameters"] == 25_636_712


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut short", b"\xff\xd8\xff\xe0 a picture", b"\x1b[31m" * 9])
def test_a_bad_file_is_an_error_without_a_traceback(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.keras"
    path.write_bytes(content)
    done = cutaway("summary", str(path))
    assert done.returncode == 3
    assert done.stderr.startswith("cutaway: ")
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stderr


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    done = cutaway("summary", str(tmp_path / "none.keras"))
    assert (done.returncode, done.stdout) == (3, "")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    done = cutaway("plot", DIGITS, "-o", str(tmp_path / "none" / "graph.svg"))
    assert done.returncode == 4
    assert done.stderr == f"cutaway: {tmp_path / 'none' / 'graph.svg'}: No such file or directory\n"


def full_or_skip() -> str:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full, the disk without room")
    return "/dev/full"


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    target = tmp_path / "graph.svg"
    target.symlink_to(full_or_skip())
    done = cutaway("plot", DIGITS, "-o", str(target))
    assert done.returncode == 4
    assert done.stderr == f"cutaway: {target}: No space left on device\n"


def test_a_full_disk_behind_stdout_is_told() -> None:
    with Path(full_or_skip()).open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "cutaway", "summary", DIGITS],
            stdout=full, stderr=subprocess.PIPE, env={"PYTHONPATH": str(ROOT / "src")}, check=False,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (4, b"cutaway: standard output: No space left on device\n")


@pytest.mark.parametrize("target", ["", "a\0b.svg"])
def test_a_target_that_is_no_path(drawn: Drawn, target: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plot", "m.keras", "-o", target]) == 2
    assert "-o must be the path of a file" in capsys.readouterr().err
    assert drawn.calls == []


def test_a_target_that_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "graph.svg").mkdir()
    done = cutaway("plot", DIGITS, "-o", str(tmp_path / "graph.svg"))
    assert (done.returncode, done.stderr) == (4, f"cutaway: {tmp_path / 'graph.svg'}: Is a directory\n")


def test_an_empty_path_of_a_model() -> None:
    done = cutaway("plot", "", "-o", "graph.svg")
    assert done.returncode == 3
    assert done.stderr.startswith("cutaway: the path of the model is empty")


@pytest.mark.parametrize(("closing", "model", "code"), [
    (">&-", DIGITS, 0), ("2>&-", DIGITS, 0), (">&- 2>&-", DIGITS, 0), ("<&- >&- 2>&-", "none.keras", 3),
])  # fmt: skip
def test_closed_streams_are_no_error(closing: str, model: str, code: int) -> None:
    done = subprocess.run(
        ["sh", "-c", f'"$@" {closing}', "sh", sys.executable, "-m", "cutaway", "summary", model],
        capture_output=True, env={"PYTHONPATH": str(ROOT / "src")}, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (code, b"")
    assert (done.stdout == b"") is (closing != "2>&-")


@pytest.mark.parametrize("form", ["table", "json", "csv", "md"])
def test_names_cannot_write_to_the_terminal(tmp_path: Path, form: str) -> None:
    path = hostile_model(tmp_path, "\x1b]0;title\x07\x9b31m\u202eevil\r\nname")
    done = cutaway("summary", path, "--format", form)
    assert done.returncode == 0
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", done.stdout)
    assert "evil" in done.stdout


@pytest.mark.parametrize("extension", ["svg", "png", "pdf", "json", "scene.json"])
@pytest.mark.parametrize("name", ['<b>&"', "\ud800\x00\n\u202e", "x" * 10_000])
def test_hostile_names_are_drawn_in_every_format(tmp_path: Path, extension: str, name: str) -> None:
    target = tmp_path / f"picture.{extension}"
    done = cutaway("plot", hostile_model(tmp_path, name), "-o", str(target), "--show-layer-names", "--dpi", "96")
    assert (done.returncode, done.stderr) == (0, "")
    assert target.stat().st_size > 1_000


def test_a_terminal_without_the_letters_gets_an_answer(tmp_path: Path) -> None:
    done = cutaway("summary", hostile_model(tmp_path, "größe"), encoding="ascii")
    assert done.returncode == 0
    assert "gr\\xf6\\xdfe" in done.stdout


def test_a_pipe_that_closes_early_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "cutaway", "summary", DIGITS],
        stdout=writing, stderr=subprocess.PIPE, env={"PYTHONPATH": str(ROOT / "src")}, check=False,
    )  # fmt: skip
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


def test_summary_loads_neither_tensorflow_nor_what_it_does_not_use() -> None:
    code = f"""
import sys, io
from cutaway.cli import main
from cutaway.drawing.png import left_out
sys.stdout = io.StringIO()
main(["summary", {RESNET!r}])
unneeded = {{"tensorflow", "keras", "numpy", "h5py", "rich", "resvg_py", "yaml"}}
print(*sorted(unneeded & set(sys.modules)), file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONPATH": str(ROOT / "src")}, check=True
    )
    assert done.stderr.strip() == ""
