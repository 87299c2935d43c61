"""SavedModels in zips, run: against the folder that was packed, and with zips that a stranger made."""

from __future__ import annotations

import errno
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest
import tensorflow as tf

import cutaway
from cutaway.errors import ReadError
from cutaway.loading.unpacked import on_disk
from cutaway.readers import limits
from cutaway.readers.source import Source

X = np.array([[1.0, 2.0]], np.float32)


class Words(tf.Module):
    """A variable, and a table whose words lie in an asset."""

    def __init__(self, words: Path) -> None:
        super().__init__()
        self.weight = tf.Variable([[1.0, -2.0], [3.0, 4.0]], name="weight")
        start = tf.lookup.TextFileInitializer(
            str(words), tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER
        )
        self.table = tf.lookup.StaticHashTable(start, 7)

    @tf.function(input_signature=[tf.TensorSpec((None, 2), tf.float32, name="x")])
    def run(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        found = self.table.lookup(tf.constant(["two"]))
        return {"y": tf.matmul(x, self.weight) + tf.cast(found, tf.float32)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("words")
    (place / "words.txt").write_text("one\ntwo\nthree\n", encoding="utf-8")
    module = Words(place / "words.txt")
    tf.saved_model.save(module, str(place / "saved"), signatures=module.run)
    (place / "words.txt").unlink()
    return place / "saved"


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder for temporary files, which is empty again afterwards."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    yield place
    assert list(place.glob("cutaway-*")) == []


def packed(folder: Path, target: Path, prefix: str = "", more: dict[str, bytes] | None = None) -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, prefix + path.relative_to(folder).as_posix())
        for name, data in (more or {}).items():
            archive.writestr(name, data)
    return target


@pytest.mark.parametrize("place", ["{zip}", "{zip}/model", "{zip}/model/saved_model.pb"])
def test_a_zip_makes_what_its_folder_makes(place: str, folder: Path, tmp_path: Path) -> None:
    target = packed(folder, tmp_path / "model.zip", "model/" if place != "{zip}" else "")
    whole = cutaway.activations(folder, X)
    found = cutaway.activations(place.format(zip=target), X)
    assert list(found) == list(whole)
    for id in whole:
        np.testing.assert_array_equal(found[id].numpy(), whole[id].numpy())
    result = found[found.graph.ids[found.graph.outputs[0].node]].numpy()
    np.testing.assert_allclose(result, [[8.0, 7.0]])


def test_a_zip_is_profiled(folder: Path, tmp_path: Path) -> None:
    profile = cutaway.profile(packed(folder, tmp_path / "model.zip"), runs=2)
    assert profile.rows


def test_only_what_is_needed_is_unpacked_and_nothing_leads_out(folder: Path, tmp_path: Path) -> None:
    more = {"../evil": b"x", "/evil": b"x", "notes.txt": b"x", "assets.extra/x": b"x"}
    with on_disk(Source(packed(folder, tmp_path / "model.zip", more=more))) as made:
        there = {path.relative_to(made).as_posix() for path in Path(made).rglob("*") if path.is_file()}
    wanted = {"saved_model.pb", "variables/variables.index", "variables/variables.data-00000-of-00001"}
    assert there == wanted | {"assets/words.txt"}
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("name", ["variables/../../evil", "assets/..\\evil", "assets/c:evil"])
def test_members_that_lead_out_are_refused(name: str, folder: Path, tmp_path: Path) -> None:
    target = packed(folder, tmp_path / "model.zip", more={name: b"x"})
    with pytest.raises(ReadError, match="leads out of the zip"):
        cutaway.activations(target, X)
    assert not list(tmp_path.rglob("evil"))


@pytest.mark.parametrize(
    "names",
    [["assets/a", "assets/a/b"], ["assets/a", "assets//a"], ["assets/" + "a" * 300]],
    ids=["a file as a folder", "twice", "long"],
)
def test_names_that_no_disk_can_hold_are_told_as_those_of_the_zip(
    names: list[str], folder: Path, tmp_path: Path
) -> None:
    target = packed(folder, tmp_path / "model.zip", more=dict.fromkeys(names, b"x"))
    with pytest.raises(ReadError, match=r"model\.zip: member 'assets/.* cannot be unpacked") as told:
        cutaway.activations(target, X)
    assert len(str(told.value)) < 500


def test_a_name_of_very_many_folders_is_refused(folder: Path, tmp_path: Path) -> None:
    target = packed(folder, tmp_path / "model.zip", more={"assets/" + "a/" * 1_900 + "a": b"x"})
    with pytest.raises(ReadError, match="lies in more than 64 folders"):
        cutaway.activations(target, X)


def test_a_full_disk_is_told_with_its_folder(
    folder: Path, tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, mode: str) -> IO[Any]:
        if mode == "xb":
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(path, mode)

    source = Source(packed(folder, tmp_path / "model.zip"))
    real = Path.open
    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(OSError, match="No space left") as told, on_disk(source):
        pass
    assert Path(told.value.filename).parent == temporary


def test_bombs_and_links_are_refused(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = packed(folder, tmp_path / "bomb.zip", more={"assets/zeros": bytes(30 << 20)})
    with pytest.raises(ReadError, match="zip bomb"):
        cutaway.activations(bomb, X)
    link = zipfile.ZipInfo("assets/link")
    link.external_attr = 0o120777 << 16
    linked = packed(folder, tmp_path / "linked.zip")
    with zipfile.ZipFile(linked, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(ReadError, match="symbolic link"):
        cutaway.activations(linked, X)
    plain = Source(packed(folder, tmp_path / "plain.zip"))
    room = (plain.size_of("saved_model.pb") or 0) + 1
    monkeypatch.setattr(limits, "LIMITS", {**limits.LIMITS, "unpacked": (room, "for this test")})
    with pytest.raises(ReadError, match="unpack it yourself"), on_disk(plain):
        pass


def test_a_zip_that_writes_a_file_is_not_loaded(tmp_path: Path) -> None:
    module = tf.Module()

    def write(x: tf.Tensor) -> dict[str, tf.Tensor]:
        with tf.control_dependencies([tf.io.write_file(str(tmp_path / "target"), "text")]):
            return {"y": tf.identity(x)}

    module.call = tf.function(write, input_signature=[tf.TensorSpec((None, 4), tf.float32, name="x")])
    tf.saved_model.save(module, str(tmp_path / "saved"), signatures=module.call)
    target = packed(tmp_path / "saved", tmp_path / "model.zip")
    with pytest.raises(ReadError, match=r"model\.zip: .*WriteFile"):
        cutaway.activations(target)
    assert not (tmp_path / "target").exists()
