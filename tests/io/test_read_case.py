"""What `read_case` makes of good and weak records."""

from __future__ import annotations

import datetime as dt
import json
import time
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import openpyxl
import pyogrio
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from remnant.errors import CaseError
from remnant.evidence import Case
from remnant.io import read_case
from remnant.io.case_file import expand
from remnant.io.geometry import repaired
from remnant.io.places import near_others
from remnant.units import date_of, day_number

HAZARD = '[layers.defaults]\ntype = "PMA-2"\nhazard_class = "SHA"\n'
WKT = '"POLYGON ((17 44, 17.01 44, 17.01 44.01, 17 44.01, 17 44))"'


def codes(case: Case) -> Counter[str]:
    total: Counter[str] = Counter()
    for finding in case.findings:
        total[finding.code] += finding.count
    return total


def finds(maker: Any, text: str, more: str = "", extra: str = "") -> Case:
    maker.text("e.csv", text)
    maker.toml(
        f'[[layers]]\nkind = "finds"\nfile = "e.csv"\n{extra}[layers.columns]\n'
        f'geometry = {{lon = "lon", lat = "lat"}}\n'
        f'{more}[layers.defaults]\ntype = "PMA-2"\nprecision_m = 25\n'
    )
    return read_case(maker.folder)


def test_everything_that_the_case_file_says_arrives(maker: Any) -> None:
    maker.geojson("a.geojson")
    head = (
        'name = "Süd"\nas_of = "2024-07-31"\ndates = ["2024-07-31", 2030-01-01]\nseed = 7\nnum_draws = 500\n'
        'notes = "n"\n'
        'crs = "EPSG:32634"\n[grid]\ncell_m = 25\n[policy]\nname = "p"\np_any_armed_max = 0.1\n[outside]\n'
        'types = ["pma2"]\n'
        '[model.priors."density.SHA"]\nlow = 1\nhigh = 10\nunit = "1/km2"\nsource = "survey"\n'
    )
    maker.toml(f'[[layers]]\nkind = "hazard_areas"\nfile = "a.geojson"\n{HAZARD}', head=head)
    case = read_case(maker.folder / "case.toml")
    assert (case.name, case.seed, case.num_draws, case.notes, case.crs) == ("Süd", 7, 500, "n", "EPSG:32634")
    assert case.dates == (dt.date(2024, 7, 31), dt.date(2030, 1, 1))
    assert (case.grid.cell_m, case.grid.block_m) == (25.0, 200.0)
    assert case.policy.p_any_armed_max == 0.1
    assert case.default_types == ("PMA-2",)
    assert case.priors["density.SHA"].high == 10.0
    assert set(case.inputs) == {"case.toml", "a.geojson"}


def test_dates_default_to_as_of(maker: Any) -> None:
    maker.geojson("a.geojson")
    maker.hazards("a.geojson")
    case = read_case(maker.folder)
    assert case.dates == (case.as_of,) == (dt.date(2024, 7, 31),)


def test_data_in_one_zone_is_computed_in_its_utm_zone(maker: Any) -> None:
    maker.geojson("a.geojson")
    maker.hazards("a.geojson")
    assert read_case(maker.folder).crs == "EPSG:32633"


def test_data_in_two_zones_is_computed_in_an_equal_area_crs(maker: Any) -> None:
    maker.geojson("a.geojson", [maker.feature(maker.polygon(lon), type="x") for lon in (17.5, 18.5)])
    maker.hazards("a.geojson")
    case = read_case(maker.folder)
    assert "equal area at 44 N 18 E" in case.crs
    # area of a 0.001° square on the WGS 84 ellipsoid at 44.0005 N, by an independent route
    from pyproj import Geod

    true_m2 = abs(Geod(ellps="WGS84").geometry_area_perimeter(shapely.box(17.5, 44, 17.501, 44.001))[0])
    assert shapely.area(case.areas.geometry[0]) == pytest.approx(true_m2, rel=1e-5)


