"""The answers of the server, as types. ``scripts/make_contract.py`` makes ``web/src/contract.ts`` of them.

Lengths are px at scale 1, x to the right and y down. Nodes and groups are named by their index in the graph. A child
of a group is a node's index, or ~index of a group.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

SCHEMA = 1
"""Version of the chart and of the containers of columns."""


class Model(TypedDict):
    """What was read. The sums of weights are null for large models; the columns have them."""

    name: str
    format: str
    producer: str
    nodes: int
    edges: int
    groups: int
    parameters: int | None
    trainable_parameters: int | None
    weight_bytes: int | None
    warnings: list[str]


class Theme(TypedDict):
    """Colours as "#rrggbb". `families` holds the fill and the stroke of a box by the family of its operation."""

    background: str | None
    families: dict[str, tuple[str, str]]
    group_fill: str
    group_stroke: str
    wire: str
    text: str
    name_text: str
    title: str
    count: str
    highlight: str
    scale: list[str]


class Sizes(TypedDict):
    """Constants of the drawing, in px.

    `op`, `name`, `title`: font sizes. `line`: from one line of a box to the next. `one_line`: height of a box of one
    line. `padding`, `title_padding`: between a text and the border. `title_strip`: height of the strip of a group's
    title. `wire`: width of a wire. `tint`: share of a family's colour in the fill of an opened layer. `smallest_scale`:
    scale on the page below which a picture draws a group as a solid box.
    """

    op: float
    name: float
    title: float
    line: float
    one_line: float
    padding: float
    title_padding: float
    title_strip: float
    wire: float
    tint: float
    smallest_scale: float


Path = list[float]
"""Pieces of a line, one after the other: 0 x y moves, 1 x y draws a line, 2 x1 y1 x2 y2 x y a cubic curve."""

SheetWire = tuple[int, int, int, int, int, Path]
"""source, port, target, slot, arrow (0 or 1), path; the path runs from source to target.

