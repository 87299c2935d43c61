"""What is written, TensorBoard's own readers read; and a writer that is killed leaves whole records."""

from __future__ import annotations

import errno
import os
import resource
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutaway.readers.wire.crc32c import crc32c, masked
from cutaway.training import event_writer
from cutaway.training.checksums import find_header, masked_checksum, masked_rows
from cutaway.training.event_messages import varint
from cutaway.training.event_writer import EventWriter

ROOT = Path(__file__).resolve().parents[2]


def accumulated(folder: Path) -> Any:
    """The run as TensorBoard reads it."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder), size_guidance={"tensors": 0})
    found.Reload()
    return found


def values(found: Any, tag: str) -> list[tuple[float, int, Any]]:
    from tensorboard.util.tensor_util import make_ndarray

    return [(event.wall_time, event.step, make_ndarray(event.tensor_proto)) for event in found.Tensors(tag)]


@given(st.binary(max_size=9000))
@settings(max_examples=60, deadline=None)
def test_checksums_by_columns_are_those_by_bytes(data: bytes) -> None:
    assert masked_checksum(data) == masked(crc32c(data))
    if data:
        assert masked_rows(np.frombuffer(data * 2, np.uint8).reshape(2, -1)).tolist() == [masked(crc32c(data))] * 2


def test_windows_is_asked_to_write_bytes_as_they_are() -> None:
    code = "import os; os.O_BINARY = 1 << 30; from cutaway.training import event_writer; print(event_writer._BYTES)"
    told = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        check=True,
    ).stdout
    assert int(told) == 1 << 30


def test_files_are_opened_for_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, opened = [], os.open

    def watched(path: Path, flags: int, mode: int) -> int:
        seen.append(flags)
        return opened(path, flags & ~(1 << 30), mode)

    monkeypatch.setattr(event_writer, "_BYTES", 1 << 30)
    monkeypatch.setattr(os, "open", watched)
    EventWriter(tmp_path).close()
    assert seen[0] & 1 << 30


def test_checksum_of_a_standard() -> None:
    assert masked_checksum(b"123456789") == masked(0xE3069283)


@given(st.binary(max_size=300), st.integers(0, 1 << 40))
@settings(max_examples=40, deadline=None)
def test_a_header_is_found_behind_rubble(rubble: bytes, length: int) -> None:
    head = struct.pack("<Q", length)
    data = rubble + head + struct.pack("<I", masked(crc32c(head))) + b"data"
    assert find_header(np.frombuffer(data, np.uint8), 0) == len(rubble)


@given(st.integers(-(1 << 63), (1 << 63) - 1))
def test_numbers_are_those_of_protobuf(value: int) -> None:
    from google.protobuf.internal.encoder import _VarintBytes  # type: ignore[import-untyped, unused-ignore]

    assert varint(value) == _VarintBytes(value & 0xFFFFFFFFFFFFFFFF)


def test_tensorboard_reads_scalars_to_the_last_digit(tmp_path: Path) -> None:
    told = [0.1, -1e30, 1e-40, float("inf"), float("nan"), 1e300, 3.4028235677973366e38, 0.0]
    steps = [0, 1, 127, 128, 1 << 20, 1 << 40, -1, 5]
    with EventWriter(tmp_path) as writer:
        for step, value in zip(steps, told, strict=True):
            writer.scalars({"loss": value, "Genauigkeit/größer": value}, step, wall_time=1.5e9 + step / 7)
        writer.tensor_scalar("clock", 1.5e9 + 0.001, 3)
    found = accumulated(tmp_path)
    with np.errstate(over="ignore"):
        expected = np.array(told).astype(np.float32)
    for tag in ("loss", "Genauigkeit/größer"):
        read = values(found, tag)
        assert [step for _, step, _ in read] == steps
        assert [wall for wall, _, _ in read] == [1.5e9 + step / 7 for step in steps]
        np.testing.assert_array_equal(np.array([value for _, _, value in read], np.float32), expected)
        assert found.SummaryMetadata(tag).plugin_data.plugin_name == "scalars"
    assert values(found, "clock")[0][2] == 1.5e9 + 0.001
    assert found.FirstEventTimestamp() == pytest.approx(time.time(), abs=100)


def test_tensorboard_reads_the_other_kinds(tmp_path: Path) -> None:
    rows = np.array([[-1.0, 0.0, 3], [0.0, 1e300, 5]])
    with EventWriter(tmp_path / "deep" / "run") as writer:
        writer.histogram("weights", rows, 7)
        writer.text("note", "**größer**", 8)
        writer.keras_model('{"class_name": "Sequential"}')
        writer.run_metadata("trace", b"", 9)
        writer.graph(b"")
        writer.contract("cutaway/structure", "cutaway_structure", b"{}")
    found = accumulated(tmp_path / "deep" / "run")
    ((_, step, read),) = values(found, "weights")
    assert step == 7
    np.testing.assert_array_equal(read, rows)
    assert values(found, "note")[0][2].item() == "**größer**".encode()
    assert values(found, "keras")[0][2].item() == b'{"class_name": "Sequential"}'
    plugins = {tag: found.SummaryMetadata(tag).plugin_data.plugin_name for tag in found.Tags()["tensors"]}
    assert plugins == {
        "weights": "histograms",
        "note": "text",
        "keras": "graph_keras_model",
        "trace": "graph_run_metadata",
        "cutaway/structure": "cutaway_structure",
    }


def test_a_histogram_has_three_columns(tmp_path: Path) -> None:
    with EventWriter(tmp_path) as writer, pytest.raises(ValueError, match=r"\(2, 2\)"):
        writer.histogram("h", np.zeros((2, 2)), 0)


def test_a_new_writer_is_a_new_file(tmp_path: Path) -> None:
    for step in range(3):
        with EventWriter(tmp_path) as writer:
            writer.scalars({"loss": step}, step)
    assert len(list(tmp_path.iterdir())) == 3
    assert [step for _, step, _ in values(accumulated(tmp_path), "loss")] == [0, 1, 2]


def test_a_closed_writer_says_so(tmp_path: Path) -> None:
    writer = EventWriter(tmp_path)
    writer.close()
    writer.close()
    with pytest.raises(OSError, match="closed"):
        writer.scalars({"loss": 1}, 0)


def test_a_killed_writer_loses_nothing_that_it_had_told(tmp_path: Path) -> None:
    code = f"""
