"""The stratum model against brute-force integration, and what evidence may never do."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import shapely
from scipy.special import gammaln

from remnant.catalogue import Range
from remnant.evidence import Case, reduce_case
from remnant.field import StratumPosterior, count_remaining, fit_stratum, left_in_all
from remnant.numerics import link_of
from remnant.units import day_number

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(24)
WEIGHTS = WEIGHTS / WEIGHTS.sum()
METHOD = "manual detector"
AREA_M2 = 1e4  # one block of 100 m
DRAWS = 4000


def block(i: int) -> shapely.Polygon:
    return shapely.box(1000 * i, 0, 1000 * i + 100, 100)


def case_with(
    worlds: ModuleType,
    *,
    areas: int = 1,
    searches: list[tuple[int, float]] = (),
    finds: int = 0,
    met: dict[int, int] | None = None,
    num_draws: int = DRAWS,
    **options: Any,
) -> Case:
    """Areas of one block each; searches as (area, coverage); finds of the first search; items met in areas."""
    table = worlds.searches(
        [block(a) for a, _ in searches],
        [METHOD] * len(searches),
        [worlds.D0 + 100.0] * len(searches),
        [c for _, c in searches],
        [True] * len(searches),
    )
    table = replace(table, items_found=np.full(len(searches), np.nan))
    points = [shapely.Point(5 + 6 * i, 31) for i in range(finds)]
    names = ["search 0"] * finds
    for a, num in (met or {}).items():
        points += [shapely.Point(1000 * a + 13 + 11 * i, 57) for i in range(num)]
        names += ["by a farmer"] * num
    return worlds.case_of(
        worlds.areas([block(i) for i in range(areas)], ["SHA"] * areas, [("PMN",)] * areas, end=worlds.D0),
        table,
        events=worlds.events(points, search_id=np.array(names) if names else ""),
        num_draws=num_draws,
        **options,
    )


def fitted(case: Case, seed: int = 1) -> StratumPosterior:
    return fit_stratum(case, reduce_case(case), rng=np.random.default_rng(seed))


@dataclass(frozen=True, kw_only=True)
class Brute:
    """Posterior expectations by a product rule over the four uncertain numbers."""

    level: float
    p_detect: float
    share: float
    clump: float
    exists: float
    remains: float
    log_evidence: float
    elsewhere: float  # expected items in another area of the stratum that nobody searched


def brute_force(case: Case, found: int, coverage: float) -> Brute:
    """Sum over a grid; nothing here uses the model's code but the link from range to normal coordinate."""
    priors = case.priors
    grid = np.array(list(itertools.product(NODES, repeat=4)))
    weight = np.prod(np.array(list(itertools.product(WEIGHTS, repeat=4))), axis=1)

    def value(prior: Range, column: int) -> np.ndarray:
        return link_of(prior.low, prior.high, is_probability=prior.unit == "1").value(grid[:, column])

    level = value(priors["density.SHA"], 0) / 1e6
    clump, share = value(priors["clump_shape"], 1), value(priors["exists.SHA"], 2)
    p = value(case.catalogue.method(METHOD).p_detect, 3)
    seen = level * AREA_M2 * coverage * p
    log_like = (
        gammaln(clump + found)
        - gammaln(clump)
        - clump * np.log1p(seen / clump)
        + (found * np.log(seen / (clump + seen)) if found else 0.0)
    )
    present = share * np.exp(log_like)
    total = present + (1.0 - share if found == 0 else 0.0)
    evidence = (weight * total).sum()
    exists = present / total
    post = weight * total / evidence
    density = (clump + found) / (clump / level + AREA_M2 * coverage * p)  # Gamma posterior mean given a draw
    remains = exists * density * AREA_M2 * (1.0 - coverage * p)
    return Brute(
        level=float((post * level).sum() * 1e6),
        p_detect=float((post * p).sum()),
        share=float((post * share).sum()),
        clump=float((post * clump).sum()),
        exists=float((post * exists).sum()),
        remains=float((post * remains).sum()),
        log_evidence=float(np.log(evidence)),
        elsewhere=float((post * share * level).sum() * AREA_M2),
    )


