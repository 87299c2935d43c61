"""`to_svg`: a scene as one SVG file that needs nothing beside it.

Sheets that are shown more than once are written once and used by reference; text stays text, in a font that comes
with the file. Every text from outside passes through `escape`. Ids and class names are scoped by a digest of the
content, so that several pictures can stand in one page.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Set
from dataclasses import replace
from zlib import crc32

from cutaway.drawing.ink import arrow_size, fine_number, number, uses
from cutaway.drawing.scene import Box, Font, Paint, Path, Place, Scene, Text
from cutaway.style.measure import FAMILY, FONTS, FULL_SET, SMALL_SET, boxed

_SPECIAL = re.compile('[&<>"\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]')
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}
_CLASS_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*\Z")
_BLUNT = " blunt"  # behind the key of a paint: the same without an arrowhead
_SCOPE = "\0"  # stands for the digest until the content is known; `escape` lets no such character through


def escape(text: str) -> str:
    """The text as XML content or attribute value; characters that XML 1.0 cannot hold are left out."""
    if _SPECIAL.search(text) is None:
        return text
    return _SPECIAL.sub(lambda found: _ENTITIES.get(found[0], ""), text)


def to_svg(scene: Scene, *, embed_font: bool = True) -> str:
    """Draw a scene as SVG.

    Args:
        scene: The picture.
        embed_font: Whether the file brings its font (7 to 27 kB a weight). Without it the picture looks as meant only
            where Inter is installed.

    Returns:
        The text of the file; equal scenes give equal texts.
    """
    counts = uses(scene)
    shared = {index for index, count in enumerate(counts) if count > 1}
    writer = _Writer(scene, boxes_for_unknown=False)
    defs = [
        f'<g id="{_SCOPE}s{index}" class="{_SCOPE}">{"".join(writer.walk(index, shared, 0.0))}</g>'
        for index in sorted(shared)
    ]
    body = "".join(writer.walk(len(scene.sheets) - 1, shared, 0.0))
    fonts = writer.font_faces() if embed_font else ""
    return writer.document(defs, body, fonts)


def to_flat_svg(scene: Scene, *, smallest: float, coarse: float = 0.0) -> str:
    """Draw a scene as SVG for a renderer that has the shipped font at hand and makes one bitmap of it.

    Args:
        scene: The picture.
        smallest: Sheets that would be less than this many px high, at scale 1 of the picture, are left out.
        coarse: Scale below which a sheet has neither words nor arrowheads.

    Returns:
        The text of an SVG without fonts; characters that the shipped font lacks are empty boxes.
    """
    blunt = {key + _BLUNT: replace(paint, arrow=False) for key, paint in scene.paints.items() if paint.arrow}
    writer = _Writer(replace(scene, paints={**scene.paints, **blunt}), boxes_for_unknown=True)
    return writer.document([], "".join(writer.walk(len(scene.sheets) - 1, set(), smallest, coarse)), "")


class _Writer:
    """Markup of one scene. Each sheet is put into words once: strings, with the places between them."""

    def __init__(self, scene: Scene, *, boxes_for_unknown: bool) -> None:
        self.scene = scene
        self.boxes_for_unknown = boxes_for_unknown
        self.paints = {key: _class_name("p", index, key) for index, key in enumerate(scene.paints)}
        self.fonts = {key: _class_name("f", index, key) for index, key in enumerate(scene.fonts)}
        self.characters: dict[str, set[str]] = {key: set() for key in scene.fonts}
        self.used_paints: set[str] = set()
        self.words: dict[tuple[int, bool], list[str | Place]] = {}

    def walk(self, index: int, shared: Set[int], smallest: float, coarse: float = 0.0) -> Iterator[str]:
        """Markup of a sheet's items. Sheets of ``shared`` are referred to, the others written where they stand."""
        scene = self.scene
        stack: list[tuple[Iterator[str | Place], float]] = [(iter(self.words_of(index, coarse > 1.0)), 1.0)]
        while stack:
            words, scale = stack[-1]
            word = next(words, None)
            if word is None:
                stack.pop()
                if stack:
                    yield "</g>"
            elif isinstance(word, str):
                yield word
            elif word.sheet in shared:
                yield f'<use href="#{_SCOPE}s{word.sheet}"{_transform(word)}/>'
            elif scene.sheets[word.sheet].height * scale * word.scale >= smallest:
                yield f"<g{_transform(word)}>"
                inner = scale * word.scale
                stack.append((iter(self.words_of(word.sheet, inner < coarse)), inner))

    def words_of(self, index: int, coarse: bool) -> list[str | Place]:
        found = self.words.get((index, coarse))
        if found is None:
            found = self.words[index, coarse] = list(self._write(index, coarse))
        return found

    def _write(self, index: int, coarse: bool) -> Iterator[str | Place]:
        write: dict[type, Callable[..., str]] = {Box: self._box, Text: self._text, Path: self._path}
        if coarse:
            write = {Box: self._box, Text: lambda _: "", Path: self._blunt}
        run: list[str] = []
        for item in self.scene.sheets[index].items:
            if isinstance(item, Place):
                yield "".join(run)
                yield item
                run = []
            else:
                run.append(write[type(item)](item))
        yield "".join(run)

    def _box(self, box: Box) -> str:
        self.used_paints.add(box.paint)
        key = f' data-key="{escape(box.key)}"' if box.key else ""
        radius = f' rx="{number(box.radius)}"' if box.radius else ""
        head = (
            f'<rect class="{self.paints[box.paint]}" x="{number(box.x)}" y="{number(box.y)}" '
            f'width="{number(box.width)}" height="{number(box.height)}"{radius}{key}'
        )
        return f"{head}><title>{escape(box.tip)}</title></rect>" if box.tip else f"{head}/>"

    def _text(self, text: Text) -> str:
        content, squeeze = text.content, ""
        if self.boxes_for_unknown:
            content = boxed(content)
        elif not FULL_SET.issuperset(content):  # another font will draw it: it must keep to the measured width
            squeeze = f' textLength="{number(text.width)}" lengthAdjust="spacingAndGlyphs"'
        self.characters[text.font].update(content)
        name = self.fonts[text.font]
        return f'<text class="{name}" x="{number(text.x)}" y="{number(text.y)}"{squeeze}>{escape(content)}</text>'

    def _path(self, path: Path) -> str:
        self.used_paints.add(path.paint)
        pieces = (f"{op}{' '.join(map(number, values))}" for op, *values in path.segments)
        return f'<path class="{self.paints[path.paint]}" d="{"".join(pieces)}"/>'

    def _blunt(self, path: Path) -> str:
        """A path without its arrowhead."""
        return self._path(replace(path, paint=path.paint + _BLUNT) if self.scene.paints[path.paint].arrow else path)

    def font_faces(self) -> str:
        """The weights in use, each as small a subset as holds its characters."""
        needed: dict[int, set[str]] = {}
        for key, characters in self.characters.items():
            if characters:
                needed.setdefault(self.scene.fonts[key].weight, set()).update(characters)
        faces = []
        for weight, characters in sorted(needed.items()):
            subset = "-small" if (characters & FULL_SET) <= SMALL_SET else ""
            data = b64encode((FONTS / f"inter-{weight}{subset}.woff2").read_bytes()).decode("ascii")
            faces.append(
                f'@font-face{{font-family:"{FAMILY}";font-weight:{weight};'
                f'src:url("data:font/woff2;base64,{data}") format("woff2")}}\n'
            )
        return "".join(faces)

    def document(self, defs: list[str], body: str, font_faces: str) -> str:
        scene = self.scene
        paints = [(key, scene.paints[key]) for key in scene.paints if key in self.used_paints]
        # inside a shared sheet a rule finds its items by the class on that sheet: browsers look no further out
        rules = [f".{_SCOPE} .{self.paints[key]}{{{_paint_rule(paint, self.paints[key])}}}" for key, paint in paints]
        rules += [
            f".{_SCOPE} .{self.fonts[key]}{{{_font_rule(font)}}}"
            for key, font in scene.fonts.items()
            if self.characters[key]
        ]
        markers = [_marker(paint, self.paints[key]) for key, paint in paints if paint.arrow]
        width, height = number(scene.width), number(scene.height)
        note = f"<desc>{escape(scene.note)}</desc>\n" if scene.note else ""
        back = f'<rect width="{width}" height="{height}" fill="{scene.background}"/>\n' if scene.background else ""
        rule_lines = "\n".join(rules)
        def_lines = "\n".join(markers + defs)
        content = (
            f'width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
            f'role="img" aria-label="{escape(scene.title)}">\n'
            f"<title>{escape(scene.title)}</title>\n{note}<style>\n{font_faces}{rule_lines}\n</style>\n"
            f"<defs>\n{def_lines}\n</defs>\n{back}{body}\n</svg>\n"
        )
        scope = f"cw{crc32(content.encode()):08x}"
        head = f'<svg xmlns="http://www.w3.org/2000/svg" id="{scope}" class="{scope}" xml:space="preserve" '
        return head + content.replace(_SCOPE, scope)