def test_values_are_mapped_then_defaults_fill_blanks_and_both_are_counted(maker: Any) -> None:
    maker.text("a.csv", f"t,c,wkt\nMine 2,Suspected,{WKT}\n,Confirmed,{WKT}\n")
    body = (
        '[layers.columns]\ntype = "t"\nhazard_class = "c"\ngeometry = "wkt"\n[layers.defaults]\n'
        'type = ["PMA-3", "PROM-1"]\n'
        '[layers.values.type]\n"Mine 2" = "PMA-2"\n[layers.values.hazard_class]\nSuspected = "SHA"\nConfirmed = "CHA"\n'
    )
    maker.hazards("a.csv", body=body)
    case = read_case(maker.folder)
    assert case.areas.types == (("PMA-2",), ("PMA-3", "PROM-1"))
    assert case.areas.hazard_class.tolist() == ["SHA", "CHA"]
    assert codes(case)["blank-default"] == 1


def test_a_value_mapped_to_nothing_is_blank(maker: Any) -> None:
    maker.text("a.csv", f"size,wkt\n0,{WKT}\n")
    body = (
        f'[layers.columns]\nreported_area_m2 = "size"\ngeometry = "wkt"\n'
        f'{HAZARD}[layers.values.reported_area_m2]\n"0" = ""\n'
    )
    maker.hazards("a.csv", body=body)
    assert np.isnan(read_case(maker.folder).areas.reported_area_m2[0])


def test_a_filter_leaves_records_out_and_says_how_many(maker: Any) -> None:
    features = [
        maker.feature(maker.polygon(17 + i / 100), state=s)
        for i, s in enumerate(("Active", "Closed", "Open", None))
    ]
    maker.geojson("a.geojson", features)
    maker.hazards("a.geojson", extra='[layers.where]\nstate = ["Active", "Open"]\n')
    case = read_case(maker.folder)
    assert case.areas.source.row.tolist() == [1, 3]
    account = next(f for f in case.findings if f.code == "records-read")
    assert (
        account.came
        == "4 records read: 2 used with place, 0 of unknown place, 2 left out by the case's own filter"
    )


def test_released_areas_are_an_area_and_a_search_of_one_id(maker: Any) -> None:
    features = [
        maker.feature(maker.polygon(), ref="R1", done="2020-05", n=3),
        maker.feature(None, ref="R2", done=None, n=None),
    ]
    maker.geojson("a.geojson", features)
    maker.toml(
        '[[layers]]\nkind = "released_areas"\nfile = "a.geojson"\n[layers.columns]\nid = "ref"\n'
        'date = "done"\nitems_found = "n"\n'
        '[layers.defaults]\ntype = "PMA-2"\nmethod = "manual detector"\ncoverage = 1\n'
        "items_start = 1992-04-01\nitems_end = 1995-12-14\n"
    )
    case = read_case(maker.folder)
    areas, searches = case.areas, case.searches
    assert areas.id.tolist() == searches.id.tolist() == ["R1", "R2"]
    assert set(areas.status) == set(areas.hazard_class) == {"released"}
    assert date_of(areas.start_day[0]) == dt.date(1992, 4, 1)
    assert [date_of(d) for d in (searches.start_day[0], searches.end_day[0])] == [
        dt.date(2020, 5, 1),
        dt.date(2020, 5, 31),
    ]
    assert searches.items_found[0] == 3
    assert searches.type.tolist() == ["PMA-2", "PMA-2"]
    assert np.isnan(searches.items_found[1])
    assert np.isnan(searches.end_day[1])
    assert searches.geometry[1] is None
    assert not searches.is_complete.any()


def test_a_point_of_reported_size_becomes_a_circle_but_never_a_search(maker: Any) -> None:
    features = [maker.feature({"type": "Point", "coordinates": [17, 44]}, size=10_000.0)]
    maker.geojson("a.geojson", features)
    maker.toml(
        '[[layers]]\nkind = "released_areas"\nfile = "a.geojson"\n[layers.columns]\nreported_area_m2 = "size"\n'
        '[layers.defaults]\ntype = "PMA-2"\nmethod = "manual detector"\ncoverage = 1\n'
    )
    case = read_case(maker.folder)
    assert 10_000.0 <= shapely.area(case.areas.geometry[0]) <= 10_050.0
    assert case.searches.geometry[0] is None
    assert codes(case)["circle-for-point"] == 1


def test_fired_deposits_are_rounds_times_items(maker: Any) -> None:
    maker.text("d.csv", f"wkt,r\n{WKT},12\n")
    maker.toml(
        '[[layers]]\nkind = "deposits"\nfile = "d.csv"\n[layers.columns]\ngeometry = "wkt"\nrounds = "r"\n'
        '[layers.defaults]\ntype = "M77"\nitems_per_round = 644\ndate = 2023-01-01\n'
    )
    deposits = read_case(maker.folder).deposits
    assert deposits.quantity_low.tolist() == deposits.quantity_high.tolist() == [12 * 644]
    assert deposits.kind.tolist() == ["fired"]


