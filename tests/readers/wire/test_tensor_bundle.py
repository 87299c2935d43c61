"""Tables, checksums and bundles, against TensorFlow's own readers."""

from __future__ import annotations

import random
import struct
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cutaway.errors import ReadError
from cutaway.readers.source import Source
from cutaway.readers.wire.crc32c import crc32c, masked
from cutaway.readers.wire.ordered_code import slice_key
from cutaway.readers.wire.snappy import unpack
from cutaway.readers.wire.table import LONGEST_KEY, Table
from cutaway.readers.wire.tensor_bundle import OBJECT_GRAPH, Bundle

tf: Any = pytest.importorskip("tensorflow")


@pytest.mark.parametrize(
    ("data", "crc"),
    [(b"", 0), (b"123456789", 0xE3069283), (bytes(32), 0x8A9136AA), (b"\xff" * 32, 0x62A8AB43)],
)
def test_checksums_of_the_standard(data: bytes, crc: int) -> None:
    assert crc32c(data) == crc
    assert crc32c(data[3:], crc32c(data[:3])) == crc


def test_masked_checksum_is_that_of_event_files(tmp_path: Path) -> None:
    path = tmp_path / "records"
    with tf.io.TFRecordWriter(str(path)) as writer:
        writer.write(b"some data")
    length, header, data, body = struct.unpack("<QI9sI", path.read_bytes())
    assert (length, data) == (9, b"some data")
    assert header == masked(crc32c(struct.pack("<Q", 9)))
    assert body == masked(crc32c(data))


def test_snappy_literals_and_copies() -> None:
    # "abcd", then 8 bytes from 4 back (they overlap), then 60 bytes by a long literal
    packed = bytes([72, 3 << 2]) + b"abcd" + bytes([(8 - 4) << 2 | 1, 4]) + bytes([60 << 2, 59]) + b"x" * 60
    assert unpack(packed, 1000) == b"abcdabcdabcd" + b"x" * 60


