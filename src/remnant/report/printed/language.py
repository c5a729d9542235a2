"""A language of the printed pages: its sentences, plural forms, numbers and dates, from one TOML file."""

from __future__ import annotations

import datetime as dt
import math
import re
import string
import tomllib
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from remnant.errors import InvalidInput
from remnant.report import words

REFERENCE = "en"
"""The language that says which keys and placeholders every other one must have."""
_FOLDER = files("remnant.report").joinpath("languages")
_HEAD = ("name", "direction", "plural", "decimal", "group", "months")
LEFT, RIGHT, END = "\ufdd0", "\ufdd1", "\ufdd2"
"""Marks around a piece that keeps its own direction in a sentence; no text holds these code points, and the isolates
that stand for them on the page are set last, so that those in a record cannot pass for ours."""


def _one_other(n: float) -> str:
    return "one" if n == 1 else "other"


def _slavic(n: float) -> str:
    """Ukrainian and its relatives, by the rules of CLDR for cardinals."""
    if n != int(n):
        return "other"
    last, two = int(n) % 10, int(n) % 100
    if last == 1 and two != 11:
        return "one"
    return "few" if 2 <= last <= 4 and not 12 <= two <= 14 else "many"


def _arabic(n: float) -> str:
    """Arabic, by the rules of CLDR for cardinals."""
    if n != int(n):
        return "other"
    two = int(n) % 100
    if n in (0, 1, 2):
        return ("zero", "one", "two")[int(n)]
    return "few" if 3 <= two <= 10 else "many" if two >= 11 else "other"


