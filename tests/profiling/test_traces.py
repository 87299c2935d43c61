"""Traces of every kind, made with the messages of TensorFlow itself, and what is read of them."""

from __future__ import annotations

import gzip
import json
import os
from itertools import accumulate
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import config_pb2
from tensorflow.core.util import event_pb2
from tensorflow.tsl.profiler.protobuf import xplane_pb2

import cutaway
from cutaway.errors import OptionError, ReadError
from cutaway.graph import GraphBuilder, Tensor
from cutaway.graph.model import Graph
from cutaway.profiling import xplane
from cutaway.profiling.traces import read_trace
from cutaway.profiling.xplane import read_xplane

MS = 10**9  # picoseconds


def space(*runs: dict[str, int], marked: bool = True) -> bytes:
    """An XPlane file in which each run executes operations for some picoseconds, one after another, on two threads."""
    made = xplane_pb2.XSpace()
    plane = made.planes.add(id=1, name="/host:CPU")
    numbers: dict[str, int] = {}

    def number(name: str) -> int:
        if name not in numbers:
            numbers[name] = len(numbers) + 1
            plane.event_metadata[numbers[name]].id = numbers[name]
            plane.event_metadata[numbers[name]].name = name
        return numbers[name]

    lines = [plane.lines.add(id=at, name=f"thread {at}", timestamp_ns=1_790_000_000 * 10**9) for at in range(3)]
    clock = 0
    for run in runs:
        clock += MS
        begun, at = clock, clock + MS
        for turn, (name, length) in enumerate(run.items()):
            lines[1 + turn % 2].events.add(metadata_id=number(name), offset_ps=at, duration_ps=length)
            at += length
        if marked:
            lines[0].events.add(metadata_id=number("cutaway_run"), offset_ps=begun, duration_ps=at - begun)
        lines[0].events.add(metadata_id=number("ThreadpoolListener::Record"), offset_ps=begun, duration_ps=at - begun)
        clock = at
    encoded: bytes = made.SerializeToString()
    return encoded


def three_layers() -> Graph:
    builder = GraphBuilder("net", "keras")
    shape = Tensor((None, 4), "float32")
    group = builder.group("block")
    last = builder.node("x", "InputLayer", outputs=[shape])
    builder.mark_input(last, "x")
    for name, home in (("one", 0), ("two", group), ("three", group)):
        node = builder.node(name, "Dense", group=home, outputs=[shape])
        builder.connect(last, node)
        last = node
    builder.mark_output(last, "out")
    return builder.build()


def test_xplane_by_run_with_what_ran_within_taken_off(tmp_path: Path) -> None:
    path = tmp_path / "host.xplane.pb"
    first, second = {"net/one/MatMul:MatMul": 3 * MS}, {"net/one/MatMul:MatMul": 5 * MS, "net/two/Relu:Relu": MS}
    path.write_bytes(space(first, second))
    found = read_trace(path)
    assert found.runs == 2
    assert found.seconds["net/one/MatMul"] == pytest.approx([0.003, 0.005])
    assert found.seconds["net/two/Relu"] == pytest.approx([0, 0.001])
    assert found.kinds == {"net/one/MatMul": "MatMul", "net/two/Relu": "Relu"}
    assert float(found.total.sum()) == pytest.approx(0.009)


def test_an_operation_within_another_counts_once(tmp_path: Path) -> None:
    made = xplane_pb2.XSpace.FromString(space({"net/call:PartitionedCall": 10 * MS}, marked=False))
    plane = made.planes[0]
    plane.event_metadata[9].id, plane.event_metadata[9].name = 9, "net/one/MatMul:MatMul"
    line = next(line for line in plane.lines if len(line.events) and line.id == 1)
    outer = line.events[0]
    line.events.add(metadata_id=9, offset_ps=outer.offset_ps + MS, duration_ps=4 * MS)
    path = tmp_path / "t.pb"
    path.write_bytes(made.SerializeToString())
    found = read_trace(path)
    assert found.seconds["net/call"] == pytest.approx([0.006])
    assert found.seconds["net/one/MatMul"] == pytest.approx([0.004])


def test_operations_that_run_at_once_share_the_clock(tmp_path: Path) -> None:
    made = xplane_pb2.XSpace.FromString(space({"net/one/MatMul:MatMul": 10 * MS}))
    plane = made.planes[0]
    plane.event_metadata[9].id, plane.event_metadata[9].name = 9, "net/two/MatMul:MatMul"
    whole = next(event for event in plane.lines[1].events)
    plane.lines[2].events.add(metadata_id=9, offset_ps=whole.offset_ps + 4 * MS, duration_ps=8 * MS)
    path = tmp_path / "t.pb"
    path.write_bytes(made.SerializeToString())
    found = read_trace(path)
    assert found.seconds["net/one/MatMul"] == pytest.approx([0.004 + 0.006 / 2])
    assert found.seconds["net/two/MatMul"] == pytest.approx([0.006 / 2 + 0.002])