@pytest.mark.parametrize(
    "packed",
    [
        b"\x04\x0cab",  # a literal that is cut
        b"\x04\x00a\x01\x09",  # a copy from before the beginning
        b"\xff\xff\xff\x7f\x00a",  # says that it becomes 256 MB
        b"\x02\x00a",  # becomes less than it says
        b"",
    ],
)
def test_damaged_snappy_is_refused(packed: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        unpack(packed, 1 << 30)


def test_keys_of_slices_are_those_that_tensorflow_writes(tmp_path: Path) -> None:
    sizes = [1, 63, 64, 65, 8191, 8192, 70_000, 1_100_000]
    tensors, specs = [], []
    full = sum(sizes)
    start = 0
    for size in sizes:
        tensors.append(tf.zeros([size, 1], tf.uint8))
        specs.append(f"{full} 3 {start},{size}:1,1")
        start += size
    prefix = str(tmp_path / "ck")
    tf.raw_ops.SaveV2(prefix=prefix, tensor_names=["v\0w"] * len(sizes), shape_and_slices=specs, tensors=tensors)
    with (tmp_path / "ck.index").open("rb") as file:
        keys = [key for key, _ in Table(file, (tmp_path / "ck.index").stat().st_size).entries()]
    starts = [sum(sizes[:at]) for at in range(len(sizes))]
    ours = [slice_key(b"v\0w", [(low, size), (1, 1)]) for low, size in zip(starts, sizes, strict=True)]
    assert sorted(keys) == sorted([b"", b"v\0w", *ours])
    assert keys == sorted(keys)


def test_every_bundle_of_the_corpus_equals_tensorflow(corpus: Path) -> None:
    compared = missing = 0
    for path in sorted(corpus.rglob("*.index")):
        prefix = str(path.with_suffix(""))
        reader = tf.train.load_checkpoint(prefix)
        dtypes, shapes = reader.get_variable_to_dtype_map(), reader.get_variable_to_shape_map()
        bundle = Bundle.open(Source(path.parent), path.name.removesuffix(".index"))
        found = {key: (entry.dtype, entry.shape) for key, entry in bundle.entries.items()}
        assert found == {key: (dtypes[key].name, tuple(shapes[key])) for key in dtypes}, path
        has_data = any(path.parent.glob(path.name.removesuffix(".index") + ".data-*"))
        assert bool(bundle.warnings) != has_data
        if has_data and OBJECT_GRAPH in found:
            assert bundle.read_string(OBJECT_GRAPH) == reader.get_tensor(OBJECT_GRAPH)
            assert len(bundle.object_graph().nodes) > 0
            compared += 1
        missing += not has_data
    assert compared > 20
    assert missing > 2


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of an object with two variables and an optimizer's slot."""
    folder = tmp_path_factory.mktemp("bundle")
    module = tf.Module()
    module.kernel = tf.Variable(np.arange(12, dtype=np.float32).reshape(3, 4), name="kernel")
    module.names = [tf.Variable(np.int64(index)) for index in range(40)]
    tf.train.Checkpoint(model=module).write(str(folder / "ck"))
    return folder


def test_bundle_lies_in_a_zip_and_beside_a_file(written: Path, tmp_path: Path) -> None:
    import zipfile

    path = tmp_path / "model.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in written.iterdir():
            archive.write(file, f"variables/{file.name}")
    beside = Bundle.open(Source(written / "ck.index"), "ck")
    packed = Bundle.open(Source(path), "variables/ck")
    assert {key: entry.shape for key, entry in packed.entries.items()} == {
        key: entry.shape for key, entry in beside.entries.items()
    }
    assert packed.read_string(OBJECT_GRAPH) == beside.read_string(OBJECT_GRAPH)


def test_missing_and_cut_shards_leave_names_and_shapes(written: Path, tmp_path: Path) -> None:
    index, data = (written / "ck.index").read_bytes(), (written / "ck.data-00000-of-00001").read_bytes()
    (tmp_path / "ck.index").write_bytes(index)
    without = Bundle.open(Source(tmp_path), "ck")
    assert all(entry.location is None for entry in without.entries.values())
    assert "ck.data-00000-of-00001 is missing" in without.warnings[0]
    assert without.object_graph() is None
    (tmp_path / "ck.data-00000-of-00001").write_bytes(data[:100])
    cut = Bundle.open(Source(tmp_path), "ck")
    kept = [entry for entry in cut.entries.values() if entry.location is not None]
    assert 0 < len(kept) < len(cut.entries)
    assert "from byte 100 on is lost" in cut.warnings[0]


def test_a_shard_that_is_a_link_out_of_the_folder_is_not_read(written: Path, tmp_path: Path) -> None:
    (tmp_path / "ck.index").write_bytes((written / "ck.index").read_bytes())
    (tmp_path / "ck.data-00000-of-00001").symlink_to(written / "ck.data-00000-of-00001")
    for source in (Source(tmp_path), Source(tmp_path / "ck.index")):
        assert all(entry.location is None for entry in Bundle.open(source, "ck").entries.values())


def _table(block: bytes) -> bytes:
    """A table of one data block."""

    def framed(data: bytes) -> bytes:
        return data + b"\0" + struct.pack("<I", masked(crc32c(data + b"\0")))

    def number(value: int) -> bytes:
        out = bytearray()
        while value > 127:
            out.append(value & 127 | 128)
            value >>= 7
        return bytes([*out, value])

    handle = number(0) + number(len(block))
    index = b"\0" + number(1) + number(len(handle)) + b"\xff" + handle + struct.pack("<II", 0, 1)
    empty = struct.pack("<II", 0, 1)
    body = framed(block)
    at_empty = len(body)
    body += framed(empty)
    at_index = len(body)
    body += framed(index)
    footer = number(at_empty) + number(len(empty)) + number(at_index) + number(len(index))
    return body + footer.ljust(40, b"\0") + bytes.fromhex("57fb808b247547db")


def test_keys_that_repeat_the_one_before_do_not_fill_the_memory(tmp_path: Path) -> None:
    first = b"\0\xff\x1f\0" + b"a" * 4095  # shares 0, adds 4,095, no value
    second = b"\xfe\x1f\x02\0"  # shares 4,094 and adds two bytes: six bytes each
    block = (
        first + b"".join(second + (25_000 + at).to_bytes(2, "big") for at in range(20_000)) + struct.pack("<II", 0, 1)
    )
    (tmp_path / "bomb.index").write_bytes(_table(block))
    assert (tmp_path / "bomb.index").stat().st_size < 300_000
    tracemalloc.start()
    with pytest.raises(ReadError, match="keys"):
        Bundle.open(Source(tmp_path), "bomb")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100 << 20
    assert LONGEST_KEY == 4096


@pytest.mark.parametrize("seed", range(4))
def test_mutated_indices_give_a_bundle_or_a_read_error(written: Path, tmp_path: Path, seed: int) -> None:
    """Block checksums are made right again, so that the damage gets past them."""
    rng = random.Random(seed)
    index = (written / "ck.index").read_bytes()
    (tmp_path / "ck.data-00000-of-00001").write_bytes((written / "ck.data-00000-of-00001").read_bytes())
    refused: list[str] = []
    for _ in range(250):
        changed = bytearray(index)
        for _ in range(rng.choice((1, 1, 2, 8))):
            changed[rng.randrange(len(changed))] = rng.choice((0, 1, 127, 128, 255, rng.randrange(256)))
        if rng.random() < 0.7:
            _repair(changed, index)
        if rng.random() < 0.1:
            del changed[rng.randrange(len(changed)) :]
        (tmp_path / "ck.index").write_bytes(changed)
        try:
            bundle = Bundle.open(Source(tmp_path / "ck.index"), "ck")
            bundle.object_graph()
        except ReadError as error:
            refused.append(str(error))
    assert 50 < len(refused) <= 250
    assert all("ck" in told for told in refused)


def _repair(changed: bytearray, index: bytes) -> None:
    """Write the right checksum behind the first data block, as the index that is there tells its size."""
    start, place = len(index) - 48, []
    for _ in range(4):
        value = shift = 0
        while index[start] > 127:
            value |= (index[start] & 127) << shift
            shift += 7
            start += 1
        place.append(value | index[start] << shift)
        start += 1
    end = place[0] - 5  # the block of data lies before the empty one
    changed[end : end + 1] = b"\0"
    changed[end + 1 : end + 5] = struct.pack("<I", masked(crc32c(bytes(changed[: end + 1]))))
