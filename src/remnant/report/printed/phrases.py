"""Sentences that the program wrote into a result in English, taken apart again and said in another language.

A result holds the reasons of verdicts, titles of numbers and words of findings as English sentences. The section
``program`` of the English language file lists their forms; a sentence of one of these forms is said with the entry of
the same key in the language asked for. What has none of these forms is printed as it is and marked as English: nothing
is guessed. The name of a placeholder says what it stands for (`_PATTERNS`); what is not listed there is a number.
"""

from __future__ import annotations

import datetime as dt
import re
import string
from collections.abc import Mapping
from functools import cache

from remnant.report.printed.language import REFERENCE, Language, language_of

_SECTION = "program."
_NUMBER = r"unknown|(?:under |over )?\d[\d.,]*(?:e[+-]?\d+)?(?: %)?"
_PATTERNS: Mapping[str, str] = {
    "day": r"\d{4}-\d{2}-\d{2}",
    **dict.fromkeys(("what", "phrase", "rows"), r".+?"),  # themselves of a listed form
    **dict.fromkeys(("type", "class", "method", "name", "list"), r".+?"),  # names, kept as they are
}
_PHRASES = ("what", "phrase")
_NAMES = ("type", "class", "method", "name", "list")


def said(text: str, language: Language) -> str:
    r"""An English sentence of the program in a language, with a capital first and a full stop last.

    Parts that a semicolon divides are said one by one; those of no known form stay English and say so.

    Examples
    --------
    >>> said("chance of an armed item 3 % (0.81 % to 6.6 %), limit 5 %", language_of("en"))
    'Chance of an armed item 3\xa0% (0.81\xa0% to 6.6\xa0%), limit 5\xa0%.'
    """
    stripped = text.strip()
    if not stripped or language.code == REFERENCE:
        return _sentence(stripped)
    whole = _phrase(stripped.rstrip("."), language)
    if whole is not None:
        return _sentence(whole)
    parts = [_phrase(p.rstrip("."), language) or marked(p, language) for p in stripped.split("; ")]
    return _sentence("; ".join(parts))


def title_said(text: str, language: Language) -> str:
    """The same of a title, which is no sentence."""
    if language.code == REFERENCE:
        return text
    return _phrase(text, language) or marked(text, language)


def is_known(text: str) -> bool:
    """Whether every part of an English sentence has a form that language files can say."""
    reference = language_of(REFERENCE)
    parts = text.strip().split("; ")
    return any(_phrase(t, reference) for t in (text.strip(), text.strip().rstrip("."))) or all(
        _phrase(p.rstrip("."), reference) for p in parts
    )


def marked(text: str, language: Language) -> str:
    """A text that stays English, marked so where the page is in another language."""
    if language.code == REFERENCE or not text.strip():
        return text
    return language("general.in_english", text=text)


def _sentence(text: str) -> str:
    if not text:
        return ""
    kept = re.sub(r"(?<=\d) (?=%)", "\u00a0", text)
    return kept[0].upper() + kept[1:] + ("" if kept[-1] in ".!?" else ".")


def _phrase(text: str, language: Language) -> str | None:
    for key, pattern in _forms():
        match = pattern.fullmatch(text)
        if match:
            values = {name: _value(name, value, language) for name, value in match.groupdict().items()}
            if all(v is not None for v in values.values()):
                return language(key, **{k: v or "" for k, v in values.items()})
    return None


def _value(name: str, text: str, language: Language) -> str | None:
    if name in _PHRASES:
        return _phrase(text, language)
    if name == "rows":
        return _phrase(text, language) or text
    if name == "day":
        return language.day(dt.date.fromisoformat(text))
    if name == "class" and language.has(f"class.{text.lower()}"):
        return language(f"class.{text.lower()}")
    if name in _NAMES:
        return text
    return _number(text, language)


def _number(text: str, language: Language) -> str:
    """A number as the program writes it in a reason, in the way of a language."""
    for start, key in (("under ", "number.below"), ("over ", "number.above")):
        if text.startswith(start):
            return language(key, value=_number(text.removeprefix(start), language))
    if text == "unknown":
        return language("number.unknown")
    if text.endswith(" %"):
        return language("number.percent", value=language.plain(text.removesuffix(" %")))
    return language.plain(text)


@cache
def _forms() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Key and pattern of every form, in the order of the file."""
    entries = language_of(REFERENCE).entries
    return tuple(
        (key, re.compile(_regex(entry)))
        for key, entry in entries.items()
        if key.startswith(_SECTION) and isinstance(entry, str)
    )


def _regex(entry: str) -> str:
    parts = []
    for literal, name, _, _ in string.Formatter().parse(entry):
        parts.append(re.escape(literal))
        if name:
            parts.append(f"(?P<{name}>{_PATTERNS.get(name, _NUMBER)})")
    return "".join(parts)
