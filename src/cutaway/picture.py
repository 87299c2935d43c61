"""`plot_model` and `Picture`: a model becomes a picture that can be shown, saved and printed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cutaway.drawing.arrange import always, arrange, describe, everything_large
from cutaway.drawing.compose import Marks, Wires, compose
from cutaway.drawing.png import check_dpi
from cutaway.drawing.scene import Scene
from cutaway.drawing.shades import shades
from cutaway.errors import OptionError, check_choice
from cutaway.formats import render, writer_for
from cutaway.graph.fold import Fold, fold
from cutaway.graph.grouping import group
from cutaway.graph.memory import collector_paused
from cutaway.graph.model import Graph, Node
from cutaway.graph.select import Wanted, find, keep
from cutaway.graph.select import between as part_between
from cutaway.graph.walk import depths
from cutaway.layout.nesting import LayoutOptions, Nested
from cutaway.overlays.overlay import Overlay, Rollup, overlay_on, values_on
from cutaway.readers import read
from cutaway.style.labels import LabelOptions, Labels
from cutaway.style.measure import clean
from cutaway.style.theme import Theme, theme_named
from cutaway.whole_files import write_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.transforms import Bbox

    from cutaway.drawing.axes import Style

RANKDIRS = ("TB", "LR", "BT", "RL")
WIRES: Mapping[str, Wires] = {
    "none": "none",
    "": "none",
    "line": "straight",
    "polyline": "straight",
    "false": "straight",
}
SPLINES = ("ortho", "spline", "curved", "polyline", "line", "true", "false", "none", "", True, False)


@dataclass(frozen=True, eq=False)
class Picture:
    """A drawn model. It shows itself in notebooks.

    Attributes:
        graph: What is drawn, with all groups.
        nested: Where everything lies.
        scene: The resolved drawing.
        labels: What stands in the boxes.
        theme: Its colours.
        dpi: Resolution of bitmaps made of it, in dots per inch; 96 is one dot per px.
        overlay: Numbers of the caller that colour it; None where there are none.
        settings: Gives how the model was compiled; None where only a part of it is drawn.
    """

    graph: Graph
    nested: Nested
    scene: Scene
    labels: Labels
    theme: Theme
    dpi: float = 96.0
    overlay: Overlay | None = None
    settings: Callable[[], Mapping[str, Any]] | None = field(default=None, repr=False)

    @cached_property
    def svg(self) -> str:
        """The picture as SVG, with the font that it was measured with embedded."""
        return render(self, "svg").decode()

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the picture; the extension chooses the format.

        Args:
            path: Where to; ``.svg``, ``.png``, ``.pdf``, ``.tex``, ``.html`` (a page to look around in),
                ``.json`` (the graph), ``.scene.json`` (the places), ``.dot``, ``.mmd`` or ``.graphml``.

        Returns:
            The path that was written.

        Raises:
            OptionError: The extension is none of the known ones.
            MissingExtra: The format needs a package that is not installed.
            OSError: The file cannot be written.
        """
        target = Path(path)
        data = render(self, writer_for(target.name))
        write_whole(target, data)
        return target

    def draw_on(self, ax: Axes, *, style: Style | None = None, smallest: float = 1.0) -> dict[str, Bbox]:
        """Draw the picture on axes of matplotlib, whose coordinates become its px, with y down.

        Args:
            ax: Where; give them their final size first, since the width of lines goes by it.
            style: Called with each `Node` that is drawn; returns properties of its patch, such as
                ``{"facecolor": "gold"}``, or None for the usual ones.
            smallest: Insides that would be less high, in points, are left out.

        Returns:
            The box of every layer and group that is drawn, by id, in the coordinates of the axes.

        Raises:
            MissingExtra: matplotlib is not installed.
            OptionError: ``style`` returned a property that patches do not have.
        """
        from cutaway.drawing.axes import draw_on

        return draw_on(ax, self.scene, self.graph, self.nested, style=style, smallest=smallest)

    def _repr_svg_(self) -> str:
        return self.svg

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        bundle = {"image/svg+xml": self.svg, "text/plain": repr(self)}
        kept = set(bundle) if include is None else set(include)
        return {kind: value for kind, value in bundle.items() if kind in kept - set(exclude or ())}

    def __repr__(self) -> str:
        return (
            f"<cutaway.Picture of {clean(self.graph.name)!r}: {len(self.graph):,} layers, "
            f"{self.scene.width:.0f} × {self.scene.height:.0f} px>"
        )