from cutaway.training.event_writer import EventWriter
import os
writer = EventWriter({str(tmp_path)!r})
step = 0
while True:
    writer.scalars({{"loss": step, "accuracy": -step}}, step)
    os.write(1, b"%d\\n" % step)
    step += 1
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, env={"PYTHONPATH": str(ROOT / "src")}
    ) as process:
        assert process.stdout is not None
        lines = b"".join(process.stdout.readline() for _ in range(500))
        os.kill(process.pid, signal.SIGKILL)
        told = int((lines + process.stdout.read()).split(b"\n")[-2])
    assert told >= 499
    read = values(accumulated(tmp_path), "accuracy")
    assert [step for _, step, _ in read] == list(range(len(read)))
    assert len(read) > told


def test_a_full_disk_leaves_whole_records(tmp_path: Path) -> None:
    """The limit on the size of files stands for the disk: a write is taken in part, the next one refused."""
    code = f"""
import resource, signal
from cutaway.training.event_writer import EventWriter
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
writer = EventWriter({str(tmp_path)!r})
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, {resource.getrlimit(resource.RLIMIT_FSIZE)[1]}))
try:
    for step in range(1000):
        writer.scalars({{"loss": step, "accuracy": step}}, step)
except OSError as error:
    print(step, error.errno)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONPATH": str(ROOT / "src")}, check=True
    )
    failed, number = map(int, done.stdout.split())
    assert number == errno.EFBIG
    assert 0 < failed < 20
    assert [value.item() for _, _, value in values(accumulated(tmp_path), "accuracy")] == list(range(failed))
    (path,) = tmp_path.iterdir()
    data, at = path.read_bytes(), 0
    while at < len(data):
        at += struct.unpack_from("<Q", data, at)[0] + 16
    assert at == len(data)
