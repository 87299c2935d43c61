"""Shapes after preprocessing layers: encodings, lookups, spectrograms."""

# ruff: noqa: ARG001  (all rules of the table take the same arguments)

from __future__ import annotations

from cutaway.graph.model import Shape
from cutaway.readers.keras.shapes.common import Config, Rule, Shapes, channels_first, size, window


def category_encoding(config: Config, shapes: Shapes) -> Shape:
    """CategoryEncoding: one axis of tokens, in place of the last one unless one-hot needs a new one."""
    shape, tokens = shapes[0], size(config, "num_tokens")
    if shape and config.get("output_mode") == "one_hot" and (shape[-1] != 1 or len(shape) == 1):
        return (*shape, tokens)
    return (*shape[:-1], tokens)


def hashing(config: Config, shapes: Shapes) -> Shape:
    """Hashing: as read, or one axis of bins."""
    if config.get("output_mode", "int") == "int":
        return shapes[0]
    return (*shapes[0][:-1], size(config, "num_bins"))


def hashed_crossing(config: Config, shapes: Shapes) -> Shape:
    """HashedCrossing of two inputs of one shape."""
    mode, shape = config.get("output_mode", "int"), shapes[0]
    if mode == "int":
        return shape
    bins = size(config, "num_bins")
    return (*shape, bins) if mode == "one_hot" and shape[-1] != 1 else (*shape[:-1], bins)


def discretization(config: Config, shapes: Shapes) -> Shape:
    """Discretization; the modes that count sum over the axis after the batch."""
    mode, shape = config.get("output_mode", "int"), shapes[0]
    if mode == "int":
        return shape
    bounds = config.get("bin_boundaries")
    depth = len(bounds) + 1 if bounds is not None else size(config, "num_bins")
    if mode == "one_hot":
        return (*shape[:-1], depth) if len(shape) > 1 and shape[-1] == 1 else (*shape, depth)
    return (shape[0], *shape[2:], depth) if len(shape) >= 2 else (depth,)


def lookup(config: Config, shapes: Shapes) -> Shape:
    """StringLookup and IntegerLookup: as read, or one axis of the vocabulary."""
    mode, shape = config.get("output_mode", "int"), shapes[0]
    if mode == "int":
        return shape
    depth = _depth(config)
    if mode == "one_hot":
        return (*shape[:-1], depth) if len(shape) > 1 and shape[-1] == 1 else (*shape, depth)
    return (*shape[:-1], depth)


def _depth(config: Config) -> int | None:
    if config.get("pad_to_max_tokens"):
        return size(config, "max_tokens")
    words = config.get("vocabulary")
    known = len(words) if isinstance(words, list) else config.get("vocabulary_size")
    if known is None:
        return None
    return int(known) + (size(config, "num_oov_indices", 1) if isinstance(words, list) else 0)


def text_vectorization(config: Config, shapes: Shapes) -> Shape:
    """TextVectorization: tokens of a text, or one axis of the vocabulary."""
    shape = shapes[0]
    if config.get("output_mode", "int") == "int":
        length = config.get("output_sequence_length")
        return (shape[0], None if length is None else size(config, "output_sequence_length"))
    if config.get("split") is not None:
        shape = (*shape, None)
    elif len(shape) <= 1:
        shape = (*shape, 1)
    depth = size(config, "max_tokens") if config.get("pad_to_max_tokens") else _depth(config)
    return (*shape[:-1], depth)


def mel_spectrogram(config: Config, shapes: Shapes) -> Shape:
    """MelSpectrogram: bins and frames in place of samples."""
    stride = size(config, "sequence_stride", 512)
    length = shapes[0][-1]
    frames = None if length is None else (length + stride + 1) // stride
    return (*shapes[0][:-1], size(config, "num_mel_bins", 128), frames)


def stft_spectrogram(config: Config, shapes: Shapes) -> Shape:
    """STFTSpectrogram: frames and frequencies in place of samples."""
    shape, first = shapes[0], channels_first(config)
    length, depth = (shape[2], shape[1]) if first else (shape[1], shape[2])
    frame = size(config, "frame_length", 256)
    fft = config.get("fft_length") or _next_power_of_two(frame)
    frequencies = (fft // 2 + 1) * (2 if config.get("mode", "log") == "stft" else 1)
    frames = window(length, frame, config.get("frame_step") or frame // 2, config.get("padding", "valid"))
    if config.get("expand_dims"):
        return (shape[0], depth, frames, frequencies) if first else (shape[0], frames, frequencies, depth)
    made = None if depth is None else frequencies * depth
    return (shape[0], made, frames) if first else (shape[0], frames, made)


def _next_power_of_two(number: int) -> int:
    return 1 << max(0, number - 1).bit_length()


def random_height(config: Config, shapes: Shapes) -> Shape:
    """RandomHeight of Keras 2: an unknown height."""
    return (*shapes[0][:-3], None, *shapes[0][-2:])


def random_width(config: Config, shapes: Shapes) -> Shape:
    """RandomWidth of Keras 2: an unknown width."""
    return (*shapes[0][:-2], None, shapes[0][-1])


PREPROCESSING: dict[str, Rule] = {
    "CategoryEncoding": category_encoding,
    "Hashing": hashing,
    "HashedCrossing": hashed_crossing,
    "Discretization": discretization,
    "StringLookup": lookup,
    "IntegerLookup": lookup,
    "TextVectorization": text_vectorization,
    "MelSpectrogram": mel_spectrogram,
    "STFTSpectrogram": stft_spectrogram,
    "RandomHeight": random_height,
    "RandomWidth": random_width,
}
