"""Synthetic truth, item by item: what a programme with known ground truth would have put on record.

Nothing here uses the reduction, the likelihood or the closed-form states that the estimates rest on: every item has a
place, an arrival day and clocks of its own, and every search meets it or not. It is the second route against which the
model is calibrated, and the source of the examples.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.special import kv

from remnant.catalogue import FateModel, Range
from remnant.evidence import Case, Events, Provenance, deposit_class
from remnant.fate import with_setting
from remnant.numerics import Z95, link_of
from remnant.units import DAY_H, KM2_M2, KM_M, Floats, Ints, day_number

Draw = Callable[[str, Range], float]
"""The value drawn for a named parameter from its prior: the same at every call."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Items:
    """Items that came to lie somewhere; all (n,). Days are day numbers, infinity means never. [d]"""

    x_m: Floats
    y_m: Floats
    type: NDArray[np.str_]
    area: Ints  # hazard area that they belong to, −1 for deposits
    arrived: Floats
    is_dud: NDArray[np.bool_]
    gone: Floats
    deactivated: Floats
    found: Floats  # day on which a search or an accident removed it
    found_by: Ints  # search that removed it, −1 if none

    def state_counts(self, day: float) -> tuple[Ints, Ints]:
        """(n,) state at a day: 0 armed, 1 expired, 2 dud, 3 gone or removed; and the items' areas."""
        there = (self.arrived <= day) & (self.gone > day) & (self.found > day)
        state = np.where(self.is_dud, 2, np.where(self.deactivated <= day, 1, 0))
        return np.where(there, state, 3), self.area


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Truth:
    """What really is there.

    Parameters
    ----------
    items
        Every item that ever was.
    parameters
        Values drawn, by the names that the model's parameter table uses. Densities per km².
    exists
        (n_areas,) whether each hazard area ever held anything.
    remaining
        (n_areas + 1, n_dates, 3) items armed, expired and dud per hazard area; the last row is deposits.
    """

    items: Items
    parameters: Mapping[str, float]
    exists: NDArray[np.bool_]
    remaining: Ints


def simulate_case(case: Case, *, rng: np.random.Generator) -> tuple[Case, Truth]:
    """Draw a truth from the priors of a case and fill in what its searches would have found.

    Parameters
    ----------
    case
        Areas, searches, deposits and priors. Searches that are complete or report a number get what they find;
        their recorded numbers are replaced. Events of the case are kept out: give none.
    rng
        Source of all randomness.

    Returns
    -------
    The case with its finds as exact points named after their searches, and the truth.
    """
    values: dict[str, float] = {}

    def draw(name: str, prior: Range) -> float:
        if name not in values:
            link = link_of(prior.low, prior.high, is_probability=prior.unit == "1")
            values[name] = float(link.value(rng.standard_normal(1))[0])
        return values[name]

    clump = draw("clump_shape", case.prior("clump_shape"))
    blocks_of = [_blocks(shape, case.grid.block_m) for shape in case.areas.geometry]
    factors = _field_factors(case, blocks_of, draw, rng=rng)
    parts: list[Items] = []
    exists = np.zeros(case.areas.id.size, np.bool_)
    for a in range(case.areas.id.size):
        kind = str(case.areas.hazard_class[a])
        exists[a] = rng.random() < draw(f"exists.{kind}", case.prior(f"exists.{kind}"))
        types = case.areas.types[a]
        for name in types:
            model = with_setting(case.catalogue.ordnance(name))[0].fate
            density = draw(f"density.{kind}.{name}", case.prior(f"density.{kind}")) / KM2_M2 / len(types)
            if not exists[a]:
                continue
            blocks = blocks_of[a]
            local = density * factors[a] * rng.gamma(clump, 1.0 / clump, len(blocks))
            counts = rng.poisson(local * shapely.area(blocks))
            span = (case.areas.start_day[a], case.areas.end_day[a])
            parts.append(_items(blocks, counts, name, a, span, model, draw, rng=rng))
    drop_clump = (
        draw("clump_shape.deposits", case.prior("clump_shape.deposits")) if case.deposits.id.size else 1.0
    )
    clumps: dict[tuple[str, float, float], float] = {}
    for d in range(case.deposits.id.size):
        entry = deposit_class(case.deposits, d)
        name, label = entry.type, entry.label
        model = with_setting(case.catalogue.ordnance(name), entry.setting)[0].fate
        factor = draw(f"deposit_factor.{label}", case.prior("deposit_factor"))
        blocks = _blocks(case.deposits.geometry[d], case.grid.block_m)
        corner = np.floor(shapely.bounds(shapely.point_on_surface(blocks))[:, :2] / case.grid.block_m)
        local = np.array(
            [
                clumps.setdefault((label, float(x), float(y)), float(rng.gamma(drop_clump, 1.0 / drop_clump)))
                for x, y in corner
            ]
        )
        middle = float(np.sqrt(case.deposits.quantity_low[d] * case.deposits.quantity_high[d]))
        density = factor * middle / shapely.area(case.deposits.geometry[d])
        counts = rng.poisson(density * local * shapely.area(blocks))
        span = (case.deposits.start_day[d], case.deposits.end_day[d])
        parts.append(_items(blocks, counts, name, -1, span, model, draw, rng=rng))
    items = _concatenate(parts)
    items = _search(case, items, draw, rng=rng)
    dates = [day_number(d) for d in case.dates]
    remaining = np.zeros((case.areas.id.size + 1, len(dates), 3), np.int64)
    for t, day in enumerate(dates):
        state, area = items.state_counts(day)
        left = state < 3
        np.add.at(remaining[:, t], (area[left], state[left]), 1)
    return _recorded(case, items), Truth(items=items, parameters=values, exists=exists, remaining=remaining)


