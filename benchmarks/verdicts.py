"""Release verdicts on 10,000 hazard areas of a weighed case: limits on chances, densities, risk and evidence.

The draws are those of the prior: what is measured is the way from draws to verdicts, not the fit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import shapely

from benchmarks.reduction import TYPES, _source, blobs, records
from remnant.evidence import Case, MinimumEvidence, Policy, reduce_case
from remnant.field.groups import groups_of
from remnant.field.stratum import posterior_at
from remnant.releasing import Judge, Judged, record_weights
from remnant.weighing import Weighed, weighed_with

TITLE = "Release verdicts on 10,000 hazard areas"
REPEATS = 1
BASE = None
LIMIT_S = 10.0
NUM_AREAS = 10_000
_CHANCES = Policy(p_any_armed_max=0.01, p_any_explosive_max=0.05)
_ALL = replace(
    _CHANCES,
    density_q95_max_per_km2={"armed": 1.0, "explosive": 5.0},
    individual_risk_max_per_year=1e-5,
    activity="farming",
    minimum=(MinimumEvidence(searched_share_min=0.5),),
)


def prepare(num: int = NUM_AREAS) -> Weighed:
    """A case weighed with draws from the prior, and a small one first so that everything is compiled."""
    if num == NUM_AREAS:
        small = prepare(100)
        for variant in VARIANTS.values():
            variant(small)
    case = register(num)
    groups = groups_of(case, reduce_case(case))
    z = np.random.default_rng([2026, *b"draws"]).standard_normal(
        (case.num_draws, len(groups.table.parameters))
    )
    return weighed_with(case, posterior_at(groups, z, 0.0), seed=case.seed)


def register(num: int) -> Case:
    """Areas side by side, seven in ten of them searched once, some twice; one search in ten found something."""
    rng = np.random.default_rng([2026, *b"verdicts"])
    side = int(np.ceil(np.sqrt(num)))
    row, col = np.divmod(np.arange(num), side)
    centre = 500.0 * np.stack([col, row], axis=1)
    host = np.concatenate([np.flatnonzero(rng.random(num) < 0.7), np.flatnonzero(rng.random(num) < 0.2)])
    radius = rng.uniform(60.0, 180.0, num)
    found = rng.random(host.size) < 0.1
    lucky = np.repeat(np.flatnonzero(found), rng.integers(1, 6, int(found.sum())))
    base = records(0.002)
    day = np.floor(rng.uniform(12_000.0, 19_000.0, host.size))
    ids = np.array([f"s{i}" for i in range(host.size)])
    return replace(
        base,
        name=f"{num:,} areas",
        areas=replace(
            base.areas,
            id=np.array([f"a{i}" for i in range(num)]),
            geometry=blobs(centre, radius, num_vertices=16, rng=rng),
            hazard_class=rng.choice(["SHA", "CHA"], num),
            status=np.full(num, "open"),
            types=tuple((TYPES[int(i)],) for i in rng.integers(len(TYPES), size=num)),
            start_day=np.full(num, 8_400.0),
            end_day=np.full(num, 9_400.0),
            reported_area_m2=np.full(num, np.nan),
            source=_source(num, "areas"),
        ),
        searches=replace(
            base.searches,
            id=ids,
            geometry=blobs(
                centre[host], radius[host] * rng.uniform(0.3, 1.3, host.size), num_vertices=12, rng=rng
            ),
            method=rng.choice(["manual detector", "dogs"], host.size),
            start_day=day,
            end_day=day + 20.0,
            coverage=np.ones(host.size),
            items_found=np.full(host.size, np.nan),
            is_complete=rng.random(host.size) < 0.8,
            type=np.full(host.size, ""),
            source=_source(host.size, "searches"),
        ),
        events=replace(
            base.events,
            id=np.array([f"e{i}" for i in range(lucky.size)]),
            geometry=shapely.points(centre[host[lucky]] + rng.uniform(-15.0, 15.0, (lucky.size, 2))),
            precision_m=np.zeros(lucky.size),
            kind=np.full(lucky.size, "find"),
            type=np.array([TYPES[0]] * lucky.size),
            num_items=np.ones(lucky.size),
            day=day[lucky] + 5.0,
            search_id=ids[lucky],
            source=_source(lucky.size, "events"),
        ),
    )


def chances(weighed: Weighed) -> Judged:
    """Two limits on chances."""
    return Judge(weighed, _CHANCES).judge()


def everything(weighed: Weighed) -> Judged:
    """Every kind of limit."""
    return Judge(weighed, _ALL).judge()


def to_search(weighed: Weighed) -> Any:
    """Ground to search by one method, where the policy is not met."""
    judge = Judge(weighed, _CHANCES)
    return judge.search_m2(["manual detector"], np.arange(judge.area_m2.size))


def by_record(weighed: Weighed) -> Any:
    """What each of at most two records of an area weighs."""
    return record_weights(Judge(weighed, _CHANCES), most=2)


VARIANTS: Mapping[str, Callable[[Weighed], Any]] = {
    "verdicts, limits on chances": chances,
    "verdicts, every kind of limit": everything,
    "ground to search, one method": to_search,
    "weights of two records an area": by_record,
}


def facts(_: Any, results: Mapping[str, Any]) -> dict[str, str]:
    """What was judged."""
    weights, tried, more = results["weights of two records an area"]
    judged = results["verdicts, every kind of limit"]
    return {
        "areas": f"{judged.verdict.size:,}",
        "weights": f"{weights.area.size:,} of {len(tried):,} records; {more:,} pairs left aside",
    }
