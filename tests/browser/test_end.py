"""What the page says when its server has ended, and what still works then."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.browser.looking import RESNET, ROOT, at_rest
from tests.browser.test_finding import wait_until


def test_a_page_without_its_server_says_so_and_stays_of_use(browser: Any) -> None:
    arguments = ["view", str(RESNET), "--no-browser"]
    process = subprocess.Popen(
        [sys.executable, "-m", "cutaway", *arguments],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    context = browser.new_context(viewport={"width": 1200, "height": 800})
    try:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found is not None
        page = context.new_page()
        page.goto(found.group())
        page.wait_for_selector("[data-cutaway=drawn]")
        at_rest(page)
        page.locator(".drawing").focus()
        page.keyboard.press("o")  # the columns arrive
        wait_until(page, "document.querySelectorAll('.tree-row').length > 3")
        assert page.locator(".ended").count() == 0
        process.terminate()
        process.wait(10)
        page.wait_for_selector(".ended")
        words = page.inner_text(".ended")
        assert "has ended" in words
        assert f"cutaway view {RESNET} --no-browser" in words.replace("\n", "")
        page.evaluate("cutaway.flyTo('conv3/block1')")
        at_rest(page)
        assert page.inner_text(".inspector h2") == "block1"
        page.locator(".ended > button").click()
        assert page.locator(".ended").count() == 0
    finally:
        process.kill()
        context.close()
        if process.stdout is not None:
            process.stdout.close()


def test_a_page_of_one_file_says_what_needs_more_than_itself(browser: Any, tmp_path: Path) -> None:
    from cutaway.picture import plot_model

    context = browser.new_context()
    page = context.new_page()
    page.goto(plot_model(RESNET, None).save(tmp_path / "model.html").as_uri())
    page.wait_for_selector("[data-cutaway=drawn]")
    page.locator(".notes summary").click()
    assert "cutaway view MODEL" in page.inner_text(".notes")
    context.close()


def test_names_and_python_are_copied_and_it_is_said(browser: Any, tmp_path: Path) -> None:
    from cutaway.picture import plot_model

    context = browser.new_context()
    page = context.new_page()
    page.goto(plot_model(RESNET, None).save(tmp_path / "model.html").as_uri())
    page.wait_for_selector("[data-cutaway=drawn]")
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("cutaway.flyTo('conv1_conv')")
    for name, text in (("Copy the name", "conv1_conv"), ("Copy as Python", 'model.get_layer("conv1_conv")')):
        page.get_by_role("button", name=name).click()
        wait_until(page, "text => document.querySelector('.notice p').textContent.endsWith(text)", text)
        assert page.evaluate("navigator.clipboard.readText()") == text
    context.close()


def test_a_page_that_is_not_drawn_yet_is_as_dark_as_the_system(browser: Any, tmp_path: Path) -> None:
    from cutaway.picture import plot_model

    address = plot_model(RESNET, None).save(tmp_path / "model.html").as_uri()
    for scheme, colour in (("light", "rgb(255, 255, 255)"), ("dark", "rgb(15, 23, 42)")):
        context = browser.new_context(color_scheme=scheme, java_script_enabled=False)
        page = context.new_page()
        page.goto(address)
        assert page.evaluate("getComputedStyle(document.getElementById('cutaway')).backgroundColor") == colour
        context.close()
