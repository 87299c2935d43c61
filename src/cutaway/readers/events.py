"""Logs of TensorBoard that hold a graph: one event file, or a folder of them.

Of several graphs the model that Keras logged is shown, else the last graph of operations; a warning says what else is
there. What was measured of single operations stands in their attributes.
"""

from __future__ import annotations

from dataclasses import replace

from cutaway.errors import ReadError
from cutaway.graph.model import Graph
from cutaway.readers.keras.config import read_config
from cutaway.readers.keras.json_text import parse_json
from cutaway.readers.keras_json import producer
from cutaway.readers.options import ReadOptions
from cutaway.readers.sniff_events import is_event_file
from cutaway.readers.source import Source
from cutaway.readers.tensorflow.assemble import graph_of
from cutaway.readers.tensorflow.entry import whole_graph
from cutaway.readers.tensorflow.event_files import Logged
from cutaway.readers.tensorflow.graph_def import read_program
from cutaway.readers.tensorflow.meta_graph_def import read_meta_graph
from cutaway.readers.tensorflow.program import Program
from cutaway.readers.tensorflow.raw import raw_graph
from cutaway.readers.tensorflow.run_metadata import graph_in, measurements, with_measurements
from cutaway.readers.wire.blob import Blob, load

_FILES = 1000
"""Event files of a folder that are looked at."""


def read(source: Source, options: ReadOptions) -> Graph:
    """Read the graph in a log.

    Raises:
        ReadError: It holds none; the message says what it holds.
    """
    members = [""] if source.kind == "file" else sorted(filter(is_event_file, source.names))[:_FILES]
    logged = Logged()
    for member in members:
        logged.add(load(source, member))
    graph = _graph(logged, source, options)
    measured = {name: told for run in logged.runs.values() for name, told in measurements(run).items()}
    if measured:
        graph = with_measurements(graph, measured)
    return replace(graph, warnings=(*graph.warnings, *logged.warnings, *_beside(logged, options)))


def _graph(logged: Logged, source: Source, options: ReadOptions) -> Graph:
    """The graph that is shown."""
    operations = logged.graphs or logged.meta_graphs or logged.runs
    if logged.keras and not (options.raw and operations):
        config = parse_json(logged.keras[next(reversed(logged.keras))], str(source.path))
        return read_config(config, format="events", producer=producer(config), path=source.path)
    program = _program(logged)
    if program is None:
        lost = f"; {logged.warnings[0]}" if logged.warnings else ""
        raise ReadError(
            f"holds no graph: its {logged.events:,} records are curves, pictures and texts{lost}; "
            "log one with the Keras callback TensorBoard(write_graph=True), or open the model itself",
            path=source.path,
        )
    name = source.path.name
    if options.raw or not len(program.main):
        return raw_graph(program, name=name, format="events", producer=program.producer)
    return graph_of(program, whole_graph(program.main), name=name, format="events")


def _program(logged: Logged) -> Program | None:
    """The last graph of operations that is logged; that of a run where no other is."""
    if logged.graphs:
        place = logged.graphs[-1]
        return read_program(place.blob, place.start, place.end)
    if logged.meta_graphs:
        place = logged.meta_graphs[-1]
        return read_meta_graph(place.blob, place.start, place.end).program
    encoded = next(filter(None, map(graph_in, reversed(logged.runs.values()))), None)
    return None if encoded is None else read_program(Blob(encoded))


def _beside(logged: Logged, options: ReadOptions) -> list[str]:
    """What is not shown, in words. A meta graph holds the graph that is logged beside it, and is not counted."""
    models, graphs = len(logged.keras), len(logged.graphs or logged.meta_graphs)
    if models + graphs < 2:
        return []
    shown = "the last model of Keras" if models and not options.raw else "the last graph of operations"
    told = [f"{models} of Keras"] * bool(models) + [f"{graphs} of operations"] * bool(graphs)
    return [f"the log holds {models + graphs} graphs, {' and '.join(told)}; {shown} is shown"]
