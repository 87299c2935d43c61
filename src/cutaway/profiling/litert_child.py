"""Runs a TensorFlow Lite file under LiteRT's profiler and writes what it saw: a program, and not to be imported.

``python litert_child.py REQUEST REPLY``, two files of JSON. Python's classes of LiteRT do not reach its profiler, so
the functions of its C interface are called. Nobody checks their arguments: where another version takes others, this
process ends, and not the one that wanted to know. Nothing of cutaway is imported, so that it starts without it.

The functions are those of the headers ``litert/c/*.h`` of LiteRT 2.1.6 to 2.3.0.
"""

from __future__ import annotations

import ctypes
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

_POINTER = ctypes.c_void_p
_CPU = 1
_WRITE = 1
_TYPE_BYTES, _LAYOUT_BYTES = 512, 68
_MOST_RANK = 8
_UNTOUCHED = 0xEE
_ROOM = 256
"""Bytes for an event of the profiler, more than it has in any version: one that is larger must not write behind."""


class _Event(ctypes.Structure):
    """``ProfiledEventData`` of ``litert_profiler_event.h``; the memory in use takes three numbers on Linux."""

    _fields_ = (
        ("tag", ctypes.c_void_p),
        ("kind", ctypes.c_int),
        ("start", ctypes.c_uint64),
        ("microseconds", ctypes.c_uint64),
        ("memory_before", ctypes.c_uint64 * 3),
        ("memory_after", ctypes.c_uint64 * 3),
        ("index", ctypes.c_int64),
        ("subgraph", ctypes.c_int64),
        ("source", ctypes.c_int),
    )


_KINDS = frozenset(1 << bit for bit in range(9))
_PADDING = 4


class Library:
    """The functions of LiteRT, each of which returns 0 where all is well."""

    def __init__(self, path: str) -> None:
        self._functions = ctypes.CDLL(path)
        self._options: list[Any] = []
        self._free = ctypes.CFUNCTYPE(None, _POINTER)(lambda _: None)

    def call(self, name: str, *arguments: Any) -> None:
        """Call a function.

        Raises:
            RuntimeError: It returns another number than 0.
        """
        function = getattr(self._functions, name)
        function.restype = ctypes.c_int
        status = function(*arguments)
        if status:
            raise RuntimeError(f"{name} fails with status {status}")

    def made(self, name: str, *arguments: Any) -> ctypes.c_void_p:
        """What a function makes and leaves where its last argument points."""
        found = _POINTER()
        self.call(name, *arguments, ctypes.byref(found))
        return found

    def counted(self, name: str, *arguments: Any) -> int:
        """A number of things, as a function says it."""
        found = ctypes.c_size_t()
        self.call(name, *arguments, ctypes.byref(found))
        return found.value

    def add_options(self, options: ctypes.c_void_p, whose: bytes, text: str) -> None:
        """Add options to others, as TOML under the name of those whose they are; the text lives as long as this."""
        kept = ctypes.create_string_buffer(text.encode())
        self._options.append(kept)
        made = self.made("LiteRtCreateOpaqueOptions", whose, ctypes.cast(kept, _POINTER), self._free)
        self.call("LiteRtAddOpaqueOptions", options, made)


