"""Files as people send them, true ones and others."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from tests import factories


def upload(name: str, content: bytes) -> SimpleUploadedFile:
    """A file under that name; the media type the browser claims is never believed."""
    return SimpleUploadedFile(name, content, "application/pdf")


def archive(*names: str, content: str = "x") -> bytes:
    """A ZIP with these members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as members:
        for name in names:
            members.writestr(name, content)
    return out.getvalue()


def docx() -> bytes:
    return archive("[Content_Types].xml", "word/document.xml")


def xlsx() -> bytes:
    return archive("[Content_Types].xml", "xl/workbook.xml")


def image(kind: str, size: tuple[int, int] = (8, 8)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size).save(out, kind)
    return out.getvalue()


def _chunk(name: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
    )


def huge_png(side: int = 60_000) -> bytes:
    """A few bytes that would be gigabytes of pixels."""
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    pixels = _chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    return b"\x89PNG\r\n\x1a\n" + header + pixels + _chunk(b"IEND", b"")


def unpacks_to(declared: int) -> bytes:
    """A small ZIP whose list says its one member is that large."""
    content = bytearray(archive("a.bin"))
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = content.index(signature) + offset
        content[at : at + 4] = struct.pack("<I", declared)
    return bytes(content)


def crowded_zip(members: int) -> bytes:
    """A ZIP that lists the same few bytes again and again."""
    one = archive("a")
    at, end = one.index(b"PK\x01\x02"), one.index(b"PK\x05\x06")
    entry, last = one[at:end], bytearray(one[end:])
    last[8:12] = struct.pack("<HH", min(members, 65_535), min(members, 65_535))
    last[12:16] = struct.pack("<I", members * len(entry))
    return one[:at] + entry * members + bytes(last)


PDF = factories.PDF
HTML = b"<!DOCTYPE html><html><body><script>alert(1)</script></body></html>"
EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
