"""Netron, Model Explorer and TensorBoard, opened like the explorer: what `explorer.py` measures beside it.

Each gets what it can open: Netron the file itself; Model Explorer its own JSON, made here of what the reader found,
since it opens no Keras file; TensorBoard a log with the graph of a GraphDef or SavedModel, written by TensorFlow.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.pages import DRAWN_BY_PROCESSOR, PLAIN, Tab, answers, free_port, server

PATIENCE = 60.0
"""Seconds that a peer gets for a model."""

_NETRON = """() => {
    const words = document.body.className;
    return words.includes('default') && !/spinner|notification/.test(words)
        && document.querySelector('#target g.node, #target .node') !== null;
}"""

_DRAWS = """(() => {
    window.draws_ = 0;
    for (const kind of [window.WebGLRenderingContext, window.WebGL2RenderingContext]) {
        for (const name of ['drawArrays', 'drawElements', 'drawArraysInstanced', 'drawElementsInstanced']) {
            const draw = kind && kind.prototype[name];
            if (draw) kind.prototype[name] = function (...rest) { window.draws_++; return draw.apply(this, rest); };
        }
    }
})();"""
_MODEL_EXPLORER = """() => window.draws_ > 0 && document.querySelector('webgl-renderer canvas') !== null
    && ![...document.querySelectorAll('mat-spinner')].some(element => element.offsetParent)"""

_TENSORBOARD = """() => {
    const all = (root, wanted) => {
        const own = root.querySelector(wanted);
        if (own) return own;
        for (const element of root.querySelectorAll('*')) {
            const found = element.shadowRoot && all(element.shadowRoot, wanted);
            if (found) return found;
        }
        return null;
    };
    const scene = window.scene_ = window.scene_ || all(document, 'tf-graph-scene');
    const board = window.board_ = window.board_ || all(document, 'tf-graph-board');
    const progress = board && board.progress;
    return scene !== null && scene.shadowRoot.querySelector('g.node') !== null
        && (!progress || progress.value === undefined || progress.value >= 100);
}"""

_WRITE_LOG = """
import sys, tensorflow as tf
source, target = sys.argv[1:]
graph = tf.compat.v1.GraphDef()
if source.endswith(".pb"):
    with open(source, "rb") as file:
        graph.ParseFromString(file.read())
else:
    from tensorflow.core.protobuf import saved_model_pb2
    model = saved_model_pb2.SavedModel()
    with open(source + "/saved_model.pb", "rb") as file:
        model.ParseFromString(file.read())
    graph = model.meta_graphs[0].graph_def
with tf.Graph().as_default():
    writer = tf.compat.v1.summary.FileWriter(target)
    writer.add_graph(graph)
    writer.close()
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """What one peer did with one model.

    Attributes:
        drawn: Seconds from the start of its process to the first picture; None where there was none.
        frames: Ms between frames of both gestures.
        why: Why there is no picture.
    """

    drawn: float | None = None
    frames: Sequence[float] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Peer:
    """A program that shows models in the browser.

    Attributes:
        name: What it is called.
        program: Its command, beside the interpreter of its environment.
        takes: Makes what it can open of a model; None where it cannot open that kind.
        words: Its arguments for that and a port.
        shows: JavaScript that says whether the model is drawn.
        switches: Switches of Chromium.
        script: JavaScript that runs before the page.
        address: The page of a server that listens on a port and has said something, once it can be opened.
    """

    name: str
    program: str
    takes: Callable[[Path, Path, Path], Path | None]
    words: Callable[[Path, int], list[str]]
    address: Callable[[int, str], str | None]
    shows: str
    switches: Sequence[str] = PLAIN
    script: str = ""
    zoom: str = ""


def itself(model: Path, _work: Path, _python: Path) -> Path:
    """The file; of a folder, that which holds the graph."""
    return model / "saved_model.pb" if model.is_dir() else model


