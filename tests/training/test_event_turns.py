"""Events that repeat turn by turn are read as they are one by one, whatever is damaged or odd among them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutaway.training.event_messages import ScalarForm, event, metadata, record, strings, summary, tensor
from cutaway.training.event_records import split
from cutaway.training.event_stretch import Taken, take
from cutaway.training.event_turns import take_turns

Told = list[tuple[str, int, float, int, object]]


def told(taken: Taken) -> Told:
    """All values in the order of the file."""
    found = [
        (int(position), block.tag, float(time), int(step), np.asarray(value).tolist())
        for block in taken.blocks
        for position, time, step, value in zip(block.order, block.times, block.steps, list(block.values), strict=True)
    ]
    return [(tag, position, time, step, value) for position, tag, time, step, value in sorted(found, key=str)]


def histogram(tag: str, time: float, step: int, seed: int) -> bytes:
    rows = np.random.default_rng(seed).random((30, 3))
    return record(event(time, step, summary(tag, tensor(rows), metadata("histograms"))))


def note(tag: str, time: float, step: int) -> bytes:
    return record(event(time, step, summary(tag, strings([b"hello"]), metadata("text"))))


def written(tags: list[str], turns: int, first: int) -> list[bytes]:
    forms = {tag: ScalarForm(tag) for tag in tags}
    parts = []
    for step in range(first, first + turns):
        for at, tag in enumerate(tags):
            time = 1.7e9 + step / 7 + at / 1000
            if tag.startswith("h"):
                parts.append(histogram(tag, time, step, step + at))
            elif tag.startswith("t"):
                parts.append(note(tag, time, step))
            else:
                parts.append(forms[tag].record(time, step, step / 3 - at))
    return parts


TAGS = st.lists(st.sampled_from(["a", "b", "loss", "lost", "h1", "t1", "größer", ""]), min_size=1, max_size=6)


@given(TAGS, st.integers(30, 120), st.sampled_from([0, 100, 16_300]), st.data())
@settings(max_examples=60, deadline=None)
def test_turns_are_read_as_records_by_length(tags: list[str], turns: int, first: int, data: st.DataObject) -> None:
    parts = written(tags, turns, first)
    for _ in range(data.draw(st.integers(0, 3))):
        hurt = data.draw(st.integers(0, len(parts) - 1))
        at = data.draw(st.integers(12, len(parts[hurt]) - 1))
        parts[hurt] = parts[hurt][:at] + bytes([parts[hurt][at] ^ 0x10]) + parts[hurt][at + 1 :]
    if data.draw(st.booleans()):
        odd = data.draw(st.integers(0, len(parts) - 1))
        parts[odd] = ScalarForm("odd!").record(1.0, 1, 1.0)
    whole = b"".join(parts)
    records = split(whole)
    assert len(records.starts) == len(parts)
    taken, expected = take(whole, records), take(whole, replace(records, repeats=()))
    assert told(taken) == told(expected)
    assert taken.damaged == expected.damaged
    assert taken.others == expected.others


@pytest.mark.parametrize("tags", [["loss"], ["a", "b", "c"], ["loss", "accuracy", "rate"], ["h1", "loss", "h2"]])
def test_what_repeats_is_taken_by_turns(tags: list[str]) -> None:
    parts = written(tags, 400, 200)
    whole = b"".join(parts)
    records = split(whole)
    (repeat,) = records.repeats
    turns = take_turns(np.frombuffer(whole, np.uint8), records, repeat)
    assert turns.taken.sum() >= len(parts) - 2 * len(tags)
    assert {block.tag for block in turns.blocks} == set(tags)
    for block in turns.blocks:
        assert (np.diff(block.steps) == 1).all()
        if block.tag == "loss":
            np.testing.assert_array_equal(block.values, (block.steps / 3 - tags.index("loss")).astype(np.float32))


def test_a_header_that_is_damaged_ends_a_repeat() -> None:
    parts = written(["a", "b"], 300, 200)
    parts[400] = parts[400][:9] + bytes([parts[400][9] ^ 1]) + parts[400][10:]
    records = split(b"".join(parts))
    assert (len(records.starts), records.damaged) == (400, True)
    assert all(repeat.first + repeat.period * repeat.turns <= 400 for repeat in records.repeats)
    assert records.repeats


def test_a_first_turn_that_is_damaged_loses_nothing_else() -> None:
    parts = written(["a", "b", "c"], 100, 200)
    parts[0] = parts[0][:40] + bytes([parts[0][40] ^ 1]) + parts[0][41:]
    whole = b"".join(parts)
    taken = take(whole, split(whole))
    assert taken.damaged == [0]
    assert sum(len(block.order) for block in taken.blocks) == 299