class Compiled:
    """A model that is ready to run, with its inputs filled in.

    Args:
        library: LiteRT.
        request: As it came.
        arrays: Inputs by the index of their tensor.
    """

    def __init__(self, library: Library, request: dict[str, Any], arrays: dict[str, Any]) -> None:
        self._library = library
        self._environment = library.made("LiteRtCreateEnvironment", ctypes.c_int(0), None)
        path = str(request["model"]).encode()
        model = library.made("LiteRtCreateModelFromFile", self._environment, ctypes.c_char_p(path))
        options = library.made("LiteRtCreateOptions")
        library.call("LiteRtSetOptionsHardwareAccelerators", options, ctypes.c_int(_CPU))
        library.add_options(options, b"runtime_options_string", "enable_profiling = true\n")
        library.add_options(
            options, b"xnnpack", f'kernel_mode = "{request["kernels"]}"\nnum_threads = {int(request["threads"])}\n'
        )
        self._model = library.made("LiteRtCreateCompiledModel", self._environment, model, options)
        self._profiler = library.made("LiteRtCompiledModelGetProfiler", self._model)
        if not self._profiler:
            raise RuntimeError("LiteRtCompiledModelGetProfiler gives no profiler")
        self._at, signature = _signature(library, model, request["signature"])
        self._inputs = self._filled(signature, arrays)
        self._outputs = self._made(signature)

    def run(self) -> None:
        """Run it once."""
        self._library.call(
            "LiteRtRunCompiledModel", self._model, ctypes.c_size_t(self._at),
            ctypes.c_size_t(len(self._inputs)), self._inputs, ctypes.c_size_t(len(self._outputs)), self._outputs,
        )  # fmt: skip

    def watched(self) -> tuple[float, list[tuple[str, int, int, int, int]]]:
        """Run it once under the profiler; seconds, and tag, kind, index, subgraph and microseconds of all events."""
        self._library.call("LiteRtResetProfiler", self._profiler)
        self._library.call("LiteRtStartProfiler", self._profiler)
        seconds = _seconds(self.run)
        self._library.call("LiteRtStopProfiler", self._profiler)
        count = ctypes.c_int()
        self._library.call("LiteRtGetNumProfilerEvents", self._profiler, ctypes.byref(count))
        room = (ctypes.c_ubyte * max(1, count.value * _ROOM))()
        ctypes.memset(room, _UNTOUCHED, len(room))
        self._library.call("LiteRtGetProfilerEvents", self._profiler, count, room)
        return seconds, _events(bytes(room), count.value)

    def _filled(self, signature: ctypes.c_void_p, arrays: dict[str, Any]) -> Any:
        library, count = self._library, self._library.counted("LiteRtGetNumSignatureInputs", signature)
        made = (_POINTER * count)()
        for at in range(count):
            tensor = library.made("LiteRtGetSignatureInputTensorByIndex", signature, ctypes.c_size_t(at))
            index = ctypes.c_uint32()
            library.call("LiteRtGetTensorIndex", tensor, ctypes.byref(index))
            array = np.ascontiguousarray(arrays[str(index.value)])
            kind = self._type(tensor)
            if _dimensions(kind) != array.shape:
                _resize(kind, array.shape)
                lengths = (ctypes.c_int * array.ndim)(*array.shape)
                library.call(
                    "LiteRtCompiledModelResizeInputTensorNonStrict", self._model, ctypes.c_size_t(self._at),
                    ctypes.c_size_t(at), lengths, ctypes.c_size_t(array.ndim),
                )  # fmt: skip
            made[at] = self._buffer("Input", at, kind)
            self._fill(made[at], array)
        return made

    def _made(self, signature: ctypes.c_void_p) -> Any:
        """Room for the outputs, as large as the inputs make them."""
        library, count = self._library, self._library.counted("LiteRtGetNumSignatureOutputs", signature)
        layouts = ctypes.create_string_buffer(max(1, count * _LAYOUT_BYTES))
        library.call(
            "LiteRtGetCompiledModelOutputTensorLayouts", self._model, ctypes.c_size_t(self._at),
            ctypes.c_size_t(count), layouts, ctypes.c_bool(True),
        )  # fmt: skip
        made = (_POINTER * count)()
        for at in range(count):
            tensor = library.made("LiteRtGetSignatureOutputTensorByIndex", signature, ctypes.c_size_t(at))
            kind = self._type(tensor)
            kind[4 : 4 + _LAYOUT_BYTES] = layouts[at * _LAYOUT_BYTES : (at + 1) * _LAYOUT_BYTES]
            made[at] = self._buffer("Output", at, kind)
        return made

    def _type(self, tensor: ctypes.c_void_p) -> Any:
        """``LiteRtRankedTensorType``: the type of elements, and a layout."""
        found = ctypes.create_string_buffer(_TYPE_BYTES)
        self._library.call("LiteRtGetRankedTensorType", tensor, found)
        return found

    def _buffer(self, side: str, at: int, kind: Any) -> ctypes.c_void_p:
        needs = self._library.made(
            f"LiteRtGetCompiledModel{side}BufferRequirements", self._model, ctypes.c_size_t(self._at),
            ctypes.c_size_t(at),
        )  # fmt: skip
        return self._library.made("LiteRtCreateManagedTensorBufferFromRequirements", self._environment, kind, needs)

    def _fill(self, buffer: Any, array: Any) -> None:
        size = self._library.counted("LiteRtGetTensorBufferSize", _POINTER(buffer))
        if array.nbytes > size:
            raise RuntimeError(f"an input has {array.nbytes} bytes where LiteRT makes room for {size}")
        place = _POINTER()
        self._library.call("LiteRtLockTensorBuffer", _POINTER(buffer), ctypes.byref(place), ctypes.c_int(_WRITE))
        ctypes.memmove(place, array.ctypes.data, array.nbytes)
        self._library.call("LiteRtUnlockTensorBuffer", _POINTER(buffer))


