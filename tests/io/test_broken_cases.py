"""Broken files and case files: each gives one clear finding and an exit code, no traceback, nothing half-written."""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pytest
import shapely

from remnant.errors import CaseError
from remnant.io import read_case

HEAD = 'name = "test"\nas_of = 2024-07-31\n'
CSV = "id,lon,lat,type,n,when,prec\n1,17.0,44.0,PMA-2,1,2020-01-01,10\n"
EVENTS = """[[layers]]
kind = "finds"
file = "e.csv"
{extra}[layers.columns]
geometry = {{lon = "lon", lat = "lat"}}
type = "type"
quantity = "n"
date = "when"
precision_m = "prec"
"""


@dataclass(frozen=True)
class Broken:
    name: str
    make: Callable[[Any], object]
    code: str
    says: str
    exit_code: int = 1


def head(text: str) -> Callable[[Any], object]:
    """A good layer under a broken head of the case file."""

    def make(m: Any) -> None:
        m.geojson("a.geojson")
        layer = (
            '[[layers]]\nkind = "hazard_areas"\nfile = "a.geojson"\n[layers.defaults]\ntype = "PMA-2"\n'
            'hazard_class = "SHA"\n'
        )
        m.toml(layer, head=text)

    return make


def layer(text: str) -> Callable[[Any], object]:
    """A good file under a broken layer section."""

    def make(m: Any) -> None:
        m.geojson("a.geojson")
        m.toml(f"[[layers]]\n{text}")

    return make


def rows(
    *lines: str, extra: str = "", header: str = "id,lon,lat,type,n,when,prec"
) -> Callable[[Any], object]:
    """A table of finds with broken rows."""

    def make(m: Any) -> None:
        m.text("e.csv", "\n".join([header, *lines]) + "\n")
        m.toml(EVENTS.format(extra=extra))

    return make


def hazards(*features: Any, extra: str = "", body: str | None = None, **more: Any) -> Callable[[Any], object]:
    """A GeoJSON of areas."""

    def make(m: Any) -> None:
        m.geojson(
            "a.geojson",
            [m.feature(f, type="PMA-2") if f is None or "coordinates" in f else f for f in features],
            **more,
        )
        m.hazards("a.geojson", **({} if body is None else {"body": body}), extra=extra)

    return make


def file(name: str, data: bytes, extra: str = "") -> Callable[[Any], object]:
    """A file of raw bytes as a layer of areas."""

    def make(m: Any) -> None:
        (m.folder / name).write_bytes(data)
        m.hazards(name, extra=extra)

    return make


def polygon(lon: float = 17.0, lat: float = 44.0) -> dict[str, Any]:
    ring = [[lon, lat], [lon + 0.001, lat], [lon + 0.001, lat + 0.001], [lon, lat]]
    return {"type": "Polygon", "coordinates": [ring]}


def truncated_gpkg(m: Any) -> None:
    path = m.folder / "a.gpkg"
    gpd.GeoDataFrame(
        {"type": ["PMA-2"] * 200}, geometry=[shapely.box(17, 44, 17.1, 44.1)] * 200, crs=4326
    ).to_file(path)
    path.write_bytes(path.read_bytes()[:20_000])
    m.hazards("a.gpkg")


def shapefile_without(suffix: str) -> Callable[[Any], object]:
    def make(m: Any) -> None:
        gpd.GeoDataFrame({"type": ["PMA-2"]}, geometry=[shapely.box(17, 44, 17.1, 44.1)], crs=4326).to_file(
            m.folder / "a.shp"
        )
        (m.folder / f"a{suffix}").unlink()
        m.hazards("a.shp")

    return make


def truncated_shp(m: Any) -> None:
    boxes = [shapely.box(17 + 0.01 * i, 44, 17.005 + 0.01 * i, 44.1) for i in range(50)]
    gpd.GeoDataFrame({"type": ["PMA-2"] * 50}, geometry=boxes, crs=4326).to_file(m.folder / "a.shp")
    path = m.folder / "a.shp"
    path.write_bytes(path.read_bytes()[:900])
    m.hazards("a.shp")


