"""The GeoPackage and the rasters open in GDAL and say what they hold."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree as ET

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import rasterio
import xarray as xr

from remnant.assessment import RESULT_STATES, Assessment
from remnant.io.write_colours import SCALE, class_labels
from remnant.io.write_geopackage import write_geopackage
from remnant.io.write_rasters import BANDS, write_cogs

FIRST = "2026_11_22"


@pytest.fixture(scope="session")
def package(result: Assessment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("package") / "case.gpkg"
    write_geopackage(result, path)
    return path


@pytest.fixture(scope="session")
def rasters(result: Assessment, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    return write_cogs(result.cells, tmp_path_factory.mktemp("rasters"))


def test_gdal_reads_every_layer(package: Path) -> None:
    layers = dict(pyogrio.list_layers(package).tolist())
    assert layers["areas"] == "MultiPolygon"
    assert layers["cells"] == "Polygon"
    for name in layers:
        assert len(pyogrio.read_dataframe(package, layer=name)) > 0, name
    tables = {"areas_unknown_place", "districts", "totals", "curve", "parameters", "findings", "provenance"}
    assert tables | {"columns", "layer_styles"} <= {name for name, kind in layers.items() if kind is None}


def test_areas_carry_their_results_by_date_and_state(result: Assessment, package: Path) -> None:
    areas = gpd.read_file(package, layer="areas").set_index("area_id")
    chosen = result.area_results.query("area == 7 and state == 'explosive'").iloc[0]
    assert areas.loc["HA-0008", f"explosive_mean_{FIRST}"] == chosen["mean"]
    assert np.isnan(areas.loc["HA-0005", f"explosive_p_any_{FIRST}"])
    assert areas.crs == result.crs
    assert len(areas) == len(result.areas) - 2


def test_areas_of_unknown_place_keep_their_results(package: Path) -> None:
    unknown = pyogrio.read_dataframe(package, layer="areas_unknown_place")
    assert unknown["area_id"].tolist() == ["HA-0029", "HA-0030"]
    assert (unknown[f"explosive_q95_{FIRST}"] > 0).all()


def test_cells_lie_where_the_grid_says(result: Assessment, package: Path) -> None:
    cells = gpd.read_file(package, layer="cells")
    first = cells.iloc[0]
    attrs = result.cells.attrs
    assert first.geometry.bounds[0] == attrs["left_m"] + first["col"] * attrs["cell_m"]
    assert first.geometry.bounds[3] == attrs["top_m"] - first["row"] * attrs["cell_m"]
    np.testing.assert_allclose(cells.area, attrs["cell_m"] ** 2)
    of_area = result.cells["area"].values
    assert cells["area_id"].isna().sum() == (of_area == -1).sum()


def test_cells_without_content_are_left_out_but_unknown_ones_stay(result: Assessment, tmp_path: Path) -> None:
    cells = result.cells.copy(deep=True)
    for name in BANDS:
        cells[name].values[:, :, 0] = 0.0
        cells[name].values[:, :, 1] = np.nan
    changed = _with_cells(result, cells)
    write_geopackage(changed, tmp_path / "case.gpkg")
    written = pyogrio.read_dataframe(tmp_path / "case.gpkg", layer="cells", read_geometry=False)
    assert len(written) == cells.sizes["cell"] - 1
    unknown = np.isnan(cells["mean"].sel(state="explosive").values[0]).sum()
    assert written[f"explosive_mean_{FIRST}"].isna().sum() == unknown > 1


def test_too_many_cells_keep_the_highest_and_say_so(result: Assessment, tmp_path: Path) -> None:
    notes = write_geopackage(result, tmp_path / "case.gpkg", max_cells=300)
    written = pyogrio.read_dataframe(tmp_path / "case.gpkg", layer="cells", read_geometry=False)
    mean = result.cells["mean"].sel(state="explosive").values[0]
    unknown = int(np.isnan(mean).sum())
    kept = written[f"explosive_mean_{FIRST}"]
    assert kept.isna().sum() == unknown  # nobody knows them to be low
    np.testing.assert_array_equal(np.sort(kept.dropna()), np.sort(mean[~np.isnan(mean)])[unknown - 300 :])
    assert notes[0].startswith(
        "The layer cells holds the 300 cells with most expected explosive items; the other 6,531"
    )
    provenance = pyogrio.read_dataframe(tmp_path / "case.gpkg", layer="provenance")
    assert notes[0] in provenance["value"].tolist()


def test_the_package_is_registered_indexed_and_dated_by_its_records(package: Path) -> None:
    with closing(sqlite3.connect(package)) as database:
        contents = dict(database.execute("SELECT table_name, data_type FROM gpkg_contents").fetchall())
        stamps = {s for (s,) in database.execute("SELECT DISTINCT last_change FROM gpkg_contents")}
        indexed = {t for (t,) in database.execute("SELECT table_name FROM gpkg_extensions")}
        assert database.execute("PRAGMA user_version").fetchone() == (10300,)
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
    assert contents["layer_styles"] == "attributes"
    assert contents["areas"] == "features"
    assert stamps == {"2026-11-22T00:00:00.000Z"}
    assert {"areas", "cells"} <= indexed


def test_every_style_is_xml_whose_rules_name_columns_that_exist(package: Path) -> None:
    styles = pyogrio.read_dataframe(package, layer="layer_styles")
    defaults = styles[styles["useAsDefault"].astype(bool)]
    assert sorted(defaults["f_table_name"]) == ["areas", "cells"]
    assert set(defaults["styleName"]) == {"explosive 2026-11-22"}
    for style in styles.itertuples():
        columns = set(pyogrio.read_info(package, layer=style.f_table_name)["fields"])
        root = ET.fromstring(style.styleQML)
        rules = root.findall(".//rule")
        symbols = {s.get("name") for s in root.findall(".//symbol")}
        assert {r.get("symbol") for r in rules} == symbols
        assert {str(r.get("filter")).split('"')[1] for r in rules} <= columns


def test_each_area_falls_into_exactly_one_class_of_the_default_style(package: Path) -> None:
    styles = pyogrio.read_dataframe(package, layer="layer_styles")
    default = styles[(styles["f_table_name"] == "areas") & styles["useAsDefault"].astype(bool)].iloc[0]
    with closing(sqlite3.connect(package)) as database:
        hits = [
            database.execute(f"SELECT count(*) FROM areas WHERE {rule.get('filter')}").fetchone()[0]
            for rule in ET.fromstring(default["styleQML"]).findall(".//rule")
        ]
        total = database.execute("SELECT count(*) FROM areas").fetchone()[0]
    assert sum(hits) == total
    assert hits[-1] == 1  # the unknown one


def test_no_colour_for_low_is_green_and_the_scale_only_darkens() -> None:
    rgb = np.array([[int(c[k : k + 2], 16) for k in (1, 3, 5)] for c in SCALE])
    assert (rgb[:, 0] >= rgb[:, 1]).all()  # red never below green
    luminance = rgb @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(luminance) < 0).all()


def test_class_labels_are_one_more_than_breaks() -> None:
    assert class_labels((0.001, 0.5)) == ("below 0.1 %", "0.1–50 %", "50 % and above")


def test_rasters_are_cloud_optimised_with_named_bands_and_units(
    result: Assessment, rasters: tuple[Path, ...]
) -> None:
    assert len(rasters) == len(result.dates) * len(RESULT_STATES)
    for path in rasters:
        with rasterio.open(path) as file:
            assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
            assert file.compression.name == "deflate"
            assert set(file.block_shapes) == {(512, 512)}
            assert file.count == len(BANDS)
            assert file.descriptions[3] == "chance of at least one item"
            assert file.units == ("items per cell", "items per cell", "items per cell", "1")
            assert np.isnan(file.nodata)
            assert file.tags()["state"] in path.name


def test_a_raster_gives_back_each_cell_and_nothing_else(
    result: Assessment, rasters: tuple[Path, ...]
) -> None:
    path = next(p for p in rasters if p.name == "armed_2027-11-22.tif")
    cells = result.cells
    with rasterio.open(path) as file:
        values = file.read()
        assert file.transform.c == cells.attrs["left_m"]
        assert file.transform.f == cells.attrs["top_m"]
        assert file.crs == rasterio.CRS.from_user_input(result.crs)
    row, col = cells["row"].values, cells["col"].values
    for band, name in enumerate(BANDS):
        want = cells[name].sel(state="armed").values[1].astype(np.float32)
        np.testing.assert_array_equal(values[band, row, col], want)
    known = np.isfinite(cells["mean"].sel(state="armed").values[1])
    assert np.isfinite(values[0]).sum() == known.sum()


def test_each_raster_has_a_style_of_the_chance_band(rasters: tuple[Path, ...]) -> None:
    for path in rasters:
        root = ET.fromstring(path.with_suffix(".qml").read_text(encoding="utf-8"))
        renderer = root.find(".//rasterrenderer")
        assert renderer is not None
        assert renderer.get("band") == "4"
        assert [item.get("color") for item in root.findall(".//item")] == list(SCALE)


def test_a_country_on_a_fine_grid_has_overviews_and_keeps_its_layout(
    make_assessment: Callable[..., Assessment], tmp_path: Path
) -> None:
    cells = make_assessment().cells.isel(date=slice(0, 1), state=slice(3, 4)).copy(deep=True)
    cells.attrs.update(num_rows=2600, num_cols=1900)
    cells["row"].values[:] += 2300  # across tile borders, to the last rows
    (path,) = write_cogs(cells, tmp_path)
    with rasterio.open(path) as file:
        assert file.overviews(1) == [2, 4, 8]  # until the larger side fits one tile
        assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        values = file.read(1)
    row, col = cells["row"].values, cells["col"].values
    np.testing.assert_array_equal(values[row, col], cells["mean"].values[0, 0].astype(np.float32))
    assert path.stat().st_size < 1_000_000
    assert {p.name for p in tmp_path.iterdir()} == {path.name, path.with_suffix(".qml").name}


def _with_cells(result: Assessment, cells: xr.Dataset) -> Assessment:
    return dataclasses.replace(result, cells=cells)