def _signature(library: Library, model: ctypes.c_void_p, key: str) -> tuple[int, ctypes.c_void_p]:
    """Position of the signature of this name; of the first where it has none."""
    for at in range(library.counted("LiteRtGetNumModelSignatures", model)):
        found = library.made("LiteRtGetModelSignature", model, ctypes.c_size_t(at))
        name = ctypes.c_char_p()
        library.call("LiteRtGetSignatureKey", found, ctypes.byref(name))
        if not key or (name.value or b"").decode("utf-8", "replace") == key:
            return at, found
    raise RuntimeError(f"there is no signature {key!r}")


def _dimensions(kind: Any) -> tuple[int, ...]:
    rank = kind.raw[4] & 0x7F
    return tuple(np.frombuffer(kind.raw, np.int32, min(rank, _MOST_RANK), 8).tolist())


def _resize(kind: Any, shape: tuple[int, ...]) -> None:
    kind[8 : 8 + 4 * len(shape)] = np.asarray(shape, np.int32).tobytes()


def _events(data: bytes, count: int) -> list[tuple[str, int, int, int, int]]:
    """Read the events of the profiler.

    Raises:
        RuntimeError: They are not as long as those that are known, or of kinds that are not.
    """
    size = ctypes.sizeof(_Event)
    written = len(data.rstrip(bytes([_UNTOUCHED])))
    if not count * size - _PADDING <= written <= count * size:
        raise RuntimeError(f"{count} events of the profiler take {written} bytes; expected {count * size}")
    events = (_Event * count).from_buffer_copy(data)
    if not all(event.kind in _KINDS for event in events):
        raise RuntimeError("the events of the profiler are of no kind that is known")
    return [
        (
            ctypes.string_at(event.tag).decode("utf-8", "replace"), event.kind, event.index, event.subgraph,
            event.microseconds,
        )
        for event in events
    ]  # fmt: skip


def _seconds(run: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


def _measured(model: Compiled, request: dict[str, Any]) -> dict[str, Any]:
    """Seconds of runs before, under and after the profiler, and what it saw in each of the runs that were alike."""
    for _ in range(int(request["warm_up"])):
        model.run()
    one = max(_seconds(model.run), 1e-6)
    runs = request["runs"] or max(request["least"], min(request["most"], int(request["budget"] / one)))
    around = min(runs, max(request["around"], runs // 3))
    whole = [_seconds(model.run) for _ in range(around)]
    looked_at, seen = zip(*[model.watched() for _ in range(runs)], strict=True)
    whole += [_seconds(model.run) for _ in range(around)]
    first = [event[:4] for event in seen[0]]
    alike = [events for events in seen if [event[:4] for event in events] == first]
    return {
        "whole": whole,
        "looked_at": looked_at,
        "events": first,
        "microseconds": [[event[4] for event in events] for events in alike],
    }


def main(request_file: str, reply_file: str) -> None:
    """Do what a request asks for."""
    request = json.loads(Path(request_file).read_text(encoding="utf-8"))
    with np.load(request["inputs"], allow_pickle=False) as arrays:
        model = Compiled(Library(request["library"]), request, dict(arrays))
    Path(reply_file).write_text(json.dumps(_measured(model, request)), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
