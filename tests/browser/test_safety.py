"""What strangers put into models stays text, and a page of one file asks nobody for anything."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cutaway.graph import GraphBuilder, Tensor
from cutaway.graph.model import Graph
from cutaway.readers import read
from tests.browser.looking import RESNET, at_rest, one_file, visible

Open = Callable[..., Any]

NAMES = (
    "<img src=x onerror=alert(1)>", "</script><script>alert(1)</script>", "\"'><b>bold", "javascript:alert(1)",
    "${alert(1)}", "{{7*7}}",
    "\u202etxt.exe", "a\x00b", "\ud800", "𝕏" * 40, "名前" * 60, "x" * 5_000, "-->", "__proto__",
)  # fmt: skip


def hostile() -> Graph:
    builder = GraphBuilder("<script>alert(0)</script>", "test", "<i>producer</i>")
    last = builder.node("start", "InputLayer", outputs=[Tensor((None, 4), "<b>float</b>")])
    for name in NAMES:
        group = builder.group(name, parent=0)
        for inner in (name, "plain", "other"):
            node = builder.node(inner, name, group=group, attributes={name: name})
            builder.connect(last, node, label=name)
            last = node
    return builder.build()


def test_names_never_become_markup(open_page: Open, tmp_path: Path) -> None:
    page = open_page(one_file(tmp_path, hostile()))
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    at_rest(page)
    page.keyboard.press("o")
    for thing in list(visible(page).values())[:30:2]:
        page.evaluate("id => cutaway.flyTo(id)", thing["id"])
        page.wait_for_timeout(60)
    at_rest(page)
    for markup in ("img", "b", "i", "script[src]", "#cutaway script"):
        assert page.locator(markup).count() == 0, markup
    assert "<" in page.inner_text(".tree")


def test_the_one_file_page_asks_for_nothing(browser: Any, tmp_path: Path) -> None:
    context = browser.new_context()
    page = context.new_page()
    requests: list[str] = []
    violations: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.expose_function("violated", lambda text: violations.append(text))
    page.add_init_script(
        "document.addEventListener('securitypolicyviolation', e => violated(e.violatedDirective + ' ' + e.blockedURI))"
    )
    target = one_file(tmp_path, read(RESNET))
    page.goto(target.as_uri())
    page.wait_for_selector("[data-cutaway=drawn]", timeout=60_000)
    at_rest(page)
    for key in ("o", "d", "?", "Escape", "+", "ArrowRight", "ArrowRight", "Enter"):
        page.keyboard.press(key)
        page.wait_for_timeout(80)
    page.evaluate("cutaway.flyTo('conv4_block2_2_bn')")
    at_rest(page)
    page.locator(".inspector h2", has_text="conv4_block2_2_bn").wait_for()
    assert page.locator(".inspector", has_text="moving_variance").count() == 1
    assert page.locator(".inspector", has_text="momentum").count() == 1
    outside = [url for url in requests if not url.startswith(("data:", "blob:"))]
    assert outside == [target.as_uri()]
    assert violations == []
    context.close()


def test_the_served_page_breaks_no_policy_and_asks_only_its_server(browser: Any, serve: Callable[[Path], str]) -> None:
    address = serve(RESNET)
    context = browser.new_context()
    page = context.new_page()
    requests: list[str] = []
    violations: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.expose_function("violated", lambda text: violations.append(text))
    page.add_init_script(
        "document.addEventListener('securitypolicyviolation', e => violated(e.violatedDirective + ' ' + e.blockedURI))"
    )
    page.goto(address)
    page.wait_for_selector("[data-cutaway=drawn]", timeout=60_000)
    page.evaluate("cutaway.flyTo('conv4_block2_2_bn')")
    at_rest(page)
    origin = address.split("/?")[0]
    assert [url for url in requests if not url.startswith((origin, "data:", "blob:"))] == []
    assert violations == []
    context.close()


def test_a_page_without_its_server_says_so(browser: Any, serve: Callable[[Path], str]) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.route("**/chart*", lambda route: route.abort())
    page.goto(serve(RESNET))
    page.wait_for_selector("[data-cutaway=failed]", timeout=60_000)
    assert "does not answer" in page.inner_text(".note")
    context.close()


def test_the_programs_that_look_in_can_change_nothing(open_page: Open) -> None:
    page = open_page(RESNET)
    assert page.evaluate("Object.isFrozen(window.cutaway)")
    things = page.evaluate("(() => { const a = cutaway.visible(); a.length = 0; return cutaway.visible().length })()")
    assert things > 100
    assert page.evaluate("cutaway.flyTo('no such thing')") is False
