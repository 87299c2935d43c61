"""Writes ``src/cutaway/checks/xla_ops.py``: the operations that TensorFlow runs, and XLA does not compile::

    python scripts/make_xla_ops.py

Asks the registry of kernels of the installed TensorFlow. Left out is what no model that is for use holds: data sets,
queues, summaries, communication, debugging, updates of optimizers.
"""

from __future__ import annotations

import re
import sys
import textwrap
from pathlib import Path
from typing import Any

TARGET = Path(__file__).resolve().parent.parent / "src" / "cutaway" / "checks" / "xla_ops.py"

_LEFT_OUT = re.compile(
    r"^_|Dataset|Iterator|Queue|Summary|Collective|Debug|Accumulator|Barrier|Experimental|Dummy|Stage|Mutex|Session|"
    r"Apply|Optional|MemoryCache|Seed|Thread|Rpc|Stats|TensorMap|^Test|Kernel|Mlir|BatchFunction|Reader|Stub|Copy|"
    r"Resource(Scatter|Strided|Count)|Scatter(Add|Sub|Mul|Div|Max|Min|Update)$|Send|Recv|Unstack?age|Calibration|Profiler"
)
_SPECIAL = (
    "Placeholder PlaceholderV2 VarHandleOp VariableV2 Variable TemporaryVariable DestroyTemporaryVariable Switch Merge "
    "Enter Exit NextIteration LoopCond SaveV2 Save SaveSlices RestoreV2 Restore RestoreSlice MergeV2Checkpoints "
    "ShardedFilename ShardedFilespec RefSwitch RefMerge RefEnter RefExit RefNextIteration RefIdentity RefSelect Assign "
    "AssignAdd AssignSub IsVariableInitialized ImmutableConst HostConst FakeParam GraphDefVersion DisableCopyOnRead "
    "DestroyResourceOp DeviceIndex"
)
"""What stands around a computation, or becomes another thing before it is compiled."""


def unsupported() -> tuple[str, list[str]]:
    """The version of TensorFlow, and the names."""
    import tensorflow as tf

    def nothing(x: Any) -> Any:
        return x + 1

    tf.function(nothing, jit_compile=True)(tf.ones(1))  # the kernels of XLA are registered when it is first used
    from tensorflow.python.framework.kernels import get_all_registered_kernels

    by_device: dict[str, set[str]] = {}
    for kernel in get_all_registered_kernels().kernel:
        by_device.setdefault(kernel.device_type, set()).add(kernel.op)
    names = by_device["CPU"] - by_device["XLA_CPU_JIT"] - set(_SPECIAL.split())
    return tf.__version__, sorted(name for name in names if _LEFT_OUT.search(name) is None)


def main() -> int:
    """Write the module; say how many names it has."""
    version, names = unsupported()
    lines = textwrap.wrap(" ".join(names), 110)
    text = (
        f'"""Operations that TensorFlow {version} runs, and XLA does not compile.\n\n'
        'Written by ``scripts/make_xla_ops.py``; do not edit.\n"""\n\n'
        "from __future__ import annotations\n\n"
        "_NAMES = (\n"
        + "\n".join(f'    "{line} "' for line in lines)
        + "\n)\n\nNOT_IN_XLA = frozenset(_NAMES.split())\n"
    )
    TARGET.write_text(text, encoding="utf-8")
    print(f"wrote {len(names)} names to {TARGET.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