def plot_model(
    model: Any,
    to_file: str | PathLike[str] | None = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool | None = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: float | None = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str | bool = "ortho",
    layer_range: Sequence[str] | None = None,
    *,
    fields: Sequence[str] = (),
    label: Callable[[Node], str | None] | None = None,
    depth: int | None = None,
    unfold: str | int | Iterable[str] | None = None,
    fold_repeats: bool = False,
    aspect: float = 1.6,
    theme: str | Theme = "light",
    highlight: Wanted = (),
    annotate: Mapping[str, str] | None = None,
    values: Mapping[str, float] | Iterable[tuple[str, float]] | None = None,
    overlay: Any = None,
    overlay_column: str | None = None,
    rollup: Rollup = "sum",
    between: tuple[Wanted, Wanted] | None = None,
    legend: bool = True,
    input_shape: Any = None,
    inputs: Any = None,
    signature: str | None = None,
    raw: bool = False,
) -> Picture:
    """Draw a model.

    The first parameters are those of `keras.utils.plot_model`, with the same meaning and defaults; those
    after ``layer_range`` go beyond it.

    Args:
        model: A live Keras model, or the path of a file that a reader knows.
        to_file: Where to save the picture; the extension chooses the format. None saves nothing.
        show_shapes: Whether boxes show output shapes.
        show_dtype: Whether boxes show output dtypes.
        show_layer_names: Whether boxes show the layers' names; None shows those that their author chose.
        rankdir: ``"TB"`` draws layers downwards, ``"LR"`` to the right, ``"BT"`` and ``"RL"`` against that.
        expand_nested: Whether nested models are drawn at full size, and not scaled down.
        dpi: Resolution of a bitmap, in dots per inch; 96 where None. A picture that is too large for a bitmap with
            the default is drawn with what fits; any other value is refused then.
        show_layer_activations: Whether boxes show the layers' activations.
        show_trainable: Whether boxes with weights show if those are trained.
        splines: As for Graphviz: ``"none"`` draws no wires, ``"line"``, ``"polyline"`` and ``"false"`` straight
            ones, everything else wires that run along the flow.
        layer_range: Names or regular expressions of the first and last layer to be drawn.
        fields: Facts to show in the boxes: any attribute of a layer, or ``parameters``, ``bytes``, ``shape``,
            ``dtype``, ``op``, ``name``, ``id``, ``macs``, ``flops``.
        label: Called with each `Node`, returns the text of its box, or None for the usual one.
        depth: Levels of nesting that are drawn; what is deeper is one box. None draws all.
        unfold: What is drawn at full size: ``"all"``, a number of levels, or names of groups. None unfolds
            models of up to 30 layers.
        fold_repeats: Whether equal neighbour groups are drawn once, with ×N and what differs.
        aspect: Wished width / height of the picture.
        theme: ``"light"``, ``"dark"``, ``"print"`` or a `Theme`.
        highlight: Names, ids or patterns of layers and groups, or a predicate over `Node`.
        annotate: Further lines for boxes, by name or id of the layer.
        values: Numbers by layer name, id or group; they colour the boxes, and the legend shows their scale.
        overlay: A table by layer name that colours the boxes and stands in them: a mapping, records, a DataFrame, or
            the path of a CSV or JSON file, such as a profile or node data of Model Explorer. Names that mean nothing
            here are in ``Picture.overlay.unmatched``.
        overlay_column: The column of the table; None for the first that holds numbers.
        rollup: What a group that is drawn as one box shows, unless the table names it: ``"sum"``, ``"mean"`` or
            ``"max"`` of its layers.
        between: Draw only what lies on paths between these two layers, groups or tensors (``"name:port"``).
        legend: Whether a legend stands below the drawing.
        input_shape: For a live model that is not built: shape of its input, batch dimension included.
        inputs: For a live model that is not built: its input specification, as nested as its ``call`` takes it.
        signature: Entry point that is drawn, for files that hold several; None for the serving one.
        raw: Whether everything in the file is drawn as it stands, plumbing included.

    Returns:
        The picture.

    Raises:
        ReadError: The file is damaged, unsafe, or in no known format.
        UnbuiltModel: The model has no shapes yet, and none were given.
        OptionError: A choice is not possible; the message lists the choices.
    """
    check_choice("rankdir", rankdir, RANKDIRS)
    check_choice("splines", splines, SPLINES)
    chosen_theme = theme_named(theme)
    if to_file is not None:
        writer_for(Path(to_file).name)  # a wrong extension is told before the work
    if not isinstance(aspect, (int, float)) or not 0.001 <= aspect <= 1000:
        raise OptionError(f"aspect must be a number from 0.001 to 1000, width / height; received {aspect!r}")
    resolution = check_dpi(dpi)
    _check_types(depth, unfold, fields, annotate, between)
    graph = _read(model, input_shape=input_shape, inputs=inputs, signature=signature, raw=raw)
    options = LabelOptions(
        names=show_layer_names,
        shapes=show_shapes,
        dtypes=show_dtype,
        activations=show_layer_activations,
        trainable=show_trainable,
        fields=fields,
        label=label,
        annotations={name: str(text) for name, text in (annotate or {}).items()},
    )
    graph = _part(graph, layer_range, between)
    if annotate:
        find(graph, list(annotate), "annotate")
    folds: dict[int, Fold] = {}
    if fold_repeats:
        graph, folds = fold(graph)
    layout = layout_options(
        graph, rankdir=rankdir, aspect=aspect, depth=depth, unfold=unfold, expand_nested=expand_nested
    )
    numbers = _overlay(graph, values, overlay, overlay_column, rollup)
    if numbers is not None and overlay is not None:
        options = _noted(options, graph, numbers)
    marks = _marks(graph, chosen_theme, highlight, numbers, legend, layout.closed)
    picture = draw(graph, options, layout, marks, chosen_theme, folds, dpi=resolution, splines=splines)
    if numbers is not None:
        picture = replace(picture, overlay=numbers)
    if layer_range is None and between is None and not folds:
        picture = replace(picture, settings=_settings_of(model))
    if to_file is not None:
        picture.save(to_file)
    return picture


