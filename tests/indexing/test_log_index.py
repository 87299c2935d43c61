"""Indices of logs: what other programs read in them, and that they are the same however they were made."""

from __future__ import annotations

import gzip
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars
import pyarrow.parquet as pq
import pytest

from cutaway.cli import main
from cutaway.errors import OptionError, ReadError
from cutaway.indexing import logs
from cutaway.indexing.build import build_index
from cutaway.indexing.places import open_place
from cutaway.training import event_reader
from cutaway.training.runs import LogFolder
from tests.indexing.making import tree, write_logs, write_run
from tests.training.oracles import columns

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("logs")
    write_logs(made)
    return made


@pytest.fixture(scope="module")
def index(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("made") / "index"
    build_index(str(folder), str(made))
    return made


def test_points_are_those_that_tensorboard_reads(folder: Path, index: Path) -> None:
    points = polars.read_parquet(index / "points" / "*.parquet")
    assert points.height > 1500
    for run in LogFolder(folder).runs:
        if run == "group1/run1":
            continue  # TensorBoard opens no compressed files
        for tag, told in columns(folder / run).items():
            mine = points.filter((polars.col("run") == run) & (polars.col("tag") == tag)).sort(
                "file", maintain_order=True
            )
            assert mine["step"].to_list() == [step for _, step, _, _ in told]
            assert mine["time"].to_list() == [at for at, _, _, _ in told]
            values = np.array([float(value) for _, _, _, value in told])
            np.testing.assert_array_equal(mine["value"].to_numpy(), values)


def test_series_sum_up_their_points(folder: Path, index: Path) -> None:
    asked = f"""
        select run, tag, count(*) as count, arg_min(step, rank) as first_step, arg_max(step, rank) as last_step,
            arg_min(time, rank) as first_time, arg_max(time, rank) as last_time, arg_max(value, rank) as last,
            min(value) filter (isfinite(value)) as min, max(value) filter (isfinite(value)) as max,
            count(*) filter (not isfinite(value)) as not_finite, count(distinct file) as files, max(file) as file
        from (select *, row_number() over (partition by run, tag order by file, file_row_number) as rank
              from read_parquet('{index}/points/*.parquet', file_row_number=true))
        group by run, tag order by run, tag
    """
    columns = "run, tag, count, first_step, last_step, first_time, last_time, last, min, max, not_finite, files, file"
    expected = duckdb.sql(asked).fetchall()
    found = duckdb.sql(f"select {columns} from '{index}/series.parquet' where kind = 'scalars'").fetchall()
    assert len(found) == len(expected) > 20
    assert repr(found) == repr(expected)  # in which NaN is NaN
    assert {run for run, *_ in found} == set(LogFolder(folder).runs)


def test_files_tell_how_far_they_were_read(folder: Path, index: Path) -> None:
    rows = {row["file"]: row for row in pq.read_table(index / "files.parquet").to_pylist()}
    assert set(rows) == {path.relative_to(folder).as_posix() for path in folder.rglob("*tfevents*")}
    for name, row in rows.items():
        assert row["bytes"] == (folder / name).stat().st_size
        assert row["read"] + row["waiting"] == row["bytes"]
    assert rows["group2/run2/events.out.tfevents.002"]["waiting"] > 0


def test_other_kinds_are_listed_with_their_numbers(tmp_path: Path) -> None:
    from cutaway.training.runs import Run

    log = tmp_path / "log"
    log.mkdir()
    file = ROOT / "tests" / "models" / "events" / "summaries.tfevents"
    (log / "a.tfevents").write_bytes(file.read_bytes())
    build_index(str(log), str(tmp_path / "index"))
    rows = {row["tag"]: row for row in pq.read_table(tmp_path / "index" / "series.parquet").to_pylist()}
    run = Run(".", log)
    run.read()
    assert set(rows) == {tag for tag, series in run.series.items() if len(series)}
    for tag, series in run.series.items():
        assert (rows[tag]["kind"], rows[tag]["count"]) == (series.kind, len(series))
        if series.kind == "histograms":
            assert rows[tag]["min"] == min(value[0, 0] for value in series.values if len(value))


def test_processes_make_the_same_bytes(folder: Path, index: Path, tmp_path: Path) -> None:
    build_index(str(folder), str(tmp_path / "two"), workers=2)
    assert tree(tmp_path / "two") == tree(index)


def test_a_dask_cluster_makes_the_same_bytes(folder: Path, index: Path, tmp_path: Path) -> None:
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0", protocol="tcp://"
    ) as cluster:
        assert len(cluster.workers) == 2
        told: list[tuple[int, int]] = []
        counts = build_index(
            str(folder), str(tmp_path / "dask"), scheduler=cluster.scheduler_address,
            told=lambda done, of: told.append((done, of)),
        )  # fmt: skip
    assert counts["files"] == 9
    assert told[-1] == (9, 9)
    assert tree(tmp_path / "dask") == tree(index)