def _blocks(geometry: shapely.Geometry, block_m: float) -> NDArray[np.object_]:
    """Pieces of a polygon by clump block."""
    left, bottom, right, top = shapely.bounds(geometry)
    x = np.arange(np.floor(left / block_m), np.ceil(right / block_m)) * block_m
    y = np.arange(np.floor(bottom / block_m), np.ceil(top / block_m)) * block_m
    grid_x, grid_y = (v.ravel() for v in np.meshgrid(x, y))
    pieces = shapely.intersection(shapely.box(grid_x, grid_y, grid_x + block_m, grid_y + block_m), geometry)
    return np.asarray(pieces[shapely.area(pieces) > 0.0])


def _field_factors(
    case: Case, blocks_of: list[NDArray[np.object_]], draw: Draw, *, rng: np.random.Generator
) -> list[Floats]:
    """Per hazard area, the factor of a smooth field at each of its blocks: 1 where the case asks for none.

    It is drawn from the Matérn covariance itself (ν = 1; κ d K₁(κ d)) at the centres of blocks, not from a lattice.
    """
    if case.model.kind != "field" or not blocks_of:
        return [np.ones(len(blocks)) for blocks in blocks_of]
    prior = case.prior("field.range")
    range_m = KM_M * draw("field.range", prior)
    factor = case.prior("field.spread")
    as_log = replace(factor, low=float(np.log(factor.low)), high=float(np.log(factor.high)))
    spread = draw("field.log_spread", as_log)
    pieces = np.concatenate(blocks_of)
    side = case.grid.block_m
    centre = (np.floor(shapely.bounds(shapely.point_on_surface(pieces))[:, :2] / side) + 0.5) * side
    places, which = np.unique(centre, axis=0, return_inverse=True)
    distance = np.linalg.norm(places[:, None] - places[None], axis=2) * np.sqrt(8.0) / range_m
    with np.errstate(invalid="ignore"):
        correlation = np.where(distance > 0.0, distance * kv(1, distance), 1.0)
    root = np.linalg.cholesky(correlation + 1e-9 * np.eye(len(places)))
    field = spread * (root @ rng.standard_normal(len(places))) - 0.5 * spread**2
    every = np.exp(field)[which.reshape(-1)]
    return np.split(every, np.cumsum([len(blocks) for blocks in blocks_of])[:-1])