def _settings_of(model: Any) -> Callable[[], Mapping[str, Any]]:
    def settings() -> Mapping[str, Any]:
        from cutaway.explorer.findings import settings_of  # which only a page to look around in wants

        return settings_of(model)()

    return settings


def _read(model: Any, **options: Any) -> Graph:
    return model if isinstance(model, Graph) else read(model, **options)


@collector_paused()
def draw(
    graph: Graph,
    labels: LabelOptions,
    layout: LayoutOptions,
    marks: Marks,
    theme: Theme,
    folds: Mapping[int, Fold],
    *,
    dpi: float,
    splines: str | bool = "ortho",
) -> Picture:
    """Draw a grouped graph: labels and places, then the scene."""
    arranged = arrange(graph, labels, layout, folds)
    wires = WIRES.get(str(splines).lower(), "curved")
    scene = compose(graph, arranged.nested, arranged.labels, theme, marks, describe(graph), wires=wires)
    return Picture(graph, arranged.nested, scene, arranged.labels, theme, dpi)


def check_levels(depth: object, unfold: object) -> None:
    """Refuse a depth, or what is to be drawn at full size, of a kind that cannot be.

    Raises:
        OptionError: It is of another kind.
    """
    if depth is not None and (not isinstance(depth, int) or depth < 0):
        raise OptionError(f"depth must be a whole number, 0 or more, or None; received {depth!r}")
    if unfold is not None and not isinstance(unfold, (str, int)) and not isinstance(unfold, Iterable):
        raise OptionError(f"unfold must be 'all', a number of levels, or names of groups; received {unfold!r}")


def _check_types(depth: object, unfold: object, fields: object, annotate: object, between: object) -> None:
    """Refuse what would only fail later, with words about it."""
    check_levels(depth, unfold)
    if isinstance(fields, str) or not isinstance(fields, Iterable):
        raise OptionError(f"fields must be a sequence of names; received {fields!r}")
    if annotate is not None and not isinstance(annotate, Mapping):
        raise OptionError(f"annotate must map names of layers to texts; received {annotate!r}")
    if between is not None and (isinstance(between, str) or not isinstance(between, Sequence) or len(between) != 2):
        raise OptionError(f"between must be two places, such as ('first', 'last'); received {between!r}")


@collector_paused()
def _part(graph: Graph, layer_range: Sequence[str] | None, ends: tuple[Wanted, Wanted] | None) -> Graph:
    """The grouped graph, or the part that the caller asked for."""
    if layer_range is not None:
        graph = _range(graph, layer_range)
    grouped = group(graph)
    return grouped if ends is None else part_between(grouped, *ends)


