"""Text and numbers from cells, refusing what can be read two ways."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

_PLAIN = re.compile(r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$")
_COMMA = re.compile(r"^[+-]?\d+,\d+$")
_GROUPED = re.compile(r"^[+-]?\d{1,3}(?:[ ,.'\u00a0\u202f]\d{3})+(?:[.,]\d+)?$")
_FORMULA = re.compile(r"^(?:=.|#(?:REF|VALUE|NAME|DIV|N/A|NULL|NUM|SPILL|CALC|####)|Err:\d+)")
_TRUE = frozenset({"true", "yes", "1"})
_FALSE = frozenset({"false", "no", "0"})


class UnreadableCellError(ValueError):
    """A cell that cannot be used: ``str`` says what came, `todo` what to do."""

    def __init__(self, came: str, todo: str) -> None:
        super().__init__(came)
        self.todo = todo


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Smallest and largest value that a number may take, in words. [unit of the number]"""

    low: float
    high: float
    words: str
    is_probability: bool = False
    is_whole: bool = False


def is_blank(cell: object) -> bool:
    """Whether a cell says nothing.

    Examples
    --------
    >>> is_blank("  "), is_blank(float("nan")), is_blank(0)
    (True, True, False)
    """
    if cell is None or cell == "":
        return True
    if isinstance(cell, float):
        return math.isnan(cell)
    return isinstance(cell, str) and not cell.strip()


def is_formula(cell: object) -> bool:
    """Whether a cell holds a formula or a spreadsheet's error mark instead of a value.

    Examples
    --------
    >>> is_formula("=1+1"), is_formula("#REF!"), is_formula("#date+start")
    (True, True, False)
    """
    return isinstance(cell, str) and _FORMULA.match(cell.strip()) is not None


def text_of(cell: object) -> str:
    """A cell as text without outer blanks; whole numbers without a decimal point.

    Examples
    --------
    >>> text_of(12.0), text_of("  PMA-2 "), text_of(True)
    ('12', 'PMA-2', 'true')
    """
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return str(cell).strip()


def number_of(cell: object, bounds: Bounds, *, decimal: str = ".") -> float:
    """A cell as a number within bounds.

    Raises
    ------
    UnreadableCellError
        For text that is no number, decimal commas that the layer does not name, thousands separators, infinity,
        and values out of bounds.

    Examples
    --------
    >>> number_of("1,5", Bounds(low=0, high=10, words="0 to 10"), decimal=",")
    1.5
    """
    value = _value(cell, decimal)
    if not math.isfinite(value):
        raise UnreadableCellError(
            f"{cell!r}", "give a finite number, or leave the cell blank if it is unknown"
        )
    if not bounds.low <= value <= bounds.high:
        percent = bounds.is_probability and 1.0 < value <= 100.0
        hint = "Percent? Divide by 100" if percent else "correct it, or leave the cell blank if it is unknown"
        raise UnreadableCellError(f"{value:g}", hint)
    if bounds.is_whole and not value.is_integer():
        raise UnreadableCellError(
            f"{value:g}", "items are counted whole; give a low and a high number if in doubt"
        )
    return value


def _value(cell: object, decimal: str) -> float:
    if isinstance(cell, bool):
        raise UnreadableCellError(f"{cell}", "give a number")
    if isinstance(cell, int | float):
        try:
            return float(cell)
        except OverflowError:
            return math.inf
    text = str(cell).strip().replace("\u2212", "-")
    if text.lower() in ("inf", "-inf", "+inf", "infinity", "-infinity"):
        return math.inf
    if decimal == "," and _COMMA.match(text):
        return float(text.replace(",", "."))
    if decimal == "," and "." in text and _PLAIN.match(text):
        raise UnreadableCellError(
            f"{text!r}, with a point where the layer names decimal commas",
            "write all numbers of the column one way",
        )
    if _PLAIN.match(text):
        return float(text)
    raise _refusal(text)


def _refusal(text: str) -> UnreadableCellError:
    if _GROUPED.match(text) and not _COMMA.match(text):
        return UnreadableCellError(
            f"{text!r}, which looks like thousands groups", "remove the separators: 1234.5"
        )
    if _COMMA.match(text):
        return UnreadableCellError(
            f"{text!r}, which may be a decimal comma or thousands",
            'if it is a decimal comma, write decimal = "," in the layer; else remove the comma',
        )
    if text.endswith("%"):
        return UnreadableCellError(f"{text!r}", "write a share: 0.9 for 90 %")
    return UnreadableCellError(f"{text!r}", "give a plain number such as 12 or 0.9, or leave the cell blank")


def truth_of(cell: object) -> bool:
    """A cell as yes or no.

    Raises
    ------
    UnreadableCellError
        For anything but true/false, yes/no, 1/0.
    """
    text = text_of(cell).lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise UnreadableCellError(f"{cell!r}", "write true or false")
