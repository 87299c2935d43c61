"""`draw_both`: two models as one picture, with the drawing code of `plot_model`."""

from __future__ import annotations

from collections import Counter

from cutaway.analysis.merging import EQUAL, HOLDS, REMOVED, STATES, Merged, group_states
from cutaway.drawing.arrange import always, everything_large
from cutaway.drawing.compose import Marks
from cutaway.graph.grouping import group
from cutaway.graph.model import Graph
from cutaway.layout.nesting import LayoutOptions
from cutaway.picture import Picture, draw
from cutaway.style.changes import CHANGES, change_fill, change_stroke
from cutaway.style.labels import LabelOptions
from cutaway.style.theme import Theme, theme_named


def draw_both(merged: Merged, theme: str | Theme = "light") -> Picture:
    """Draw two models as one.

    Args:
        merged: Both as one graph.
        theme: As for `plot_model`.

    Raises:
        OptionError: There is no such theme.
    """
    chosen = theme_named(theme)
    grouped = group(merged.graph)
    marks = change_marks(grouped, merged, chosen)
    options = LayoutOptions(unfolded=always if everything_large(grouped) else None)
    return draw(grouped, LabelOptions(names=None), options, marks, chosen, {}, dpi=200.0)


def change_marks(grouped: Graph, merged: Merged, theme: Theme) -> Marks:
    """Colours, letters and the legend of what changed.

    Args:
        grouped: The merged graph with all groups.
        merged: What became of its nodes.
        theme: Colours of the drawing.
    """
    of_groups = group_states(grouped, merged.states)
    states = dict(enumerate(merged.states))
    states.update((~at, state) for at, state in enumerate(of_groups) if at and state and not state & HOLDS)
    counts = Counter(merged.states)
    entries, letters = [], {}
    for code, name in enumerate(STATES):
        if counts[code]:
            text = f"{CHANGES[name].says if name in CHANGES else 'the same'}: {counts[code]:,}"
            entries.append((change_fill(theme, name), change_stroke(theme, name), text))
            letters[text] = CHANGES[name].letter if name in CHANGES else ""
    return Marks(
        fills={item: change_fill(theme, STATES[state]) for item, state in states.items()},
        strokes={change_fill(theme, name): change_stroke(theme, name) for name in STATES},
        letters={item: CHANGES[STATES[state]].letter for item, state in states.items() if state != EQUAL},
        ghosts=frozenset(item for item, state in states.items() if state == REMOVED),
        legend=entries,
        legend_letters={text: letter for text, letter in letters.items() if letter},
    )
