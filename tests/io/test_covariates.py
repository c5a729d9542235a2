"""What `read_case` makes of the [model] section: good covariates, and every broken one with one clear error."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import rasterio
import shapely
from rasterio import Affine

from remnant.errors import CaseError
from remnant.evidence import (
    Case,
    CategoryCovariate,
    DistanceCovariate,
    PastEventsCovariate,
    RasterCovariate,
    design_matrix,
)
from remnant.evidence.covariates import values_at
from remnant.io import read_case
from remnant.io.case_template import case_template

DATA = Path(os.environ.get("REMNANT_DATA") or Path(__file__).parents[2] / "../shared/data")
HEAD = 'name = "test"\nas_of = 2024-07-31\n[grid]\naround_m = 500\n'
EFFECT = 'effect = { low = 0.5, high = 3.0, source = "survey 2020" }\n'
AREAS = """[[layers]]
kind = "hazard_areas"
file = "a.geojson"
[layers.defaults]
type = "PMA-2"
hazard_class = "SHA"
"""
FINDS = """[[layers]]
kind = "finds"
file = "e.csv"
name = "finds"
[layers.columns]
geometry = { lon = "lon", lat = "lat" }
date = "when"
[layers.defaults]
type = "PMA-2"
precision_m = 10
"""
SEARCH = '[[layers]]\nkind = "searches"\nfile = "s.geojson"\n[layers.columns]\ndate = "when"\n'
SEARCH += '[layers.defaults]\nmethod = "manual detector"\ncoverage = 1.0\n'


def write_raster(path: Path, values: Any, *, crs: Any = "EPSG:4326", left: float = 16.9, top: float = 44.1,
                 pixel: float = 0.005, bands: int = 1, **more: Any) -> Path:  # fmt: skip
    values = np.asarray(values)
    profile = {"driver": "GTiff", "height": values.shape[0], "width": values.shape[1], "count": bands} | more
    with rasterio.open(
        path,
        "w",
        dtype=values.dtype,
        crs=crs,
        transform=Affine(pixel, 0.0, left, 0.0, -pixel, top),
        **profile,
    ) as file:
        for band in range(1, bands + 1):
            file.write(values, band)
    return path


def slope(num: int = 40) -> Any:
    """Values that rise to the east."""
    return np.tile(np.arange(num, dtype=np.float32), (num, 1))


def covariate(text: str, *, model: str = '[model]\nkind = "field"\n', effect: str = EFFECT) -> str:
    return f'{HEAD}{model}[[model.covariates]]\nname = "x"\n{text}{effect}'


def write(maker: Any, head: str, layers: str = AREAS) -> Path:
    if not (maker.folder / "a.geojson").exists():
        corners = [(17.0, 44.0), (17.01, 44.0), (17.0, 44.01), (17.02, 44.02)]
        maker.geojson("a.geojson", [maker.feature(maker.polygon(*c), id=i) for i, c in enumerate(corners)])
    if "e.csv" in layers and not (maker.folder / "e.csv").exists():
        maker.text("e.csv", "lon,lat,when\n17.001,44.001,2009-05-01\n17.011,44.002,2015-05-01\n")
    if "s.geojson" in layers and not (maker.folder / "s.geojson").exists():
        maker.geojson("s.geojson", [maker.feature(maker.polygon(), when="2012-01-01")])
    return maker.toml(layers, head=head)


def read(maker: Any, head: str, layers: str = AREAS) -> Case:
    write(maker, head, layers)
    return read_case(maker.folder)


def only(case: Case, kind: type) -> Any:
    (made,) = case.covariates
    assert isinstance(made, kind)
    return made


def lonlat(case: Case, lon: Any, lat: Any) -> tuple[Any, Any]:
    x, y = pyproj.Transformer.from_crs(4326, case.crs, always_xy=True).transform(lon, lat)
    return np.atleast_1d(x), np.atleast_1d(y)


def codes(case: Case) -> dict[str, int]:
    return {f.code: f.count for f in case.findings}


# the model


def test_without_a_model_section_the_case_is_as_before(maker: Any) -> None:
    case = read(maker, HEAD)
    assert (case.model.kind, case.covariates) == ("stratum", ())
    assert case.prior("field.range").unit == "km"
    assert case.prior("field.spread").low > 1.0


def test_a_field_and_its_priors_arrive(maker: Any) -> None:
    head = HEAD + (
        '[model]\nkind = "field"\n[model.field]\nfields = "separate"\nspacing_m = 500\n'
        'range_km = { low = 2, high = 30, source = "front maps" }\n'
        'spread_factor = { low = 1.5, high = 8, source = "judgement of the team" }\n'
    )
    case = read(maker, head)
    assert (case.model.kind, case.model.field.fields, case.model.field.spacing_m) == (
        "field",
        "separate",
        500.0,
    )
    prior = case.prior("field.range")
    assert (prior.low, prior.high, prior.unit, prior.source) == (2.0, 30.0, "km", "front maps")
    assert (case.prior("field.spread").high, case.prior("field.spread").unit) == (8.0, "ratio")


def test_what_the_stratum_model_does_not_use_is_warned_of(maker: Any) -> None:
    write_raster(maker.folder / "r.tif", slope())
    case = read(maker, covariate('kind = "raster"\nfile = "r.tif"\n', model=""))
    assert len(case.covariates) == 1
    assert codes(case)["model-not-used"] == 1


# rasters


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:32634", "EPSG:3035"])
def test_a_raster_in_any_crs_is_read_at_its_own_pixels(crs: str, maker: Any) -> None:
    """A plane in the raster's own coordinates is known exactly at every point, by a second way through PROJ."""
    to_own = pyproj.Transformer.from_crs(4326, crs, always_xy=True)
    east, north = to_own.transform(17.0, 44.0)
    pixel = 0.002 if crs == "EPSG:4326" else 200.0
    left, top = east - 50 * pixel, north + 50 * pixel
    column, row = np.meshgrid(np.arange(100), np.arange(100))
    write_raster(maker.folder / "r.tif", 3.0 * column - 2.0 * row, crs=crs, left=left, top=top, pixel=pixel)
    case = read(maker, covariate('kind = "raster"\nfile = "r.tif"\n'))
    rng = np.random.default_rng(1)
    lon, lat = rng.uniform(17.0, 17.02, 200), rng.uniform(44.0, 44.02, 200)
    own_x, own_y = to_own.transform(lon, lat)
    expected = 3.0 * ((own_x - left) / pixel - 0.5) - 2.0 * ((top - own_y) / pixel - 0.5)
    # the way among the pixels is a table that is right within 0.02 pixels; the plane rises by 5 per pixel
    got = values_at(only(case, RasterCovariate), *lonlat(case, lon, lat))[:, 0]
    assert got == pytest.approx(expected, abs=0.1)


