"""Areas, records and results of a map folder as features: asked for by place, day and column, a page at a time."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from remnant.io.codes import decoded
from remnant.io.feature_columns import (
    AREA_COLUMNS,
    RECORD_COLUMNS,
    RECORD_KINDS,
    RELEASE_COLUMNS,
    RESULT_COLUMNS,
    Column,
)
from remnant.io.read_view import ViewFiles
from remnant.units import Ints

Mask = NDArray[np.bool_]
Shapes = NDArray[np.object_]
_SEPARATOR = "."
_BOX_COLUMNS = ("west", "south", "east", "north")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which features are asked for.

    Parameters
    ----------
    ground
        They touch it, or nobody knows where they are; None: anywhere. Web Mercator (EPSG:3857).
    first, last
        Days (YYYY-MM-DD) between which theirs lies; empty: no bound.
    where
        Column → value that it has.
    """

    ground: shapely.Geometry | None = None
    first: str = ""
    last: str = ""
    where: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FeaturePage:
    """Some features of those that were asked for.

    Parameters
    ----------
    num_matched
        How many were asked for, on all pages.
    ids, rows
        Number or name, and columns, of each feature.
    shapes
        (n,) shapes in web Mercator, None where the place is unknown.
    """

    num_matched: int
    ids: Sequence[int | str]
    rows: Sequence[dict[str, Any]]
    shapes: Shapes


