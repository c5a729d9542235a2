"""How much ground is left to search in a variant: all of it, and until the case's policy is met."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from remnant.decide import search_share_needed
from remnant.decide.scenario import (
    Variant,
    p_nothing_found,
    search_left,
)
from remnant.evidence import Case, FutureSearch, Reduction, surveyed_areas
from remnant.field import (
    CarriedPosterior,
    DensityPosterior,
    count_remaining,
    summarise,
)
from remnant.releasing import usual_method
from remnant.units import Floats, Ints, day_number
from remnant.weighing import Weighed, area_laws


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class World:
    """A variant ready to be measured.

    Parameters
    ----------
    before
        The same before the searches that the variant asks for; None: it asks for none.
    alias
        Class → class that it stands in for.
    """

    case: Case
    posterior: DensityPosterior
    alias: dict[str, str]
    before: World | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GroundLeft:
    """Recorded ground, ground until the policy is met by draw and day (NaN: not asked), areas beyond one pass. [m²]"""

    recorded_m2: float
    search_m2: Floats | None
    num_more: tuple[int, ...]


def policy_limit(case: Case) -> float | None:
    """The stricter of the policy's limits on a chance."""
    stated = [v for v in (case.policy.p_any_armed_max, case.policy.p_any_explosive_max) if v is not None]
    return min(stated, default=None)


def ground_left(world: World, variant: Variant, asked: Ints, seed: int) -> GroundLeft:
    """Ground that is left to search, after the searches of the variant if it has any."""
    case, first = world.case, world.before or world
    reduction = first.posterior.reduction
    has_own = np.isin(np.arange(case.areas.id.size), reduction.source_area)
    mine = np.flatnonzero((case.areas.status == "open") & has_own & (reduction.area_owned_m2 > 0.0))
    owned = reduction.area_owned_m2[mine]
    worked = np.zeros((mine.size, len(variant.changes)))
    for k, change in enumerate(variant.changes):
        if isinstance(change, FutureSearch):
            worked[:, k] = change.coverage * surveyed_areas(case, change)[mine]
    whole = _recorded_m2(case, reduction) - float(((1.0 - np.prod(1.0 - worked, axis=1)) * owned).sum())
    limit, num, num_days = policy_limit(case), len(first.posterior.z), len(case.dates)
    if limit is None or not mine.size:
        return GroundLeft(recorded_m2=whole, search_m2=None, num_more=())
    search, more = np.full((num, num_days), np.nan), np.zeros(num_days, np.int64)
    weighed = thin_weighed(first.case, first.posterior, seed)
    for t in asked:
        laws, usable = area_laws(weighed, usual_method(case), day_number(case.dates[t]))
        # an area of unknown place has no law: all of its ground is left
        here = np.searchsorted(usable, mine)
        known = np.isin(mine, usable)
        share = np.full(mine.size, np.nan)
        share[known] = search_share_needed(
            limit,
            laws.exists[:, here[known]],
            laws.mean[:, here[known]],
            laws.mean[:, here[known]] * (1.0 + laws.mean[:, here[known]] / laws.size[:, here[known]]),
            laws.p_detect,
        )
        more[t] = int(np.isnan(share).sum())
        left = np.where(np.isnan(share), 1.0, share) * owned * np.ones((num, 1))
        if isinstance(world.posterior, CarriedPosterior) and worked.any():
            left[:, known] = _after_searches(
                laws_at=(laws.exists[:, here[known]], laws.mean[:, here[known]], laws.size[:, here[known]]),
                clearance=laws.p_detect, worked=worked[known], share=share[known], owned=owned[known],
                names=[str(case.areas.id[a]) for a in mine[known]], variant=variant, case=case,
                after=world.posterior, seed=seed,
            )  # fmt: skip
        search[:, t] = left.sum(axis=1)
    return GroundLeft(recorded_m2=whole, search_m2=search, num_more=tuple(more.tolist()))


def _after_searches(
    *, laws_at: tuple[Floats, Floats, Floats], clearance: Floats, worked: Floats, share: Floats, owned: Floats,
    names: Sequence[str], variant: Variant, case: Case, after: DensityPosterior, seed: int,
) -> Floats:  # fmt: skip
    """(n_draws, n_areas) ground left after searches that, by draw, find something or nothing. [m²]"""
    exists, mean, size = laws_at
    num = len(exists)
    missed = np.ones((num, len(names)))  # share of the items that all searches miss
    for k, change in enumerate(variant.changes):
        if isinstance(change, FutureSearch):
            p_detect = _detection(after, case.catalogue.method(change.method).name)
            missed *= 1.0 - worked[:, k] * p_detect[:, None]
    place = np.stack(
        [np.random.default_rng([seed, *b"outcome", *name.encode()]).random(num) for name in names], axis=1
    )
    nothing = np.stack(
        [
            p_nothing_found(1.0, exists[:, [a]], mean[:, [a]], size[:, [a]], 1.0 - missed[:, a])[:, 0]
            for a in range(len(names))
        ],
        axis=1,
    )
    coverage = 1.0 - np.prod(1.0 - worked, axis=1)
    seen = 1.0 - missed.mean(axis=0)
    worth = np.divide(seen, coverage * clearance.mean(), out=np.zeros_like(seen), where=coverage > 0.0)
    return search_left(share, coverage, worth, place < nothing, owned)


def _detection(posterior: DensityPosterior, method: str) -> Floats:
    """(n_draws,) chance that a method which the case uses finds an item."""
    values = posterior.table.values(posterior.z)
    return np.asarray(values[:, posterior.table.method_detect[method]])


def _recorded_m2(case: Case, reduction: Reduction) -> float:
    """Ground of open hazard areas and of deliveries: every metre on record. [m²]"""
    is_open = case.areas.status == "open"
    missing = shapely.is_missing(case.areas.geometry)
    shapes = [*case.areas.geometry[is_open & ~missing]]
    shapes += [g for g in case.deposits.geometry if g is not None]
    return float(shapely.union_all(shapes).area) + float(reduction.area_m2[is_open & missing].sum())


def thin_weighed(case: Case, posterior: DensityPosterior, seed: int) -> Weighed:
    """What harm and laws of areas read of a weighed case, without maps."""
    counted = count_remaining(
        posterior, [day_number(case.as_of)], day_number(case.as_of), {}, seed=[seed, *b"count"], num_draws=1
    )
    nothing = summarise(np.zeros((1, 0, len(case.dates), 4), np.int64))
    return Weighed(
        case=case, seed=seed, reduction=posterior.reduction, posterior=posterior, groups={}, area_portions={},
        counted=counted, over_time=counted, in_cells=nothing, mixed=np.zeros(0, np.int64),
    )  # fmt: skip
