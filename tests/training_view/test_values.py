"""Distributions, pictures, texts, hyper-parameters and downloads, beside the libraries that wrote them."""

from __future__ import annotations

import csv
import io
import json
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cutaway.training.event_writer import EventWriter
from cutaway.training.histograms import distribution
from cutaway.training_view import download
from cutaway.training_view.distributions import GRID, LEVELS
from tests.explorer.hand import decode
from tests.training_view.client import ViewClient
from tests.training_view.logs import BEGAN, put_sounds, two_runs, wave_of, write_run

View = Callable[[Path], ViewClient]


def test_bands_are_the_quantiles_and_ridges_hold_all_values(tmp_path: Path, view: View) -> None:
    values = [np.random.default_rng(step).normal(step, 1 + step, 50_000).astype(np.float32) for step in range(3)]
    with EventWriter(tmp_path / "run") as writer:
        for step, some in enumerate(values):
            writer.histogram("weights/dense/kernel", distribution(some).rows(), step)
    client = view(tmp_path)
    client.complete()
    said = {"runs": [0], "tags": [client.tag("weights/dense/kernel")], "steps": 50, "ridges": 3}
    found = decode([client.post("/distributions", said)])
    ((_, _, steps, total, ridges, low, high),) = found["lines"]
    assert (steps, total, ridges) == (3, 3, 3)
    assert found["finite"].tolist() == [50_000] * 3
    for step, some in enumerate(values):
        bands = found["bands"].reshape(3, len(LEVELS))[step]
        assert [bands[0], bands[-1]] == [some.min(), some.max()]
        assert bands == pytest.approx(np.quantile(some, LEVELS), abs=0.03 * (1 + step))  # as far as bins tell
        shares, edges = np.histogram(some, GRID, (low, high))
        assert found["ridges"].reshape(3, GRID)[step] == pytest.approx(shares / len(some), abs=0.01)
        assert len(edges) == GRID + 1
    assert found["ridges"].reshape(3, GRID).sum(axis=1).min() > 0.98


def test_many_steps_are_thinned_evenly_with_both_ends(tmp_path: Path, view: View) -> None:
    with EventWriter(tmp_path / "run") as writer:
        for step in range(500):
            writer.histogram("h", np.array([[0.0, 1.0, 5.0], [1.0, 1.0, 5.0]]), step)
    client = view(tmp_path)
    client.complete()
    found = decode([client.post("/distributions", {"runs": [0], "tags": [client.tag("h")], "steps": 51, "ridges": 5})])
    assert found["lines"][0][2:5] == [51, 500, 5]
    assert [found["step"][0], found["step"][-1]] == [0, 499]
    assert found["ridge_step"].tolist() == [0, 120, 250, 379, 499]
    assert found["bands"].reshape(51, len(LEVELS))[7].tolist()[::4] == [0, 1, 1]


def test_histograms_that_are_damaged_or_empty_break_nothing(tmp_path: Path, view: View) -> None:
    odd = [
        np.zeros((0, 3)), np.array([[np.nan, 1, 2.0]]), np.array([[1.0, 0.0, -3.0]]), np.array([[2.0, 1.0, 4.0]]),
        np.array([[-np.inf, np.inf, 1.0]]), np.array([[5.0, 5.0, 1.0]]),
        np.array([[-1e308, 1e308, 1e308], [1e308, 1e308, 1e308]]),
    ]  # fmt: skip
    with EventWriter(tmp_path / "run") as writer:
        for step, rows in enumerate(odd):
            writer.histogram("h", rows, step)
    client = view(tmp_path)
    client.complete()
    found = decode([client.post("/distributions", {"runs": [0], "tags": [client.tag("h")], "steps": 50, "ridges": 9})])
    assert found["lines"][0][2] == 7
    assert np.isfinite(found["ridges"]).all()
    assert np.isfinite(found["lines"][0][5:]).all()
    bands = found["bands"].reshape(7, len(LEVELS))
    assert np.isnan(bands[[0, 1, 2, 4]]).all()
    assert (bands[5] == 5).all()
    assert np.isfinite(bands[6]).all()