def test_land_use_is_a_search_by_a_land_use_method_only(maker: Any) -> None:
    maker.geojson("a.geojson")
    text = '[[layers]]\nkind = "land_use"\nfile = "a.geojson"\n[layers.defaults]\nmethod = "{}"\ncoverage = 0.5\n'
    maker.toml(text.format("ploughing"))
    assert read_case(maker.folder).searches.method.tolist() == ["ploughing"]
    maker.toml(text.format("manual detector"))
    with pytest.raises(CaseError, match="kind land_use"):
        read_case(maker.folder)


def test_districts_are_named_polygons(maker: Any) -> None:
    maker.geojson("a.geojson", [maker.feature(maker.polygon(), n="Doboj")])
    maker.toml('[[layers]]\nkind = "districts"\nfile = "a.geojson"\n[layers.columns]\nname = "n"\n')
    assert read_case(maker.folder).districts.name.tolist() == ["Doboj"]


def test_unknown_dates_stay_unknown_and_years_are_ranges(maker: Any) -> None:
    case = finds(maker, "lon,lat,d\n17,44,\n17.1,44,1994\n17.2,44,1994-05-06\n", 'date = "d"\n')
    day = case.events.day
    assert np.isnan(day[0])
    assert date_of(day[1]) == dt.date(1994, 7, 2)
    assert date_of(day[2]) == dt.date(1994, 5, 6)
    assert codes(case)["unknown-date"] == 1
    assert codes(case)["event-period"] == 1


def test_a_year_that_as_of_cuts_ends_at_as_of(maker: Any) -> None:
    maker.geojson("a.geojson")
    maker.hazards("a.geojson", body=HAZARD + 'date = "2024-01-01"\n')
    maker.text("a.csv", f"y,wkt\n2024,{WKT}\n")
    maker.hazards("a.csv", body=f'[layers.columns]\ndate = "y"\ngeometry = "wkt"\n{HAZARD}')
    assert read_case(maker.folder).areas.end_day[0] == day_number(dt.date(2024, 7, 31))


def test_blank_looking_dates_are_shown(maker: Any) -> None:
    assert codes(finds(maker, "lon,lat,d\n17,44,1900-01-01\n", 'date = "d"\n'))["blank-looking-date"] == 1


def test_a_row_of_tags_is_skipped_and_said(maker: Any) -> None:
    case = finds(
        maker, "lon,lat,d\n#geo+lon,#geo+lat,#date+start\n17,44,2014-01-22 00:00:00.000\n", 'date = "d"\n'
    )
    assert case.events.source.row.tolist() == [1]
    assert codes(case)["tag-row-skipped"] == 1


def test_rows_before_the_header_are_skipped_when_the_case_says_so(maker: Any) -> None:
    assert finds(maker, "Report of May\n\nlon,lat\n17,44\n", extra="skip_rows = 2\n").events.id.tolist() == [
        "e:1"
    ]


def test_decimal_commas_are_read_when_the_case_says_so(maker: Any) -> None:
    case = finds(maker, "lon;lat\n17,5;44,25\n", extra='decimal = ","\ncrs = "EPSG:4326"\n')
    assert case.events.id.size == 1


def test_exact_duplicates_are_shown_and_kept(maker: Any) -> None:
    case = finds(maker, "lon,lat,k\n17,44,a\n17,44,a\n17,44,b\n17.1,44,a\n")
    assert case.events.id.size == 4
    assert codes(case)["duplicate-record"] == 1
    assert "2 repeats 1" in next(f.came for f in case.findings if f.code == "duplicate-record")


def test_the_id_does_not_hide_a_duplicate(maker: Any) -> None:
    assert codes(finds(maker, "lon,lat,k\n17,44,1\n17,44,2\n", 'id = "k"\n'))["duplicate-record"] == 1


