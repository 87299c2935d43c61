"""Timeline, roofline and stages: what stands where, against numbers counted here; all kinds as golden pictures."""

from __future__ import annotations

import json
import math
import os
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cutaway
from cutaway.analysis.memory import activations
from cutaway.analysis.sizes import Setting
from cutaway.charts.kinds import KINDS, SIZE, Kind, draw_chart
from cutaway.charts.layers import Ledger, ledger
from cutaway.charts.measured import read_times
from cutaway.charts.roofline import Machine
from cutaway.charts.scales import Linear, Logarithmic, ticks
from cutaway.cli import main
from cutaway.drawing.scene import Box, Scene, Text
from cutaway.drawing.scene import Path as Line
from cutaway.errors import OptionError, ReadError
from cutaway.graph import GraphBuilder, Tensor, Weight
from cutaway.graph.grouping import group
from cutaway.readers import read
from cutaway.style.theme import THEMES
from tests.golden_files import check_golden

MODELS = Path(__file__).parents[1] / "models"
GOLDEN = Path(__file__).parent / "golden"
LIGHT = THEMES["light"]


@pytest.fixture(scope="module")
def mobilenet() -> Ledger:
    return ledger(group(read(MODELS / "MobileNetV2.keras")))


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    code = main(words)
    return code, capsys.readouterr().out


def marks(scene: Scene) -> list[Box]:
    return [item for item in scene.sheets[0].items if isinstance(item, Box) and item.key]


def words(scene: Scene) -> list[str]:
    return [item.content for item in scene.sheets[0].items if isinstance(item, Text)]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["EfficientNetV2L", "transformer_encoder", "MobileNetV2"])
def test_golden_charts(name: str, kind: Kind, theme: str) -> None:
    svg = cutaway.plot_chart(MODELS / f"{name}.keras", kind, theme=theme).svg
    if theme == "dark" and name != "MobileNetV2":
        return  # one model in dark is enough to look at; the others must be drawn all the same
    check_golden(GOLDEN / f"{name}_{kind}_{theme}.svg", svg)


def test_bars_of_the_timeline_are_as_high_as_what_is_alive(mobilenet: Ledger) -> None:
    scene = draw_chart(mobilenet, "memory", LIGHT)
    memory = activations(mobilenet.graph, mobilenet.cost.sizes)
    bars = [box for box in marks(scene) if "step " in box.tip]
    assert [box.key for box in bars] == [mobilenet.graph.ids[node] for node in memory.order]
    heights = np.array([box.height for box in bars])
    alive = np.array(memory.alive)
    assert np.allclose(heights / heights.max(), alive / alive.max())
    red = {name for name, paint in scene.paints.items() if paint.fill == LIGHT.highlight}
    assert [box.key for box in bars if box.paint in red] == [mobilenet.graph.ids[memory.at]]
    listed = [box for box in marks(scene) if "alive at the peak" in box.tip]
    assert [box.key for box in listed] == [mobilenet.graph.ids[node] for node, _, _ in memory.tensors]


def test_the_colours_of_the_timeline_are_told(mobilenet: Ledger) -> None:
    scene = draw_chart(mobilenet, "memory", LIGHT)
    fills = {paint.fill for box in marks(scene) if "step " in box.tip for paint in [scene.paints[box.paint]]}
    told = {scene.paints[item.paint].fill for item in scene.sheets[0].items if isinstance(item, Box) and not item.key}
    assert fills - {LIGHT.highlight} == told
    assert {layer.family for layer in mobilenet.layers} <= set(words(scene))


def test_thin_steps_share_bars_that_keep_the_peak() -> None:
    held = ledger(group(read(MODELS / "EfficientNetV2L.keras")))
    memory = activations(held.graph, held.cost.sizes)
    bars = [box for box in marks(draw_chart(held, "memory", LIGHT)) if "step " in box.tip]
    assert len(bars) < len(memory.order) / 2
    assert held.graph.ids[memory.at] in {box.key for box in bars}
    assert min(box.width for box in bars[:-1]) >= 2.0