def media(client: ViewClient, run: int, tag: int, at: int = 0) -> list[tuple[str, bytes]]:
    """The types and bytes of what was logged at a step."""
    status, _, body = client.ask(f"/media?run={run}&tag={tag}&at={at}")
    assert status == 200, body
    found = decode([body])
    return [(one["type"], found[str(number)].tobytes()) for number, one in enumerate(found["about"])]


def test_what_tensorboardx_wrote_is_shown(tmp_path: Path, view: View) -> None:
    writers = pytest.importorskip("tensorboardX", reason="needs tensorboardX, the oracle: pip install tensorboardX")
    pixels = np.random.default_rng(0).integers(0, 256, (3, 9, 7), np.uint8)
    with writers.SummaryWriter(str(tmp_path / "run")) as writer:
        writer.add_image("picture", pixels, 3)
        writer.add_text("remark", "<b>some</b>\nwords", 4)
        writer.add_hparams({"rate": 0.25, "name": "<i>", "on": True}, {"score": 1.0})
    client = view(tmp_path)
    runs = {run["name"]: run for run in client.complete()["runs"]}
    settings = next(run["settings"] for run in runs.values() if run["settings"])
    assert settings == {"rate": 0.25, "name": "<i>", "on": True}
    run = client.run("run")
    picture = client.tag("picture")
    assert client.json(f"/steps?run={run}&tag={picture}")["steps"] == [3]
    ((type, body),) = media(client, run, picture)
    assert type == "image/png"
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(body))), pixels.transpose(1, 2, 0))
    ((step, _, text),) = client.json(f"/texts?run={run}&tag={client.tag('remark/text_summary')}")
    assert (step, text) == (4, "<b>some</b>\nwords")
    assert client.ask(f"/media?run={run}&tag={picture}&at=1")[0] == 404


def test_pictures_of_tensorflow_2_are_shown_and_programs_are_not(tmp_path: Path, view: View) -> None:
    from cutaway.training.event_messages import metadata, strings, summary

    pixels = np.random.default_rng(1).integers(0, 256, (2, 5, 4, 1), np.uint8)
    with EventWriter(tmp_path / "run") as writer:
        writer.images("kernel", pixels, 1)
        svg = strings([b"1", b"1", b"<svg onload='alert(1)'/>"], shape=[3])
        writer._put(summary("evil", svg, metadata("images", data_class=3)), 1, None)
    client = view(tmp_path)
    client.complete()
    found = media(client, 0, client.tag("kernel"))
    assert [type for type, _ in found] == ["image/png"] * 2
    for which, (_, body) in enumerate(found):
        np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(body))), pixels[which, :, :, 0])
    assert media(client, 0, client.tag("evil")) == [("", b"")]


def test_sounds_are_sent_where_they_are_plain_waves(tmp_path: Path, view: View) -> None:
    samples = (np.sin(np.arange(2_000) / 7) * 20_000).astype("<i2")
    with EventWriter(tmp_path / "run") as writer:
        put_sounds(
            writer, "tone", [(wave_of(samples, 8_000), b"a <b>tone</b>"), (b"ID3\x04mp3", b""), (b"RIFF", b"cut")]
        )
        put_sounds(
            writer, "odd", [(wave_of(samples, 8_000).replace(b"fmt \x10\0\0\0\x01", b"fmt \x10\0\0\0\x55"), b"")]
        )
    client = view(tmp_path)
    client.complete()
    (type, body), *others = media(client, 0, client.tag("tone"))
    assert type == "audio/wav"
    with wave.open(io.BytesIO(body)) as read:
        assert read.getframerate() == 8_000
        np.testing.assert_array_equal(np.frombuffer(read.readframes(9_999), "<i2"), samples)
    assert [*others, *media(client, 0, client.tag("odd"))] == [("", b"")] * 3
    about = decode([client.ask(f"/media?run=0&tag={client.tag('tone')}&at=0")[2]])["about"]
    assert [one["label"] for one in about] == ["a <b>tone</b>", "", "cut"]


