"""Writes src/cutaway/readers/litert/schema.txt from the schema that TensorFlow carries.

Usage: python scripts/make_litert_schema.py    (needs tensorflow-cpu)
"""

from __future__ import annotations

import ast
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "src/cutaway/readers/litert/schema.txt"

KINDS = {
    "Int8Flags": "b", "Uint8Flags": "B", "Int16Flags": "h", "Uint16Flags": "H", "Int32Flags": "i", "Uint32Flags": "I",
    "Int64Flags": "q", "Uint64Flags": "Q", "Float32Flags": "f", "Float64Flags": "d", "BoolFlags": "?",
}  # fmt: skip
"""Number types of FlatBuffers as the letters of `struct`; a string is "s", a vector has a star before its letter."""

# The generated Python has forgotten which numbers stand for names: (options, field) or field → enumeration.
NAMED = {
    "padding": "Padding",
    "fused_activation_function": "ActivationFunctionType",
    "weights_format": "FullyConnectedOptionsWeightsFormat",
    "kernel_type": "LSTMKernelType",
    "mode": "MirrorPadMode",
    "combiner": "CombinerType",
    "in_data_type": "TensorType",
    "out_data_type": "TensorType",
    "out_type": "TensorType",
    "output_type": "TensorType",
    "idx_out_type": "TensorType",
    "quantized_bias_type": "TensorType",
    "key_dtype": "TensorType",
    "value_dtype": "TensorType",
    "LSHProjectionOptions.type": "LSHProjectionType",
    "reduce_function": "ReduceWindowFunction",
    "algorithm": "RngAlgorithm",
    "comparison_direction": "StablehloComparisonDirection",
    "compare_type": "StablehloComparisonType",
    "precision_config": "StablehloPrecisionConfig",
}
NUMBERS = {"StablehloConvolutionOptions.padding", "StablehloReduceWindowOptions.padding"}
"""Fields of a name above that are numbers all the same."""


def snake(name: str) -> str:
    """``DilationWFactor`` → ``dilation_w_factor``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def slot_of(method: ast.FunctionDef) -> int | None:
    """Number of the field that an accessor reads."""
    found = re.search(r"_tab\.Offset\((\d+)\)", ast.unparse(method))
    return None if found is None else (int(found.group(1)) - 4) // 2


def field_of(options: str, method: ast.FunctionDef) -> str | None:
    """One field as ``slot name letter default enumeration``, or None for a method that is none."""
    text = ast.unparse(method)
    slot = slot_of(method)
    if slot is None or re.search(r"(AsNumpy|Length|IsNone)$", method.name):
        return None
    vector = len(method.args.args) > 1
    number = re.search(r"Get\(flatbuffers\.number_types\.(\w+),", text)
    if number is not None:
        letter = KINDS[number.group(1)]
    elif "_tab.String(" in text:
        letter = "s"
    else:
        return None  # tables in options: read where they are needed
    name = snake(method.name)
    default = ast.unparse(method.body[-1]).removeprefix("return ") if not vector and letter != "s" else "0"
    named = "" if f"{options}.{name}" in NUMBERS else NAMED.get(f"{options}.{name}") or NAMED.get(name, "")
    default = str(int(default == "True")) if default in ("True", "False") else default
    return " ".join([str(slot), name, ("*" if vector else "") + letter, default, named]).rstrip()


def lines(tree: ast.Module) -> Iterator[str]:
    """The whole table."""
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef) and not node.name.endswith("T")}
    enums: dict[str, dict[str, int]] = {}
    for name, node in classes.items():
        pairs = {
            item.targets[0].id: ast.literal_eval(item.value)
            for item in node.body
            if isinstance(item, ast.Assign) and isinstance(item.targets[0], ast.Name)
            and isinstance(item.value, ast.Constant | ast.UnaryOp)
        }  # fmt: skip
        if pairs:
            enums[name] = pairs
    shown = {"BuiltinOperator", "BuiltinOptions", "BuiltinOptions2", *NAMED.values()}
    for name in sorted(shown):
        yield f"enum {name}: " + " ".join(f"{number}={word}" for word, number in enums[name].items())
    used = {*enums["BuiltinOptions"], *enums["BuiltinOptions2"]}
    for name in sorted(used - {"NONE"}):
        # The name of a union's member is the name of its table, up to the spelling of one.
        node = classes[name]
        fields = [field_of(name, item) for item in node.body if isinstance(item, ast.FunctionDef)]
        yield f"options {name}: " + ", ".join(field for field in fields if field)


def main() -> None:
    """Write the table."""
    package = importlib.util.find_spec("tensorflow")
    if package is None or package.origin is None:
        raise SystemExit("needs TensorFlow: pip install tensorflow-cpu")
    schema = Path(package.origin).parent / "lite/python/schema_py_generated.py"
    text = "\n".join(line.rstrip() for line in lines(ast.parse(schema.read_text(encoding="utf-8"))))
    header = "# Written by scripts/make_litert_schema.py from the schema of TensorFlow Lite; do not edit.\n"
    TARGET.write_text(header + text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
