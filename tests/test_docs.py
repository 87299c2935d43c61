"""The documentation: the reference names every choice there is, every example runs, and every link leads somewhere."""

from __future__ import annotations

import argparse
import inspect
import re
import shlex
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import cutaway
from cutaway import tables
from cutaway.cli import _parser, main
from cutaway.formats import FORMATS
from cutaway.readers import READERS
from cutaway.style.theme import THEMES

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
PAGES = ("guide", "cookbook", "reference")
ALL_PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "examples").glob("*.md")])


def parsers() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """The parser of the command line and those of its commands, by name."""
    root = _parser()
    yield "cutaway", root
    for action in root._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.items()


def section(heading: str) -> str:
    """The part of the reference below a heading, up to the next of the same level or above."""
    level = len(heading) - len(heading.lstrip("#"))
    found = re.search(rf"^{re.escape(heading)}$(.*?)(?=^#{{1,{level}}} |\Z)", REFERENCE, re.DOTALL | re.MULTILINE)
    assert found, f"docs/reference.md has no heading {heading!r}"
    return found.group(1)


def rows(text: str) -> dict[str, str]:
    """Tables in Markdown: what stands in code in the first column, and the meaning beside it."""
    found = {}
    for line in text.splitlines():
        if line.startswith("| `"):
            first, *rest = line.strip("|").split(" | ")
            found.update(dict.fromkeys(re.findall(r"`([^`]+)`", first), " ".join(rest).strip()))
    return found


def test_reference_has_every_parameter_and_its_default() -> None:
    told = rows(section("## `cutaway.plot_model`"))
    for name, parameter in inspect.signature(cutaway.plot_model).parameters.items():
        assert told.get(name), f"docs/reference.md does not explain {name}"
        if parameter.default is not inspect.Parameter.empty:
            shown = told[name].split(" ")[0].strip("`").replace("'", '"')
            assert shown == str(
                parameter.default if not isinstance(parameter.default, str) else f'"{parameter.default}"'
            )


def test_reference_has_every_option_of_the_command_line() -> None:
    common = set(rows(section("## Command line")))
    for command, parser in parsers():
        told = common if command == "cutaway" else common | set(rows(section(f"### `cutaway {command}`")))
        words = {word.split(" ")[0] for word in told}
        for action in parser._actions:
            for option in action.option_strings:
                assert option in words, f"docs/reference.md does not explain {option} of {command}"
        there = {option for action in parser._actions for option in action.option_strings}
        own = set() if command == "cutaway" else set(rows(section(f"### `cutaway {command}`")))
        odd = {word.split(" ")[0] for word in own if word.startswith("-")} - there
        assert not odd, f"docs/reference.md says of {command} what it has not: {odd}"


def test_reference_has_every_format_reader_theme_and_form() -> None:
    assert {f".{found.extension}" for found in FORMATS} == set(rows(section("## Formats")))
    assert {reader.name for reader in READERS} == set(rows(section("## Readers")))
    assert {f'"{name}"' for name in THEMES} == set(rows(section("## Themes")))
    forms = rows(section("### `cutaway summary`"))["--format FORM"]
    assert set(tables.FORMATS) == set(re.findall(r"`([^`]+)`", forms))


def test_reference_tells_nothing_that_is_not_there() -> None:
    options = {option for _, parser in parsers() for action in parser._actions for option in action.option_strings}
    assert set(re.findall(r"--[a-z][a-z-]+", REFERENCE)) <= options
    told = rows(section("## `cutaway.plot_model`").split("###")[0])
    assert list(told) == list(inspect.signature(cutaway.plot_model).parameters)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with a model and a table of times, as the examples expect them."""
    shutil.copy(ROOT / "examples" / "resnet50.keras", tmp_path / "model.keras")
    shutil.copy(ROOT / "examples" / "digits.keras", tmp_path)
    with zipfile.ZipFile(ROOT / "tests" / "models" / "saved_model_steps.zip") as file:
        file.extractall(tmp_path / "saved_model")
    (tmp_path / "times.csv").write_text("layer,ms\nconv1_conv,4.5\nconv2,2.25\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", PAGES)
def test_python_examples_run_from_top_to_bottom(page: str, folder: Path) -> None:
    code = blocks(page, "python")
    assert code
    names: dict[str, object] = {}
    for block in code:
        exec(compile(block, f"docs/{page}.md", "exec"), names)
    for file in re.findall(r'"([\w.]+\.(?:svg|pdf|png))"', "".join(code)):
        assert (folder / file).stat().st_size > 1000, f"{file} of docs/{page}.md was not written"


def test_commands_of_the_guide_run(folder: Path) -> None:
    lines = [line for block in blocks("guide", "sh") for line in block.splitlines()]
    assert len(lines) > 5
    for line in lines:
        program, *words = shlex.split(line)
        assert program == "cutaway"
        assert main(words) == 0, line
        if "-o" in words:
            assert (folder / words[words.index("-o") + 1]).stat().st_size > 1000, line


@pytest.mark.parametrize("page", ALL_PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        path, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", path):
            continue
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), f"{page.name} links to {target}, which is not there"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", found.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}
