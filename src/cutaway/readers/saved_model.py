"""SavedModels of TensorFlow 1 and 2: signatures, functions, object graph and checkpoint become one model."""

from __future__ import annotations

from typing import Any

from cutaway.errors import OptionError, ReadError
from cutaway.graph.model import Graph
from cutaway.readers.options import ReadOptions
from cutaway.readers.sniff import what_it_is
from cutaway.readers.source import Source
from cutaway.readers.tensorflow.assemble import Told, graph_of, graph_with_origins
from cutaway.readers.tensorflow.entry import Entry, Variable, whole_graph
from cutaway.readers.tensorflow.meta_graph_def import MetaGraph, load_saved_model
from cutaway.readers.tensorflow.objects import Objects, captured, classes_of, declared
from cutaway.readers.tensorflow.origins import Origin
from cutaway.readers.tensorflow.raw import raw_graph
from cutaway.readers.tensorflow.signatures import Signature, default_signature, entry_of, signatures_of
from cutaway.readers.wire.protobuf import DecodeError, message, text
from cutaway.readers.wire.tensor_bundle import Bundle

_VARIABLES = "variables/variables"
_METADATA = "keras_metadata.pb"
_SAVING = ("__inference__traced_save", "__inference__traced_restore", "__inference__initializer",
           "__inference__creator", "__inference__destroyer")  # fmt: skip


def read(source: Source, options: ReadOptions) -> Graph:
    """Read the model that a signature of a SavedModel runs.

    Raises:
        ReadError: It is damaged or unsafe.
        OptionError: There is no such signature; the message lists those that there are.
    """
    return _SavedModel(source, options).read()


def read_with_origins(source: Source, signature: str | None) -> tuple[Graph, list[Origin]]:
    """The graph of a signature, and where in the file the operation of each node lies; raises as `read`."""
    return _SavedModel(source, ReadOptions(signature=signature)).read_with_origins()


