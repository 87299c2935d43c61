"""The numbers that TensorFlow's files give to element types, and their names."""

from __future__ import annotations

_NAMES = (
    "", "float32", "float64", "int32", "uint8", "int16", "int8", "string", "complex64", "int64", "bool", "qint8",
    "quint8", "qint32", "bfloat16", "qint16", "quint16", "uint16", "complex128", "float16", "resource", "variant",
    "uint32", "uint64", "float8_e5m2", "float8_e4m3fn", "float8_e4m3fnuz", "float8_e4m3b11fnuz", "float8_e5m2fnuz",
    "int4", "uint4", "int2", "uint2",
    "float4_e2m1fn",
)  # fmt: skip

_PROTO_NAMES = {"float32": "FLOAT", "float64": "DOUBLE", "float16": "HALF"}
"""Where the text form of a file says something else than ``DT_`` and the name."""

_REFERENCE = 100
"""Added to the number of a type: a reference to a variable of that type, in TensorFlow 1."""


def dtype_name(number: int) -> str | None:
    """Name of an element type, such as ``"float32"``; None for no type.

    A reference to a variable has the name of what it refers to. A number that this version does not know is told as
    it stands.
    """
    plain = number - _REFERENCE if number > _REFERENCE else number
    if plain == 0:
        return None
    return _NAMES[plain] if 0 < plain < len(_NAMES) else f"DT_{number}"


def dtype_numbers() -> dict[str, int]:
    """Numbers by the names in texts, such as ``DT_FLOAT`` and ``DT_FLOAT_REF``."""
    table = {"DT_INVALID": 0}
    for number, name in enumerate(_NAMES[1:], start=1):
        proto = f"DT_{_PROTO_NAMES.get(name, name.upper())}"
        table[proto] = number
        table[f"{proto}_REF"] = number + _REFERENCE
    return table
