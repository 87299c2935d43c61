"""Names of weights, which differ between the versions of Keras: more scopes or fewer, another last name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def like(parts: list[str], names: Mapping[str, list[str]]) -> str | None:
    """The one name that has the same scopes, or at least the same layer; None where there is none, or several."""
    same_end = {name: of for name, of in names.items() if of[-1] == parts[-1]}
    for found in (
        [name for name, of in same_end.items() if _within(parts, of)],
        [name for name, of in same_end.items() if _within(of, parts)],
        [name for name, of in names.items() if _within(parts[:-1], of)],
        [name for name, of in names.items() if len(parts) > 1 and parts[-2] in of],
    ):
        if found:
            return found[0] if len(found) == 1 else None
    return None


def _within(parts: Sequence[str], of: Sequence[str]) -> bool:
    """Whether all parts stand in a path, in their order."""
    rest = iter(of)
    return all(part in rest for part in parts)