def test_runs_that_nobody_marked_are_told_by_how_often_operations_ran(tmp_path: Path) -> None:
    path = tmp_path / "host.xplane.pb"
    run = {"net/one/MatMul:MatMul": 2 * MS, "net/two/MatMul:MatMul": 4 * MS}
    path.write_bytes(space(run, run, run, marked=False))
    found = read_trace(tmp_path)  # the folder will do
    assert found.runs == 3
    assert found.total == pytest.approx([0.006])


def run_metadata(times: dict[str, int]) -> bytes:
    made = config_pb2.RunMetadata()
    device = made.step_stats.dev_stats.add(device="/job:localhost/replica:0/task:0/device:CPU:0")
    for name, micros in times.items():
        device.node_stats.add(node_name=name, op_start_rel_micros=2, op_end_rel_micros=2 + micros)
    encoded: bytes = made.SerializeToString()
    return encoded


TIMES = {"net/one/MatMul": 300, "net/block/two/MatMul": 100, "net/block/two/Relu": 50, "net/block/three/MatMul": 50}


def written(folder: Path, kind: str) -> Path:
    """The same times as every kind of trace."""
    begins = accumulate(TIMES.values(), initial=0)
    events = [
        {
            "ph": "X",
            "name": "MatMul",
            "pid": 1,
            "tid": 1,
            "ts": at,
            "dur": micros,
            "args": {"name": name, "op": "MatMul"},
        }
        for at, (name, micros) in zip(begins, TIMES.items(), strict=False)
    ]
    chrome = json.dumps({"traceEvents": [{"ph": "M", "name": "process_name", "pid": 1}, *events]}).encode()
    if kind == "xplane":
        data = space({f"{name}:MatMul": micros * 10**6 for name, micros in TIMES.items()})
    elif kind == "step stats":
        data = run_metadata(TIMES)
    elif kind == "event file":
        event = event_pb2.Event(wall_time=1.0, tagged_run_metadata={"tag": "step", "run_metadata": run_metadata(TIMES)})
        path = folder / "events.out.tfevents.1.x"
        with tf.io.TFRecordWriter(str(path)) as writer:
            writer.write(event_pb2.Event(wall_time=1.0, file_version="brain.Event:2").SerializeToString())
            writer.write(event.SerializeToString())
        return path
    elif kind == "packed chrome":
        data = gzip.compress(chrome)
    elif kind == "profiler's chrome":
        named = [{**event, "name": f"{name}:MatMul", "args": {}} for event, name in zip(events, TIMES, strict=True)]
        data = json.dumps({"traceEvents": named}).encode()
    elif kind == "litert":
        lines = [
            f"MATMUL, 0.1, {micros / 1000}, 1%, 1%, 0, 1, [{name}]:{at}"
            for at, (name, micros) in enumerate(TIMES.items())
        ]
        head = "node type, first, avg_ms, %, cdf%, mem KB, times called, name"
        data = "\n".join(["== Run Order ==", head, *lines, "== Top by Computation Time ==", head, *lines]).encode()
    else:
        data = chrome
    path = folder / "trace"
    path.write_bytes(data)
    return path


KINDS = ("xplane", "step stats", "event file", "chrome", "packed chrome", "profiler's chrome", "litert")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_trace_tells_the_same(kind: str, tmp_path: Path) -> None:
    found = cutaway.profile(three_layers(), trace=written(tmp_path, kind))
    times = {row.name: row.seconds * 1e6 for row in found.rows}
    assert times == pytest.approx({"x": 0, "one": 300, "two": 150, "three": 50})
    groups = {row.name: row.seconds * 1e6 for row in found.groups[1:]}
    assert groups == pytest.approx({"block": 200})
    assert found.groups[0].seconds == pytest.approx(sum(row.seconds for row in found.rows))
    assert found.whole * 1e6 == pytest.approx(500)
    assert found.landed == 1
    assert [row.name for row in found.slowest(2)] == ["one", "two"]
    assert "one" in str(found)


def test_what_lands_on_no_layer_is_named(tmp_path: Path) -> None:
    path = tmp_path / "t.pb"
    path.write_bytes(run_metadata({"net/one/MatMul": 60, "elsewhere/Cast": 40}))
    found = cutaway.profile(three_layers(), trace=path)
    assert found.landed == pytest.approx(0.6)
    assert [name for name, _ in found.lost] == ["elsewhere/Cast"]
    assert found.lost[0][1] == pytest.approx(0.4)
    assert "elsewhere/Cast 40.0%" in str(found)