class Layer(Protocol):
    """Features of one kind."""

    @property
    def shapes(self) -> Shapes:
        """All shapes, in web Mercator."""

    @property
    def days(self) -> tuple[str, str] | None:
        """First and last day; None: features have none."""

    def page(self, asked: Asked, offset: int, limit: int) -> FeaturePage:
        """At most `limit` features from the one numbered `offset` among those asked for, always in one order."""

    def one(self, fid: str) -> FeaturePage:
        """The feature of that name; no feature where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TableLayer:
    """One feature per row of a table.

    Parameters
    ----------
    ids
        (n,) numbers of the features, ascending.
    values
        Column → n values.
    shapes, tree
        (n,) shapes in web Mercator, and their index.
    day_column
        Column that holds the day; empty: none does.
    """

    ids: Ints
    values: Mapping[str, Sequence[Any]]
    shapes: Shapes
    tree: shapely.STRtree
    day_column: str = ""

    @property
    def days(self) -> tuple[str, str] | None:
        """First and last day; None: features have none."""
        known = [day for day in self.values.get(self.day_column, ()) if day]
        return (min(known), max(known)) if known else None

    def page(self, asked: Asked, offset: int, limit: int) -> FeaturePage:
        """At most `limit` features from the one numbered `offset` among those asked for, by number."""
        chosen = _on_ground(self.shapes, self.tree, asked.ground)
        for name, wanted in asked.where.items():
            chosen &= _equal(self.values[name], wanted)
        if self.day_column and (asked.first or asked.last):
            chosen &= _between(self.values[self.day_column], asked)
        every = np.flatnonzero(chosen)
        return self._of(every[offset : offset + limit], every.size)

    def one(self, fid: str) -> FeaturePage:
        """The feature of that number; no feature where there is none."""
        at = np.searchsorted(self.ids, _whole_number(fid))
        is_there = at < self.ids.size and str(self.ids[at]) == fid
        return self._of(np.array([at] if is_there else [], np.int64), int(is_there))

    def _of(self, at: Ints, num_matched: int) -> FeaturePage:
        places = at.tolist()
        return FeaturePage(
            num_matched=num_matched,
            ids=self.ids[at].tolist(),
            rows=[{name: column[i] for name, column in self.values.items()} for i in places],
            shapes=self.shapes[at],
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ResultLayer:
    """One feature per area, date and state.

    Parameters
    ----------
    view
        The opened map: shapes, dates, states and values.
    area_id
        (n_areas,) names of the areas.
    """

    view: ViewFiles
    area_id: Sequence[str]

    @property
    def shapes(self) -> Shapes:
        """Shapes of the areas, in web Mercator."""
        return self.view.shapes

    @property
    def days(self) -> tuple[str, str]:
        """First and last day."""
        dates: list[str] = self.view.about["dates"]
        return dates[0], dates[-1]

    def page(self, asked: Asked, offset: int, limit: int) -> FeaturePage:
        """At most `limit` features from the one numbered `offset` among those asked for, by area, date and state."""
        about, where = self.view.about, asked.where
        area = _on_ground(self.view.shapes, self.view.tree, asked.ground)
        date = _between(about["dates"], asked)
        state = np.ones(len(about["states"]), bool)
        for name, wanted in where.items():
            if name == "area":
                area &= np.arange(area.size) == wanted
            elif name == "area_id":
                area &= _equal(self.area_id, wanted)
            elif name == "state":
                state &= _equal(about["states"], wanted)
            elif name == "date":
                date &= _equal(about["dates"], wanted)
            elif name == "is_forecast":
                date &= _equal(self._is_forecast(), wanted)
        sides = [np.flatnonzero(some) for some in (area, date, state)]
        num = sides[0].size * sides[1].size * sides[2].size
        at = np.unravel_index(np.arange(min(offset, num), min(offset + limit, num)), [s.size for s in sides])
        return self._of(*(side[i] for side, i in zip(sides, at, strict=True)), num_matched=num)

    def one(self, fid: str) -> FeaturePage:
        """The feature of that name (area.date.state); no feature where there is none."""
        dates, states = self.view.about["dates"], self.view.about["states"]
        area, date, state = [*fid.split(_SEPARATOR), "", ""][:3]
        number = _whole_number(area)
        none = np.zeros(0, np.int64)
        if not (number < self.view.shapes.size and date in dates and state in states):
            return self._of(none, none, none, num_matched=0)
        at = [np.array([i]) for i in (number, dates.index(date), states.index(state))]
        page = self._of(*at, num_matched=1)
        return page if page.ids == [fid] else self._of(none, none, none, num_matched=0)

    def _is_forecast(self) -> list[bool]:
        return [date > self.view.about["as_of"] for date in self.view.about["dates"]]

    def _of(self, area: Ints, date: Ints, state: Ints, *, num_matched: int) -> FeaturePage:
        about, is_forecast = self.view.about, self._is_forecast()
        numbers = {
            name: decoded(self.view.area_values[state, m, date, area]).tolist()
            for m, name in enumerate(about["metrics"])
        }
        ids, rows = [], []
        for n, (a, d, s) in enumerate(zip(area.tolist(), date.tolist(), state.tolist(), strict=True)):
            day, kind = about["dates"][d], about["states"][s]
            ids.append(f"{a}{_SEPARATOR}{day}{_SEPARATOR}{kind}")
            told = {"area": a, "area_id": self.area_id[a], "date": day, "state": kind}
            measured = {name: _rounded(column[n]) for name, column in numbers.items()}
            rows.append({**told, "is_forecast": is_forecast[d], **measured})
        return FeaturePage(num_matched=num_matched, ids=ids, rows=rows, shapes=self.view.shapes[area])


def columns_of(view: ViewFiles) -> dict[str, Mapping[str, Column]]:
    """Columns of each layer, by name of the layer."""
    areas = AREA_COLUMNS | RELEASE_COLUMNS if view.about["has_release"] else AREA_COLUMNS
    told = {name: RECORD_COLUMNS for name, kind in RECORD_KINDS.items() if kind not in view.withheld}
    return {"areas": areas, "results": RESULT_COLUMNS, "records": RECORD_COLUMNS, **told}


def open_layer(view: ViewFiles, name: str) -> Layer:
    """The features of a layer: ``areas``, ``results``, ``records`` or one kind of these; but those withheld.

    Parameters
    ----------
    view
        The opened map.
    name
        Of the layer.
    """
    if name == "records" or name in RECORD_KINDS:
        return _records(view, RECORD_KINDS.get(name))
    table: dict[str, list[Any]] = json.loads(view.text("areas"))
    if name == "results":
        return ResultLayer(view=view, area_id=table["area_id"])
    number = np.arange(view.shapes.size)
    values = {"area": number.tolist()} | {k: v for k, v in table.items() if k not in _BOX_COLUMNS}
    return TableLayer(ids=number, values=values, shapes=view.shapes, tree=view.tree)


def _records(view: ViewFiles, kind: str | None) -> TableLayer:
    frame = gpd.read_parquet(view.path("record_shapes"))
    is_told = ~frame["kind"].isin(view.withheld)
    number = np.flatnonzero(is_told if kind is None else is_told & (frame["kind"] == kind))
    told, shapes = frame.iloc[number], frame.geometry.to_numpy()[number]
    values = {"record": number.tolist()} | {
        name: told[name].astype(object).where(told[name].notna(), None).tolist()
        for name in RECORD_COLUMNS
        if name != "record"
    }
    return TableLayer(
        ids=number, values=values, shapes=shapes, tree=shapely.STRtree(shapes), day_column="date"
    )


def _on_ground(shapes: Shapes, tree: shapely.STRtree, ground: shapely.Geometry | None) -> Mask:
    """Shapes that touch some ground; those without a place may lie on it, so they are among them."""
    if ground is None:
        return np.ones(shapes.size, bool)
    out = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    out[tree.query(ground, predicate="intersects")] = True
    return np.asarray(out)


def _equal(values: Sequence[Any], wanted: object) -> Mask:
    return np.fromiter((v == wanted for v in values), bool, len(values))


def _between(days: Sequence[str | None], asked: Asked) -> Mask:
    """Days within bounds; what has none may lie there, so it is among them."""
    last = asked.last or "9999-12-31"
    return np.fromiter((not d or asked.first <= d <= last for d in days), bool, len(days))


def _whole_number(text: str) -> int:
    """The number that stands there; one that no feature has where there is none."""
    largest = 2**62
    return min(int(text), largest) if text.isascii() and text.isdigit() and len(text) < 19 else largest


def _rounded(value: float) -> float | None:
    """Codes are within 0.04 % of their number: four digits say all that they say."""
    return None if math.isnan(value) else float(f"{value:.4g}")