def _items(
    blocks: NDArray[np.object_],
    counts: Ints,
    name: str,
    area: int,
    span: tuple[float, float],
    model: FateModel,
    draw: Draw,
    *,
    rng: np.random.Generator,
) -> Items:
    """Items at random places of their blocks, each with clocks of its own."""
    total = int(counts.sum())
    x, y = np.zeros(total), np.zeros(total)
    start = 0
    for block, count in zip(blocks[counts > 0], counts[counts > 0], strict=True):
        x[start : start + count], y[start : start + count] = _points_in(block, int(count), rng)
        start += int(count)
    theta = {
        f: draw(f"fate.{name}.{f}", getattr(model, f))
        for f in ("p_arms", "p_sd_fails", "sd_delay_factor", "p_sd_late", "p_sda_fails")
    }
    arrived = rng.uniform(span[0], max(span[1], span[0] + 1e-9), total)
    is_dud = rng.random(total) >= theta["p_arms"]
    fails = rng.random(total) < theta["p_sd_fails"]
    late = rng.random(total) < theta["p_sd_late"]
    delay = np.where(
        late,
        _delays(model.sd_late_delay, total, rng),
        theta["sd_delay_factor"] * _delays(model.sd_delay, total, rng),
    )
    gone = np.where(is_dud | fails, np.inf, arrived + delay)
    never = rng.random(total) < theta["p_sda_fails"]
    off = arrived + _delays(model.sda_delay, total, rng)
    return Items(
        x_m=x,
        y_m=y,
        type=np.full(total, name),
        area=np.full(total, area),
        arrived=arrived,
        is_dud=is_dud,
        gone=gone,
        deactivated=np.where(fails & ~never & ~is_dud, off, np.inf),
        found=np.full(total, np.inf),
        found_by=np.full(total, -1),
    )


def _points_in(polygon: shapely.Geometry, count: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    left, bottom, right, top = shapely.bounds(polygon)
    shapely.prepare(polygon)
    x, y = np.zeros(0), np.zeros(0)
    while x.size < count:
        new_x, new_y = rng.uniform(left, right, 4 * count), rng.uniform(bottom, top, 4 * count)
        inside = shapely.contains_xy(polygon, new_x, new_y)
        x, y = np.concatenate([x, new_x[inside]]), np.concatenate([y, new_y[inside]])
    return x[:count], y[:count]


def _delays(window: Range, count: int, rng: np.random.Generator) -> Floats:
    """Log-normal delays with 5 % and 95 % points at the window. [d]"""
    if window.high == 0.0:
        return np.zeros(count)
    low, high = np.log(window.low / DAY_H), np.log(window.high / DAY_H)
    return np.asarray(np.exp(0.5 * (low + high) + (high - low) / (2.0 * Z95) * rng.standard_normal(count)))


def _concatenate(parts: list[Items]) -> Items:
    if not parts:
        none = np.zeros(0)
        whole, flag = np.zeros(0, np.int64), np.zeros(0, np.bool_)
        return Items(
            x_m=none,
            y_m=none,
            type=np.zeros(0, str),
            area=whole,
            arrived=none,
            is_dud=flag,
            gone=none,
            deactivated=none,
            found=none,
            found_by=whole,
        )
    return Items(
        **{name: np.concatenate([getattr(p, name) for p in parts]) for name in Items.__dataclass_fields__}
    )


def _search(case: Case, items: Items, draw: Draw, *, rng: np.random.Generator) -> Items:
    """Let every search meet the items, in order of time."""
    found, found_by = items.found.copy(), items.found_by.copy()
    points = shapely.points(items.x_m, items.y_m)
    for s in np.argsort(case.searches.end_day, kind="stable"):
        method = case.catalogue.method(str(case.searches.method[s]))
        chance = draw(f"p_detect.{method.name}", method.p_detect) * case.searches.coverage[s]
        day = 0.5 * (case.searches.start_day[s] + case.searches.end_day[s])
        there = (items.arrived <= day) & (items.gone > day) & (found > day)
        inside = (
            shapely.intersects(case.searches.geometry[s], points) if points.size else np.zeros(0, np.bool_)
        )
        hit = there & inside & (rng.random(items.x_m.size) < chance)
        found[hit], found_by[hit] = day, s
    return replace(items, found=found, found_by=found_by)


def _recorded(case: Case, items: Items) -> Case:
    """The records that such a programme would hold: exact finds of known searches; unknown outcomes stay unknown."""
    known = case.searches.is_complete | ~np.isnan(case.searches.items_found)
    mine = np.flatnonzero((items.found_by >= 0) & known[items.found_by])
    search = items.found_by[mine]
    counts = np.bincount(search, minlength=case.searches.id.size).astype(np.float64)
    number = np.arange(mine.size)
    events = Events(
        id=np.array([f"find {i + 1}" for i in number], str),
        geometry=shapely.points(items.x_m[mine], items.y_m[mine]),
        precision_m=np.zeros(mine.size),
        kind=np.full(mine.size, "find"),
        type=items.type[mine],
        num_items=np.ones(mine.size),
        day=items.found[mine],
        search_id=case.searches.id[search],
        source=Provenance(layer=np.full(mine.size, "simulated finds"), row=number + 1),
    )
    searches = replace(case.searches, items_found=np.where(known, counts, np.nan))
    return replace(case, events=events, searches=searches)
