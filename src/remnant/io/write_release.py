"""Release verdicts as a folder: page, tables, map layer and JSON; all of it or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from remnant.errors import RemnantError
from remnant.io.write_folder import whole_folder
from remnant.io.write_layers import LAYER_ERRORS, PRIVATE, fixed_date, stamp_of, write_features, write_table
from remnant.io.write_styles import LayerStyle, verdict_rules, write_styles
from remnant.io.write_tables import flat, write_csv, write_json
from remnant.releasing import ReleaseAnswer

PAGE, LAYER = "release.html", "release.gpkg"
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
    with whole_folder(folder) as scratch:
        for name, table in answer.tables.items():
            write_csv(table, scratch / f"{name}.csv")
        try:
            _write_layer(answer, scratch / LAYER)
        except LAYER_ERRORS as error:
            raise RemnantError(f"the map layer could not be written: {error}. Is the disk full?") from error
        write_json(summary, scratch / "release.json")
        (scratch / PAGE).write_text(page, encoding="utf-8", newline="\n")
    return folder / PAGE


def _write_layer(answer: ReleaseAnswer, path: Path) -> None:
    """Areas by verdict, those without a place as a table, the other tables, and the style."""
    changed = stamp_of(answer.as_of)
    areas, geometry = _as_text(answer.tables["areas"]), answer.outlines.geometry.to_numpy()
    placed = ~shapely.is_missing(geometry)
    with fixed_date(changed):
        if placed.any():
            frame = gpd.GeoDataFrame(areas[placed], geometry=geometry[placed], crs=answer.outlines.crs)
            words = f"Hazard areas with release verdicts on {answer.date}. {PRIVATE}"
            write_features(frame, path, "areas", words, kind="MultiPolygon")
        write_table(areas[~placed], path, "areas_unknown_place", "Hazard areas whose place nobody recorded")
        for name, title in _TABLES.items():
            write_table(_as_text(answer.tables[name]), path, name, title)
        rows = [("case", answer.name), *flat(answer.provenance), *(("note", note) for note in answer.notes)]
        write_table(
            pd.DataFrame(rows, columns=["key", "value"]), path, "provenance", "Where these numbers come from"
        )
    style = LayerStyle(
        layer="areas", name="verdict", description=f"Release verdict on {answer.date}", rules=verdict_rules(),
        outline=True,
    )  # fmt: skip
    write_styles(path, [style] if placed.any() else [], changed=changed)


def _as_text(table: pd.DataFrame) -> pd.DataFrame:
    """Dates as text, unknown ones empty."""
    dates = [c for c in table.columns if c == "date" or (c.startswith("wait_") and c != "wait_days")]
    out = table.copy()
    for c in dates:
        out[c] = [None if v is None or v != v else str(v) for v in table[c].tolist()]
    return out