def truncated_fgb(m: Any) -> None:
    boxes = [shapely.box(17 + 0.01 * i, 44, 17.005 + 0.01 * i, 44.1) for i in range(50)]
    gpd.GeoDataFrame({"type": ["PMA-2"] * 50}, geometry=boxes, crs=4326).to_file(m.folder / "a.fgb")
    path = m.folder / "a.fgb"
    path.write_bytes(path.read_bytes()[:-500])
    m.hazards("a.fgb")


def truncated_parquet(m: Any) -> None:
    gpd.GeoDataFrame({"type": ["PMA-2"]}, geometry=[shapely.box(17, 44, 17.1, 44.1)], crs=4326).to_parquet(
        m.folder / "a.parquet"
    )
    path = m.folder / "a.parquet"
    path.write_bytes(path.read_bytes()[:-30])
    m.hazards("a.parquet")


def truncated_xlsx(m: Any) -> None:
    book = openpyxl.Workbook()
    book.active.append(["id", "wkt"])
    book.save(m.folder / "a.xlsx")
    path = m.folder / "a.xlsx"
    path.write_bytes(path.read_bytes()[:-200])
    m.hazards("a.xlsx")


def workbook(cell: object, column: str = "n") -> Callable[[Any], object]:
    """Finds in a sheet with one strange cell."""

    def make(m: Any) -> None:
        book = openpyxl.Workbook()
        row = {"id": 1, "lon": 17.0, "lat": 44.0, "type": "PMA-2", "n": 1, "when": "2020-01-01", "prec": 10}
        book.active.append(list(row))
        book.active.append(list((row | {column: cell}).values()))
        book.save(m.folder / "e.xlsx")
        m.toml(EVENTS.format(extra="").replace("e.csv", "e.xlsx"))

    return make


def two_layers(m: Any) -> None:
    frame = gpd.GeoDataFrame({"type": ["PMA-2"]}, geometry=[shapely.box(17, 44, 17.1, 44.1)], crs=4326)
    frame.to_file(m.folder / "a.gpkg", layer="one")
    frame.to_file(m.folder / "a.gpkg", layer="two")
    m.hazards("a.gpkg")


def wrong_layer(m: Any) -> None:
    two_layers(m)
    m.hazards("a.gpkg", extra='layer = "tow"\n')


def far_utm(m: Any) -> None:
    """Metres in a GeoJSON that claims degrees."""
    hazards(
        {
            "type": "Polygon",
            "coordinates": [[[5e5, 4.8e6], [5e5 + 99, 4.8e6], [5e5, 4.8e6 + 99], [5e5, 4.8e6]]],
        }
    )(m)


def swapped_layers(m: Any) -> None:
    m.geojson("a.geojson", [m.feature(m.polygon(17, 44), type="PMA-2")])
    m.text("e.csv", CSV.replace("17.0,44.0", "44.0,17.0"))
    good = (
        '[[layers]]\nkind = "hazard_areas"\nfile = "a.geojson"\n[layers.defaults]\ntype = "PMA-2"\n'
        'hazard_class = "SHA"\n'
    )
    m.toml(good + EVENTS.format(extra=""))


def search(body: str) -> Callable[[Any], object]:
    def make(m: Any) -> None:
        m.geojson("a.geojson")
        m.toml(f'[[layers]]\nkind = "searches"\nfile = "a.geojson"\n[layers.defaults]\n{body}')

    return make


def deposit(cells: str) -> Callable[[Any], object]:
    def make(m: Any) -> None:
        m.text("d.csv", f'wkt,low,high,setting\n"POLYGON ((17 44, 17.01 44, 17.01 44.01, 17 44))",{cells}\n')
        m.toml(
            '[[layers]]\nkind = "deposits"\nfile = "d.csv"\n[layers.columns]\ngeometry = "wkt"\nquantity_low = "low"\n'
            'quantity_high = "high"\nsetting = "setting"\n[layers.defaults]\ntype = "PFM-1"\n'
        )

    return make


def no_folder(m: Any) -> None:
    m.folder.rmdir()


