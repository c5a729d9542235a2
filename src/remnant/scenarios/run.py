"""Variants of a case, weighed side by side on the same random numbers: the only place that wires a scenario's steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from remnant.assessment import answer as answer_case
from remnant.decide.plan import PlanAnswer, PlanAreas, Programme, make_plan
from remnant.decide.scenario import (
    Effort,
    Run,
    Scenario,
    ScenarioAnswer,
    Variant,
    to_date,
    with_budget,
    work_for,
)
from remnant.errors import InvalidInput, RemnantError
from remnant.evidence import Case, FutureSearch, Reduction, aliases, changed, reduce_case
from remnant.fate import type_on_basis, with_setting
from remnant.field import (
    DensityPosterior,
    PairedCounts,
    StratumPosterior,
    area_states,
    carry_over,
    paired_counts,
)
from remnant.harming import HARM_UNIT, harm_of
from remnant.planning import areas_to_plan
from remnant.risk import People, deminer_risk, draw_demining
from remnant.scenarios.ground import World, ground_left, policy_limit, thin_weighed
from remnant.units import YEAR_D, Floats, Ints, date_of, day_number
from remnant.weighing import Weighed, fit, weighed_with

Progress = Callable[[str, float], None]
Programmes = Callable[[PlanAreas], Programme]
_GRID_D = (0, 1, 2, 3, 4, 5, 7, 9, 11, 12, 13, 14, 15, 16, 18, 21, 25, 30, 45, 60, 90, 120, 180, 270)
_GRID_Y = (1, 1.5, 2, 3, 4, 5, 7, 10, 15, 20, 25, 30)
_DEMINING = "manual"


def run_scenario(
    case: Case,
    scenario: Scenario,
    *,
    people: People | None = None,
    programmes: Programmes | None = None,
    seed: int | None = None,
    progress: Progress | None = None,
) -> ScenarioAnswer:
    """Every variant of a case, on the same random numbers, and their differences.

    Parameters
    ----------
    case, scenario
        The case as it is, and what is asked.
    people
        Where people live; None: casualties are not reckoned.
    programmes
        Makes the programme of a variant from its areas; None: no plan is made.
    seed
        Overrides the case's seed.
    progress
        Called with the name of the variant and the share done.
    """
    seed = case.seed if seed is None else seed
    as_of, tell = day_number(case.as_of), progress or (lambda _words, _share: None)
    asked = scenario.dates or case.dates
    last = max(day_number(d) for d in asked)
    grid = {as_of + d for d in _GRID_D} | {as_of + round(y * YEAR_D) for y in _GRID_Y}
    days = sorted({day_number(d) for d in asked} | {d for d in grid if d <= last})
    case = replace(case, dates=tuple(date_of(d) for d in days))
    variants = (Variant(name=scenario.base, note=scenario.base_note), *scenario.variants)
    for variant in variants:
        _try(case, variant, seed)
        _try_budget(scenario, variant, has_plan=programmes is not None)
    tell(scenario.base, 0.0)
    learned = fit(case, reduce_case(case), seed=seed)
    shown = tuple(days.index(day_number(d)) for d in asked)
    runs = []
    for k, variant in enumerate(variants):
        tell(variant.name, k / len(variants))
        with _named(variant):
            world, notes = _world(case, learned, variant, seed)
            runs.append(_measured(world, variant, scenario, notes, people, programmes, np.array(shown), seed))
    names = [v.name for v in variants]
    return ScenarioAnswer(
        scenario=scenario,
        case=case,
        dates=tuple(asked),
        days=np.array(days),
        shown=shown,
        runs=tuple(runs),
        against=names.index(scenario.against) if scenario.against else 0,
        seed=seed,
        has_people=people is not None,
        has_policy=policy_limit(case) is not None,
    )


@contextmanager
def _named(variant: Variant) -> Iterator[None]:
    """Refusals say which variant of which file they are about."""
    try:
        yield
    except RemnantError as error:
        file = f"{variant.file}: " if variant.file else ""
        raise InvalidInput(f"{file}variant {variant.name!r}: {error}") from None


def _try(case: Case, variant: Variant, seed: int) -> None:
    """Refuse what cannot be made of the records, before anything long is begun."""
    with _named(variant):
        after = changed(_believed(case, variant, seed)[0], variant.changes)
        known = {*case.catalogue.priors, *case.priors}
        strange = sorted(set(variant.priors) - known)
        if strange:
            raise InvalidInput(
                f"priors must name priors of the model; {strange[0]!r} is none. There are: {', '.join(sorted(known))}."
            )
        there = {after.catalogue.ordnance(n).name for own in after.areas.types for n in own}
        there |= {after.catalogue.ordnance(str(n)).name for n in after.deposits.type}
        there |= {after.catalogue.ordnance(n).name for n in after.default_types}
        for belief in variant.beliefs:
            if after.catalogue.ordnance(belief.type).name not in there:
                raise InvalidInput(
                    f"fate must be of a type that its records name; {belief.type!r} is not among them "
                    f"({', '.join(sorted(there))}), so nothing would change. Correct the type, or replace one by it."
                )


def _try_budget(scenario: Scenario, variant: Variant, *, has_plan: bool) -> None:
    """Refuse another budget where none is reckoned with."""
    effort = variant.effort or scenario.effort
    has_budget = has_plan or (effort is not None and effort.usd_per_year is not None)
    if (variant.budget_factor != 1.0 or variant.budget_end is not None) and not has_budget:
        with _named(variant):
            raise InvalidInput(
                "programme changes a budget, and none is given. Give a plan file with --plan, or usd_per_year in "
                "[effort]."
            )


def _world(
    case: Case, learned: DensityPosterior, variant: Variant, seed: int
) -> tuple[World, tuple[str, ...]]:
    """The case as a variant has it, and what is known of it; what was learned of the case as it is stays learned."""
    believed, notes = _believed(case, variant, seed)
    if variant.priors or _touches(learned.reduction, [b.type for b in variant.beliefs], case):
        anew = fit(believed, reduce_case(believed), seed=seed)
        if isinstance(anew, StratumPosterior) and isinstance(learned, StratumPosterior):
            anew = anew.paired_with(learned)
        learned = anew
    searches = tuple(c for c in variant.changes if isinstance(c, FutureSearch))
    others = tuple(c for c in variant.changes if not isinstance(c, FutureSearch))
    world = World(case=believed, posterior=learned, alias={})
    if others:
        world = _carried(world, changed(believed, others), learned, believed, seed)
    if searches:
        after = _carried(world, changed(world.case, searches), learned, believed, seed)
        world = replace(after, before=world)
    return world, notes


def _carried(world: World, case: Case, learned: DensityPosterior, believed: Case, seed: int) -> World:
    alias = aliases(believed, case)
    posterior = carry_over(learned, case, reduce_case(case), alias, seed=seed)
    return World(case=case, posterior=posterior, alias=alias)


def _touches(reduction: Reduction, types: Sequence[str], case: Case) -> bool:
    """Whether any record is about one of the types, so that another belief changes what the records say."""
    mine = {case.catalogue.ordnance(c.type).name for c in reduction.classes}
    return any(case.catalogue.ordnance(name).name in mine for name in types)


def _believed(case: Case, variant: Variant, seed: int) -> tuple[Case, tuple[str, ...]]:
    """The case with the variant's beliefs and priors, and what they mean in words."""
    types, notes = dict(case.catalogue.types), []
    for belief in variant.beliefs:
        name = case.catalogue.ordnance(belief.type).name
        rng = np.random.default_rng([seed, *b"belief", *name.encode()])
        entry, note = type_on_basis(
            types[name], belief.basis, case.catalogue, claim=belief.claim, unconfirmed=belief.unconfirmed, rng=rng
        )  # fmt: skip
        if belief.ranges:
            entry = replace(entry, fate=replace(entry.fate, **belief.ranges))
            note += f"; with the variant's own {', '.join(belief.ranges)}"
        types[name] = entry
        notes.append(f"{name}: {note}.")
    if not variant.beliefs and not variant.priors:
        return case, ()
    catalogue = replace(case.catalogue, types=types)
    return replace(case, catalogue=catalogue, priors={**case.priors, **variant.priors}), tuple(notes)


