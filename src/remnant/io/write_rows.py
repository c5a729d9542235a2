"""What the rows of one area say, as a folder: GeoPackage, Cloud-Optimized GeoTIFF, tables and page."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely
from numpy.typing import NDArray
from rasterio import Affine

from remnant.field.rows import RowAnswer, p_in_row, row_lines
from remnant.io.write_colours import CELL_BREAKS
from remnant.io.write_folder import whole_folder
from remnant.io.write_layers import PRIVATE, fixed_date, stamp_of, told_layer_errors, write_features
from remnant.io.write_outputs import REPORT
from remnant.io.write_styles import LayerStyle, chance_rules, raster_qml, write_styles
from remnant.io.write_tables import write_csv

MAX_CELLS = 200_000
"""Most cells of the layer ``cells``; the raster holds all."""
_LINE_DRAWS = 30
_BANDS = ("pattern", "unstructured", "p_any")


def write_rows(answer: RowAnswer, folder: Path, *, report_html: str) -> Path:
    """Write all files of an answer into a folder, whole or not at all; returns the folder.

    Parameters
    ----------
    answer
        The answer for one area.
    folder
        A path that does not exist, an empty folder or a previous result, which is replaced when the new one is whole.
    report_html
        The page beside the layers (`remnant.report.rows_page.render_rows`).
    """
    target = Path(folder).expanduser().resolve()
    with whole_folder(target) as scratch:
        with told_layer_errors(target):
            _write_layers(answer, scratch / "rows.gpkg")
            _write_raster(answer, scratch / "missing.tif")
        write_csv(_figures(answer), scratch / "rows.csv")
        text = json.dumps(_summary(answer), indent=1, ensure_ascii=False)
        (scratch / "rows.json").write_text(text + "\n", encoding="utf-8", newline="\n")
        (scratch / REPORT).write_text(report_html, encoding="utf-8", newline="\n")
    return target


def _figures(answer: RowAnswer) -> pd.DataFrame:
    estimates = (*answer.summary.pattern, *answer.summary.missing)
    return pd.DataFrame([asdict(e) for e in estimates], columns=["name", "unit", "q05", "median", "q95"])


def _summary(answer: RowAnswer) -> dict[str, object]:
    summary = answer.summary
    return {
        "case": answer.case_name,
        "area": answer.evidence.area_id,
        "as_of": answer.as_of.isoformat(),
        "seed": answer.seed,
        "version": answer.version,
        "finds_used": int(answer.evidence.finds.x_m.size),
        "searched_share": answer.evidence.searched_share,
        "words": summary.words,
        "p_any_row": summary.p_any_row,
        "p_any_row_prior": summary.p_any_row_prior,
        "p_num_rows": summary.p_num_rows.tolist(),
        "p_any_missing": summary.p_any_missing,
        "chain_disagreement": summary.disagreement,
        "figures": [
            {k: None if isinstance(v, float) and np.isnan(v) else v for k, v in asdict(e).items()}
            for e in (*summary.pattern, *summary.missing)
        ],
        "notes": list(answer.evidence.notes),
        "inputs": dict(answer.inputs),
    }


def _write_layers(answer: RowAnswer, path: Path) -> None:
    changed = stamp_of(answer.as_of)
    evidence = answer.evidence
    finds = gpd.GeoDataFrame(
        {"find_id": list(evidence.find_ids), "p_in_row": p_in_row(answer.posterior)},
        geometry=shapely.points(evidence.finds.x_m, evidence.finds.y_m),
        crs=answer.crs,
    )
    with fixed_date(changed):
        for layer, kind, frame, words in (
            ("cells", "Polygon", _cells(answer), "Items missing by cell, in rows and outside rows."),
            ("rows", "LineString", _lines(answer),
             f"Rows in {_LINE_DRAWS} draws of the posterior: they lie close where they agree."),
            ("finds", "Point", finds, "Finds used, with the chance that each belongs to a row."),
        ):  # fmt: skip
            write_features(frame, path, layer, f"{words} {PRIVATE}", kind=kind)
    style = LayerStyle(
        layer="cells",
        name="chance of a missing item",
        description="Chance of at least one missing item in the cell",
        rules=chance_rules("p_any", CELL_BREAKS),
        outline=False,
    )
    write_styles(path, [style], changed=changed)


def _cells(answer: RowAnswer) -> gpd.GeoDataFrame:
    ground, missing = answer.evidence.ground, answer.missing
    row, col = np.nonzero(ground.inside)
    if row.size > MAX_CELLS:
        keep = np.sort(np.argsort(-missing.p_any[row, col], kind="stable")[:MAX_CELLS])
        row, col = row[keep], col[keep]
    left, top = ground.left_m + col * ground.cell_m, ground.top_m - row * ground.cell_m
    return gpd.GeoDataFrame(
        {name: getattr(missing, name)[row, col] for name in _BANDS},
        geometry=shapely.box(left, top - ground.cell_m, left + ground.cell_m, top),
        crs=answer.crs,
    )


def _lines(answer: RowAnswer) -> gpd.GeoDataFrame:
    posterior = answer.posterior
    draws = np.unique(np.linspace(0, posterior.num_belts.size - 1, _LINE_DRAWS, dtype=np.int64))
    lines: list[NDArray[np.float64]] = []
    of_draw: list[int] = []
    for draw in draws.tolist():
        ends = row_lines(posterior, draw)
        lines += list(ends)
        of_draw += [draw] * len(ends)
    shapes = shapely.linestrings(np.array(lines)) if lines else np.empty(0, dtype=object)
    return gpd.GeoDataFrame({"draw": np.array(of_draw, dtype=np.int64)}, geometry=shapes, crs=answer.crs)


def _write_raster(answer: RowAnswer, path: Path) -> None:
    ground, missing = answer.evidence.ground, answer.missing
    values = np.stack([getattr(missing, name) for name in _BANDS]).astype(np.float32)
    with rasterio.open(
        path, "w", driver="COG", height=values.shape[1], width=values.shape[2], count=len(_BANDS), dtype="float32",
        nodata=np.nan, crs=answer.crs, compress="DEFLATE",
        transform=Affine(ground.cell_m, 0.0, ground.left_m, 0.0, -ground.cell_m, ground.top_m),
    ) as file:  # fmt: skip
        file.write(values)
        file.descriptions = (
            "expected items missing in rows",
            "expected items missing outside rows",
            "chance of at least one missing item",
        )
        file.update_tags(bands=", ".join(_BANDS), nodata="NaN: outside the area")
    path.with_suffix(".qml").write_text(raster_qml(3, CELL_BREAKS), encoding="utf-8", newline="\n")
