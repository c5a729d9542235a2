"""Covariates at points, and how they become standardised columns with priors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import map_coordinates
from scipy.stats import norm

from remnant.catalogue import Range
from remnant.errors import InvalidInput
from remnant.evidence import (
    CategoryCovariate,
    DistanceCovariate,
    PastEventsCovariate,
    RasterCovariate,
    Surface,
    Zones,
    design_findings,
    design_matrix,
)
from remnant.evidence.covariates import natural, values_at
from remnant.evidence.design import correlated
from remnant.evidence.nearest import distance_m, events_around, polygon_at, segments_of
from remnant.units import Floats

EFFECT = Range(low=0.5, high=2.0, unit="ratio", basis="judgement", source="test")
RNG = np.random.default_rng(3)
coordinates = st.floats(-1e4, 1e4).map(lambda v: round(v, 3))
points = st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=40)


def far(num: int, side_m: float = 1e4, seed: int = 1) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    return rng.uniform(0, side_m, num), rng.uniform(0, side_m, num)


def raster(values: Floats, **more: object) -> RasterCovariate:
    surface = Surface.north_up(values, left_m=0.0, top_m=10.0 * len(values), pixel_m=10.0)
    return RasterCovariate(**({"name": "height", "effect": EFFECT, "surface": surface} | more))  # type: ignore[arg-type]


# distances


@given(points, points)
@settings(max_examples=60)
def test_distances_are_those_of_shapely(
    places: list[tuple[float, float]], line: list[tuple[float, float]]
) -> None:
    shape = shapely.LineString(line) if len(set(line)) > 1 else shapely.Point(line[0])
    x, y = np.array(places).T.copy()
    got = distance_m(x, y, segments_of(np.array([shape])), np.empty(0, object))
    assert got == pytest.approx(shapely.distance(shapely.points(x, y), shape), abs=1e-6)


def test_distances_of_many_points_to_many_shapes_are_those_of_a_tree() -> None:
    rng = np.random.default_rng(5)
    walks = np.cumsum(rng.normal(size=(12, 200, 2)) * 100, axis=1) + rng.uniform(0, 1e5, (12, 1, 2))
    shapes = np.array(
        [
            *(shapely.LineString(w) for w in walks),
            shapely.Point(5e4, 5e4).buffer(8e3),
            shapely.Point(9e4, 1e3),
        ]
    )
    # crowds in two corners and a few alone: groups of very different size
    x = np.concatenate([rng.uniform(0, 1e5, 2000), rng.normal(1e3, 50, 2000), [-3e5, 4e5]])
    y = np.concatenate([rng.uniform(0, 1e5, 2000), rng.normal(9e4, 50, 2000), [-3e5, 4e5]])
    polygons = shapes[shapely.get_dimensions(shapes) == 2]
    got = distance_m(x, y, segments_of(shapes), polygons)
    _, expected = shapely.STRtree(shapes).query_nearest(
        shapely.points(x, y), return_distance=True, all_matches=False
    )
    assert got == pytest.approx(expected, abs=1e-6)
    assert (got == 0.0).sum() > 10


def test_holes_of_polygons_are_outside() -> None:
    ring = shapely.Polygon(shapely.box(0, 0, 100, 100).exterior, [shapely.box(40, 40, 60, 60).exterior])
    x, y = np.array([50.0, 20.0, 150.0]), np.array([50.0, 20.0, 50.0])
    shapes = np.array([ring])
    assert distance_m(x, y, segments_of(shapes), shapes).tolist() == [10.0, 0.0, 50.0]


def test_the_polygon_of_each_point_is_that_of_a_plain_search_and_the_first_of_two_wins() -> None:
    rng = np.random.default_rng(2)
    centres = rng.uniform(0, 1e4, (40, 2))
    polygons = np.array(
        [shapely.Point(c).buffer(r) for c, r in zip(centres, rng.uniform(50, 2e3, 40), strict=True)]
    )
    x, y = far(3000)
    got = polygon_at(x, y, segments_of(polygons), polygons)
    inside = np.array([shapely.intersects_xy(p, x, y) for p in polygons])
    assert got.tolist() == np.where(inside.any(axis=0), inside.argmax(axis=0), -1).tolist()


def test_a_distance_is_cut_at_its_greatest_and_its_logarithm_has_a_scale() -> None:
    base = DistanceCovariate(
        name="road",
        effect=EFFECT,
        segments=np.array([[0.0, 0.0, 0.0, 0.0]]),
        polygons=np.empty(0, object),
        max_m=300.0,
    )
    x, y = np.array([0.0, 100.0, 900.0]), np.zeros(3)
    assert values_at(base, x, y)[:, 0].tolist() == [0.0, 100.0, 300.0]
    logged = replace(base, transform="log", scale_m=100.0)
    # ln(1 + d/100): 0, ln 2, ln 4
    assert values_at(logged, x, y)[:, 0] == pytest.approx([0.0, np.log(2.0), np.log(4.0)])
    assert natural(logged, values_at(logged, x, y))[:, 0] == pytest.approx([0.0, 100.0, 300.0])


# rasters


def test_between_pixels_the_value_is_that_of_scipy() -> None:
    values = RNG.normal(size=(13, 9))
    x, y = far(500, 80.0)
    row, column = (130.0 - y) / 10.0 - 0.5, x / 10.0 - 0.5
    expected = map_coordinates(values, [row, column], order=1, mode="nearest")
    assert values_at(raster(values), x, y)[:, 0] == pytest.approx(expected, abs=1e-12)


@given(st.floats(0.0, 49.999), st.floats(0.001, 50.0))
def test_values_stay_between_those_of_the_pixels(x: float, y: float) -> None:
    values = np.array(RNG.permutation(25), dtype=np.float64).reshape(5, 5)
    got = values_at(raster(values), np.array([x]), np.array([y]))[0, 0]
    assert 0.0 <= got <= 24.0


def test_a_plane_is_read_without_error() -> None:
    """Bilinear interpolation keeps planes, so the answer is known in closed form."""
    column, row = np.meshgrid(np.arange(8) * 10 + 5.0, 80.0 - (np.arange(8) * 10 + 5.0))
    x, y = np.array([12.3, 60.0]), np.array([33.3, 10.0])
    assert values_at(raster(2.0 * column - 3.0 * row + 1.0), x, y)[:, 0] == pytest.approx(2 * x - 3 * y + 1)


def test_beside_unknown_pixels_the_known_ones_carry_the_weight() -> None:
    values = np.array([[1.0, np.nan], [3.0, 5.0]])
    x, y = np.array([5.0, 9.0, 15.0, -1.0, 25.0]), np.array([15.0, 15.0, 15.0, 5.0, 5.0])
    assert values_at(raster(values), x, y)[:, 0] == pytest.approx(
        [1.0, 1.0, np.nan, np.nan, np.nan], nan_ok=True
    )


def test_the_logarithm_of_nothing_is_unknown_not_minus_infinity() -> None:
    x, y = np.array([5.0, 25.0]), np.array([5.0, 5.0])
    logged = raster(np.array([[0.0, 1.0, 2.0]]), transform="log")
    assert np.isnan(values_at(logged, x, y)[0, 0])
    shifted = raster(np.array([[0.0, 1.0, 2.0]]), transform="log", offset=1.0)
    assert values_at(shifted, x, y)[:, 0] == pytest.approx([0.0, np.log(3.0)])
    assert natural(shifted, values_at(shifted, x, y))[:, 0] == pytest.approx([0.0, 2.0])


# past events


def events(**more: object) -> PastEventsCovariate:
    start: dict[str, object] = {
        "name": "past", "effect": EFFECT, "x_m": np.array([0.0]), "y_m": np.array([0.0]), "spread_m": np.zeros(1),
        "within_m": 100.0, "start_day": 0.0, "end_day": 1.0,
    }  # fmt: skip
    return PastEventsCovariate(**(start | more))  # type: ignore[arg-type]


def test_an_event_counts_one_at_its_place_and_nothing_beyond_its_reach() -> None:
    # quartic kernel: (1 − (1/2)²)² = 0.5625 at half the reach (Silverman 1986, eq. 4.5, without its constant)
    x = np.array([0.0, 50.0, 100.0, 150.0])
    assert values_at(events(), x, np.zeros(4))[:, 0] == pytest.approx([1.0, 0.5625, 0.0, 0.0])


@pytest.mark.parametrize("spread", [0.0, 40.0])
def test_an_event_spreads_the_same_ground_whatever_its_precision(spread: float) -> None:
    """Its integral is π·within²/3 (closed form), so a place that is not exact adds no event and loses none."""
    x, y = (v.ravel() for v in np.meshgrid(np.arange(-400, 400, 4.0), np.arange(-400, 400, 4.0)))
    total = values_at(events(spread_m=np.array([spread])), x, y).sum() * 16.0
    assert total == pytest.approx(np.pi * 100.0**2 / 3.0, rel=1e-3)


def test_a_place_that_is_not_exact_widens_the_kernel_by_its_variance() -> None:
    x, y = (v.ravel() for v in np.meshgrid(np.arange(-500, 500, 4.0), np.arange(-500, 500, 4.0)))
    weight = values_at(events(spread_m=np.array([60.0])), x, y)[:, 0]
    # variance of the quartic kernel along one axis is reach²/8 (∫ r³(1−r²)² dr over ∫ r(1−r²)² dr, halved)
    assert (weight * x**2).sum() / weight.sum() == pytest.approx(100.0**2 / 8.0 + 60.0**2, rel=1e-3)


def test_events_around_many_points_are_those_of_a_plain_sum() -> None:
    rng = np.random.default_rng(8)
    places = rng.uniform(0, 1e4, (300, 2))[rng.integers(0, 300, 900)]  # many share a place
    reach, weight = rng.choice([500.0, 2000.0], 900), rng.uniform(0, 2, 900)
    x, y = far(700)
    square = (x[:, None] - places[:, 0]) ** 2 + (y[:, None] - places[:, 1]) ** 2
    expected = (weight * np.clip(1.0 - square / reach**2, 0.0, None) ** 2).sum(axis=1)
    assert events_around(x, y, places, reach, weight) == pytest.approx(expected, rel=1e-9, abs=1e-12)


# categories


def land(place: Surface | Zones) -> CategoryCovariate:
    return CategoryCovariate(
        name="land", base="field", categories=("forest", "town"), effects=(EFFECT, EFFECT), place=place
    )


def test_each_category_but_the_base_has_a_column_and_unknown_ground_is_unknown() -> None:
    shapes = np.array([shapely.box(i * 10, 0, i * 10 + 10, 10) for i in range(4)])
    zones = Zones.of(shapes, np.array([0.0, 1.0, 2.0, np.nan]))
    x, y = np.array([5.0, 15.0, 25.0, 35.0, 99.0]), np.full(5, 5.0)
    got = values_at(land(zones), x, y)
    assert got[:3].tolist() == [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
    assert np.isnan(got[3:]).all()
    surface = Surface.north_up(np.array([[0.0, 1.0, 2.0, np.nan]]), left_m=0.0, top_m=10.0, pixel_m=10.0)
    assert values_at(land(surface), x, y) == pytest.approx(got, nan_ok=True)


def test_ground_outside_all_polygons_can_be_a_category() -> None:
    zones = Zones.of(np.array([shapely.box(0, 0, 10, 10)]), np.array([1.0]), outside=0.0)
    assert values_at(land(zones), np.array([5.0, 50.0]), np.array([5.0, 5.0])).tolist() == [
        [1.0, 0.0],
        [0.0, 0.0],
    ]


# the design


def two() -> list[RasterCovariate]:
    values = np.random.default_rng(4).normal(size=(30, 30))
    return [raster(values), raster(np.exp(values.T), name="people", transform="log")]


def test_columns_have_mean_zero_and_standard_deviation_one() -> None:
    design = design_matrix(two(), *far(400, 300.0))
    assert design.columns.mean(axis=0) == pytest.approx(0.0, abs=1e-12)
    assert design.columns.std(axis=0) == pytest.approx(1.0)
    assert design.names == ("height", "people")


def test_other_points_are_scaled_as_the_fit_was_and_those_beyond_it_are_counted() -> None:
    x, y = far(400, 300.0)
    first = design_matrix(two(), x[:50], y[:50])
    again = design_matrix(two(), x, y, scaling=first.scaling)
    assert again.columns[:50] == pytest.approx(first.columns)
    assert (first.num_beyond == 0).all()
    assert (again.num_beyond == (again.columns > first.columns.max(axis=0)).sum(axis=0)
            + (again.columns < first.columns.min(axis=0)).sum(axis=0)).all()  # fmt: skip


@given(st.floats(1e-3, 1e3), st.floats(-1e3, 1e3))
@settings(max_examples=25)
def test_the_unit_of_a_raster_changes_nothing(factor: float, shift: float) -> None:
    values = np.random.default_rng(4).normal(size=(10, 10))
    x, y = far(100, 100.0)
    one, other = (design_matrix([raster(v)], x, y) for v in (values, values * factor + shift))
    assert one.columns == pytest.approx(other.columns, abs=1e-6)


def test_a_factor_of_the_user_is_a_normal_slope() -> None:
    """Factor 1 to 9 between low and high: at 5 and 95 % of the slope the change over two sd is 1 and 9."""
    effect = Range(low=1.0, high=9.0, unit="ratio", basis="judgement", source="test")
    design = design_matrix([replace(two()[0], effect=effect)], *far(100, 300.0))
    ends = norm(design.slope_mean[0], design.slope_sd[0]).ppf([0.05, 0.95])
    assert np.exp(2.0 * ends) == pytest.approx([1.0, 9.0])


def test_the_factor_of_a_category_is_against_the_base() -> None:
    """By simulation: slopes drawn from the prior, times the step of the column from base to category."""
    surface = Surface.north_up(
        np.array([[0.0] * 7 + [1.0] * 2 + [2.0]]), left_m=0.0, top_m=10.0, pixel_m=10.0
    )
    design = design_matrix([land(surface)], np.arange(10) * 10.0 + 5.0, np.full(10, 5.0))
    step = design.columns[7] - design.columns[0]
    slopes = np.random.default_rng(1).normal(design.slope_mean, design.slope_sd, (200_000, 2))
    factors = np.exp((slopes * step)[:, 0])
    # binomial standard error of a 5 % point over 200,000 draws: 0.0005 of probability, 0.5 % of the value
    assert np.quantile(factors, [0.05, 0.95]) == pytest.approx([0.5, 2.0], rel=0.02)


def test_a_category_that_is_not_met_keeps_its_prior() -> None:
    surface = Surface.north_up(np.array([[0.0, 1.0, 2.0]]), left_m=0.0, top_m=10.0, pixel_m=10.0)
    design = design_matrix([land(surface)], np.array([5.0, 15.0]), np.array([5.0, 5.0]))
    assert design.columns[:, 1].tolist() == [0.0, 0.0]
    there = design_matrix([land(surface)], np.array([25.0]), np.array([5.0]), scaling=design.scaling)
    ends = norm(design.slope_mean[1], design.slope_sd[1]).ppf([0.05, 0.95])
    assert np.exp(ends * there.columns[0, 1]) == pytest.approx([0.5, 2.0])


def test_unknown_values_are_the_mean_and_are_counted() -> None:
    values = np.random.default_rng(4).normal(size=(30, 30))
    values[:, :10] = np.nan
    covariate = raster(values)
    x, y = far(400, 300.0)
    design = design_matrix([covariate], x, y)
    unknown = x < 100.0
    assert (design.columns[unknown] == 0.0).all()
    assert design.num_unknown.tolist() == [int(unknown.sum())]
    (finding,) = design_findings([covariate], design)
    assert (finding.code, finding.count, finding.severity) == (
        "covariate-unknown",
        int(unknown.sum()),
        "warning",
    )


def test_covariates_that_say_the_same_are_named_and_columns_of_one_category_are_not() -> None:
    values = np.random.default_rng(4).normal(size=(30, 30))
    pair = [raster(values), raster(-3.0 * values, name="depth")]
    design = design_matrix(pair, *far(400, 300.0))
    ((one, other, r),) = correlated(design)
    assert (one, other) == ("height", "depth")
    assert r == pytest.approx(-1.0)
    assert [f.code for f in design_findings(pair, design)] == ["covariates-alike"]
    halves = Surface.north_up(np.array([[1.0, 2.0]]), left_m=0.0, top_m=10.0, pixel_m=10.0)
    x, y = np.array([5.0, 15.0]), np.array([5.0, 5.0])
    assert correlated(design_matrix([land(halves)], x, y)) == ()


def test_no_covariates_give_no_columns() -> None:
    design = design_matrix([], *far(7))
    assert design.columns.shape == (7, 0)
    assert design.slope_mean.size == 0


@pytest.mark.parametrize("value", [3.0, np.nan])
def test_a_covariate_that_tells_no_place_apart_is_refused_by_name(value: float) -> None:
    with pytest.raises(InvalidInput, match=r"'height' must .*(3 at all|unknown at all)"):
        design_matrix([raster(np.full((30, 30), value))], *far(50, 300.0))


def test_ground_of_one_category_is_refused_by_name() -> None:
    surface = Surface.north_up(np.full((3, 3), 1.0), left_m=0.0, top_m=30.0, pixel_m=10.0)
    with pytest.raises(InvalidInput, match=r"'land' must differ .* 'forest' at all"):
        design_matrix([land(surface)], *far(50, 30.0))


@pytest.mark.parametrize("unit", ["1", "km"])
def test_an_effect_is_a_factor(unit: str) -> None:
    with pytest.raises(InvalidInput, match="must be a factor above 0"):
        raster(np.eye(3), effect=Range(low=0.5, high=0.9, unit=unit, basis="judgement", source="test"))


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"segments": np.empty((0, 4))}, "at least one shape"),
        ({"transform": "log"}, "scale_m goes with"),
        ({"max_m": 0.0}, "max_m must be above 0"),
    ],
)
def test_a_distance_without_sense_is_refused(more: dict[str, object], says: str) -> None:
    good: dict[str, object] = {
        "name": "road", "effect": EFFECT, "segments": np.zeros((1, 4)), "polygons": np.empty(0, object)
    }  # fmt: skip
    with pytest.raises(InvalidInput, match=says):
        DistanceCovariate(**(good | more))  # type: ignore[arg-type]