def test_an_ascii_grid_names_its_crs_in_the_case_or_beside_it_and_its_nodata_is_unknown(maker: Any) -> None:
    rows = "\n".join(" ".join(str(c if c < 30 else -9999) for c in range(40)) for _ in range(40))
    head = "ncols 40\nnrows 40\nxllcorner 16.99\nyllcorner 43.99\ncellsize 0.001\nNODATA_value -9999\n"
    maker.text("r.asc", f"{head}{rows}\n")
    text = 'kind = "raster"\nfile = "r.asc"\n'
    named = read(maker, covariate(f'{text}crs = "EPSG:4326"\n'))
    unknown = codes(named)["covariate-unknown"]
    assert unknown > 0
    maker.text("r.prj", pyproj.CRS(4326).to_wkt("WKT1_ESRI"))
    beside = read(maker, covariate(text))
    assert codes(beside)["covariate-unknown"] == unknown
    assert {"r.asc", "r.prj"} <= set(beside.inputs)


def test_a_number_that_the_case_calls_nodata_is_unknown(maker: Any) -> None:
    values = slope()
    values[:, 21:] = -9999.0
    write_raster(maker.folder / "r.tif", values)
    case = read(maker, covariate('kind = "raster"\nfile = "r.tif"\nnodata = -9999\n'))
    assert codes(case)["covariate-unknown"] > 0
    assert np.nanmin(only(case, RasterCovariate).surface.values) >= 0.0


def test_a_band_a_transform_and_a_scale_are_followed(maker: Any) -> None:
    path = write_raster(maker.folder / "r.tif", slope().astype(np.int16), bands=2)
    with rasterio.open(path, "r+") as file:
        file.scales, file.offsets = (1.0, 0.5), (0.0, 1.0)
    case = read(
        maker, covariate('kind = "raster"\nfile = "r.tif"\nband = 2\ntransform = "log"\noffset = 1\n')
    )
    x, y = lonlat(case, 17.0025, 44.0025)  # centre of column 20: 20·0.5 + 1, and 1 more before the logarithm
    assert values_at(only(case, RasterCovariate), x, y)[0, 0] == pytest.approx(math.log(12.0), abs=1e-3)


def test_only_the_pixels_around_the_case_are_held(maker: Any) -> None:
    write_raster(maker.folder / "r.tif", slope(2000), left=12.0, top=49.0)
    case = read(maker, covariate('kind = "raster"\nfile = "r.tif"\n'))
    assert only(case, RasterCovariate).surface.values.size < 1000


