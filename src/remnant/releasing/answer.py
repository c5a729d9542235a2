"""The answer of `remnant release`: tables of verdicts, criteria, ways to change, records and both errors."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from remnant.decide import in_all, missing_evidence, stands
from remnant.errors import InvalidInput
from remnant.evidence import AreaRecord, Policy
from remnant.releasing.judge import Judge, Judged, Waiting, worked_in
from remnant.releasing.leaving_out import MOST_RECORDS, RecordWeights, record_weights
from remnant.units import Floats, Ints, date_of, day_number
from remnant.weighing import Progress, Weighed, provenance_of

_STANDS = ("not kept", "cannot tell", "kept")
_SEARCHES = ("clearance", "technical_survey", "visual")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReleaseAnswer:
    """Release verdicts of a case.

    Parameters
    ----------
    date
        Date at which areas are judged: the first asked one.
    tables
        ``areas``
            A row per hazard area: verdict, reasons, criteria in the way (``deciding``), what the policy's minimum of
            evidence still asks for, both errors, least ground to search and by which method, when time alone would keep
            the limits and what would be there then, evidence to fetch.
        ``criteria``
            A row per area and criterion: limit, mean and 90 % interval, chance that it is kept (``sure``).
        ``methods``
            A row per area that does not meet the policy and method: ground to search without a find. [m²]
        ``records``
            A row per area and record that touches it: chances, items and verdict with and without it.
        ``errors``
            Both errors over all areas, with 90 % intervals: of releasing those that meet the policy, and of holding the
            others.
    outlines
        ``area_id`` and geometry of all areas.
    notes
        Plain words on what the numbers rest on.
    provenance
        Version, seed, dates and hashes.
    """

    name: str
    policy: Policy
    as_of: dt.date
    date: dt.date
    seed: int
    tables: Mapping[str, pd.DataFrame]
    outlines: gpd.GeoDataFrame
    notes: tuple[str, ...]
    provenance: Mapping[str, object]


def release_of(
    weighed: Weighed,
    policy: Policy | None = None,
    *,
    methods: Sequence[str] = (),
    most_records: int = MOST_RECORDS,
    progress: Progress | None = None,
) -> ReleaseAnswer:
    """Release verdicts of a weighed case.

    Parameters
    ----------
    policy
        Instead of the case's.
    methods
        Ways of searching, names of the catalogue, to reckon further ground for; none: all of clearance and survey.
    most_records
        Records of one area that are weighed, at most; 0: none.
    progress
        Called with the name of the step and the share done of it.

    Raises
    ------
    InvalidInput
        For a case without hazard areas, a policy that asks for nothing, or a method that is none.
    """
    case = weighed.case
    judge = Judge(weighed, policy)
    if not case.areas.id.size:
        raise InvalidInput("release verdicts need hazard areas; the case has none. Add them.")
    if not judge.policy.criteria:
        raise InvalidInput(
            "release verdicts need a policy; the case states none. Add [policy] to case.toml, or name a file of one."
        )
    known = case.catalogue.activities
    if judge.policy.activity and judge.policy.activity not in known:
        raise InvalidInput(
            f"the policy's activity must be one of the catalogue; got {judge.policy.activity!r}. "
            f"Known: {', '.join(known)}."
        )
    ways = _methods(weighed, methods)
    judged = judge.judge()
    open_areas = np.flatnonzero(judged.verdict != "meets")
    ground = judge.search_m2(ways, open_areas, progress=progress)
    waiting = judge.wait(open_areas, progress=progress)
    weights, records, num_more = record_weights(judge, most=most_records, progress=progress)
    tables = {
        "areas": _areas(judge, judged, open_areas, ground, waiting, weights, records),
        "criteria": _criteria(judge, judged),
        "methods": _by_method(case.areas.id, open_areas, ground),
        "records": _records(weighed, weights, records),
        "errors": _errors(judge, judged),
    }
    return ReleaseAnswer(
        name=case.name,
        policy=judge.policy,
        as_of=case.as_of,
        date=case.dates[0],
        seed=weighed.seed,
        tables=tables,
        outlines=gpd.GeoDataFrame(
            {"area_id": case.areas.id}, geometry=list(case.areas.geometry), crs=case.crs
        ),
        notes=_notes(judge, judged, weights, num_more),
        provenance=provenance_of(case, weighed.seed),
    )


def _methods(weighed: Weighed, asked: Sequence[str]) -> list[str]:
    catalogue = weighed.case.catalogue
    chosen = [catalogue.method(name) for name in asked]
    for entry in chosen:
        if entry.kind not in _SEARCHES:
            raise InvalidInput(
                f"a method of clearance, technical survey or visual search is wanted; {entry.name!r} is "
                f"{entry.kind.replace('_', ' ')}. `remnant methods` lists them."
            )
    every = chosen or [m for m in catalogue.methods.values() if m.kind in _SEARCHES]
    return list(dict.fromkeys(m.name for m in every))


def _areas(
    judge: Judge, judged: Judged, open_areas: Ints, ground: Mapping[str, Floats], waiting: Waiting,
    weights: RecordWeights, records: Sequence[AreaRecord],
) -> pd.DataFrame:  # fmt: skip
    weighed, areas = judge.weighed, judge.weighed.case.areas
    num = areas.id.size
    worked = worked_in(weighed, weighed.reduction)
    least_m2, least_method = np.full(num, np.nan), np.full(num, "", dtype=object)
    for name, need in ground.items():
        less = ~np.isnan(need) & ~(need >= least_m2[open_areas])
        least_m2[open_areas[less]], least_method[open_areas[less]] = need[less], name
    meets = judged.verdict == "meets"
    least_m2[meets] = 0.0
    waits = {
        name: _spread_out(getattr(waiting, name), open_areas, num) for name in Waiting.__dataclass_fields__
    }
    first = day_number(weighed.case.dates[0])
    return pd.DataFrame(
        {
            "area_id": areas.id,
            "hazard_class": areas.hazard_class,
            "status": areas.status,
            "area_m2": weighed.reduction.area_m2,
            "verdict": judged.verdict,
            "reasons": judged.reasons,
            "deciding": judged.deciding,
            "missing_evidence": missing_evidence(judge.policy, worked),
            "place_known": worked.place_known,
            "searched_share": worked.searched_share,
            "cleared_share": worked.cleared_share,
            "told_share": worked.told_share,
            "p_item_left": judged.errors.p_item_left,
            "p_armed_left": judged.errors.p_armed_left,
            "items_left": judged.errors.items_left,
            "p_clean": judged.errors.p_clean,
            "clean_m2_held": judged.errors.clean_m2_held,
            "break_even": judged.errors.break_even,
            "search_m2": least_m2,
            "search_method": least_method.astype(str),
            "wait_until": _dates(waits["until"]),
            "wait_days": waits["until"] - first,
            "wait_not_by": _dates(waits["not_by"]),
            "p_item_after_wait": waits["p_any"],
            "armed_after_wait": waits["armed"],
            "expired_after_wait": waits["expired"],
            "duds_after_wait": waits["dud"],
            "to_fetch": _to_fetch(judge, judged, worked.place_known, weights, records),
        }
    )  # fmt: skip


def _spread_out(values: Floats, areas: Ints, num: int) -> Floats:
    out = np.full(num, np.nan)
    out[areas] = values
    return out


def _dates(days: Floats) -> list[dt.date | None]:
    return [None if np.isnan(d) else date_of(d) for d in days.tolist()]


def _to_fetch(
    judge: Judge, judged: Judged, place_known: NDArray[np.bool_], weights: RecordWeights,
    records: Sequence[AreaRecord],
) -> list[str]:  # fmt: skip
    """Evidence that would help and that someone may have, in words."""
    case, reduction = judge.weighed.case, judge.weighed.reduction
    parts: list[list[str]] = [[] for _ in range(case.areas.id.size)]
    for a, words in enumerate(parts):
        if judged.verdict[a] == "meets":
            continue
        if not place_known[a]:
            words.append("its outline")
        elif not reduction.area_searched[a] > 0.0:
            words.append("any record of survey, clearance or use of the land")
    for row in np.flatnonzero([records[i].change == "nothing found" for i in weights.record]):
        a, record = int(weights.area[row]), records[int(weights.record[row])]
        if judged.verdict[a] != "meets":
            change = weights.verdict_without[row]
            so = (
                f"it would be {change!r}" if change != weights.verdict_with[row] else "the verdict would stay"
            )
            parts[a].append(
                f"what search {case.searches.id[record.index]} found (if nothing: {so}, chance of an item "
                f"{100 * weights.p_explosive_without[row]:.2g} %)"
            )
    return ["; ".join(words) for words in parts]


def _criteria(judge: Judge, judged: Judged) -> pd.DataFrame:
    ids = judge.weighed.case.areas.id
    tables = [
        pd.DataFrame(
            {
                "area_id": ids,
                "criterion": criterion,
                "decides": judge.policy.decides(criterion),
                "limit": check.limit,
                "mean": check.mean,
                "q05": check.low,
                "q95": check.high,
                "sure": check.sure,
                "stands": np.array(_STANDS)[stands(check.sure)],
            }
        )
        for criterion, check in judged.checks.items()
    ]
    every = pd.concat(tables, ignore_index=True)
    every["_area"] = np.tile(np.arange(ids.size), len(tables))
    return every.sort_values("_area", kind="stable", ignore_index=True).drop(columns="_area")


def _by_method(ids: NDArray[np.str_], open_areas: Ints, ground: Mapping[str, Floats]) -> pd.DataFrame:
    names = list(ground)
    need = np.stack([ground[n] for n in names], axis=1) if names else np.zeros((open_areas.size, 0))
    return pd.DataFrame(
        {
            "area_id": np.repeat(ids[open_areas], len(names)),
            "method": np.tile(np.array(names, dtype=str), open_areas.size),
            "search_m2": need.ravel(),
        }
    )


def _records(weighed: Weighed, weights: RecordWeights, records: Sequence[AreaRecord]) -> pd.DataFrame:
    case = weighed.case
    tables: dict[str, Any] = {"search": case.searches, "delivery": case.deposits}
    chosen = [records[i] for i in weights.record]
    held = [tables.get(r.kind, case.events) for r in chosen]
    days = [_day(t, r.index) for t, r in zip(held, chosen, strict=True)]
    return pd.DataFrame(
        {
            "area_id": case.areas.id[weights.area],
            "kind": [r.kind for r in chosen],
            "record_id": [str(t.id[r.index]) for t, r in zip(held, chosen, strict=True)],
            "layer": [str(t.source.layer[r.index]) for t, r in zip(held, chosen, strict=True)],
            "row": [int(t.source.row[r.index]) for t, r in zip(held, chosen, strict=True)],
            "date": _dates(np.array(days, np.float64)),
            "change": [r.change for r in chosen],
            "p_armed_with": weights.p_armed_with,
            "p_armed_changed": weights.p_armed_without,
            "p_item_with": weights.p_explosive_with,
            "p_item_changed": weights.p_explosive_without,
            "items_with": weights.items_with,
            "items_changed": weights.items_without,
            "verdict_with": weights.verdict_with,
            "verdict_changed": weights.verdict_without,
            "is_decisive": weights.verdict_with != weights.verdict_without,
            "share_of_draws": weights.share_of_draws,
            "is_rough": weights.is_rough,
        }
    )


def _day(table: Any, index: int) -> float:
    """Last day of a record; NaN unknown. [d]"""
    return float(getattr(table, "day" if hasattr(table, "day") else "end_day")[index])


def _errors(judge: Judge, judged: Judged) -> pd.DataFrame:
    """Both errors over all areas, simulated draw by draw."""
    weighed = judge.weighed
    rng = np.random.default_rng([weighed.seed, *b"release"])
    known = ~np.isnan(judged.p_any).any(axis=0)
    rows: list[dict[str, object]] = []
    for is_held, decision, error in (
        (False, "release those that meet the policy", "released with an item in it"),
        (True, "hold back all others", "held back with nothing in it"),
    ):
        chosen = known & ((judged.verdict == "meets") != is_held)
        p_any = judged.p_any.astype(np.float64)
        found = in_all(p_any, chosen, judge.area_m2, rng=rng, is_held=is_held)
        row: dict[str, object] = {"decision": decision, "num_areas": int(chosen.sum())}
        row |= {"area_m2": float(judge.area_m2[chosen].sum()), "error": error}
        for what, name in (("areas", "wrong_areas"), ("size", "wrong_m2")):
            row |= dict(zip((f"{name}_mean", f"{name}_q05", f"{name}_q95"), found[what], strict=True))
        items = judged.items[:, chosen].sum(axis=1, dtype=np.float64)
        row |= {"items_mean": float(items.mean()) if chosen.any() else 0.0}
        rows.append(row)
    return pd.DataFrame(rows)


def _notes(judge: Judge, judged: Judged, weights: RecordWeights, num_more: int) -> tuple[str, ...]:
    policy, areas = judge.policy, judge.weighed.case.areas
    out = [
        "The program states how the evidence stands against the policy. It releases nothing: a person does."
    ]
    known = set(areas.hazard_class.tolist())
    idle = [m.hazard_class for m in policy.minimum if m.hazard_class and m.hazard_class not in known]
    if idle:
        out.append(f"The policy's minimum of evidence names classes that no area has: {', '.join(idle)}.")
    others = areas.id.size - judge.own.size
    if others:
        out.append(
            f"{others} of {areas.id.size} areas lie wholly under another one, which carries their estimate."
        )
    aside = [c for c in policy.criteria if not policy.decides(c)]
    if aside:
        out.append(f"Told but not deciding, as the policy says: {', '.join(aside)}.")
    if num_more:
        out.append(
            f"{num_more} more records of areas were not weighed; ask for more of them to see what they weigh."
        )
    rough = int(weights.is_rough.sum())
    if rough:
        out.append(
            f"{rough} of {weights.area.size} weights of records are rough: the record says so much of what all areas "
            "share that few draws can tell what would be without it."
        )
    if not judge.has_clock:
        out.append("No type here changes with time, so waiting changes nothing.")
    return tuple(out)
