"""An answer as a folder: tables, JSON, page and what else belongs to it; all of it or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from remnant.errors import RemnantError
from remnant.io.write_folder import whole_folder
from remnant.io.write_layers import LAYER_ERRORS
from remnant.io.write_tables import write_csv, write_json


def write_answer(
    folder: Path,
    name: str,
    *,
    tables: Mapping[str, pd.DataFrame],
    summary: Mapping[str, Any],
    page: str,
    summary_name: str = "",
    more: Mapping[str, Callable[[Path], None]] | None = None,
) -> Path:
    """Write all files of an answer into a folder, all of them or none; returns the page, ``NAME.html``.

    Parameters
    ----------
    folder
        A path that does not exist, an empty folder or a previous result, which is replaced when the new one is whole.
    name
        Of page and summary, without ending.
    tables
        Name → table; each becomes a CSV.
    summary
        Everything, for ``NAME.json``.
    page
        The page as HTML; empty: none.
    summary_name
        Of the summary, where it is another than the page's.
    more
        Name of any other file, such as a layer → what writes it.

    Raises
    ------
    InvalidInput
        `folder` holds files that are not a previous result.
    RemnantError
        A file could not be written; what was in `folder` before is unchanged.
    """
    with whole_folder(folder) as scratch:
        for table_name, table in tables.items():
            write_csv(table, scratch / f"{table_name}.csv")
        try:
            for file_name, write in (more or {}).items():
                write(scratch / file_name)
        except LAYER_ERRORS as error:
            raise RemnantError(f"the map layer could not be written: {error}. Is the disk full?") from error
        write_json(summary, scratch / f"{summary_name or name}.json")
        if page:
            (scratch / f"{name}.html").write_text(page, encoding="utf-8", newline="\n")
    return folder / f"{name}.html"
