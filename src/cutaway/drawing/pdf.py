"""`to_pdf`: a scene as one page of vector PDF.

Text stays text in an embedded subset of the shipped font; sheets that are shown more than once are form objects,
written once. There are no dates and no random ids in the file.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Set

from cutaway.drawing.ink import arrow_size, fine_number, number, uses
from cutaway.drawing.pdf_file import PdfFile, add_font, glyph_string, text_string
from cutaway.drawing.scene import Box, Font, Paint, Path, Place, Scene, Text
from cutaway.style.measure import FULL_SET, Weight, boxed, width

_POINTS = 0.75
"""Points (1/72 inch) in one px (1/96 inch)."""
_LONGEST_PAGE = 14_400
"""Points that the format allows a side; longer pages count in larger units."""
_OVERHANG = 50
"""Px by which strokes and arrowheads may stick out of their sheet."""
_ROUND = 0.5523
"""Distance of the control points of a quarter circle from its ends, in radii."""

_PATH_OPERATORS = {"M": "m", "L": "l", "C": "c", "Z": "h"}
_FILL_AND_STROKE = {(True, True): "B", (True, False): "f", (False, True): "S", (False, False): "n"}


def to_pdf(scene: Scene) -> bytes:
    """Draw a scene as PDF.

    Args:
        scene: The picture.

    Returns:
        The bytes of the file; equal scenes give equal bytes. Characters that the shipped font lacks are drawn as
        empty boxes, and can still be searched and copied.
    """
    file, writer = PdfFile(), _Writer(scene)
    shared = {index for index, count in enumerate(uses(scene)) if count > 1}
    forms = {index: file.reserve() for index in sorted(shared)}
    resources = file.reserve()
    for index, form in forms.items():
        sheet = scene.sheets[index]
        right, bottom = number(sheet.width + _OVERHANG), number(sheet.height + _OVERHANG)
        entries = (
            f"/Type/XObject/Subtype/Form/BBox[{-_OVERHANG} {-_OVERHANG} {right} {bottom}]/Resources {resources} 0 R"
        )
        file.fill_stream(form, writer.content(index, shared), entries)
    page_content = writer.content(len(scene.sheets) - 1, shared)
    font_objects = [
        f"/F{weight} {add_font(file, weight, characters)} 0 R"
        for weight, characters in sorted(writer.characters.items())
    ]
    form_objects = [f"/X{index} {form} 0 R" for index, form in forms.items()]
    file.fill(resources, f"<</Font<<{''.join(font_objects)}>>/XObject<<{''.join(form_objects)}>>>>")
    return _finish(file, scene, page_content, resources)


def _finish(file: PdfFile, scene: Scene, content: bytes, resources: int) -> bytes:
    """Wrap the content in a page and the page in a document."""
    wide, high = scene.width * _POINTS, scene.height * _POINTS
    unit = max(1, math.ceil(max(wide, high) / _LONGEST_PAGE))
    scale = _POINTS / unit
    back = ""
    if scene.background is not None:
        back = f"{_colour(scene.background)} rg 0 0 {number(scene.width)} {number(scene.height)} re f\n"
    # the page's origin is at its lower left, the scene's at its upper left
    start = f"{scale:.6f} 0 0 {-scale:.6f} 0 {high / unit:.4f} cm 4 M\n{back}"
    stream = file.add_stream(start.encode("ascii") + content)
    pages = file.reserve()
    user_unit = f"/UserUnit {unit}" if unit > 1 else ""
    page = file.add(
        f"<</Type/Page/Parent {pages} 0 R/MediaBox[0 0 {wide / unit:.4f} {high / unit:.4f}]{user_unit}"
        f"/Resources {resources} 0 R/Contents {stream} 0 R>>"
    )
    file.fill(pages, f"<</Type/Pages/Kids[{page} 0 R]/Count 1>>")
    root = file.add(f"<</Type/Catalog/Pages {pages} 0 R/ViewerPreferences<</DisplayDocTitle true>>>>")
    subject = f"/Subject{text_string(scene.note)}" if scene.note else ""
    info = file.add(f"<</Title{text_string(scene.title)}{subject}/Producer(cutaway)>>")
    return file.content(root, info)


class _Writer:
    """Content streams of a scene's sheets; remembers which characters it has shown in which weight."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.characters: dict[Weight, set[str]] = {}

    def content(self, index: int, shared: Set[int]) -> bytes:
        return "\n".join(self._walk(index, shared)).encode("ascii")

    def _walk(self, index: int, shared: Set[int]) -> Iterator[str]:
        """Operators of a sheet's items; colours and lines are set where they change."""
        scene, current = self.scene, ""
        stack = [iter(scene.sheets[index].items)]
        while stack:
            item = next(stack[-1], None)
            if item is None:
                stack.pop()
                current = ""
                if stack:
                    yield "Q"
            elif isinstance(item, Place):
                move = f"q {fine_number(item.scale)} 0 0 {fine_number(item.scale)} {number(item.x)} {number(item.y)} cm"
                if item.sheet in shared:
                    yield f"{move} /X{item.sheet} Do Q"
                else:
                    yield move
                    stack.append(iter(scene.sheets[item.sheet].items))
                    current = ""
            elif isinstance(item, Text):
                yield self._text(item, scene.fonts[item.font])
                current = ""
            else:
                paint = scene.paints[item.paint]
                if current != item.paint:
                    yield _state(paint)
                    current = item.paint
                yield _box(item, paint) if isinstance(item, Box) else _path(item, paint)
                if paint.arrow:
                    current = ""

    def _text(self, text: Text, font: Font) -> str:
        shown = boxed(text.content)
        self.characters.setdefault(font.weight, set()).update(shown)
        share = {"start": 0.0, "middle": 0.5, "end": 1.0}[font.anchor]
        x = text.x - share * width(text.content, font.size, font.weight)
        words = (
            f"BT {_colour(font.fill)} rg /F{font.weight} {fine_number(font.size)} Tf "
            f"1 0 0 -1 {fine_number(x)} {number(text.y)} Tm {glyph_string(shown)} Tj ET"
        )
        if FULL_SET.issuperset(text.content):
            return words
        return f"/Span <</ActualText {text_string(text.content)}>> BDC {words} EMC"