# distances


def test_a_distance_is_that_of_shapely_in_the_plane_of_the_case(maker: Any) -> None:
    road = shapely.LineString([(16.99, 44.005), (17.03, 44.015), (17.04, 44.0)])
    gpd.GeoDataFrame({"class": ["main"]}, geometry=[road], crs=4326).to_file(
        maker.folder / "roads.gpkg", layer="roads"
    )
    case = read(
        maker,
        covariate('kind = "distance"\nfile = "roads.gpkg"\nlayer = "roads"\nwhere = { class = "main" }\n'),
    )
    x, y = lonlat(case, np.array([17.0, 17.01]), np.array([44.0, 44.02]))
    plane = gpd.GeoSeries([road], crs=4326).to_crs(case.crs).iloc[0]
    expected = shapely.distance(shapely.points(x, y), plane)
    assert values_at(only(case, DistanceCovariate), x, y)[:, 0] == pytest.approx(expected, abs=1e-6)
    assert "roads.gpkg" in case.inputs


def test_inside_polygons_the_distance_is_zero_and_points_of_a_table_will_do(maker: Any) -> None:
    maker.geojson("p.geojson", [maker.feature(maker.polygon(17.0, 44.0, 0.005))])
    case = read(maker, covariate('kind = "distance"\nfile = "p.geojson"\nmax_m = 1000\n'))
    x, y = lonlat(case, np.array([17.001, 17.2]), np.array([44.001, 44.2]))
    assert values_at(only(case, DistanceCovariate), x, y)[:, 0].tolist() == [0.0, 1000.0]
    maker.text("p.csv", "x,y\n17.0,44.0\n,\n17.02,44.0\n")
    text = 'kind = "distance"\nfile = "p.csv"\ntransform = "log"\nscale_m = 100\n'
    text += 'columns = { geometry = { lon = "x", lat = "y" } }\n'
    case = read(maker, covariate(text))
    assert values_at(only(case, DistanceCovariate), *lonlat(case, 17.0, 44.0))[0, 0] == pytest.approx(
        0.0, abs=1e-6
    )
    assert codes(case)["null-geometry"] == 1


# past events


def past(text: str) -> str:
    return covariate(f'kind = "past_events"\nfrom = 2000-01-01\nto = 2010-12-31\nwithin_m = 1500\n{text}')


def test_only_events_that_certainly_lie_in_the_window_count(maker: Any) -> None:
    rows = [
        "17,44,2010-12-31",
        "17,44,2011-01-01",
        "17,44,2010",
        "17,44,2000",
        "17,44,1999",
        ",,2005-01-01",
        "17,44,",
    ]
    rows += ["17.01,44.01,2030-01-01"]  # later than as_of: left out here, since a predictor file may run on
    maker.text("past.csv", "lon,lat,when\n" + "\n".join(rows) + "\n")
    text = 'file = "past.csv"\ncolumns = { geometry = { lon = "lon", lat = "lat" }, date = "when" }\n'
    case = read(maker, past(text))
    made = only(case, PastEventsCovariate)
    assert made.x_m.size == 3
    assert codes(case)["past-events-left-out"] == 2
    assert codes(case)["past-events-read"] == 8
    assert values_at(made, *lonlat(case, 17.0, 44.0))[0, 0] == pytest.approx(3.0)


def test_events_of_limited_precision_and_areas_are_spread_not_snapped(maker: Any) -> None:
    maker.text(
        "past.csv",
        'wkt,when,p\n"POINT (17 44)",2005,1000\n"POLYGON ((17 44,17.02 44,17.02 44.02,17 44.02,17 44))",2005,\n',
    )
    text = 'file = "past.csv"\ncolumns = { geometry = "wkt", date = "when", precision_m = "p" }\n'
    made = only(read(maker, past(text)), PastEventsCovariate)
    # 95 % within 1,000 m: Rayleigh, so 1000/2.4477 along an axis; the square is 1.60 by 2.22 km: √(area/4π)
    assert made.spread_m == pytest.approx(
        [1000 / 2.4477, math.sqrt(1.604e3 * 2.222e3 / (4 * math.pi))], rel=2e-3
    )


def test_own_events_before_all_searches_may_predict(maker: Any) -> None:
    case = read(maker, past('case_layer = "finds"\n'), AREAS + FINDS + SEARCH)
    assert only(case, PastEventsCovariate).x_m.size == 1


def test_earlier_events_of_a_file_may_predict_the_later_ones_that_the_case_holds(maker: Any) -> None:
    layers = AREAS + FINDS.replace('name = "finds"', 'name = "finds"\nwhere = { when = "2015-05-01" }')
    text = 'file = "e.csv"\ncolumns = { geometry = { lon = "lon", lat = "lat" }, date = "when" }\n'
    made = only(read(maker, past(text), layers), PastEventsCovariate)
    assert made.x_m.size == 1


