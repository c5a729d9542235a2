"""What stands where on the pages of a PDF, from its own operators and the widths of its own fonts."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pypdf
from pypdf.generic import ContentStream

BREAK = "\u200b"
_INVISIBLE = " \u2066\u2067\u2069\u200b"


@dataclass(frozen=True)
class Run:
    """One run of letters: where it begins and ends, its baseline, its size, all in points."""

    left: float
    right: float
    baseline: float
    size: float
    num_letters: int
    has_missing_letter: bool


def pages_of(pdf: bytes) -> list[Any]:
    return list(pypdf.PdfReader(io.BytesIO(pdf)).pages)


def text_of(pdf: bytes) -> str:
    """All text, with the breaks within long words taken out."""
    return "\n".join(page.extract_text() for page in pages_of(pdf)).replace(BREAK, "")


def squeezed(text: str) -> str:
    """Text without any white space, because a name may break over lines."""
    return "".join(text.replace(BREAK, "").split())


def runs_of(page: Any) -> list[Run]:
    """Every run of letters on a page, those in drawings excepted."""
    fonts = {name: _Widths(font.get_object()) for name, font in page["/Resources"].get("/Font", {}).items()}
    return list(_runs(ContentStream(page.get_contents(), page.pdf), fonts))


def _runs(content: Any, fonts: dict[str, _Widths]) -> Iterator[Run]:
    cm, tm = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0), (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
    stack: list[tuple[float, ...]] = []
    font, size, is_blank = None, 0.0, list[bool]()
    for operands, operator in content.operations:
        if operator == b"q":
            stack.append(cm)
        elif operator == b"Q":
            cm = stack.pop()
        elif operator == b"cm":
            cm = _times(tuple(float(v) for v in operands), cm)
        elif operator == b"BT":
            tm = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
        elif operator == b"Tm":
            tm = tuple(float(v) for v in operands)
        elif operator in (b"Td", b"TD"):
            tm = _times((1.0, 0.0, 0.0, 1.0, float(operands[0]), float(operands[1])), tm)
        elif operator == b"Tf":
            font, size = fonts[operands[0]], float(operands[1])
        elif operator == b"BDC":
            said = operands[1].get("/ActualText", "x") if isinstance(operands[1], dict) else "x"
            is_blank.append(not str(said).strip(_INVISIBLE))
        elif operator in (b"BMC", b"EMC"):
            is_blank = is_blank[:-1] if operator == b"EMC" else [*is_blank, False]
        elif operator in (b"TJ", b"Tj"):
            assert font is not None
            parts = operands[0] if operator == b"TJ" else [operands[0]]
            width, glyphs = font.measured(parts)
            a, _, _, d, x, y = _times(tm, cm)
            end = x + a * size * width / 1000.0
            if not any(is_blank):
                yield Run(min(x, end), max(x, end), y, abs(d) * size, len(glyphs), 0 in glyphs)
            tm = _times(
                (1.0, 0.0, 0.0, 1.0, size * width / 1000.0, 0.0), tm
            )  # the next run goes on from here
        else:
            assert operator not in (b"'", b'"', b"T*", b"Tz", b"Tc", b"Tw"), operator


def _times(m: tuple[float, ...], n: tuple[float, ...]) -> tuple[float, ...]:
    a, b, c, d, e, f = m
    g, h, i, j, k, p = n
    return (a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + p)


class _Widths:
    """Widths of the glyphs of a font with two-byte codes."""

    def __init__(self, font: Any) -> None:
        assert font["/Encoding"] == "/Identity-H"
        (inner,) = (d.get_object() for d in font["/DescendantFonts"])
        self.usual = float(inner.get("/DW", 1000))
        self.widths: dict[int, float] = {}
        listed = list(inner.get("/W", []))
        while listed:
            first, second = int(listed.pop(0)), listed.pop(0)
            if isinstance(second, list):
                self.widths |= {first + k: float(w) for k, w in enumerate(second)}
            else:
                width = float(listed.pop(0))
                self.widths |= dict.fromkeys(range(first, int(second) + 1), width)

    def measured(self, parts: Any) -> tuple[float, list[int]]:
        """Width in thousandths of the size, and the glyphs."""
        width, glyphs = 0.0, []
        for part in parts:
            if isinstance(part, int | float):
                width -= float(part)
                continue
            raw = part.original_bytes if hasattr(part, "original_bytes") else bytes(part)
            codes = [int.from_bytes(raw[k : k + 2], "big") for k in range(0, len(raw), 2)]
            width += sum(self.widths.get(c, self.usual) for c in codes)
            glyphs += codes
        return width, glyphs