def _colour(value: str) -> str:
    digits = value.lstrip("#")
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    return " ".join(fine_number(int(digits[at : at + 2], 16) / 255) for at in (0, 2, 4))


def _state(paint: Paint) -> str:
    parts = []
    if paint.fill is not None:
        parts.append(f"{_colour(paint.fill)} rg")
    if paint.stroke is not None:
        dash = " ".join(map(number, paint.dash))
        parts.append(f"{_colour(paint.stroke)} RG {fine_number(paint.width)} w [{dash}] 0 d")
    return " ".join(parts)


def _operator(paint: Paint) -> str:
    return _FILL_AND_STROKE[paint.fill is not None, paint.stroke is not None]


def _box(box: Box, paint: Paint) -> str:
    radius = min(box.radius, box.width / 2, box.height / 2)
    if radius <= 0:
        return f"{number(box.x)} {number(box.y)} {number(box.width)} {number(box.height)} re {_operator(paint)}"
    left, top = float(box.x), float(box.y)
    right, bottom = left + box.width, top + box.height
    bend = radius * (1 - _ROUND)
    pieces = (
        (left + radius, top, "m"),
        (right - radius, top, "l"),
        (right - bend, top, right, top + bend, right, top + radius, "c"),
        (right, bottom - radius, "l"),
        (right, bottom - bend, right - bend, bottom, right - radius, bottom, "c"),
        (left + radius, bottom, "l"),
        (left + bend, bottom, left, bottom - bend, left, bottom - radius, "c"),
        (left, top + radius, "l"),
        (left, top + bend, left + bend, top, left + radius, top, "c"),
    )
    words = (fine_number(part) if isinstance(part, float) else str(part) for piece in pieces for part in piece)
    return f"{' '.join(words)} h {_operator(paint)}"


def _path(path: Path, paint: Paint) -> str:
    words: list[str] = []
    points: list[tuple[float, float]] = []
    for op, *values in path.segments:
        numbers = [float(value) for value in values]
        words += [*map(fine_number, numbers), _PATH_OPERATORS[str(op)]]
        points += list(zip(numbers[::2], numbers[1::2], strict=True))
    line = " ".join([*words, _operator(paint)])
    return f"{line} {_arrowhead(points, paint)}" if paint.arrow and paint.stroke is not None else line


def _arrowhead(points: list[tuple[float, float]], paint: Paint) -> str:
    """A triangle with its tip at the last point, turned the way the path arrives there."""
    x, y = points[-1]
    before = next((point for point in reversed(points) if point != (x, y)), (x - 1, y))
    distance = math.dist(before, (x, y))
    along, across = (x - before[0]) / distance, (y - before[1]) / distance
    length, half = arrow_size(paint)
    back_x, back_y = x - length * along, y - length * across
    corners = ((x, y), (back_x - half * across, back_y + half * along), (back_x + half * across, back_y - half * along))
    tip, left, right = (f"{fine_number(at_x)} {fine_number(at_y)}" for at_x, at_y in corners)
    return f"{_colour(paint.stroke or '#000000')} rg {tip} m {left} l {right} l h f"
