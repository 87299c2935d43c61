"""`change_marks`: what became of each layer, as colours, letters, dashes and a legend."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from cutaway.analysis.merging import EQUAL, HOLDS, REMOVED, STATES, group_states
from cutaway.drawing.compose import Marks
from cutaway.graph.model import Graph
from cutaway.style.changes import CHANGES, change_fill, change_stroke
from cutaway.style.theme import Theme


def change_marks(grouped: Graph, states: Sequence[int], theme: Theme) -> Marks:
    """Say how a drawing marks what changed.

    Args:
        grouped: The merged graph with all groups.
        states: What became of each of its nodes, as `Merged.states`.
        theme: Colours of the drawing.
    """
    of_groups = group_states(grouped, states)
    of_items = dict(enumerate(states))
    of_items.update((~at, state) for at, state in enumerate(of_groups) if at and state and not state & HOLDS)
    counts = Counter(states)
    entries, letters = [], {}
    for code, name in enumerate(STATES):
        if counts[code]:
            text = f"{CHANGES[name].says if name in CHANGES else 'the same'}: {counts[code]:,}"
            entries.append((change_fill(theme, name), change_stroke(theme, name), text))
            letters[text] = CHANGES[name].letter if name in CHANGES else ""
    return Marks(
        fills={item: change_fill(theme, STATES[state]) for item, state in of_items.items()},
        strokes={change_fill(theme, name): change_stroke(theme, name) for name in STATES},
        letters={item: CHANGES[STATES[state]].letter for item, state in of_items.items() if state != EQUAL},
        ghosts=frozenset(item for item, state in of_items.items() if state == REMOVED),
        legend=entries,
        legend_letters={text: letter for text, letter in letters.items() if letter},
    )