def _measured(
    world: World, variant: Variant, scenario: Scenario, notes: tuple[str, ...], people: People | None,
    programmes: Programmes | None, asked: Ints, seed: int,
) -> Run:  # fmt: skip
    """Every measure of a variant, by draw and day of the grid."""
    case, days = world.case, [day_number(d) for d in world.case.dates]
    counted = paired_counts(
        world.posterior, days, day_number(case.as_of), seed=[seed, *b"scenario"], alias=world.alias
    )
    draws, expected = _items(counted)
    weighed = thin_weighed(case, world.posterior, seed)
    unknown, harm = 0, None
    if case.areas.id.size:
        draws["deminer_accidents"] = _deminers(weighed)
        if people is not None:
            told = harm_of(weighed, people)
            harm, unknown = told.casualties, told.num_unknown
            known = ~np.isnan(harm).any(axis=(0, 2))
            items = area_states(world.posterior, days, day_number(case.as_of)).sum(axis=3)[:, known]
            draws["casualties_per_year"] = harm[:, known].sum(axis=1)
            draws["casualties_to_date"] = to_date(
                harm[:, known], told.civilians.accidents[:, known], items, np.array(days)
            )
    num = len(world.posterior.z)
    ground = ground_left(world, variant, asked, seed)
    draws["ground_m2"] = np.full((num, 1), ground.recorded_m2)
    if ground.search_m2 is not None:
        draws["search_m2"] = ground.search_m2
    effort = variant.effort or scenario.effort
    if effort is not None:
        draws |= _work(effort, variant, case, draws, seed)
    plan = None
    if programmes is not None and case.areas.id.size:
        plan = _plan(world, variant, harm, programmes, seed)
        draws |= _of_plan(plan)
    return Run(
        variant=variant, draws=draws, expected=expected, notes=notes, plan=plan, num_unknown=unknown,
        num_more=ground.num_more, sources=_sources(case, world.posterior.reduction),
    )  # fmt: skip


