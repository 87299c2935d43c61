"""Which files are models of TensorFlow.js, by their content; light enough to ask of every file."""

from __future__ import annotations

import re

from cutaway.readers.source import Source

GRAPH = "tensorflowjs_model.pb"
MANIFEST = "weights_manifest.json"
"""Names of the two files that TensorFlow.js 0.x expects."""

_WHOLE = re.compile(rb'"(modelTopology|weightsManifest)"\s*:|"format"\s*:\s*"(graph-model|layers-model)"')
_LIST = re.compile(rb'\s*\[\s*\{\s*"(weights|paths)"\s*:\s*\[')


def is_tfjs(source: Source) -> bool:
    """Whether a source is a model of TensorFlow.js, its manifest, or a folder with the two files of version 0.x."""
    if source.kind != "file":
        return {GRAPH, MANIFEST} <= source.names
    head = source.head.removeprefix(b"\xef\xbb\xbf")
    first = head.lstrip()[:1]
    if first == b"{":
        return _WHOLE.search(head) is not None and b'"nbformat"' not in head
    return first == b"[" and _LIST.match(head) is not None
