"""The parts of a PDF file that do not depend on what is drawn: numbered objects and embedded fonts."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Mapping, Sequence
from hashlib import md5

from cutaway.style.measure import FONTS, GLYPHS, Weight, advance
from cutaway.style.widths import CHARACTERS

_TABLES = (b"glyf", b"head", b"hhea", b"hmtx", b"loca", b"maxp")
_ASCENT, _DESCENT, _CAP_HEIGHT = 969, -241, 727  # Inter's, in thousandths of an em


class PdfFile:
    """Objects by number; `content` writes them with the table that finds them."""

    def __init__(self) -> None:
        self._objects: list[bytes] = []

    def reserve(self) -> int:
        """A number for an object that is handed in later with `fill`."""
        self._objects.append(b"null")
        return len(self._objects)

    def fill(self, number: int, body: str) -> None:
        """Hand in a reserved object."""
        self._objects[number - 1] = body.encode("latin-1")

    def add(self, body: str) -> int:
        """Add an object and return its number."""
        number = self.reserve()
        self.fill(number, body)
        return number

    def add_stream(self, data: bytes, entries: str = "") -> int:
        """Add a compressed stream and return its number."""
        number = self.reserve()
        self.fill_stream(number, data, entries)
        return number

    def fill_stream(self, number: int, data: bytes, entries: str = "") -> None:
        """Hand in a reserved object that is a stream."""
        packed = zlib.compress(data, 9)
        head = f"<<{entries}/Filter/FlateDecode/Length {len(packed)}>>\nstream\n".encode("latin-1")
        self._objects[number - 1] = head + packed + b"\nendstream"

    def content(self, root: int, info: int) -> bytes:
        """The whole file. Its id is a digest of its content, so equal pictures give equal files."""
        out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
        offsets = []
        for index, body in enumerate(self._objects, 1):
            offsets.append(len(out))
            out += b"%d 0 obj\n%b\nendobj\n" % (index, body)
        start = len(out)
        digest = md5(out, usedforsecurity=False).hexdigest()
        out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(offsets) + 1)
        out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
        out += (
            f"trailer\n<</Size {len(offsets) + 1}/Root {root} 0 R/Info {info} 0 R/ID[<{digest}><{digest}>]>>\n"
            f"startxref\n{start}\n%%EOF\n"
        ).encode("ascii")
        return bytes(out)


def text_string(text: str) -> str:
    """Text as a PDF string, in UTF-16 and hexadecimal, so that nothing in it can end the string."""
    return f"<FEFF{text.encode('utf-16-be', 'replace').hex().upper()}>"


def glyph_string(text: str) -> str:
    """Text as the glyphs of the shipped font; it holds only characters that the font has."""
    return "<" + "".join(f"{GLYPHS[char]:04X}" for char in text) + ">"


def add_font(file: PdfFile, weight: Weight, characters: Iterable[str]) -> int:
    """Embed the part of the shipped font that draws ``characters``; returns the number of the font object."""
    used = sorted(characters, key=GLYPHS.__getitem__)
    data = subset((FONTS / f"inter-{weight}.ttf").read_bytes(), {0, *(GLYPHS[char] for char in used)})
    tag = "".join(chr(ord("A") + byte % 26) for byte in md5(data, usedforsecurity=False).digest()[:6])
    name = f"{tag}+CutawayInter-{'Regular' if weight == 400 else 'SemiBold'}"
    stream = file.add_stream(data, f"/Length1 {len(data)}")
    descriptor = file.add(
        f"<</Type/FontDescriptor/FontName/{name}/Flags 32/FontBBox[-1000 -400 2000 1200]/ItalicAngle 0"
        f"/Ascent {_ASCENT}/Descent {_DESCENT}/CapHeight {_CAP_HEIGHT}/StemV {80 if weight == 400 else 120}"
        f"/FontFile2 {stream} 0 R>>"
    )
    widths = "".join(f"{GLYPHS[char]}[{advance(char, weight)}]" for char in used)
    descendant = file.add(
        f"<</Type/Font/Subtype/CIDFontType2/BaseFont/{name}/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)"
        f"/Supplement 0>>/FontDescriptor {descriptor} 0 R/DW 600/W[{widths}]/CIDToGIDMap/Identity>>"
    )
    unicode_map = file.add_stream(_to_unicode(used).encode("ascii"))
    return file.add(
        f"<</Type/Font/Subtype/Type0/BaseFont/{name}/Encoding/Identity-H/DescendantFonts[{descendant} 0 R]"
        f"/ToUnicode {unicode_map} 0 R>>"
    )


def _to_unicode(characters: Sequence[str]) -> str:
    """The map from glyphs back to text, for searching and copying."""
    lines = [
        "/CIDInit /ProcSet findresource begin", "12 dict begin", "begincmap",
        "/CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def",
        "/CMapName /Adobe-Identity-UCS def", "/CMapType 2 def",
        "1 begincodespacerange", "<0000> <FFFF>", "endcodespacerange",
    ]  # fmt: skip
    for at in range(0, len(characters), 100):  # the format allows a hundred a block
        block = characters[at : at + 100]
        lines += [f"{len(block)} beginbfchar", *(f"<{GLYPHS[c]:04X}> <{ord(c):04X}>" for c in block), "endbfchar"]
    return "\n".join([*lines, "endcmap", "CMapName currentdict /CMap defineresource pop", "end", "end", ""])


def subset(font: bytes, glyphs: set[int]) -> bytes:
    """A TrueType file with the outlines of ``glyphs`` only, all glyphs keeping their numbers.

    The shipped files have no composite glyphs, so an outline needs no other.
    """
    tables = _tables(font)
    count = len(CHARACTERS) + 1
    wide = struct.unpack(">h", tables[b"head"][50:52])[0] == 1
    packed = struct.unpack(f">{count + 1}{'L' if wide else 'H'}", tables[b"loca"])
    offsets = packed if wide else [2 * offset for offset in packed]
    outlines, starts = bytearray(), [0]
    for glyph in range(count):
        if glyph in glyphs:
            outlines += tables[b"glyf"][offsets[glyph] : offsets[glyph + 1]]
            outlines += bytes(-len(outlines) % 4)
        starts.append(len(outlines))
    tables[b"glyf"] = bytes(outlines)
    tables[b"loca"] = struct.pack(f">{count + 1}L", *starts)
    tables[b"head"] = tables[b"head"][:50] + struct.pack(">h", 1) + tables[b"head"][52:]
    return _font_file({tag: tables[tag] for tag in _TABLES})


def _tables(font: bytes) -> dict[bytes, bytes]:
    count = struct.unpack(">H", font[4:6])[0]
    records = (struct.unpack(">4sLLL", font[at : at + 16]) for at in range(12, 12 + 16 * count, 16))
    return {tag: font[offset : offset + length] for tag, _, offset, length in records}


def _font_file(tables: Mapping[bytes, bytes]) -> bytes:
    power = len(tables).bit_length() - 1
    head = struct.pack(">LHHHH", 0x00010000, len(tables), 16 << power, power, (len(tables) - (1 << power)) * 16)
    offset = 12 + 16 * len(tables)
    records, bodies = b"", b""
    for tag, table in tables.items():
        padded = table + bytes(-len(table) % 4)
        checksum = sum(struct.unpack(f">{len(padded) // 4}L", padded)) & 0xFFFFFFFF
        records += struct.pack(">4sLLL", tag, checksum, offset + len(bodies), len(table))
        bodies += padded
    return head + records + bodies