def _items(counted: PairedCounts) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Items of the whole case by state: drawn numbers, and what each draw expects."""
    numbers, mean = counted.counts.sum(axis=1), counted.expected.sum(axis=1)
    draws = {name: numbers[:, :, k] for k, name in enumerate(("armed", "expired", "dud"))}
    expected = {name: mean[:, :, k] for k, name in enumerate(("armed", "expired", "dud"))}
    draws = {"items": numbers.sum(axis=2), **draws, "p_any_armed": -np.expm1(-mean[:, :, 0])}
    return draws, {"items": mean.sum(axis=2), **expected}


def _deminers(weighed: Weighed) -> Floats:
    """(n_draws, n_days) accidents of de-miners, were all areas with a number cleared by hand from each day on."""
    case, num = weighed.case, len(weighed.posterior.z)
    items = area_states(weighed.posterior, weighed.days, weighed.as_of_day)
    owned = weighed.reduction.area_owned_m2
    mine = np.flatnonzero(np.isfinite(owned) & (owned > 0.0) & ~np.isnan(items).any(axis=(0, 2, 3)))
    rng = np.random.default_rng([weighed.seed, *b"demining", *_DEMINING.encode()])
    factors = draw_demining(case.catalogue.demining[_DEMINING], num, rng=rng)
    return np.stack(
        [
            deminer_risk(items[:, mine, t], owned[mine], factors).accidents.sum(axis=1)
            for t in range(len(case.dates))
        ],
        axis=1,
    )


def _work(
    effort: Effort, variant: Variant, case: Case, draws: dict[str, Floats], seed: int
) -> dict[str, Floats]:
    """Cost and time of searching what there is to search; pace and cost of a day are the same in every variant."""
    if effort.usd_per_year is not None:
        effort = replace(effort, usd_per_year=effort.usd_per_year * variant.budget_factor)
    out: dict[str, Floats] = {}
    for name in ("ground", "search"):
        if f"{name}_m2" not in draws:
            continue
        area = draws[f"{name}_m2"]
        columns = [
            work_for(effort, area[:, t], rng=np.random.default_rng([seed, *b"effort"]))
            for t in range(area.shape[1])
        ]
        usd = np.stack([c.usd for c in columns], axis=1)
        years = np.stack([c.years for c in columns], axis=1)
        if variant.budget_end is not None:
            until = (day_number(variant.budget_end) - day_number(case.as_of)) / YEAR_D
            years = np.where(years > until, np.inf, years)
        out |= {f"{name}_usd": usd, f"{name}_years": years}
    return out


def _plan(
    world: World, variant: Variant, harm: Floats | None, programmes: Programmes, seed: int
) -> PlanAnswer:
    """The plan of a variant, on casualties where they are known of every open area, else on armed items."""
    weighed = weighed_with(world.case, world.posterior, seed=seed)
    told = answer_case(weighed)
    is_open = world.case.areas.status == "open"
    if harm is not None and not np.isnan(harm[:, is_open]).any():
        areas, _ = areas_to_plan(weighed, told, harm=harm, harm_unit=HARM_UNIT)
    else:
        areas, _ = areas_to_plan(weighed, told)
    return make_plan(
        with_budget(programmes(areas), variant.budget_factor, variant.budget_end), seed=seed, num_draws=0
    )


def _of_plan(plan: PlanAnswer) -> dict[str, Floats]:
    start, (chosen, every) = plan.programme.start_d, plan.completion
    num = chosen.days.size

    def sure(value: float) -> Floats:
        return np.full((num, 1), value)

    return {
        "plan_usd": sure(plan.usd),
        "plan_harm": sure(plan.harm),
        "plan_land_m2": sure(plan.land_m2),
        "plan_years": (chosen.days[:, None] - start) / YEAR_D,
        "all_years": (every.days[:, None] - start) / YEAR_D,
    }


def _sources(case: Case, reduction: Reduction) -> tuple[tuple[str, str, float, float, str, str, str], ...]:
    """Every number of the fate of every class on record, with its source; what is held at a stated share first."""
    rows: dict[tuple[str, str], tuple[str, str, float, float, str, str, str]] = {}
    for entry in reduction.classes:
        kind, setting = with_setting(case.catalogue.ordnance(entry.type), entry.setting)
        label = kind.name + (f" ({setting})" if setting else "")
        for held in kind.held:
            age = "" if held.age_d is None else f" at {held.age_d:g} d"
            name = f"{held.quantity}{age}, as stated"
            rows[label, name] = (
                label,
                name,
                held.share.low,
                held.share.high,
                "1",
                held.share.basis,
                held.share.source,
            )
        for name in type(kind.fate).__dataclass_fields__:
            number = getattr(kind.fate, name)
            rows[label, name] = (
                label,
                name,
                number.low,
                number.high,
                number.unit,
                number.basis,
                number.source,
            )
    return tuple(rows.values())