class _SavedModel:
    def __init__(self, source: Source, options: ReadOptions) -> None:
        self._source = source
        self._options = options
        self._member = "" if source.kind == "file" else _member(source)
        self._warnings: list[str] = []
        try:
            self._metas = load_saved_model(source, self._member)
        except ReadError as error:
            part = source.at(self._member) if self._member else source
            if not part.size or part.head.startswith(b"version"):  # it may be a pointer to a file that is elsewhere
                raise ReadError(what_it_is(part), path=part.path) from error
            raise

    def read(self) -> Graph:
        """The model, or all that is in the file."""
        meta, name, signature = self._choose()
        self._bundle = self._open_bundle()
        if self._options.raw:
            return raw_graph(meta.program, name=self._title(), format="saved_model", producer=meta.program.producer)
        return graph_of(meta.program, self._entry(meta, signature), **self._said(meta, name))

    def read_with_origins(self) -> tuple[Graph, list[Origin]]:
        """The model, and where its operations lie."""
        meta, name, signature = self._choose()
        self._bundle = self._open_bundle()
        return graph_with_origins(meta.program, self._entry(meta, signature), **self._said(meta, name))

    def _said(self, meta: MetaGraph, name: str) -> Told:
        """What the graph is told of itself, once all has been read."""
        meta.program.warnings.extend(self._warnings)
        return {
            "name": self._title(),
            "format": "saved_model",
            "producer": meta.program.producer,
            "attributes": self._about(meta, name),
        }

    def _title(self) -> str:
        path = self._source.path if self._member else self._source.path.parent
        return path.resolve().name if not path.name or path.name == ".." else path.name

    def _choose(self) -> tuple[MetaGraph, str, Signature | None]:
        """The meta graph and signature that are asked for, or the serving ones."""
        wanted = self._options.signature
        serving = [meta for meta in self._metas if "serve" in meta.tags]
        ordered = [*serving, *(meta for meta in self._metas if meta not in serving)]
        if wanted is None:
            signatures = signatures_of(ordered[0])
            name = default_signature(signatures)
            return ordered[0], name, signatures.get(name)
        for meta in ordered:
            signatures = signatures_of(meta)
            if wanted in signatures:
                return meta, wanted, signatures[wanted]
        functions = self._functions(ordered[0])
        if wanted in functions:
            return ordered[0], wanted, None
        known = dict.fromkeys(name for meta in ordered for name in signatures_of(meta) if not name.startswith("__"))
        known.update(dict.fromkeys(functions))
        if not known:
            raise OptionError(f"{self._source.path}: signature {wanted!r} is not there: the file has no signatures")
        raise OptionError(f"{self._source.path}: signature must be one of {', '.join(known)}; not {wanted!r}")

    @staticmethod
    def _functions(meta: MetaGraph) -> dict[str, str]:
        """Functions of the saved object that can be entered where no signature leads to them."""
        known = meta.program.function_names
        callables = Objects(meta.message.object_graph_def, None).callables()
        return {name: function for name, function in callables.items() if function in known}

    def _open_bundle(self) -> Bundle | None:
        if not self._has(f"{_VARIABLES}.index"):
            return None
        try:
            bundle = Bundle.open(self._source, _VARIABLES)
        except ReadError as error:
            self._warnings.append(f"values and sizes of the variables are lost: {error}")
            return None
        self._warnings.extend(bundle.warnings)
        return bundle

    def _has(self, name: str) -> bool:
        return self._source.size_of(name) is not None

    def _entry(self, meta: MetaGraph, signature: Signature | None) -> Entry:
        objects = self._objects(meta)
        program = meta.program
        variables: dict[int, Variable] = {} if self._bundle is None else declared(program, self._bundle)
        variables |= captured(program, objects)
        classes = classes_of([*self._metadata(), *objects.configurations()])
        if signature is not None:
            entry = entry_of(signature, program, self._warnings)
            if entry.outputs:
                return Entry(
                    outputs=entry.outputs, inputs=entry.inputs, variables=variables, classes=classes,
                    legacy=objects.is_legacy,
                )  # fmt: skip
        function = self._function(meta)
        if function is None:
            whole = whole_graph(program.main)
            return Entry(outputs=whole.outputs, inputs=whole.inputs, variables=variables, classes=classes)
        body = program.function(function)
        bound = objects.bound(function)
        first = (body.arguments if body is not None else 0) - len(bound)
        resources = {first + slot: objects.variable(number) for slot, number in enumerate(bound)}
        names = body.names if body is not None else []
        return Entry(
            function=function,
            inputs={at: names[at] for at in range(first)},
            variables={at: found for at, found in resources.items() if found is not None},
            classes=classes,
            legacy=objects.is_legacy,
        )

    def _objects(self, meta: MetaGraph) -> Objects:
        assets = [text(asset.filename) for asset in meta.message.asset_file_def]
        try:
            return Objects(meta.message.object_graph_def, self._bundle, assets)
        except ReadError as error:
            self._warnings.append(f"names of the variables in the checkpoint are lost: {error}")
            return Objects(meta.message.object_graph_def, None, assets)

    def _function(self, meta: MetaGraph) -> str | None:
        """The function to show where no signature tells: what the root object calls, or the largest."""
        known = meta.program.function_names
        functions = self._functions(meta)
        if functions:
            return functions.get(self._options.signature or "") or next(iter(functions.values()))
        sizes = {
            name: len(body) for name in known
            if not name.startswith(_SAVING) and (body := meta.program.function(name)) is not None
        }  # fmt: skip
        return max(sizes, key=lambda name: (sizes[name], name)) if sizes else None

    def _metadata(self) -> list[str]:
        """What Keras 2 wrote on its layers, one text each."""
        if not self._has(_METADATA):
            return []
        try:
            saved = message("SavedMetadata").FromString(self._source.read(_METADATA))
        except (ReadError, DecodeError) as error:
            self._warnings.append(f"{_METADATA} is lost, and with it the classes of layers: {error}")
            return []
        return [text(node.metadata) for node in saved.nodes]

    def _about(self, meta: MetaGraph, name: str) -> dict[str, Any]:
        signatures = {
            key: {"inputs": list(signature.inputs), "outputs": list(signature.outputs)}
            for key, signature in signatures_of(meta).items()
            if not key.startswith("__")  # what runs when the model is loaded
        }
        functions = [] if signatures else list(self._functions(meta))
        name = name or self._options.signature or "".join(functions[:1])
        told = {"signature": name, "signatures": signatures, "functions": functions, "tags": list(meta.tags)}
        return {key: value for key, value in told.items() if value}


def _member(source: Source) -> str:
    for name in ("saved_model.pb", "saved_model.pbtxt"):
        if name in source.names:
            return name
    raise ReadError("holds no saved_model.pb", path=source.path)
