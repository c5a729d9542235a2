"""Atoms become streams: for each piece of ground, who may have put items of which class there, and what came after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from remnant.evidence.records import Case
from remnant.evidence.reduction import Arrivals, History, OrdnanceClass, SearchStep, SourceKind
from remnant.geo import Atoms
from remnant.units import KM2_M2, day_number

_CLASS_RANK = {"CHA": 0, "SHA": 1}  # which of two overlapping areas owns the ground: the stronger suspicion


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Streams:
    """One row per atom × source × class; all (n,).

    Parameters
    ----------
    density
        Relative (areas: 1/number of types; deposits: items per m²).
    expected
        Items per m² at the centres of the priors. [1/m²]
    """

    atom: NDArray[np.int64]
    source: NDArray[np.int64]
    ordnance: NDArray[np.int64]
    history: NDArray[np.int64]
    density: NDArray[np.float64]
    expected: NDArray[np.float64]


class SourceTable:
    """Numbers sources, classes and histories as they are met; the one place where they are created."""

    def __init__(self, case: Case, classes: Sequence[OrdnanceClass], is_known: NDArray[np.bool_]) -> None:
        self.case = case
        self.classes = list(classes)
        self._class_index = {c: i for i, c in enumerate(classes)}
        self._sources: dict[tuple[SourceKind, int], int] = {}
        self._histories: dict[History, int] = {}
        searches = case.searches
        as_of = day_number(case.as_of)
        self.steps = [
            SearchStep(
                method=case.catalogue.method(str(searches.method[s])).name,
                first_day=_known(
                    searches.end_day[s] if np.isnan(searches.start_day[s]) else searches.start_day[s]
                ),
                last_day=as_of if np.isnan(searches.end_day[s]) else float(searches.end_day[s]),
                coverage=float(searches.coverage[s]),
                is_known=bool(is_known[s]),
            )
            for s in range(searches.id.size)
        ]
        is_use = [case.catalogue.method(str(m)).kind == "land_use" for m in searches.method]
        # use of land whose accidents nobody recorded neither informs nor thins
        self.counts = np.array([k or not u for k, u in zip(is_known, is_use, strict=True)], np.bool_)
        self.searches_ground = np.array([not u for u in is_use], np.bool_)

    def ordnance(self, entry: OrdnanceClass) -> int:
        """Index of a class, new or known."""
        if entry not in self._class_index:
            self._class_index[entry] = len(self.classes)
            self.classes.append(entry)
        return self._class_index[entry]

    def source(self, kind: SourceKind, number: int) -> int:
        """Index of a source, new or known; `number` is the hazard area, the class of the deposits, or −1."""
        return self._sources.setdefault((kind, number), len(self._sources))

    def history(self, entry: History) -> int:
        """Index of a history, new or known."""
        return self._histories.setdefault(entry, len(self._histories))

    @property
    def sources(self) -> list[tuple[SourceKind, int]]:
        """Kind and number of every source, in the order of their indices."""
        return list(self._sources)

    @property
    def histories(self) -> tuple[History, ...]:
        """Every history, in the order of their indices."""
        return tuple(self._histories)

    def steps_of(self, members: Sequence[int]) -> tuple[SearchStep, ...]:
        """The searches of a piece of ground in order of time; unknown days stand at the end of their range."""
        steps = [self.steps[s] for s in members if self.counts[s]]
        return tuple(sorted(steps, key=_when))


def _when(step: SearchStep) -> tuple[float, str, float, bool]:
    first = step.last_day if step.first_day is None else step.first_day
    return (0.5 * (first + step.last_day), step.method, step.coverage, step.is_known)


def area_owner(case: Case, areas: Sequence[int]) -> int:
    """Which of several overlapping hazard areas owns the ground: open before released, CHA before SHA, then order."""
    return min(
        areas,
        key=lambda a: (
            str(case.areas.status[a]) != "open",
            _CLASS_RANK.get(str(case.areas.hazard_class[a]), 2),
            a,
        ),
    )


def streams_of(
    atoms: Atoms,
    members: dict[str, list[list[int]]],
    table: SourceTable,
    area_types: Sequence[Sequence[str]],
    background: Sequence[str],
    deposit_area_m2: NDArray[np.float64],
) -> Streams:
    """Streams of every atom.

    Parameters
    ----------
    atoms
        Pieces of ground.
    members
        For ``areas``, ``searches`` and ``deposits``: per atom, indices of the records that cover it.
    area_types, background
        Types that may lie in each hazard area, and outside all of them.
    deposit_area_m2
        Area of each deposit's footprint. [m²]
    """
    case = table.case
    rows: list[tuple[int, int, int, int, float, float]] = []
    for atom in range(len(atoms.geometry)):
        areas, deposits = members["areas"][atom], members["deposits"][atom]
        steps = table.steps_of(members["searches"][atom])
        from_deposits: dict[int, list[int]] = {}
        for d in deposits:
            entry = OrdnanceClass(type=str(case.deposits.type[d]), setting=str(case.deposits.setting[d]))
            from_deposits.setdefault(table.ordnance(entry), []).append(d)
        for ordnance, group in from_deposits.items():
            density = np.array([quantity_centre(case, d) / deposit_area_m2[d] for d in group])
            weight = density / density.sum() if density.sum() > 0.0 else np.full(len(group), 1.0 / len(group))
            arrivals: Arrivals = tuple(
                sorted(
                    (
                        (float(w), _known(case.deposits.start_day[d]), _known(case.deposits.end_day[d]))
                        for w, d in zip(weight, group, strict=True)
                    ),
                    key=_arrival_order,
                )
            )
            history = table.history(History(ordnance=ordnance, arrivals=arrivals, searches=steps))
            total = float(density.sum())
            rows.append((atom, table.source("deposit", ordnance), ordnance, history, total, total))
        if areas:
            owner = area_owner(case, areas)
            source = table.source("area", owner)
            shares = _type_shares(case, areas, owner, area_types)
            expected = _area_expected(case, owner)
            arrivals = ((1.0, _known(case.areas.start_day[owner]), _known(case.areas.end_day[owner])),)
        else:
            source = table.source("background", -1)
            arrivals = ((1.0, None, None),)
            shares = dict.fromkeys(background, 1.0 / max(len(background), 1))
            expected = background_expected(case, 1)
        for name, share in shares.items():
            ordnance = table.ordnance(OrdnanceClass(type=name))
            history = table.history(History(ordnance=ordnance, arrivals=arrivals, searches=steps))
            rows.append((atom, source, ordnance, history, share, share * expected))
    columns = list(zip(*rows, strict=True)) if rows else [(), (), (), (), (), ()]
    return Streams(
        atom=np.array(columns[0], np.int64),
        source=np.array(columns[1], np.int64),
        ordnance=np.array(columns[2], np.int64),
        history=np.array(columns[3], np.int64),
        density=np.array(columns[4], np.float64),
        expected=np.array(columns[5], np.float64),
    )


def _type_shares(
    case: Case, areas: Sequence[int], owner: int, area_types: Sequence[Sequence[str]]
) -> dict[str, float]:
    """Share of the owner's density that each type has; overlapping areas bring their types along."""
    shares: dict[str, float] = {}
    for area in (owner, *areas):
        for name in area_types[area]:
            shares.setdefault(name, 1.0 / max(len(case.areas.types[area]), 1))
    return shares


