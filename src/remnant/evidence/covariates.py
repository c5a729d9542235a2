"""What a user knows of a place that may go with more or fewer items: rasters, distances, past events, categories.

A covariate is a record with the arrays or shapes that it is read from, in the case's projected CRS, and its value at
any point is a number or unknown (NaN). How they become the columns of a model is in `remnant.evidence.design`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from remnant.catalogue import Range
from remnant.errors import InvalidInput
from remnant.evidence.nearest import distance_m, events_around, polygon_at, segments_of
from remnant.evidence.surface import Surface
from remnant.units import Floats, not_negative

Transform = Literal["none", "log", "sqrt"]
DistanceTransform = Literal["none", "log"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSpec:
    """How the density field of a case is laid out; its priors are `Case.prior("field.range")` and ``"field.spread"``.

    Parameters
    ----------
    fields
        ``shared``: all classes of ordnance follow one field; ``separate``: each class has one of its own.
    spacing_m
        Distance of the field's nodes; None leaves it to the model. [m]
    """

    fields: Literal["shared", "separate"] = "shared"
    spacing_m: float | None = None

    def __post_init__(self) -> None:
        if self.spacing_m is not None and not self.spacing_m > 0.0:
            raise InvalidInput(
                f"spacing_m must be above 0; got {self.spacing_m:g}. Leave it out if in doubt."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """Which density model a case asks for: one level per stratum, or a field over the land."""

    kind: Literal["stratum", "field"] = "stratum"
    field: FieldSpec = FieldSpec()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RasterCovariate:
    """A number on the pixels of a raster.

    Parameters
    ----------
    effect
        Factor by which density changes between a low and a high place, two standard deviations apart. [ratio]
    transform
        Of the value plus `offset`: the logarithm, the square root, or none.
    file
        Where it came from, for findings.
    span
        Difference of the transformed value that `effect` speaks of; None: two standard deviations over the places of
        the case. A learned effect keeps the span of the places that it was learned at. [as the value]
    """

    name: str
    effect: Range
    surface: Surface
    transform: Transform = "none"
    offset: float = 0.0
    file: str = ""
    span: float | None = None

    def __post_init__(self) -> None:
        check_effect(self.name, self.effect)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DistanceCovariate:
    """Distance to the nearest of points, lines or polygons; 0 inside polygons.

    Parameters
    ----------
    effect
        Factor by which density changes between a near and a far place, two standard deviations apart. [ratio]
    segments
        (m, 4) pieces of what distance is measured to, see `segments_of`. [m]
    polygons
        (p,) polygons inside which the distance is 0.
    transform, scale_m
        ``log``: ln(1 + distance/scale_m), so that near the shapes `scale_m` counts and far away the ratio.
    max_m
        Distances beyond are taken for this one; None: no end. [m]
    """

    name: str
    effect: Range
    segments: Floats
    polygons: NDArray[np.object_]
    transform: DistanceTransform = "none"
    scale_m: float | None = None
    max_m: float | None = None
    file: str = ""
    span: float | None = None

    def __post_init__(self) -> None:
        check_effect(self.name, self.effect)
        if self.segments.ndim != 2 or self.segments.shape[1] != 4 or not len(self.segments):
            raise InvalidInput(
                f"covariate {self.name!r} needs at least one shape to measure from; there is none"
            )
        if (self.transform == "log") != (self.scale_m is not None):
            raise InvalidInput(
                f'covariate {self.name!r}: scale_m goes with transform = "log", and only with it'
            )
        for key in ("scale_m", "max_m"):
            value = getattr(self, key)
            if value is not None and not value > 0.0:
                raise InvalidInput(f"covariate {self.name!r}: {key} must be above 0; got {value:g}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PastEventsCovariate:
    """How many events of an earlier time lie around a place, near ones counting more.

    Parameters
    ----------
    effect
        Factor by which density changes between a place with few and one with many, two standard deviations apart.
        [ratio]
    x_m, y_m, spread_m
        (m,) places of the events within the window, and the standard deviation of each along one axis. [m]
    within_m
        Distance at which an event of exact place counts nothing any more. [m]
    start_day, end_day
        The window, both days included. [d]
    transform
        Of the weighted number n of events: none, its square root, or ln(1 + n).
    """

    name: str
    effect: Range
    x_m: Floats
    y_m: Floats
    spread_m: Floats
    within_m: float
    start_day: float
    end_day: float
    transform: Transform = "none"
    file: str = ""
    span: float | None = None

    def __post_init__(self) -> None:
        check_effect(self.name, self.effect)
        not_negative("spread_m", self.spread_m)
        if not self.within_m > 0.0:
            raise InvalidInput(f"covariate {self.name!r}: within_m must be above 0; got {self.within_m:g}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Zones:
    """Polygons of which each belongs to a category; the first one wins where they overlap.

    Parameters
    ----------
    geometry, code
        (n,) polygons, and the number of each one's category: 0 the base, NaN unknown.
    outside
        Number of the category of ground in no polygon; NaN: unknown.
    outlines
        (m, 4) pieces of all outlines; made from `geometry`. [m]
    """

    geometry: NDArray[np.object_]
    code: Floats
    outlines: Floats
    outside: float = np.nan

    @classmethod
    def of(cls, geometry: NDArray[np.object_], code: Floats, outside: float = np.nan) -> Zones:
        """Zones from polygons and codes."""
        return cls(geometry=geometry, code=code, outlines=segments_of(geometry), outside=outside)

    def at(self, x_m: Floats, y_m: Floats) -> Floats:
        """(n,) code at points, NaN unknown."""
        which = polygon_at(x_m, y_m, self.outlines, self.geometry)
        return np.where(which < 0, self.outside, self.code[which])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CategoryCovariate:
    """One of several kinds of ground; each but the base has a column of its own.

    Parameters
    ----------
    base, categories
        The kind that others are compared with, and the others.
    effects
        One per category: factor by which density differs from the base. [ratio]
    place
        Where each lies: 0 the base, i + 1 the category i, NaN unknown.
    """

    name: str
    base: str
    categories: tuple[str, ...]
    effects: tuple[Range, ...]
    place: Surface | Zones
    file: str = ""

    def __post_init__(self) -> None:
        if not self.categories or len(self.effects) != len(self.categories):
            raise InvalidInput(
                f"covariate {self.name!r} needs at least one category besides the base, and an effect for each"
            )
        for effect in self.effects:
            check_effect(self.name, effect)


Covariate: TypeAlias = RasterCovariate | DistanceCovariate | PastEventsCovariate | CategoryCovariate


def check_effect(name: str, effect: Range) -> None:
    """Refuses an effect that is no factor."""
    if effect.unit != "ratio" or not effect.low > 0.0:
        raise InvalidInput(
            f"the effect of covariate {name!r} must be a factor above 0 with unit 'ratio'; "
            f"got {effect.low:g} in {effect.unit!r}"
        )


def column_names(covariate: Covariate) -> tuple[str, ...]:
    """Names of the columns that a covariate gives a model.

    A category has one per kind of ground but the base.
    """
    if isinstance(covariate, CategoryCovariate):
        return tuple(f"{covariate.name}: {c}" for c in covariate.categories)
    return (covariate.name,)


def values_at(covariate: Covariate, x_m: Floats, y_m: Floats) -> Floats:
    """(n, k) values of a covariate at points, transformed but not standardised; NaN unknown.

    Examples
    --------
    >>> road = DistanceCovariate(
    ...     name="road", effect=Range(low=0.5, high=2.0, unit="ratio", basis="judgement", source="example"),
    ...     segments=np.array([[0.0, 0.0, 1000.0, 0.0]]), polygons=np.empty(0, object), max_m=250.0)
    >>> values_at(road, np.array([500.0, 500.0]), np.array([200.0, 900.0])).tolist()
    [[200.0], [250.0]]
    """
    x, y = np.ascontiguousarray(x_m, np.float64), np.ascontiguousarray(y_m, np.float64)
    if isinstance(covariate, RasterCovariate):
        return _transformed(covariate.transform, covariate.surface.at(x, y) + covariate.offset)[:, None]
    if isinstance(covariate, DistanceCovariate):
        return _distance(covariate, x, y)[:, None]
    if isinstance(covariate, PastEventsCovariate):
        return _past_events(covariate, x, y)[:, None]
    place = covariate.place
    code = place.at(x, y, is_nearest=True) if isinstance(place, Surface) else place.at(x, y)
    columns = np.zeros((code.size, len(covariate.categories)))
    columns[np.isnan(code)] = np.nan
    met = np.flatnonzero(code > 0.0)
    columns[met, code[met].astype(np.int64) - 1] = 1.0
    return columns


def natural(covariate: Covariate, values: Floats) -> Floats:
    """Values in the unit of the file, metres or events, from transformed ones; for people to read."""
    if isinstance(covariate, DistanceCovariate):
        return np.expm1(values) * covariate.scale_m if covariate.scale_m is not None else values
    if isinstance(covariate, CategoryCovariate):
        return values
    if isinstance(covariate, PastEventsCovariate) and covariate.transform == "log":
        return np.expm1(values)
    plain = values
    if covariate.transform != "none":
        plain = np.exp(values) if covariate.transform == "log" else np.square(values)
    return plain - covariate.offset if isinstance(covariate, RasterCovariate) else plain


def _distance(covariate: DistanceCovariate, x: Floats, y: Floats) -> Floats:
    distance = distance_m(x, y, covariate.segments, covariate.polygons)
    if covariate.max_m is not None:
        distance = np.minimum(distance, covariate.max_m)
    return np.log1p(distance / covariate.scale_m) if covariate.scale_m is not None else distance


def _past_events(covariate: PastEventsCovariate, x: Floats, y: Floats) -> Floats:
    # a quartic kernel of reach h has variance h²/8 along each axis; a place that is not exact adds its own
    reach = np.sqrt(covariate.within_m**2 + 8.0 * covariate.spread_m**2)
    weight = (covariate.within_m / reach) ** 2
    number = events_around(x, y, np.column_stack([covariate.x_m, covariate.y_m]), reach, weight)
    return np.log1p(number) if covariate.transform == "log" else _transformed(covariate.transform, number)


def _transformed(transform: Transform, values: Floats) -> Floats:
    """Transformed values; what has no logarithm or root is unknown."""
    if transform == "none":
        return values
    allowed = values > 0.0 if transform == "log" else values >= 0.0
    kept = np.where(allowed, values, np.nan)
    return np.log(kept) if transform == "log" else np.sqrt(kept)
