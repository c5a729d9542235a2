"""What each record weighs: chances and verdict of the areas that it touches if it were left out.

The case is reduced anew without the record, densities and existence are conditioned on what is left in closed form,
and the draws of what all areas share are weighed by how much less likely the record's absence makes them. Records that
touch no common area are changed together, so that a case needs as many reductions as its busiest area has records.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remnant.decide import Worked, bare_verdicts, checks_of
from remnant.evidence import AreaRecord, batches_of, records_of_areas, reduce_case, with_changed_records
from remnant.field import FieldPosterior, StratumPosterior, conditioned_on, evidence_of_areas, left_in_areas
from remnant.releasing.judge import Judge, worked_in
from remnant.units import Floats, Ints
from remnant.weighing import Progress

MOST_RECORDS = 8
"""Records of one area that are weighed, at most."""
_DRAWS = 1000
_EFFECTIVE = 0.2  # least share of draws that must carry the weight
_NUMBERS_HELD = 3e7  # draws times areas


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RecordWeights:
    """One row per area and record that touches it; all (n,).

    Parameters
    ----------
    area
        Index of the hazard area.
    record
        Index into `records`.
    p_armed_with, p_armed_without, p_explosive_with, p_explosive_without
        Chance of an armed, and of any explosive, item with the records as they are, and with this one changed. [1]
    items_with, items_without
        Explosive items expected. [items]
    verdict_with, verdict_without
        Of the policy.
    share_of_draws
        Share of the draws that carry the answer: below 0.2 it is rough. [1]
    """

    area: Ints
    record: Ints
    p_armed_with: Floats
    p_armed_without: Floats
    p_explosive_with: Floats
    p_explosive_without: Floats
    items_with: Floats
    items_without: Floats
    verdict_with: NDArray[np.str_]
    verdict_without: NDArray[np.str_]
    share_of_draws: Floats

    @property
    def is_rough(self) -> NDArray[np.bool_]:
        """Whether too few draws carry the answer for its digits to be trusted."""
        return np.asarray(self.share_of_draws < _EFFECTIVE)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _State:
    """Chances, items and verdict of some areas, all (n,)."""

    p_armed: Floats
    p_explosive: Floats
    items: Floats
    verdict: NDArray[np.str_]


def record_weights(
    judge: Judge, *, most: int = MOST_RECORDS, progress: Progress | None = None
) -> tuple[RecordWeights, list[AreaRecord], int]:
    """What the verdicts would be without each record; and if searches of unknown outcome had found nothing.

    Parameters
    ----------
    judge
        A weighed case and a policy.
    most
        Records of one area, at most.
    progress
        Called with the name of the step and the share done.

    Returns
    -------
    The weights, the records, and how many more records of areas were not looked at.
    """
    weighed = judge.weighed
    case, num_areas = weighed.case, judge.area_m2.size
    records, num_more = records_of_areas(case, most=most)
    draws = np.arange(min(len(weighed.posterior.z), _DRAWS, max(100, int(_NUMBERS_HELD / max(1, num_areas)))))
    parts: list[dict[str, NDArray[Any]]] = []
    if records:
        known = conditioned_on(weighed.posterior, case, weighed.reduction, draws)
        before = evidence_of_areas(known)
        touched = np.unique(np.concatenate([r.areas for r in records]))
        even = np.full((draws.size, num_areas), 1.0 / draws.size)
        base = _state_of(judge, known, touched, draws, even, worked_in(weighed, weighed.reduction))
    batches = batches_of(records, num_areas)
    for n, batch in enumerate(batches):
        other = with_changed_records(case, [records[i] for i in batch])
        reduction = reduce_case(other, by_tiles=case.region is not None)
        posterior = conditioned_on(weighed.posterior, other, reduction, draws)
        gain = evidence_of_areas(posterior) - before
        weight = np.full((draws.size, num_areas), 1.0 / draws.size)
        share = np.ones(num_areas)
        number = np.full(num_areas, -1, np.int64)
        for i in batch:
            areas = records[i].areas
            log_weight = gain[:, areas].sum(axis=1)
            w = np.exp(log_weight - log_weight.max())
            w /= w.sum()
            weight[:, areas], share[areas], number[areas] = w[:, None], 1.0 / (np.square(w).sum() * w.size), i
        areas = np.flatnonzero((number >= 0) & np.isin(np.arange(num_areas), judge.own))
        areas = areas[np.isin(areas, reduction.source_area)]
        without = _state_of(judge, posterior, areas, draws, weight, worked_in(weighed, reduction))
        place = np.searchsorted(touched, areas)
        parts.append(
            {
                "area": areas,
                "record": number[areas],
                "share_of_draws": share[areas],
                **{f"{f.name}_with": getattr(base, f.name)[place] for f in fields(_State)},
                **{f"{f.name}_without": getattr(without, f.name) for f in fields(_State)},
            }
        )
        if progress is not None:
            progress("weighing records", (n + 1) / len(batches))
    return _joined(parts), records, num_more


def _state_of(
    judge: Judge,
    posterior: StratumPosterior | FieldPosterior,
    areas: Ints,
    draws: Ints,
    weight: Floats,
    worked: Worked,
) -> _State:
    """Chances, items and verdicts of areas at the first asked date, from weighed draws."""
    weighed, parts = judge.weighed, []
    day, as_of = weighed.days[0], weighed.as_of_day
    for left in left_in_areas(posterior, day, as_of, areas):
        at = left.area
        w = weight[:, at]
        checks = checks_of(
            judge.policy, left, judge.area_m2[at], worked.of(at), risk=judge.risk_of(left, draws), weight=w
        )
        parts.append(
            _State(
                p_armed=(w * left.p_any[:, :, 0]).sum(axis=0),
                p_explosive=(w * left.p_any[:, :, 3]).sum(axis=0),
                items=(w * left.expected[:, :, 3]).sum(axis=0),
                verdict=bare_verdicts(judge.policy, checks, worked.of(at)),
            )
        )
    nothing = {f.name: np.array([], str if f.name == "verdict" else float) for f in fields(_State)}
    return _State(**{n: np.concatenate([v, *(getattr(p, n) for p in parts)]) for n, v in nothing.items()})


def _joined(parts: Sequence[Mapping[str, NDArray[Any]]]) -> RecordWeights:
    """Rows of all batches, in order of area and record."""
    nothing = {
        f.name: np.array([], str if "verdict" in f.name else int if f.name in ("area", "record") else float)
        for f in fields(RecordWeights)
    }
    every = {name: np.concatenate([value, *(p[name] for p in parts)]) for name, value in nothing.items()}
    order = np.lexsort((every["record"], every["area"]))
    return RecordWeights(**{name: value[order] for name, value in every.items()})