def test_events_near_each_other_on_one_day_are_counted(maker: Any) -> None:
    text = (
        "lon,lat,d\n17,44,2020-01-01\n17.0003,44,2020-01-01\n17.0003,44.0001,2020-06-01\n17.1,44,2020-01-01\n"
    )
    assert codes(finds(maker, text, 'date = "d"\n'))["near-duplicate"] == 2


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.integers(0, 3), st.sampled_from([1.0, 2.0, np.nan])),
        min_size=1,
        max_size=12,
    )
)
def test_near_events_are_those_that_comparing_all_pairs_finds(events: list[tuple[int, int, float]]) -> None:
    xy = np.array([(25.0 * x, 25.0 * y) for x, y, _ in events])
    day = np.array([d for *_, d in events])
    expected = [
        any(
            i != j
            and np.hypot(*(xy[i] - xy[j])) <= 50.0
            and not (day[i] != day[j] and day[i] == day[i] and day[j] == day[j])
            for j in range(len(events))
        )
        for i in range(len(events))
    ]
    assert near_others(xy, day).tolist() == expected


def test_thousands_of_events_at_one_centroid_are_counted_quickly() -> None:
    start = time.perf_counter()
    assert near_others(np.zeros((50_000, 2)), np.full(50_000, np.nan)).all()
    assert time.perf_counter() - start < 5.0


def test_places_that_are_null_stay_and_are_counted(maker: Any) -> None:
    maker.geojson("a.geojson", [maker.feature(maker.polygon()), maker.feature(None), maker.feature(None)])
    maker.hazards("a.geojson")
    case = read_case(maker.folder)
    assert [g is None for g in case.areas.geometry] == [False, True, True]
    assert codes(case)["null-geometry"] == 2


def test_records_without_any_place_can_be_read_when_the_case_says_so(maker: Any) -> None:
    maker.text("a.csv", "id,size\n1,5000\n")
    maker.geojson("b.geojson")
    body = f'[layers.columns]\ngeometry = false\nid = "id"\nreported_area_m2 = "size"\n{HAZARD}'
    maker.hazards("a.csv", body=body + f'[[layers]]\nkind = "hazard_areas"\nfile = "b.geojson"\n{HAZARD}')
    case = read_case(maker.folder)
    assert case.areas.geometry[0] is None
    assert case.areas.reported_area_m2[0] == 5000.0


def test_a_bow_tie_keeps_both_lobes_and_is_counted(maker: Any) -> None:
    ring = [[17, 44], [17.002, 44.002], [17.002, 44], [17, 44.002], [17, 44]]
    maker.geojson("a.geojson", [maker.feature({"type": "Polygon", "coordinates": [ring]})])
    maker.hazards("a.geojson")
    case = read_case(maker.folder)
    assert codes(case)["invalid-geometry"] == 1
    assert shapely.get_num_geometries(case.areas.geometry[0]) == 2


def test_overlapping_parts_are_united_never_cut_out() -> None:
    double = shapely.MultiPolygon([shapely.box(0, 0, 10, 10), shapely.box(5, 0, 15, 10)])
    fixed = repaired(np.array([double], dtype=object))
    assert fixed.was_invalid[0]
    assert shapely.area(fixed.geometry[0]) == pytest.approx(150.0)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=3, max_size=9))
def test_repair_gives_valid_polygons_or_an_unknown_place(corners: list[tuple[int, int]]) -> None:
    fixed = repaired(np.array([shapely.Polygon(corners)], dtype=object))
    shape = fixed.geometry[0]
    assert (shape is None) == bool(fixed.has_collapsed[0])
    if shape is not None:
        assert shape.is_valid
        assert shape.geom_type in ("Polygon", "MultiPolygon")
        hull = shapely.Polygon(corners).convex_hull
        assert shape.area <= hull.area + 1e-9


def test_a_line_drawn_as_an_area_is_kept_as_unknown_place(maker: Any) -> None:
    ring = [[17, 44], [17.002, 44.002], [17, 44]]
    flat = {"type": "Polygon", "coordinates": [[*ring[:2], ring[1], ring[0]]]}
    maker.geojson("a.geojson", [maker.feature(flat), maker.feature(maker.polygon())])
    maker.hazards("a.geojson")
    case = read_case(maker.folder)
    assert case.areas.geometry[0] is None
    assert codes(case)["collapsed-geometry"] == 1


