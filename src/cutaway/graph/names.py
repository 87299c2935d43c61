"""Clusters from names: ``conv4_block3_1_conv`` lies in ``conv4``, and in it in ``block3``."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from cutaway.graph.level import Cluster, Level, acyclic

_VERSION = re.compile(r"(?<=[a-z])V[2-9]$")
"""What TensorFlow adds to an operation whose definition it changed, as in ``AddV2``."""

_SPLIT = re.compile(
    r"[a-z]*(?:conv|pool|pooling|padding|cropping|sampling|dropout|transpose)[123]d(?![a-z0-9])"  # one word each
    r"|[^\W\d_]+|\d+",
    re.IGNORECASE,
)
MERGES = frozenset(("Add", "Average", "Concatenate", "Dot", "Maximum", "Minimum", "Multiply", "Subtract"))
"""Layers that end a block; one of their inputs may come from outside it."""

_CONNECTED = 0.8  # a label must hold together: share of its members in the largest connected part
_EVIDENCE = 0.25  # share of units that must say something by themselves before their neighbours follow
_PREFIX_BONUS = 1.05  # a prefix says more than a suffix of the same coverage


@lru_cache(maxsize=1 << 16)
def tokens(name: str) -> tuple[tuple[str, bool, int], ...]:
    """Split a name into ``(word, is a counter, end position)``.

    Numbers count, and so does a single letter right after a number: ``block6a`` is block, 6, a.
    ``conv2d`` and its like are one word.
    """
    found: list[tuple[str, bool, int]] = []
    for match in _SPLIT.finditer(name):
        word = match.group().lower()
        after_number = bool(found) and found[-1][0].isdigit() and found[-1][2] == match.start()
        found.append((word, word.isdigit() or (len(word) == 1 and after_number), match.end()))
    return tuple(found)


@lru_cache(maxsize=1 << 12)
def snake_case(op: str) -> str:
    """The stem of the names that Keras gives to layers of a class: ``Conv2D`` → ``conv2d``, ``ReLU`` → ``re_lu``."""
    spaced = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", re.sub(r"\W+", "", op))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", spaced).lower()


def without_version(op: str) -> str:
    """``AddV2`` → ``Add``."""
    return _VERSION.sub("", op)


@lru_cache(maxsize=4096)
def _stems(op: str) -> frozenset[str]:
    """Names that a framework gives to what is of a class, up to a number at the end."""
    stems = {snake_case(op), op, "input", "input_layer"}
    plain = without_version(op)
    if plain != op or op == "MatMul":  # operations of TensorFlow are called by what the user wrote: ``add``, ``matmul``
        stems |= {plain, plain.lower()}
    return frozenset(stems)


def is_auto(name: str, op: str) -> bool:
    """Whether the framework made the name from the class, so that it is no evidence of anything."""
    stems = _stems(op)
    if name in stems:
        return True
    head, _, tail = name.rpartition("_")
    return tail.isdigit() and head in stems


Label = tuple[str, ...]


def by_prefix(name: str, counters: int) -> Label | None:
    """Words up to and with the counter of that rank, counted from 1."""
    words: list[str] = []
    for word, counts, _ in tokens(name):
        words.append(word)
        counters -= counts
        if not counters:
            return tuple(words)
    return None


def by_first_word_and_counter(name: str) -> Label | None:
    """``conv_dw_1_bn`` and ``conv_pw_1`` both → conv, 1."""
    found = tokens(name)
    counter = next((word for word, counts, _ in found if counts), None)
    return None if counter is None or found[0][1] else (found[0][0], counter)


def by_suffix(name: str) -> Label | None:
    """The last counter, with the word right before it."""
    found = tokens(name)
    for at in range(len(found) - 1, -1, -1):
        if found[at][1]:
            word = found[at - 1][0] if at and not found[at - 1][1] else ""
            return (word, found[at][0])
    return None


def by_word(name: str, skip: int) -> Label | None:
    """The first word after ``skip`` words, which must not be the last one."""
    found = tokens(name)
    return (found[skip][0],) if len(found) > skip + 1 and not found[skip][1] else None


def common_words(names: Sequence[str]) -> int:
    """How many leading words all names share; the last word of a name never counts."""
    if not names:
        return 0
    first, last = tokens(min(names)), tokens(max(names))  # what these two share, all between them share
    shared = 0
    for one, other in zip(first[:-1], last[:-1], strict=False):
        if one[0] != other[0]:
            break
        shared += 1
    return shared


def clusters_by_name(level: Level, *, counters: int, top: bool) -> list[Cluster]:
    """The best of several readings of the names.

    Args:
        level: What to cluster.
        counters: How many counters of a prefix make a label; one more at each level of nesting.
        top: Whether this is the whole model, where three of a kind are a group and single words count.

    Returns:
        Clusters that hold together and make no cycle; empty where names say too little.
    """
    names = [None if unit.auto or unit.boundary else unit.name for unit in level.units]
    real = [name for name in names if name is not None]
    skip = common_words(real)
    words = [None if name is None else by_word(name, skip) for name in names]
    prefixes = [None if name is None else by_prefix(name, counters) for name in names]
    if top:  # expanded_conv_*: a family without a counter beside families with one
        often = Counter(prefixes)
        prefixes = [p if p and often[p] >= 3 else word or p for p, word in zip(prefixes, words, strict=True)]
    readings = [(prefixes, _PREFIX_BONUS)]
    if top:
        readings.append(([None if n is None else by_first_word_and_counter(n) for n in names], 1.0))
        readings.append((_suffixes(names), 1.0))
    else:
        readings.append((words, 0.9))
    best: list[Cluster] = []
    best_score = 0.0
    for labels, weight in readings:
        if top and sum(label is not None for label in labels) < _EVIDENCE * len(level):
            continue
        clusters = _accept(level, _absorb(level, labels), smallest=3 if top else 4, skip=skip)
        covered = sum(len(cluster.members) for cluster in clusters)
        crowd = max(0, len(clusters) - 16)  # many small clusters are no outline
        score = weight * covered / len(level) - 0.01 * crowd
        if score > best_score:
            best, best_score = clusters, score
    return best


def _suffixes(names: Sequence[str | None]) -> list[Label | None]:
    """Suffix labels; the word stays in the label only where it and its counter are shared by four or more."""
    raw = [None if name is None else by_suffix(name) for name in names]
    often = Counter(label for label in raw if label)
    return [label if label is None or often[label] >= 4 else ("", label[1]) for label in raw]


def _absorb(level: Level, labels: Sequence[Label | None]) -> list[Label | None]:
    """Give labels to units without one, where their neighbours leave no doubt."""
    owned = list(labels)
    loose = [at for at, label in enumerate(owned) if label is None and not level.units[at].boundary]
    changed = True
    while changed:
        changed = False
        for rule in (_between, _merged, _before, _after):
            for at in reversed(loose) if rule is _before else loose:
                if owned[at] is None and (found := rule(level, owned, at)) is not None:
                    owned[at] = found
                    changed = True
            if changed and rule is not _after:
                loose = [at for at in loose if owned[at] is None]
    return owned


def _only(labels: Sequence[Label | None]) -> Label | None:
    """The one label that all have, or None."""
    return labels[0] if labels and all(label == labels[0] for label in labels) else None


def _between(level: Level, owned: Sequence[Label | None], at: int) -> Label | None:
    """All producers and all consumers lie in one cluster."""
    if not (level.pred[at] and level.succ[at]):
        return None
    return _only([owned[other] for other in (*level.pred[at], *level.succ[at])])


def _merged(level: Level, owned: Sequence[Label | None], at: int) -> Label | None:
    """A nameless merge belongs to the last of what it merges."""
    if not level.units[at].auto or level.units[at].op not in MERGES:
        return None
    return next((owned[other] for other in reversed(level.pred[at]) if owned[other] is not None), None)


def _before(level: Level, owned: Sequence[Label | None], at: int) -> Label | None:
    """A nameless unit that only one cluster reads prepares it, unless it comes right after an input of the model."""
    if not level.units[at].auto or all(level.units[other].boundary for other in level.pred[at]):
        return None
    return _only([owned[other] for other in level.succ[at]])


def _after(level: Level, owned: Sequence[Label | None], at: int) -> Label | None:
    """A nameless unit that reads only one cluster, and that a cluster reads, completes the first."""
    if not level.units[at].auto or all(owned[other] is None for other in level.succ[at]):
        return None
    return _only([owned[other] for other in level.pred[at]])


def _accept(level: Level, labels: Sequence[Label | None], *, smallest: int, skip: int) -> list[Cluster]:
    """Keep labels that are large enough, hold together, and make no cycle when contracted."""
    members: dict[Label, list[int]] = {}
    for at, label in enumerate(labels):
        if label is not None:
            members.setdefault(label, []).append(at)
    clusters = []
    for label, found in members.items():
        part = _largest_part(level, found)
        if len(part) >= max(smallest, _CONNECTED * len(found)) and len(part) < len(level):
            name = _name(label, [level.units[at].name for at in part], skip)
            clusters.append(Cluster(name, tuple(part), "names"))
    return acyclic(level, clusters)


def _largest_part(level: Level, members: Sequence[int]) -> list[int]:
    """The largest connected part of a set of units, in flow order."""
    left = dict.fromkeys(members)
    best: list[int] = []
    for start in members:
        if start not in left:
            continue
        del left[start]
        part, stack = [start], [start]
        while stack:
            at = stack.pop()
            for other in (*level.pred[at], *level.succ[at]):
                if other in left:
                    del left[other]
                    part.append(other)
                    stack.append(other)
        if len(part) > len(best):
            best = part
    return sorted(best)


def _name(label: Label, names: Sequence[str], skip: int) -> str:
    """The label as its author spells it, without the words that every name at this level begins with."""
    spelled = [name for name in names if tuple(word for word, _, _ in tokens(name)[: len(label)]) == label]
    if not spelled and len(label) == 1:  # a word after those that all share
        return label[0]
    if not spelled:  # a suffix: the last unit's first word names the family
        family = next((name for name in reversed(names) if tokens(name)[-1:] and tokens(name)[-1][0] == label[-1]), "")
        word = label[0] or (tokens(family)[0][0] if family else "")
        return f"{word}_{label[-1]}" if word else label[-1]
    found = tokens(spelled[0])
    kept = min(skip, len(label) - 1)
    while kept and found[kept][1]:
        kept -= 1  # keep the word that the counter counts
    end = len(label) if found[len(label) - 1][1] else max(len(label), common_words(spelled))
    start = found[kept - 1][2] if kept else 0
    return spelled[0][start : found[end - 1][2]].strip("_-./: ")
