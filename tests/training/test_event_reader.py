"""Logs of every writer are read as TensorBoard reads them; growing, cut and damaged ones lose only the damage."""

from __future__ import annotations

import gzip
import os
import shutil
import struct
import subprocess
import sys
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutaway.errors import ReadError
from cutaway.readers.wire.crc32c import crc32c, masked
from cutaway.training import event_reader
from cutaway.training.checksums import PIECE, masked_records, masked_rows
from cutaway.training.event_messages import ScalarForm, event, field, metadata, record, strings, summary, tensor
from cutaway.training.event_records import split
from cutaway.training.event_writer import EventWriter
from cutaway.training.runs import LogFolder, Run
from tests.training.oracles import assert_same

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT.parent / "shared" / "corpus" / "tfevents"
SAMPLES = sorted(path.name for path in CORPUS.iterdir()) if CORPUS.is_dir() else []


def run_of(folder: Path) -> Run:
    run = Run(".", folder)
    run.read()
    return run


def write(folder: Path, *parts: bytes, name: str = "events.out.tfevents.1") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"".join(parts))
    return folder / name


def points(series: Any) -> list[tuple[float, int, float]]:
    return list(zip(series.times.tolist(), series.steps.tolist(), list(series.values), strict=True))


LOSS = [ScalarForm("loss").record(100.0 + step, step, step / 4) for step in range(300)]


@pytest.mark.skipif(not SAMPLES, reason="the corpus of real files is not beside this checkout")
@pytest.mark.parametrize("name", SAMPLES)
def test_real_logs_are_read_as_tensorboard_reads_them(name: str, tmp_path: Path) -> None:
    source = CORPUS / name
    if source.is_dir():
        folder = Path(shutil.copytree(source, tmp_path / "log"))
    else:
        shutil.copy(source, tmp_path)
        folder = tmp_path
    log = LogFolder(folder)
    log.read()
    assert log.runs
    for run in log.runs.values():
        assert_same(run)
        assert run.warnings == []
        assert (run.waiting > 0) == ("truncated" in name)


def test_tensorflow_2_and_1(tmp_path: Path) -> None:
    import tensorflow as tf

    writer = tf.summary.create_file_writer(str(tmp_path / "two"))
    with writer.as_default():
        for step in range(150):
            tf.summary.scalar("loss", step / 7, step=step)
            tf.summary.scalar("lost", -step / 7, step=step)
            tf.summary.histogram("weights", np.random.default_rng(step).normal(size=100), step=step)
        tf.summary.text("note", "größer", step=1)
        tf.summary.image("image", np.zeros((1, 4, 4, 3)), step=1)
        tf.summary.histogram("empty", np.zeros(0), step=2)
    writer.close()
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        value = tf.compat.v1.placeholder(tf.float32, [None])
        tf.compat.v1.summary.scalar("loss", tf.reduce_sum(value))
        tf.compat.v1.summary.scalar("accuracy", tf.reduce_max(value))
        tf.compat.v1.summary.histogram("weights", value)
        merged = tf.compat.v1.summary.merge_all()
        old = tf.compat.v1.summary.FileWriter(str(tmp_path / "one"), session.graph)
        for step in range(20):
            values = np.random.default_rng(step).normal(size=50)
            old.add_summary(session.run(merged, {value: values}), step)
        old.close()
    log = LogFolder(tmp_path)
    log.read()
    assert list(log.runs) == ["one", "two"]
    assert assert_same(log.runs["two"]) == 452
    assert assert_same(log.runs["one"]) == 60
    assert log.runs["two"].series["image"].kind == "images"
    assert log.runs["one"].others == {"file_version": 1, "graph_def": 1, "meta_graph_def": 1}


@pytest.mark.filterwarnings("ignore")
def test_tensorboardx(tmp_path: Path) -> None:
    from tensorboardX import SummaryWriter

    with SummaryWriter(str(tmp_path)) as writer:
        for step in range(40):
            writer.add_scalar("loss", step / 3, step)
            writer.add_histogram("weights", np.random.default_rng(step).normal(size=64), step)
        writer.add_text("note", "hello", 0)
        writer.add_hparams({"rate": 0.1}, {"best": 1.0})
    log = LogFolder(tmp_path)
    log.read()
    assert sum(map(assert_same, log.runs.values())) >= 82
    assert any(series.kind == "hparams" for run in log.runs.values() for series in run.series.values())


