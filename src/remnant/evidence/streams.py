"""Atoms become streams: for each piece of ground, who may have put items of which class there, and what came after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from remnant.evidence.matching import Matches
from remnant.evidence.overlay import Overlay
from remnant.evidence.records import Case, Deposits
from remnant.evidence.reduction import Arrivals, History, OrdnanceClass, SearchStep, SourceKind
from remnant.units import KM2_M2, Floats, Ints, day_number


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

    atom: Ints
    source: Ints
    ordnance: Ints
    history: Ints
    density: Floats
    expected: Floats


class SourceTable:
    """Numbers sources, classes and histories as they are met; the one place where they are created."""

    def __init__(self, case: Case, matches: Matches) -> None:
        self.case = case
        self._classes: dict[OrdnanceClass, int] = {}
        self._sources: dict[tuple[SourceKind, int], int] = {}
        self._histories: dict[History, int] = {}
        searches = case.searches
        as_of = day_number(case.as_of)
        self._steps = [
            SearchStep(
                method=case.catalogue.method(str(searches.method[s])).name,
                first_day=known_day(
                    searches.end_day[s] if np.isnan(searches.start_day[s]) else searches.start_day[s]
                ),
                last_day=as_of if np.isnan(searches.end_day[s]) else float(searches.end_day[s]),
                coverage=float(searches.coverage[s]),
                is_known=bool(matches.is_known[s]),
            )
            for s in range(searches.id.size)
        ]
        # use of land whose accidents nobody recorded neither informs nor thins
        self._counts = matches.is_known | ~matches.is_use

    def ordnance(self, entry: OrdnanceClass) -> int:
        """Index of a class, new or known."""
        return self._classes.setdefault(entry, len(self._classes))

    def source(self, kind: SourceKind, number: int) -> int:
        """Index of a source, new or known; `number` is the hazard area, the class of the deposits, or −1."""
        return self._sources.setdefault((kind, number), len(self._sources))

    def history(self, entry: History) -> int:
        """Index of a history, new or known."""
        return self._histories.setdefault(entry, len(self._histories))

    @property
    def classes(self) -> tuple[OrdnanceClass, ...]:
        """Every class, in the order of their indices."""
        return tuple(self._classes)

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
        steps = [self._steps[s] for s in members if self._counts[s]]
        return tuple(sorted(steps, key=_when))


def _when(step: SearchStep) -> tuple[float, str, float, bool]:
    return (step.middle_day, step.method, step.coverage, step.is_known)


def streams_of(
    overlay: Overlay, table: SourceTable, area_types: Sequence[Sequence[str]], background: Sequence[str]
) -> Streams:
    """Streams of every atom.

    Parameters
    ----------
    overlay
        Pieces of ground, and the records that cover each.
    area_types, background
        Types that may lie in each hazard area, and outside all of them.
    """
    case = table.case
    size_m2 = shapely.area(case.deposits.geometry)
    rows: list[tuple[int, int, int, int, float, float]] = []
    for atom, (owner, areas, deposits, searches) in enumerate(
        zip(
            overlay.owner.tolist(),
            *(c.by_atom(overlay.num_atoms) for c in (overlay.areas, overlay.deposits, overlay.searches)),
            strict=True,
        )
    ):
        steps = table.steps_of(searches)
        from_deposits: dict[int, list[int]] = {}
        for d in deposits:
            from_deposits.setdefault(table.ordnance(deposit_class(case.deposits, d)), []).append(d)
        for ordnance, group in from_deposits.items():
            density = np.array([quantity_centre(case.deposits, d) / size_m2[d] for d in group])
            total = float(density.sum())
            weight = density / total if total > 0.0 else np.full(len(group), 1.0 / len(group))
            arrivals: Arrivals = tuple(
                sorted(
                    (
                        (float(w), known_day(case.deposits.start_day[d]), known_day(case.deposits.end_day[d]))
                        for w, d in zip(weight, group, strict=True)
                    ),
                    key=_arrival_order,
                )
            )
            history = table.history(History(ordnance=ordnance, arrivals=arrivals, searches=steps))
            rows.append((atom, table.source("deposit", ordnance), ordnance, history, total, total))
        if owner >= 0:
            source = table.source("area", owner)
            shares = _type_shares(case, areas, owner, area_types)
            expected = _area_expected(case, owner)
            arrivals = ((1.0, known_day(case.areas.start_day[owner]), known_day(case.areas.end_day[owner])),)
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
    """Geometric centre of a prior."""
    prior = case.prior(name)
    return float(np.sqrt(prior.low * prior.high))


def _area_expected(case: Case, area: int) -> float:
    kind = str(case.areas.hazard_class[area])
    return _centre(case, f"exists.{kind}") * _centre(case, f"density.{kind}") / KM2_M2


def background_expected(case: Case, num_types: int) -> float:
    """Items per m² of each type outside hazard areas, at the centre of the prior. [1/m²]"""
    return _centre(case, "density.background") / KM2_M2 / max(num_types, 1)


def known_day(day: float) -> float | None:
    """A day number, or None where it is unknown (NaN in records)."""
    return None if np.isnan(day) else float(day)


def _arrival_order(arrival: tuple[float, float | None, float | None]) -> tuple[float, float, float]:
    weight, first, last = arrival
    return (-np.inf if first is None else first, -np.inf if last is None else last, weight)


def deposit_class(deposits: Deposits, deposit: int) -> OrdnanceClass:
    """Class of the items of a deposit."""
    return OrdnanceClass(type=str(deposits.type[deposit]), setting=str(deposits.setting[deposit]))


def quantity_centre(deposits: Deposits, deposit: int) -> float:
    """Centre of a recorded quantity: the geometric mean of its ends. [items]"""
    low, high = float(deposits.quantity_low[deposit]), float(deposits.quantity_high[deposit])
    return float(np.sqrt(low * high)) if low > 0.0 else 0.5 * high
