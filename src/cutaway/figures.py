"""`plot_chart` and `Figure`: where a model is large, what it computes and what bounds it, as a chart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any

from cutaway.analysis.sizes import Setting
from cutaway.charts.kinds import SIZE, Kind, draw_chart
from cutaway.charts.layers import Quantity, ledger
from cutaway.charts.measured import Measured, Times, by_layer, read_times
from cutaway.charts.roofline import BANDWIDTH, PEAK, Machine
from cutaway.drawing.pdf import to_pdf
from cutaway.drawing.png import check_dpi, to_png
from cutaway.drawing.scene import Scene
from cutaway.drawing.svg import to_svg
from cutaway.drawing.tikz import to_tikz
from cutaway.errors import OptionError
from cutaway.graph.grouping import group as with_groups
from cutaway.graph.memory import collector_paused
from cutaway.graph.model import Graph, Shape
from cutaway.graph.select import find
from cutaway.readers import read
from cutaway.style.theme import Theme, theme_named
from cutaway.whole_files import write_whole

_SMALLEST, _LARGEST = 240.0, 8_000.0  # px of a chart's sides

FORMATS: Mapping[str, Callable[[Scene, float], bytes]] = {
    "svg": lambda scene, _: to_svg(scene).encode(),
    "png": lambda scene, dpi: to_png(scene, dpi=dpi),
    "pdf": lambda scene, _: to_pdf(scene),
    "tex": lambda scene, _: to_tikz(scene).encode("utf-8", "replace"),
}
"""What writes a chart, by extension."""


@dataclass(frozen=True, eq=False)
class Figure:
    """A chart of a model. It shows itself in notebooks.

    Attributes:
        graph: The model, with all groups.
        scene: The resolved drawing.
        dpi: Resolution of bitmaps made of it, in dots per inch.
    """

    graph: Graph
    scene: Scene
    dpi: float = 96.0

    @cached_property
    def svg(self) -> str:
        """The chart as SVG, with the font that it was measured with embedded."""
        return to_svg(self.scene)

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the chart.

        Args:
            path: Where to; ``.svg``, ``.png``, ``.pdf`` or ``.tex``.

        Returns:
            The path that was written.

        Raises:
            OptionError: The extension is none of the known ones.
            MissingExtra: The format needs a package that is not installed.
            OSError: The file cannot be written.
        """
        target = Path(path)
        data = FORMATS[_extension(target.name)](self.scene, self.dpi)
        write_whole(target, data)
        return target

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return f"<cutaway.Figure: {self.scene.title}>"


