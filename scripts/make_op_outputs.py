"""Makes the table of TensorFlow's operations with several outputs, which readers of functions need.

Inside a function an input is written ``node:output_argument:index``; the number of that output among all of the node
follows from the operation's declaration. The table holds the operations with two output arguments or more, or with an
argument that is a list, from the registry of the installed TensorFlow::

    python scripts/make_op_outputs.py

One operation a line: its output arguments, a list with ``*`` and the attribute that gives its length.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.core.framework import op_def_pb2
from tensorflow.python.client import pywrap_tf_session

TABLE = Path(__file__).resolve().parent.parent / "src" / "cutaway" / "readers" / "tensorflow" / "op_outputs.txt"


def _argument(argument: Any) -> str:
    length = argument.number_attr or argument.type_list_attr
    return f"{argument.name}*{length}" if length else str(argument.name)


def main() -> None:
    """Write the table."""
    operations = op_def_pb2.OpList()
    operations.ParseFromString(pywrap_tf_session.TF_GetBuffer(pywrap_tf_session.TF_GetAllOpList()))
    lines = [f"# Operations with several outputs in TensorFlow {tf.__version__}; made by scripts/make_op_outputs.py."]
    for operation in sorted(operations.op, key=lambda operation: operation.name):
        arguments = [_argument(argument) for argument in operation.output_arg]
        if len(arguments) > 1 or any("*" in argument for argument in arguments):
            lines.append(f"{operation.name} {' '.join(arguments)}")
    TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
