"""A learned prior: what it recovers, what it refuses, and what unknown labels and reporting may not do."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from remnant.errors import NotEstimable
from remnant.field.latent import Effort
from remnant.field.lattice import field_draws, lattice_over
from remnant.field.learned import LearnedField, Places, PriorBeliefs, learn_field
from remnant.numerics import link_of
from remnant.units import Floats

SIDE = 16
QUICK = Effort(chains=16, spacing=1.8)
BELIEFS = PriorBeliefs(
    names=("slope", "roads"),
    is_reporting=np.array([False, True]),
    slope_mean=np.zeros(2),
    slope_sd=np.full(2, 0.7),
    range_m=link_of(2e3, 20e3, is_probability=False),
    spread=link_of(float(np.log(1.5)), float(np.log(6.0)), is_probability=False),
    clump=link_of(0.3, 5.0, is_probability=False),
)


def world(seed: int) -> tuple[Places, Floats]:
    """Cells of 1 km², counts with a field, a covariate of density (0.8) and one of reporting (0.8); and the truth."""
    rng = np.random.default_rng(seed)
    x, y = (1e3 * (v.ravel() + 0.5) for v in np.meshgrid(np.arange(SIDE), np.arange(SIDE)))
    lattice = lattice_over(x, y, 1000.0, 6000.0)
    field = np.asarray(lattice.interpolation(x, y) @ field_draws(lattice, 6000.0, 0.8, 1, rng=rng)[0])
    columns = rng.standard_normal((x.size, 2))
    truth = field + 0.8 * columns[:, 0]
    count = rng.poisson(2.0 * np.exp(truth + 0.8 * columns[:, 1])).astype(float)
    return Places(x_m=x, y_m=y, seen=count, ground_km2=np.ones(x.size), covariates=columns), truth


def learn(events: Places | None, labels: Places | None, seed: int = 1) -> LearnedField:
    return learn_field(
        events,
        labels,
        BELIEFS,
        rng=np.random.default_rng(seed),
        num_draws=200,
        spacing_m=2000.0,
        effort=QUICK,
    )


@pytest.fixture(scope="module")
def from_events() -> tuple[LearnedField, Places, Floats]:
    places, truth = world(1)
    return learn(places, None), places, truth


def test_events_teach_the_relative_density_and_both_kinds_of_slopes(
    from_events: tuple[LearnedField, Places, Floats],
) -> None:
    made, places, truth = from_events
    slopes = made.posterior.slopes
    assert (np.abs(slopes.mean(axis=0) - 0.8) < 4.0 * slopes.std(axis=0)).all()
    shown = made.log_relative_density(places.x_m, places.y_m, places.covariates).mean(axis=0)
    assert np.corrcoef(shown, truth)[0, 1] > 0.85


def test_reporting_is_at_its_mean_in_the_map_and_in_force_for_events(
    from_events: tuple[LearnedField, Places, Floats],
) -> None:
    made, places, _ = from_events
    told = dataclasses.replace(places, covariates=places.covariates + np.array([0.0, 3.0]))
    before, after = (made.log_relative_density(p.x_m, p.y_m, p.covariates) for p in (places, told))
    np.testing.assert_array_equal(before, after)
    assert (made.chance("events", told) > made.chance("events", places)).all()


def test_the_chance_of_an_event_is_that_of_simulated_counts(
    from_events: tuple[LearnedField, Places, Floats],
) -> None:
    made, places, _ = from_events
    mean, size = made.expected("events", places)
    rng = np.random.default_rng(2)
    some = np.mean([rng.poisson(mean * rng.gamma(size, 1.0 / size)) > 0 for _ in range(100)], axis=(0, 1))
    # 100 × 200 draws: standard error below 0.0036
    np.testing.assert_allclose(made.chance("events", places), some, atol=5 * 0.0036)


def test_unknown_labels_teach_nothing_and_are_never_negatives() -> None:
    places, _ = world(2)
    known = np.arange(places.x_m.size) % 2 == 0
    labels = dataclasses.replace(places, seen=(places.seen > 0).astype(float), ground_km2=known.astype(float))
    wrong = dataclasses.replace(labels, seen=np.where(known, labels.seen, 0.0))
    also = {"also_x_m": places.x_m, "also_y_m": places.y_m}
    one, other = (
        learn_field(
            None,
            some,
            BELIEFS,
            rng=np.random.default_rng(3),
            num_draws=50,
            spacing_m=2000.0,
            effort=QUICK,
            **also,
        )
        for some in (labels, wrong)
    )
    np.testing.assert_array_equal(one.posterior.nodes, other.posterior.nodes)
    assert (one.num_found + one.num_nothing, one.num_unknown) == (known.sum(), (~known).sum())


def test_labels_ignore_covariates_of_reporting() -> None:
    places, _ = world(3)
    labels = dataclasses.replace(places, seen=(places.seen > 0).astype(float))
    made = learn(None, labels)
    # nothing moves that slope from its prior: mean 0, sd 0.7, of 200 draws
    assert abs(made.posterior.slopes[:, 1].mean()) < 5 * 0.7 / np.sqrt(200)
    assert made.posterior.slopes[:, 1].std() == pytest.approx(0.7, rel=0.2)


def test_nothing_to_learn_from_is_refused() -> None:
    places, _ = world(4)
    empty = dataclasses.replace(places, seen=np.zeros(places.x_m.size), ground_km2=np.zeros(places.x_m.size))
    with pytest.raises(NotEstimable, match=r"needs events, or labelled cells .* Check the dates"):
        learn(None, empty)