FLOATS = st.floats(width=32, allow_nan=False)
STEPS = st.one_of(st.integers(0, 300), st.integers(-(1 << 63), (1 << 63) - 1))


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "loss", "größer", ""]), STEPS, FLOATS), max_size=80))
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, told: list[tuple[str, int, float]]) -> None:
    folder = tmp_path_factory.mktemp("log")
    with EventWriter(folder) as writer:
        for time, (tag, step, value) in enumerate(told):
            writer.scalars({tag: value}, step, wall_time=float(time))
    run = run_of(folder)
    for tag in {tag for tag, _, _ in told}:
        expected = [(float(time), step, value) for time, (name, step, value) in enumerate(told) if name == tag]
        assert points(run.series[tag]) == expected
    assert sum(map(len, run.series.values())) == len(told)


@given(st.lists(st.integers(1, 3000), max_size=12), st.integers(0, 2))
@settings(max_examples=40, deadline=None)
def test_a_file_that_grows_is_read_on(tmp_path_factory: pytest.TempPathFactory, cuts: list[int], extra: int) -> None:
    data = b"".join(LOSS[:100])
    ends = np.cumsum([len(part) for part in LOSS[:100]]).tolist()
    path = write(tmp_path_factory.mktemp("log"), b"")
    run, at, count = Run(".", path.parent), 0, 0
    for cut in [*cuts, len(data)]:
        with path.open("ab") as file:
            file.write(data[at : at + cut])
        at += cut
        count += run.read()
        whole = int(np.searchsorted(ends, min(at, len(data)), "right"))
        assert (count, run.waiting) == (whole, min(at, len(data)) - (ends[whole - 1] if whole else 0))
        for _ in range(extra):
            assert run.read() == 0
    assert count == 100
    assert points(run.series["loss"]) == [(100.0 + step, step, step / 4) for step in range(100)]
    assert (run.warnings, run.waiting) == ([], 0)


def test_damaged_data_are_left_out_and_told(tmp_path: Path) -> None:
    parts = list(LOSS)
    for hurt in (7, 8, 200):
        parts[hurt] = parts[hurt][:30] + bytes([parts[hurt][30] ^ 1]) + parts[hurt][31:]
    write(tmp_path, *parts)
    run = run_of(tmp_path)
    assert run.series["loss"].steps.tolist() == [step for step in range(300) if step not in (7, 8, 200)]
    (warning,) = run.warnings
    assert f"3 records are damaged and left out, at byte {len(b''.join(LOSS[:7])):,}" in warning


@pytest.mark.parametrize("hurt", [0, 9])
def test_behind_a_damaged_length_the_next_record_is_found(tmp_path: Path, hurt: int) -> None:
    broken = bytearray(LOSS[5])
    broken[hurt] ^= 0x20
    write(tmp_path, *LOSS[:5], bytes(broken), *LOSS[6:])
    run = run_of(tmp_path)
    assert run.series["loss"].steps.tolist() == [step for step in range(300) if step != 5]
    (warning,) = run.warnings
    assert f"the record at byte {len(b''.join(LOSS[:5])):,} is damaged" in warning


def test_rubble_at_the_end_is_left_when_the_file_goes_on(tmp_path: Path) -> None:
    path = write(tmp_path, *LOSS[:5], b"\xff" * 1000)
    run = run_of(tmp_path)
    with path.open("ab") as file:
        file.write(b"".join(LOSS[5:9]))
    run.read()
    assert run.series["loss"].steps.tolist() == list(range(9))
    assert len(run.warnings) == 1


