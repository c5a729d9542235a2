"""Numbers as people read them: rounded to what is known, with units, unknown said as such."""

from __future__ import annotations

import datetime as dt
import math

UNKNOWN = "unknown"
_DIGITS = 2
_LOWEST_PERCENT = 0.01
_PLAIN_ABOVE = 1e-3  # smaller numbers are written with an exponent
_MONTHS = (  # not from the machine's locale
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def rounded(value: float, digits: int = _DIGITS) -> str:
    """A number with so many significant digits and thousands separators.

    Examples
    --------
    >>> [rounded(v) for v in (1234.0, 12.6, 1.26, 0.0345, 0.0)]
    ['1,200', '13', '1.3', '0.035', '0']
    """
    if not math.isfinite(value):
        return UNKNOWN if math.isnan(value) else "no upper limit"
    if value == 0.0:
        return "0"
    places = digits - 1 - math.floor(math.log10(abs(value)))
    short = round(value, places)
    return f"{short:,.{0 if short.is_integer() else places}f}"


def items(value: float) -> str:
    """A number of items; below one it is said so, because nobody knows the decimals.

    Examples
    --------
    >>> [items(v) for v in (0.3, 0.0, 2345.0, float("nan"))]
    ['< 1', '0', '2,300', 'unknown']
    """
    return "< 1" if 0.0 < value < 1.0 else rounded(value)


def items_range(low: float, high: float) -> str:
    """A 90 % interval of a number of items.

    Examples
    --------
    >>> items_range(120.0, 2345.0), items_range(0.0, 0.0), items_range(0.2, 0.8)
    ('120–2,300', '0', '< 1')
    """
    if math.isnan(low) or math.isnan(high):
        return UNKNOWN
    first, last = items(low), items(high)
    if first == last:
        return first
    return f"0–{last}" if first == "< 1" else f"{first}–{last}"


def items_phrase(low: float, high: float, noun: str) -> str:
    """The same as words of a sentence.

    Examples
    --------
    >>> items_phrase(120.0, 2345.0, "explosive item")
    'between 120 and 2,300 explosive items'
    >>> items_phrase(0.0, 0.4, "armed item"), items_phrase(0.0, 3.0, "dud")
    ('fewer than 1 armed item', 'at most 3 duds')
    """
    if math.isnan(low) or math.isnan(high):
        return f"an unknown number of {noun}s"
    if high < 1.0:
        return f"fewer than 1 {noun}"
    last = rounded(high)
    plural = noun if last == "1" else f"{noun}s"
    if low < 1.0:
        return f"at most {last} {plural}"
    first = rounded(low)
    return f"about {last} {plural}" if first == last else f"between {first} and {last} {plural}"


def percent(share: float) -> str:
    """A chance in percent, never a false 0 or 100.

    Examples
    --------
    >>> [percent(v) for v in (0.1234, 0.034, 0.0, 0.9951, 0.99999)]
    ['12 %', '3.4 %', 'below 0.01 %', 'above 99 %', 'above 99.9 %']
    """
    if math.isnan(share):
        return UNKNOWN
    value = 100.0 * share
    if value < _LOWEST_PERCENT:
        return "below 0.01 %"
    if value > 99.9:
        return "above 99.9 %"
    if value > 99.0:
        return "above 99 %"
    return f"{rounded(value)} %"


def area(value_m2: float) -> str:
    """An area in m², or in km² from one up.

    Examples
    --------
    >>> area(51_234.0), area(812.4e6), area(float("nan"))
    ('51,200 m²', '812 km²', 'unknown')
    """
    if math.isnan(value_m2):
        return UNKNOWN
    return f"{rounded(value_m2 / 1e6, 3)} km²" if value_m2 >= 1e6 else f"{rounded(value_m2, 3)} m²"


def day(date: dt.date) -> str:
    """A date in words.

    Examples
    --------
    >>> day(dt.date(2026, 11, 22))
    '22 November 2026'
    """
    return f"{date.day} {_MONTHS[date.month - 1]} {date.year}"


def amount(value: float, unit: str, *, show_unit: bool = True) -> str:
    """A parameter's value with its unit; a probability close to 1 keeps what is missing to 1.

    Examples
    --------
    >>> amount(0.3456, "1"), amount(1234.0, "1/km2"), amount(1e-6, "1"), amount(0.9986, "1")
    ('0.35', '1,200 per km²', '1e-06', '0.999')
    """
    if unit == "1" and 0.99 < value < 1.0:
        text = f"{value:.{math.ceil(-math.log10(1.0 - value))}f}"
    elif 0.0 < abs(value) < _PLAIN_ABOVE:
        text = f"{value:.{_DIGITS}g}"
    else:
        text = rounded(value)
    name = {"1": "", "1/km2": " per km²", "ratio": "", "": ""}.get(unit, f" {unit}")
    return f"{text}{name}" if show_unit and text != UNKNOWN else text
