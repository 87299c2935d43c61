"""A file, a zip and a folder under one face: members, folders in them, zips in zips, and what is never followed."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from cutaway.errors import ReadError
from cutaway.readers.limits import limit
from cutaway.readers.source import Source

FILES = {
    "saved_model.pb": b"graph",
    "variables/variables.index": b"index",
    "variables/variables.data-00000-of-00001": b"values",
}


def zipped(files: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def folder_of(path: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


@pytest.fixture(params=["folder", "stored", "deflated", "in a zip", "deflated in a zip"])
def top(request: pytest.FixtureRequest, tmp_path: Path) -> Source:
    files = {f"model/1/{name}": data for name, data in FILES.items()}
    if request.param == "folder":
        return Source(folder_of(tmp_path / "top", files))
    method = zipfile.ZIP_DEFLATED if "deflated" in request.param else zipfile.ZIP_STORED
    data = zipped(files, method)
    if "in a zip" in request.param:
        (tmp_path / "outer.zip").write_bytes(zipped({"a/inner.zip": data}, method))
        return Source(tmp_path / "outer.zip" / "a" / "inner.zip")
    (tmp_path / "top.zip").write_bytes(data)
    return Source(tmp_path / "top.zip")


def test_members_of_a_folder_in_it(top: Source) -> None:
    model = top.at("model/1")
    assert model.kind == "folder"
    assert set(FILES) == {name for name in model.names if not name.endswith("/")}
    for name, data in FILES.items():
        assert model.read(name) == data
        with model.open(name) as file:
            file.seek(1)
            assert file.read() == data[1:]
        with model.view(name) as view:
            assert bytes(view) == data


def test_member_as_a_source(top: Source) -> None:
    index = top.at("model/1/variables/variables.index")
    assert (index.kind, index.size, index.head, index.read()) == ("file", 5, b"index", b"index")
    assert index.path == top.path / "model/1/variables/variables.index"
    assert index.beside("variables.data-00000-of-00001").read() == b"values"
    assert index.beside("variables.data-00000-of-00001").beside("variables.index").read() == b"index"
    again = Source(index.path)
    assert again.read() == b"index"


def test_part_of_a_view_may_be_kept(top: Source) -> None:
    with top.view("model/1/saved_model.pb") as view:
        kept = view[1:3]
    assert bytes(kept) == b"ra"


def test_what_is_not_there(top: Source) -> None:
    with pytest.raises(ReadError, match=r"holds no 'model/2'; it holds model/1/"):
        top.at("model/2")
    with pytest.raises(ReadError):
        top.read("model/1/nothing")
    with pytest.raises(ReadError):
        top.at("model/1/saved_model.pb").beside("nothing")
    with pytest.raises(ReadError, match=r"holds nothing"):
        top.at("model/1/saved_model.pb").at("more")


@pytest.mark.parametrize("name", ["../secret", "a/../../secret", "/etc/hostname"])
def test_names_that_climb(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_text("secret")
    model = Source(folder_of(tmp_path / "model", {"a/b": b"", "c": b""}))
    for reach in (model.read, model.at, Source(tmp_path / "model" / "c").beside):
        with pytest.raises(ReadError):
            reach(name)


def test_links_that_lead_out(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "file").write_text("far")
    model = folder_of(tmp_path / "model", {"near": b"near"})
    (model / "out").symlink_to(tmp_path / "secret")
    (model / "inside").symlink_to("near")
    (model / "far").symlink_to(tmp_path / "far")
    source = Source(model)
    assert source.names == {"near", "inside"}
    assert source.leading_out == {"out"}
    assert source.read("inside") == b"near"
    with pytest.raises(ReadError, match="a link that leads out of the model's folder"):
        source.read("out")
    with pytest.raises(ReadError, match="a link that leads out of the model's folder"):
        source.read("far/file")
    with pytest.raises(ReadError, match="a link that leads out of the model's folder"):
        Source(model / "near").beside("out")


def test_link_that_the_user_names_is_followed(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("it")
    (tmp_path / "link").symlink_to("file")
    assert Source(tmp_path / "link").read() == b"it"


def test_folder_that_holds_itself_ends(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "again").symlink_to(tmp_path)
    (tmp_path / "a" / "file").write_text("")
    assert Source(tmp_path).names == {"a/file"}


def test_hidden_and_deep_folders_are_not_looked_into(tmp_path: Path) -> None:
    deep = "/".join("abcdefghij"[: limit("depth")])
    files = {".git/config": b"", "file": b"", f"{deep}/too_deep": b"", f"{deep[:-2]}/just": b""}
    assert Source(folder_of(tmp_path, files)).names == {"file", f"{deep[:-2]}/just"}


def test_zip_in_a_zip_in_a_zip(tmp_path: Path) -> None:
    data = zipped({"2.zip": zipped({"3.zip": zipped({"file": b"it"})})})
    (tmp_path / "1.zip").write_bytes(data)
    assert Source(tmp_path / "1.zip/2.zip").names == {"3.zip"}
    with pytest.raises(ReadError, match="cutaway opens 1 zip in a zip"):
        Source(tmp_path / "1.zip/2.zip/3.zip/file")


def test_path_through_a_file_that_is_no_zip(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("it")
    with pytest.raises(ReadError, match="is a file, and no zip"):
        Source(tmp_path / "file" / "member")


def test_stored_member_that_goes_on_behind_the_end(tmp_path: Path) -> None:
    data = bytearray(zipped({"file": b"1234"}))
    at = data.find(b"PK\x01\x02")
    for place in (at + 20, at + 24):  # both sizes
        data[place : place + 4] = (1 << 20).to_bytes(4, "little")
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(ReadError, match="damaged"), Source(tmp_path / "a.zip").view("file"):
        pass


def test_nothing_stays_open(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped({"inner.zip": zipped({"file": b"it"}, zipfile.ZIP_DEFLATED)}))
    before = set(Path("/proc/self/fd").iterdir())
    source = Source(tmp_path / "a.zip/inner.zip/file")
    assert source.read() == b"it"
    with source.view() as view:
        assert bytes(view) == b"it"
    del source, view
    assert len(set(Path("/proc/self/fd").iterdir()) - before) <= 1  # the listing itself


def test_files_beside_a_file_by_its_own_face(top: Source) -> None:
    index = top.at("model/1/variables/variables.index")
    assert index.read("variables.data-00000-of-00001") == b"values"
    assert index.size_of("variables.data-00000-of-00001") == 6
    assert index.size_of("nothing") is None
    assert top.size_of("model/1/saved_model.pb") == 5