def _class_name(prefix: str, index: int, key: str) -> str:
    return f"{prefix}-{key}" if _CLASS_NAME.match(key) else f"{prefix}{index}"


def _transform(place: Place) -> str:
    move = f"translate({number(place.x)} {number(place.y)})" if place.x or place.y else ""
    scale = f"scale({fine_number(place.scale)})" if place.scale != 1 else ""
    return f' transform="{move}{scale}"' if move or scale else ""


def _paint_rule(paint: Paint, name: str) -> str:
    rule = f"fill:{paint.fill or 'none'}"
    if paint.stroke is not None:
        rule += f";stroke:{paint.stroke};stroke-width:{fine_number(paint.width)}"
    if paint.dash:
        rule += f";stroke-dasharray:{' '.join(map(number, paint.dash))}"
    if paint.arrow:
        rule += f";marker-end:url(#{_SCOPE}{name})"
    return rule


def _font_rule(font: Font) -> str:
    return (
        f'font:{font.weight} {fine_number(font.size)}px "{FAMILY}",Inter,sans-serif;'
        f"fill:{font.fill};text-anchor:{font.anchor}"
    )


def _marker(paint: Paint, name: str) -> str:
    length, half = map(fine_number, arrow_size(paint))
    size = fine_number(2 * float(half))
    return (
        f'<marker id="{_SCOPE}{name}" markerUnits="userSpaceOnUse" orient="auto" markerWidth="{length}" '
        f'markerHeight="{size}" refX="{length}" refY="{half}" viewBox="0 0 {length} {size}">'
        f'<path d="M0 0L{length} {half}L0 {size}Z" fill="{paint.stroke}"/></marker>'
    )