def test_the_peak_of_a_group_is_looked_for_in_it(mobilenet: Ledger) -> None:
    graph = mobilenet.graph
    at = graph.groups.names.index("block_14")
    inside = {node for node, held_by in enumerate(graph.node_groups) if held_by == at}
    assert inside
    memory = activations(graph, mobilenet.cost.sizes, among=inside)
    whole = activations(graph, mobilenet.cost.sizes)
    alive = dict(zip(whole.order, whole.alive, strict=True))
    assert memory.peak == max(alive[node] for node in inside) < whole.peak
    assert sum(size for _, _, size in memory.tensors) == memory.peak
    bars = [box for box in marks(draw_chart(mobilenet, "memory", LIGHT, group=at)) if "step " in box.tip]
    assert {box.key for box in bars} == {graph.ids[node] for node in inside}


def roof_of(scene: Scene) -> tuple[tuple[float, float], tuple[float, float]]:
    """The corner of the roof, and its left end."""
    lines = [item for item in scene.sheets[0].items if isinstance(item, Line) and len(item.segments) == 3]
    roof = next(line for line in lines if scene.paints[line.paint].width == 2.0)
    (_, x0, y0), (_, x1, y1), _ = roof.segments
    return (float(x1), float(y1)), (float(x0), float(y0))


def test_dots_stand_on_the_roof_where_nothing_was_measured(mobilenet: Ledger) -> None:
    machine = Machine(peak=2e12, bandwidth=1e11)
    scene = draw_chart(mobilenet, "roofline", LIGHT, machine=machine)
    (x1, y1), (x0, y0) = roof_of(scene)
    layers = {layer.id: layer for layer in mobilenet.layers}
    dots = marks(scene)
    assert {box.key for box in dots} == {layer.id for layer in mobilenet.layers if layer.flops and layer.moved}
    for box in dots:
        x, y = box.x + box.width / 2, box.y + box.height / 2
        if x < x1:
            assert y == pytest.approx(y1 + (y0 - y1) * (x1 - x) / (x1 - x0))
            assert "bound by memory" in box.tip
        else:
            assert y == pytest.approx(y1)
        layer = layers[box.key]
        assert (layer.flops / layer.moved < 20) == ("bound by memory" in box.tip)


def test_measured_times_move_the_dots_below_the_roof(mobilenet: Ledger) -> None:
    machine = Machine(peak=2e12, bandwidth=1e11)
    best = {
        at: layer.flops / machine.attainable(layer.flops / layer.moved)
        for at, layer in enumerate(mobilenet.layers) if layer.flops and layer.moved
    }  # fmt: skip
    twice = {at: 2 * seconds for at, seconds in best.items()}
    scene = draw_chart(mobilenet, "roofline", LIGHT, machine=machine, times=twice)
    assert all("50 % of the roof" in box.tip for box in marks(scene))
    some = dict(list(twice.items())[:10])
    assert any(f"{len(twice) - 10} not measured" in text for text in
               words(draw_chart(mobilenet, "roofline", LIGHT, machine=machine, times=some)))  # fmt: skip


def test_stages_add_up_to_the_whole(mobilenet: Ledger) -> None:
    scene = draw_chart(mobilenet, "stages", LIGHT)
    graph = mobilenet.graph
    top = {graph.groups.ids[at] for at in range(1, len(graph.groups)) if graph.groups.parents[at] == 0}
    assert top <= {box.key for box in marks(scene)}
    shares = [
        int(text.rpartition(" · ")[2].removesuffix(" %").removeprefix("<")) for text in words(scene) if "%" in text
    ]
    assert sum(shares) == pytest.approx(300, abs=len(shares))


def test_many_parts_become_few_and_the_rest() -> None:
    held = ledger(group(read(MODELS / "transformer_encoder.keras")))
    scene = draw_chart(held, "stages", LIGHT, (400.0, 240.0))
    assert len({box.key for box in marks(scene)}) < 12
    assert any(text.endswith("smaller parts") for text in words(scene))


