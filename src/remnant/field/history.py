"""What histories do to items: exposure of those that came, and share of them that remains, per draw.

With items arriving at days d (weights w), a history of searches s in order of time gives, per item of initial density::

    exposure      = Σ_d w_d Σ_s  c_s p_s · present(t_s − d) · Π_{r before s} (1 − c_r p_r)     (outcomes on record)
    remaining(t)  = Σ_d w_d  share(t − d, state) · Π_s (1 − c_s p_s)

where a search counts for items that came before it. Days known as a range are averaged over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from remnant.catalogue import FateModel
from remnant.evidence import History, SearchStep
from remnant.fate import state_probabilities
from remnant.field.parameters import ParameterTable
from remnant.numerics.threads import OneOrAll
from remnant.units import Floats, Ints

_ARRIVAL_NODES = 8  # midpoints that stand for a range of arrival days
_SEARCH_NODES = 3  # midpoints that stand for a range of search days
_Row = tuple[int, int]  # class, and row of its ages
_Step = tuple[int, float, bool, tuple[_Row, ...]]  # method, coverage, whether known, days as rows
_LONG = 300_000  # draws times steps above which threads pay
_EXPLOSIVE = 3  # armed, expired and dud are the first three states


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HistoryTable:
    """Histories compiled to arrays.

    Parameters
    ----------
    node_start, node_weight
        (n_histories + 1,) and (n_nodes,): arrival days of each history.
    step_start, step_method, step_coverage, step_known
        (n_nodes + 1,) and (n_steps,): searches that each arrival meets; `step_method` is the parameter of detection.
    sub_start, sub_row
        (n_steps + 1,) and (n_subs,): days of each search as rows of the age table.
    date_row
        (n_nodes, n_dates) rows of the age table at the asked dates.
    ages
        Per class, ages of its rows in the age table. [d]
    """

    node_start: Ints
    node_weight: Floats
    step_start: Ints
    step_method: Ints
    step_coverage: Floats
    step_known: NDArray[np.bool_]
    sub_start: Ints
    sub_row: Ints
    date_row: Ints
    ages: tuple[Floats, ...]

    def shares(self, table: ParameterTable, z: Floats) -> Floats:
        """(n_draws, n_rows, 3) share of items armed, expired and dud at every age of the table."""
        parts = [
            state_probabilities(ages, table.fate(c, z))[:, :, :_EXPLOSIVE] for c, ages in enumerate(self.ages)
        ]
        return np.ascontiguousarray(np.concatenate(parts, axis=1))

    def exposure(self, table: ParameterTable, z: Floats, values: Floats) -> Floats:
        """(n_draws, n_histories) exposure per unit of ground; `values` are the parameters at `z`."""
        present = self.shares(table, z).sum(axis=2)
        return np.asarray(
            _EXPOSURE.for_work(len(z) * self.step_method.size)(
                self.node_start,
                self.node_weight,
                self.step_start,
                self.step_method,
                self.step_coverage,
                self.step_known,
                self.sub_start,
                self.sub_row,
                present,
                values,
            )
        )

    def remaining(self, table: ParameterTable, z: Floats, values: Floats) -> Floats:
        """(n_draws, n_histories, n_dates, 3) share of initial items left, by date and state."""
        shares = self.shares(table, z)
        return np.asarray(
            _REMAINING.for_work(len(z) * self.date_row.size)(
                self.node_start,
                self.node_weight,
                self.step_start,
                self.step_method,
                self.step_coverage,
                self.date_row,
                shares,
                values,
            )
        )


def is_ageless(model: FateModel) -> bool:
    """Whether the states never change: no self-destruct, no deactivation (or all of it on impact)."""
    no_clock = model.p_sd_fails.low == 1.0 and model.p_sda_fails.low == 1.0
    on_impact = model.p_sd_fails.high == 0.0 and model.sd_delay.high == 0.0 and model.p_sd_late.high == 0.0
    return no_clock or on_impact


def ageless_classes(table: ParameterTable) -> list[bool]:
    """Whether the states of each class never change."""
    return [is_ageless(m) and not held for m, held in zip(table.class_models, table.class_held, strict=True)]


def compile_histories(
    histories: Sequence[History], table: ParameterTable, as_of_day: float, dates: Sequence[float]
) -> HistoryTable:
    """Compile histories for a list of asked days. [d]"""
    rows: list[dict[float, int]] = [{} for _ in table.class_models]
    ageless = ageless_classes(table)

    def row(ordnance: int, age: float) -> tuple[int, int]:
        key = 1.0 if ageless[ordnance] and age >= 0.0 else float(np.round(age))
        return ordnance, rows[ordnance].setdefault(key, len(rows[ordnance]))

    node_count: list[int] = []
    weights: list[float] = []
    nodes: list[tuple[tuple[_Step, ...], tuple[_Row, ...]]] = []
    for history in histories:
        merged: dict[tuple[tuple[_Step, ...], tuple[_Row, ...]], float] = {}
        for weight, day in _arrivals(history, as_of_day):
            steps = tuple(
                (
                    table.method_detect[s.method],
                    s.coverage,
                    s.is_known,
                    tuple(row(history.ordnance, t - day) for t in _search_days(s, day)),
                )
                for s in history.searches
                if s.first_day is None or s.middle_day >= day
            )
            at = tuple(row(history.ordnance, t - day) for t in dates)
            merged[steps, at] = merged.get((steps, at), 0.0) + weight
        node_count.append(len(merged))
        weights.extend(merged.values())
        nodes.extend(merged.keys())
    first_row = np.concatenate([[0], np.cumsum([len(r) for r in rows])])
    flat_steps = [step for steps, _ in nodes for step in steps]
    return HistoryTable(
        node_start=_starts(node_count),
        node_weight=np.array(weights, np.float64),
        step_start=_starts([len(steps) for steps, _ in nodes]),
        step_method=np.array([s[0] for s in flat_steps], np.int64),
        step_coverage=np.array([s[1] for s in flat_steps], np.float64),
        step_known=np.array([s[2] for s in flat_steps], np.bool_),
        sub_start=_starts([len(s[3]) for s in flat_steps]),
        sub_row=np.array([first_row[c] + r for s in flat_steps for c, r in s[3]], np.int64),
        date_row=np.array([[first_row[c] + r for c, r in at] for _, at in nodes], np.int64).reshape(
            len(nodes), len(dates)
        ),
        ages=tuple(np.array(list(r), np.float64) for r in rows),
    )


def _starts(counts: Sequence[int]) -> Ints:
    return np.concatenate([[0], np.cumsum(np.asarray(counts, np.int64))]).astype(np.int64)


def _arrivals(history: History, as_of_day: float) -> list[tuple[float, float]]:
    """(weight, day) of arrival. An unknown end is as late as the records allow: younger items keep more hazard."""
    first_search = min(
        (s.last_day if s.first_day is None else s.first_day for s in history.searches), default=as_of_day
    )
    latest = min(first_search, as_of_day)
    nodes: list[tuple[float, float]] = []
    for weight, first, last in history.arrivals:
        # items that are said to come after the day up to which the records run are taken to be there already
        end = max(latest, latest if first is None else first) if last is None else last
        end = min(end, as_of_day)
        start = end if first is None else min(first, end)
        if start >= end:
            nodes.append((weight, end))
            continue
        share = (np.arange(_ARRIVAL_NODES) + 0.5) / _ARRIVAL_NODES
        nodes.extend((weight / _ARRIVAL_NODES, float(start + s * (end - start))) for s in share)
    return nodes


def _search_days(step: SearchStep, arrival: float) -> list[float]:
    """Days that stand for a search: one if it is known, midpoints of its range otherwise."""
    first = arrival if step.first_day is None else step.first_day
    if first >= step.last_day:
        return [step.last_day]
    return [float(first + (k + 0.5) / _SEARCH_NODES * (step.last_day - first)) for k in range(_SEARCH_NODES)]


def _exposure_walk(
    node_start: Ints,
    node_weight: Floats,
    step_start: Ints,
    step_method: Ints,
    step_coverage: Floats,
    step_known: NDArray[np.bool_],
    sub_start: Ints,
    sub_row: Ints,
    present: Floats,
    values: Floats,
) -> Floats:
    num_draws, num_histories = values.shape[0], len(node_start) - 1
    out = np.zeros((num_draws, num_histories))
    for j in numba.prange(num_draws):
        for h in range(num_histories):
            total = 0.0
            for n in range(node_start[h], node_start[h + 1]):
                left, gain = 1.0, 0.0
                for s in range(step_start[n], step_start[n + 1]):
                    works = step_coverage[s] * values[j, step_method[s]]
                    if step_known[s]:
                        there = 0.0
                        for k in range(sub_start[s], sub_start[s + 1]):
                            there += present[j, sub_row[k]]
                        gain += works * left * there / (sub_start[s + 1] - sub_start[s])
                    left *= 1.0 - works
                total += node_weight[n] * gain
            out[j, h] = total
    return out


def _remaining_walk(
    node_start: Ints,
    node_weight: Floats,
    step_start: Ints,
    step_method: Ints,
    step_coverage: Floats,
    date_row: Ints,
    shares: Floats,
    values: Floats,
) -> Floats:
    num_draws, num_histories, num_dates = values.shape[0], len(node_start) - 1, date_row.shape[1]
    out = np.zeros((num_draws, num_histories, num_dates, 3))
    for j in numba.prange(num_draws):
        for h in range(num_histories):
            for n in range(node_start[h], node_start[h + 1]):
                left = node_weight[n]
                for s in range(step_start[n], step_start[n + 1]):
                    left *= 1.0 - step_coverage[s] * values[j, step_method[s]]
                for t in range(num_dates):
                    for k in range(3):
                        out[j, h, t, k] += left * shares[j, date_row[n, t], k]
    return out


@numba.njit(cache=True, nogil=True)
def add_left(
    out: Floats, density: Floats, left: Floats, place: Ints, unit: Ints, history: Ints, ground: Floats
) -> None:
    """Add to places what pieces of ground hold of the items that came: density times ground times share left.

    Parameters
    ----------
    out
        (n_draws, n_places, n_dates, 3) items armed, expired and dud, added to.
    density
        (n_draws, n_units) initial items per unit of ground.
    left
        (n_draws, n_histories, n_dates, 3) from `HistoryTable.remaining`.
    place, unit, history, ground
        (n_pieces,) where each counts, whose density and history it has, and how much of it there is.
    """
    for j in range(out.shape[0]):
        for e in range(len(place)):
            items = density[j, unit[e]] * ground[e]
            for t in range(out.shape[2]):
                for k in range(3):
                    out[j, place[e], t, k] += items * left[j, history[e], t, k]


_EXPOSURE, _REMAINING = OneOrAll(_exposure_walk, _LONG), OneOrAll(_remaining_walk, _LONG)
