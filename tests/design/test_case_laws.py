"""The value of survey from a case: every draw of the assessment, and the release policy's own ground to search."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from remnant.assessment import answer
from remnant.decide import value_of_hours
from remnant.evidence import Policy
from remnant.simulate import simulate_case
from remnant.weighing import area_laws, weigh

LIMIT, PACE, NUM_DRAWS = 0.2, 25.0, 400


def test_hours_to_a_limit_are_the_ground_that_the_assessment_names(worlds: ModuleType) -> None:
    world, _ = simulate_case(worlds.world(np.random.default_rng(3)), rng=np.random.default_rng(4))
    case = replace(world, num_draws=NUM_DRAWS, policy=Policy(p_any_explosive_max=LIMIT))
    weighed = weigh(case)
    result = answer(weighed)
    used = [str(m) for m in case.searches.method if case.catalogue.method(str(m)).kind == "clearance"]
    method = max(sorted(set(used)), key=used.count) if used else "manual detector"
    laws, usable = area_laws(weighed, method)
    ground = weighed.reduction.area_owned_m2[usable]
    value = value_of_hours(laws, ground, PACE, 1.0, limit=LIMIT)
    explosive = result.area_results.query("state == 'explosive'")
    first = explosive[explosive["date"] == case.dates[0]].sort_values("area")
    mean, low, high, chance = (first[n].to_numpy()[usable] for n in ("mean", "q05", "q95", "p_any"))
    error = ((high - low) / 3.29 + 1.0) / np.sqrt(
        NUM_DRAWS
    )  # of the mean of drawn counts, beside their expectation
    assert (np.abs(laws.expected - mean) < 4.0 * error).all()
    assert (np.abs(laws.p_any - chance) < 4.0 * 0.5 / np.sqrt(NUM_DRAWS)).all()
    needed = result.areas["search_m2"].to_numpy()[usable]
    open_areas = (result.areas["verdict"] != "meets").to_numpy()[usable]
    assert open_areas.any()
    assert value.limit_h[open_areas] * PACE == pytest.approx(needed[open_areas], rel=1e-3, nan_ok=True)
    assert np.all(value.next_hours.found <= laws.expected)


def test_detection_that_no_search_used_does_not_go_along_with_what_is_left(worlds: ModuleType) -> None:
    # its draws are even points; two even sets in an order of their own may be functions of one another
    world, _ = simulate_case(worlds.world(np.random.default_rng(3)), rng=np.random.default_rng(4))
    weighed = weigh(replace(world, num_draws=NUM_DRAWS))
    used = set(weighed.posterior.table.method_detect)
    method = next(m for m in world.catalogue.methods if m not in used)
    laws, _ = area_laws(weighed, method)
    others = np.concatenate([weighed.posterior.z, laws.mean, laws.exists], axis=1)
    moving = others[:, np.ptp(others, axis=0) > 0.0]
    going_along = np.corrcoef(laws.p_detect, moving, rowvar=False)[0, 1:]
    assert np.abs(going_along).max() < 4.5 / np.sqrt(NUM_DRAWS)