def test_collections_keep_their_polygons(maker: Any) -> None:
    mixed = {
        "type": "GeometryCollection",
        "geometries": [maker.polygon(), {"type": "Point", "coordinates": [17, 44]}],
    }
    maker.geojson("a.geojson", [maker.feature(mixed), maker.feature(maker.polygon(17.1))])
    maker.hazards("a.geojson")
    case = read_case(maker.folder)
    assert case.areas.geometry[0].geom_type == "Polygon"
    assert codes(case)["mixed-geometry"] == 2


def test_heights_are_dropped(maker: Any) -> None:
    ring = [[17, 44, 5], [17.001, 44, 5], [17.001, 44.001, 5], [17, 44, 5]]
    maker.geojson("a.geojson", [maker.feature({"type": "Polygon", "coordinates": [ring]})])
    maker.hazards("a.geojson")
    assert not shapely.has_z(read_case(maker.folder).areas.geometry[0])


def test_events_may_be_polygons_over_which_they_are_spread(maker: Any) -> None:
    maker.geojson("a.geojson", [maker.feature(maker.polygon())])
    maker.toml('[[layers]]\nkind = "accidents"\nfile = "a.geojson"\n[layers.defaults]\ntype = "PMA-2"\n')
    events = read_case(maker.folder).events
    assert events.geometry[0].geom_type == "Polygon"
    assert events.precision_m.tolist() == [0.0]


def test_records_outside_the_region_are_kept_and_shown(maker: Any) -> None:
    maker.geojson("a.geojson", [maker.feature(maker.polygon(17)), maker.feature(maker.polygon(19))])
    head = 'name = "t"\nas_of = 2024-07-31\n[region]\nbbox = [16, 43, 18, 45]\n'
    maker.toml(f'[[layers]]\nkind = "hazard_areas"\nfile = "a.geojson"\n{HAZARD}', head=head)
    case = read_case(maker.folder)
    assert case.areas.id.size == 2
    assert codes(case)["outside-region"] == 1


def test_a_region_may_be_a_file(maker: Any) -> None:
    maker.geojson("a.geojson")
    maker.geojson("r.geojson", [maker.feature(maker.polygon(17.1, 44, 0.5))])
    head = 'name = "t"\nas_of = 2024-07-31\n[region]\nfile = "r.geojson"\n'
    maker.toml(f'[[layers]]\nkind = "hazard_areas"\nfile = "a.geojson"\n{HAZARD}', head=head)
    case = read_case(maker.folder)
    assert codes(case)["outside-region"] == 1
    assert "r.geojson" in case.inputs


def test_a_layer_crs_that_contradicts_its_file_is_shown(maker: Any) -> None:
    frame = gpd.GeoDataFrame(geometry=[shapely.box(5e5, 4.87e6, 5e5 + 50, 4.87e6 + 50)], crs=32633)
    frame.to_file(maker.folder / "a.gpkg")
    maker.hazards("a.gpkg", extra='crs = "EPSG:32634"\n')
    case = read_case(maker.folder)
    assert codes(case)["crs-overridden"] == 1
    assert case.crs == "EPSG:32634"


def test_finds_that_name_no_search_of_the_case_are_shown(maker: Any) -> None:
    assert codes(finds(maker, "lon,lat,s\n17,44,S9\n", 'search_id = "s"\n'))["unknown-search"] == 1


def test_repeated_ids_are_shown_and_blank_ones_named_by_row(maker: Any) -> None:
    case = finds(maker, "lon,lat,k\n17,44,a\n17.1,44,a\n17.2,44,\n", 'id = "k"\n')
    assert case.events.id.tolist() == ["a", "a", "e:3"]
    assert codes(case)["repeated-id"] == 2


def test_a_size_in_hectares_is_shown(maker: Any) -> None:
    maker.geojson("a.geojson", [maker.feature(maker.polygon(), size=0.9)])
    maker.hazards("a.geojson", body=f'[layers.columns]\nreported_area_m2 = "size"\n{HAZARD}')
    assert codes(read_case(maker.folder))["size-mismatch"] == 1


def test_two_layers_of_one_file_have_names_of_their_own(maker: Any) -> None:
    maker.geojson("a.geojson")
    one = f'[[layers]]\nkind = "hazard_areas"\nfile = "a.geojson"\n{HAZARD}'
    maker.toml(one + one)
    assert read_case(maker.folder).areas.id.tolist() == ["a:1", "a 2:1"]


