"""Language files: the same keys and placeholders everywhere, plural forms, formats, and letters that the font has."""

from __future__ import annotations

import datetime as dt
import math
import re
import tomllib
from importlib.resources import files
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remnant.errors import InvalidInput
from remnant.report import languages, read_language
from remnant.report.printed.language import END, LEFT, PLURALS, Language, language_of, placeholders
from remnant.report.printed.lettering import fitted, shown, word_pt

FOLDER = files("remnant.report").joinpath("languages")
FORBIDDEN = re.compile(r"\bsafe|free of mines|mine[- ]free|\bбезпечн", re.IGNORECASE)


def _forms(entry: object) -> list[str]:
    return [entry] if isinstance(entry, str) else [str(v) for v in dict(entry).values()]  # type: ignore[call-overload]


def test_english_and_ukrainian_come_with_the_program() -> None:
    assert languages() == ("en", "uk")


@pytest.mark.parametrize("code", languages())
def test_every_language_has_the_same_keys_and_placeholders(code: str) -> None:
    ours, english = language_of(code).entries, language_of("en").entries
    assert list(ours) == list(english)
    for key, entry in ours.items():
        wanted = {p for text in _forms(english[key]) for p in placeholders(text)}
        assert {p for text in _forms(entry) for p in placeholders(text)} == wanted, key


@pytest.mark.parametrize("code", languages())
def test_the_font_has_every_letter_of_a_language(code: str) -> None:
    held = tomllib.loads(FOLDER.joinpath(f"{code}.toml").read_text(encoding="utf-8"))
    assert [m for m in held["months"] if shown(m) != m] == []
    for entry in language_of(code).entries.values():
        for text in _forms(entry):
            assert shown(text) == text


@pytest.mark.parametrize("code", languages())
def test_no_sentence_calls_land_harmless(code: str) -> None:
    for key, entry in language_of(code).entries.items():
        assert not FORBIDDEN.search(" ".join(_forms(entry))), key


def _changed(tmp_path: Path, old: str, new: str) -> Path:
    text = FOLDER.joinpath("uk.toml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "xx.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('head = "Карта"\n', "", r"xx\.toml must have the key map\.head, as en\.toml says"),
        ('head = "Карта"\n', 'head = "Карта"\nmore = "?"\n', r"xx\.toml must not have the key map\.more"),
        ('page = "Сторінка {page} з', 'page = "Сторінка {seite} з', r"general\.page must have the placeholders"),
        ('few = "{n} дні", ', "", r"xx\.toml: curve\.days must have the plural forms one, few, many, other"),
        ('head = "Карта"\n', 'head = { one = "Карта" }\n', r"xx\.toml: map\.head must have plural forms where"),
        ('direction = "ltr"\n', "", r"xx\.toml must have the key direction"),
        ('direction = "ltr"\n', 'direction = "up"\n', r"direction must be ltr or rtl"),
        ('name = "українська"\n', "name = ", r"xx\.toml must be TOML"),
    ],
)  # fmt: skip
def test_a_fault_in_a_language_file_is_named_with_file_and_key(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        read_language(_changed(tmp_path, old, new))


def test_a_key_that_no_file_has_is_an_error_with_file_and_key() -> None:
    with pytest.raises(InvalidInput, match=r"uk\.toml must have the key map\.nowhere; it has not"):
        language_of("uk")("map.nowhere")


def test_ukrainian_counts_as_ukrainians_do() -> None:
    # the forms of CLDR 45 for Ukrainian cardinals
    days = {
        n: language_of("uk").count("curve.days", n) for n in (1, 2, 5, 11, 12, 21, 22, 25, 111, 112, 121, 1.5)
    }
    assert [d.split()[-1] for d in days.values()] == [
        "день", "дні", "днів", "днів", "днів", "день", "дні", "днів", "днів", "днів", "день", "дня",
    ]  # fmt: skip


def test_arabic_has_six_forms() -> None:
    # CLDR 45: 0 zero, 1 one, 2 two, 3 and 103 few, 11 and 111 many, 100 and 102 other
    rule, forms = PLURALS["arabic"]
    assert [rule(n) for n in (0, 1, 2, 3, 103, 11, 111, 100, 102, 0.5)] == [
        "zero", "one", "two", "few", "few", "many", "many", "other", "other", "other",
    ]  # fmt: skip
    assert set(forms) == {"zero", "one", "two", "few", "many", "other"}


@given(st.sampled_from(list(PLURALS)), st.floats(0.0, 1e9))
def test_every_rule_gives_one_of_its_forms(name: str, n: float) -> None:
    rule, forms = PLURALS[name]
    assert rule(n) in forms
    assert rule(float(int(n))) in forms


def test_numbers_and_dates_are_those_of_the_language() -> None:
    uk, en = language_of("uk"), language_of("en")
    assert uk.rounded(1234567.0, 3) == "1\u00a0230\u00a0000"
    assert uk.percent(0.034) == "3,4\u00a0%"
    assert [en.percent(v) for v in (0.0, 0.9951, 1.0)] == [
        "<\u00a00.01\u00a0%",
        ">\u00a099\u00a0%",
        ">\u00a099.9\u00a0%",
    ]
    assert en.percent(math.nan) == "unknown"
    assert [en.share(v) for v in (0.0, 0.2, 1.0)] == ["0\u00a0%", "20\u00a0%", "100\u00a0%"]
    assert en.share(math.nan) == "unknown"
    assert uk.day(dt.date(2026, 6, 30)) == "30\u00a0червня 2026\u00a0р."
    assert uk.items_range(0.2, 3.0) == "0–3"
    assert (en.area(51_234.0), uk.area(2.5e6)) == ("51,200\u00a0m²", "2,50\u00a0км²")


def test_a_piece_keeps_its_direction_in_a_sentence_from_right_to_left(pseudo_file: Path) -> None:
    arabic = read_language(pseudo_file)
    assert arabic.kept("HA-001") == f"{LEFT}HA-001{END}"
    assert arabic.kept("") == ""
    assert arabic.kept(arabic.day(dt.date(2026, 6, 30)))[0] != LEFT
    assert language_of("uk").kept("HA-001") == "HA-001"


@given(st.text(max_size=60), st.floats(20.0, 200.0))
def test_no_piece_of_a_word_is_wider_than_its_column(text: str, width: float) -> None:
    made = fitted(shown(text), width, 8.0)
    assert made.replace("\u200b", "") == shown(text).replace("\u200b", "")
    for word in made.split(" "):
        for piece in word.split("\u200b"):
            assert len(piece) <= 1 or word_pt(piece, 8.0) <= width


def test_widths_are_those_of_the_font(paper: ModuleType) -> None:
    # DejaVu Sans: H 1540, e 1260, l 569, o 1253 of 2048 units per em (its hmtx table)
    assert word_pt("Hello", 10.0) == pytest.approx(10.0 * (1540 + 1260 + 2 * 569 + 1253) / 2048, abs=0.01)


def test_the_made_up_language_is_complete(pseudo_file: Path) -> None:
    arabic: Language = read_language(pseudo_file)
    assert arabic.direction == "rtl"
    assert arabic.entries.keys() == language_of("en").entries.keys()
