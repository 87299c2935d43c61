"""The names that numbers of the file stand for: operations, types, and the fields of every operation's options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from cutaway.readers.wire.flatbuffer import Table

LONGEST = 64
"""Elements of a list in the options that are shown; the longest seen in real files has 8."""

_RARE = frozenset({"quantized_bias_type", "pot_scale_int16", "asymmetric_quantize_inputs", "weights_format"})
"""Fields that are shown only where the file has them; most files are older than they are."""


@dataclass(frozen=True, slots=True)
class _Field:
    slot: int
    name: str
    letter: str
    default: float
    names: str


class _Schema:
    def __init__(self, text: str) -> None:
        self._enums: dict[str, str] = {}
        self._options: dict[str, str] = {}
        for line in text.splitlines():
            head, _, body = line.partition(":")
            kind, _, name = head.partition(" ")
            if kind == "enum":
                self._enums[name] = body
            elif kind == "options":
                self._options[name] = body
        self._names: dict[str, dict[int, str]] = {}
        self._fields: dict[str, tuple[_Field, ...]] = {}

    def names(self, enum: str) -> Mapping[int, str]:
        """Words of an enumeration by number."""
        found = self._names.get(enum)
        if found is None:
            pairs = (pair.split("=") for pair in self._enums[enum].split())
            found = self._names[enum] = {int(number): word for number, word in pairs}
        return found

    def fields(self, options: str) -> tuple[_Field, ...]:
        """Fields of one kind of options."""
        found = self._fields.get(options)
        if found is None:
            body = self._options.get(options, "").strip()
            found = self._fields[options] = tuple(_field(entry) for entry in body.split(", ") if entry)
        return found


def _field(entry: str) -> _Field:
    slot, name, letter, default, *names = entry.split(" ")
    number = float(default) if letter in "fd" else int(default)
    return _Field(int(slot), name, letter, bool(number) if letter == "?" else number, names[0] if names else "")


@cache
def _schema() -> _Schema:
    return _Schema(resources.files(__package__).joinpath("schema.txt").read_text(encoding="utf-8"))


def operation(code: int) -> str:
    """Name of a builtin operation, also of one that is newer than this table."""
    return _schema().names("BuiltinOperator").get(code, f"BUILTIN {code}")


def dtype(code: int) -> str:
    """Name of an element type, such as ``"float32"``."""
    return _schema().names("TensorType").get(code, f"type {code}").lower()


def options(operator: Table) -> tuple[str, dict[str, Any]]:
    """Kind and fields of an operation's options, by their names in the schema."""
    for which, slot in (("BuiltinOptions2", 11), ("BuiltinOptions", 3)):
        code = operator.number(slot, "B")
        table = operator.table(slot + 1) if code else None
        if table is not None:
            kind = _schema().names(which).get(code, "")
            values = ((field, _value(table, field)) for field in _schema().fields(kind))
            return kind, {
                field.name: value for field, value in values if field.name not in _RARE or table.has(field.slot)
            }
    return "", {}


def _value(table: Table, field: _Field) -> Any:
    letter = field.letter
    if letter == "s":
        return table.text(field.slot)
    if letter[0] != "*":
        number = table.number(field.slot, letter, field.default)
        if letter == "f":
            return shortest(number)
        return _word(number, field.names) if field.names else number
    _, length = table.span(field.slot, 1)
    if letter == "*B":
        return f"{length:,} bytes"
    if length > LONGEST:
        return f"{length:,} values"
    numbers = table.numbers(field.slot, letter[1])
    return [_word(number, field.names) for number in numbers] if field.names else [shortest(n) for n in numbers]


def shortest(number: Any) -> Any:
    """A 32-bit float with the digits that it has: 0.2, and not 0.20000000298023224. Other numbers as they are."""
    return float(f"{number:.7g}") if isinstance(number, float) else number


def _word(number: int, enum: str) -> str:
    word = _schema().names(enum).get(number, str(number))
    return word.lower() if enum == "TensorType" else word.rpartition("STABLEHLO_")[2]