def test_other_sizes_are_counted() -> None:
    graph = group(read(MODELS / "MobileNetV2.keras"))
    one, eight = (ledger(graph, Setting(batch=batch)) for batch in (1, 8))
    assert sum(layer.macs for layer in eight.layers) == 8 * sum(layer.macs for layer in one.layers)
    assert any("batch 8" in text for text in words(draw_chart(eight, "memory", LIGHT)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [(240.0, 240.0), SIZE, (2000.0, 900.0)])
def test_nothing_leaves_the_page(kind: Kind, size: tuple[float, float], mobilenet: Ledger) -> None:
    scene = draw_chart(mobilenet, kind, LIGHT, size)
    for item in scene.sheets[0].items:
        if isinstance(item, Text):
            anchor = scene.fonts[item.font].anchor
            left = item.x - {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor] * item.width
            assert left >= 0
            assert left + item.width <= scene.width
            assert 0 <= item.y <= scene.height
        elif isinstance(item, Box):
            assert item.width >= 0
            assert item.height >= 0
            assert item.x + item.width <= scene.width + 1


@pytest.mark.parametrize("kind", KINDS)
def test_models_of_other_kinds_and_empty_ones_are_drawn(kind: Kind) -> None:
    from tests.gallery import hostile
    from tests.graphs import LOOP

    for graph in (LOOP, hostile(), group(read(MODELS / "recurrent_wrappers.keras"))):
        scene = draw_chart(ledger(graph), kind, LIGHT)
        assert scene.title
        ET.fromstring(cutaway.plot_chart(graph, kind).svg)


def test_ticks_are_round_and_end_below() -> None:
    assert ticks(33.2, 5) == [0, 10, 20, 30]
    assert ticks(0, 5) == [0]
    assert Linear(0, 10, 100, 0).at(5) == 50
    scale = Logarithmic(0.05, 200, 0, 100)
    assert scale.decades() == [0.1, 1, 10, 100]
    assert scale.at(200) == pytest.approx(100)


@pytest.mark.parametrize("extension", ["svg", "png", "pdf", "tex"])
def test_command_writes_each_format(extension: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / f"chart.{extension}"
    code, told = run(capsys, "chart", str(MODELS / "unet.keras"), "--kind", "memory", "-o", str(target))
    assert (code, told) == (0, f"wrote {target}\n")
    start = {"svg": b"<svg", "png": b"\x89PNG", "pdf": b"%PDF", "tex": b"%"}[extension]
    assert target.read_bytes().startswith(start)


def test_command_takes_machine_times_and_group(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    times = tmp_path / "times.json"
    times.write_text('{"Conv1": 0.001, "block_14_expand": 0.0005}')
    target = tmp_path / "chart.svg"
    command = ["chart", str(MODELS / "MobileNetV2.keras"), "--kind", "roofline", "-o", str(target)]
    assert run(capsys, *command, "--peak", "2T", "--bandwidth", "100G", "--times", str(times))[0] == 0
    text = target.read_text()
    assert "2 TFLOP/s and 100 GB/s (given)" in text
    assert text.count("of the roof") == 2
    assert run(capsys, *command, "--group", "block_14", "--size", "500x300", "--theme", "dark")[0] == 0
    assert 'width="500" height="300"' in target.read_text()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"kind": "pie"}, "kind must be one of"),
        ({"by": "colour"}, "by must be one of"),
        ({"group": "nowhere"}, "nowhere"),
        ({"group": "Conv1"}, "a layer"),
        ({"peak": 0.0}, "peak must be a number from 1"),
        ({"size": (10.0, 10.0)}, "size must be"),
        ({"to_file": "x.gif"}, "extension must be one of"),
        ({"precision": "float3"}, "precision must be one of"),
        ({"kind": "roofline", "times": {"Conv1": "long"}}, "number of seconds"),
        ({"kind": "roofline", "times": {"Conv9": 1.0}}, "Conv9"),
    ],
)
def test_wrong_choices_are_told(options: dict[str, object], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        cutaway.plot_chart(MODELS / "MobileNetV2.keras", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"{}", b"\xff\xfe"])
def test_files_that_hold_no_times_are_told(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "times.json"
    file.write_bytes(content)
    with pytest.raises(ReadError, match=r"times\.json: expected"):
        cutaway.plot_chart(MODELS / "unet.keras", "roofline", times=file)
    with pytest.raises(ReadError, match="cannot be read"):
        cutaway.plot_chart(MODELS / "unet.keras", "roofline", times=tmp_path / "absent.json")


def test_times_come_from_a_file_and_from_no_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ReadError, match=r"expected a file with times; this is .* a device, a pipe"):
        read_times(os.devnull)
    file = tmp_path / "times.json"
    file.write_text('{"Conv1": 0.001}')
    monkeypatch.setattr("cutaway.charts.measured._MOST_BYTES", 5)
    with pytest.raises(ReadError, match=r"times\.json: has 16 bytes; at most 5 of times are read"):
        read_times(file)


