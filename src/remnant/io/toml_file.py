"""A TOML file as checked sections, and errors that say which key to mend."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from remnant.errors import InvalidInput
from remnant.io.case_file import near
from remnant.io.layer_section import Section

Top = TypeVar("Top", bound=Section)


def read_toml(path: Path, top: type[Top], sections: Mapping[str, type[Section]]) -> Top:
    """The content of a TOML file.

    Parameters
    ----------
    top
        What the file holds.
    sections
        Key → what stands under it, for an error to name the keys that are known there.

    Raises
    ------
    InvalidInput
        For a file that cannot be read or is no TOML, keys that are unknown or missing, and values out of bounds.
    """
    try:
        data = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise InvalidInput(f"{path.name} must be readable; {error.strerror}.") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise InvalidInput(f"{path.name} must be TOML in UTF-8; the parser says: {error}.") from None
    try:
        return top.model_validate(data)
    except ValidationError as error:
        faults = error.errors()
        more = f" And {len(faults) - 1} more." if len(faults) > 1 else ""
        raise InvalidInput(f"{path.name}: {_words(dict(faults[0]), top, sections)}{more}") from None


def _words(error: Mapping[str, Any], top: type[Section], sections: Mapping[str, type[Section]]) -> str:
    """A fault that pydantic found, in the words of this program."""
    place = [p for p in error["loc"] if not str(p).startswith("function-")]
    if place[0] == "dates":  # pydantic also names the branch of a union that it tried
        place = place[:2]
    key = ".".join(f"[{p + 1}]" if isinstance(p, int) else str(p) for p in place).replace(".[", "[")
    if error["type"] == "missing":
        return f"{key} is required; it is missing. Add it."
    if error["type"] == "extra_forbidden":
        section = next((sections[p] for p in reversed(place[:-1]) if p in sections), top)
        known = tuple(section.model_fields)
        return f"{key} is not a key of this section. {near(str(place[-1]), known)}Known keys: {', '.join(known)}."
    asked = str(error["msg"]).replace("Input should be", "must be").replace("Value error, ", "")
    if error["type"] in ("model_type", "dict_type"):
        asked = "must be a table of keys, such as { id = 'A-1' } or a section of its own"
    asked = asked.replace("String should", "must").replace("List should", "must")
    came = error.get("input")
    shown = "" if isinstance(came, dict) else f"; got {came!r}"
    return f"{key}: {asked}{shown}. Correct it."