def _centre(case: Case, name: str) -> float:
    """Geometric centre of a prior; 1 where there is none (the model refuses the case with its reason later)."""
    entry = case.catalogue.priors.get(name)
    prior = case.priors.get(name) or (entry.range if entry is not None else None)
    return 1.0 if prior is None else float(np.sqrt(prior.low * prior.high))


def _area_expected(case: Case, area: int) -> float:
    kind = str(case.areas.hazard_class[area])
    return _centre(case, f"exists.{kind}") * _centre(case, f"density.{kind}") / KM2_M2


def background_expected(case: Case, num_types: int) -> float:
    """Items per m² of each type outside hazard areas, at the centre of the prior. [1/m²]"""
    return _centre(case, "density.background") / KM2_M2 / max(num_types, 1)


def _known(day: float) -> float | None:
    return None if np.isnan(day) else float(day)


def _arrival_order(arrival: tuple[float, float | None, float | None]) -> tuple[float, float, float]:
    weight, first, last = arrival
    return (-np.inf if first is None else first, -np.inf if last is None else last, weight)


def quantity_centre(case: Case, deposit: int) -> float:
    """Centre of a recorded quantity: the geometric mean of its ends. [items]"""
    low, high = float(case.deposits.quantity_low[deposit]), float(case.deposits.quantity_high[deposit])
    return float(np.sqrt(low * high)) if low > 0.0 else 0.5 * high
