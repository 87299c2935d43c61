"""What the HDF5 library is kept from: it would read for ever, or fill the memory."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from cutaway.errors import ReadError
from cutaway.readers import read

SAMPLE = Path(__file__).parents[1] / "models" / "keras_h5" / "keras1_rnn.h5"


@pytest.mark.parametrize("size", [0, 8, 1 << 62, (1 << 64) - 16])
def test_texts_that_would_be_read_for_ever(tmp_path: Path, size: int) -> None:
    data = bytearray(SAMPLE.read_bytes())
    heap = data.find(b"GCOL")
    assert heap > 0
    struct.pack_into("<HHIQ", data, heap + 16, 0, 0, 0, size)
    (tmp_path / "model.h5").write_bytes(data)
    with pytest.raises(ReadError, match="its texts are damaged"):
        read(tmp_path / "model.h5")


def test_attribute_of_a_kind_on_which_the_library_crashes(tmp_path: Path) -> None:
    data = bytearray((SAMPLE.parent / "keras2_lstm.h5").read_bytes())
    assert data[857] == 1  # a text of any length: in the type of the attribute 'keras_version'
    data[857] = 9
    (tmp_path / "model.h5").write_bytes(data)
    with pytest.raises(ReadError, match="neither text nor numbers"):
        read(tmp_path / "model.h5")
