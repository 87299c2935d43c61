"""Wires as wide as their tensors are large: what the pixels say, and that a link keeps it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from cutaway.style.theme import THEMES
from tests.browser.looking import RESNET, at_rest, pixels
from tests.browser.test_finding import wait_until

Open = Callable[..., Any]


def ink(page: Any) -> int:
    """Pixels of the colour of a wire."""
    colour = np.array([int(THEMES["light"].wire[at : at + 2], 16) for at in (1, 3, 5)])
    page.wait_for_timeout(400)
    return int((np.abs(pixels(page).astype(int) - colour).max(axis=2) < 8).sum())


def test_large_tensors_have_wide_wires(open_page: Open) -> None:
    page = open_page(RESNET)
    at_rest(page)
    before = ink(page)
    page.locator(".drawing").focus()
    page.keyboard.press("c")
    page.locator(".wire-legend input").check()
    page.wait_for_selector(".wire-sample")
    page.locator(".card.colour .card-head button").click()
    at_rest(page)
    wide = ink(page)
    assert wide > 1.8 * before
    wait_until(page, "location.hash.includes('wires=size')")
    link = page.evaluate("location.hash")
    again = open_page(RESNET, link=link)
    at_rest(again)
    assert abs(ink(again) - wide) < 0.02 * wide
    again.locator(".drawing").focus()
    again.keyboard.press("c")
    assert again.locator(".wire-legend input").is_checked()
    again.locator(".wire-legend input").uncheck()
    again.locator(".card.colour .card-head button").click()
    at_rest(again)
    assert ink(again) < 1.1 * before
