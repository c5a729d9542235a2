"""Release verdicts as a folder: page, tables, map layer and JSON; all of it or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from remnant.io.write_answer import write_answer
from remnant.io.write_areas import write_areas
from remnant.io.write_styles import LayerStyle, verdict_rules
from remnant.releasing import ReleaseAnswer

_TABLES = {
    "criteria": "Every criterion of the policy in every area",
    "methods": "Further ground to search without a find, by method",
    "records": "What each record of an area weighs",
    "errors": "Both errors over all areas",
}


def write_release(answer: ReleaseAnswer, folder: Path, *, summary: Mapping[str, Any], page: str) -> Path:
    """Write verdicts into a folder, all of it or nothing; returns the page.

    Parameters
    ----------
    folder
        A path that does not exist, an empty folder or a previous result, which is replaced when the new one is whole.
    summary
        Everything, for ``release.json``.
    page
        The page as HTML.

    Raises
    ------
    RemnantError
        A file could not be written; what was in `folder` before is unchanged.
    """
    return write_answer(
        folder,
        "release",
        tables=answer.tables,
        summary=summary,
        page=page,
        more={"release.gpkg": partial(_write_layer, answer)},
    )


def _write_layer(answer: ReleaseAnswer, path: Path) -> None:
    """Areas by verdict, the other tables, and the style."""
    style = LayerStyle(
        layer="areas", name="verdict", description=f"Release verdict on {answer.date}", rules=verdict_rules(),
        outline=True,
    )  # fmt: skip
    write_areas(
        answer,
        _as_text(answer.tables["areas"]),
        answer.outlines.geometry.to_numpy(),
        path,
        crs=answer.outlines.crs,
        words=f"Hazard areas with release verdicts on {answer.date}.",
        styles=[style],
        tables={name: (_as_text(answer.tables[name]), title) for name, title in _TABLES.items()},
    )


def _as_text(table: pd.DataFrame) -> pd.DataFrame:
    """Dates as text, unknown ones empty."""
    dates = [c for c in table.columns if c == "date" or (c.startswith("wait_") and c != "wait_days")]
    out = table.copy()
    for c in dates:
        out[c] = [None if v is None or v != v else str(v) for v in table[c].tolist()]
    return out
