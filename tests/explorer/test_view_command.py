"""``cutaway view``: how it begins, what it says, and how it ends."""

from __future__ import annotations

import argparse
import http.client
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cutaway.cli import _COMMANDS, _parser, main
from cutaway.explorer.guard import HEADER
from tests.explorer.hand import ROOT

DIGITS = ROOT / "examples" / "digits.keras"


def command(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "cutaway", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip


@pytest.mark.parametrize("words", [("view",), ()], ids=["view", "short"])
def test_the_command_serves_and_ends_with_an_interrupt(words: tuple[str, ...]) -> None:
    process = command(*words, str(DIGITS), "--no-browser")
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        url = next(word for word in line.split() if word.startswith("http://127.0.0.1:"))
        port, _, token = url.removeprefix("http://127.0.0.1:").partition("/?token=")
        stream = http.client.HTTPConnection("127.0.0.1", int(port), timeout=20)
        stream.request("GET", "/events", headers={HEADER: token})
        answer = stream.getresponse()
        assert answer.status == 200  # a page that is still open does not keep it
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""
        answer.close()
        stream.close()
    finally:
        process.kill()
        process.communicate()


def test_what_is_not_there_is_told_before_anything_opens(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["view", str(tmp_path / "none.keras"), "--no-browser"]) == 3
    assert "there is no such file" in capsys.readouterr().err


def test_what_cannot_be_read_is_told_in_the_terminal_too(tmp_path: Path) -> None:
    (tmp_path / "m.keras").write_bytes(DIGITS.read_bytes()[:9000])
    process = command("view", str(tmp_path / "m.keras"), "--no-browser")
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        assert "http://127.0.0.1:" in process.stdout.readline()
        assert process.stderr.readline().startswith("cutaway: ")
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.communicate()


def test_other_machines_are_let_in_only_on_purpose(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["view", str(DIGITS), "--host", "0.0.0.0", "--no-browser"]) == 2
    said = capsys.readouterr().err
    assert "--allow-network" in said
    assert "unencrypted" in said


def test_a_port_that_is_taken_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["view", str(DIGITS), "--port", str(port), "--no-browser"]) == 2
    assert str(port) in capsys.readouterr().err


def test_every_command_is_known_by_its_name() -> None:
    (commands,) = [action for action in _parser()._actions if isinstance(action, argparse._SubParsersAction)]
    assert set(_COMMANDS) == set(commands.choices)


@pytest.mark.parametrize("word", ["modle", "x" * 5_000, "mödel"])
def test_a_word_that_is_neither_command_nor_file_is_told_as_such(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([word])
    assert "view" in capsys.readouterr().err