def as_json(model: Path, work: Path, _python: Path) -> Path:
    """The graph in Model Explorer's JSON."""
    target = work / f"{model.name}.model-explorer.json"
    if not target.exists():
        import cutaway

        graph = cutaway.read(model)
        nodes = []
        for at in range(len(graph)):
            row = range(graph.input_start[at], graph.input_start[at + 1])
            edges = [
                {
                    "sourceNodeId": str(graph.input_node[edge]),
                    "sourceNodeOutputId": str(max(0, graph.input_port[edge])),
                    "targetNodeInputId": str(slot),
                }
                for slot, edge in enumerate(row)
            ]
            around = graph.ids[at].rpartition("/")[0]
            nodes.append({"id": str(at), "label": graph.op(at), "namespace": around, "incomingEdges": edges})
        target.write_text(json.dumps({"label": model.name, "graphs": [{"id": model.name, "nodes": nodes}]}), "utf-8")
    return target


def as_log(model: Path, work: Path, python: Path) -> Path | None:
    """The graph in a log of training; None for a Keras file, of which TensorBoard shows none."""
    if model.suffix == ".keras":
        return None
    target = work / f"{model.name}.tensorboard"
    if not target.exists():
        done = subprocess.run([str(python), "-c", _WRITE_LOG, str(model), str(target)], capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"the log for TensorBoard could not be written: {done.stderr[-800:]}")
    return target


def _open(port: int, _said: str) -> str | None:
    return f"http://127.0.0.1:{port}/" if answers(port) else None


def _told(port: int, said: str) -> str | None:
    found = re.search(r"http://\S+", said)
    return found.group() if found and answers(port) else None


def _knows_graph(port: int, _said: str) -> str | None:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/data/plugin/graphs/info", timeout=5) as answer:
            return f"http://127.0.0.1:{port}/#graphs" if json.load(answer) else None
    except (OSError, ValueError):
        return None


PEERS = (
    Peer("Netron", "netron", itself, lambda model, port: ["--host", "127.0.0.1", "-p", str(port), str(model)],
         _open, _NETRON, zoom="Control"),
    Peer("Model Explorer", "model-explorer", as_json,
         lambda model, port: [str(model), "--host", "127.0.0.1", "--port", str(port), "--no_open_in_browser"],
         _told, _MODEL_EXPLORER, DRAWN_BY_PROCESSOR, _DRAWS),
    Peer("TensorBoard", "tensorboard", as_log,
         lambda model, port: ["--logdir", str(model), "--host", "127.0.0.1", "--port", str(port)],
         _knows_graph, _TENSORBOARD),
)  # fmt: skip


def measured(running: Any, peer: Peer, model: Path, work: Path, python: Path) -> Shown:
    """Open a model with a peer, once.

    Args:
        running: Playwright.
        peer: The program.
        model: The model.
        work: Folder for what is made of it.
        python: Interpreter of the environment that the peer is installed in.
    """
    program = python.parent / peer.program
    if not program.exists():
        return Shown(why="not installed")
    given = peer.takes(model, work, python)
    if given is None:
        return Shown(why="cannot open it")
    port = free_port()
    late = Shown(why=f"not in {PATIENCE:.0f} s")
    tab = Tab(running, peer.shows, peer.switches, peer.script)
    try:
        # Netron asks for consent to its cookies first
        tab.page.context.add_cookies([{"name": "consent", "value": "1", "url": f"http://127.0.0.1:{port}"}])
        ready = partial(peer.address, port)
        with server([str(program), *peer.words(given, port)], ready, PATIENCE) as (address, begun):
            if address is None:
                return late
            tab.page.goto(address, wait_until="commit")
            at = tab.shown(PATIENCE - (time.time() - begun))
            if at is None:
                return late
            tab.page.wait_for_timeout(1_000)
            return Shown(at - begun, [*tab.gaps("wheel", peer.zoom), *tab.gaps("drag")])
    finally:
        tab.close()
