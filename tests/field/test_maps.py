"""What is shown of the field: its factor, its width, and where the records say next to nothing."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
import shapely

from remnant.evidence import Case, DistanceCovariate, ModelSpec, reduce_case
from remnant.field import FieldMaps, FieldPosterior, Told, field_findings, field_maps
from remnant.field.spatial import fit_field


@pytest.fixture(scope="module")
def case(worlds: ModuleType) -> Case:
    """Many finds in the west, little in the middle, nobody searched in the far east."""
    shapes = [shapely.box(x, 0, x + 300, 300) for x in (0, 600, 1200, 1800, 9000, 9600)]
    rng = np.random.default_rng(5)
    points = [
        shapely.Point(x + 280 * rng.random() + 10, 280 * rng.random() + 10)
        for x in (0, 600)
        for _ in range(25)
    ]
    base = worlds.case_of(
        worlds.areas(shapes, ["SHA"] * 6, [("PMN",)] * 6),
        worlds.searches(shapes[:4], ["manual detector"] * 4, [worlds.D0 + 200.0] * 4, [1.0] * 4, [True] * 4),
        priors={
            **worlds.PRIORS,
            "field.range": worlds.prior(0.6, 2.0, "km"),
            "field.spread": worlds.prior(2.0, 4.0, "ratio"),
            "clump_shape": worlds.prior(4.0, 8.0, "ratio"),
            "exists.SHA": worlds.prior(0.95, 0.99),
        },
        num_draws=600,
        model=ModelSpec(kind="field"),
    )
    names = np.repeat(["search 0", "search 1"], 25)
    return replace(base, events=worlds.events(points, search_id=names))


@pytest.fixture(scope="module")
def posterior(case: Case) -> FieldPosterior:
    return fit_field(case, reduce_case(case), rng=np.random.default_rng(1))


@pytest.fixture(scope="module")
def maps(case: Case, posterior: FieldPosterior) -> FieldMaps:
    return field_maps(case, posterior, rng=np.random.default_rng(2))


def at(maps: FieldMaps, values: np.ndarray, x: float, y: float) -> float:
    return float(values[0, int((maps.top_m - y) / maps.pixel_m), int((x - maps.left_m) / maps.pixel_m)])


def test_finds_make_the_field_higher_and_silence_lower(maps: FieldMaps) -> None:
    assert at(maps, maps.mean, 300, 150) > 0.3
    assert at(maps, maps.mean, 1950, 150) < 0.0
    assert maps.area_log[0, 0] > maps.area_log[3, 0]
    assert (maps.area_log[:, 1] < maps.area_log[:, 0]).all()
    assert (maps.area_log[:, 0] < maps.area_log[:, 2]).all()


def test_far_from_all_records_the_field_is_as_wide_as_it_can_be(maps: FieldMaps) -> None:
    """And its mean is that of a typical place: it does not sink where nobody looked."""
    assert at(maps, maps.sd, 9300, 150) / at(maps, maps.free_sd, 9300, 150) == pytest.approx(1.0, abs=0.12)
    assert abs(at(maps, maps.mean, 9300, 150)) < 0.2
    assert maps.area_untold.tolist()[4:] == [True, True]
    assert not maps.area_untold[0]
    assert maps.untold_m2 >= 2 * 9e4
    assert maps.placed_m2 == pytest.approx(6 * 9e4)


def test_free_width_is_the_spread_that_was_learned(posterior: FieldPosterior, maps: FieldMaps) -> None:
    """Away from edges, where a free end makes the field wider."""
    wanted = np.sqrt(np.square(posterior.spread).mean())
    assert 0.9 * wanted < np.nanmin(maps.free_sd)
    assert np.nanmax(maps.free_sd) < 2.2 * wanted


def test_the_map_is_that_of_the_draws(posterior: FieldPosterior, maps: FieldMaps) -> None:
    """The second route: the factor at points, from the posterior itself, at a node."""
    x, y = posterior.lattice.places()
    k = int(np.argmin(np.hypot(x - 450.0, y - 150.0)))
    log = posterior.log_relative_density(x[k : k + 1], y[k : k + 1], np.zeros((1, 0)), slice(None))
    log = log[:, 0] - posterior.centre
    assert at(maps, maps.mean, x[k], y[k]) == pytest.approx(log.mean())
    assert at(maps, maps.sd, x[k], y[k]) == pytest.approx(log.std())


def test_a_warning_says_where_the_prior_speaks(maps: FieldMaps) -> None:
    finding = field_findings(maps)[0]
    assert (finding.severity, finding.code) == ("warning", "field-is-prior")
    assert finding.count == int(maps.area_untold.sum())
    none = replace(maps, area_untold=np.zeros(6, np.bool_), untold_m2=0.0, told=())
    assert field_findings(none) == ()


def told(**change: float) -> Told:
    given = {"prior_low": 1.0, "prior_high": 50.0, "low": 1.1, "middle": 7.0, "high": 48.0, **change}
    return Told(kind="range", name="", base="", **given)


def test_a_number_that_did_not_move_is_told_from_one_that_did() -> None:
    assert told().is_prior
    assert not told(low=4.0, high=12.0).is_prior
    assert not told(low=10.0, high=500.0).is_prior


def test_a_number_that_the_records_leave_alone_is_noted(maps: FieldMaps) -> None:
    notes = field_findings(replace(maps, area_untold=np.zeros(6, np.bool_), told=(told(),)))
    assert [n.code for n in notes] == ["field-number-is-prior"]
    assert "model.field.range_km" in notes[0].asked


def test_distance_is_told_as_near_against_far(worlds: ModuleType, case: Case) -> None:
    """A covariate that raises density near a line in the west has a factor above 1, and so has its prior."""
    effect = worlds.prior(0.1, 0.8, "ratio")
    track = np.array([[-50.0, -500.0, -50.0, 800.0]])
    line = DistanceCovariate(name="track", effect=effect, segments=track, polygons=np.zeros(0, object))
    with_line = replace(case, covariates=(line,), num_draws=300)
    posterior = fit_field(with_line, reduce_case(with_line), rng=np.random.default_rng(1))
    last = field_maps(with_line, posterior, rng=np.random.default_rng(2)).told[-1]
    assert (last.kind, last.name) == ("distance", "track")
    assert (last.prior_low, last.prior_high) == (pytest.approx(1.25), pytest.approx(10.0))
    assert last.middle > 1.0
