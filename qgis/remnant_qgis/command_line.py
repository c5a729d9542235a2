"""From what was asked to a command line; no value can pass for an option, and no shell sees it.

Nothing here knows QGIS.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_SEPARATOR = re.compile(r"\s*[,;\n]\s*")


@dataclass(frozen=True)
class Option:
    """One thing to ask for.

    Parameters
    ----------
    key
        Its name in QGIS.
    flag
        How the command spells it; empty: its place among the arguments says what it is.
    kind
        folder, file, layer (a layer of the map, or a file), text, texts (several, with commas between), whole, number,
        choice, out_folder or out_file.
    words
        What the dialog says, with the unit.
    """

    key: str
    flag: str
    kind: str
    words: str
    default: object = None
    is_required: bool = False
    is_advanced: bool = False
    least: float | None = None
    choices: tuple[str, ...] = ()
    extension: str = ""


@dataclass(frozen=True)
class Command:
    """One algorithm.

    Parameters
    ----------
    name
        Words of the command, and with underscores the name in QGIS.
    page
        File of the result that people read; empty: none.
    good_codes
        Exit codes of a run that did what it was asked.
    """

    name: str
    title: str
    group: str
    words: str
    tags: tuple[str, ...]
    options: tuple[Option, ...]
    page: str = ""
    good_codes: tuple[int, ...] = (0,)

    @property
    def key(self) -> str:
        """Name in QGIS."""
        return re.sub(r"[^a-z]+", "_", self.name)


def command_line(command: Command, values: Mapping[str, object]) -> list[str]:
    """Arguments for the command: options first, then places, so that no value can pass for an option.

    Parameters
    ----------
    values
        By key; None and empty texts are left out. A layer is a pair of file and layer name.

    Examples
    --------
    >>> dates = Option("DATES", "--date", "texts", "Dates")
    >>> assess = Command("assess", "Assess", "", "", (), (Option("CASE", "", "folder", "Case"), dates))
    >>> command_line(assess, {"CASE": "/my case", "DATES": "2026-11-22, 2030-01-01"})
    ['assess', '--date=2026-11-22', '--date=2030-01-01', '--', '/my case']
    """
    flags: list[str] = []
    places: list[str] = []
    for option in command.options:
        value = values.get(option.key)
        if value is None or value == "":
            continue
        if not option.flag:
            places.append(str(value))
        elif option.kind == "texts":
            flags += [f"{option.flag}={text}" for text in _SEPARATOR.split(str(value).strip()) if text]
        elif option.kind == "layer" and isinstance(value, tuple):
            path, layer = value
            flags += [f"{option.flag}={path}", *([f"--layer={layer}"] if layer else [])]
        else:
            flags.append(f"{option.flag}={_plain(value)}")
    return [*command.name.split(), *flags, *(["--", *places] if places else [])]


def _plain(value: object) -> str:
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def describe(arguments: Sequence[str]) -> str:
    """A command line as a person would type it, for the log.

    Examples
    --------
    >>> describe(["check", "--out=/a b/f.csv", "--", "/c"])
    "remnant check '--out=/a b/f.csv' -- /c"
    """
    quoted = [f"'{a}'" if re.search(r"\s", a) else a for a in arguments]
    return " ".join(["remnant", *quoted])
