"""Tables for treaties and programmes as a folder: one workbook, CSVs, one page."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pandas as pd

from remnant._version import __version__
from remnant.decide.tables import ProgrammeTables, Sheet, sheets_of
from remnant.io.write_answer import write_answer
from remnant.io.write_workbook import write_workbook

FORMAT = "remnant-tables/1"
SUMMARY = "tables.json"


def write_programme(
    answer: ProgrammeTables, folder: Path, *, page: str, extra: tuple[Sheet, ...] = ()
) -> Path:
    """Write all files of a report into a folder: all of them, or none; returns the page.

    Parameters
    ----------
    answer
        The tables.
    folder
        A path that does not exist, an empty folder or a previous result, which is replaced when the new one is whole.
    page
        The page as HTML (`remnant.report.tables_page.render_tables`).
    extra
        Tables that do not come from the case, such as what the treaties ask.
    """
    sheets = (*sheets_of(answer), *extra)
    workbook = partial(write_workbook, sheets=sheets, about=about_rows(answer), day=answer.as_of)
    return write_answer(
        folder,
        "tables",
        tables={sheet.name: frame_of(sheet) for sheet in sheets},
        summary=_summary(answer, sheets),
        page=page,
        more={"tables.xlsx": workbook},
    )


def frame_of(sheet: Sheet) -> pd.DataFrame:
    """A table with its keys as column names; unknown cells are missing."""
    return pd.DataFrame(
        {c.key: pd.Series([row[k] for row in sheet.rows], dtype=object) for k, c in enumerate(sheet.columns)}
    )


def about_rows(answer: ProgrammeTables) -> list[tuple[str, str]]:
    """What a reader of a printed or copied table must know of it."""
    made = answer.estimates
    rows = [
        ("tables of", answer.name),
        ("period", f"{answer.period.first} to {answer.period.last}, both included"),
        ("records up to", str(answer.as_of)),
        ("made by", f"remnant {__version__}"),
        ("counts", "from records only; what is not on record is unknown, and stands nowhere as zero"),
        ("estimates", "none given" if made is None else f"in a table of their own, as of {made.as_of}, {made.program}"),
        ("what this is not", "a statement about any piece of land: a person with the authority releases land"),
    ]  # fmt: skip
    if answer.previous is not None:
        rows.append(("last report", f"{answer.previous.name}, up to {answer.previous.last}"))
    return rows + sorted(answer.provenance.items())


def _summary(answer: ProgrammeTables, sheets: tuple[Sheet, ...]) -> Mapping[str, object]:
    return {
        "format": FORMAT,
        "name": answer.name,
        "first": answer.period.first.isoformat(),
        "last": answer.period.last.isoformat(),
        "as_of": answer.as_of.isoformat(),
        "program": f"remnant {__version__}",
        "provenance": dict(answer.provenance),
        "tables": [
            {
                "name": sheet.name, "title": sheet.title, "about": sheet.about, "file": f"{sheet.name}.csv",
                "columns": [{"key": c.key, "title": c.title, "kind": c.kind} for c in sheet.columns],
                "num_rows": len(sheet.rows), "num_total_rows": sheet.num_total_rows,
            }
            for sheet in sheets
        ],
    }  # fmt: skip
