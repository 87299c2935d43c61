"""Makes the table of what TensorFlow's operations give, which readers of operation graphs need.

A file names neither the outputs of an operation nor their types. Inside a function an input is written
``node:output_argument:index``; its number among all outputs follows from the operation's declaration too. The table
holds the declarations in the registry of the installed TensorFlow::

    python scripts/make_op_outputs.py

One operation a line, with its output arguments: ``name*length`` is a list with the attribute that gives its length (or
its types), ``=attribute`` the attribute that gives the type, ``:type`` the type itself or that attribute's default.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.core.framework import op_def_pb2
from tensorflow.python.client import pywrap_tf_session

TABLE = Path(__file__).resolve().parent.parent / "src" / "cutaway" / "readers" / "tensorflow" / "op_outputs.txt"


def _argument(argument: Any, defaults: dict[str, int]) -> str:
    length = argument.number_attr or argument.type_list_attr
    told = f"{argument.name}*{length}" if length else str(argument.name)
    if argument.type_attr:
        told += f"={argument.type_attr}"
    dtype = argument.type or defaults.get(argument.type_attr, 0)
    return f"{told}:{tf.dtypes.as_dtype(dtype).name}" if dtype else told


def main() -> None:
    """Write the table."""
    operations = op_def_pb2.OpList()
    operations.ParseFromString(pywrap_tf_session.TF_GetBuffer(pywrap_tf_session.TF_GetAllOpList()))
    lines = [f"# What the operations of TensorFlow {tf.__version__} give; made by scripts/make_op_outputs.py."]
    for operation in sorted(operations.op, key=lambda operation: operation.name):
        defaults = {attribute.name: attribute.default_value.type for attribute in operation.attr}
        lines.append(" ".join([operation.name, *(_argument(output, defaults) for output in operation.output_arg)]))
    TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