@collector_paused()
def plot_chart(
    model: Any,
    kind: Kind = "treemap",
    to_file: str | PathLike[str] | None = None,
    *,
    by: Quantity = "parameters",
    group: str | None = None,
    batch: int = 1,
    shapes: Mapping[str, Shape] | None = None,
    precision: str | None = None,
    peak: float | None = None,
    bandwidth: float | None = None,
    times: Times | None = None,
    size: tuple[float, float] = SIZE,
    theme: str | Theme = "light",
    dpi: float | None = 200,
    input_shape: Any = None,
    inputs: Any = None,
    signature: str | None = None,
    raw: bool = False,
) -> Figure:
    """Draw a chart of what a model costs.

    Args:
        model: A live Keras model, the path of a file that a reader knows, or a `Graph`.
        kind: ``"treemap"`` shows what is large, as areas nested like the groups; ``"memory"`` the activations that are
            alive over the execution order; ``"roofline"`` what bounds each layer, arithmetic or memory; ``"stages"``
            parameters, MACs and memory of each part side by side.
        to_file: Where to save the chart; the extension chooses the format. None saves nothing.
        by: What the areas of a treemap are proportional to: ``"parameters"``, ``"macs"``, ``"flops"``,
            ``"weight_bytes"`` or ``"activation_bytes"``.
        group: Name or id of the group that is shown; None for the whole model.
        batch: Length of every free batch axis, for the cost.
        shapes: Shapes of some inputs by name, the batch included, for the cost.
        precision: Type that all floats are held in, for the bytes; None for those of the model.
        peak: FLOPs a second that the machine of a roofline can do; None for what was measured with the times, or 1e12.
        bandwidth: Bytes a second that its memory can move; None for what was measured, or 5e10.
        times: Measured seconds by name or id of the layer, or the path of a JSON file with them, such as ``cutaway
            profile -o`` writes, for a roofline. None puts each layer at the rate that it can reach.
        size: Width and height in px.
        theme: ``"light"``, ``"dark"``, ``"print"`` or a `Theme`.
        dpi: Resolution of a bitmap, in dots per inch; 96 where None.
        input_shape: For a live model that is not built: shape of its input, batch dimension included.
        inputs: For a live model that is not built: its input specification, as nested as its ``call`` takes it.
        signature: Entry point that is shown, for files that hold several; None for the serving one.
        raw: Whether everything in the file is shown as it stands, plumbing included.

    Returns:
        The chart.

    Raises:
        ReadError: The file is damaged, unsafe, or in no known format.
        UnbuiltModel: The model has no shapes yet, and none were given.
        OptionError: A choice is not possible; the message lists the choices.
    """
    chosen_theme, resolution = theme_named(theme), check_dpi(dpi)
    if to_file is not None:
        _extension(Path(to_file).name)  # a wrong extension is told before the work
    if not _is_size(size):
        raise OptionError(
            f"size must be a width and a height of {_SMALLEST:.0f} to {_LARGEST:,.0f} px; received {size!r:.80}"
        )
    if isinstance(model, Graph):
        graph = model
    else:
        graph = read(model, input_shape=input_shape, inputs=inputs, signature=signature, raw=raw)
    graph = with_groups(graph)
    measured = None if times is None else read_times(times)
    if measured is not None and batch == 1 and not shapes:
        shapes = measured.shapes
    held = ledger(graph, _setting(batch, shapes), precision=precision)
    scene = draw_chart(
        held, kind, chosen_theme, size, group=_group(graph, group), quantity=by,
        machine=_machine(peak, bandwidth, measured),
        times=None if measured is None else by_layer(held, measured.seconds),
    )  # fmt: skip
    figure = Figure(graph, scene, resolution)
    if to_file is not None:
        figure.save(to_file)
    return figure


def _is_size(size: object) -> bool:
    return (
        isinstance(size, tuple | list)
        and len(size) == 2
        and all(isinstance(side, int | float) and _SMALLEST <= side <= _LARGEST for side in size)
    )


def _machine(peak: float | None, bandwidth: float | None, measured: Measured | None) -> Machine:
    """What was given, or else what was measured, or else what is assumed; and in words which of them it is."""
    if peak is not None and bandwidth is not None:
        return Machine(peak, bandwidth, "given")
    known = (measured.machine if measured is not None else None) or Machine(PEAK, BANDWIDTH, "assumed")
    if peak is None and bandwidth is None:
        return known
    return Machine(
        known.peak if peak is None else peak, known.bandwidth if bandwidth is None else bandwidth,
        f"given and {known.said}",
    )  # fmt: skip


def _setting(batch: int, shapes: Mapping[str, Shape] | None) -> Setting:
    if not shapes:
        return Setting(batch=batch)
    from cutaway.readers.keras.shapes import node_outputs

    return Setting(batch=batch, shapes=shapes, rule=node_outputs)


def _extension(name: str) -> str:
    found = name.lower().rpartition(".")[2]
    if found not in FORMATS or "\0" in name:
        known = ", ".join(f".{extension}" for extension in FORMATS)
        raise OptionError(f"{name}: the extension must be one of {known}, since it chooses the format")
    return found


def _group(graph: Graph, name: str | None) -> int:
    if name is None:
        return 0
    groups = sorted(find(graph, [name], "group")[1])
    if len(groups) != 1:
        what = "several groups; say the id of one" if groups else "a layer; expected a group that holds some"
        raise OptionError(f"group: {name!r} is {what}")
    return groups[0]