def expected(posterior: StratumPosterior, case: Case) -> tuple[np.ndarray, np.ndarray]:
    """(n_draws, n_areas) expected explosive items, and chance of any, given each draw: no Poisson noise."""
    as_of = day_number(case.as_of)
    every = np.arange(case.areas.id.size)
    left = left_in_all(posterior, as_of, as_of, every)
    return left.expected[:, :, 3], left.p_any[:, :, 3]


def close(draws: np.ndarray, wanted: float, errors: float = 5.0) -> bool:
    """Within some standard errors of the mean of the draws, which are nearly independent."""
    return bool(abs(draws.mean() - wanted) < errors * 1.3 * draws.std() / np.sqrt(draws.size) + 1e-9)


@pytest.mark.parametrize(("found", "coverage"), [(0, 1.0), (0, 0.4), (1, 1.0), (4, 0.6), (15, 1.0)])
def test_the_posterior_is_that_of_brute_force(worlds: ModuleType, found: int, coverage: float) -> None:
    case = case_with(worlds, areas=2, searches=[(0, coverage)], finds=found)
    posterior = fitted(case)
    wanted = brute_force(case, found, coverage)
    values = {
        p.name: posterior.table.values(posterior.z)[:, i] for i, p in enumerate(posterior.table.parameters)
    }
    mean, _ = expected(posterior, case)
    assert close(values["density.SHA.PMN"], wanted.level)
    assert close(values[f"p_detect.{METHOD}"], wanted.p_detect)
    assert close(values["exists.SHA"], wanted.share)
    assert close(values["clump_shape"], wanted.clump)
    assert close(mean[:, 0], wanted.remains)
    assert close(mean[:, 1], wanted.elsewhere)
    reduction = posterior.reduction
    area = int(np.flatnonzero((reduction.source_kind == "area") & (reduction.source_area == 0))[0])
    assert close(posterior.exists[:, area], wanted.exists)
    # the constant log Y! is left out of the model's likelihood and of the sum above
    assert posterior.log_evidence == pytest.approx(wanted.log_evidence, abs=0.15)


def test_existence_after_an_empty_search_is_that_of_bayes_rule(worlds: ModuleType) -> None:
    """Certain numbers: q = 0.4, 200 items/km², clump shape 0.5, p = 0.8: by hand 0.4 L / (0.4 L + 0.6)."""
    sure = {
        "density.SHA": worlds.prior(200, 200, "1/km2"),
        "exists.SHA": worlds.prior(0.4, 0.4),
        "clump_shape": worlds.prior(0.5, 0.5, "ratio"),
    }
    case = case_with(worlds, searches=[(0, 1.0)], num_draws=50)
    method = replace(case.catalogue.method(METHOD), p_detect=worlds.prior(0.8, 0.8))
    case = replace(
        case,
        priors={**case.priors, **sure},
        catalogue=replace(case.catalogue, methods={**case.catalogue.methods, METHOD: method}),
    )
    posterior = fitted(case)
    missed = (1.0 + 200e-6 * 1e4 * 0.8 / 0.5) ** -0.5
    wanted = 0.4 * missed / (0.4 * missed + 0.6)
    area = int(np.flatnonzero(posterior.reduction.source_kind == "area")[0])
    assert posterior.exists[:, area] == pytest.approx(np.full(50, wanted), rel=1e-12)
    mean, any_ = expected(posterior, case)
    assert mean[:, 0] == pytest.approx(np.full(50, wanted * 0.5 / (0.5 / 2.0 + 0.8) * 0.2), rel=1e-6)
    # P(nothing left | nothing found) = P(nothing was there) / P(nothing found)
    nothing = 0.6 + 0.4 * (1 + 2.0 / 0.5) ** -0.5
    assert any_[:, 0] == pytest.approx(np.full(50, 1 - nothing / (0.6 + 0.4 * missed)), rel=1e-5)