def test_compressed_files_also_cut_and_damaged(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).normal(size=(6000, 2)).tolist()
    form = ScalarForm("loss")
    packed = gzip.compress(b"".join(form.record(time, step, value) for step, (time, value) in enumerate(noise)))
    write(tmp_path / "whole", packed, name="events.out.tfevents.1.gz")
    write(tmp_path / "cut", packed[: len(packed) // 2], name="events.out.tfevents.1.gz")
    write(
        tmp_path / "hurt",
        packed[: len(packed) // 2],
        b"\xff" * 50,
        packed[len(packed) // 2 + 50 :],
        name="events.out.tfevents.1.gz",
    )
    assert run_of(tmp_path / "whole").series["loss"].steps.tolist() == list(range(6000))
    cut = run_of(tmp_path / "cut")
    steps = cut.series["loss"].steps.tolist()
    assert 1000 < len(steps) < 4000
    assert steps == list(range(len(steps)))
    write(tmp_path / "cut", packed, name="events.out.tfevents.1.gz")
    cut.read()
    assert cut.series["loss"].steps.tolist() == list(range(6000))
    hurt = run_of(tmp_path / "hurt")
    steps = hurt.series["loss"].steps.tolist()
    assert len(steps) > 1000
    assert steps == list(range(len(steps)))
    assert hurt.warnings


def cut_in_a_large_record(folder: Path) -> tuple[Path, bytes]:
    """A compressed file with a scalar and a part of a record that is too large to be decoded; and all of it."""
    body = np.random.default_rng(2).bytes(200_000)
    packed = gzip.compress(b"".join([LOSS[0], record(event(2.0, 2, field(4, body))), LOSS[1]]))
    return write(folder, packed[:100_000], name="events.out.tfevents.1.gz"), packed


def test_a_compressed_file_that_is_cut_in_a_large_record_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_reader, "_LARGEST", 1000)
    path, packed = cut_in_a_large_record(tmp_path)
    run = run_of(tmp_path)
    assert len(run.series["loss"]) == 1
    assert run.warnings == []
    path.write_bytes(packed)
    run.read()
    assert len(run.series["loss"]) == 2


def test_a_place_that_a_compressed_file_does_not_have_is_an_error_of_reading(tmp_path: Path) -> None:
    path, _ = cut_in_a_large_record(tmp_path)
    file = event_reader.EventFile(path)
    with pytest.raises(ReadError, match="cannot be read as an event file"):
        file.record(1 << 20, 10)
    file.offset = 1 << 20
    with pytest.raises(ReadError, match="cannot be read as an event file"):
        list(file.read())


def test_several_files_runs_and_a_run_that_appears(tmp_path: Path) -> None:
    write(tmp_path / "a" / "b", *LOSS[:3])
    log = LogFolder(tmp_path)
    assert list(log.runs) == ["a/b"]
    assert log.runs["a/b"].series == {}
    log.read()
    write(tmp_path / "a" / "b", *LOSS[3:5], name="events.out.tfevents.2")
    write(tmp_path / "a", *LOSS[:1])
    assert log.read() == 3
    assert list(log.runs) == ["a", "a/b"]
    assert log.runs["a/b"].series["loss"].steps.tolist() == list(range(5))
    shutil.rmtree(tmp_path / "a" / "b")
    assert log.read() == 0
    assert log.runs["a/b"].series["loss"].steps.tolist() == list(range(5))


def test_a_file_that_was_replaced_is_read_anew(tmp_path: Path) -> None:
    path = write(tmp_path, *LOSS[:9])
    run = run_of(tmp_path)
    path.unlink()
    write(tmp_path, *LOSS[20:23])
    run.read()
    assert run.series["loss"].steps.tolist() == [20, 21, 22]
    assert any("replaced" in warning for warning in run.warnings)


def test_metadata_may_come_only_once(tmp_path: Path) -> None:
    """TensorFlow 1 names the plugin in the first event of a tag alone."""
    rows = np.array([[0.0, 1, 2]])
    first = event(1.0, 0, summary("h", tensor(rows), metadata("histograms")))
    rest = [event(1.0, step, summary("h", tensor(rows), b"")) for step in range(1, 30)]
    write(tmp_path, *map(record, [first, *rest]))
    series = run_of(tmp_path).series["h"]
    assert (series.kind, len(series)) == ("histograms", 30)


def test_values_that_are_none_of_their_kind_are_left_out(tmp_path: Path) -> None:
    wrong = event(1.0, 0, summary("loss", tensor(np.zeros(3)), metadata("scalars")))
    words = event(1.0, 0, summary("loss", strings([b"x"]), metadata("scalars")))
    write(tmp_path, *LOSS[:2], record(wrong), record(words), *LOSS[2:4])
    run = run_of(tmp_path)
    assert run.series["loss"].steps.tolist() == [0, 1, 2, 3]
    assert "2 of its values are no scalars" in run.warnings[0]


def test_tags_of_one_length_are_kept_apart(tmp_path: Path) -> None:
    forms = {f"tag{number:03}": ScalarForm(f"tag{number:03}") for number in range(500)}
    write(tmp_path, *(form.record(1.0, step, int(tag[3:])) for step in range(3) for tag, form in forms.items()))
    run = run_of(tmp_path)
    assert len(run.series) == 500
    for tag, series in run.series.items():
        assert points(series) == [(1.0, step, float(tag[3:])) for step in range(3)]


@given(st.binary(max_size=400))
@settings(max_examples=150, deadline=None)
def test_rubble_with_right_checksums_harms_nobody(tmp_path_factory: pytest.TempPathFactory, rubble: bytes) -> None:
    folder = tmp_path_factory.mktemp("log")
    write(
        folder,
        *[record(rubble)] * 5,
        record(field(5, rubble)),
        *[record(event(1.0, 1, field(5, rubble)))] * 5,
        *LOSS[:3],
    )
    run = run_of(folder)
    assert [step for _, step, _ in points(run.series["loss"])][-3:] == [0, 1, 2]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is asked of Linux")
def test_a_small_packed_file_takes_little_memory(tmp_path: Path) -> None:
    write(tmp_path, gzip.compress(LOSS[1] * 3_000_000, 1)[: 8 << 20], name="events.out.tfevents.gz")
    code = f"""
from pathlib import Path
from cutaway.training.runs import Run
run = Run(".", Path({str(tmp_path)!r}))
run.read()
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(len(run.warnings), int(peak.split()[1]) >> 10)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": str(ROOT / "src")}
    )
    warnings, megabytes = map(int, done.stdout.split())
    assert warnings == 1
    assert megabytes < 500


def test_a_length_beyond_all_files_is_waited_for(tmp_path: Path) -> None:
    from cutaway.training.checksums import masked_checksum

    head = struct.pack("<Q", 1 << 62)
    write(tmp_path, *LOSS[:2], head, struct.pack("<I", masked_checksum(head)), b"x" * 50)
    run = run_of(tmp_path)
    assert len(run.series["loss"]) == 2
    assert run.waiting == 62


def test_files_that_are_read_in_turns_do_not_mix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_reader, "STRETCH", 4096)
    forms = {name: ScalarForm(name) for name in ("one", "three")}
    for name, form in forms.items():
        write(tmp_path / name, *(form.record(1.0, step, step + len(name) * 1000) for step in range(900)))
    log = LogFolder(tmp_path)
    readings = [log.runs[name].reading() for name in forms]
    stretches = sum(1 for together in zip_longest(*readings) for count in together if count)
    assert stretches > 20
    for name in forms:
        series = log.runs[name].series[name]
        assert series.steps.tolist() == list(range(900))
        assert (series.values == series.steps + len(name) * 1000).all()


def test_memory_of_many_files_that_are_read_at_once_is_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_reader, "STRETCH", 4096)
    monkeypatch.setattr(event_reader, "_SPARE", [])
    names = [f"run{number}" for number in range(6)]
    for name in names:
        write(tmp_path / name, *LOSS)
    log = LogFolder(tmp_path)
    readings = [log.runs[name].reading() for name in names]
    for _ in zip_longest(*readings):
        pass
    assert all(len(log.runs[name].series["loss"]) == len(LOSS) for name in names)
    assert len(event_reader._SPARE) == 2


def test_nothing_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="there is nothing"):
        LogFolder(tmp_path / "gone")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    write(tmp_path, *LOSS[:2]).chmod(0)
    assert "cannot be read" in run_of(tmp_path).warnings[0]


@given(st.lists(st.integers(0, 40), min_size=1, max_size=9), st.integers(60, 900), st.integers(0, 1 << 32))
def test_records_whose_sizes_repeat_are_found_as_one_by_one(turn: list[int], count: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    sizes = [turn[at % len(turn)] for at in range(count)]
    for _ in range(random.integers(0, 3)):
        sizes[random.integers(0, count)] = int(random.integers(0, 60))
    data = b"".join(record(bytes(size)) for size in sizes)[: -int(random.integers(1, 20))]
    found, at = [], 0
    for size in sizes:
        if at + size + 16 > len(data):
            break
        found.append((at + 12, size))
        at += size + 16
    records = split(data)
    assert list(zip(records.starts.tolist(), records.lengths.tolist(), strict=True)) == found
    assert (records.end, records.damaged) == (at, False)


@pytest.mark.parametrize("length", [2_049, 3_072, 5_000])
@pytest.mark.parametrize("count", [1, 2, 30])
def test_checksums_of_long_records_are_those_of_their_bytes(length: int, count: int) -> None:
    rows = np.random.default_rng(length).integers(0, 256, (count, length), np.uint8)
    assert masked_rows(rows).tolist() == [masked(crc32c(row.tobytes())) for row in rows]


def test_checksums_of_records_of_many_lengths_are_those_of_their_bytes() -> None:
    random = np.random.default_rng(3)
    lengths = np.concatenate([random.integers(4, 700, 60), [4, 127, 128, 129, 256, 5_000]])
    data = random.integers(0, 256, PIECE + int(lengths.sum()), np.uint8)
    starts = PIECE + np.concatenate(([0], np.cumsum(lengths)[:-1]))
    expected = [masked(crc32c(data[at : at + length].tobytes())) for at, length in zip(starts, lengths, strict=True)]
    assert masked_records(data, starts, lengths).tolist() == expected