# categories


def test_polygons_with_a_column_are_categories_against_the_base(maker: Any) -> None:
    names = ("field", "forest", "town", "")
    boxes = [shapely.box(16.99 + 0.01 * i, 43.99, 17.0 + 0.01 * i, 44.03) for i in range(4)]
    gpd.GeoDataFrame({"use": names}, geometry=boxes, crs=4326).to_file(maker.folder / "land.gpkg")
    text = 'kind = "category"\nfile = "land.gpkg"\ncolumn = "use"\nbase = "field"\n'
    text += 'effects.town = { low = 0.1, high = 0.9, source = "survey" }\n'
    case = read(maker, covariate(text))
    made = only(case, CategoryCovariate)
    assert (made.categories, made.effects[0].low, made.effects[1].low) == (("forest", "town"), 0.5, 0.1)
    x, y = lonlat(case, np.array([16.995, 17.005, 17.015, 17.025]), np.full(4, 44.0))
    assert values_at(made, x, y) == pytest.approx(
        np.array([[0, 0], [1, 0], [0, 1], [np.nan, np.nan]]), nan_ok=True
    )
    assert codes(case)["blank-category"] == 1


def test_overlaps_of_categories_are_counted_and_the_first_is_taken(maker: Any) -> None:
    boxes = [shapely.box(16.99, 43.99, 17.01, 44.03), shapely.box(17.0, 43.99, 17.04, 44.03)]
    gpd.GeoDataFrame({"use": ["field", "forest"]}, geometry=boxes, crs=4326).to_file(
        maker.folder / "land.gpkg"
    )
    case = read(maker, covariate('kind = "category"\nfile = "land.gpkg"\ncolumn = "use"\nbase = "field"\n'))
    assert codes(case)["overlapping-categories"] == 1
    assert values_at(only(case, CategoryCovariate), *lonlat(case, 17.005, 44.0)).tolist() == [[0.0]]


def test_named_numbers_of_a_raster_are_categories_and_nameless_ones_are_unknown(maker: Any) -> None:
    values = np.repeat(np.array([10, 20, 30, 40], np.uint8), 10)
    write_raster(maker.folder / "r.tif", np.tile(values, (40, 1)), left=16.99, top=44.03, pixel=0.001)
    text = 'kind = "category"\nfile = "r.tif"\nbase = "field"\n'
    text += 'classes = { 10 = "forest", 20 = "field", 30 = "forest" }\n'
    case = read(maker, covariate(text))
    x, y = lonlat(case, np.array([16.995, 17.005, 17.015, 17.0251]), np.full(4, 44.0))
    got = values_at(only(case, CategoryCovariate), x, y)[:, 0]
    assert got == pytest.approx([1.0, 0.0, 1.0, np.nan], nan_ok=True)
    assert codes(case)["class-without-name"] > 0


# together


def test_check_tells_what_each_covariate_is_like_and_which_two_are_alike(maker: Any) -> None:
    write_raster(maker.folder / "r.tif", slope())
    one = covariate('kind = "raster"\nfile = "r.tif"\n')
    other = f'[[model.covariates]]\nname = "y"\nkind = "raster"\nfile = "r.tif"\ntransform = "sqrt"\n{EFFECT}'
    write(maker, one + other)
    result = maker.check("--no-write")
    assert result.exit_code == 0
    text = result.output.replace("\n", "")
    assert "unknown at 0.0%" in text
    assert "'x' and 'y' have correlation" in text
    assert "2 covariates" in text


def test_a_design_of_the_whole_case_has_a_column_per_covariate(maker: Any) -> None:
    write_raster(maker.folder / "r.tif", slope())
    case = read(maker, covariate('kind = "raster"\nfile = "r.tif"\n'))
    design = design_matrix(case.covariates, *lonlat(case, np.linspace(17.0, 17.02, 9), np.full(9, 44.01)))
    assert design.columns.shape == (9, 1)
    assert np.diff(design.columns[:, 0]).min() > 0.0


def test_the_template_mentions_the_field_and_covariates() -> None:
    import datetime as dt

    text = case_template("t", dt.date(2024, 7, 31), "t")
    assert "[[model.covariates]]" in text
    assert "range_km" in text


# broken


@dataclass(frozen=True)
class Broken:
    name: str
    make: Callable[[Any], object]
    code: str
    says: str


def broken_model(text: str) -> Callable[[Any], object]:
    return lambda m: write(m, f'{HEAD}[model]\nkind = "field"\n{text}')


