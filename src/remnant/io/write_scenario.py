"""A scenario as a folder: tables, JSON and the page; all of it or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from remnant.io.write_folder import whole_folder
from remnant.io.write_tables import write_csv, write_json

PAGE = "scenario.html"


def write_scenario(
    folder: Path, *, tables: Mapping[str, pd.DataFrame], summary: Mapping[str, Any], page: str
) -> Path:
    """Write all files of a scenario into a folder: all of them, or none; returns the page.

    Parameters
    ----------
    folder
        A path that does not exist, an empty folder or a previous result, which is replaced when the new one is whole.
    tables
        Name → table; each becomes a CSV.
    summary
        Everything, for ``scenario.json``.
    page
        The page as HTML.
    """
    with whole_folder(folder) as scratch:
        for name, table in tables.items():
            write_csv(table, scratch / f"{name}.csv")
        write_json(summary, scratch / "scenario.json")
        (scratch / PAGE).write_text(page, encoding="utf-8", newline="\n")
    return folder / PAGE