def test_one_record_in_two_layers_is_shown(maker: Any) -> None:
    maker.geojson("a.geojson")
    maker.geojson("b.geojson")
    one = '[[layers]]\nkind = "hazard_areas"\nfile = "{}.geojson"\n' + HAZARD
    maker.toml(one.format("a") + one.format("b"))
    case = read_case(maker.folder)
    assert case.areas.id.size == 2
    assert codes(case)["repeated-in-layers"] == 1


def test_the_data_folder_comes_from_the_environment_or_the_default(
    maker: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    maker.geojson("a.geojson").rename(data / "a.geojson")
    maker.hazards("${REMNANT_DATA:-../data}/a.geojson")
    monkeypatch.delenv("REMNANT_DATA", raising=False)
    assert read_case(maker.folder).inputs.keys() == {"case.toml", "data/a.geojson"}
    monkeypatch.setenv("REMNANT_DATA", str(data))
    assert expand("${REMNANT_DATA:-nowhere}/a.geojson", maker.folder) == data / "a.geojson"
    assert read_case(maker.folder).inputs.keys() == {"case.toml", "data/a.geojson"}


def test_dates_typed_as_dates_in_a_sheet_are_dates(maker: Any) -> None:
    book = openpyxl.Workbook()
    sheet = book.create_sheet("Finds")
    sheet.append(["lon", "lat", "d", "unused"])
    sheet.append([17, 44, dt.datetime(2021, 4, 3), "=1+1"])
    book.save(maker.folder / "e.xlsx")
    maker.toml(
        '[[layers]]\nkind = "finds"\nfile = "e.xlsx"\nlayer = "Finds"\n[layers.columns]\n'
        'geometry = {lon = "lon", lat = "lat"}\n'
        'date = "d"\n[layers.defaults]\ntype = "PMA-2"\nprecision_m = 5\nquantity = 1\n'
    )
    case = read_case(maker.folder)
    assert date_of(case.events.day[0]) == dt.date(2021, 4, 3)
    assert case.events.source.layer.tolist() == ["Finds"]


@pytest.mark.parametrize("name", ["e.xlsx", "e.ods"])
def test_workbooks_that_gdal_wrote_are_read(name: str, maker: Any) -> None:
    import pandas as pd

    frame = pd.DataFrame({"lon": [17.0], "lat": [44.0], "d": pd.to_datetime(["2021-04-03"])})
    pyogrio.write_dataframe(frame, maker.folder / name)
    maker.toml(
        f'[[layers]]\nkind = "finds"\nfile = "{name}"\n[layers.columns]\ngeometry = {{lon = "lon", lat = "lat"}}\n'
        'date = "d"\n[layers.defaults]\ntype = "PMA-2"\nprecision_m = 5\nquantity = 1\n'
    )
    assert date_of(read_case(maker.folder).events.day[0]) == dt.date(2021, 4, 3)


def test_a_zipped_shapefile_is_read(maker: Any) -> None:
    gpd.GeoDataFrame({"k": [1]}, geometry=[shapely.box(17, 44, 17.01, 44.01)], crs=4326).to_file(
        maker.folder / "a.shp"
    )
    with zipfile.ZipFile(maker.folder / "a.zip", "w") as archive:
        for part in maker.folder.glob("a.*"):
            if part.suffix != ".zip":
                archive.write(part, part.name)
    maker.hazards("a.zip")
    assert read_case(maker.folder).areas.id.size == 1


def test_the_same_folder_gives_the_same_case_twice(maker: Any) -> None:
    maker.geojson("a.geojson")
    maker.hazards("a.geojson")
    one, two = read_case(maker.folder), read_case(maker.folder)
    assert one.inputs == two.inputs
    assert one.findings == two.findings
    assert shapely.to_wkb(one.areas.geometry[0]) == shapely.to_wkb(two.areas.geometry[0])


def test_findings_name_no_position(maker: Any) -> None:
    maker.text("e.csv", "lon,lat,n\n17.123456,44.654321,-1\n")
    maker.toml(
        '[[layers]]\nkind = "finds"\nfile = "e.csv"\n[layers.columns]\n'
        'geometry = {lon = "lon", lat = "lat"}\nquantity = "n"\n'
        '[layers.defaults]\ntype = "PMA-2"\nprecision_m = 5\n'
    )
    with pytest.raises(CaseError, match="got -1") as caught:
        read_case(maker.folder)
    assert "44.65" not in json.dumps([f.came + f.asked + f.todo for f in caught.value.findings])