def broken(text: str, effect: str = EFFECT, **raster: Any) -> Callable[[Any], object]:
    """A good raster and road under a broken covariate."""

    def make(m: Any) -> None:
        write_raster(m.folder / "r.tif", raster.pop("values", slope()), **raster)
        line = {"type": "LineString", "coordinates": [[16.99, 44.0], [17.05, 44.02]]}
        m.geojson("road.geojson", [m.feature(line, use="road")])
        m.geojson(
            "far.geojson", [m.feature(m.polygon(60.0, 30.0), use="a"), m.feature(m.polygon(60, 31), use="b")]
        )
        two = [
            m.feature(m.polygon(17.0, 44.0, 0.01), use="a"),
            m.feature(m.polygon(17.01, 44.0, 0.02), use="b"),
        ]
        m.geojson("land.geojson", two)
        m.text("past.csv", "lon,lat,when\n17,44,2005-01-01\n17.01,44,2006-01-01\n")
        write(m, covariate(text, effect=effect))

    return make


def own_events(text: str, layers: str, searches: str = "2012-01-01") -> Callable[[Any], object]:
    def make(m: Any) -> None:
        m.geojson("s.geojson", [m.feature(m.polygon(), when=searches or None)])
        write(m, past(text), layers)

    return make


def own_events_at_a_distance(m: Any) -> None:
    columns = 'columns = { geometry = { lon = "lon", lat = "lat" } }\n'
    write(m, covariate(f'kind = "distance"\nfile = "e.csv"\n{columns}'), AREAS + FINDS + SEARCH)


RASTER = 'kind = "raster"\nfile = "r.tif"\n'
ROAD = 'kind = "distance"\nfile = "road.geojson"\n'
LAND = 'kind = "category"\nfile = "land.geojson"\ncolumn = "use"\n'
PAST = 'kind = "past_events"\nfile = "past.csv"\nwithin_m = 900\n'
PAST_COLUMNS = 'columns = { geometry = { lon = "lon", lat = "lat" }, date = "when" }\n'
WINDOW = "from = 2000-01-01\nto = 2010-01-01\n"
UNREADABLE, NOTHING, VALUE = "covariate-unreadable", "covariate-says-nothing", "case-value-error"


def range_of(low: float, high: float, source: str = "s") -> str:
    return f'{{ low = {low}, high = {high}, source = "{source}" }}'


