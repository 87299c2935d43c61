"""Graphs with what a saver knows of them: ``MetaGraphDef`` (``.meta``), encoded or as text.

The checkpoint of the same name is read with it where it lies beside it. A folder of checkpoints opens on the graph of
the latest one that has a graph.
"""

from __future__ import annotations

from dataclasses import replace

from cutaway.errors import OptionError, ReadError
from cutaway.graph.model import Graph
from cutaway.readers.checkpoint_files import meta_graph_of, other_checkpoints
from cutaway.readers.options import ReadOptions
from cutaway.readers.source import Source
from cutaway.readers.tensorflow.assemble import graph_of
from cutaway.readers.tensorflow.entry import Entry, Variable, whole_graph
from cutaway.readers.tensorflow.meta_graph_def import MetaGraph, load_meta_graph
from cutaway.readers.tensorflow.objects import declared
from cutaway.readers.tensorflow.program import Program
from cutaway.readers.tensorflow.raw import raw_graph
from cutaway.readers.tensorflow.signatures import default_signature, entry_of, signatures_of
from cutaway.readers.wire.tensor_bundle import Bundle


def read(source: Source, options: ReadOptions) -> Graph:
    """Read a meta graph.

    Raises:
        ReadError: It holds no graph, or is damaged from its beginning on.
        OptionError: There is no such signature; the message lists those that there are.
    """
    folder, source = source, meta_graph_of(source) or source
    meta, name = load_meta_graph(source), source.path.stem
    program = meta.program
    if folder is not source and (others := other_checkpoints(folder, name)):
        shown = ", ".join(f"{other}.index" for other in others[:5])
        program.warnings.append(
            f"the folder holds {len(others)} other checkpoints; shown are the graph and the values of {name}: {shown}"
        )
    if options.raw or not len(program.main):
        return raw_graph(program, name=name, format="meta_graph", producer=program.producer)
    entry = replace(_entry(meta, options.signature, source), variables=_variables(program, source))
    return graph_of(program, entry, name=name, format="meta_graph")


def _entry(meta: MetaGraph, wanted: str | None, source: Source) -> Entry:
    """The signature that is asked for, or else the one that is served, or else all of the graph."""
    signatures = signatures_of(meta)
    name = default_signature(signatures) if wanted is None else wanted
    if name in signatures:
        entry = entry_of(signatures[name], meta.program, meta.program.warnings)
        if entry.outputs:
            return entry
    elif name:
        known = ", ".join(signatures) or "none: it has no signatures"
        raise OptionError(f"{source.path}: signature must be one of {known}; not {name!r}")
    return whole_graph(meta.program.main)


def _variables(program: Program, source: Source) -> dict[int, Variable]:
    """The variables in the checkpoint beside it; none, and a warning, where that cannot be read."""
    prefix = source.path.name.removesuffix(".meta")
    if source.size_of(f"{prefix}.index") is None:
        return {}
    try:
        bundle = Bundle.open(source, prefix)
    except ReadError as error:
        program.warnings.append(f"values and sizes of the variables are lost: {error}")
        return {}
    program.warnings += bundle.warnings
    return declared(program, bundle)
