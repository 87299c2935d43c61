"""From the names of tensors to the layers that an operation was made of.

The converter names a tensor after the TensorFlow operations that it merged: ``net/act/Relu;net/conv/Conv2D``. It glues
digits to a name that is taken, and the results of the model have lost their names.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from cutaway.readers.litert.model import Operator, Subgraph
from cutaway.readers.tensorflow.scopes import Scopes, is_numbered

Path = tuple[str, ...]

_FIRST = re.compile(r"^(pad|zeropad)", re.IGNORECASE)
_MAIN = re.compile(r"^(conv|matmul|depthwise|separable|dense|tensordot|einsum|batchmatmul|gather)", re.IGNORECASE)
_LAST = re.compile(r"^(relu|relu6|sigmoid|tanh|softmax|elu|selu|leaky|swish|silu|gelu|hard)", re.IGNORECASE)
_GLUED = re.compile(r"\d+$")
_READ = re.compile(r"/ReadVariableOp(/resource)?\d*$")


@dataclass(slots=True)
class Label:
    """Where an operation stands among the layers.

    Attributes:
        home: Layers around it, outermost first, as their scopes stand in the file; empty where nothing is known.
        merged: Other layers that the converter merged into it.
        order: All of these layers in the order in which they ran.
        short: Its own name without scopes.
    """

    home: Path = ()
    merged: list[Path] = field(default_factory=list)
    order: list[Path] = field(default_factory=list)
    short: str = ""


class LayerNames:
    """Labels of the operations of one subgraph.

    Args:
        subgraph: Its tensors and operations.
    """

    def __init__(self, subgraph: Subgraph) -> None:
        self._subgraph = subgraph
        names = {part for tensor in subgraph.tensors for part in parts(tensor.name)}
        names |= {part[: part.index("/Tensordot/") + 10] for part in names if "/Tensordot/" in part}
        self._names = frozenset(names)
        plain = Scopes(self._names)
        made = [plain.path(part) for operator in subgraph.operators for part in self._parts(operator)]
        self._scopes = Scopes(self._names, numbered=is_numbered((), [path for path in made if path]))
        self.labels = [self._label(operator) for operator in subgraph.operators]
        self._join_nameless()
        self.model = self._drop_model()

    @property
    def is_telling(self) -> bool:
        """Whether enough operations have scopes that grouping by them tells something."""
        return sum(bool(label.home) for label in self.labels) * 2 > len(self.labels)

    def shown(self, scope: str) -> str:
        """Name of the layer of a scope."""
        return self._scopes.shown(scope)

    def _parts(self, operator: Operator) -> list[str]:
        """Names of the operations that were merged into one, in the order in which they ran."""
        tensors = self._subgraph.tensors
        found = [part for index in operator.outputs if 0 <= index < len(tensors) for part in parts(tensors[index].name)]
        plain = [_READ.sub("", part) for part in found]
        return sorted(dict.fromkeys(_without_strangers(operator.code.op, plain)), key=_turn)

    def _label(self, operator: Operator) -> Label:
        found = self._parts(operator)
        scoped = [part for part in found if "/" in part]
        if not scoped:
            scoped = self._parts_of_constants(operator)
        if not scoped:
            return Label(short=self._short(found[0]) if found else "")
        paths = list(dict.fromkeys(self._scopes.path(part) for part in scoped))
        main = next((part for part in scoped if _turn(part) == 1), scoped[0])
        home = self._scopes.path(main)
        merged = [path for path in paths if path != home and path and path != home[: len(path)]]
        return Label(home, merged, paths, self._short(main))

    def _parts_of_constants(self, operator: Operator) -> list[str]:
        """A kernel keeps the name of its layer, also where the result of the layer has lost it."""
        tensors = self._subgraph.tensors
        constants = (tensors[index] for index in operator.inputs[1:2] if 0 <= index < len(tensors))
        read = [part for tensor in constants if tensor.buffer for part in parts(tensor.name)]
        return [part for name in read if "/" in (part := _READ.sub("", name))]

    def _short(self, part: str) -> str:
        last = part.rpartition("/")[2]
        bare = _GLUED.sub("", part)
        return bare.rpartition("/")[2] if bare in self._names else last

    def _join_nameless(self) -> None:
        """A result without a name of its own belongs to the layer that feeds it, where there is only one."""
        makers = {tensor: at for at, operator in enumerate(self._subgraph.operators) for tensor in operator.outputs}
        for at, operator in enumerate(self._subgraph.operators):
            if self.labels[at].home or not set(operator.outputs) & set(self._subgraph.outputs):
                continue
            feeding = {makers[tensor] for tensor in operator.inputs if tensor in makers}
            if len(feeding) == 1:
                self.labels[at].home = self.labels[feeding.pop()].home

    def _drop_model(self) -> str:
        """Take the scope of the model itself off all paths, and return its name."""
        firsts = Counter(label.home[0] for label in self.labels if label.home)
        if len(firsts) != 1 or not any(len(label.home) > 1 for label in self.labels):
            return ""
        first = next(iter(firsts))
        for label in self.labels:
            label.home = label.home[1:]
            label.merged, label.order = (
                [path[1:] if path[:1] == (first,) else path for path in paths if path != (first,)]
                for paths in (label.merged, label.order)
            )
        return self.shown(first)


def parts(name: str) -> list[str]:
    """Names of TensorFlow's operations in the name of a tensor; none in the name of a signature's result."""
    return [
        part
        for part in name.split(";")
        if part and not part.isdigit() and not re.search(r":\d+$", part) and not part.startswith(("tfl.", "arith."))
    ]


def _without_strangers(op: str, found: list[str]) -> list[str]:
    """The names without those of other layers, which come with a constant that several layers share.

    An operation computes one convolution or product: that of its own kind, in the scope that most of its names are in.
    """
    mains = [part for part in found if _turn(part) == 1]
    if op not in ("CONV_2D", "DEPTHWISE_CONV_2D") or len(mains) < 2:
        return found
    wanted = op == "DEPTHWISE_CONV_2D"
    fitting = [part for part in mains if part.rpartition("/")[2].startswith("depthwise") == wanted] or mains
    scopes = Counter(part.rpartition("/")[0] for part in found)
    main = max(fitting, key=lambda part: scopes[part.rpartition("/")[0]])
    own = main.rpartition("/")[0]
    return [part for part in found if part not in mains or part.rpartition("/")[0] == own]


def own_name(subgraph: Subgraph, operator: Operator) -> str:
    """Name of the first result of an operation, without scopes; empty where it has none of its own."""
    tensors = subgraph.tensors
    named = (tensors[index].name for index in operator.outputs if 0 <= index < len(tensors))
    found = parts(next(named, ""))
    return found[0].rpartition("/")[2] if found else ""


def inhabited(homes: Iterable[Path]) -> Counter[Path]:
    """How many operations lie at or below each path."""
    counts: Counter[Path] = Counter()
    for home in homes:
        for length in range(1, len(home) + 1):
            counts[home[:length]] += 1
    return counts


def _turn(part: str) -> int:
    """Where an operation stands in what was merged: padding, the computation itself, what follows, activation."""
    *scopes, last = part.split("/")
    inner = scopes[-1] if scopes else ""
    if _FIRST.match(last):
        return 0
    if _MAIN.match(last) or inner == "Tensordot":
        return 1
    return 3 if _LAST.match(last) else 2