BROKEN = [
    # the section
    Broken("unknown key of the model", broken_model("kinds = 3\n"), "case-extra-forbidden", "Near: kind"),
    Broken(
        "unknown key of the field",
        broken_model("[model.field]\nrange = 3\n"),
        "case-extra-forbidden",
        "range_km",
    ),
    Broken(
        "range upside down",
        broken_model(f"[model.field]\nrange_km = {range_of(9, 2)}\n"),
        VALUE,
        "low must be below",
    ),
    Broken(
        "range of one number",
        broken_model(f"[model.field]\nrange_km = {range_of(5, 5)}\n"),
        VALUE,
        "low must be below",
    ),
    Broken(
        "range of nothing",
        broken_model(f"[model.field]\nrange_km = {range_of(0, 5)}\n"),
        "case-greater-than",
        "range_km.low",
    ),
    Broken(
        "range without source",
        broken_model("[model.field]\nrange_km = { low = 1, high = 2 }\n"),
        "case-missing",
        "source",
    ),
    Broken(
        "range with a blank source",
        broken_model(f"[model.field]\nrange_km = {range_of(1, 2, ' ')}\n"),
        VALUE,
        "needs a source",
    ),
    Broken("range as one number", broken_model("[model.field]\nrange_km = 5\n"), "", "range_km"),
    Broken(
        "spread below one",
        broken_model(f"[model.field]\nspread_factor = {range_of(0.5, 3)}\n"),
        VALUE,
        "above 1",
    ),
    Broken(
        "spread of one", broken_model(f"[model.field]\nspread_factor = {range_of(1, 3)}\n"), VALUE, "above 1"
    ),
    Broken(
        "unknown fields", broken_model('[model.field]\nfields = "both"\n'), "case-literal-error", "'shared'"
    ),
    Broken(
        "spacing of nothing", broken_model("[model.field]\nspacing_m = 0\n"), "case-greater-than", "spacing_m"
    ),
    Broken(
        "range twice",
        broken_model(
            f'[model.field]\nrange_km = {range_of(1, 2)}\n[model.priors."field.range"]\n'
            'low = 1\nhigh = 2\nunit = "km"\nsource = "s"\n'
        ),
        VALUE,
        "leave one out",
    ),
    Broken(
        "prior of the range in metres",
        broken_model('[model.priors."field.range"]\nlow = 1000\nhigh = 2000\nunit = "m"\nsource = "s"\n'),
        "case-prior",
        "unit 'km'",
    ),
    Broken(
        "prior of the spread below one",
        broken_model('[model.priors."field.spread"]\nlow = 0.5\nhigh = 2\nunit = "ratio"\nsource = "s"\n'),
        "case-prior",
        "factors above 1",
    ),
    # any covariate
    Broken(
        "one bracket too few",
        broken_model(f'[model.covariates]\nname = "x"\n{RASTER}{EFFECT}'),
        "case-list-type",
        "[[model.covariates]]",
    ),
    Broken("effect as one number", broken(RASTER, effect="effect = 2\n"), "case-model-type", "table of keys"),
    Broken(
        "class of two signs",
        broken('kind = "category"\nfile = "r.tif"\nbase = "a"\nclasses = { "--1" = "a", 1 = "b" }\n'),
        VALUE,
        "whole numbers",
    ),
    Broken(
        "degrees that claim to be metres",
        broken(
            'kind = "distance"\nfile = "past.csv"\ncrs = "EPSG:32633"\n'
            'columns = { geometry = { lon = "lon", lat = "lat" } }\n'
        ),
        "",
        "look like degrees",
    ),
    Broken(
        "no kind",
        broken('file = "r.tif"\n'),
        "case-union-tag-not-found",
        "raster, distance, past_events, category",
    ),
    Broken(
        "unknown kind", broken('kind = "rastr"\nfile = "r.tif"\n'), "case-union-tag-invalid", "Near: raster"
    ),
    Broken("no file", broken('kind = "raster"\n'), "case-missing", "covariates[1].file"),
    Broken("no effect", broken(RASTER, effect=""), "case-missing", "covariates[1].effect"),
    Broken(
        "effect upside down",
        broken(RASTER, effect=f"effect = {range_of(3, 1)}\n"),
        VALUE,
        "low must be below",
    ),
    Broken(
        "effect of nothing",
        broken(RASTER, effect=f"effect = {range_of(0, 1)}\n"),
        "case-greater-than",
        "effect.low",
    ),
    Broken(
        "effect with a unit",
        broken(RASTER, effect='effect = { low = 1, high = 2, unit = "1", source = "s" }\n'),
        "case-extra-forbidden",
        "low, high, source",
    ),
    Broken("key of another kind", broken(f"{RASTER}scale_m = 3\n"), "case-extra-forbidden", "transform"),
    Broken(
        "one name twice",
        broken(RASTER, effect=f'{EFFECT}[[model.covariates]]\nname = "x"\n{RASTER}{EFFECT}'),
        VALUE,
        "names of covariates must differ",
    ),
    # rasters
    Broken("file is not there", broken('kind = "raster"\nfile = "q.tif"\n'), UNREADABLE, "is not there"),
    Broken("unknown transform", broken(f'{RASTER}transform = "ln"\n'), "case-literal-error", "'log'"),
    Broken("band that is not there", broken(f"{RASTER}band = 2\n"), UNREADABLE, "band 2"),
    Broken("band not named", broken(RASTER, bands=3), UNREADABLE, "one band must be named"),
    Broken("band of nothing", broken(f"{RASTER}band = 0\n"), "case-greater-than-equal", "band"),
    Broken("no CRS", broken(RASTER, crs=None), UNREADABLE, "must name its CRS"),
    Broken("unknown CRS", broken(f'{RASTER}crs = "EPSG:99999"\n'), UNREADABLE, "known CRS"),
    Broken("elsewhere", broken(RASTER, left=60.0), UNREADABLE, "must cover some ground"),
    Broken("wrong CRS", broken(f'{RASTER}crs = "EPSG:32633"\n'), UNREADABLE, "must cover some ground"),
    Broken(
        "all NODATA", broken(RASTER, values=np.full((40, 40), -9999.0), nodata=-9999.0), UNREADABLE, "NODATA"
    ),
    Broken(
        "NODATA not named",
        broken(RASTER, values=np.where(slope() > 30, -9999, slope()), left=16.85),
        UNREADABLE,
        "nodata = -9999",
    ),
    Broken("logarithm of nothing", broken(f'{RASTER}transform = "log"\n', left=17.0), UNREADABLE, "offset"),
    Broken(
        "root below zero",
        broken(f'{RASTER}transform = "sqrt"\n', values=slope() - 30.0),
        UNREADABLE,
        "offset",
    ),
    Broken("offset without transform", broken(f"{RASTER}offset = 1\n"), VALUE, "offset goes with"),
    Broken("the same everywhere", broken(RASTER, values=np.full((40, 40), 7.0)), NOTHING, "'x' must differ"),
    Broken(
        "a table as a raster", broken('kind = "raster"\nfile = "past.csv"\n'), UNREADABLE, "must be a raster"
    ),
    Broken(
        "a raster cut off",
        lambda m: (
            broken(RASTER, values=slope(400), left=16.0, top=45.0)(m),
            (m.folder / "r.tif").write_bytes((m.folder / "r.tif").read_bytes()[:3000]),
        ),
        UNREADABLE,
        "cut off",
    ),
    # distances
    Broken("logarithm without scale", broken(f'{ROAD}transform = "log"\n'), VALUE, "needs scale_m"),
    Broken("scale without logarithm", broken(f"{ROAD}scale_m = 10\n"), VALUE, 'transform = "log"'),
    Broken("root of a distance", broken(f'{ROAD}transform = "sqrt"\n'), "case-literal-error", "'log'"),
    Broken("shapes elsewhere", broken('kind = "distance"\nfile = "far.geojson"\n'), UNREADABLE, "km away"),
    Broken("all beyond the greatest distance", broken(f"{ROAD}max_m = 1e-3\n"), NOTHING, "'x' must differ"),
    Broken(
        "filter that leaves nothing",
        broken(f'{ROAD}where = {{ use = "rail" }}\n'),
        "layer-unreadable",
        "left out all 1",
    ),
    Broken(
        "filter on no column", broken(f'{ROAD}where = {{ us = "rail" }}\n'), "missing-column", "Near: use"
    ),
    Broken(
        "key that distances do not use",
        broken(f'{ROAD}columns = {{ type = "use" }}\n'),
        "key-not-used",
        "distance layers",
    ),
    Broken(
        "no such shapes",
        broken('kind = "distance"\nfile = "rail.gpkg"\n'),
        "layer-unreadable",
        "is not there",
    ),
    Broken(
        "a variable of its own",
        broken('kind = "distance"\nfile = "${HOME}/x.gpkg"\n'),
        UNREADABLE,
        "REMNANT_",
    ),
    # past events
    Broken("no window", broken(f"{PAST}{PAST_COLUMNS}to = 2010-01-01\n"), "case-missing", "from"),
    Broken(
        "window upside down",
        broken(f"{PAST}{PAST_COLUMNS}from = 2010-01-01\nto = 2000-01-01\n"),
        VALUE,
        "must not lie after",
    ),
    Broken(
        "window past as_of",
        broken(f"{PAST}{PAST_COLUMNS}from = 2010-01-01\nto = 2024-08-01\n"),
        UNREADABLE,
        "past as_of",
    ),
    Broken(
        "nothing in the window",
        broken(f"{PAST}{PAST_COLUMNS}from = 1990-01-01\nto = 1995-01-01\n"),
        UNREADABLE,
        "some event must lie between",
    ),
    Broken(
        "events without dates",
        broken(f'{PAST}{WINDOW}columns = {{ geometry = {{ lon = "lon", lat = "lat" }} }}\n'),
        UNREADABLE,
        "need a date",
    ),
    Broken(
        "events without places",
        broken(f'{PAST}{WINDOW}columns = {{ date = "when" }}\n'),
        "layer-unreadable",
        "columns] geometry",
    ),
    Broken(
        "events without file",
        broken('kind = "past_events"\nwithin_m = 900\n' + WINDOW),
        VALUE,
        "either file or case_layer",
    ),
    Broken(
        "own events of no layer",
        own_events('case_layer = "find"\n', AREAS + FINDS + SEARCH),
        UNREADABLE,
        "Near: finds",
    ),
    Broken(
        "own events with undated searches",
        own_events('case_layer = "finds"\n', AREAS + FINDS + SEARCH, ""),
        UNREADABLE,
        "all dated",
    ),
    Broken(
        "own events without searches",
        own_events('case_layer = "finds"\n', AREAS + FINDS),
        UNREADABLE,
        "no search",
    ),
    Broken(
        "own events after the searches",
        own_events('case_layer = "finds"\n', AREAS + FINDS + SEARCH, "2007-01-01"),
        UNREADABLE,
        "end before the first search",
    ),
    Broken(
        "own events by the name of their file",
        own_events(f'file = "./e.csv"\n{PAST_COLUMNS}', AREAS + FINDS + SEARCH, "2007-01-01"),
        UNREADABLE,
        "case's own layer",
    ),
    Broken(
        "distance to own events",
        own_events_at_a_distance,
        UNREADABLE,
        "may not predict themselves",
    ),
    # categories
    Broken(
        "column and classes", broken(f'{LAND}base = "a"\nclasses = {{ 1 = "a" }}\n'), VALUE, "either column"
    ),
    Broken("no base", broken(LAND), "case-missing", "base"),
    Broken("unknown base", broken(f'{LAND}base = "A"\n'), UNREADABLE, "Near: a"),
    Broken(
        "unknown column",
        broken('kind = "category"\nfile = "land.geojson"\ncolumn = "us"\nbase = "a"\n'),
        UNREADABLE,
        "Near: use",
    ),
    Broken(
        "effect of no category",
        broken(f'{LAND}base = "a"\neffects.c = {range_of(1, 2)}\n'),
        UNREADABLE,
        "there is no c",
    ),
    Broken(
        "effect of the base",
        broken(f'{LAND}base = "a"\neffects.a = {range_of(1, 2)}\n'),
        VALUE,
        "the base itself",
    ),
    Broken("no effect of a category", broken(f'{LAND}base = "a"\n', effect=""), VALUE, "neither is there"),
    Broken(
        "polygons elsewhere",
        broken('kind = "category"\nfile = "far.geojson"\ncolumn = "use"\nbase = "a"\n'),
        UNREADABLE,
        "none does",
    ),
    Broken(
        "lines as categories",
        broken('kind = "category"\nfile = "road.geojson"\ncolumn = "use"\nbase = "a"\n'),
        "not-an-area",
        "category must be polygons",
    ),
    Broken(
        "class that is no number",
        broken('kind = "category"\nfile = "r.tif"\nbase = "a"\nclasses = { one = "a" }\n'),
        VALUE,
        "whole numbers",
    ),
    Broken(
        "classes that are not there",
        broken('kind = "category"\nfile = "r.tif"\nbase = "a"\nclasses = { 900 = "a", 901 = "b" }\n'),
        UNREADABLE,
        "at least two categories",
    ),
]


