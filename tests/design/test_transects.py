"""Transects: closed form against hand values, properties, and two simulations that use no formula of it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from remnant.decide import (
    Signal,
    TargetArea,
    Transects,
    answer_transects,
    covered_ground,
    detection_of,
    draw_units,
    lay_transects,
    p_detect,
    p_there_though_unseen,
    p_traverse,
    simulate_pattern,
    simulate_swaths,
    widest_spacing,
    with_spacing,
)
from remnant.errors import InvalidInput, NotEstimable

WIDE = detection_of(0.5, 0.95, source="test")
PATTERNS = [
    Transects(pattern="parallel", width_m=3.0, spacing_m=60.0),
    Transects(pattern="square", width_m=2.0, spacing_m=160.0),
    Transects(pattern="rectangular", width_m=2.0, spacing_m=140.0, cross_spacing_m=250.0),
]
TARGETS = [
    TargetArea(length_m=100.0, width_m=30.0),
    TargetArea(length_m=100.0, width_m=30.0, angle_deg=25.0),
    TargetArea(length_m=40.0, width_m=40.0),
]
sizes = st.tuples(st.floats(5.0, 200.0), st.floats(0.1, 1.0))
widths = st.floats(0.5, 5.0)
gaps = st.floats(1.0, 60.0)


def parallel(width: float, times: float) -> Transects:
    return Transects(pattern="parallel", width_m=width, spacing_m=width * times)


def ellipse(size: tuple[float, float], angle: float | None = None) -> TargetArea:
    return TargetArea(length_m=size[0], width_m=size[0] * size[1], angle_deg=angle)


def test_a_circle_is_crossed_with_its_diameter_and_the_width_over_the_spacing() -> None:
    # Buffon's problem for a disc (Laplace): (d + w) / s; for two sets at right angles 1 − (1 − (d + w) / s)²
    circle = TargetArea(length_m=50.0, width_m=50.0)
    assert p_traverse(Transects(pattern="parallel", width_m=2.0, spacing_m=100.0), circle) == pytest.approx(
        0.52
    )
    square = Transects(pattern="square", width_m=2.0, spacing_m=100.0)
    assert p_traverse(square, circle) == pytest.approx(1.0 - 0.48**2)


def test_a_thin_ellipse_in_any_direction_is_buffons_needle() -> None:
    # Buffon 1777: a needle of length l on lines s apart is crossed with 2 l / (π s)
    needle = TargetArea(length_m=60.0, width_m=1e-6)
    lines = Transects(pattern="parallel", width_m=1e-6, spacing_m=100.0)
    assert p_traverse(lines, needle) == pytest.approx(2.0 * 60.0 / (math.pi * 100.0), rel=1e-5)


@given(widths, gaps, sizes)
@settings(max_examples=40)
def test_ground_covered_is_on_average_the_share_of_the_pattern(
    width: float, times: float, size: tuple[float, float]
) -> None:
    lines, target = parallel(width, times), ellipse(size)
    mean = covered_ground(lines, target).mean() / target.area_m2
    assert mean == pytest.approx(lines.covered_share, abs=3e-3)


@pytest.mark.parametrize("transects", PATTERNS, ids=lambda t: t.pattern)
@pytest.mark.parametrize("target", TARGETS, ids=("any", "angle", "circle"))
def test_closed_form_agrees_with_items_dropped_one_by_one(transects: Transects, target: TargetArea) -> None:
    signal = Signal(density_per_m2=0.02, least_finds=2)
    done = simulate_pattern(transects, target, signal, WIDE, num=20_000, rng=np.random.default_rng(4))
    assert abs(done.crossed - p_traverse(transects, target)) < 4 * done.crossed_se + 1e-9
    assert abs(done.noticed - p_detect(transects, target, signal, WIDE)) < 4 * done.noticed_se


@pytest.mark.parametrize("transects", PATTERNS[::2], ids=lambda t: t.pattern)
def test_closed_form_agrees_with_shapes_cut_by_the_layout(transects: Transects) -> None:
    site = shapely.box(0.0, 0.0, 2000.0, 2000.0)
    target = TargetArea(length_m=100.0, width_m=30.0, angle_deg=25.0)
    signal = Signal(density_per_m2=0.02, background_per_m2=0.002, least_finds=1)
    rng = np.random.default_rng(8)
    layout = lay_transects(site.buffer(300.0), transects, bearing_deg=30.0, rng=rng)
    done = simulate_swaths(layout.swath, site, target, signal, WIDE, bearing_deg=30.0, num=3000, rng=rng)
    assert abs(done.crossed - p_traverse(transects, target)) < 4 * done.crossed_se + 1e-9
    assert abs(done.noticed - p_detect(transects, target, signal, WIDE)) < 4 * done.noticed_se


@given(widths, gaps, sizes, st.floats(0.001, 0.2), st.floats(0.2, 1.0))
@settings(max_examples=30)
def test_noticing_needs_crossing_and_grows_with_density_and_detection(
    width: float, times: float, size: tuple[float, float], density: float, q: float
) -> None:
    lines, target = parallel(width, times), ellipse(size, 40.0)
    found, better = (detection_of(p, source="test") for p in (q, min(1.0, 1.2 * q)))
    here = p_detect(lines, target, Signal(density_per_m2=density), found)
    assert 0.0 <= here <= p_traverse(lines, target) + 2e-3
    assert here <= p_detect(lines, target, Signal(density_per_m2=2 * density), found) + 1e-12
    assert here <= p_detect(lines, target, Signal(density_per_m2=density), better) + 1e-12
    assert p_detect(lines, target, Signal(density_per_m2=density, least_finds=3), found) <= here + 1e-12


@given(widths, gaps, sizes)
@settings(max_examples=30)
def test_lengths_in_other_units_give_the_same_chances(
    width: float, times: float, size: tuple[float, float]
) -> None:
    lines, target = parallel(width, times), ellipse(size, 10.0)
    feet = 3.280839895
    same = parallel(width * feet, times)
    bigger = ellipse((size[0] * feet, size[1]), 10.0)
    assert p_traverse(same, bigger) == pytest.approx(p_traverse(lines, target), abs=1e-12)
    there = Signal(density_per_m2=0.01 / feet**2)
    assert p_detect(same, bigger, there, WIDE) == pytest.approx(
        p_detect(lines, target, Signal(density_per_m2=0.01), WIDE), abs=1e-9
    )


def test_a_circle_is_an_ellipse_in_any_direction() -> None:
    circle = TargetArea(length_m=40.0, width_m=40.0)
    almost = TargetArea(length_m=40.0 + 1e-9, width_m=40.0)
    for transects in PATTERNS:
        signal = Signal(density_per_m2=0.02)
        assert p_detect(transects, circle, signal, WIDE) == pytest.approx(
            p_detect(transects, almost, signal, WIDE), abs=2e-4
        )


def test_background_raises_what_must_be_found_and_false_alarms_stay_within_their_limit() -> None:
    signal = Signal(density_per_m2=0.0, background_per_m2=0.01, false_alarm=0.05)
    ground = np.linspace(1.0, 2000.0, 50)
    needed = signal.finds_needed(ground)
    from scipy.stats import poisson

    assert (poisson.sf(needed - 1, 0.01 * ground) <= 0.05).all()
    assert (poisson.sf(needed - 2, 0.01 * ground) > 0.05).all()
    assert p_detect(PATTERNS[0], TARGETS[0], signal, WIDE) <= 0.05


@pytest.mark.parametrize("pattern", ["parallel", "square", "rectangular"])
def test_the_widest_spacing_reaches_its_goal_and_a_wider_one_does_not(pattern: Any) -> None:
    start = Transects(
        pattern=pattern,
        width_m=2.0,
        spacing_m=50.0,
        cross_spacing_m=100.0 if pattern == "rectangular" else None,
    )
    target, signal, found = TARGETS[2], Signal(density_per_m2=0.03), detection_of(0.8, source="test")
    spacing = widest_spacing(start, target, 0.8, signal=signal, detection=found)
    assert p_detect(with_spacing(start, spacing), target, signal, found) >= 0.8
    assert p_detect(with_spacing(start, 1.02 * spacing), target, signal, found) < 0.8


def test_a_goal_out_of_reach_is_refused_with_what_can_be_had() -> None:
    lines = Transects(pattern="parallel", width_m=2.0, spacing_m=50.0)
    with pytest.raises(NotEstimable, match=r"with all ground covered it is .* %"):
        widest_spacing(lines, TARGETS[2], 0.99, signal=Signal(density_per_m2=1e-4), detection=WIDE)


@given(st.floats(0.0, 1.0), st.floats(0.0, 0.999))
def test_seeing_nothing_never_raises_the_chance_that_it_is_there(prior: float, shown: float) -> None:
    after = p_there_though_unseen(prior, shown)
    assert 0.0 <= after <= prior + 1e-12
    assert after * (1.0 - prior * shown) == pytest.approx(prior * (1.0 - shown), abs=1e-12)


def test_a_layout_covers_its_share_of_the_site_in_the_direction_asked() -> None:
    site = shapely.Polygon([(0, 0), (900, 100), (1100, 700), (300, 900)]).difference(
        shapely.box(400, 300, 500, 400)
    )
    lines = Transects(pattern="parallel", width_m=4.0, spacing_m=25.0)
    shares = []
    for seed in range(20):
        layout = lay_transects(site, lines, bearing_deg=70.0, rng=np.random.default_rng(seed))
        shares.append(shapely.area(layout.swath).sum() / site.area)
        assert shapely.covers(site.buffer(1e-6), shapely.union_all(layout.swath))
    assert np.mean(shares) == pytest.approx(lines.covered_share, rel=0.02)
    first = shapely.get_coordinates(shapely.get_parts(layout.line[5])[0])
    turn = math.degrees(math.atan2(*(first[1] - first[0]))) % 180.0
    assert turn == pytest.approx(70.0, abs=1e-6)


def test_every_square_that_touches_the_site_is_as_likely_to_be_drawn() -> None:
    site = shapely.box(1.0, 1.0, 39.0, 19.0)  # 4 × 2 squares of 10 m, none of them whole
    counts: dict[tuple[float, ...], int] = {}
    for seed in range(800):
        layout = draw_units(site, 10.0, 2, rng=np.random.default_rng(seed))
        assert layout.num_units == 8
        for square in layout.square:
            counts[square.bounds] = counts.get(square.bounds, 0) + 1
    assert len(counts) == 8
    assert max(abs(n - 200) for n in counts.values()) < 4 * math.sqrt(800 * 0.25 * 0.75)


def test_the_same_seed_gives_the_same_answer_and_tracks_are_judged_as_walked() -> None:
    site = shapely.box(0.0, 0.0, 800.0, 600.0)
    given_all: dict[str, Any] = {
        "signal": Signal(density_per_m2=0.02), "detection": WIDE, "site": site, "prior": 0.3, "num_simulated": 500,
    }  # fmt: skip
    one, two = (answer_transects(PATTERNS[0], TARGETS[0], **given_all, seed=3) for _ in range(2))
    assert one.simulated == two.simulated
    assert one.on_site == two.on_site
    half = np.array([shapely.box(0.0, 0.0, 400.0, 600.0)], dtype=object)
    walked = answer_transects(PATTERNS[0], TARGETS[0], **given_all, walked=half, seed=3)
    assert walked.on_site is not None
    assert walked.on_site.crossed == pytest.approx(0.5, abs=0.12)
    assert walked.still_there is not None
    assert one.still_there is not None
    assert 0.0 < one.still_there < 0.3


def test_patterns_that_cannot_be_walked_are_refused() -> None:
    with pytest.raises(InvalidInput, match=r"at least the width of a transect, 2 m; got 1 m"):
        Transects(pattern="parallel", width_m=2.0, spacing_m=1.0)
    with pytest.raises(InvalidInput, match=r"rectangular pattern needs a second spacing"):
        Transects(pattern="rectangular", width_m=2.0, spacing_m=10.0)
    with pytest.raises(InvalidInput, match=r"length that is not below its width"):
        TargetArea(length_m=5.0, width_m=10.0)
    with pytest.raises(InvalidInput, match=r"must enclose ground"):
        lay_transects(shapely.Point(0, 0), PATTERNS[0], rng=np.random.default_rng(1))
    with pytest.raises(InvalidInput, match=r"at most 20,000 transects"):
        lay_transects(
            shapely.box(0, 0, 1e6, 1e6),
            Transects(pattern="parallel", width_m=1.0, spacing_m=2.0),
            rng=np.random.default_rng(1),
        )
