"""A made-up language that is written from right to left: English with Arabic letters in place of Latin ones."""

from __future__ import annotations

import json
import re
import tomllib
from importlib.resources import files
from typing import Any

FORMS = ("zero", "one", "two", "few", "many", "other")
_LATIN = "abcdefghijklmnopqrstuvwxyz"
_ARABIC = "ابجدهوزحطيكلمنسعفصقرشتثخذض"
_LETTERS = str.maketrans(_LATIN + _LATIN.upper(), _ARABIC * 2)


def pseudo_toml() -> str:
    """The file of the language."""
    held = tomllib.loads(files("remnant.report").joinpath("languages", "en.toml").read_text(encoding="utf-8"))
    lines = [
        'name = "pseudo"', 'direction = "rtl"', 'plural = "arabic"', 'decimal = "٫"', 'group = "٬"',
        f"months = {json.dumps([_turned(m) for m in held['months']], ensure_ascii=False)}",
    ]  # fmt: skip
    for section, entries in held.items():
        if isinstance(entries, dict):
            lines.append(f"[{section}]")
            lines += [f"{key} = {_entry(entry)}" for key, entry in entries.items()]
    return "\n".join(lines) + "\n"


def _entry(entry: Any) -> str:
    if isinstance(entry, str):
        return json.dumps(_turned(entry), ensure_ascii=False)
    forms = ", ".join(f"{f} = {json.dumps(_turned(entry['other']), ensure_ascii=False)}" for f in FORMS)
    return f"{{ {forms} }}"


def _turned(text: str) -> str:
    parts = re.split(r"(\{\w+\})", text)
    return "".join(p if p.startswith("{") else p.translate(_LETTERS) for p in parts)