def test_a_job_that_was_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    log, target = tmp_path / "logs", tmp_path / "index"
    for run in range(40):
        file = write_run(log / f"run{run:02}", 300, seed=run)
        file.rename(file.with_name("events.out.tfevents.1"))
    build_index(str(log), str(tmp_path / "whole"))
    command = [sys.executable, "-m", "cutaway", "index", str(log), "-o", str(target), "--workers", "2"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    process = subprocess.Popen(command, env=environment, start_new_session=True)
    end = time.monotonic() + 60
    while len(list(target.glob("pieces/*.parquet"))) < 5:
        assert time.monotonic() < end
        assert process.poll() is None, "it ended before it was killed"
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    done = {path: path.stat().st_mtime_ns for path in target.glob("pieces/*.parquet")}
    assert 5 <= len(done) < 40
    assert not (target / "series.parquet").exists()
    build_index(str(log), str(target))
    assert tree(target) == tree(tmp_path / "whole")
    assert {path: path.stat().st_mtime_ns for path in done} == done, "what was done was done again"


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stretches of 4 kB, and chunks of as much: small files have many."""
    monkeypatch.setattr(event_reader, "STRETCH", 4096)
    monkeypatch.setattr(logs, "STRETCH", 4096)
    monkeypatch.setattr(logs, "tasks", lambda source, index: real_tasks(source, index, 4096))


real_tasks = logs.tasks


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("seed", range(6))
def test_a_file_that_grows_ends_as_one_that_was_there_at_once(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    data = write_run(tmp_path / "source", 900, seed=seed).read_bytes()
    log = tmp_path / "log"
    log.mkdir()
    file = log / "events.out.tfevents.1"
    file.write_bytes(data)
    build_index(str(log), str(tmp_path / "at_once"))
    assert len(list((tmp_path / "at_once" / "pieces").iterdir())) > 5
    file.write_bytes(b"")
    at = 0
    while at < len(data):
        at = min(len(data), at + chance.randrange(1, 30_000))
        file.write_bytes(data[:at])  # a cut record at the end is waited for
        build_index(str(log), str(tmp_path / "index"))
    assert tree(tmp_path / "index") == tree(tmp_path / "at_once")


@pytest.mark.usefixtures("small")
def test_closed_chunks_are_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write_run(tmp_path / "log", 900)
    build_index(str(tmp_path / "log"), str(tmp_path / "index"))
    begun: list[int] = []
    real = logs._chunk

    def watched(source: Any, task: Any, begin: int, size: int) -> Any:
        begun.append(begin)
        return real(source, task, begin, size)

    monkeypatch.setattr(logs, "_chunk", watched)
    build_index(str(tmp_path / "log"), str(tmp_path / "index"))
    assert begun == []
    file.write_bytes(file.read_bytes() + write_run(tmp_path / "more", 3).read_bytes())
    build_index(str(tmp_path / "log"), str(tmp_path / "index"))
    assert len(begun) == 1
    assert begun[0] > 4096


@pytest.mark.usefixtures("small")
def test_a_file_that_is_replaced_or_gone_leaves_nothing_behind(tmp_path: Path) -> None:
    log = tmp_path / "log"
    first, second = (write_run(log / name, 500, seed=at) for at, name in enumerate("ab"))
    build_index(str(log), str(tmp_path / "index"))
    first.write_bytes(write_run(tmp_path / "other", 120, seed=7).read_bytes())
    second.unlink()
    build_index(str(log), str(tmp_path / "index"))
    build_index(str(log), str(tmp_path / "new"))
    assert tree(tmp_path / "index") == tree(tmp_path / "new")
    rows = pq.read_table(tmp_path / "index" / "series.parquet").to_pylist()
    assert {(row["run"], row["count"]) for row in rows} == {("a", 120)}


def test_what_cannot_be_read_is_told_and_the_rest_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "log"
    write_run(log / "good", 30)
    (log / "bad").mkdir()
    (log / "bad" / "x.tfevents").write_bytes(random.Random(1).randbytes(5000))
    packed = gzip.compress(write_run(tmp_path / "other", 50).read_bytes())
    (log / "bad" / "y.tfevents.gz").write_bytes(packed[: len(packed) // 2] + b"\xff" * 40)
    counts = build_index(str(log), str(tmp_path / "index"))
    assert counts["files"] == 3
    rows = {
        row["file"].rpartition("/")[2]: row for row in pq.read_table(tmp_path / "index" / "files.parquet").to_pylist()
    }
    assert "damaged" in rows["x.tfevents"]["warnings"]
    good = next(row for name, row in rows.items() if name.startswith("events"))
    assert (good["warnings"], good["values"]) == ("", 90)


def test_addresses_of_fsspec_are_read_and_written(folder: Path, index: Path) -> None:
    import fsspec

    memory: Any = fsspec.filesystem("memory")
    for path in folder.rglob("*tfevents*"):
        memory.pipe_file(f"/logs/{path.relative_to(folder).as_posix()}", path.read_bytes())
    build_index("memory://logs", "memory://index")
    target = open_place("memory://index")
    for name in ("series.parquet", "files.parquet"):
        with target.open(name) as file:
            assert file.read() == (index / name).read_bytes()
    assert [name for name in target.names() if name.startswith("points/")] == [
        path.relative_to(index).as_posix() for path in sorted(index.glob("points/*"))
    ]
    memory.rm("/index", recursive=True)


def test_the_command_says_what_it_wrote(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "index"
    assert main(["index", str(folder), "-o", str(target)]) == 0
    assert capsys.readouterr().out.startswith(f"wrote {target}: 9 files, 8 runs, ")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["absent", "-o", "i"], "there is no such file"),
        (["empty", "-o", "i"], "expected"),
        (["logs", "-o", "taken"], "expected a folder that is empty"),
        (["logs", "-o", "i", "--workers", "0"], "workers must be 1 or more"),
        (["logs", "-o", "i", "--scheduler", "nonsense://x"], "expected such as tcp://10.0.0.1:8786"),
        (["logs", "-o", "i", "--scheduler", "10.0.0.1"], "missing port number"),
        (["nowhere://x/y", "-o", "i"], "nowhere"),
        (["logs/events.out.tfevents.1", "-o", "i"], "name its folder"),
    ],
)
def test_wrong_words_are_told(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    file = write_run(tmp_path / "logs", 3)
    file.rename(file.with_name("events.out.tfevents.1"))
    (tmp_path / "empty").mkdir()
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "thesis.tex").write_text("x")
    assert main(["index", *words]) in (2, 3)
    assert said in capsys.readouterr().err
    assert (tmp_path / "taken" / "thesis.tex").read_text() == "x"


def test_logs_beside_a_checkpoint_are_logs(tmp_path: Path) -> None:
    write_run(tmp_path / "train", 3)
    (tmp_path / "train" / "checkpoint").write_text('model_checkpoint_path: "ckpt-1"')
    assert build_index(str(tmp_path / "train"), str(tmp_path / "index"))["series"] == 3


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are texts there")
def test_a_run_whose_name_is_no_text_has_its_bytes_written_out(tmp_path: Path) -> None:
    for name in (b"run\xff", b"run\xfe"):
        write_run(tmp_path / "logs" / os.fsdecode(name), 5)
    for _ in range(2):  # the second time it is brought up to date
        build_index(str(tmp_path / "logs"), str(tmp_path / "index"))
        runs = set(pq.read_table(tmp_path / "index" / "series.parquet")["run"].to_pylist())
        assert runs == {"run\\udcfe", "run\\udcff"}


def test_an_index_of_weights_is_not_overwritten_by_one_of_logs(tmp_path: Path) -> None:
    write_run(tmp_path / "logs", 3)
    build_index(str(ROOT / "tests" / "models" / "checkpoint" / "two_shards"), str(tmp_path / "index"))
    with pytest.raises(OptionError, match="something else than logs"):
        build_index(str(tmp_path / "logs"), str(tmp_path / "index"))
    with pytest.raises(ReadError):
        open_place(str(tmp_path / "absent")).names()


def test_a_compressed_file_that_was_cut_since_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(*_: Any) -> None:
        raise EOFError("Compressed file ended before the end-of-stream marker was reached")

    name = write_run(tmp_path / "logs", 5).name
    monkeypatch.setattr(logs, "_chunk", cut)
    told = logs.index_file(logs.Task(str(tmp_path / "logs"), str(tmp_path / "index"), name))
    assert told.startswith(f"{name}: Compressed file ended")