def test_times_that_no_float_holds_are_told(tmp_path: Path) -> None:
    for value in (10**400, 10**5000, math.inf):
        with pytest.raises(OptionError, match="'Conv1' must be a finite number of seconds"):
            read_times({"Conv1": value})
    file = tmp_path / "times.json"
    for row in ({"id": "Conv1", "kind": "node", "time_ms": 10**400}, {"id": "Conv1", "kind": "node", "time_ms": "1"}):
        file.write_text(json.dumps({"kind": "profile", "rows": [row]}))
        with pytest.raises(ReadError, match="it is damaged"):
            read_times(file)


def test_a_profile_brings_its_times_shapes_and_roof(tmp_path: Path) -> None:
    graph = group(read(MODELS / "MobileNetV2.keras"))
    rows = [
        {"id": id, "kind": "node", "time_ms": 3.0, "forward_ms": 2.0 if at % 2 else 0.0}
        for at, id in enumerate(graph.ids)
    ]
    profile = {
        "kind": "profile", "setting": {"shapes": {"input_layer": [4, 224, 224, 3]}}, "rows": rows,
        "roof": {"flops_per_second": 4e10, "bytes_per_second": 8e9, "source": "measured"},
    }  # fmt: skip
    file = tmp_path / "times.json"
    file.write_text(json.dumps(profile))
    scene = cutaway.plot_chart(graph, "roofline", times=file).scene
    assert "40 GFLOP/s and 8 GB/s (measured): memory bounds below 5 FLOPs for each byte" in words(scene)
    held = ledger(graph, Setting(batch=4))
    layers = {layer.id: layer for layer in held.layers}
    dots = marks(scene)
    assert {box.key for box in dots} == {
        id for at, id in enumerate(graph.ids) if at % 2 and layers[id].flops and layers[id].moved
    }
    for box in dots:
        layer = layers[box.key]
        best = min(4e10, layer.flops / layer.moved * 8e9)
        assert f"{100 * layer.flops / 2e-3 / best:.0f} % of the roof" in box.tip
    half = cutaway.plot_chart(graph, "roofline", times=file, peak=1e11).scene
    assert any("100 GFLOP/s and 8 GB/s (given and measured)" in text for text in words(half))
    file.write_text(json.dumps({**profile, "rows": [{"kind": "node"}]}))
    with pytest.raises(ReadError, match="damaged"):
        cutaway.plot_chart(graph, "roofline", times=file)


def test_sizes_that_no_float_holds_are_drawn() -> None:
    huge = (2**63 - 1,) * 30
    builder = GraphBuilder("huge", "keras_v3")
    x = builder.node("x", "InputLayer", outputs=[Tensor((None, *huge), "float32")])
    kernel = Weight("d/kernel", "kernel", huge)
    dense = builder.node("d", "Dense", outputs=[Tensor((None, *huge), "float32")], weights=[kernel])
    small = builder.node(
        "s", "Dense", outputs=[Tensor((None, 4), "float32")], weights=[Weight("s/kernel", "kernel", (4, 4))],
        attributes={"units": 4},
    )  # fmt: skip
    window = {"kernel_size": [10**400, 3], "strides": [1, 1], "padding": "valid"}
    image = builder.node("i", "InputLayer", outputs=[Tensor((None, 9, 9, 3), "float32")])
    wide = builder.node("w", "Conv2D", outputs=[Tensor((None, 9, 9, 4), "float32")], attributes=window)
    for source, target in ((x, dense), (dense, small), (image, wide)):
        builder.connect(source, target)
    builder.mark_output(small)
    graph = builder.build()
    for kind in KINDS:
        ET.fromstring(cutaway.plot_chart(graph, kind).svg)
    table = cutaway.summary(graph, fields=["intensity", "receptive_field", "traffic"], training="adam")
    assert "huge" in str(table)
    cutaway.check(graph)


@pytest.mark.parametrize("size", [None, (1.0, 1.0), (500.0,), ("wide", 500.0), 500.0])
def test_a_size_that_is_none_is_told(size: Any) -> None:
    with pytest.raises(OptionError, match="size must be a width and a height"):
        cutaway.plot_chart(MODELS / "MobileNetV2.keras", size=size)
