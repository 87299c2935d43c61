r"""`to_tikz`: a scene as a picture of TikZ, to be put into a paper with ``\input``.

Text is set in the fonts of the paper, and narrowed where it would be wider than the box that was made for it. Sheets
are macros, so that equal parts are written once. Every text from outside passes through `escape`.
"""

from __future__ import annotations

import re

from cutaway.drawing.ink import arrow_head, fine_number, number, uses
from cutaway.drawing.scene import Box, Font, Item, Paint, Path, Place, Scene, Text
from cutaway.style.measure import clean

_BP = 0.75  # a px in big points, of which 72 are an inch
_POINT = 72.27 / 72  # one of those in TeX's own
_LARGEST = 12_000.0  # big points of a side: TeX knows no length of more than 16,383 points
_LONGEST = 300  # characters of a text, for the same reason; those of a model's picture have a few dozen

_ESCAPES = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\ensuremath{<}", ">": r"\ensuremath{>}",
    "|": r"\ensuremath{|}", '"': "''", "`": "{`}", "'": "{'}", "-": "{-}",
    ",": "{,}", "!": "{!}", "?": "{?}", "×": r"\ensuremath{\times}", "·": r"\ensuremath{\cdot}", "…": r"\ldots{}",
    "→": r"\ensuremath{\to}", "↵": r"\ensuremath{\hookleftarrow}", "–": "--", "±": r"\ensuremath{\pm}",
}  # fmt: skip
_SPECIAL = re.compile(r"[^A-Za-z0-9 ()\[\]/:;.=+*@]")
_ANCHORS = {"start": "base west", "middle": "base", "end": "base east"}

_HEAD = r"""% {title}
% In the preamble: \usepackage{{tikz}}; in the text: \resizebox{{\linewidth}}{{!}}{{\input{{this file}}}}
\begin{{tikzpicture}}[x={px}bp,y=-{px}bp]
\def\cwu#1{{\ifdefined\Umathcode#1\else?\fi}}% characters that only LuaTeX and XeTeX know
\def\cwfit#1#2{{\setbox0\hbox{{#2}}\ifdim\wd0>#1\relax\resizebox{{#1}}{{\ht0}}{{#2}}\else#2\fi}}
\def\cwplace#1#2#3#4{{\begin{{scope}}\pgflowlevel{{\pgftransformshift{{\pgfpointxy{{#1}}{{#2}}}}\pgftransformscale{{#3}}}}#4\end{{scope}}}}
"""


def escape(text: str) -> str:
    """The text as LaTeX sets it, on one line; what pdfLaTeX has no glyph for is a question mark there."""
    return _SPECIAL.sub(_escaped, clean(text).replace("\ue000", "\ufffd"))


def _escaped(found: re.Match[str]) -> str:
    char = found[0]
    return _ESCAPES.get(char) or f"\\cwu{{{char}}}"


def to_tikz(scene: Scene) -> str:
    """Draw a scene as TikZ.

    Args:
        scene: The picture.

    Returns:
        A ``tikzpicture`` that needs the package ``tikz`` and nothing else; equal scenes give equal texts.
    """
    return _Writer(scene).document()


