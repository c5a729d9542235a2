"""A result as a PDF to print: A4, one font, embedded; the same result gives the same bytes."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import as_file, files

import typst

from remnant._version import __version__
from remnant.errors import RemnantError
from remnant.io.read_results import Results
from remnant.report.printed.area import area_blocks, rows_of
from remnant.report.printed.blocks import PAGE_PT, Block, new_page
from remnant.report.printed.case import case_blocks
from remnant.report.printed.language import END, LEFT, REFERENCE, RIGHT, Language, language_of
from remnant.report.printed.lettering import font_folder, shortened, shown

_TEMPLATE = "document.typ"
_ISOLATES = {LEFT: "\u2066", RIGHT: "\u2067", END: "\u2069"}
_HEADER_PT = 7.0
_HEADER_SHARE = 0.62  # of the width, for the name; the rest is for the date


def render_pdf(results: Results, *, language: str | Language = REFERENCE, areas: Sequence[str] = ()) -> bytes:
    """The report of a case, or task dossiers of some of its areas, as a PDF.

    Parameters
    ----------
    results
        A result folder, read (`remnant.io.read_results`).
    language
        Tag of a language that comes with the program, or a language (`remnant.report.read_language`).
    areas
        Ids of areas: one dossier for each, in this order; empty: the report of the case.

    Returns
    -------
    The file's bytes; they depend on nothing but the result and the language.

    Raises
    ------
    InvalidInput
        There is no such area or language.
    """
    spoken = language_of(language) if isinstance(language, str) else language
    if not areas:
        return _compiled(results, case_blocks(results, spoken), results.name, spoken)
    parts: list[Block] = []
    for number, row in enumerate(rows_of(results, areas)):
        parts += [new_page()] if number else []
        parts += area_blocks(results, row, spoken)
    return _compiled(results, parts, f"{results.name}: {', '.join(areas)}", spoken)


def _compiled(results: Results, parts: Sequence[Block], title: str, language: Language) -> bytes:
    day = results.as_of
    document = {
        "title": shown(title),
        "author": f"remnant {__version__}",
        "date": [day.year, day.month, day.day],
        "lang": language.code,
        "direction": language.direction,
        "header": shortened(shown(title), PAGE_PT * _HEADER_SHARE, _HEADER_PT),
        "stamp": shown(language("general.as_of", day=language.day(day))),
        "private": shown(language("general.private")),
        "page": shown(language("general.page", page="{page}", pages="{pages}")),
        "blocks": list(parts),
    }
    text = json.dumps(document, ensure_ascii=False, allow_nan=False)
    for mark, isolate in _ISOLATES.items():
        text = text.replace(mark, isolate if language.direction == "rtl" else "")
    with as_file(files("remnant.report.printed").joinpath("template")) as folder:
        try:
            made = typst.compile(
                str(folder / _TEMPLATE),
                root=str(folder),
                font_paths=_fonts(),
                format="pdf",
                sys_inputs={"document": text},
                timestamp=dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC),
            )
        except typst.TypstError as error:
            raise RemnantError(f"the pages could not be set: {error.message}. Please report this.") from error
    return bytes(made)


@cache
def _fonts() -> typst.Fonts:
    """The fonts of matplotlib and no others: none of the machine's own."""
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(font_folder())]
    )
