"""A small picture as PNG: what TensorBoard shows of weights, with no image library."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import numpy.typing as npt

_COLOURS = {1: 0, 3: 2, 4: 6}
"""Colour types of PNG by number of channels."""


def png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """Pixels (height, width, channels) as PNG.

    Args:
        pixels: One, three or four channels: grey, colours, colours and opacity.
    """
    height, width, channels = pixels.shape
    lines = np.zeros((height, width * channels + 1), np.uint8)  # each line begins with its filter, 0 for none
    lines[:, 1:] = pixels.reshape(height, -1)
    head = struct.pack(">IIBBBBB", width, height, 8, _COLOURS[channels], 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(lines.tobytes())), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts
    )
