"""Names for what is no model that cutaway reads, so that an error can say what it *is* and what to do."""

from __future__ import annotations

import re
import struct

from cutaway.readers.sniff_protobuf import NAMES, protobuf_kind
from cutaway.readers.source import Source

TABLE_END = b"\x57\xfb\x80\x8b\x24\x75\x47\xdb"
"""Last eight bytes of a sorted table, which is what the index of a checkpoint is."""

_OTHERS = "cutaway reads TensorFlow and Keras formats"

_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"GIF8", "a GIF picture"),
    (b"BM", "a BMP picture"),
    (b"%PDF-", "a PDF document"),
    (b"\x1f\x8b", "a gzip archive; unpack it first"),
    (b"BZh", "a bzip2 archive; unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-zip archive; unpack it first"),
    (b"\xfd7zXZ", "an xz archive; unpack it first"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive; unpack it first"),
    (b"Rar!", "a RAR archive; unpack it first"),
    (b"\x93NUMPY", "one NumPy array (.npy), not a model"),
    (b"\x7fELF", "a program or library (ELF)"),
    (b"MZ", "a Windows program"),
    (b"\xcf\xfa\xed\xfe", "a program or library (Mach-O)"),
    (b"SQLite format 3", "an SQLite database"),
    (b"PAR1", "a table (Parquet), not a model"),
    (b"ARROW1", "a table (Arrow), not a model"),
    (b"LITERTLM", "a LiteRT-LM bundle that is cut short or damaged; get the file again"),
    (b"GGUF", f"a GGUF model (llama.cpp); {_OTHERS}"),
    (b"GGML", f"a GGML model (llama.cpp); {_OTHERS}"),
    (b"ptrt", f"an engine of TensorRT, compiled for one GPU; {_OTHERS}: open the model that it was built from"),
    (b"ftrt", f"an engine of TensorRT, compiled for one GPU; {_OTHERS}: open the model that it was built from"),
    (b"binf", f"an XGBoost model; {_OTHERS}"),
    (b"CBM1", f"a CatBoost model; {_OTHERS}"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file without a Keras model or Keras weights"),
)  # fmt: skip

_TEXTS: tuple[tuple[str, str], ...] = (
    (r'\s*\{.*"(nbformat|cells)"\s*:',
     "a Jupyter notebook; save the model that it makes, with model.save('model.keras'), and open that"),
    (r'\s*\{.*"(modelTopology|weightsManifest)"', "a TensorFlow.js file without the topology of a model"),
    (r'\s*\[\s*\{\s*"weights"\s*:.*"paths"',
     "the list of weights of a TensorFlow.js model; open the model.json or tensorflowjs_model.pb beside it"),
    (r"\s*(<!doctype html|<html)",
     "an HTML page; a download was answered by a web page: open its address in a browser and get the file itself"),
    (r"\s*(<\?xml[^>]*>\s*)?<net\s[^>]*(version|name)=", f"an OpenVINO model; {_OTHERS}"),
    (r"\s*<\?xml|\s*<svg", "an XML document"),
    (r"\s*(#!.*python|import \w|from \w[\w.]* import |def \w+\()",
     "Python source; run it, save the model that it makes with model.save('model.keras'), and open that"),
    (r'\s*\{.*"output_config"', "a Graph of Keras 0.x, which is too old to be read"),
    (r'\s*\{\s*"learner"', f"an XGBoost model; {_OTHERS}"),
    (r'\s*\{.*"arg_nodes"', f"an MXNet model; {_OTHERS}"),
    (r"tree\s+version=", f"a LightGBM model; {_OTHERS}"),
    (r"\s*\[(net|network)\]", f"a Darknet configuration; {_OTHERS}"),
    (r"7767517", f"an ncnn model; {_OTHERS}"),
    (r"\s*(node|versions|library|saved_model_schema_version|meta_graphs)\s*[:{]",
     "a TensorFlow graph as text that is damaged"),
    (r"\s*model_checkpoint_path\s*:", "the index of a folder of TensorFlow checkpoints; open the folder"),
    (r"\s*item\s*\{", "a label map: names of classes; open the model that goes with it"),
)  # fmt: skip

_SHARD = re.compile(r"(.+)\.data-\d{5}-of-\d{5}$")
_WEB_SHARD = re.compile(r".*shard-?\d+of\d+(\.bin)?$")
_LFS = b"version https://git-lfs.github.com/spec/"


def what_it_is(source: Source) -> str:
    """What a source is that no reader claims, as a sentence without its end.

    Raises:
        ReadError: The source cannot be read.
    """
    if source.kind == "folder":
        return f"the folder {describe_folder(source.names, source.leading_out)}"
    if source.kind == "zip":
        return f"the file is {describe_zip(source.names)}"
    shown = source.head[:8].hex(" ") or "nothing"
    return f"the file is {_describe(source)}; its first bytes are {shown}"


def _describe(source: Source) -> str:
    head = source.head
    if source.size == 0:
        return "empty"
    if head.startswith(_LFS):
        return _pointer(head)
    if head[4:8] == b"TFL3":
        return "a TensorFlow Lite model that is cut short"
    for start, name in _STARTS:
        if head.startswith(start):
            return name
    if b"PK\x03\x04" in head[:64]:
        return f"a zip that is cut short after {source.size:,} bytes, or holds no model; get the file again"
    if head[:1] == b"\x80" and 2 <= head[1] <= 5:
        return (
            "a Python pickle, which could run code when loaded, so cutaway never loads one; "
            "save the model with model.save('model.keras')"
        )
    if head[257:262] == b"ustar":
        return "a tar archive; unpack it first"
    if _is_safetensors(head, source.size):
        return f"safetensors: weights without a model; {_OTHERS}"
    return _text_or_binary(source, head)


def _text_or_binary(source: Source, head: bytes) -> str:
    text = _text(head)
    if text is not None:
        for pattern, name in _TEXTS:
            if re.match(pattern, text, re.IGNORECASE | re.DOTALL):
                return name
        return "a JSON document without a Keras config" if text.lstrip()[:1] in '{["' else "text, not a model"
    kind = protobuf_kind(source)
    if kind is not None and kind in NAMES:
        return NAMES[kind]
    return _by_name(source.path.name) or "of a kind that cutaway does not know"


def _by_name(name: str) -> str | None:
    """What a file without any mark of its own is, by its name."""
    shard = _SHARD.fullmatch(name)
    if shard is not None:
        return f"the values of a checkpoint, without their names; put {shard.group(1)}.index beside it and open that"
    if _WEB_SHARD.fullmatch(name):
        return "the weights of a TensorFlow.js model, without their names; open the model.json that goes with them"
    ending = name.rpartition(".")[2].lower()
    return {
        "pb": "probably a TensorFlow graph (.pb) that is damaged",
        "onnx": f"an ONNX model; {_OTHERS}",
        "joblib": "a Python pickle (joblib), which could run code when loaded, so cutaway never loads one",
        "bin": "raw values (.bin) without their names; open the file that describes them",
        "weights": f"the weights of a Darknet model; {_OTHERS}",
        "plan": f"an engine of TensorRT, compiled for one GPU; {_OTHERS}: open the model that it was built from",
        "engine": f"an engine of TensorRT, compiled for one GPU; {_OTHERS}: open the model that it was built from",
    }.get(ending)


def _pointer(head: bytes) -> str:
    size = re.search(rb"^size (\d+)", head, re.MULTILINE)
    bytes_there = f" of {int(size.group(1)):,} bytes" if size is not None and len(size.group(1)) < 20 else ""
    return f"a Git LFS pointer: the file itself{bytes_there} was not downloaded; run `git lfs pull`"


def _is_safetensors(head: bytes, size: int) -> bool:
    if len(head) < 10 or head[8:10] not in (b'{"', b"{}"):
        return False
    return bool(struct.unpack_from("<Q", head)[0] <= size - 8)


def describe_zip(names: frozenset[str]) -> str:
    """What a zip without a model is, by its members."""
    tails = {name.rpartition("/")[2] for name in names}
    if "data.pkl" in tails:
        return f"a PyTorch model; {_OTHERS}"
    if {"coefficients.bin", "configuration.json"} <= tails:
        return f"a Deeplearning4j model; {_OTHERS}"
    if "saved_model.pb" in tails:
        return "a zip with a SavedModel that cannot be read"
    if any(name.endswith((".tflite", ".task")) for name in tails):
        return "a bundle of TensorFlow Lite models that cannot be read"
    if "[Content_Types].xml" in tails:
        return "an office document"
    if "META-INF" in {name.partition("/")[0] for name in names}:
        return "a Java archive"
    return f"a zip without a model: it holds {_listed(names)}"


def describe_folder(names: frozenset[str], leading_out: frozenset[str] = frozenset()) -> str:
    """What a folder without a model is or holds, by the files in it and the links that lead out of it."""
    direct = {name.partition("/")[0] for name in names}
    if leading_out:
        shown = ", ".join(sorted(leading_out)[:5])
        return (
            f"holds no model of its own: {shown} lead out of it, and such links are not followed; give the "
            "path of the model's file, or copy the folder with what its links point to"
        )
    if direct & {"saved_model.pb", "saved_model.pbtxt"}:
        return "is a SavedModel whose graph cannot be read"
    if "variables" in direct and any(name.startswith("variables/variables.") for name in names):
        return "is a SavedModel without its graph: saved_model.pb is missing beside the folder variables"
    if direct & {"model.mlmodel"} or ("Manifest.json" in direct and "Data" in direct):
        return f"is a Core ML model; {_OTHERS}"
    shards = sorted(name for name in direct if _SHARD.fullmatch(name))
    if shards:
        return f"holds {_by_name(shards[0])}"
    return f"holds no model, only {_listed(frozenset(direct))}" if direct else "is empty"


def _listed(names: frozenset[str]) -> str:
    return (", ".join(sorted(names)[:5]) + (", …" if len(names) > 5 else "")) or "nothing"


def _text(head: bytes) -> str | None:
    sample = head[:4096]
    if b"\0" in sample:
        return None
    try:
        return sample.decode("utf-8-sig", errors="strict" if len(head) <= 4096 else "ignore")
    except UnicodeDecodeError:
        return None
