"""`to_png`: a scene as a bitmap, drawn by resvg with the shipped font and none of the system's."""

from __future__ import annotations

import math
import struct
import zlib
from numbers import Real

from cutaway.drawing.scene import Place, Scene, Text
from cutaway.drawing.svg import to_flat_svg
from cutaway.errors import MissingExtra, OptionError
from cutaway.style.measure import FAMILY, FONTS, FULL_SET

LEGIBLE = 5.0
"""Sheets that would be less than this many pixels high in the bitmap are left out of it."""
MOST_ITEMS = 250_000
"""Boxes, lines and words in a bitmap; where there are more, sheets must be higher to be drawn. Each takes 50 µs."""
COARSE = 0.16
"""Pixels per px below which a sheet has neither words, which would be 2 pixels high, nor arrowheads: they are dust that
costs the renderer most of its time."""
MAX_PIXELS = 100_000_000
MAX_SIDE = 32_767
"""Bounds of a bitmap; the second is what other programs still open."""
DEFAULT_DPI = 200.0
"""Resolution that nobody asked for: where it does not fit, the picture is drawn with a lower one."""
_THINNEST = 1 - 1e-6


def check_dpi(dpi: object) -> float:
    """The number of a resolution; 96 for None.

    Raises:
        OptionError: It is no positive, finite number.
    """
    if dpi is None:
        return 96.0
    try:
        value = 0.0 if isinstance(dpi, bool) or not isinstance(dpi, Real) else float(dpi)
    except OverflowError:
        value = math.inf
    if not 0 < value < math.inf:
        raise OptionError(f"dpi must be a positive number, such as 96 or 300; received {dpi!r}")
    return value


def to_png(scene: Scene, *, width: int | None = None, dpi: float = 96.0, may_lower: bool = False) -> bytes:
    """Draw a scene as PNG.

    What would be too small to see is left out; the file's ``Description`` then says so, as `bitmap_note` does.

    Args:
        scene: The picture.
        width: Width in pixels; overrides ``dpi``.
        dpi: Pixels per inch; 96 draws one px of the scene as one pixel.
        may_lower: Whether a lower resolution is taken where this one does not fit the bounds.

    Returns:
        The bytes of the file; equal arguments give equal bytes.

    Raises:
        OptionError: The bitmap would be empty or larger than the bounds; the message says what would fit.
        MissingExtra: The package ``resvg-py`` is not installed.
    """
    scale = bitmap_scale(scene, width=width, dpi=dpi, may_lower=may_lower)
    try:
        from resvg_py import svg_to_bytes
    except ImportError as error:
        raise MissingExtra("drawing PNG needs resvg-py; install it with: pip install resvg-py") from error
    image = svg_to_bytes(
        svg_string=to_flat_svg(scene, smallest=smallest_sheet(scene, scale), coarse=COARSE / scale),
        zoom=scale,
        skip_system_fonts=True,
        font_files=[str(FONTS / f"inter-{weight}.ttf") for weight in (400, 600)],
        font_family=FAMILY,
        sans_serif_family=FAMILY,
    )
    notes = {"Title": scene.title, "Description": bitmap_note(scene, width=width, dpi=dpi, may_lower=may_lower)}
    return _with_notes(bytes(image), scale, notes)


def bitmap_scale(scene: Scene, *, width: int | None = None, dpi: float = 96.0, may_lower: bool = False) -> float:
    """Pixels per px of the scene that `to_png` draws with.

    Raises:
        OptionError: The bitmap would be empty or larger than the bounds.
    """
    dpi = check_dpi(dpi)
    if width is not None and not width >= 1:
        raise OptionError(f"width must be 1 pixel or more; received {width!r}")
    scale = dpi / 96 if width is None else width / scene.width
    wide, high = scene.width * scale, scene.height * scale
    if wide * high > MAX_PIXELS or max(wide, high) > MAX_SIDE:
        most = min((MAX_PIXELS / (scene.width * scene.height)) ** 0.5, MAX_SIDE / max(scene.width, scene.height))
        best = math.floor(96 * most) if 96 * most >= 1 else math.floor(960_000 * most) / 10_000
        if width is not None or not may_lower:
            fits = f"dpi={best} (--dpi {best})" if width is None else f"width={int(scene.width * most)}"
            raise OptionError(
                f"a bitmap of {wide:,.0f} × {high:,.0f} pixels is more than programs open (at most {MAX_SIDE:,} a side "
                f"and {MAX_PIXELS // 1_000_000} million in all); at most {fits} fits this picture, and svg or pdf "
                f"have no such bound"
            )
        scale = best / 96
        wide, high = scene.width * scale, scene.height * scale
    if min(wide, high) < _THINNEST:
        raise OptionError(
            f"a bitmap needs at least 1 pixel a side; with dpi={scale * 96:.4g} this picture has {wide:.4g} × "
            f"{high:.4g}; choose a higher dpi (--dpi), or svg or pdf"
        )
    return scale