A source or target is a position among the children, or ~k for the group's own k-th pin: entering as a source, leaving
as a target. `port` and `slot` are those of a node; of a group, the number of its pin.
"""


class Sheet(TypedDict):
    """Geometry of an inside, in its own coordinates; groups with equal insides share one.

    `boxes` holds x, y, width, height of each child; `ins` and `outs` x, y of each pin, inside the margin.
    """

    w: float
    h: float
    flow: Literal["down", "right"]
    boxes: list[float]
    wires: list[SheetWire]
    ins: list[float]
    outs: list[float]


class Look(TypedDict):
    """What equal groups share beside their geometry.

    `lines`: for each child, the lines of a node's box, or the title of a group and what stands at its right.
    `families`: for each child, the position of its colours in `Head.families`; -1 for a plain group.
    `titles`: for each child, how far the title of a group moves right; 0 for a node.
    `crossed`: positions of children whose title a wire runs behind all the same.
    `leads`: from the border of this very group to the wires inside, entering ones first, in its own coordinates.
    """

    lines: list[list[str]]
    families: list[int]
    titles: list[float]
    crossed: list[int]
    leads: list[Path]


class Part(TypedDict):
    """One group.

    `x`, `y`, `scale`: where the origin of its inside lies, and how large a px of it is, in the coordinates of the
    parent's inside. `box`: its position among the parent's children; -1 for the root, as is `parent`.
    `ids`: the id of each child; one that begins with "/" is the group's own id followed by it.
    `ins`, `outs`: node and port of the tensor at each pin, flat. `closed`: 0 has an inside; 1 was closed by choice;
    2 is laid out when it is asked for. Where it is not 0, `sheet` and `look` are -1 and `children` is empty.
    """

    sheet: int
    look: int
    x: float
    y: float
    scale: float
    box: int
    parent: int
    depth: int
    children: list[int]
    ids: list[str]
    ins: list[int]
    outs: list[int]
    name: str
    kind: str
    closed: Literal[0, 1, 2]


class Slice(TypedDict):
    """Parts, with the sheets and looks that they need; the keys are their numbers, which never change."""

    sheets: dict[str, Sheet]
    looks: dict[str, Look]
    parts: dict[str, Part]


class Live(TypedDict):
    """What can be asked beyond the chart. `inside`: number of inputs that the model was run on, 0 to 2."""

    weights: bool
    focus: bool
    export: bool
    inside: int


class ChangeLook(TypedDict):
    """How a state looks: the letter in the corner of a box, words for the legend, and colours by theme."""

    letter: str
    says: str
    fills: dict[str, str]
    strokes: dict[str, str]


class Compare(TypedDict):
    """What a chart says where two models are compared.

    `side`: whether it shows both as one, the old or the new one; `charts` are the numbers of the three, in that order.
    `names`, `formats`: of the old and the new model. `level`: "node" or "layer", what was compared. `counts`: of these,
    by kind. `totals`: name, old, new. `notCounted`: what the sums of each leave out. `states`: by code. `quiet`,
    `quietStroke`: fill and border of what is equal, by theme.
    """

    side: Literal["both", "old", "new"]
    charts: list[int]
    names: list[str]
    formats: list[str]
    level: str
    counts: dict[str, int]
    totals: list[tuple[str, int, int]]
    notCounted: list[list[str]]
    looks: dict[str, ChangeLook]
    quiet: dict[str, str]
    quietStroke: dict[str, str]
    states: list[str]


class ChangedUnit(TypedDict):
    """A layer or operation as a comparison tells it; `macs` and `flops` are null where they cannot be counted."""

    id: str
    name: str
    op: str
    group: NotRequired[str]
    parameters: NotRequired[int]
    macs: NotRequired[int | None]
    flops: NotRequired[int | None]
    output_bytes: NotRequired[int]


class ChangeDetail(TypedDict):
    """One thing that is otherwise; `old` and `new` are any JSON."""

    what: str
    name: str
    old: object
    new: object


class Change(TypedDict):
    """What happened to one unit: an entry of the section `change` of the comparison."""

    old: NotRequired[ChangedUnit]
    new: NotRequired[ChangedUnit]
    renamed: NotRequired[bool]
    moved: NotRequired[bool]
    changes: NotRequired[list[ChangeDetail]]
    fused: NotRequired[list[ChangedUnit]]


class Head(TypedDict):
    """The first answer: the model, the look of everything, and the parts that are seen first.

    `theme` is the one that was chosen, or an empty string; a theme of its own is in `themes` too. `title`: the model in
    words, for screen readers. `chart`: number of the chart, which later requests name. `postponed`: number of groups
    that are laid out when they are asked for. `compare` is there where two models are compared,
    `overlay` where the caller has laid a table over the model: which of its columns colours the page at first, in the
    words of a permalink.
    """

    schema: int
    chart: int
    title: str
    model: Model
    theme: str
    themes: dict[str, Theme]
    families: list[str]
    sizes: Sizes
    live: Live
    postponed: int
    sheets: dict[str, Sheet]
    looks: dict[str, Look]
    parts: dict[str, Part]
    compare: NotRequired[Compare]
    overlay: NotRequired[str]


class Section(TypedDict):
    """One column of a container. `offset` counts from the end of its header; `length` is in bytes."""

    name: str
    type: Literal["u8", "i32", "u32", "f32", "f64", "utf8"]
    offset: int
    length: int
    count: int


class ContainerHeader(TypedDict):
    """The header of a container of columns."""

    schema: int
    sections: list[Section]


class Tensor(TypedDict):
    """A value on an output port; `shape` is null where even the rank is unknown."""

    shape: list[int | None] | None
    dtype: str | None


class WeightKind(TypedDict):
    """What many weights have in common, in the section `weight_kinds` of the columns."""

    name: str
    shape: list[int]
    dtype: str
    trainable: bool


class PathStep(TypedDict):
    """A group around a node or group."""

    index: int
    name: str


class NodeRef(TypedDict):
    """A node, named."""

    node: int
    name: str


class Attribute(TypedDict):
    """An attribute as text; `about` says what it means, where that is known."""

    name: str
    value: str
    about: NotRequired[str]


class NodeInput(TypedDict):
    """An edge that ends at a node; port -1 is an order without a tensor."""

    node: int
    port: int
    name: str
    shape: list[int | None] | None
    dtype: str | None
    label: str


class NodeOutput(TypedDict):
    """An output of a node, and who reads it; `count` is the number of readers, of whom the first are listed.

    Port -1 stands for those that only wait for the node.
    """

    port: int
    shape: list[int | None] | None
    dtype: str | None
    count: int
    readers: list[NodeRef]


class WeightInfo(TypedDict):
    """A weight of a node or group. `code` is its position in the table of weights."""

    code: int
    id: str
    name: str
    shape: list[int]
    dtype: str
    trainable: bool
    parameters: int
    bytes: int
    sharedBy: list[NodeRef]


class CheckWords(TypedDict):
    """What is the same for all findings of a check: its short name, what it looks for, why, and what to do."""

    name: str
    title: str
    why: str
    do: str


class Finding(TypedDict):
    """What a check says. `severity`: 0 error, 1 warning, 2 info. `at`: nodes, or ~index of groups, that it is about,
    the one to look at first; empty for the whole model.
    """

    check: str
    severity: Literal[0, 1, 2]
    what: str
    at: list[int]


class Findings(TypedDict):
    """What was found in a model, the gravest first. `checks`: the words of each check that found something.

    `marks`: flat rows of a node, or ~index of a group, and how many errors, warnings and infos there are at it and,
    for a group, in it. `hidden`: number of findings that are not listed, because there are too many. `unchecked`: why
    nothing was looked for, or an empty text.
    """

    checks: dict[str, CheckWords]
    findings: list[Finding]
    marks: list[int]
    hidden: int
    unchecked: str


class NodeDetails(TypedDict):
    """All about a node, for the inspector.

    `inputCount`, `outputCount`, `weightCount`: how many there are; the first of them are listed.
    """

    index: int
    id: str
    name: str
    op: str
    family: str
    path: list[PathStep]
    attributes: list[Attribute]
    inputs: list[NodeInput]
    inputCount: int
    outputs: list[NodeOutput]
    outputCount: int
    weights: list[WeightInfo]
    weightCount: int
    parameters: int
    trainable_parameters: int
    weight_bytes: int
    facts: dict[str, float]
    found_by: str
    python: str


class GroupDetails(TypedDict):
    """All about a group, with the roll-up of what it holds. `ops` counts the nodes in it by operation.

    `equal`: other groups with the same inside; `inputs` and `outputs` are the tensors that cross its border.
    """

    index: int
    id: str
    name: str
    op: str
    kind: str
    path: list[PathStep]
    attributes: list[Attribute]
    inputs: list[NodeInput]
    inputCount: int
    outputs: list[NodeInput]
    outputCount: int
    weights: list[WeightInfo]
    weightCount: int
    nodes: int
    groups: int
    ops: list[tuple[str, int]]
    equal: list[PathStep]
    parameters: int
    trainable_parameters: int
    weight_bytes: int
    facts: dict[str, float]
    found_by: str
    python: str


class Drawn(TypedDict):
    """What the page has marked, sent with `POST export`; everything may be left out.

    `palette`: colours; `nodes`, `groups`: for each, the position of its colour, as bytes in base64; 0 is that of the
    theme, and of groups 1 too. `node_hits`, `group_hits`: likewise, 1 for a hit. `badges`: flat pairs of a node, or
    ~index of a group, and how grave a finding is. `legend`: colours and their words.
    """

    palette: NotRequired[list[str]]
    nodes: NotRequired[str]
    groups: NotRequired[str]
    node_hits: NotRequired[str]
    group_hits: NotRequired[str]
    badges: NotRequired[list[int]]
    legend: NotRequired[list[tuple[str, str]]]


FigurePaint = tuple[str, str, float, str]
"""Fill and stroke as "#rrggbb" or "none", width of the stroke in px, lengths of dashes and gaps or an empty text."""

FigureFont = tuple[float, int, str, str]
"""Size in px, weight, colour, and which end of the text stands at its place: start, middle or end."""

FigureBox = tuple[Literal["box"], int, float, float, float, float, float, int | None, str]
"""Paint, x, y, width, height, radius of the corners, the node or ~group that it stands for, and lines about it."""

FigureText = tuple[Literal["text"], int, float, float, str]
"""Font, x, y of the baseline, and the text, which is never markup."""

FigureLine = tuple[Literal["line"], int, Path]
"""Paint, and path."""

FigureMark = FigureBox | FigureText | FigureLine
"""A mark of a chart; paints and fonts are positions in those of the theme."""


class Figure(TypedDict):
    """A chart of what a model costs. `group`: that it shows, 0 for the model. `note`: what is too small to be drawn.

    `paints`, `fonts`: by name of the theme.
    """

    name: str
    group: int
    title: str
    note: str
    width: float
    height: float
    marks: list[FigureMark]
    paints: dict[str, list[FigurePaint]]
    fonts: dict[str, list[FigureFont]]


class Figures(TypedDict):
    """The charts of a page of one file, by name and group. `group_of`: for each group, that whose chart it has."""

    group_of: list[int]
    figures: dict[str, dict[str, Figure]]


class Problem(TypedDict):
    """What went wrong: in words for the user, and a word for programs."""

    error: str
    kind: str


class Progress(TypedDict):
    """An event `progress`: how far opening the model has come.

    `seconds`: since the start. `error`: why it failed, and `kind` a word for programs. `chart`: number of the chart of
    the whole model, -1 while there is none. `command`: what starts the server again once it has ended; empty where no
    command line did. An event `changed` has the same form: the file was read again.
    """

    state: Literal["reading", "running", "arranging", "ready", "failed"]
    name: str
    bytes: int
    seconds: float
    error: str
    kind: str
    chart: int
    command: str
