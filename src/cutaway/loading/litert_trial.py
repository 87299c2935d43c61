"""Whether a ``.tflite`` file ends the process that runs it, found out in one of its own.

The interpreter trusts its files: indices and sizes in a damaged or hostile one make it crash.
"""

from __future__ import annotations

import json
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cutaway.errors import ReadError
from cutaway.loading.litert_interpreter import Request
from cutaway.own_python import command, environment

PROGRAM = Path(__file__).with_name("litert_interpreter.py")

LIMIT = 600.0
"""Seconds after which the process is taken to hang."""


def check_survives(request: Request, arrays: Mapping[int, Any]) -> None:
    """Run a file once in a process of its own, as it is to run in this one.

    Args:
        request: What is to run.
        arrays: Its inputs by the index of their tensor.

    Raises:
        ReadError: The interpreter crashes or hangs over it, or that could not be found out.
    """
    there = request._replace(path=str(Path(request.path).absolute()))
    with tempfile.TemporaryDirectory(prefix="cutaway-litert-") as folder:
        asked, inputs = Path(folder, "request.json"), Path(folder, "inputs.npz")
        asked.write_text(json.dumps(there), encoding="utf-8")
        np.savez(inputs, **{str(tensor): _plain(array) for tensor, array in arrays.items()})
        trouble = _trouble(str(PROGRAM), str(asked), str(inputs))
    if trouble:
        raise ReadError(
            f"{trouble}, so it is not run here; the file is damaged or made for another version of LiteRT: get it "
            "again, or convert the model anew",
            path=request.path,
        )


def _trouble(*words: str) -> str:
    """What goes wrong with Python running something, in words; empty where it ends well."""
    nowhere = subprocess.DEVNULL
    try:
        done = subprocess.run(
            command(*words), stdin=nowhere, stdout=nowhere, stderr=nowhere, timeout=LIMIT, check=False,
            env=environment(),
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"LiteRT takes more than {LIMIT:g} seconds to run this model once"
    except OSError as error:
        return f"the model could not be tried in a process of its own ({error.strerror})"
    if done.returncode < 0:
        return f"LiteRT crashes when it runs this model ({signal_name(-done.returncode)})"
    if done.returncode:
        return f"the model could not be tried in a process of its own (it ended with code {done.returncode})"
    return ""


def _plain(array: Any) -> Any:
    """Texts without Python's objects, which would be pickled."""
    if array.dtype.kind != "O":
        return array
    texts = [each if isinstance(each, bytes) else str(each).encode() for each in array.ravel()]
    return np.array(texts, np.bytes_).reshape(array.shape)


def signal_name(number: int) -> str:
    """What ended a process, as ``SIGSEGV``."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