def bitmap_note(scene: Scene, *, width: int | None = None, dpi: float = 96.0, may_lower: bool = False) -> str:
    """What `to_png` does not show, or not as asked, in words; empty where there is nothing to say.

    Raises:
        OptionError: As of `to_png`.
    """
    scale = bitmap_scale(scene, width=width, dpi=dpi, may_lower=may_lower)
    lowered = ""
    if width is None and scale < dpi / 96:
        lowered = (
            f"Drawn with {scale * 96:g} dpi: with {dpi:g} the bitmap would be larger than programs open; "
            f"svg and pdf have no such bound."
        )
    return " ".join(filter(None, (scene.note, lowered, left_out(scene, scale), boxed_texts(scene))))


def boxed_texts(scene: Scene) -> str:
    """How many texts a renderer with the shipped font alone draws with empty boxes, in words; empty for none."""
    contents = {item.content for sheet in scene.sheets for item in sheet.items if isinstance(item, Text)}
    lacking = sum(not FULL_SET.issuperset(content) for content in contents)
    if not lacking:
        return ""
    texts = "1 text holds" if lacking == 1 else f"{lacking:,} texts hold"
    return f"{texts} characters that the shipped font lacks; these are boxes here, svg shows them."


def smallest_sheet(scene: Scene, scale: float) -> float:
    """Height in px, at scale 1, below which a sheet is left out of a bitmap at this scale."""
    smallest = LEGIBLE / scale
    while _more_items(scene, smallest, MOST_ITEMS):
        smallest *= 1.25
    return smallest


def _more_items(scene: Scene, smallest: float, most: int) -> bool:
    """Whether more is drawn than so much where sheets below a height are left out."""
    places = [[item for item in sheet.items if isinstance(item, Place)] for sheet in scene.sheets]
    count, stack = 0, [(len(scene.sheets) - 1, 1.0)]
    while stack and count <= most:
        index, scale = stack.pop()
        count += len(scene.sheets[index].items)
        for place in places[index]:
            if scene.sheets[place.sheet].height * scale * place.scale >= smallest:
                stack.append((place.sheet, scale * place.scale))
    return count > most


def left_out(scene: Scene, scale: float) -> str:
    """What a bitmap at this scale does not show, in words; empty where it shows everything."""
    smallest = smallest_sheet(scene, scale)
    boxes = _count_hidden(scene, smallest)
    if not boxes:
        return ""
    groups = "The inside of 1 group" if boxes == 1 else f"The insides of {boxes:,} groups"
    return f"{groups}, less than {smallest * scale:.0f} pixels high here, left out; svg and pdf keep everything."


def _count_hidden(scene: Scene, smallest: float) -> int:
    """Places at which drawing stops; those inside them are not counted."""
    hidden, stack = 0, [(len(scene.sheets) - 1, 1.0)]
    while stack:
        index, scale = stack.pop()
        for item in scene.sheets[index].items:
            if isinstance(item, Place):
                inner = scale * item.scale
                if scene.sheets[item.sheet].height * inner < smallest:
                    hidden += 1
                else:
                    stack.append((item.sheet, inner))
    return hidden


def _with_notes(image: bytes, scale: float, notes: dict[str, str]) -> bytes:
    """The file with its resolution and with texts, put in after the header chunk."""
    per_metre = round(scale * 96 / 0.0254)
    chunks = [_chunk(b"pHYs", struct.pack(">IIB", per_metre, per_metre, 1))]
    for keyword, text in notes.items():
        if text:
            data = text.encode("utf-8", "replace").replace(b"\0", b"")
            chunks.append(_chunk(b"iTXt", keyword.encode("latin-1") + b"\0\0\0\0\0" + data))
    after_header = 8 + 12 + 13
    return image[:after_header] + b"".join(chunks) + image[after_header:]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
