"""An assessment as a folder of layers, rasters, tables and a report."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from remnant.assessment import Assessment
from remnant.io.tile_rasters import write_tile_rasters
from remnant.io.tile_store import CELLS, TileStore
from remnant.io.write_field import write_field_cogs
from remnant.io.write_folder import MANIFEST, whole_folder
from remnant.io.write_geopackage import write_geopackage
from remnant.io.write_layers import told_layer_errors
from remnant.io.write_rasters import write_cogs
from remnant.io.write_stac import STAC, write_stac
from remnant.io.write_tables import result_tables, summary_of, write_csv, write_json
from remnant.io.write_view import VIEW_FOLDER, write_view
from remnant.viewing import View

RASTER_FOLDER = "rasters"
REPORT = "report.html"
_FIELD_LINES = (
    f"{'influence.csv':<18} what evidence drives each hazard area: expected explosive items with and without it",
    f"{'rasters/field_*':<18} density field: field_mean, logarithm of density over that of a typical place; field_sd,",
    f"{'':<18} its standard deviation; field_free_sd, the same had nothing been recorded nearby",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenResults:
    """Where the files of a result lie.

    Parameters
    ----------
    report
        The page for people; None where none was given.
    notes
        What a reader of the layers must know (cells left out of a layer).
    """

    folder: Path
    geopackage: Path
    rasters: tuple[Path, ...]
    tables: tuple[Path, ...]
    summary: Path
    report: Path | None
    notes: tuple[str, ...]


def write_results(
    result: Assessment,
    folder: Path,
    *,
    report_html: str | None,
    tiles: TileStore | None = None,
    view: View | None = None,
    progress: Callable[[float], None] | None = None,
) -> WrittenResults:
    """Write all files of a result into a folder: all of them, or none.

    Parameters
    ----------
    result
        The assessment.
    folder
        A path that does not exist, an empty folder or a previous result, which is replaced when the new one is whole.
    report_html
        The page to put beside the layers (`remnant.report.render_report`), or None.
    tiles
        Where the cells of a country are kept, all of its tiles done; they become part of the result.
    view
        What the map application shows, or None.
    progress
        Called with the share of the tiles' rasters that is done.

    Returns
    -------
    Where the files lie.

    Raises
    ------
    InvalidInput
        `folder` holds files that are not a previous result.
    RemnantError
        A file could not be written; what was in `folder` before is unchanged.
    """
    target = Path(folder).expanduser().resolve()
    package = f"{file_stem(result.name)}.gpkg"
    with whole_folder(target, None if tiles is None else tiles.folder) as scratch:
        (scratch / RASTER_FOLDER).mkdir(exist_ok=True)
        for left in scratch.glob("*.gpkg*"):  # of a run that was ended in the middle
            left.unlink()
        with told_layer_errors(target):
            notes = write_geopackage(result, scratch / package)
            if tiles is None:
                rasters = write_cogs(result.cells, scratch / RASTER_FOLDER)
            else:
                rasters = write_tile_rasters(tiles.cells, scratch / RASTER_FOLDER, progress=progress)
            if result.field is not None:
                rasters += write_field_cogs(result.field, result.crs, scratch / RASTER_FOLDER)
            if view is not None:
                write_view(view, scratch / VIEW_FOLDER)
        tables = result_tables(result)
        for name, table in tables.items():
            write_csv(table, scratch / f"{name}.csv")
        write_json(summary_of(result), scratch / "summary.json")
        if report_html is not None:
            (scratch / REPORT).write_text(report_html, encoding="utf-8", newline="\n")
        with told_layer_errors(target):
            write_stac(
                result,
                scratch,
                stem=file_stem(result.name),
                rasters=rasters,
                tables=tuple(tables),
                has_report=report_html is not None,
            )
        (scratch / "README.txt").write_text(
            _readme(result, package, notes, has_tiles=tiles is not None, has_view=view is not None),
            encoding="utf-8",
            newline="\n",
        )
    return WrittenResults(
        folder=target,
        geopackage=target / package,
        rasters=tuple(target / RASTER_FOLDER / path.name for path in rasters),
        tables=tuple(target / f"{name}.csv" for name in tables),
        summary=target / "summary.json",
        report=target / REPORT if report_html is not None else None,
        notes=notes,
    )


def file_stem(name: str) -> str:
    """A case's name as a plain file name.

    Examples
    --------
    >>> file_stem("Bosna i Hercegovina, 2024/1"), file_stem("…")
    ('bosna-i-hercegovina-2024-1', 'case')
    """
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", letters).strip("-")[:60] or "case"


def _readme(
    result: Assessment, package: str, notes: tuple[str, ...], *, has_tiles: bool, has_view: bool
) -> str:
    in_tiles = (
        f"{CELLS + '/':<18} every cell of the region as a Zarr group: variable by date, state, y and x",
        f"{'':<18} (the layer of cells in {package} holds those that records touch)",
    )
    lines = [
        f"What remains: {result.name}, records up to {result.as_of.isoformat()}",
        "",
        "Positions of uncleared hazards are sensitive: keep this folder private.",
        "These are probabilities. They release no land; a person with the authority does.",
        "",
        f"{REPORT:<18} the answer for people; opens in any browser without a network, and prints",
        f"{package:<18} map layers with styles inside (QGIS, ArcGIS, GDAL); table 'columns' explains the columns",
        f"{RASTER_FOLDER + '/':<18} one Cloud-Optimized GeoTIFF per date and state; bands mean, q05, q95 (items per",
        f"{'':<18} cell), p_any (chance of at least one item); NaN where no cell is",
        *(in_tiles if has_tiles else ()),
        f"{'areas.csv':<18} one row per hazard area, with verdict and reasons",
        f"{'area_results.csv':<18} items per area, date and state; mean, 90 % interval (q05 to q95), p_any",
        f"{'totals.csv':<18} the same for the whole case; districts.csv per district; curve.csv over 30 years",
        f"{'parameters.csv':<18} every uncertain number before and after the evidence, with its source",
        f"{'findings.csv':<18} what was met in the records",
        *(_FIELD_LINES if result.field is not None else ()),
        *(
            (f"{VIEW_FOLDER + '/':<18} what `remnant serve` and `remnant export --html` show",)
            if has_view
            else ()
        ),
        f"{'summary.json':<18} all tables in one file",
        f"{STAC:<18} what lies here, for programs that read STAC",
        f"{MANIFEST:<18} size and SHA-256 of every file",
        "",
        "An empty cell in a table means unknown, never zero. A leading apostrophe marks text that a spreadsheet would",
        "otherwise run as a formula. Dates after the records' last day are forecasts.",
        *([""] if notes else []),
        *notes,
    ]
    return "\n".join(lines) + "\n"
