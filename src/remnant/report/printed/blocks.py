"""The pieces that a printed page is built of, as plain values for the template; every text in them stays text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, TypedDict

from remnant.report.printed.lettering import fitted, shown, word_pt

Block = dict[str, Any]
PAGE_PT = 493.2
"""Width between the margins: A4 less 18 mm on either side. [pt]"""
_TEXT_PT, _TABLE_PT, _SMALL_PT, _TITLE_PT, _HEAD_PT = 8.6, 7.4, 6.6, 17.0, 11.5
_INSET_PT, _CHIP_PT, _INDENT_PT = 3.0, 11.0, 12.0
_USUAL_PT = 96.0  # words up to this width stay whole [pt]


class Cell(TypedDict, total=False):
    """A cell of a table: its text, a smaller line below, and a patch of colour before it."""

    text: str
    small: str
    bold: bool
    chip: str


class Column(NamedTuple):
    """A column of a table: its head, its share of the width, and where its text stands."""

    title: str
    weight: float
    align: Literal["start", "end"] = "start"


class Key(TypedDict):
    """An entry of a legend."""

    colour: str
    edge: str
    text: str


class Label(TypedDict):
    """Words on a figure: place as shares of its width and height from the upper left corner."""

    x: float
    y: float
    text: str
    kind: str


def title(text: str, kicker: str, stamps: Sequence[str]) -> Block:
    """The head of a document."""
    return {
        "kind": "title",
        "text": _fit(text, PAGE_PT, _TITLE_PT, bold=True),
        "kicker": shown(kicker),
        "stamps": [_fit(s, PAGE_PT - 12, _TABLE_PT) for s in stamps],
    }


def heading(text: str) -> Block:
    """The head of a section."""
    return {"kind": "heading", "text": _fit(text, PAGE_PT, _HEAD_PT, bold=True)}


def para(text: str, style: Literal["normal", "lead", "quiet"] = "normal") -> Block:
    """A paragraph."""
    return {"kind": "para", "style": style, "text": _fit(text, PAGE_PT, _TEXT_PT)}


def bullets(texts: Sequence[str]) -> Block:
    """A list."""
    return {"kind": "bullets", "texts": [_fit(t, PAGE_PT - _INDENT_PT, _TEXT_PT) for t in texts]}


def callout(head: str, texts: Sequence[str]) -> Block:
    """A box that nobody may overlook."""
    return {
        "kind": "callout",
        "head": _fit(head, PAGE_PT - 24, _TEXT_PT, bold=True),
        "texts": [_fit(t, PAGE_PT - 24, _TEXT_PT) for t in texts],
    }


def keys(rows: Sequence[tuple[str, str]], share: float = 0.3) -> Block:
    """Names and what they hold, without a head."""
    widths = _widths((share, 1.0 - share), [max((_longest(k, bold=True) for k, _ in rows), default=0.0), 0.0])
    left, right = (w - 2 * _INSET_PT for w in widths)
    return {
        "kind": "keys",
        "widths": widths,
        "rows": [[_fit(k, left, _TABLE_PT, bold=True), _fit(v, right, _TABLE_PT)] for k, v in rows],
    }


def table(columns: Sequence[Column], rows: Sequence[Sequence[Cell]], note: str = "") -> Block:
    """A table over as many pages as it takes, its head on each.

    Parameters
    ----------
    note
        What stands above it.
    """
    needed = [_longest(c.title, bold=True) for c in columns]
    for row in rows:
        needed = [max(n, _cell_longest(c)) for n, c in zip(needed, row, strict=True)]
    outer = _widths([c.weight for c in columns], needed)
    widths = [w - 2 * _INSET_PT for w in outer]
    return {
        "kind": "table",
        "note": _fit(note, PAGE_PT, _TABLE_PT),
        "columns": [
            {"title": _fit(c.title, w, _TABLE_PT, bold=True), "width": w + 2 * _INSET_PT, "align": c.align}
            for c, w in zip(columns, widths, strict=True)
        ],
        "rows": [[_cell(c, w) for c, w in zip(row, widths, strict=True)] for row in rows],
    }


def figure(
    svg: str,
    ratio: float,
    labels: Sequence[Label],
    *,
    alt: str,
    legend_title: str = "",
    legend: Sequence[Key] = (),
    caption: str = "",
) -> Block:
    """A map over the whole width.

    Parameters
    ----------
    svg
        The drawing, without words.
    ratio
        Height over width. [1]
    labels
        The words on it.
    """
    return {
        "kind": "figure", "svg": svg, "ratio": ratio, "alt": shown(alt),
        "labels": [{**label, "text": shown(label["text"])} for label in labels],
        "legend_title": _fit(legend_title, PAGE_PT, _TABLE_PT),
        "legend": [{**key, "text": _fit(key["text"], PAGE_PT / 3 - 20, _TABLE_PT)} for key in legend],
        "caption": _fit(caption, PAGE_PT, _TABLE_PT),
    }  # fmt: skip


def panels(drawn: Sequence[Block], *, legend: Sequence[Key], caption: str) -> Block:
    """Curves in two columns (`remnant.report.printed.curves.curve_panel`)."""
    return {
        "kind": "panels",
        "panels": [
            {
                **p,
                "title": shown(p["title"]),
                **{axis: [{**t, "text": shown(t["text"])} for t in p[axis]] for axis in ("x", "y")},
            }
            for p in drawn
        ],
        "legend": [{**key, "text": _fit(key["text"], PAGE_PT / 3 - 20, _TABLE_PT)} for key in legend],
        "caption": _fit(caption, PAGE_PT, _TABLE_PT),
    }


def form(fields: Sequence[str], *, num_lines: int) -> Block:
    """Blank lines to write on, and fields to fill in by hand."""
    return {
        "kind": "form",
        "lines": num_lines,
        "fields": [_fit(f, PAGE_PT / 2 - 12, _TABLE_PT) for f in fields],
    }


def new_page() -> Block:
    """The next block stands on a page of its own."""
    return {"kind": "new_page"}


def _widths(weights: Sequence[float], needed: Sequence[float]) -> list[float]:
    """Widths of columns by their weights, wider where a usual word asks for it. [pt]

    Words beyond `_USUAL_PT` count as names that may break; where all wishes together exceed the page, weights rule.
    """
    whole = sum(weights)
    usual = [min(n, _USUAL_PT) + 2 * _INSET_PT + 1.0 for n in needed]
    if sum(usual) > PAGE_PT:
        return [PAGE_PT * w / whole for w in weights]
    fixed: set[int] = set()
    while True:
        left = PAGE_PT - sum(usual[k] for k in fixed)
        share = left / sum(w for k, w in enumerate(weights) if k not in fixed)
        short = {k for k, w in enumerate(weights) if k not in fixed and w * share < usual[k]}
        if not short:
            return [usual[k] if k in fixed else w * share for k, w in enumerate(weights)]
        fixed |= short


def _cell_longest(cell: Cell) -> float:
    chip = _CHIP_PT if cell.get("chip") else 0.0
    text = _longest(cell.get("text", ""), bold=cell.get("bold", False)) + chip
    return max(text, _longest(cell.get("small", "")) * _SMALL_PT / _TABLE_PT)


def _longest(text: str, *, bold: bool = False) -> float:
    """Width of the longest usual word of a text in a table; names that may break count for nothing. [pt]"""
    widths = (word_pt(w, _TABLE_PT, bold=bold) for w in shown(text).split(" "))
    return max((w for w in widths if w <= _USUAL_PT), default=0.0)


def _cell(cell: Cell, width: float) -> Cell:
    chip, bold = cell.get("chip", ""), cell.get("bold", False)
    room = width - (_CHIP_PT if chip else 0.0)
    return {
        "text": _fit(cell.get("text", ""), room, _TABLE_PT, bold=bold),
        "small": _fit(cell.get("small", ""), width, _SMALL_PT),
        "bold": bold,
        "chip": chip,
    }


def _fit(text: str, width_pt: float, size_pt: float, *, bold: bool = False) -> str:
    return fitted(shown(text), width_pt, size_pt, bold=bold)
