"""Shapes and dtypes of what operations make, as far as the file records them."""

from __future__ import annotations

from collections.abc import Sequence

from cutaway.graph.model import Tensor
from cutaway.readers.tensorflow.inline import LOOP_VARIABLE, Operations

_DTYPE_OF: dict[str, str] = {
    "Cast": "DstT", "Bitcast": "type", "ArgMax": "output_type", "ArgMin": "output_type", "Shape": "out_type",
    "Size": "out_type", "Bucketize": "", "Range": "Tidx", "GatherV2": "Tparams", "GatherNd": "Tparams",
    "OneHot": "T", "RandomUniform": "dtype", "LookupTableFindV2": "Tout", "DecodeRaw": "out_type",
    "StringToNumber": "out_type", "LookupTableFind": "Tout", "TensorListStack": "element_dtype",
    "TensorListGetItem": "element_dtype", "Multinomial": "output_dtype",
}  # fmt: skip
_FIXED = {
    **dict.fromkeys(("Less", "LessEqual", "Greater", "GreaterEqual", "Equal", "NotEqual", "LogicalAnd", "LogicalOr",
                     "LogicalNot", "IsNan", "IsInf", "IsFinite", "All", "Any"), "bool"),
    **dict.fromkeys(("StringToHashBucketFast", "StringToHashBucket", "StringToHashBucketStrong", "Where"), "int64"),
    **dict.fromkeys(("StringJoin", "ReadFile", "AsString", "StringLower", "Substr", "RegexReplace",
                     "StaticRegexReplace", "EncodeJpeg", "EncodePng"), "string"),
    "Bucketize": "int32",
}  # fmt: skip
_USUAL = ("T", "dtype", "Tout", "output_types", "Tparams", "out_type", "component_types")


class Tensors:
    """Outputs by operation; equal ones are made once.

    Args:
        operations: All of them.
    """

    def __init__(self, operations: Operations) -> None:
        self._operations = operations
        self._known: dict[object, tuple[Tensor, ...]] = {}

    def __call__(self, node: int) -> tuple[Tensor, ...]:
        """The outputs of one operation, by port; one unknown tensor where nothing is recorded."""
        operations = self._operations
        place, op = operations.place[node], operations.ops[node]
        if place < 0:
            return (Tensor(),)
        attributes = operations.body[node].attributes
        shapes = attributes.shapes(place)
        if op == LOOP_VARIABLE and shapes is None:
            return (Tensor(),)
        dtype = _FIXED.get(op)
        if dtype is None:
            found = None
            for key in (_DTYPE_OF[op],) if op in _DTYPE_OF else _USUAL:
                found = attributes.get(place, key)
                if found is not None:
                    break
            dtype = found if isinstance(found, str) else None
            listed = found if isinstance(found, list) else None
        else:
            listed = None
        key = (shapes, dtype, tuple(listed) if listed else None)
        made = self._known.get(key)
        if made is None:
            made = self._known[key] = _tensors(shapes, dtype, listed)
        return made


def _tensors(shapes: tuple[object, ...] | None, dtype: str | None, listed: Sequence[str] | None) -> tuple[Tensor, ...]:
    if not shapes:
        return tuple(Tensor(None, each) for each in listed) if listed else (Tensor(None, dtype),)
    dtypes = listed if listed and len(listed) == len(shapes) else [dtype] * len(shapes)
    return tuple(Tensor(shape, each) for shape, each in zip(shapes, dtypes, strict=True))  # type: ignore[arg-type]
