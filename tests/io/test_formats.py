"""The same records through every format and several CRSs give the same case."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from remnant.io import read_case

MILLIMETRE = 1e-3
CASE_CRS = 32633
BOXES = [
    shapely.box(500_000, 4_870_000, 500_120, 4_870_080),
    shapely.Polygon([(501_000, 4_870_000), (501_300, 4_870_010), (501_200, 4_870_210)]),
    shapely.MultiPolygon(
        [
            shapely.box(502_000, 4_870_000, 502_050, 4_870_050),
            shapely.box(502_100, 4_870_000, 502_150, 4_870_050),
        ]
    ),
]
TYPES = ["PMA-2", "PMA-3", "TMA-3; TMA-4"]
DAYS = [dt.date(1993, 5, 1), dt.date(1994, 2, 3), dt.date(1995, 12, 14)]


def frame(crs: int | str) -> Any:
    table = {
        "code": ["a", "b", "c"],
        "kind": TYPES,
        "laid": [d.isoformat() for d in DAYS],
        "size": [100.0, None, 2500.5],
    }
    return gpd.GeoDataFrame(table, geometry=BOXES, crs=CASE_CRS).to_crs(crs)


def vector(name: str, **options: Any) -> Any:
    def write(folder: Path, crs: int | str) -> str:
        frame(crs).to_file(folder / name, **options)
        return name

    return write


def parquet(folder: Path, crs: int | str) -> str:
    frame(crs).to_parquet(folder / "a.parquet")
    return "a.parquet"


def sheet(name: str) -> Any:
    def write(folder: Path, crs: int | str) -> str:
        source = frame(crs)
        plain = pd.DataFrame(source.drop(columns="geometry"))
        plain["outline"] = shapely.to_wkt(source.geometry.to_numpy(), rounding_precision=12)
        if name.endswith(".csv"):
            plain.to_csv(folder / name, index=False)
        elif name.endswith(".xlsx"):
            plain["laid"] = [dt.datetime.combine(d, dt.time()) for d in DAYS]
            plain.to_excel(folder / name, index=False)
        else:
            import pyogrio

            pyogrio.write_dataframe(plain, folder / name, driver="ODS")
        return name

    return write


FORMATS = {
    "GeoPackage": vector("a.gpkg"),
    "GeoJSON": vector("a.geojson", driver="GeoJSON", COORDINATE_PRECISION=12),
    "Shapefile": vector("a.shp", encoding="utf-8"),
    "FlatGeobuf": vector("a.fgb"),
    "File Geodatabase": vector("a.gdb", driver="OpenFileGDB", promote_to_multi=True),
    "KML": vector("a.kml", driver="LIBKML"),
    "GeoParquet": parquet,
    "CSV": sheet("a.csv"),
    "XLSX": sheet("a.xlsx"),
    "ODS": sheet("a.ods"),
}
DEGREES_ONLY = ("KML", "GeoJSON")
SYSTEMS = (4326, 32633, 32634, 3035)


@pytest.mark.parametrize(
    ("name", "crs"), [(n, c) for n in FORMATS for c in SYSTEMS if c == 4326 or n not in DEGREES_ONLY]
)
@pytest.mark.filterwarnings("ignore:.*:UserWarning")
def test_every_format_and_crs_gives_the_same_records(name: str, crs: int, maker: Any) -> None:
    file = FORMATS[name](maker.folder, crs)
    is_table = file.endswith((".csv", ".xlsx", ".ods"))
    place = 'geometry = "outline"\n' if is_table else ""
    extra = f'crs = "EPSG:{crs}"\n' if is_table else ""
    maker.toml(
        f'crs = "EPSG:{CASE_CRS}"\n[[layers]]\nkind = "hazard_areas"\nfile = "{file}"\n{extra}[layers.columns]\n'
        f'{place}id = "code"\ntype = "kind"\ndate = "laid"\nreported_area_m2 = "size"\n[layers.defaults]\n'
        f'hazard_class = "CHA"\n'
    )
    areas = read_case(maker.folder).areas
    order = np.argsort(areas.id)  # FlatGeobuf sorts its records by place
    assert areas.id[order].tolist() == ["a", "b", "c"]
    assert [areas.types[i] for i in order] == [("PMA-2",), ("PMA-3",), ("TMA-3", "TMA-4")]
    assert areas.start_day[order].tolist() == [(d - dt.date(1970, 1, 1)).days for d in DAYS]
    assert np.isnan(areas.reported_area_m2[order]).tolist() == [False, True, False]
    assert areas.source.row.tolist() == [1, 2, 3]
    for mine, theirs in zip(areas.geometry[order], BOXES, strict=True):
        assert shapely.hausdorff_distance(mine, theirs) < MILLIMETRE


@pytest.mark.parametrize("crs", SYSTEMS)
def test_points_in_two_columns_come_back_to_the_millimetre(crs: int, maker: Any) -> None:
    points = gpd.GeoSeries([shapely.Point(500_000.5, 4_870_000.25)], crs=CASE_CRS).to_crs(crs)
    maker.text("e.csv", f"x,y\n{points.x[0]:.12f},{points.y[0]:.12f}\n")
    maker.toml(
        f'crs = "EPSG:{CASE_CRS}"\n[[layers]]\nkind = "finds"\nfile = "e.csv"\ncrs = "EPSG:{crs}"\n'
        '[layers.columns]\ngeometry = {x = "x", y = "y"}\n[layers.defaults]\ntype = "PMA-2"\n'
        "precision_m = 5\nquantity = 1\n"
    )
    place = read_case(maker.folder).events.geometry[0]
    assert shapely.distance(place, shapely.Point(500_000.5, 4_870_000.25)) < MILLIMETRE


ALPHABETS = [
    ("cp1252", "Groß-Ålesund", True),
    ("cp1252", "Groß-Ålesund", False),
    ("cp1251", "Ізюм", True),
    ("utf-16", "Ізюм", False),
    ("utf-16-le", "Izium", False),
    ("utf-8-sig", "Ізюм", False),
    ("utf-8", "لبنان", False),
    ("shift_jis", "地雷", True),
]


@pytest.mark.parametrize(("encoding", "word", "is_named"), ALPHABETS)
def test_text_tables_keep_their_letters_in_every_encoding(
    encoding: str, word: str, is_named: bool, maker: Any
) -> None:
    maker.text("a.csv", f'id;wkt\n{word};"POLYGON ((17 44, 17.01 44, 17.01 44.01, 17 44))"\n', encoding)
    extra = f'encoding = "{encoding}"\n' if is_named else ""
    body = '[layers.columns]\nid = "id"\ngeometry = "wkt"\n[layers.defaults]\ntype = "PMA-2"\nhazard_class = "SHA"\n'
    maker.hazards("a.csv", body=body, extra=extra)
    case = read_case(maker.folder)
    assert case.areas.id.tolist() == [word]
    guessed = {f.code for f in case.findings} & {"encoding-guessed"}
    assert bool(guessed) == (encoding == "cp1252" and not is_named)


@pytest.mark.parametrize(
    ("encoding", "page"), [("cp1251", "named"), ("cp1251", ".cpg"), ("utf-8", "none"), ("cp1252", "none")]
)
def test_shapefiles_keep_their_letters_with_and_without_a_code_page(
    encoding: str, page: str, maker: Any
) -> None:
    word = "Größe" if encoding == "cp1252" else "Ізюм"
    gpd.GeoDataFrame({"id": [word]}, geometry=[shapely.box(17, 44, 17.01, 44.01)], crs=4326).to_file(
        maker.folder / "a.shp", encoding=encoding
    )
    if page != ".cpg":
        (maker.folder / "a.cpg").unlink()
        data = bytearray((maker.folder / "a.dbf").read_bytes())
        data[29] = 0
        (maker.folder / "a.dbf").write_bytes(bytes(data))
    extra = f'encoding = "{encoding}"\n' if page == "named" else ""
    maker.hazards(
        "a.shp",
        body='[layers.columns]\nid = "id"\n[layers.defaults]\ntype = "PMA-2"\nhazard_class = "SHA"\n',
        extra=extra,
    )
    assert read_case(maker.folder).areas.id.tolist() == [word]


def test_all_parts_of_a_shapefile_are_hashed(maker: Any) -> None:
    FORMATS["Shapefile"](maker.folder, 4326)
    maker.hazards("a.shp")
    assert sorted(read_case(maker.folder).inputs) == [
        "a.cpg",
        "a.dbf",
        "a.prj",
        "a.shp",
        "a.shx",
        "case.toml",
    ]


def test_a_geodatabase_folder_is_hashed_file_by_file(maker: Any) -> None:
    FORMATS["File Geodatabase"](maker.folder, 4326)
    maker.hazards("a.gdb")
    inputs = read_case(maker.folder).inputs
    assert sum(name.startswith("a.gdb/") for name in inputs) > 5
    assert all(len(value) == 64 for value in inputs.values())