@pytest.mark.parametrize("case", BROKEN, ids=[b.name for b in BROKEN])
def test_a_broken_model_gives_a_clear_finding_and_no_traceback(case: Broken, maker: Any) -> None:
    case.make(maker)
    result = maker.check()
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert result.exit_code == 1, result.output
    assert case.says in result.output
    with (maker.folder / "findings.csv").open(encoding="utf-8", newline="") as stream:
        listed = [f for f in csv.DictReader(stream) if f["severity"] == "error"]
    errors = [f["code"] for f in listed]
    assert len(errors) == 1 or all(f["row"] for f in listed), errors
    assert not case.code or errors == [case.code]
    with pytest.raises(CaseError, match=r"\w+.*[;.]"):
        read_case(maker.folder)


def test_faults_of_several_covariates_come_out_in_one_go(maker: Any) -> None:
    more = (
        f'[[model.covariates]]\nname = "y"\n{PAST}{PAST_COLUMNS}from = 1990-01-01\nto = 2030-01-01\n{EFFECT}'
    )
    broken(f"{RASTER}band = 2\n", effect=EFFECT + more)(maker)
    with pytest.raises(CaseError, match="And 1 more error"):
        read_case(maker.folder)


# real data, where it is at hand


@pytest.mark.skipif(
    not (DATA / "point_patterns").is_dir(), reason="the evaluation data is not here; set REMNANT_DATA"
)
def test_the_grids_of_the_rain_forest_are_read_as_they_are(maker: Any) -> None:
    grid = next((DATA / "point_patterns").rglob("*elev*.asc"))
    squares = [shapely.box(x, 100, x + 90, 400).wkt for x in (200, 500, 800)]
    maker.text("t.csv", "wkt\n" + "".join(f'"{square}"\n' for square in squares))
    layers = '[[layers]]\nkind = "hazard_areas"\nfile = "t.csv"\ncrs = "EPSG:32617"\ncolumns = { geometry = "wkt" }\n'
    layers += '[layers.defaults]\ntype = "PMA-2"\nhazard_class = "SHA"\n'
    head = covariate(f'kind = "raster"\nfile = "{grid.resolve()}"\ncrs = "EPSG:32617"\n')
    head = head.replace("as_of = 2024-07-31\n", 'as_of = 2024-07-31\ncrs = "EPSG:32617"\n')
    maker.toml(layers, head=head)
    case = read_case(maker.folder)
    with rasterio.open(grid) as source:
        x, y = (v.ravel() for v in np.meshgrid(np.arange(205.0, 800.0, 50.0), np.arange(105.0, 400.0, 50.0)))
        value = np.array(list(source.sample(np.column_stack([x, y]))))[:, 0]
    got = values_at(only(case, RasterCovariate), x, y)[:, 0]
    assert np.corrcoef(got, value)[0, 1] > 0.999
