"""TikZ: LaTeX sets it, it looks as the bitmap does, and no name can end a group or call a macro."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
import pytest
from PIL import Image, ImageFilter

import cutaway
from cutaway.drawing.png import to_png
from cutaway.drawing.scene import Box, Place, Scene
from cutaway.drawing.tikz import escape, to_tikz
from tests.drawing.scenes import HOSTILE, NESTED, PAIR, scene, text
from tests.exporters.samples import evil
from tests.gallery import MODELS

needs_latex = pytest.mark.skipif(
    shutil.which("pdflatex") is None
    or subprocess.run(["kpsewhich", "tikz.sty"], capture_output=True, check=False).returncode != 0,
    reason="pdflatex with TikZ is not installed",
)


def page(drawn: Scene, folder: Path) -> Image.Image:
    """The picture alone on a page of its size, as pdfLaTeX sets it, with a pixel for each px."""
    (folder / "picture.tex").write_text(to_tikz(drawn), encoding="utf-8", errors="replace")
    width, height = drawn.width * 0.75, drawn.height * 0.75
    (folder / "page.tex").write_text(
        rf"""\documentclass{{article}}\usepackage{{tikz}}\pagestyle{{empty}}\parindent=0pt \topskip=0pt
\oddsidemargin=-1in \topmargin=-1in \headheight=0pt \headsep=0pt
\paperwidth={width:.3f}bp \paperheight={height:.3f}bp \pdfpagewidth=\paperwidth \pdfpageheight=\paperheight
\textwidth={width + 10:.3f}bp \textheight={height + 10:.3f}bp
\begin{{document}}\input{{picture}}\end{{document}}""",
        encoding="utf-8",
    )
    done = subprocess.run(
        ["pdflatex", "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "page.tex"],
        cwd=folder, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-1500:].decode(errors="replace")
    file = pdfium.PdfDocument(folder / "page.pdf")
    assert len(file) == 1
    image: Image.Image = (
        file[0].render(scale=4 * 96 / 72).to_pil().convert("RGB")
    )  # it draws no line thinner than a pixel
    return image.resize((round(drawn.width), round(drawn.height)), Image.Resampling.BOX)


@needs_latex
@pytest.mark.parametrize("name", ["unet", "ResNet50"])
def test_latex_draws_the_picture(name: str, tmp_path: Path) -> None:
    drawn = cutaway.plot_model(MODELS / f"{name}.keras", to_file=None).scene
    ours = page(drawn, tmp_path)
    theirs = Image.open(io.BytesIO(to_png(drawn))).convert("RGB").resize(ours.size)
    one, two = (np.asarray(image.filter(ImageFilter.GaussianBlur(3)), dtype=float) for image in (ours, theirs))
    assert np.abs(one - two).mean() < 1.5  # only the letters differ
    assert np.quantile(np.abs(one - two), 0.99) < 40


@needs_latex
def test_latex_takes_every_name(tmp_path: Path) -> None:
    page(cutaway.plot_model(evil(), to_file=None, show_layer_names=True).scene, tmp_path)


@needs_latex
def test_latex_takes_every_scene(tmp_path: Path) -> None:
    page(scene(*(text(10, 10 * at, content) for at, content in enumerate(HOSTILE))), tmp_path)
    assert page(NESTED, tmp_path).getpixel((35, 60)) == (0xCF, 0xE0, 0xF5)


@needs_latex
def test_latex_takes_what_is_larger_than_it_can_measure(tmp_path: Path) -> None:
    huge = scene(Box(0, 0, 90_000, 50, 5, "box"), size=(90_000, 60))
    (tmp_path / "picture.tex").write_text(to_tikz(huge), encoding="utf-8")
    body = r"\documentclass{article}\usepackage{tikz}\begin{document}\resizebox{5cm}{!}{\input{picture}}\end{document}"
    (tmp_path / "page.tex").write_text(body, encoding="utf-8")
    words = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "page.tex"]
    assert subprocess.run(words, cwd=tmp_path, capture_output=True, timeout=60, check=False).returncode == 0


@pytest.mark.parametrize("content", HOSTILE)
def test_no_name_is_code(content: str) -> None:
    escaped = escape(content)
    known = r"\\(?:text\w+|ldots)\{\}|\\ensuremath\{(?:[<>|]|\\[a-z]+)\}|\\cwu\{.\}|\\[{}$&#%_]|\{[-,!?`']\}"
    assert re.fullmatch(rf"(?:{known}|''|--|[A-Za-z0-9 ()\[\]/:;.=+*@])*", escaped), escaped


def test_equal_parts_are_written_once() -> None:
    drawn = to_tikz(scene(*(Place(0, at * 10, 0, 0.5) for at in range(9)), below=(PAIR,)))
    assert drawn.count(r"\def\cws") == 1
    assert drawn.count(r"\cwplace{") == 9
    assert drawn.count("Dense") == 1


def test_equal_scenes_give_equal_texts(tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}.tex" for name in "ab"]
    for path in paths:
        cutaway.plot_model(MODELS / "InceptionV3.keras", path)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert len(paths[0].read_bytes()) < 100_000
