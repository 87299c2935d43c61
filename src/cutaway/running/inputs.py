"""What a model is run on: arrays that are given, files of them, pictures, or random numbers that fit its inputs."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from cutaway.errors import MissingExtra, OptionError, ReadError
from cutaway.graph.model import Graph, Shape, Tensor

Array = np.ndarray[Any, np.dtype[Any]]

FREE = 32
"""Length of a dimension that may have any, but the batch, which is 1: a short text, a small picture."""

MOST = 1 << 28
"""Elements of one input: 1 GB of float32, ten thousand usual pictures."""

_LOOKUPS = ("Embedding", "Gather", "GatherV2", "ResourceGather")
_NEAR = 4
"""Operations from an input to the one that looks up rows: Keras casts ids, and counts negative ones from the end."""

_PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff")


@dataclass(frozen=True, slots=True)
class Wanted:
    """One input of a model.

    Attributes:
        name: What the model calls it.
        tensor: Its shape and element type.
        below: Whole numbers are from 0 up to below this, such as the rows of the Embedding that reads it.
        to: Largest random number of another type.
    """

    name: str
    tensor: Tensor
    below: int = 2
    to: float = 1.0


def wanted_inputs(graph: Graph) -> list[Wanted]:
    """The inputs of a graph, with the range of numbers that what reads them expects."""
    readers: dict[int, list[int]] = {}
    for node in range(len(graph)):
        for edge in graph.inputs_of(node):
            readers.setdefault(edge.source, []).append(node)
    found = []
    for port in graph.inputs:
        tensor = graph.outputs_of(port.node)[port.port]
        whole = (tensor.dtype or "").startswith(("int", "uint"))
        below, to = _rows_read(graph, readers, port.node) if whole else 2, 1.0
        for reader in readers.get(port.node, ()):
            settings = graph.attributes[reader]
            if graph.op(reader) == "Embedding" and isinstance(settings.get("input_dim"), int):
                below = settings["input_dim"]
            if graph.op(reader) == "Rescaling" and _small(settings.get("scale")):
                to = 255.0
        found.append(Wanted(port.name or graph.names[port.node], tensor, below, to))
    return found


def _rows_read(graph: Graph, readers: Mapping[int, Sequence[int]], start: int) -> int:
    """Rows of the weight that an operation looks up at the ids of an input, a few steps behind it; 2 for none."""
    near = {start}
    for _ in range(_NEAR):
        near |= {reader for node in near for reader in readers.get(node, ())}
        tables = [
            weight.shape[0]
            for node in near
            if graph.op(node) in _LOOKUPS
            for weight in graph.weights_of(node)
            if len(weight.shape) == 2
        ]
        if tables:
            return max(2, min(tables))
    return 2


def _small(scale: Any) -> bool:
    """Whether a Rescaling expects pixels up to 255: those to 0…1 or to −1…1."""
    return isinstance(scale, (int, float)) and 0 < scale <= 2 / 255 + 1e-9


def arrays_for(wanted: Sequence[Wanted], given: Any, seed: int) -> tuple[list[Array], str]:
    """An array for each input, and in words what they are.

    Args:
        wanted: The inputs of the model, in its order.
        given: An array, a list of them in that order, a dict by name; the path of a ``.npy``, ``.npz`` or picture;
            None or ``"random"`` for random numbers.
        seed: Seed of the random numbers.

    Raises:
        OptionError: It does not fit the inputs.
        ReadError: A file is damaged.
        MissingExtra: A picture is given, and Pillow is not installed.
    """
    if given is None or (isinstance(given, str) and given == "random"):
        return [random_array(one, seed + at) for at, one in enumerate(wanted)], f"random numbers, seed {seed}"
    words = "the given array"
    if isinstance(given, (str, PathLike)):
        words = Path(given).name
        given = _from_file(Path(given), wanted)
    if isinstance(given, Mapping):
        parts = _by_name(given, wanted)
    elif isinstance(given, (list, tuple)) and len(wanted) != 1:
        parts = list(given)
    else:
        parts = [given]
    if len(parts) != len(wanted):
        names = ", ".join(one.name for one in wanted)
        raise OptionError(f"the model has {len(wanted)} inputs, {names}; received {len(parts)} arrays")
    return [_fitting(part, one) for part, one in zip(parts, wanted, strict=True)], words


def random_array(wanted: Wanted, seed: int) -> Array:
    """Random numbers in the range of an input: 0 to 1, pixels to 255 where they are rescaled, ids of an Embedding.

    Raises:
        OptionError: Its shape is not known, it takes texts, or it is too large.
    """
    shape = wanted.tensor.shape
    if shape is None:
        raise OptionError(f"input {wanted.name!r}: its shape is not known; hand in an array")
    sizes = tuple((1 if axis == 0 else FREE) if size is None else size for axis, size in enumerate(shape))
    if np.prod(sizes, dtype=np.float64) > MOST:
        raise OptionError(f"input {wanted.name!r} of {sizes} is too large for random numbers; hand in an array")
    random = np.random.default_rng(seed)
    dtype = wanted.tensor.dtype or "float32"
    if dtype == "string":
        raise OptionError(f"input {wanted.name!r} takes texts, which are not made at random; hand in an array of them")
    if dtype == "bool":
        return random.random(sizes) < 0.5
    if dtype.startswith(("int", "uint")):
        high = min(wanted.below, np.iinfo(dtype).max) if wanted.below != 2 else 256 if dtype == "uint8" else 2
        return random.integers(0, max(1, high), sizes).astype(dtype)
    if wanted.below != 2:  # ids that a model takes as floating-point numbers
        return random.integers(0, wanted.below, sizes).astype(np.float32)
    values: Array = (random.random(sizes) * wanted.to).astype("float32" if dtype == "bfloat16" else dtype)
    return values


def _from_file(path: Path, wanted: Sequence[Wanted]) -> Any:
    ending = path.suffix.lower()
    if not path.is_file():
        raise OptionError(f"{path}: there is no such file; expected a .npy, .npz or picture, or the word random")
    if ending in _PICTURES:
        return _picture(path, wanted)
    if ending not in (".npy", ".npz"):
        raise OptionError(f"{path}: expected a .npy, a .npz or a picture ({', '.join(_PICTURES)}), or the word random")
    try:
        loaded = np.load(path, mmap_mode="r" if ending == ".npy" else None, allow_pickle=False)
        if ending == ".npy":
            return np.asarray(loaded)
        with loaded:
            return _members(loaded, path)
    except (ValueError, EOFError, OSError, zipfile.BadZipFile, KeyError) as error:
        raise ReadError(f"the arrays in it cannot be read: {str(error)[:200]}", path=path) from error


def _members(loaded: Any, path: Path) -> Any:
    with zipfile.ZipFile(path) as archive:
        total = sum(entry.file_size for entry in archive.infolist())
    if total > MOST * 8:
        raise ReadError(f"it unpacks to {total:,} bytes; expected at most {MOST * 8:,}", path=path)
    members = {name: loaded[name] for name in loaded.files}
    return next(iter(members.values())) if len(members) == 1 else members


def _picture(path: Path, wanted: Sequence[Wanted]) -> Array:
    """Pixels 0 to 255 in the size and with the channels of the one input, as ``keras.utils.load_img`` gives them."""
    if len(wanted) != 1 or wanted[0].tensor.shape is None or len(wanted[0].tensor.shape) != 4:
        raise OptionError(f"{path.name}: a picture fits one input of four dimensions; this model has others")
    shape = wanted[0].tensor.shape
    first = shape[-1] not in (1, 3, 4) and shape[1] in (1, 3, 4)
    channels, height, width = (shape[1], shape[2], shape[3]) if first else (shape[3], shape[1], shape[2])
    modes = {1: "L", 3: "RGB", 4: "RGBA", None: "RGB"}
    if channels not in modes:
        raise OptionError(f"{path.name}: a picture has 1, 3 or 4 channels; the input has {channels}")
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        raise MissingExtra("to read a picture, Pillow is needed: pip install pillow; or hand in a .npy") from None
    try:
        with Image.open(path) as image:
            size = (width or image.width, height or image.height)
            pixels = np.asarray(image.convert(modes[channels]).resize(size), dtype=np.float32)
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise ReadError(f"the picture cannot be read: {str(error)[:200]}", path=path) from error
    pixels = pixels.reshape(pixels.shape[0], pixels.shape[1], -1)
    return (pixels.transpose(2, 0, 1) if first else pixels)[None]


def _by_name(given: Mapping[str, Any], wanted: Sequence[Wanted]) -> list[Any]:
    names = [one.name for one in wanted]
    if set(names) <= set(given):
        return [given[name] for name in names]
    if len(given) == len(wanted) and all(name.startswith("arr_") for name in given):  # np.savez without names
        return [given[name] for name in sorted(given)]
    raise OptionError(f"expected an array for each of {', '.join(names)}; received {', '.join(map(str, given))}")


def _fitting(given: Any, wanted: Wanted) -> Array:
    """An array with the batch of an input and its type."""
    numpy = getattr(given, "numpy", None)
    values = np.asarray(numpy() if callable(numpy) else given)
    dtype = wanted.tensor.dtype
    if values.dtype.kind not in "biufcSUO" or (values.dtype.kind == "O" and dtype != "string"):
        raise OptionError(f"input {wanted.name!r}: expected an array of numbers; received {type(given).__name__}")
    shape = wanted.tensor.shape
    if shape is not None:
        if values.ndim == len(shape) - 1:
            values = values[None]
        fits = values.ndim == len(shape) and all(
            size is None or size == has for size, has in zip(shape[1:], values.shape[1:], strict=True)
        )
        if not fits:
            raise OptionError(f"input {wanted.name!r}: expected {_said(shape)}; received {_said(values.shape)}")
        if not all(values.shape):
            raise OptionError(f"input {wanted.name!r}: expected at least one example; received {_said(values.shape)}")
    if dtype not in (None, "string", "bfloat16") and values.dtype.kind in "biuf" and dtype[:3] in ("flo", "int", "uin"):
        values = values.astype(dtype)
    return values


def _said(shape: Shape) -> str:
    return " × ".join("any" if size is None else str(size) for size in shape) or "a single number"
