"""Weights of live layers by reference: names from where a layer stands in the model, one `Weight` per variable."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from cutaway.graph import Weight
from cutaway.readers.live.calls import dtype_name
from cutaway.readers.live.kinds import is_framework_class

_COUNTED = re.compile(r"variable(_\d+)?")


class WeightBook:
    """Gives each variable its `Weight`, the same one every time it is met.

    Args:
        root: The model; it knows which variables training changes, and the owner of one that is read past its layer.
    """

    def __init__(self, root: Any) -> None:
        self.root = root
        self._counted = {id(variable) for variable in root.weights}
        self._trainable = {id(variable) for variable in root.trainable_weights}
        self._by_variable: dict[int, Weight] = {}
        self._taken: dict[str, int] = {}
        self._kept: list[Any] = []  # an id stays a name only while its object lives

    @property
    def ids(self) -> dict[int, str]:
        """The id of each weight by the identity of its variable."""
        return {variable: weight.id for variable, weight in self._by_variable.items()}

    def of(self, variables: Iterable[Any], path: str, owner: Any = None) -> list[Weight]:
        """The weights of some variables.

        Args:
            variables: Variables of Keras or TensorFlow.
            path: Where those not met before are named after.
            owner: The layer that holds them, which knows a name for those that have none.
        """
        return [self._by_variable.get(id(variable)) or self._add(variable, path, owner) for variable in variables]

    def _is_trainable(self, variable: Any) -> bool:
        """As the whole model counts; a weight that was made while its layer was followed says it itself."""
        if id(variable) in self._counted or not is_framework_class(type(variable)):
            return id(variable) in self._trainable
        return bool(variable.trainable)

    def _owner_of(self, variable: Any) -> Any:
        layers = [self.root, *_layers_in(self.root)]
        return next((one for one in layers if any(held is variable for held in own_variables(one))), None)

    def of_group(self, layer: Any, path: str) -> list[Weight]:
        """The weights of a layer that belong to it and to no node of its inside: its own, and those of layers
        in it that were not called. To be asked after the inside was placed.
        """
        found = self.of(group_variables(layer), path, layer)
        for part in _layers_in(layer):
            missed = [one for one in own_variables(part) if id(one) not in self._by_variable]
            found += self.of(missed, join(path, part.name), part)
        return found

    def _add(self, variable: Any, path: str, owner: Any) -> Weight:
        name = variable.name.rpartition("/")[2].partition(":")[0]
        if owner is None:
            owner = self._owner_of(variable)
            path = path if owner is None or owner is self.root else join(path, owner.name)
        if _COUNTED.fullmatch(name):  # a name that Keras made up differs from run to run
            held = vars(owner).items() if owner is not None else ()
            name = next((key.lstrip("_") for key, value in held if value is variable), name)
        wanted = join(path, name)
        count = self._taken.get(wanted, 0) + 1
        self._taken[wanted] = count
        weight = Weight(
            id=wanted if count == 1 else f"{wanted}@{count}",
            name=name,
            shape=tuple(int(dim) for dim in variable.shape),
            dtype=dtype_name(variable.dtype),
            trainable=self._is_trainable(variable),
        )
        self._by_variable[id(variable)] = weight
        self._kept.append(variable)
        return weight


def join(path: str, name: str) -> str:
    """The path of something called ``name`` inside ``path``."""
    return f"{path}/{name}" if path else name


def _layers_in(layer: Any) -> list[Any]:
    flatten = getattr(layer, "_flatten_layers", None)
    return [] if flatten is None else list(flatten(include_self=False, recursive=True))


def own_variables(layer: Any) -> list[Any]:
    """The weights that a layer holds itself, not those of the layers in it."""
    trainable = getattr(layer, "_trainable_variables", None)
    if trainable is None:  # Keras 2
        trainable, rest = getattr(layer, "_trainable_weights", []), getattr(layer, "_non_trainable_weights", [])
    else:
        rest = layer._non_trainable_variables
    seen: set[int] = set()
    found = []
    for variable in [*trainable, *rest]:
        if id(variable) not in seen:
            seen.add(id(variable))
            found.append(variable)
    return found


def group_variables(layer: Any) -> list[Any]:
    """The weights that a layer holds and no layer in it does: some wrappers also hold those of what they wrap."""
    own = own_variables(layer)
    inner = {id(one) for part in _layers_in(layer) for one in own_variables(part)} if own else ()
    return [variable for variable in own if id(variable) not in inner]


def all_variables(layer: Any) -> list[Any]:
    """The weights of a layer in Keras' own order; operations have none."""
    if getattr(layer, "_layers", None):
        return list(layer.weights)
    if hasattr(layer, "_trainable_variables"):
        return own_variables(layer)
    return list(getattr(layer, "weights", ()))