def _range(graph: Graph, names: Sequence[str]) -> Graph:
    """Layers from the first to the last of two, by their order in the model, as Keras 2 means it."""
    if len(names) != 2:
        raise OptionError(f"layer_range must be the names of the first and the last layer; received {names!r}")
    places = []
    for name in names:
        found = [at for at, layer in enumerate(graph.names) if layer == name]
        found = found or _matching(graph, name)
        if not found:
            find(graph, name, "layer_range")
            raise OptionError(f"layer_range: {name!r} is a group and no layer")
        places.append(found)
    first, last = min(places[0]), max(places[1])
    if first > last:
        raise OptionError(f"layer_range: {names[0]!r} comes after {names[1]!r}")
    return keep(graph, range(first, last + 1))


def _matching(graph: Graph, pattern: str) -> list[int]:
    try:
        return [at for at, layer in enumerate(graph.names) if re.fullmatch(pattern, layer)]
    except re.error as error:
        raise OptionError(f"layer_range: {pattern!r} is no layer and no regular expression: {error}") from error


def layout_options(
    graph: Graph,
    *,
    rankdir: str = "TB",
    aspect: float = 1.6,
    depth: int | None = None,
    unfold: str | int | Iterable[str] | None = None,
    expand_nested: bool = False,
) -> LayoutOptions:
    """Choices for the layout of a grouped graph, of what `plot_model` takes.

    Raises:
        OptionError: There is no such group, or a choice is of another kind.
    """
    check_levels(depth, unfold)
    level = depths(graph.groups.parents)
    unfolded: Callable[[int], bool] | None = None
    if unfold == "all" or (unfold is None and everything_large(graph)):
        unfolded = always
    elif isinstance(unfold, int):
        unfolded = _levels_up_to(level, unfold)
    elif unfold is not None:
        names = [unfold] if isinstance(unfold, str) else list(unfold)
        unfolded = find(graph, names, "unfold")[1].__contains__
    elif expand_nested:
        kinds = graph.groups.kinds
        unfolded = frozenset(at for at, kind in enumerate(kinds) if kind == "model").__contains__
    closed = None if depth is None else _deeper_than(level, depth)
    return LayoutOptions(
        aspect=aspect,
        flow="right" if rankdir in ("LR", "RL") else None,
        backwards=rankdir in ("BT", "RL"),
        unfolded=unfolded,
        closed=closed,
    )


def _deeper_than(level: Sequence[int], most: int) -> Callable[[int], bool]:
    return lambda group: level[group] > most


def _levels_up_to(level: Sequence[int], most: int) -> Callable[[int], bool]:
    return lambda group: level[group] <= most


def _overlay(
    graph: Graph,
    values: Mapping[str, float] | Iterable[tuple[str, float]] | None,
    overlay: Any,
    column: str | None,
    rollup: Rollup,
) -> Overlay | None:
    """The numbers that colour the boxes, where there are any."""
    if values is not None and overlay is not None:
        raise OptionError("values and overlay both colour the boxes; give one of them")
    if overlay is None and column is not None:
        raise OptionError(f"overlay_column chooses a column of an overlay, and there is none; received {column!r}")
    if values is not None:
        return values_on(graph, values)
    return None if overlay is None else overlay_on(graph, overlay, column=column, rollup=rollup)


def _noted(options: LabelOptions, graph: Graph, overlay: Overlay) -> LabelOptions:
    """Labels that say the numbers too."""
    notes = {graph.ids[node]: overlay.words(value) for node, value in overlay.nodes.items()}
    for node, (identity, name) in enumerate(zip(graph.ids, graph.names, strict=True)):
        own = options.annotations.get(identity, options.annotations.get(name))
        if own:
            notes[identity] = f"{notes[identity]}\n{own}" if node in overlay.nodes else own
    of_groups = {group: overlay.words(overlay.groups[group]) for group in overlay.given_groups()}
    return replace(options, annotations=notes, group_notes=of_groups)


def _marks(
    graph: Graph,
    theme: Theme,
    highlight: Wanted,
    numbers: Overlay | None,
    legend: bool,
    closed: Callable[[int], bool] | None,
) -> Marks:
    nodes, groups = find(graph, highlight, "highlight")
    if numbers is None:
        return Marks(highlighted_nodes=nodes, highlighted_groups=groups, show_legend=legend)
    fills, entries = shades(graph, theme, numbers, closed)
    return Marks(fills=fills, highlighted_nodes=nodes, highlighted_groups=groups, legend=entries, show_legend=legend)
