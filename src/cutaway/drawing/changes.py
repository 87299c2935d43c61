"""What became of each layer and group: `change_marks` as colours, letters and a legend, `change_counts` in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from cutaway.analysis.merging import EQUAL, HOLDS, REMOVED, STATES, group_states
from cutaway.drawing.compose import Marks
from cutaway.graph.model import Graph
from cutaway.style.changes import CHANGES, change_fill, change_stroke
from cutaway.style.theme import Theme

HOLDER = "•"
"""Letter of a group in which something changed."""


def change_marks(grouped: Graph, states: Sequence[int], theme: Theme) -> Marks:
    """Say how a drawing marks what changed.

    Args:
        grouped: The merged graph with all groups.
        states: What became of each of its nodes, as `Merged.states`.
        theme: Colours of the drawing.
    """
    of_groups = group_states(grouped, states)
    holders = [at for at, state in enumerate(of_groups) if at and state & HOLDS]
    of_items = dict(enumerate(states))
    of_items.update((~at, state) for at, state in enumerate(of_groups) if at and state and not state & HOLDS)
    counts = Counter(states)
    entries, letters = [], {}
    for code, name in enumerate(STATES):
        if counts[code]:
            text = f"{CHANGES[name].says if name in CHANGES else 'the same'}: {counts[code]:,}"
            entries.append((change_fill(theme, name), change_stroke(theme, name), text))
            letters[text] = CHANGES[name].letter if name in CHANGES else ""
    if holders:
        entries.append((theme.group_fill, theme.group_stroke, f"groups with changes inside: {len(holders):,}"))
        letters[entries[-1][2]] = HOLDER
    return Marks(
        fills={item: change_fill(theme, STATES[state]) for item, state in of_items.items()},
        strokes={change_fill(theme, name): change_stroke(theme, name) for name in STATES},
        letters={
            **{item: CHANGES[STATES[state]].letter for item, state in of_items.items() if state != EQUAL},
            **{~at: HOLDER for at in holders},
        },
        ghosts=frozenset(item for item, state in of_items.items() if state == REMOVED),
        legend=entries,
        legend_letters={text: letter for text, letter in letters.items() if letter},
    )


def change_counts(grouped: Graph, states: Sequence[int]) -> dict[int, str]:
    """How many layers became what, for each group in which something changed, but not everything alike.

    Args:
        grouped: The merged graph with all groups.
        states: What became of each of its nodes, as `Merged.states`.

    Returns:
        Numbers behind the letters of `CHANGES`, such as ``"+12 −3"``, by index of the group.
    """
    parents = grouped.groups.parents
    counts = [[0] * len(STATES) for _ in parents]
    for owner, state in zip(grouped.node_groups, states, strict=True):
        counts[owner][state] += 1
    for group in range(len(parents) - 1, 0, -1):
        around = counts[parents[group]]
        for state, count in enumerate(counts[group]):
            around[state] += count
    return {
        at: " ".join(f"{CHANGES[name].letter}{count:,}" for name, count in zip(STATES, counts[at], strict=True)
                     if count and name in CHANGES)
        for at, state in enumerate(group_states(grouped, states)) if state & HOLDS
    }  # fmt: skip
