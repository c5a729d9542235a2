"""What drives an area: held against truly leaving evidence out, closed form, and the other counts of the same items."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
import shapely

from remnant.evidence import Case, ModelSpec, Policy, reduce_case
from remnant.field import (
    FieldPosterior,
    Influence,
    influence_of,
    influence_rows,
    left_in_all,
)
from remnant.field.pieces import FOUND, KINDS, MET, OWN, SEARCHED, pieces_of
from remnant.field.spatial import fit_field
from remnant.units import day_number

SEARCHED_AREAS = (0, 2, 3)
NUM_FINDS = 6


def row_of_areas(
    worlds: ModuleType, *, silent: tuple[int, ...] = (), num_draws: int = 1500, **priors: object
) -> Case:
    """Five areas in a row: finds in the first, nothing in the third and fourth, no search elsewhere.

    Searches of areas that are `silent` took place, but nobody wrote down what came of them.
    """
    shapes = [shapely.box(x, 0, x + 300, 300) for x in (0, 500, 1000, 3500, 4200)]
    rng = np.random.default_rng(3)
    points = [] if 0 in silent else [shapely.Point(*(20 + 260 * rng.random(2))) for _ in range(NUM_FINDS)]
    case = worlds.case_of(
        worlds.areas(shapes, ["SHA"] * 5, [("PMN",)] * 5),
        worlds.searches(
            [shapes[a] for a in SEARCHED_AREAS],
            ["manual detector"] * 3,
            [worlds.D0 + 200.0] * 3,
            [1.0] * 3,
            [a not in silent for a in SEARCHED_AREAS],
        ),
        priors={
            **worlds.PRIORS,
            "field.range": worlds.prior(0.8, 2.0, "km"),
            "field.spread": worlds.prior(1.6, 3.0, "ratio"),
            "clump_shape": worlds.prior(2.0, 8.0, "ratio"),
            "exists.SHA": worlds.prior(0.9, 0.98),
            "density.SHA": worlds.prior(40.0, 160.0, "1/km2"),
            **priors,
        },
        num_draws=num_draws,
        model=ModelSpec(kind="field"),
        policy=Policy(),
    )
    return replace(case, events=worlds.events(points, search_id="search 0") if points else worlds.events())


def fitted(case: Case, seed: int = 1) -> FieldPosterior:
    return fit_field(case, reduce_case(case), rng=np.random.default_rng(seed))


def influences(case: Case, posterior: FieldPosterior) -> Influence:
    day = float(day_number(case.as_of))
    return influence_of(posterior, day, day, rng=np.random.default_rng(1))


def log_factor(found: Influence, area: int, evidence: str, source: int) -> float:
    chosen = (found.area == area) & (found.evidence == evidence) & (found.source == source)
    assert chosen.sum() == 1, (area, evidence, source)
    return float(np.log(found.mean_with[chosen] / found.mean_without[chosen])[0])


def whole(found: Influence) -> np.ndarray:
    return found.mean_with[found.evidence == "all"]


@pytest.fixture(scope="module")
def case(worlds: ModuleType) -> Case:
    return row_of_areas(worlds)


@pytest.fixture(scope="module")
def posterior(case: Case) -> FieldPosterior:
    return fitted(case)


@pytest.fixture(scope="module")
def found(case: Case, posterior: FieldPosterior) -> Influence:
    return influences(case, posterior)


def source_of(posterior: FieldPosterior, area: int) -> int:
    reduction = posterior.reduction
    return int(np.flatnonzero((reduction.source_kind == "area") & (reduction.source_area == area))[0])


def test_leaving_a_search_out_agrees_with_fitting_without_it(
    worlds: ModuleType, posterior: FieldPosterior, found: Influence
) -> None:
    """Area 3 was searched without a find; its neighbour 4 was not searched.

    Fits of 1,500 draws differ by about 6 % in these means from seed to seed (five seeds), so that their ratio, of
    which one side is another fit, may be 0.25 off on the log scale.
    """
    without = whole(influences(row_of_areas(worlds), fitted(row_of_areas(worlds, silent=(3,)), 2)))
    source = source_of(posterior, 3)
    for area in (3, 4):
        refit = float(np.log(whole(found)[area] / without[area]))
        assert refit < -0.1
        assert log_factor(found, area, "searched", source) == pytest.approx(refit, abs=0.25)


def test_finds_raise_and_silence_lowers_their_own_area(posterior: FieldPosterior, found: Influence) -> None:
    """The sign that any reader expects, wherever the piece can be left out."""
    for area in (2, 3):
        assert log_factor(found, area, "searched", source_of(posterior, area)) < -1.0
    assert (
        found.mean_without[found.evidence == "own"][1:] > found.mean_with[found.evidence == "own"][1:]
    ).all()


def test_all_is_elsewhere_and_its_own(found: Influence) -> None:
    for area in range(5):
        mine = found.area == area
        every = found.mean_with[mine & (found.evidence == "all")][0]
        before = found.mean_without[mine & (found.evidence == "all")][0]
        elsewhere = mine & (found.evidence == "elsewhere")
        assert found.mean_without[elsewhere][0] == before
        own = mine & (found.evidence == "own")
        if own.any():
            np.testing.assert_array_equal(found.mean_without[own], found.mean_with[elsewhere])
            assert found.mean_with[own][0] == every


def test_expected_items_are_those_that_are_counted(
    case: Case, posterior: FieldPosterior, found: Influence
) -> None:
    """The second route: the moments that verdicts are made from."""
    day = float(day_number(case.as_of))
    every = np.arange(case.areas.id.size)
    left = left_in_all(posterior, day, day, every)
    mean = left.expected[:, :, 3].mean(axis=0)
    used = min(len(posterior.z), 1000)
    if used == len(posterior.z):
        assert whole(found) == pytest.approx(mean)
    else:
        assert whole(found) == pytest.approx(mean, rel=0.1)


def test_before_any_record_an_area_holds_what_its_priors_say(worlds: ModuleType, found: Influence) -> None:
    """Not searched: exists × density × area = 0.945 × 85 per km² × 0.09 km², means of logit- and log-normal ranges."""
    before = found.mean_without[(found.evidence == "all") & (found.area == 4)][0]
    density = np.sqrt(40.0 * 160.0) * np.exp(0.5 * (np.log(4.0) / (2 * 1.6448536)) ** 2)
    assert before == pytest.approx(0.945 * density * 0.09, rel=0.04)


def test_with_everything_certain_only_its_own_ground_matters(worlds: ModuleType) -> None:
    """Hand value: α, density, existence and field known; a search without a find of one block.

    Items left with it: q m (1 − p) α / (α + m p), without it π m (1 − p), m = density × area,
    q = π s / (1 − π + π s), s = (α / (α + m p))^α.
    """
    square = shapely.box(0, 0, 100, 100)
    base = row_of_areas(worlds, num_draws=400)
    alpha, density, share = 0.7, 300.0, 0.4
    case = replace(
        base,
        areas=worlds.areas([square], ["SHA"], [("PMN",)], end=worlds.D0),
        searches=worlds.searches([square], ["manual detector"], [worlds.D0 + 200.0], [1.0], [True]),
        events=worlds.events(),
        priors={
            **base.priors,
            "density.SHA": worlds.prior(density, density, "1/km2"),
            "exists.SHA": worlds.prior(share, share),
            "clump_shape": worlds.prior(alpha, alpha, "ratio"),
            "field.spread": worlds.prior(1.001, 1.0011, "ratio"),
        },
    )
    posterior = fitted(case)
    values = posterior.table.values(posterior.z)
    p = values[:, posterior.table.method_detect["manual detector"]]
    m = density / 1e6 * 1e4
    silence = (alpha / (alpha + m * p)) ** alpha
    q = share * silence / (1.0 - share + share * silence)
    weight = 1.0 / (1.0 - share + share * silence)  # detection without the search: its prior again
    ratio = (q * alpha / (alpha + m * p) * (1 - p)).mean() / np.average(share * (1 - p), weights=weight)
    found = influences(case, posterior)
    own = found.evidence == "own"
    # items that are there: PMN that lie armed or as duds, 99.9 % of them
    assert float((found.mean_with / found.mean_without)[own][0]) == pytest.approx(ratio, rel=0.005)


def test_a_share_of_nothing_changes_nothing(posterior: FieldPosterior) -> None:
    lost, exists = pieces_of(posterior, np.arange(50)).without(0.0)
    assert np.abs(lost).max() < 1e-9
    pieces = pieces_of(posterior, np.arange(50))
    assert exists == pytest.approx(pieces.exists[:, pieces.source])


def test_no_share_of_the_evidence_says_nothing_and_the_whole_says_all(posterior: FieldPosterior) -> None:
    groups = posterior.groups
    z, log_field = posterior.z[:20], posterior.log_field(groups.unit, np.arange(20))
    assert groups.scaled(1.0).log_likelihood(z, log_field) == pytest.approx(
        groups.log_likelihood(z, log_field)
    )
    assert groups.scaled(0.0).log_likelihood(z, log_field) == pytest.approx(0.0)


def test_kinds_of_pieces_are_told_apart(posterior: FieldPosterior) -> None:
    pieces = pieces_of(posterior, np.arange(5))
    by_area = {a: set(pieces.kind[pieces.source == source_of(posterior, a)].tolist()) for a in range(5)}
    assert by_area[0] >= {FOUND, OWN}
    assert by_area[2] == {SEARCHED, OWN}
    assert by_area[1] == set()
    assert MET not in pieces.kind
    assert KINDS[OWN] == "own"


def test_rows_name_whose_evidence_it_is(posterior: FieldPosterior, found: Influence) -> None:
    rows = influence_rows(posterior, found)
    whose, area = np.array(rows["whose"]), np.asarray(rows["from_area"])
    assert set(whose) <= {"", "own", "hazard area", "outside hazard areas"}
    assert (area[whose == "own"] == np.asarray(rows["area"])[whose == "own"]).all()
    assert (area[whose == ""] == -1).all()
    ranks = np.asarray(rows["rank"])
    assert ranks.max() <= 3


def test_the_same_seed_gives_the_same_influences(
    case: Case, posterior: FieldPosterior, found: Influence
) -> None:
    again = influences(case, posterior)
    np.testing.assert_array_equal(again.mean_without, found.mean_without)


def test_a_case_in_which_nobody_searched_is_the_prior(worlds: ModuleType) -> None:
    """It must not fail, and all evidence together does nothing."""
    case = row_of_areas(worlds, silent=(0, 2, 3), num_draws=400)
    found = influences(case, fitted(case))
    assert set(found.evidence) == {"all", "elsewhere"}
    assert found.mean_with == pytest.approx(found.mean_without, rel=0.3)