def test_downloads_have_all_points(tmp_path: Path, view: View) -> None:
    made = two_runs(tmp_path, 12_000)
    write_run(tmp_path / "odd", {"=loss": np.array([1.5, np.nan, np.inf, -np.inf])})
    client = view(tmp_path)
    client.complete()
    _, headers, body = client.ask(f"/download?format=csv&tags={client.tag('loss')}")
    assert headers["content-disposition"] == 'attachment; filename="cutaway.csv"'
    rows = list(csv.DictReader(io.StringIO(body.decode())))
    for name, values in made.items():
        of = [row for row in rows if row["run"] == name]
        assert [int(row["step"]) for row in of] == list(range(12_000))
        assert [float(row["value"]) for row in of] == values.tolist()
        assert float(of[5]["wall_time"]) == BEGAN + 5
    told = json.loads(client.ask(f"/download?format=json&runs={client.run('second')}")[2])
    assert {series["tag"]: len(series["values"]) for series in told} == {"accuracy": 12_000, "loss": 12_000}
    assert next(series["values"] for series in told if series["tag"] == "loss") == made["second"].tolist()
    odd = client.ask(f"/download?format=csv&runs={client.run('odd')}")[2].decode().splitlines()
    assert [line.split(",")[1] for line in odd[1:]] == ["'=loss"] * 4
    assert [line.split(",")[4] for line in odd[1:]] == ["1.5", "nan", "inf", "-inf"]
    (series,) = json.loads(client.ask(f"/download?format=json&runs={client.run('odd')}")[2])
    assert series["values"] == [1.5, "NaN", "Infinity", "-Infinity"]


def test_downloads_go_on_behind_histograms_without_bins(
    tmp_path: Path, view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "_ROWS", 2)
    with EventWriter(tmp_path / "run") as writer:
        for step in range(5):
            writer.histogram("h", np.zeros((0, 3)) if step < 4 else np.array([[0.0, 1.0, 5.0]]), step)
        writer.scalars({"loss": 1.5}, 7)
    client = view(tmp_path)
    client.complete()
    rows = list(csv.DictReader(io.StringIO(client.ask("/download?format=csv")[2].decode())))
    assert sorted((row["tag"], row["step"]) for row in rows) == [("h", "4"), ("loss", "7")]


def test_times_that_are_no_numbers_are_sent_as_texts(tmp_path: Path, view: View) -> None:
    with EventWriter(tmp_path / "run") as writer:
        for step, when in enumerate((BEGAN, np.nan, np.inf)):
            writer.text("words", "hello", step, wall_time=when)
            writer.scalars({"loss": 1.0}, step, wall_time=when)
    client = view(tmp_path)
    client.complete()
    asked = f"?run=0&tag={client.tag('words')}"
    times = [BEGAN, "NaN", "Infinity"]
    assert client.json(f"/steps{asked}")["times"] == times
    assert [text[1] for text in client.json(f"/texts{asked}")] == times
    body = client.ask("/download?format=json")[2]
    told = json.loads(body, parse_constant=lambda bare: pytest.fail(f"{bare} is not JSON"))
    assert [series["wall_times"] for series in told] == [times, times]


def test_what_runs_ended_with_is_summed_up(tmp_path: Path, view: View) -> None:
    write_run(tmp_path / "a", {"loss": np.array([3.0, 1.0, np.nan, 2.0])})
    write_run(tmp_path / "b", {"other": np.array([np.nan])})
    client = view(tmp_path)
    client.complete()
    said = {"runs": [client.run("a"), client.run("b")], "tags": [client.tag("loss"), client.tag("other")]}
    told = json.loads(client.post("/summaries", said))
    assert told == [[[3, 2.0, 1.0, 3.0], None], [None, [0, "nan", None, None]]]
