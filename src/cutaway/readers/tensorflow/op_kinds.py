"""Kinds of operations that are no computation: what stands for a variable, brings data in, or hands on what it gets."""

from __future__ import annotations

from cutaway.readers.tensorflow.program import ARGUMENT

RESOURCE = "VarHandleOp"
"""The operation that stands for a variable in TensorFlow 2."""

VARIABLES = frozenset({RESOURCE, "VariableV2", "Variable", "AutoReloadVariable", "_VarHandlesOp"})
"""Operations that stand for a variable."""

TABLES = frozenset({
    "HashTable", "HashTableV2", "MutableHashTable", "MutableHashTableV2", "MutableDenseHashTableV2",
    "AnonymousHashTable", "AnonymousMutableHashTable", "SimpleMLCreateModelResource", "LMDBDataset",
})  # fmt: skip
"""Operations that stand for a resource other than a variable."""

CONSTANTS = frozenset({"Const", "NoOp", "ImmutableConst", "HostConst"}) | VARIABLES | TABLES
"""Operations that stand for a constant, a variable or another resource."""

PLACEHOLDERS = frozenset({"Placeholder", "PlaceholderV2", "PlaceholderWithDefault"})
"""Operations by which data comes into a graph."""

INPUTS = PLACEHOLDERS | {ARGUMENT}
"""The same in a graph that may have been a function."""

PASSING = frozenset({
    "Identity", "IdentityN", "StopGradient", "PreventGradient", "Snapshot", "ReadVariableOp", "DebugIdentity",
    "DebugIdentityV2", "PlaceholderWithDefault", "RefIdentity", "_Retval",
})  # fmt: skip
"""Operations that hand on their input."""
