"""What plugins of TensorBoard log is read as they say it: sounds, and experiments with hyper-parameters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from cutaway.training.event_decode import Stored, pictures, sounds
from cutaway.training.event_reader import EventFile
from cutaway.training.hparams import experiment, hyper_parameters, session_end
from cutaway.training.runs import LogFolder, Run


def logged(folder: Path) -> Run:
    log = LogFolder(folder)
    log.read()
    (run,) = log.runs.values()
    return run


def stored(run: Run, tag: str) -> bytes:
    place = run.series[tag].values[0]
    assert isinstance(place, Stored)
    return EventFile(run.files[0]).record(place.offset, place.length)


def test_sounds_and_pictures_of_tensorflow_2(tmp_path: Path) -> None:
    wave = np.sin(np.arange(800) / 9).astype("float32")[None, :, None]
    with tf.summary.create_file_writer(str(tmp_path)).as_default() as writer:
        tf.summary.audio("tone", wave, 8000, step=3)
        tf.summary.image("picture", np.zeros((1, 2, 3, 3)), step=3)
        writer.flush()
    run = logged(tmp_path)
    (sound,) = sounds(stored(run, "tone"), "tone")
    decoded, rate = tf.audio.decode_wav(sound.data)
    assert int(rate) == 8000
    np.testing.assert_allclose(decoded.numpy(), wave[0], atol=1e-4)
    (picture,) = pictures(stored(run, "picture"), "picture")
    assert tf.image.decode_png(picture).shape == (2, 3, 3)
    assert sounds(b"\xff", "tone") == []


@pytest.mark.filterwarnings("ignore")
def test_sounds_of_the_older_form(tmp_path: Path) -> None:
    from tensorboard.compat.proto import event_pb2, summary_pb2

    audio = summary_pb2.Summary.Audio(sample_rate=16000, num_channels=1, encoded_audio_string=b"RIFF...")
    event = event_pb2.Event(summary=summary_pb2.Summary(value=[summary_pb2.Summary.Value(tag="old", audio=audio)]))
    (sound,) = sounds(event.SerializeToString(), "old")
    assert (sound.data, sound.rate) == (b"RIFF...", 16000)


@pytest.mark.filterwarnings("ignore")
def test_experiments(tmp_path: Path) -> None:
    from tensorboard.plugins.hparams import api as hp

    with tf.summary.create_file_writer(str(tmp_path)).as_default() as writer:
        hp.hparams_config(
            hparams=[hp.HParam("rate", hp.RealInterval(0.0, 1.0)), hp.HParam("größe")],
            metrics=[hp.Metric("loss"), hp.Metric("epoch_loss", group="validation")],
        )
        hp.hparams({"rate": 0.5, "größe": "big"})
        writer.flush()
    run = logged(tmp_path)
    contents = [value for series in run.series.values() if series.kind == "hparams" for value in series.values]
    (told,) = [found for found in map(experiment, contents) if found is not None]
    assert (told.parameters, told.metrics) == (["rate", "größe"], ["loss", "validation/epoch_loss"])
    assert [found for found in map(hyper_parameters, contents) if found] == [{"rate": 0.5, "größe": "big"}]


@pytest.mark.filterwarnings("ignore")
def test_the_end_of_a_session() -> None:
    from tensorboard.plugins.hparams import api_pb2, plugin_data_pb2

    end = plugin_data_pb2.SessionEndInfo(status=api_pb2.STATUS_FAILURE, end_time_secs=12.5)
    content = plugin_data_pb2.HParamsPluginData(session_end_info=end).SerializeToString()
    assert session_end(content) == ("failure", 12.5)
    assert session_end(b"") is None
    assert experiment(content) is None
