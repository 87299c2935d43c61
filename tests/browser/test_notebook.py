"""The explorer in notebooks: one is executed for real and looked at as exported; the widget talks to its kernel."""

from __future__ import annotations

import queue
import secrets
from pathlib import Path
from typing import Any

import pytest

import cutaway
from cutaway.explorer.static_files import static

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "examples/resnet50.keras"

DRAWN = '() => document.documentElement.dataset["cutaway"] === "drawn"'

HOST = """<!doctype html><meta charset="utf-8"><div id="output"></div><script type="module">
import widget from "/widget.js";
const heard = new Set();
const model = {
  get: (name) => ({frame: "", height: 500, picture: window.picture})[name],
  send: (said) => window.toKernel(said),
  on: (event, run) => heard.add(run),
  off: (event, run) => heard.delete(run),
};
window.fromKernel = (said, bytes) => {
  const view = new DataView(Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0)).buffer);
  heard.forEach((run) => run(said, [view]));
};
window.end = widget.render({model, el: document.getElementById("output")});
</script>"""


def executed(code: str, folder: Path) -> Any:
    """A notebook of one cell, as it is after its kernel has run it."""
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute(cwd=str(folder))
    return notebook


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = f"import sys\nsys.path.insert(0, {str(ROOT / 'src')!r})"
    code = f"{path}\nimport cutaway\ncutaway.show({str(MODEL)!r}, height=500)"
    return executed(code, tmp_path_factory.mktemp("notebook"))


def test_an_exported_notebook_shows_the_explorer_without_a_network(notebook: Any, browser: Any, tmp_path: Path) -> None:
    nbconvert = pytest.importorskip("nbconvert")
    exported, _ = nbconvert.HTMLExporter().from_notebook_node(notebook)
    (tmp_path / "notebook.html").write_text(exported, encoding="utf-8")
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.frame != page.main_frame else None)
    page.goto((tmp_path / "notebook.html").as_uri(), wait_until="commit")
    page.wait_for_selector("iframe")
    frame = page.wait_for_function("() => document.querySelector('iframe')").as_element().content_frame()
    frame.wait_for_function(DRAWN)
    seen = frame.evaluate("() => window.cutaway.visible().map((box) => box.id)")
    assert {"input_layer", "conv2", "conv5", "predictions"} <= set(seen)
    assert [url for url in asked if not url.startswith(("about:", "blob:", "data:"))] == []
    page.close()


def test_a_saved_notebook_holds_a_static_picture(notebook: Any) -> None:
    shown = notebook.cells[0].outputs[0]["data"]
    assert shown["image/svg+xml"].startswith("<svg")
    assert "conv5" in shown["image/svg+xml"]
    assert shown["text/html"].index("<img ") < shown["text/html"].index("<iframe ")  # left where frames are taken out
    assert 'sandbox="allow-scripts allow-downloads"' in shown["text/html"]
    assert "resnet50" in shown["text/plain"]
    woken = notebook.cells[0].outputs[1]["data"]
    assert "application/vnd.jupyter.widget-view+json" in woken


class Kernel:
    """A widget whose messages are carried by a test, and not by Jupyter."""

    def __init__(self, page: Any) -> None:
        pytest.importorskip("anywidget")
        self.page = page
        self.said: queue.Queue[tuple[Any, bytes]] = queue.Queue()
        self.widget = cutaway.show(str(MODEL)).widget
        self.widget.send = lambda content, buffers: self.said.put((content, buffers[0]))

    def hear(self, said: Any) -> None:
        self.widget._heard(self.widget, said, [])

    def until(self, frame: Any, condition: str) -> None:
        """Carry messages until a condition holds in the frame."""
        import base64

        for _ in range(600):
            while not self.said.empty():
                content, body = self.said.get()
                text = base64.b64encode(body).decode()
                self.page.evaluate("([said, bytes]) => window.fromKernel(said, bytes)", [content, text])
            found = frame()
            if found is not None and found.evaluate(condition):
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"{condition} did not come true")


def test_a_widget_answers_its_page_from_the_kernel(browser: Any) -> None:
    page = browser.new_page(viewport={"width": 1200, "height": 700})
    kernel = Kernel(page)
    address = f"http://{secrets.token_hex(4)}.test/"
    script = static("widget.js")
    assert script is not None
    page.route("**/*", lambda route: route.fulfill(
        body=script.decode() if route.request.url.endswith("widget.js") else HOST,
        content_type="text/javascript" if route.request.url.endswith("widget.js") else "text/html",
    ))  # fmt: skip
    page.add_init_script("window.picture = '<svg xmlns=\"http://www.w3.org/2000/svg\"/>'")
    page.expose_function("toKernel", kernel.hear)
    page.goto(address)

    def frame() -> Any:
        return page.frames[1] if len(page.frames) > 1 else None

    page.wait_for_selector("img")  # the picture, until the kernel has answered
    kernel.until(frame, DRAWN)
    assert page.query_selector("img") is None
    inside = frame()
    assert {"conv2", "conv5"} <= {box["id"] for box in inside.evaluate("() => window.cutaway.visible()")}
    inside.evaluate(
        "() => { window.found = 0; void window.cutaway.find('op:Dense').then((f) => window.found = f.count) }"
    )
    kernel.until(frame, "() => window.found === 1")
    assert (
        inside.evaluate("() => { try { return parent.document.title } catch (e) { return e.name } }") == "SecurityError"
    )
    page.evaluate("() => window.end()")
    page.close()