def not_utf8(m: Any) -> None:
    m.text("case.toml", HEAD + 'notes = "Minenfeld süd"', encoding="cp1252")


def prior(body: str, name: str = "density.SHA") -> Callable[[Any], object]:
    return head(HEAD + f'[model.priors."{name}"]\n{body}\n')


def zipped_junk(m: Any) -> None:
    with zipfile.ZipFile(m.folder / "a.xlsx", "w") as archive:
        archive.writestr("hello.txt", "not a workbook")
    m.hazards("a.xlsx")


UTM = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32633"}}
BROKEN = [
    # the case file itself
    Broken("no folder", no_folder, "", "is not there", 2),
    Broken("no case file", lambda m: None, "", "case.toml is wanted", 2),
    Broken("not TOML", lambda m: m.text("case.toml", "name = test"), "", "must be TOML", 2),
    Broken("cut-off TOML", lambda m: m.text("case.toml", HEAD + "[[layers"), "", "must be TOML", 2),
    Broken("TOML with a key twice", lambda m: m.text("case.toml", HEAD + HEAD), "", "must be TOML", 2),
    Broken("not UTF-8", not_utf8, "", "must be UTF-8", 2),
    Broken("empty case file", lambda m: m.text("case.toml", ""), "case-missing", "as_of: is required"),
    Broken("no as_of", head('name = "t"\n'), "case-missing", "as_of: is required"),
    Broken("no layers", lambda m: m.text("case.toml", HEAD), "case-missing", "layers: is required"),
    Broken("empty layers", lambda m: m.text("case.toml", HEAD + "layers = []"), "case-too-short", "layers"),
    Broken("unknown key", head(HEAD + "sed = 3\n"), "case-extra-forbidden", "Near: seed"),
    Broken("unknown grid key", head(HEAD + "[grid]\ncel_m = 3\n"), "case-extra-forbidden", "Near: cell_m"),
    Broken(
        "as_of is no date", head('name = "t"\nas_of = "31/07/2024"\n'), "case-value-error", "year-month-day"
    ),
    Broken(
        "as_of with a time",
        head('name = "t"\nas_of = 2024-07-31T10:00:00\n'),
        "case-value-error",
        "without a time of day",
    ),
    Broken("as_of in year 24", head('name = "t"\nas_of = 0024-07-31\n'), "case-as-of", "check the year"),
    Broken("date before as_of", head(HEAD + 'dates = ["2020-01-01"]\n'), "case-dates", "before as_of"),
    Broken("no dates", head(HEAD + "dates = []\n"), "case-dates", "at least one day"),
    Broken("seed is text", head(HEAD + 'seed = "one"\n'), "case-int-type", "seed"),
    Broken(
        "percent in the policy",
        head(HEAD + "[policy]\np_any_armed_max = 5\n"),
        "case-less-than-equal",
        "Divide by 100",
    ),
    Broken(
        "block is no multiple of cells",
        head(HEAD + "[grid]\ncell_m = 50\nblock_m = 120\n"),
        "case-grid",
        "whole number of cells",
    ),
    Broken("negative cells", head(HEAD + "[grid]\ncell_m = -50\n"), "case-greater-than", "grid.cell_m"),
    Broken("endless cells", head(HEAD + "[grid]\ncell_m = inf\n"), "case-finite-number", "grid.cell_m"),
    Broken("other model", head(HEAD + '[model]\nkind = "kriging"\n'), "case-literal-error", "'stratum'"),
    Broken(
        "prior without source",
        prior('low = 1.0\nhigh = 9.0\nunit = "1/km2"\nsource = " "'),
        "case-prior",
        "needs a source",
    ),
    Broken(
        "prior in hectares",
        prior('low = 1.0\nhigh = 9.0\nunit = "1/ha"\nsource = "x"'),
        "case-prior",
        "unit '1/km2'",
    ),
    Broken(
        "prior upside down",
        prior('low = 9.0\nhigh = 1.0\nunit = "1/km2"\nsource = "x"'),
        "case-prior",
        "must not exceed",
    ),
    Broken(
        "unknown prior",
        prior('low = 1.0\nhigh = 9.0\nunit = "1"\nsource = "x"', "clumpshape"),
        "unknown-prior",
        "Near: clump_shape",
    ),
    Broken("unknown type outside", head(HEAD + '[outside]\ntypes = ["PMA-9"]\n'), "unknown-type", "PMA-2"),
    Broken(
        "catalogue file is not there", head(HEAD + 'catalogue = ["my.toml"]\n'), "case-catalogue", "my.toml"
    ),
    Broken("case in degrees", head(HEAD + 'crs = "EPSG:4326"\n'), "case-crs", "projected and in metres"),
    Broken("case in Web Mercator", head(HEAD + 'crs = "EPSG:3857"\n'), "case-crs", "must keep areas"),
    Broken("case in an unknown CRS", head(HEAD + 'crs = "EPSG:99999"\n'), "case-crs", "known CRS"),
    Broken(
        "bbox upside down",
        head(HEAD + "[region]\nbbox = [18, 45, 17, 44]\n"),
        "case-value-error",
        "west < east",
    ),
    Broken("region without anything", head(HEAD + "[region]\n"), "case-value-error", "either file or bbox"),
    # layers of the case file
    Broken(
        "unknown kind",
        layer('kind = "hazards"\nfile = "a.geojson"\n'),
        "case-literal-error",
        "Near: hazard_areas",
    ),
    Broken("no file", layer('kind = "hazard_areas"\n'), "case-missing", "layers[1].file: is required"),
    Broken(
        "file is not there",
        layer('kind = "hazard_areas"\nfile = "b.geojson"\n'),
        "layer-unreadable",
        "must exist",
    ),
    Broken(
        "data folder unset",
        layer('kind = "hazard_areas"\nfile = "${REMNANT_NOWHERE}/b.geojson"\n'),
        "case-file",
        "REMNANT_NOWHERE",
    ),
    Broken(
        "other variable",
        layer('kind = "hazard_areas"\nfile = "${HOME}/b.geojson"\n'),
        "case-file",
        "only variables named REMNANT_",
    ),
    Broken(
        "data folder missing",
        layer('kind = "hazard_areas"\nfile = "${REMNANT_DATA:-nowhere}/b.geojson"\n'),
        "layer-unreadable",
        "Set REMNANT_DATA",
    ),
    Broken(
        "folder as file", layer('kind = "hazard_areas"\nfile = "."\n'), "layer-unreadable", "another folder"
    ),
    Broken(
        "column is not there",
        layer(
            'kind = "hazard_areas"\nfile = "a.geojson"\n[layers.columns]\ntype = "Type"\n[layers.defaults]\n'
            'hazard_class = "SHA"\n'
        ),
        "missing-column",
        "Near: type",
    ),
    Broken(
        "no type",
        layer('kind = "hazard_areas"\nfile = "a.geojson"\n[layers.defaults]\nhazard_class = "SHA"\n'),
        "missing-key",
        "need type",
    ),
    Broken(
        "key of another kind",
        layer(
            'kind = "hazard_areas"\nfile = "a.geojson"\n[layers.defaults]\nhazard_class = "SHA"\n'
            'type = "PMA-2"\ncoverage = 1.0\n'
        ),
        "key-not-used",
        "defaults.coverage",
    ),
    Broken(
        "unknown column key",
        layer('kind = "hazard_areas"\nfile = "a.geojson"\n[layers.columns]\ntyp = "type"\n'),
        "case-extra-forbidden",
        "Near: type",
    ),
    Broken(
        "date and start",
        layer(
            'kind = "hazard_areas"\nfile = "a.geojson"\n[layers.defaults]\nhazard_class = "SHA"\n'
            'type = "PMA-2"\ndate = 2020-01-01\nstart = 2020-01-01\n'
        ),
        "date-and-start",
        "leave one out",
    ),
    Broken(
        "filter leaves nothing",
        layer(
            'kind = "hazard_areas"\nfile = "a.geojson"\n[layers.where]\ntype = "PMN"\n[layers.defaults]\n'
            'hazard_class = "SHA"\ntype = "PMA-2"\n'
        ),
        "layer-unreadable",
        "left out all 1",
    ),
    Broken(
        "filter on no column",
        layer('kind = "hazard_areas"\nfile = "a.geojson"\n[layers.where]\ntyp = "PMN"\n'),
        "missing-column",
        "where.typ",
    ),
    Broken(
        "class without prior",
        layer(
            'kind = "hazard_areas"\nfile = "a.geojson"\n[layers.defaults]\nhazard_class = "SAH"\ntype = "PMA-2"\n'
        ),
        "class-without-prior",
        "Near: SHA",
    ),
    Broken(
        "unknown type",
        layer(
            'kind = "hazard_areas"\nfile = "a.geojson"\n[layers.defaults]\nhazard_class = "SHA"\ntype = "PMA2X"\n'
        ),
        "bad-default-type",
        "PMA-2",
    ),
    Broken(
        "skip_rows of a GIS file",
        layer('kind = "hazard_areas"\nfile = "a.geojson"\nskip_rows = 2\n'),
        "layer-unreadable",
        "skip_rows",
    ),
    Broken(
        "unknown layer CRS",
        layer('kind = "hazard_areas"\nfile = "a.geojson"\ncrs = "ESPG:4326"\n'),
        "layer-unreadable",
        "known CRS",
    ),
    Broken(
        "coverage default in percent",
        search('method = "manual detector"\ncoverage = 90\n'),
        "bad-default-coverage",
        "Divide by 100",
    ),
    Broken(
        "unknown method",
        search('method = "manual detecter"\ncoverage = 0.9\n'),
        "bad-default-method",
        "manual detector",
    ),
    Broken("no coverage", search('method = "manual detector"\n'), "missing-key", "need coverage"),
    # files
    Broken("empty GeoJSON", hazards(), "layer-unreadable", "it is empty"),
    Broken(
        "cut-off GeoJSON",
        file("a.geojson", b'{"type":"FeatureCollection","features":[{"type":"Fea'),
        "layer-unreadable",
        "must be valid JSON",
    ),
    Broken("zero bytes of GeoJSON", file("a.geojson", b""), "layer-unreadable", "must be valid JSON"),
    Broken("JSON but no GeoJSON", file("a.geojson", b'{"a": 1}'), "layer-unreadable", "must be readable"),
    Broken(
        "text coordinates",
        hazards({"type": "Point", "coordinates": ["a", 44]}, polygon()),
        "layer-unreadable",
        "Coordinates must be numbers",
    ),
    Broken("cut-off GeoPackage", truncated_gpkg, "layer-unreadable", "cut off"),
    Broken(
        "junk as GeoPackage",
        file("a.gpkg", b"SQLite format 3\0" + b"0" * 300),
        "layer-unreadable",
        "must be readable",
    ),
    Broken("cut-off shapefile", truncated_shp, "layer-unreadable", "copy it again"),
    Broken("shapefile without .dbf", shapefile_without(".dbf"), "layer-unreadable", ".dbf"),
    Broken("shapefile without .shx", shapefile_without(".shx"), "layer-unreadable", ".shx"),
    Broken("shapefile without .prj", shapefile_without(".prj"), "layer-unreadable", "must name its CRS"),
    Broken("cut-off FlatGeobuf", truncated_fgb, "layer-unreadable", "cut off"),
    Broken("cut-off Parquet", truncated_parquet, "layer-unreadable", "Parquet"),
    Broken("cut-off workbook", truncated_xlsx, "layer-unreadable", "workbook must be readable"),
    Broken("zip that is no workbook", zipped_junk, "layer-unreadable", "workbook must be readable"),
    Broken(
        "cut-off KML",
        file("a.kml", b'<?xml version="1.0"?><kml><Document><Placemark><Poly'),
        "layer-unreadable",
        "must be readable",
    ),
    Broken(
        "picture as a layer",
        file("a.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 50),
        "layer-unreadable",
        "must be readable",
    ),
    Broken("several layers, none named", two_layers, "layer-unreadable", "one, two"),
    Broken("wrong layer name", wrong_layer, "layer-unreadable", "Near: two"),
    # geometry
    Broken("metres for degrees", far_utm, "coordinate-range", "name the layer's crs"),
    Broken(
        "degrees for metres",
        hazards(
            polygon(),
            extra='crs = "EPSG:32633"\n',
            body='[layers.defaults]\ntype = "PMA-2"\nhazard_class = "SHA"\n',
        ),
        "degrees-for-metres",
        "true crs",
    ),
    Broken("latitude above 90", hazards(polygon(17, 144)), "coordinate-range", "swap the axes"),
    Broken(
        "points as areas",
        hazards({"type": "Point", "coordinates": [17, 44]}),
        "not-an-area",
        "must be polygons",
    ),
    Broken(
        "lines as areas",
        hazards({"type": "LineString", "coordinates": [[17, 44], [18, 44]]}),
        "not-an-area",
        "must be polygons",
    ),
    Broken("swapped layer", swapped_layers, "swapped-axes", "swap the two columns"),
    Broken(
        "swapped in a region",
        lambda m: (
            rows("1,44,17,PMA-2,1,2020-01-01,5")(m),
            m.toml(EVENTS.format(extra=""), head=HEAD + "[region]\nbbox = [16, 43, 18, 45]\n"),
        ),
        "swapped-axes",
        "longitude and latitude",
    ),
    Broken(
        "two continents",
        lambda m: rows("1,17,44,PMA-2,1,2020-01-01,5", "2,107,44,PMA-2,1,2020-01-01,5")(m),
        "case-crs",
        "must lie in one region",
    ),
    Broken("zero coordinates", rows("1,0,0,PMA-2,1,2020-01-01,5"), "zero-coordinate", "blank ones"),
    Broken("one coordinate blank", rows("1,17,,PMA-2,1,2020-01-01,5"), "half-coordinate", "one is blank"),
    Broken(
        "degrees and minutes", rows("1,17°30',44,PMA-2,1,2020-01-01,5"), "bad-coordinate", "decimal degrees"
    ),
    Broken("infinite coordinate", rows("1,inf,44,PMA-2,1,2020-01-01,5"), "bad-coordinate", "finite"),
    Broken("huge coordinate", rows("1,1e300,44,PMA-2,1,2020-01-01,5"), "bad-coordinate", "1e+300"),
    Broken(
        "line as an event",
        lambda m: (
            m.geojson(
                "a.geojson", [m.feature({"type": "LineString", "coordinates": [[17, 44], [17.1, 44]]})]
            ),
            m.toml(
                '[[layers]]\nkind = "finds"\nfile = "a.geojson"\n[layers.defaults]\ntype = "PMA-2"\nprecision_m = 5\n'
            ),
        ),
        "not-an-event-place",
        "points or polygons",
    ),
    Broken(
        "WKT cut off",
        lambda m: deposit("1,2,")(m) or m.text("d.csv", 'wkt,low,high,setting\n"POLYGON ((17 44, 18",1,2,\n'),
        "bad-geometry",
        "must hold WKT",
    ),
    Broken(
        "no geometry column",
        lambda m: (m.text("a.csv", "id,type\n1,PMA-2\n"), m.hazards("a.csv")),
        "layer-unreadable",
        "The file has: id, type",
    ),
    # cells
    Broken("no precision", rows("1,17,44,PMA-2,1,2020-01-01,"), "blank-precision-m", "precision_m = 100"),
    Broken("negative quantity", rows("1,17,44,PMA-2,-1,2020-01-01,5"), "bad-quantity", "got -1"),
    Broken("zero items found", rows("1,17,44,PMA-2,0,2020-01-01,5"), "bad-quantity", "at least one item"),
    Broken("huge quantity", rows("1,17,44,PMA-2,1e300,2020-01-01,5"), "bad-quantity", "1e+300"),
    Broken("quantity NaN as text", rows("1,17,44,PMA-2,nan,2020-01-01,5"), "bad-quantity", "plain number"),
    Broken("quantity in words", rows("1,17,44,PMA-2,several,2020-01-01,5"), "bad-quantity", "several"),
    Broken("decimal comma", rows('1,17,44,PMA-2,"1,5",2020-01-01,5'), "bad-quantity", 'decimal = ","'),
    Broken("thousands groups", rows('1,17,44,PMA-2,"1,500.0",2020-01-01,5'), "bad-quantity", "thousands"),
    Broken("half an item", rows("1,17,44,PMA-2,1.5,2020-01-01,5"), "bad-quantity", "counted whole"),
    Broken("percent sign", rows("1,17,44,PMA-2,90%,2020-01-01,5"), "bad-quantity", "0.9 for 90"),
    Broken(
        "unknown type in a row", rows("1,17,44,PMA2X,1,2020-01-01,5"), "unknown-type", "layers.values.type"
    ),
    Broken(
        "default date after as_of",
        rows("1,17,44,PMA-2,1,,5", extra="[layers.defaults]\ndate = 2025-01-01\n"),
        "bad-default-date",
        "got 2025-01-01",
    ),
    Broken("blank type", rows("1,17,44,,1,2020-01-01,5"), "blank-type", "type is required"),
    Broken("ambiguous date", rows("1,17,44,PMA-2,1,03/04/2021,5"), "bad-date", "day/month or month/day"),
    Broken("American date", rows("1,17,44,PMA-2,1,4/25/2021,5"), "bad-date", '"%m/%d/%Y"'),
    Broken("two-digit year", rows("1,17,44,PMA-2,1,25.04.21,5"), "bad-date", "two digits"),
    Broken("30 February", rows("1,17,44,PMA-2,1,2020-02-30,5"), "bad-date", "no day of the calendar"),
    Broken("serial number as date", rows("1,17,44,PMA-2,1,44562,5"), "bad-date", "44562"),
    Broken("date after as_of", rows("1,17,44,PMA-2,1,2024-08-01,5"), "date-after-as-of", "2024-08-01"),
    Broken("date in 9999", rows("1,17,44,PMA-2,1,9999-12-31,5"), "date-after-as-of", "as_of"),
    Broken(
        "date not of the format",
        rows("1,17,44,PMA-2,1,2021.04.03,5", extra='date_format = "%d/%m/%Y"\n'),
        "bad-date",
        "fits neither",
    ),
    Broken("formula in a CSV", rows("1,17,44,PMA-2,=1+1,2020-01-01,5"), "formula-cell", "=1+1"),
    Broken("error mark in a CSV", rows("1,17,44,#REF!,1,2020-01-01,5"), "formula-cell", "#REF!"),
    Broken("formula in a sheet", workbook("=1+1"), "formula-cell", "paste values"),
    Broken("error in a sheet", workbook("#DIV/0!"), "formula-cell", "#DIV/0!"),
    Broken("serial number in a sheet", workbook(44562, "when"), "bad-date", "format the column as a date"),
    Broken("row too short", rows("1,17,44"), "layer-unreadable", "data row 1 has 3"),
    Broken("open quote", rows('1,17,44,"PMA-2,1,2020-01-01,5'), "layer-unreadable", "quote"),
    Broken(
        "column twice",
        rows("1,17,44,PMA-2,1,2020-01-01,5", header="id,lon,lat,type,n,when,when"),
        "layer-unreadable",
        "more than once",
    ),
    Broken(
        "empty CSV",
        lambda m: (m.text("e.csv", ""), m.toml(EVENTS.format(extra=""))),
        "layer-unreadable",
        "header row",
    ),
    Broken("header only", rows(), "layer-unreadable", "it is empty"),
    Broken(
        "binary as CSV",
        lambda m: ((m.folder / "e.csv").write_bytes(bytes(range(256)) * 9), m.toml(EVENTS.format(extra=""))),
        "layer-unreadable",
        "text table",
    ),
    Broken(
        "unknown encoding",
        rows("1,17,44,PMA-2,1,2020-01-01,5", extra='encoding = "cp9999"\n'),
        "layer-unreadable",
        "must be a known one",
    ),
    Broken(
        "encoding does not fit",
        lambda m: (
            m.text("e.csv", CSV.replace("PMA-2", "É"), "cp1252"),
            m.toml(EVENTS.format(extra='encoding = "utf-8"\n')),
        ),
        "layer-unreadable",
        "must be utf-8 text",
    ),
    Broken(
        "encoding that is no text",
        rows("1,17,44,PMA-2,1,2020-01-01,5", extra='encoding = "hex"\n'),
        "layer-unreadable",
        "encoding",
    ),
    Broken("low above high", deposit("9,2,"), "bad-quantity", "must not exceed"),
    Broken("no quantity", deposit(",,"), "blank-quantity", "none is given"),
    Broken("unknown setting", deposit("1,2,15d"), "unknown-setting", "15d"),
]


@pytest.mark.parametrize("broken", BROKEN, ids=[b.name for b in BROKEN])
def test_a_broken_case_gives_a_clear_finding_and_an_exit_code(broken: Broken, maker: Any) -> None:
    broken.make(maker)
    before = set(maker.folder.rglob("*")) if maker.folder.exists() else set()
    result = maker.check()
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.output
    assert result.exit_code == broken.exit_code, result.output
    assert broken.says in result.output
    added = {p.name for p in maker.folder.rglob("*") if p not in before} if maker.folder.exists() else set()
    assert added <= {"findings.csv"}
    if broken.exit_code == 1:
        with (maker.folder / "findings.csv").open(encoding="utf-8", newline="") as stream:
            listed = list(csv.DictReader(stream))
        errors = {f["code"] for f in listed if f["severity"] == "error"}
        assert errors
        assert not broken.code or broken.code in errors
    with pytest.raises(CaseError, match=r"\w+.*[;.]") as caught:
        read_case(maker.folder)
    assert bool(caught.value.findings) == (broken.exit_code == 1)


def test_at_least_sixty_broken_cases_are_tried() -> None:
    assert len(BROKEN) >= 60


def test_all_faults_come_out_in_one_go(maker: Any) -> None:
    rows("1,17,44,PMA-9,-1,2025-01-01,5", "2,17,44,PMA-2,x,03/04/2020,5")(maker)
    with pytest.raises(CaseError, match="And 4 more errors") as caught:
        read_case(maker.folder)
    assert {(f.code, f.row) for f in caught.value.findings if f.severity == "error"} == {
        ("unknown-type", 1), ("bad-quantity", 1), ("date-after-as-of", 1), ("bad-quantity", 2), ("bad-date", 2),
    }  # fmt: skip


def test_many_rows_with_one_fault_are_cut_to_twenty_and_a_summary(maker: Any) -> None:
    rows(*(f"{i},17,44,PMA-2,-1,2020-01-01,5" for i in range(300)))(maker)
    with pytest.raises(CaseError, match="got -1") as caught:
        read_case(maker.folder)
    bad = [f for f in caught.value.findings if f.code == "bad-quantity"]
    assert len(bad) == 21
    assert bad[-1].count == 300
    assert bad[-1].row is None


def test_a_missing_case_names_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match="remnant init"):
        read_case(tmp_path)


def test_geojson_in_utm_is_read_by_its_own_crs_member(maker: Any) -> None:
    ring = [[5e5, 4.8e6], [5e5 + 100, 4.8e6], [5e5 + 100, 4.8e6 + 100], [5e5, 4.8e6 + 100], [5e5, 4.8e6]]
    features = [maker.feature({"type": "Polygon", "coordinates": [ring]}, type="PMA-2")]
    maker.geojson("a.geojson", features, crs=UTM)
    maker.hazards("a.geojson")
    assert shapely.area(read_case(maker.folder).areas.geometry[0]) == pytest.approx(1e4, rel=1e-6)


def test_json_output_can_be_read_back(maker: Any) -> None:
    rows("1,17,44,PMA-9,1,2020-01-01,5")(maker)
    out = maker.folder / "f.json"
    assert maker.check("--out", str(out)).exit_code == 1
    assert json.loads(out.read_text())["remnant_findings"][0]["code"] == "unknown-type"
