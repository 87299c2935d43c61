"""Files that are there whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from cutaway.picture import plot_model
from cutaway.whole_files import write_whole

DIGITS = Path(__file__).resolve().parent.parent / "examples" / "digits.keras"


def test_a_file_is_written_and_written_over(tmp_path: Path) -> None:
    target = tmp_path / "a.svg"
    for data in (b"one", b"", b"two" * 100_000):
        write_whole(target, data)
        assert target.read_bytes() == data
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("trouble", [KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_what_stops_the_writing_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: BaseException
) -> None:
    target = tmp_path / "a.svg"
    target.write_bytes(b"before")
    real = Path.write_bytes

    def half(path: Path, data: bytes) -> int:
        real(path, data[: len(data) // 2])
        raise trouble

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(type(trouble)) as told:
        plot_model(str(DIGITS), None).save(target)
    monkeypatch.undo()
    assert target.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [target]
    if isinstance(told.value, OSError):
        assert told.value.filename == str(target)


def test_permissions_stay_and_new_files_have_the_usual_ones(tmp_path: Path) -> None:
    old, new, usual = (tmp_path / name for name in ("old", "new", "usual"))
    old.write_bytes(b"")
    old.chmod(0o640)
    usual.write_bytes(b"")
    write_whole(old, b"x")
    write_whole(new, b"x")
    assert stat.S_IMODE(old.stat().st_mode) == 0o640
    assert new.stat().st_mode == usual.stat().st_mode


def test_links_are_followed_and_told_where_they_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_whole(tmp_path / "link", b"x")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"x"
    (tmp_path / "ring").symlink_to(tmp_path / "ring")
    with pytest.raises(OSError, match="ring"):
        write_whole(tmp_path / "ring", b"x")


def test_a_pipe_stays_one(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_whole(pipe, b"through")
    assert os.read(reading, 100) == b"through"
    os.close(reading)
    assert list(tmp_path.iterdir()) == [pipe]


def test_a_link_to_a_pipe_leads_into_it(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    link = tmp_path / "a.svg"
    link.symlink_to(f"/dev/fd/{writing}")
    write_whole(link, b"through")
    assert os.read(reading, 100) == b"through"
    assert link.is_symlink()
    os.close(reading)
    os.close(writing)


@pytest.mark.parametrize("code", [errno.EBUSY, errno.EACCES])
def test_a_file_that_cannot_be_replaced_is_written_over(
    code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bound(path: Path, other: Path) -> Path:
        raise OSError(code, os.strerror(code), str(path), None, str(other))

    monkeypatch.setattr(Path, "replace", bound)
    target = tmp_path / "a.svg"
    with pytest.raises(OSError, match=r"a\.svg"):
        write_whole(target, b"nothing is there to write over")
    target.write_bytes(b"long before")
    write_whole(target, b"x")
    assert target.read_bytes() == b"x"
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_in_a_folder_where_nothing_can_be_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a.svg"
    target.write_bytes(b"long before")
    monkeypatch.setattr(os, "access", lambda path, _: Path(path) != tmp_path)  # root may write anywhere
    monkeypatch.setattr(Path, "replace", lambda *_: pytest.fail("nothing may be added here"))
    write_whole(target, b"x")
    assert target.read_bytes() == b"x"
