"""Whatever stands in a case file, a table or a GeoJSON: a case or a refusal, never anything else."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remnant.catalogue import Catalogue, load_catalogue
from remnant.errors import RemnantError
from remnant.evidence import Case
from remnant.io import read_case

CATALOGUE: Catalogue = load_catalogue()
JUNK = settings(max_examples=60, suppress_health_check=list(HealthCheck))
HEAD = 'name = "junk"\nas_of = 2024-07-31\n'
WORDS = [
    "", " ", "1", "0", "-1", "0.5", "1,5", "90%", "1e300", "1e-320", "nan", "inf", "=1+1", "#REF!",
    "NULL", "PMA-2", "pma 2",
    "PMA-2; PMA-3", ";", "generic AP mine", "manual detector", "ploughing", "SHA", "open",
    "Closed", "2020-01-01", "1994",
    "1994-05", "03/04/2021", "31.12.99", "2024-12-31", "0001-01-01", "17", "44", "17.5", "181", "-91", "POINT (17 44)",
    "POINT EMPTY", "POINT (nan nan)", "POLYGON ((17 44, 17.1 44, 17.1 44.1, 17 44))",
    "POLYGON ((17 44, 17 44, 17 44, 17 44))",
    "POLYGON ((17 44, 17.1 44.1, 17.1 44, 17 44.1, 17 44))", "LINESTRING (17 44, 18 44)", "GEOMETRYCOLLECTION EMPTY",
    "CIRCULARSTRING (0 0, 1 1, 2 0)", "true", "Ізюм", "'", '"', "\n", "\t", "\ufeff", "💥",
]  # fmt: skip
cells = st.one_of(st.sampled_from(WORDS), st.text(max_size=12))
kinds = st.sampled_from(
    ["hazard_areas", "released_areas", "searches", "land_use", "finds", "accidents", "deposits", "districts"]
)
KEYS = ("id", "type", "method", "coverage", "quantity", "date", "start", "end", "precision_m", "status", "hazard_class",
        "items_found", "search_id", "setting", "delivery", "reported_area_m2", "rounds",
        "items_per_round", "name", "is_complete")  # fmt: skip


def a_case_or_a_refusal(folder: Path) -> Case | None:
    try:
        case = read_case(folder, catalogue=CATALOGUE)
    except RemnantError as error:
        assert str(error).strip()  # noqa: PT017
        return None
    assert isinstance(case, Case)
    return case


def mapping(keys: set[str]) -> str:
    return "".join(f'{key} = "{key}"\n' for key in sorted(keys))


@JUNK
@given(
    kinds, st.sets(st.sampled_from(KEYS), max_size=8), st.sets(st.sampled_from(KEYS), max_size=6), st.data(),
    st.sampled_from(["utf-8", "utf-16", "cp1252"]),
)  # fmt: skip
def test_any_table_gives_a_case_or_a_refusal(
    kind: str, mapped: set[str], given_: set[str], data: Any, encoding: str
) -> None:
    columns = [*sorted(mapped), "place"]
    rows = data.draw(st.lists(st.lists(cells, min_size=len(columns), max_size=len(columns)), max_size=6))
    text = io.StringIO()
    csv.writer(text).writerows([columns, *rows])
    defaults = {
        "type": '"PMA-2"', "method": '"ploughing"', "coverage": "0.5", "precision_m": "10", "hazard_class": '"SHA"',
        "quantity": "1", "name": None,
    }  # fmt: skip
    constants = "".join(f"{k} = {v}\n" for k, v in defaults.items() if v and k in given_)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "t.csv").write_bytes(text.getvalue().encode(encoding, errors="replace"))
        (folder / "case.toml").write_text(
            f'{HEAD}[[layers]]\nkind = "{kind}"\nfile = "t.csv"\n[layers.columns]\ngeometry = "place"\n'
            f"{mapping(mapped)}"
            f"[layers.defaults]\n{constants}",
            encoding="utf-8",
        )
        case = a_case_or_a_refusal(folder)
    if case is not None:
        account = [f.count for f in case.findings if f.code == "records-read"]
        assert sum(
            account
        ) == case.areas.id.size + case.events.id.size + case.deposits.id.size + case.districts.name.size + (
            0 if kind == "released_areas" else case.searches.id.size
        )


sheet_cells = st.one_of(
    cells.filter(str.isprintable),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-10, 10**6),
    st.booleans(),
    st.none(),
    st.dates(),
)


@JUNK
@given(kinds, st.lists(st.lists(sheet_cells, min_size=4, max_size=4), max_size=5))
def test_any_sheet_gives_a_case_or_a_refusal(kind: str, rows: list[list[object]]) -> None:
    book = openpyxl.Workbook()
    book.active.append(["lon", "lat", "type", "date"])
    for row in rows:
        book.active.append(row)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        book.save(folder / "t.xlsx")
        (folder / "case.toml").write_text(
            f'{HEAD}[[layers]]\nkind = "{kind}"\nfile = "t.xlsx"\n[layers.columns]\n'
            f'geometry = {{lon = "lon", lat = "lat"}}\n'
            'type = "type"\ndate = "date"\n[layers.defaults]\nprecision_m = 10\n',
            encoding="utf-8",
        )
        a_case_or_a_refusal(folder)


numbers = st.one_of(st.floats(-200, 200), st.sampled_from([17.0, 44.0, 0.0, 1e300, None, "a"]))
positions = st.lists(numbers, min_size=0, max_size=3)
geometries = st.one_of(
    st.none(),
    st.builds(lambda c: {"type": "Point", "coordinates": c}, positions),
    st.builds(lambda c: {"type": "LineString", "coordinates": c}, st.lists(positions, max_size=3)),
    st.builds(lambda c: {"type": "Polygon", "coordinates": [c]}, st.lists(positions, max_size=6)),
    st.builds(lambda c: {"type": "MultiPoint", "coordinates": c}, st.lists(positions, max_size=3)),
    st.just({"type": "GeometryCollection", "geometries": []}),
    st.just({"type": "Circle"}),
    st.just("POINT (1 2)"),
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), cells),
    lambda v: st.lists(v, max_size=2),
    max_leaves=3,
)
features = st.builds(
    lambda g, t, d: {"type": "Feature", "geometry": g, "properties": {"type": t, "date": d}},
    geometries,
    values,
    values,
)


@JUNK
@given(kinds, st.lists(features, max_size=4))
def test_any_geojson_gives_a_case_or_a_refusal(kind: str, listed: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "t.geojson").write_text(
            json.dumps({"type": "FeatureCollection", "features": listed}), encoding="utf-8"
        )
        (folder / "case.toml").write_text(
            f'{HEAD}[[layers]]\nkind = "{kind}"\nfile = "t.geojson"\n[layers.columns]\ntype = "type"\ndate = "date"\n'
            "[layers.defaults]\nprecision_m = 10\n",
            encoding="utf-8",
        )
        a_case_or_a_refusal(folder)


scalars = st.one_of(
    st.integers(-5, 10**20).map(str), st.floats(allow_nan=True).map(str), st.booleans().map(lambda b: str(b).lower()),
    cells.map(lambda c: json.dumps(c)), st.just("2024-07-31"), st.just("[]"), st.just("{}"), st.just('["a", 1]'),
)  # fmt: skip
toml_keys = st.sampled_from(
    ["name", "as_of", "dates", "seed", "num_draws", "notes", "crs", "catalogue", "grid",
    "grid.cell_m", "grid.block_m", "policy.name",
     "policy.p_any_armed_max", "region.bbox", "region.file", "model.kind", "outside.types",
     "layers", "sed", "model.priors.x.low"]
)  # fmt: skip
layer_keys = st.sampled_from(
    ["kind", "file", "layer", "encoding", "crs", "date_format", "decimal", "skip_rows", "where",
    "where.a", "columns", "columns.type",
     "columns.geometry", "defaults.type", "defaults.start", "values", "values.type", "values.type.a", "name"]
)  # fmt: skip


@JUNK
@given(
    st.dictionaries(toml_keys, scalars, max_size=6),
    st.lists(st.dictionaries(layer_keys, scalars, max_size=6), max_size=2),
    kinds,
)
def test_any_case_file_gives_a_case_or_a_refusal(
    top: dict[str, str], layers: list[dict[str, str]], kind: str
) -> None:
    text = "".join(f"{k} = {v}\n" for k, v in ({"name": '"n"', "as_of": "2024-07-31"} | top).items())
    for layer in layers:
        text += "[[layers]]\n" + "".join(
            f"{k} = {v}\n" for k, v in ({"kind": f'"{kind}"', "file": '"t.csv"'} | layer).items()
        )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "t.csv").write_text("type,a\nPMA-2,1\n", encoding="utf-8")
        (folder / "case.toml").write_text(text, encoding="utf-8", errors="replace")
        a_case_or_a_refusal(folder)


@JUNK
@given(
    st.binary(max_size=400),
    st.sampled_from(
        [".csv", ".geojson", ".gpkg", ".shp", ".kml", ".fgb", ".parquet", ".xlsx", ".ods", ".zip", ".gml", ""]
    ),
)
def test_any_bytes_give_a_refusal(data: bytes, suffix: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / f"t{suffix}").write_bytes(data)
        (folder / "case.toml").write_text(
            f'{HEAD}[[layers]]\nkind = "hazard_areas"\nfile = "t{suffix}"\n[layers.defaults]\n'
            f'type = "PMA-2"\nhazard_class = "SHA"\n',
            encoding="utf-8",
        )
        assert a_case_or_a_refusal(folder) is None


days = st.one_of(st.just(""), st.dates(dt.date(1990, 1, 1), dt.date(2024, 7, 31)).map(str))
good_rows = st.tuples(
    st.floats(15, 19).map(lambda x: f"{x:.6f}"),
    st.floats(43, 45).map(lambda y: f"{y:.6f}"),
    st.sampled_from(["PMA-2", "pma3", "TMA-4"]),
    st.one_of(st.just(""), st.integers(1, 50).map(str)),
    days,
)


@JUNK
@given(st.lists(good_rows, min_size=1, max_size=12), st.sets(st.integers(0, 11)))
def test_good_rows_are_all_kept_in_order_with_or_without_a_place(
    rows: list[tuple[str, ...]], placeless: set[int]
) -> None:
    rows = [("", "", *row[2:]) if i in placeless and i else row for i, row in enumerate(rows)]
    text = io.StringIO()
    csv.writer(text).writerows([("x", "y", "t", "n", "d"), *rows])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "t.csv").write_text(text.getvalue(), encoding="utf-8")
        (folder / "case.toml").write_text(
            f'{HEAD}[[layers]]\nkind = "finds"\nfile = "t.csv"\n[layers.columns]\ngeometry = {{lon = "x", lat = "y"}}\n'
            'type = "t"\nquantity = "n"\ndate = "d"\n[layers.defaults]\nprecision_m = 10\n',
            encoding="utf-8",
        )
        case = a_case_or_a_refusal(folder)
    assert case is not None
    events = case.events
    assert events.source.row.tolist() == list(range(1, len(rows) + 1))
    assert [g is None for g in events.geometry] == [not row[0] for row in rows]
    assert events.num_items.tolist() == [float(row[3] or 1) for row in rows]
    assert [bool(np.isnan(d)) for d in events.day] == [not row[4] for row in rows]
