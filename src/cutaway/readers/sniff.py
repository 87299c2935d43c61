"""Names for files that are no model cutaway reads, so that an error can say what a file *is*."""

from __future__ import annotations

import re

TABLE_END = b"\x57\xfb\x80\x8b\x24\x75\x47\xdb"
"""Last eight bytes of a sorted table, which is what the index of a checkpoint is."""

_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"version https://git-lfs.github.com/spec/",
     "a Git LFS pointer: the file itself was not downloaded; run `git lfs pull`"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"GIF8", "a GIF picture"),
    (b"BM", "a BMP picture"),
    (b"%PDF-", "a PDF document"),
    (b"\x1f\x8b", "a gzip archive; unpack it first"),
    (b"BZh", "a bzip2 archive; unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-zip archive; unpack it first"),
    (b"\xfd7zXZ", "an xz archive; unpack it first"),
    (b"\x93NUMPY", "one NumPy array (.npy), not a model"),
    (b"\x7fELF", "a program or library (ELF)"),
    (b"MZ", "a Windows program"),
    (b"SQLite format 3", "an SQLite database"),
    (b"LITERTLM", "a LiteRT-LM bundle, a format that cutaway does not read"),
    (b"GGUF", "a GGUF model (llama.cpp); cutaway reads TensorFlow and Keras formats"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file without a Keras model or Keras weights"),
)  # fmt: skip

_TEXTS: tuple[tuple[str, str], ...] = (
    (r'\s*\{.*"(nbformat|cells)"\s*:', "a Jupyter notebook"),
    (r'\s*\{.*"(modelTopology|weightsManifest)"', "a TensorFlow.js model, a format that cutaway does not read yet"),
    (r"\s*(<!doctype html|<html)", "an HTML page; was a download answered by a web page?"),
    (r"\s*<\?xml|\s*<svg", "an XML document"),
    (r"\s*(#!.*python|import \w|from \w[\w.]* import |def \w+\()", "Python source"),
    (r'\s*\{.*"output_config"', "a Graph of Keras 0.x, which is too old to be read"),
    (r"\s*(node|versions|library|saved_model_schema_version|meta_graphs)\s*[:{]",
     "a TensorFlow graph as text, a format that cutaway does not read yet"),
    (r"\s*model_checkpoint_path\s*:", "the index of a folder of TensorFlow checkpoints"),
    (r"\s*item\s*\{", "a label map"),
)  # fmt: skip


def describe(head: bytes, size: int, suffix: str = "") -> str:
    """What a file is, in words that end a sentence "the file is …".

    Args:
        head: Its first bytes.
        size: All of its bytes.
        suffix: Ending of its name, used only where the content could be anything.
    """
    if size == 0:
        return "empty"
    if head[4:8] == b"TFL3":
        return "a TensorFlow Lite model, a format that cutaway does not read yet"
    for start, name in _STARTS:
        if head.startswith(start):
            return name
    if b"PK\x03\x04" in head[:64]:
        return "a zip that is cut short or holds no model"
    if head[:1] == b"\x80" and 2 <= head[1] <= 5:
        return "a Python pickle, which could run code when loaded; cutaway never loads pickles"
    if head[257:262] == b"ustar":
        return "a tar archive; unpack it first"
    text = _text(head)
    if text is not None:
        for pattern, name in _TEXTS:
            if re.match(pattern, text, re.IGNORECASE | re.DOTALL):
                return name
        return "a JSON document without a Keras config" if text.lstrip()[:1] in '{["' else "text, not a model"
    return _binary(head, suffix)


def describe_zip(names: frozenset[str]) -> str:
    """What a zip without a Keras model is, by its members."""
    tails = {name.rpartition("/")[2] for name in names}
    if "data.pkl" in tails:
        return "a PyTorch model; cutaway reads TensorFlow and Keras formats"
    if "saved_model.pb" in tails:
        return "a zipped SavedModel, a format that cutaway does not read yet"
    if any(name.endswith((".tflite", ".task")) for name in tails):
        return "a bundle of TensorFlow Lite models, a format that cutaway does not read yet"
    if "[Content_Types].xml" in tails:
        return "an office document"
    if "META-INF" in {name.partition("/")[0] for name in names}:
        return "a Java archive"
    shown = ", ".join(sorted(names)[:5])
    return f"a zip without a model: it holds {shown or 'nothing'}"


def describe_folder(names: frozenset[str]) -> str:
    """What a folder without a Keras model is, by the files in it."""
    if names & {"saved_model.pb", "saved_model.pbtxt"}:
        return "a SavedModel, a format that cutaway does not read yet"
    if any(name.endswith(".tfevents") or ".tfevents." in name for name in names):
        return "a folder of TensorBoard logs, a format that cutaway does not read yet"
    if any(name.endswith(".index") for name in names):
        return "a folder of TensorFlow checkpoints, a format that cutaway does not read yet"
    shown = ", ".join(sorted(names)[:5])
    return f"a folder without a model: it holds {shown or 'nothing'}"


def _text(head: bytes) -> str | None:
    sample = head[:4096]
    if b"\0" in sample:
        return None
    try:
        return sample.decode("utf-8-sig", errors="strict" if len(head) <= 4096 else "ignore")
    except UnicodeDecodeError:
        return None


def _binary(head: bytes, suffix: str) -> str:
    if suffix == ".onnx" or (head[:1] == b"\x08" and (b"pytorch" in head[:64] or b"onnx" in head[:64].lower())):
        return "an ONNX model; cutaway reads TensorFlow and Keras formats"
    if suffix == ".pb":
        return "probably a TensorFlow graph (.pb), a format that cutaway does not read yet"
    return "of a kind that cutaway does not know"