class _Writer:
    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        longest = max(max(sheet.width, sheet.height) for sheet in scene.sheets)
        self._px = min(_BP, _LARGEST / longest)  # big points
        self._paints = {key: f"cwp{at}" for at, key in enumerate(scene.paints)}
        self._fonts = {key: f"cwf{at}" for at, key in enumerate(scene.fonts)}
        self._colours: dict[str, str] = {}

    def document(self) -> str:
        scene, counts = self._scene, uses(self._scene)
        styles = [self._paint_style(key, paint) for key, paint in scene.paints.items()]
        styles += [self._font_style(key, font) for key, font in scene.fonts.items()]
        sheets = [
            f"\\def{_sheet_name(index)}{{%\n{self._items(sheet.items)}}}\n"
            for index, sheet in enumerate(scene.sheets)
            if counts[index] and index < len(scene.sheets) - 1
        ]
        page = f"(0,0) rectangle ({number(scene.width)},{number(scene.height)})"
        back = f"\\fill[{self._colour(scene.background)}] {page};\n" if scene.background else ""
        body = self._items(scene.sheets[-1].items)
        colours = "".join(
            f"\\definecolor{{{name}}}{{HTML}}{{{value[1:].upper()}}}\n" for value, name in self._colours.items()
        )
        head = _HEAD.format(title=clean(scene.title).replace("\ue000", "?"), px=fine_number(self._px))
        before = "".join((head, colours, *styles, *sheets))
        return f"{before}\\useasboundingbox {page};\n{back}{body}\\end{{tikzpicture}}\n"

    def _items(self, items: tuple[Item, ...]) -> str:
        return "".join(map(self._item, items))

    def _item(self, item: Item) -> str:
        if isinstance(item, Place):
            place = f"{{{number(item.x)}}}{{{number(item.y)}}}{{{fine_number(item.scale)}}}"
            return f"\\cwplace{place}{_sheet_name(item.sheet)}\n"
        if isinstance(item, Text):
            if not item.content.strip():
                return ""
            scale = self._scale(self._scene.fonts[item.font])
            room = fine_number(min(item.width * self._px / scale, _LARGEST))
            at = f"({number(item.x)},{number(item.y)})"
            content = escape(item.content[:_LONGEST])
            return f"\\node[{self._fonts[item.font]}] at {at} {{\\cwfit{{{room}bp}}{{{content}}}}};\n"
        if isinstance(item, Box):
            corner = f"({number(item.x + item.width)},{number(item.y + item.height)})"
            radius = f",rounded corners={fine_number(item.radius * self._px)}bp" if item.radius else ""
            return (
                f"\\path[{self._paints[item.paint]}{radius}] ({number(item.x)},{number(item.y)}) rectangle {corner};\n"
            )
        return self._path(item)

    def _path(self, path: Path) -> str:
        pieces = []
        for kind, *values in path.segments:
            points = [
                f"({number(float(x))},{number(float(y))})" for x, y in zip(values[::2], values[1::2], strict=True)
            ]
            if kind == "C":
                pieces.append(f"..controls{points[0]}and{points[1]}..{points[2]}")
            else:
                pieces.append({"M": "", "L": "--", "Z": "--cycle"}[str(kind)] + "".join(points))
        paint = self._scene.paints[path.paint]
        drawn = f"\\path[{self._paints[path.paint]}] {''.join(pieces)};\n"
        if not paint.arrow or paint.stroke is None:
            return drawn
        corners = "--".join(f"({fine_number(x)},{fine_number(y)})" for x, y in arrow_head(path, paint))
        return f"{drawn}\\fill[{self._colour(paint.stroke)}] {corners}--cycle;\n"

    def _paint_style(self, key: str, paint: Paint) -> str:
        words = [f"fill={self._colour(paint.fill)}"] if paint.fill else []
        if paint.stroke:
            words += [f"draw={self._colour(paint.stroke)}", f"line width={fine_number(paint.width * self._px)}bp"]
        if paint.dash:
            steps = zip(("on", "off") * len(paint.dash), paint.dash, strict=False)
            words.append(
                "dash pattern=" + " ".join(f"{step} {fine_number(length * self._px)}bp" for step, length in steps)
            )
        return f"\\tikzset{{{self._paints[key]}/.style={{{','.join(words)}}}}}\n"

    def _font_style(self, key: str, font: Font) -> str:
        weight = r"\bfseries" if font.weight == 600 else r"\mdseries"
        return (
            f"\\tikzset{{{self._fonts[key]}/.style={{anchor={_ANCHORS[font.anchor]},inner sep=0pt,outer sep=0pt,"
            f"text={self._colour(font.fill)},scale={fine_number(self._scale(font))},"
            f"font=\\fontsize{{10}}{{12}}\\sffamily{weight}\\upshape}}}}\n"
        )

    def _scale(self, font: Font) -> float:
        """Scale of a text that is set at 10 points, a size that every font has."""
        return font.size * self._px * _POINT / 10

    def _colour(self, value: str) -> str:
        return self._colours.setdefault(value, f"cwc{len(self._colours)}")


def _sheet_name(index: int) -> str:
    """Name of the macro of a sheet: letters alone, as TeX wants it."""
    return "\\cws" + "".join(chr(ord("A") + int(digit)) for digit in str(index))
