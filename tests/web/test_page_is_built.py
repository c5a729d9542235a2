"""The page that is shipped was built from the source that is shipped."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "frontend"
PAGE = ROOT / "src" / "remnant" / "web" / "static" / "page"


def test_the_shipped_page_is_built_from_the_shipped_source() -> None:
    names = ["index.html", "package-lock.json"]
    names += [
        p.relative_to(SOURCE).as_posix()
        for p in (SOURCE / "src").rglob("*")
        if p.suffix in (".ts", ".tsx", ".css")
    ]
    digest = hashlib.sha256()
    for name in sorted(names):
        digest.update(name.encode() + b"\0" + (SOURCE / name).read_bytes() + b"\0")
    assert digest.hexdigest() == (PAGE / "source.sha256").read_text().strip(), "run `make page`"


def test_the_page_asks_nothing_of_other_machines() -> None:
    """Addresses in the script are those of namespaces, licences and error messages: none is fetched by name."""
    style = (PAGE / "index.css").read_text(encoding="utf-8")
    assert not re.search(r"url\(['\"]?https?:|@import", style)
    index = (PAGE / "index.html").read_text(encoding="utf-8")
    assert "http" not in index


def test_libraries_are_pinned_and_no_address_is_kept() -> None:
    package = json.loads((SOURCE / "package.json").read_text())
    for name, version in (package["dependencies"] | package["devDependencies"]).items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), name
    lock = json.loads((SOURCE / "package-lock.json").read_text())
    assert not [p for p in lock["packages"].values() if "resolved" in p]


@pytest.mark.parametrize("language", ["uk"])
def test_every_language_keeps_the_places_of_values(language: str) -> None:
    """Same keys is what the compiler checks; the same {values} in each sentence is checked here."""
    pattern = re.compile(r'^  (\w+): "((?:[^"\\]|\\.)*)",$', re.MULTILINE)
    words = {
        name: dict(pattern.findall((SOURCE / "src" / "words" / f"{name}.ts").read_text(encoding="utf-8")))
        for name in ("en", language)
    }
    assert set(words["en"]) == set(words[language]) - {"direction"}
    for key, sentence in words["en"].items():
        assert sorted(re.findall(r"{\w+}", sentence)) == sorted(re.findall(r"{\w+}", words[language][key])), (
            key
        )
