"""What a prior is learned from: the events and labelled cells of a case, cut by date, on the cells of a region."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from remnant.errors import InvalidInput
from remnant.evidence import Case, Design, Finding, PastEventsCovariate, design_findings, design_matrix
from remnant.evidence.spread import spread_over_cells
from remnant.field.learned import Places, PriorBeliefs
from remnant.geo import Grid, coverage, grid_over
from remnant.numerics import link_of
from remnant.units import KM2_M2, Floats, Ints, date_of, day_number

_MOST_CELLS = 100_000
_USUAL_CELLS = 20_000
_FARTHEST_M = 30_000.0  # beyond which the cells do not reach for the sake of places that are not exact
_SAME_PLACE_M = 1.0
_LEAK_SHARE = 0.1  # of the events learned from that a covariate of past events may hold before it is refused


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PriorInputs:
    """Evidence for `remnant.field.learned.learn_field`, and the account of what was left out.

    Parameters
    ----------
    grid, cell
        Lattice of cells, and numbers (n,) of those that have ground in the region.
    cells
        The cells, with the events counted in each; shares where the place of an event is not exact.
    labels
        Labelled cells, or None.
    design
        Covariates at the cells.
    beliefs
        Priors.
    start, until
        Days between which events were taken, both included; no start: from the first.
    findings
        What was left out, and why.
    """

    grid: Grid
    cell: Ints
    cells: Places
    labels: Places | None
    design: Design
    beliefs: PriorBeliefs
    start: dt.date | None
    until: dt.date
    findings: tuple[Finding, ...]


def prior_inputs(
    case: Case,
    region: shapely.Geometry | None,
    *,
    until: dt.date,
    start: dt.date | None = None,
    reporting: Sequence[str] = (),
    cell_m: float | None = None,
) -> PriorInputs:
    """The evidence of a case that a prior may learn from.

    Parameters
    ----------
    case
        Events, labelled cells, covariates and priors.
    region
        Where events would have been told if there were any: ground without an event counts. None: the ground around
        the labelled cells, if there are any. [m, in the case's CRS]
    until, start
        Events outside these days, and labels of a later day, are not looked at.
    reporting
        Names of covariates that explain where events are told rather than where items lie.
    cell_m
        Side of the cells; by default such that the region has some twenty thousand. [m]

    Raises
    ------
    InvalidInput
        Without a region, for dates after `as_of`, unknown names, or a covariate that holds the events themselves.
    """
    if until > case.as_of:
        raise InvalidInput(
            f"events can be taken until the case's as_of ({case.as_of}) at most; got {until}. Correct --until."
        )
    if start is not None and start > until:
        raise InvalidInput(f"--from ({start}) must not lie after --until ({until}). Correct one of them.")
    ground = _region(case, region)
    size = _cell_size(case, ground, cell_m)
    found: list[Finding] = []
    chosen = _chosen_events(case, start, until, found)
    reach = min(1.2 * float(case.events.precision_m[chosen].max(initial=0.0)), _FARTHEST_M)
    left, bottom, right, top = shapely.bounds(ground)
    grid = grid_over((left - reach, bottom - reach, right + reach, top + reach), size, size)
    cover = coverage(np.array([ground], dtype=object), grid)
    cell, area_km2 = cover.cell, cover.share * grid.cell_area_m2 / KM2_M2
    _check_past_events(case, chosen, until)
    row, col = grid.row_col(cell)
    x: Floats = np.asarray(grid.left_m + (col + 0.5) * size)
    y: Floats = np.asarray(grid.top_m - (row + 0.5) * size)
    design = design_matrix(case.covariates, x, y)
    found += design_findings(case.covariates, design)
    counts = _counted(case, chosen, grid, cell, found)
    labels = _labels(case, design, until, found)
    return PriorInputs(
        grid=grid,
        cell=cell,
        cells=Places(x_m=x, y_m=y, seen=counts, ground_km2=area_km2, covariates=design.columns),
        labels=labels,
        design=design,
        beliefs=_beliefs(case, design, reporting),
        start=start,
        until=until,
        findings=tuple(found),
    )


def _region(case: Case, region: shapely.Geometry | None) -> shapely.Geometry:
    if region is not None:
        return region
    if case.labels is not None and case.labels.id.size:
        places = case.labels.geometry[~shapely.is_missing(case.labels.geometry)]
        if places.size:
            around = 2.0 * float(np.sqrt(np.nanmedian(case.labels.area_m2)))
            return shapely.buffer(shapely.convex_hull(shapely.geometrycollections(places)), around)
    raise InvalidInput(
        "a prior from events needs the region in which events would have been told: ground without an event counts as "
        "such. Name [region] with a bbox or a polygon file in case.toml."
    )


def _cell_size(case: Case, ground: shapely.Geometry, cell_m: float | None) -> float:
    area = float(shapely.area(ground))
    if area <= 0.0:
        raise InvalidInput("the region must cover ground; it covers none. Check its file and crs.")
    size = cell_m
    if size is None:
        wanted = max(250.0 * case.prior("field.range").low, np.sqrt(area / _USUAL_CELLS))
        power = 10.0 ** np.floor(np.log10(wanted))
        size = float(next(m * power for m in (1.0, 2.0, 5.0, 10.0) if m * power >= wanted))
    num = area / size**2
    if num > _MOST_CELLS or num < 4.0:
        raise InvalidInput(
            f"cells of {size / 1e3:g} km over a region of {area / KM2_M2:,.0f} km² are {num:,.0f}; between 4 and "
            f"{_MOST_CELLS:,} can be learned from. Take {'larger' if num > 4.0 else 'smaller'} ones: --cell-km."
        )
    return size


def _note(
    found: list[Finding], code: str, asked: str, num: int, came: str, todo: str, *, weak: bool = False
) -> None:
    if num:
        severity = "warning" if weak else "note"
        found.append(
            Finding(severity=severity, code=code, asked=asked, came=f"{num:,} {came}", todo=todo, count=num)  # type: ignore[arg-type]
        )


def _chosen_events(
    case: Case, start: dt.date | None, until: dt.date, found: list[Finding]
) -> NDArray[np.bool_]:
    day = case.events.day
    undated, placed = np.isnan(day), ~shapely.is_missing(case.events.geometry)
    last = day_number(until)
    first = -np.inf if start is None else day_number(start)
    with np.errstate(invalid="ignore"):
        late, early = day > last, day < first
    asked = "a prior learns from events of known day and place, within its dates"
    _note(found, "prior-undated", asked, int(undated.sum()), "events have no date; they are left out",
          "add dates where they are known", weak=True)  # fmt: skip
    _note(
        found, "prior-late", asked, int(late.sum()), f"events lie after {until}; they are left out", "nothing"
    )
    _note(
        found,
        "prior-early",
        asked,
        int(early.sum()),
        f"events lie before {start}; they are left out",
        "nothing",
    )
    in_time = ~(undated | late | early)
    _note(found, "prior-unplaced", asked, int((in_time & ~placed).sum()), "events have no place; they are left out",
          "add places where they are known", weak=True)  # fmt: skip
    return np.asarray(in_time & placed)


def _check_past_events(case: Case, chosen: NDArray[np.bool_], until: dt.date) -> None:
    """Refuses a covariate that looks past the cut, or that holds the events that it shall explain."""
    places = shapely.get_coordinates(shapely.centroid(case.events.geometry[chosen]))
    for covariate in case.covariates:
        if not isinstance(covariate, PastEventsCovariate):
            continue
        if covariate.end_day > day_number(until):
            raise InvalidInput(
                f"covariate {covariate.name!r} counts events to {date_of(covariate.end_day)}; a prior until {until} "
                "may not look beyond it. End its window earlier."
            )
        day = case.events.day[chosen]
        within = (day >= covariate.start_day) & (day <= covariate.end_day)
        if not within.any() or not covariate.x_m.size:
            continue
        near, _ = cKDTree(np.column_stack([covariate.x_m, covariate.y_m])).query(places[within])
        num = int((near < _SAME_PLACE_M).sum())
        if num > _LEAK_SHARE * max(len(places), 1):
            raise InvalidInput(
                f"covariate {covariate.name!r} holds {num:,} of the {len(places):,} events that the prior learns from: "
                "they would explain themselves. End its window before the first of them, and name that day as --from."
            )


def _counted(case: Case, chosen: NDArray[np.bool_], grid: Grid, cell: Ints, found: list[Finding]) -> Floats:
    """Events per cell of the region; an event counts once, whatever the number of items that it stands for."""
    spread = spread_over_cells(case.events.geometry[chosen], case.events.precision_m[chosen], grid)
    place = np.full(grid.num_cells, -1, np.int64)
    place[cell] = np.arange(cell.size)
    inside = place[spread.cell] >= 0
    held = np.bincount(spread.polygon[inside], spread.share[inside], minlength=int(chosen.sum()))
    _note(found, "prior-outside", "a prior learns from events of its region", int((held <= 0.0).sum()),
          "events lie outside the region; they are left out", "widen [region] if they should count")  # fmt: skip
    return np.bincount(place[spread.cell[inside]], spread.share[inside], minlength=cell.size).astype(
        np.float64
    )


def _labels(case: Case, design: Design, until: dt.date, found: list[Finding]) -> Places | None:
    labels = case.labels
    if labels is None or not labels.id.size:
        return None
    placed = ~shapely.is_missing(labels.geometry)
    with np.errstate(invalid="ignore"):
        late = np.where(np.isnan(labels.end_day), labels.start_day, labels.end_day) > day_number(until)
    undated = np.isnan(labels.start_day) & ~np.isnan(labels.outcome)
    asked = "a prior learns from labels known by its last day"
    _note(found, "prior-late-label", asked, int(late.sum()), f"labels are of later than {until}; they count as unknown",
          "nothing")  # fmt: skip
    _note(found, "prior-undated-label", asked, int(undated.sum()), "labels have no date and are used",
          "give them dates, or the prior may know what came later", weak=True)  # fmt: skip
    known = ~np.isnan(labels.outcome) & ~late
    middle = shapely.get_coordinates(shapely.point_on_surface(labels.geometry[placed]))
    x, y = np.ascontiguousarray(middle[:, 0]), np.ascontiguousarray(middle[:, 1])
    return Places(
        x_m=x,
        y_m=y,
        seen=np.nan_to_num(labels.outcome[placed]),
        ground_km2=np.where(known[placed], labels.area_m2[placed], 0.0) / KM2_M2,
        covariates=design_matrix(case.covariates, x, y, scaling=design.scaling).columns,
    )


def _beliefs(case: Case, design: Design, reporting: Sequence[str]) -> PriorBeliefs:
    names = [c.name for c in case.covariates]
    for name in reporting:
        if name not in names:
            raise InvalidInput(
                f"--reporting must name a covariate of the case; {name!r} is none. "
                f"There are: {', '.join(names) or 'none'}."
            )
    owner = [names[i] for i in design.covariate]
    reach, apart, clump = (case.prior(n) for n in ("field.range", "field.spread", "clump_shape"))
    return PriorBeliefs(
        names=design.names,
        is_reporting=np.array([n in reporting for n in owner], np.bool_),
        slope_mean=design.slope_mean,
        slope_sd=design.slope_sd,
        range_m=link_of(1e3 * reach.low, 1e3 * reach.high, is_probability=False),
        spread=link_of(float(np.log(apart.low)), float(np.log(apart.high)), is_probability=False),
        clump=link_of(clump.low, clump.high, is_probability=False),
    )
