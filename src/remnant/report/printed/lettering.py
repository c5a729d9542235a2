"""Text as it can stand on paper: only letters that the font has, and no word wider than its column.

The one font is DejaVu Sans, which comes with matplotlib and is therefore on every machine that can draw a map. It holds
Latin, Cyrillic, Greek, Arabic, Hebrew, Armenian and Georgian letters.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path

import matplotlib as mpl
from matplotlib.ft2font import FT2Font, LoadFlags

from remnant.report.printed.language import END, LEFT, RIGHT

_FACES = {False: "DejaVuSans.ttf", True: "DejaVuSans-Bold.ttf"}
_MARKS = LEFT + RIGHT + END
_OUR_OWN = _MARKS + "\u200b\u200c\u200d\u00a0"  # marks, joiners, and where a word may break or must not
_BREAK = "\u200b"
_SLACK = 0.98  # kerning and shaping differ a little from the sum of widths


def font_folder() -> Path:
    """Where the fonts lie that matplotlib brings along."""
    return Path(mpl.get_data_path()) / "fonts" / "ttf"


def shown(text: str) -> str:
    r"""Text with every character that the font lacks, or that would reorder a line, as its code point.

    Examples
    --------
    >>> shown("поле\t№ 7"), shown("a\u202eb"), shown("野 1")
    ('поле № 7', 'a[U+202E]b', '[U+91CE] 1')
    """
    return "".join(c if c.isascii() and c.isprintable() else _shown_letter(c) for c in str(text))


@cache
def _shown_letter(letter: str) -> str:
    if letter in _OUR_OWN:
        return letter
    if letter in "\t\n\r\v\f\u2028\u2029":
        return " "
    is_hidden = unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Co", "Cn")
    if is_hidden or ord(letter) not in _letters():
        return f"[U+{ord(letter):04X}]"
    return letter


def fitted(text: str, width_pt: float, size_pt: float, *, bold: bool = False) -> str:
    r"""Text whose words may break where one is wider than its column.

    Parameters
    ----------
    text
        As `shown` gave it.
    width_pt
        Of the column. [pt]
    size_pt
        Of the letters. [pt]

    Examples
    --------
    >>> fitted("a word", 100.0, 8.0), fitted("W" * 6, 20.0, 8.0).split("\u200b")
    ('a word', ['WW', 'WW', 'WW'])
    """
    room = width_pt * _SLACK
    return " ".join(
        word if len(word) * 1.4 * size_pt <= room or word_pt(word, size_pt, bold=bold) <= room
        else _broken(word, room, size_pt, bold=bold)
        for word in text.split(" ")
    )  # fmt: skip


def word_pt(word: str, size_pt: float, *, bold: bool = False) -> float:
    """Width of a word. [pt]"""
    return size_pt * sum(_advance(c, bold) for c in word)


def shortened(text: str, width_pt: float, size_pt: float) -> str:
    """Text that fits one line, its end left out where it does not.

    Examples
    --------
    >>> shortened("short", 100.0, 8.0), shortened("a rather long name", 40.0, 8.0)
    ('short', 'a rathe…')
    """
    if word_pt(text, size_pt) <= width_pt:
        return text
    end = len(text)
    while end and word_pt(text[:end] + "…", size_pt) > width_pt * _SLACK:
        end -= 1
    return text[:end].rstrip() + "…"


def _broken(word: str, room: float, size_pt: float, *, bold: bool) -> str:
    pieces, filled = [""], 0.0
    for letter in word:
        width = size_pt * _advance(letter, bold)
        if pieces[-1] and filled + width > room:
            pieces.append("")
            filled = 0.0
        pieces[-1] += letter
        filled += width
    return _BREAK.join(pieces)


@cache
def _face(bold: bool) -> FT2Font:
    face = FT2Font(str(font_folder() / _FACES[bold]))
    face.set_size(100.0, 72)
    return face


@cache
def _letters() -> frozenset[int]:
    """Code points that both faces have."""
    return frozenset(_face(False).get_charmap()) & frozenset(_face(True).get_charmap())


@cache
def _advance(letter: str, bold: bool) -> float:
    """Width of a letter over the size of the font. [1]"""
    if letter in _MARKS or unicodedata.category(letter) in ("Cf", "Mn"):
        return 0.0
    glyph = _face(bold).load_char(ord(letter), flags=LoadFlags.NO_HINTING)
    return float(glyph.linearHoriAdvance) / 65536.0 / 100.0
