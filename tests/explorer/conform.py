"""Whether a value of JSON is of one of the types of the contract."""

from __future__ import annotations

import json
from typing import Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict


def check(value: Any, wanted: Any, where: str) -> None:
    """Fail where a value of JSON is not of a type."""
    origin = get_origin(wanted)
    if is_typeddict(wanted):
        assert isinstance(value, dict), where
        hints = get_type_hints(wanted, include_extras=True)
        needed = {name for name, hint in hints.items() if get_origin(hint) is not NotRequired}
        assert needed <= set(value) <= set(hints), f"{where}: {set(value) ^ set(hints)}"
        for name in value:
            hint = hints[name]
            check(value[name], get_args(hint)[0] if get_origin(hint) is NotRequired else hint, f"{where}.{name}")
    elif origin is Literal:
        assert value in get_args(wanted), where
    elif origin is list:
        for at, item in enumerate(value):
            check(item, get_args(wanted)[0], f"{where}[{at}]")
    elif origin is tuple:
        assert len(value) == len(get_args(wanted)), where
        for item, hint in zip(value, get_args(wanted), strict=True):
            check(item, hint, where)
    elif origin is dict:
        for name, item in value.items():
            check(item, get_args(wanted)[1], f"{where}.{name}")
    elif origin is Union or type(wanted).__name__ == "UnionType":
        assert any(fits(value, hint, where) for hint in get_args(wanted)), f"{where}: {value!r} is no {wanted}"
    elif wanted is object:  # any JSON
        json.dumps(value)
    elif wanted is float:
        assert isinstance(value, int | float), where
        assert not isinstance(value, bool), where
    else:
        assert type(value) is wanted, f"{where}: {value!r} is no {wanted}"


def fits(value: Any, wanted: Any, where: str) -> bool:
    try:
        check(value, wanted, where)
    except AssertionError:
        return False
    return True
