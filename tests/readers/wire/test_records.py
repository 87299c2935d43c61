"""Records of event files against those that TensorFlow writes."""

from __future__ import annotations

from pathlib import Path

from cutaway.readers.wire.records import begins_records, is_intact, records

DATA = [b"first", b"", b"x" * 1000]


def written(tmp_path: Path) -> bytes:
    import tensorflow as tf

    with tf.io.TFRecordWriter(str(tmp_path / "records")) as writer:
        for data in DATA:
            writer.write(data)
    return (tmp_path / "records").read_bytes()


def test_records_of_tensorflow(tmp_path: Path) -> None:
    file, warnings = written(tmp_path), list[str]()
    found = list(records(file, warnings))
    assert [file[record.start : record.end] for record in found] == DATA
    assert all(is_intact(file, record) for record in found)
    assert begins_records(file)
    assert warnings == []


def test_cut_records_keep_what_came_before(tmp_path: Path) -> None:
    file = written(tmp_path)
    ends = [0, 21, 37, len(file)]
    for keep in range(len(file)):
        warnings: list[str] = []
        whole = sum(end <= keep for end in ends[1:])
        assert len(list(records(file[:keep], warnings))) == whole
        cut = [] if keep in ends else [f"the last record, at byte {ends[whole]}, is cut"]
        assert [warning.partition(":")[0] for warning in warnings] == cut


def test_damage_is_told(tmp_path: Path) -> None:
    file, warnings = bytearray(written(tmp_path)), list[str]()
    file[14] ^= 1
    found = list(records(bytes(file), warnings))
    assert [is_intact(bytes(file), record) for record in found] == [False, True, True]
    file[21] ^= 1
    assert len(list(records(bytes(file), warnings))) == 1
    assert warnings == ["the record at byte 21 is damaged: its length is not what was written; the rest is lost"]
    assert not begins_records(bytes(file[1:]))