_POWER = re.compile(r"([\d.]+)e([+-]?\d+)")
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
PLURALS: Mapping[str, tuple[Callable[[float], str], tuple[str, ...]]] = {
    "other": (lambda n: "other", ("other",)),
    "one_other": (_one_other, ("one", "other")),
    "one_few_many": (_slavic, ("one", "few", "many", "other")),
    "arabic": (_arabic, ("zero", "one", "two", "few", "many", "other")),
}
"""Plural rules that a language file can name: the form of a number, and the forms that an entry must have."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Language:
    """Sentences and formats of one language.

    Parameters
    ----------
    code
        Its tag, such as ``uk``: the name of the file.
    file
        Where it comes from, for messages.
    direction
        In which direction it is written.
    plural
        A rule of `PLURALS`.
    decimal, group
        What stands between whole and part, and between thousands.
    months
        Twelve names, in the form that a date asks for.
    entries
        Key (section and name joined by a dot) → sentence, or plural form → sentence.
    """

    code: str
    file: str
    name: str
    direction: Literal["ltr", "rtl"]
    plural: str
    decimal: str
    group: str
    months: tuple[str, ...]
    entries: Mapping[str, str | Mapping[str, str]]

    def __call__(self, key: str, **values: str) -> str:
        """The sentence of a key, with its placeholders filled in."""
        entry = self._entry(key)
        if not isinstance(entry, str):
            raise InvalidInput(f"{self.file}: {key} has plural forms; it was asked for without a number.")
        return entry.format(**{k: self.kept(v) for k, v in values.items()})

    def count(self, key: str, n: float, **values: str) -> str:
        """The sentence of a key in the plural form of a number; the number fills in ``{n}`` unless one is given."""
        entry = self._entry(key)
        if isinstance(entry, str):
            raise InvalidInput(f"{self.file}: {key} has no plural forms; it was asked for with a number.")
        filled = {"n": self.number(n), **values}
        return entry[PLURALS[self.plural][0](n)].format(**{k: self.kept(v) for k, v in filled.items()})

    def has(self, key: str) -> bool:
        """Whether there is such an entry."""
        return key in self.entries

    def kept(self, piece: str) -> str:
        """A piece of a sentence that keeps its own direction where the language is written from right to left."""
        if self.direction == "ltr" or not piece:
            return piece
        strong = next((b for b in map(unicodedata.bidirectional, piece) if b in ("L", "R", "AL")), "")
        is_left = strong == "L" or not (strong or END in piece)  # a bare number is read as one
        return f"{LEFT if is_left else RIGHT}{piece}{END}"

    def plain(self, text: str) -> str:
        """A number as `remnant.report.words` writes it, in the way of this language."""
        marks = {ord(","): self.group, ord("."): self.decimal}
        power = _POWER.fullmatch(text)
        if power is None:
            return text.translate(marks)
        if float(text) >= 1.0:
            return self.number(float(text))
        return f"{power[1].translate(marks)}\u00a0·\u00a010{str(int(power[2])).translate(_RAISED)}"

    def number(self, value: float) -> str:
        """A whole number with its thousands apart; others as exact as they are."""
        return self.plain(f"{value:,.0f}" if value == int(value) else f"{value:,}")

    def rounded(self, value: float, digits: int = 2) -> str:
        """A number with so many significant digits; unknown in words."""
        if not math.isfinite(value):
            return self("number.unknown" if math.isnan(value) else "number.no_upper_limit")
        return self.plain(words.rounded(value, digits))

    def items(self, value: float) -> str:
        """A number of items; below one it is said so, because nobody knows the decimals."""
        return self("number.below", value="1") if 0.0 < value < 1.0 else self.rounded(value)

    def items_range(self, low: float, high: float) -> str:
        """A 90 % interval of a number of items."""
        if math.isnan(low) or math.isnan(high):
            return self("number.unknown")
        first, last = self.items(low), self.items(high)
        if first == last:
            return first
        return self("number.range", low="0" if 0.0 < low < 1.0 else first, high=last)

    def percent(self, share: float) -> str:
        """A chance in percent, never a false 0 or 100."""
        if math.isnan(share):
            return self("number.unknown")
        value = 100.0 * share
        for limit, is_beyond, key in ((0.01, value < 0.01, "below"), (99.9, value > 99.9, "above"),
                                      (99.0, value > 99.0, "above")):  # fmt: skip
            if is_beyond:
                return self(f"number.{key}", value=self("number.percent", value=self.plain(f"{limit:g}")))
        return self("number.percent", value=self.rounded(value))

    def share(self, share: float) -> str:
        """A share that is measured or asked for, not a chance: all of it is 100 %, nothing is 0 %."""
        return self.percent(share) if 0.0 < share < 1.0 - 1e-6 else self._whole(share)

    def _whole(self, share: float) -> str:
        if math.isnan(share):
            return self("number.unknown")
        return self("number.percent", value=self.rounded(100.0 * round(share), 3))

    def area(self, value_m2: float) -> str:
        """An area in m², or in km² from one up."""
        if math.isnan(value_m2):
            return self("number.unknown")
        if value_m2 >= 1e6:
            return self("number.km2", value=self.rounded(value_m2 / 1e6, 3))
        return self("number.m2", value=self.rounded(value_m2, 3))

    def day(self, date: dt.date) -> str:
        """A date in words."""
        return self("number.day", day=str(date.day), month=self.months[date.month - 1], year=str(date.year))

    def joined(self, parts: list[str]) -> str:
        """Parts as a list within a sentence."""
        if len(parts) < 2:
            return "".join(parts)
        return self("number.and", first=self("number.comma").join(parts[:-1]), last=parts[-1])

    def _entry(self, key: str) -> str | Mapping[str, str]:
        try:
            return self.entries[key]
        except KeyError:
            raise InvalidInput(f"{self.file} must have the key {key}; it has not. Add it.") from None


def languages() -> tuple[str, ...]:
    """Tags of the languages that come with the program."""
    return tuple(sorted(f.name.removesuffix(".toml") for f in _FOLDER.iterdir() if f.name.endswith(".toml")))


@cache
def language_of(code: str) -> Language:
    """A language that comes with the program.

    Raises
    ------
    InvalidInput
        There is none with that tag, or its file has a fault.
    """
    if code not in languages():
        raise InvalidInput(f"the language must be one of {', '.join(languages())}; got {code!r}.")
    language = _parsed(f"{code}.toml", _FOLDER.joinpath(f"{code}.toml").read_text(encoding="utf-8"), code)
    return language if code == REFERENCE else _complete(language)


def read_language(path: Path) -> Language:
    """A language from a file of your own, its name the tag; it must have every key of English.

    Raises
    ------
    InvalidInput
        A key, a plural form or a placeholder is missing or unknown; the message names file and key.
    """
    return _complete(_parsed(str(path), path.read_text(encoding="utf-8"), path.stem))


def _parsed(file: str, text: str, code: str) -> Language:
    try:
        held = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"{file} must be TOML; {error}.") from None
    for key in _HEAD:
        if key not in held:
            raise InvalidInput(f"{file} must have the key {key}; it has not. Add it.")
    if held["direction"] not in ("ltr", "rtl") or held["plural"] not in PLURALS or len(held["months"]) != 12:
        raise InvalidInput(
            f"{file}: direction must be ltr or rtl, plural one of {', '.join(PLURALS)}, and months twelve; "
            f"got {held['direction']!r}, {held['plural']!r} and {len(held['months'])}."
        )
    head = {k: held.pop(k) for k in _HEAD}
    months = tuple(head.pop("months"))
    return Language(code=code, file=file, months=months, entries=dict(_flat(held)), **head)


def _flat(held: Mapping[str, Any]) -> Iterator[tuple[str, str | Mapping[str, str]]]:
    for section, entries in held.items():
        for key, entry in entries.items():
            yield f"{section}.{key}", entry


def _complete(language: Language) -> Language:
    """The same language, if it has the keys, plural forms and placeholders of the reference."""
    reference = language_of(REFERENCE)
    for key in (*reference.entries, *language.entries):
        for entries, file, what in (
            (language.entries, language.file, "must have"),
            (reference.entries, language.file, "must not have"),
        ):
            if key not in entries:
                raise InvalidInput(f"{file} {what} the key {key}, as {reference.file} says. Mend it.")
        _same_shape(language, key, reference)
    return language


def _same_shape(language: Language, key: str, reference: Language) -> None:
    mine, theirs = language.entries[key], reference.entries[key]
    if isinstance(mine, str) != isinstance(theirs, str):
        raise InvalidInput(f"{language.file}: {key} must have plural forms where {reference.file} has them.")
    forms = {"": mine} if isinstance(mine, str) else mine
    if not isinstance(mine, str) and set(forms) != set(PLURALS[language.plural][1]):
        raise InvalidInput(
            f"{language.file}: {key} must have the plural forms {', '.join(PLURALS[language.plural][1])}; "
            f"got {', '.join(forms)}."
        )
    wanted = placeholders(theirs if isinstance(theirs, str) else theirs["other"])
    for form, text in forms.items():
        came = placeholders(text)
        if came != wanted and not (form in ("zero", "one", "two") and came == wanted - {"n"}):
            raise InvalidInput(
                f"{language.file}: {key} must have the placeholders {sorted(wanted)}; got {sorted(came)}."
            )


def placeholders(text: str) -> set[str]:
    """Names of the placeholders of a sentence.

    Examples
    --------
    >>> sorted(placeholders("{n} of {all}"))
    ['all', 'n']
    """
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}