def test_gradients_and_bodies_of_loops_belong_to_their_layer(tmp_path: Path) -> None:
    path = tmp_path / "t.pb"
    names = ("gradient_tape/net/one_1/MatMul", "net/block/two/while/body/_12/net/block/two/while/cell/MatMul")
    path.write_bytes(run_metadata(dict.fromkeys(names, 10)))
    found = cutaway.profile(three_layers(), trace=path)
    by_name = {row.name: row for row in found.rows}
    assert by_name["one"].phases["backward"] == pytest.approx(1e-5)
    assert by_name["two"].phases["forward"] == pytest.approx(1e-5)


def test_a_trace_of_another_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.pb"
    path.write_bytes(run_metadata({"other/MatMul": 60}))
    with pytest.raises(OptionError, match=r"no operation of the trace.*other/MatMul"):
        cutaway.profile(three_layers(), trace=path)


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"{", b'{"traceEvents": 3}', b"\x1f\x8bxx", np.random.default_rng(0).bytes(5000), b"[1, 2]"]
)
def test_what_is_no_trace_is_told_as_such(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_bytes(data)
    with pytest.raises(ReadError):
        read_trace(path)
    with pytest.raises(ReadError):
        read_trace(tmp_path / "missing")


def test_what_is_no_file_is_refused_before_it_is_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "t")
    for path in (Path(os.devnull), tmp_path / "t"):
        with pytest.raises(ReadError, match=r"expected a file with a trace; this is .* a device, a pipe"):
            read_trace(path)


def test_a_trace_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t"
    path.write_bytes(run_metadata(TIMES))
    monkeypatch.setattr("cutaway.profiling.traces.LARGEST", path.stat().st_size)
    assert read_trace(path).seconds
    monkeypatch.setattr("cutaway.profiling.traces.LARGEST", 5)
    with pytest.raises(ReadError, match="at most 5 of a trace are read"):
        read_trace(path)


@pytest.mark.parametrize("wild", ["1" + "0" * 400, "NaN", "-1e400", "1e300"])
@pytest.mark.parametrize("key", ["ts", "dur"])
def test_an_event_whose_time_is_none_is_left_out(key: str, wild: str, tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    events = [
        f'{{"ph": "X", "name": "{name}:MatMul", "ts": 1, "dur": 2, "{key}": {told}}}'
        for name, told in (("one", 5), ("two", wild))
    ]
    path.write_text(f"[{', '.join(events)}]", encoding="utf-8")
    assert list(read_trace(path).seconds) == ["one"]


@pytest.mark.parametrize("data", [b"node type\n, first, avg_ms, name\n", b"," + b"\n" * 50_000])
def test_a_heading_is_looked_for_line_by_line(data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cutaway.profiling.traces._litert", lambda text: pytest.fail("taken for a table of LiteRT"))
    path = tmp_path / "t"
    path.write_bytes(data)
    with pytest.raises(ReadError, match="holds no times of operations"):
        read_trace(path)


def test_names_are_matched_once_for_all_lines_of_a_plane(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    pattern = xplane._OPERATION

    class Counted:
        def match(self, name: str) -> object:
            asked.append(name)
            return pattern.match(name)

    monkeypatch.setattr(xplane, "_OPERATION", Counted())
    run = {"net/one/MatMul:MatMul": MS, "net/two/MatMul:MatMul": MS}
    assert read_xplane(space(run, run)).runs == 2
    assert len(asked) == len(set(asked)) == 4


@pytest.mark.parametrize(
    ("limit", "most", "said"),
    [
        ("optimes.MOST_RUNS", 1, "holds 2 runs; at most 1 are read"),
        ("optimes.MOST_TIMES", 3, "holds 2 runs of 2 operations or more; at most 3 times are read"),
        ("xplane.MOST_EVENTS", 5, "more than 5 executions of operations"),
        ("xplane.MOST_EVENTS", 1, "more than 1 executions of operations"),
    ],
)
def test_a_trace_of_too_much_is_refused(limit: str, most: int, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run = {"net/one/MatMul:MatMul": MS, "net/two/MatMul:MatMul": MS}
    trace = space(run, run)
    assert read_xplane(trace).runs == 2
    monkeypatch.setattr(f"cutaway.profiling.{limit}", most)
    with pytest.raises(ReadError, match=f"t: the trace .*{said}"):
        read_xplane(trace, "t")


def test_every_cut_of_an_xplane_file_is_told_or_read(tmp_path: Path) -> None:
    whole = space({"net/one/MatMul:MatMul": 3 * MS, "net/two/MatMul:MatMul": MS})
    path = tmp_path / "t"
    for end in range(0, len(whole), 3):
        path.write_bytes(whole[:end])
        with pytest.raises(ReadError):
            read_trace(path)