def test_areas_without_any_evidence_keep_their_prior(worlds: ModuleType) -> None:
    case = case_with(worlds, areas=3)
    posterior = fitted(case)
    mean, _ = expected(posterior, case)
    level = link_of(60, 600, is_probability=False).value(NODES)
    share = link_of(0.1, 0.7, is_probability=True).value(NODES)
    for a in range(3):
        assert close(mean[:, a], float((WEIGHTS * level).sum() * (WEIGHTS * share).sum() * 1e-2))
    assert posterior.log_evidence == 0.0


def sums(case: Case) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean and chance of any per area, and the standard error of the means."""
    mean, any_ = expected(fitted(case), case)
    return mean.mean(axis=0), any_.mean(axis=0), mean.std(axis=0) / np.sqrt(len(mean))


def test_an_empty_search_never_raises_the_hazard_there_or_elsewhere(worlds: ModuleType) -> None:
    before, any_before, error = sums(case_with(worlds, areas=3))
    last, any_last = before, any_before
    for searches in ([(0, 0.5)], [(0, 1.0)], [(0, 1.0), (1, 1.0)]):
        now, any_now, _ = sums(case_with(worlds, areas=3, searches=searches))
        assert (now <= last + 4 * error).all()
        assert (any_now <= any_last + 0.02).all()
        last, any_last = now, any_now
    assert last[0] < 0.5 * before[0]


def test_a_search_of_unknown_outcome_changes_no_other_area(worlds: ModuleType) -> None:
    case = case_with(worlds, areas=2, searches=[(0, 1.0)])
    unknown = replace(case, searches=replace(case.searches, is_complete=np.array([False])))
    one, two = (expected(fitted(c), c)[0] for c in (case_with(worlds, areas=2), unknown))
    assert close(two[:, 1] - one[:, 1].mean(), 0.0)
    assert two[:, 0].mean() < one[:, 0].mean()


def test_more_effort_never_widens_the_tail(worlds: ModuleType) -> None:
    tails = []
    for coverage in (0.0, 0.25, 0.5, 0.75, 1.0):
        case = case_with(
            worlds,
            areas=1,
            searches=[(0, coverage)],
            priors={**worlds.PRIORS, "density.SHA": worlds.prior(1000, 9000, "1/km2")},
        )
        posterior = fitted(case)
        as_of = day_number(case.as_of)
        portion = np.flatnonzero(
            posterior.reduction.source_kind[posterior.reduction.portion_source] == "area"
        )
        counted = count_remaining(posterior, [as_of], as_of, {"area": portion}, seed=[2])
        tails.append(counted.by_group["area"].q95[0, 3])
    assert all(b <= a * 1.05 + 1 for a, b in itertools.pairwise(tails))
    assert tails[-1] < 0.3 * tails[0]


def test_a_find_never_lowers_the_hazard(worlds: ModuleType) -> None:
    last, _, _ = sums(case_with(worlds, areas=2, searches=[(0, 0.6)]))
    for finds in (1, 2, 5):
        now, _, error = sums(case_with(worlds, areas=2, searches=[(0, 0.6)], finds=finds))
        assert (now >= last - 4 * error).all()
        last = now


@pytest.mark.parametrize("searches", [[], [(1, 1.0)]])
def test_an_accident_raises_its_own_area_and_changes_no_other(
    worlds: ModuleType, searches: list[tuple[int, float]]
) -> None:
    """Met outside known searches: something was there; nothing follows for anywhere else, to the last digit."""
    one = [
        expected(fitted(c), c)[0]
        for c in (
            case_with(worlds, areas=2, searches=searches, met={0: n}, num_draws=500) for n in (0, 1, 2, 5)
        )
    ]
    for fewer, more in itertools.pairwise(one):
        assert (more[:, 0] > fewer[:, 0]).all()
        assert more[:, 1] == pytest.approx(fewer[:, 1], rel=1e-6)
    assert one[1][:, 0].mean() > 2 * one[0][:, 0].mean()


def test_an_item_met_adds_one_to_the_shape_of_its_clump(worlds: ModuleType) -> None:
    """By hand: Gamma(α, α/μ) seen to hold n items without any exposure is Gamma(α + n, α/μ)."""
    case = case_with(worlds, met={0: 2}, num_draws=100)
    posterior = fitted(case)
    values = posterior.table.values(posterior.z)
    unit = int(np.flatnonzero(posterior.reduction.met > 0)[0])
    shape, scale = posterior.clumps(np.array([unit]), slice(None))
    alpha = values[:, posterior.table.unit_clump[unit]]
    level = values[:, posterior.table.unit_level[unit]] / 1e6
    assert shape[:, 0] == pytest.approx(alpha + 2.0)
    assert scale[:, 0] == pytest.approx(level / alpha)


def test_a_find_that_no_search_could_have_made_shows_presence_and_breaks_nothing(worlds: ModuleType) -> None:
    """A find by a search before the items came: a contradiction in one record must not stop the whole case."""
    case = case_with(worlds, areas=2, searches=[(0, 1.0)], finds=1, num_draws=500)
    early = replace(
        case,
        searches=replace(
            case.searches, start_day=case.searches.start_day - 300, end_day=case.searches.end_day - 300
        ),
    )
    none = case_with(worlds, areas=2, num_draws=500)
    mean, _ = expected(fitted(early), early)
    prior, _ = expected(fitted(none), none)
    assert (mean[:, 0] > 0.0).all()
    assert mean[:, 0].mean() > prior[:, 0].mean()


def test_items_of_a_search_that_worked_no_ground_show_presence(worlds: ModuleType) -> None:
    """Coverage 0 and three items on record: a contradiction, and the items were there."""
    case = case_with(worlds, searches=[(0, 0.0)], num_draws=200)
    case = replace(case, searches=replace(case.searches, items_found=np.array([3.0])))
    posterior = fitted(case)
    area = int(np.flatnonzero(posterior.reduction.source_kind == "area")[0])
    assert (posterior.exists[:, area] == 1.0).all()


def test_the_same_seed_gives_the_same_draws_and_another_gives_others(worlds: ModuleType) -> None:
    case = case_with(worlds, areas=2, searches=[(0, 1.0)], finds=2, num_draws=200)
    one, two, other = fitted(case, 1), fitted(case, 1), fitted(case, 2)
    assert (one.z == two.z).all()
    assert (one.exists == two.exists).all()
    assert (one.z != other.z).any()


def test_finds_of_one_total_are_as_one_group_of_blocks(worlds: ModuleType) -> None:
    """A total over two blocks is negative binomial of twice the shape, exactly: equal exposures, by brute force."""
    wide = shapely.box(0, 0, 200, 100)
    case = worlds.case_of(
        worlds.areas([wide], ["SHA"], [("PMN",)], end=worlds.D0),
        replace(
            worlds.searches([wide], [METHOD], [worlds.D0 + 100.0], [1.0], [True]), items_found=np.array([3.0])
        ),
        num_draws=DRAWS,
    )
    posterior = fitted(case)
    values = {
        p.name: posterior.table.values(posterior.z)[:, i] for i, p in enumerate(posterior.table.parameters)
    }
    grid = np.array(list(itertools.product(NODES, repeat=3)))
    weight = np.prod(np.array(list(itertools.product(WEIGHTS, repeat=3))), axis=1)
    level = link_of(60, 600, is_probability=False).value(grid[:, 0]) / 1e6
    shape = 2.0 * link_of(0.2, 2.0, is_probability=False).value(grid[:, 1])
    prior = case.catalogue.method(METHOD).p_detect
    p = link_of(prior.low, prior.high, is_probability=True).value(grid[:, 2])
    seen = 2e4 * level * p
    like = (
        np.exp(gammaln(shape + 3) - gammaln(shape) - shape * np.log1p(seen / shape))
        * (seen / (shape + seen)) ** 3
    )
    post = weight * like / (weight * like).sum()
    assert close(values["density.SHA.PMN"], float((post * level).sum() * 1e6))
    assert close(values["clump_shape"], float((post * shape).sum() / 2.0))
