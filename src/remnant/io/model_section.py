"""What the [model] section of a case file may say: the kind of model, its priors, and covariates."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, model_validator

from remnant.catalogue.records import Basis
from remnant.evidence.covariates import DistanceTransform, Transform
from remnant.io.layer_section import Columns, Defaults, IsoDate, Layer, Number, Section, Value, Words

_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,9}")
Positive = Annotated[Number, Field(gt=0)]


class Prior(Section):
    """A range of the user's own, under the same rules as the catalogue's."""

    low: Number
    high: Number
    unit: str
    source: str
    basis: Basis = "judgement"
    value: Number | None = None
    note: str = ""
    valid_for: str = ""
    licence: str = ""
    retrieved: str = ""


class Sourced(Section):
    """A 90 % range of the user's own whose key says its unit."""

    low: Positive
    high: Positive
    source: str
    basis: Basis = "judgement"
    note: str = ""

    @model_validator(mode="after")
    def _order(self) -> Sourced:
        if not self.low < self.high:
            raise ValueError("low must be below high: a range of which 90 % is believed")
        if not self.source.strip():
            raise ValueError("every number needs a source; write where it is from, or who judged it")
        return self


class FieldSection(Section):
    """The density field: how far alike, how much apart, one for all classes or one each."""

    range_km: Sourced | None = None
    spread_factor: Sourced | None = None
    fields: Literal["shared", "separate"] = "shared"
    spacing_m: Positive | None = None

    @model_validator(mode="after")
    def _factor(self) -> FieldSection:
        if self.spread_factor is not None and not self.spread_factor.low > 1.0:
            raise ValueError(
                "spread_factor must be above 1: the factor by which density typically differs between places"
            )
        return self


class _Covariate(Section):
    """What every covariate names, and how its file is read."""

    name: str = Field(min_length=1)
    file: str = Field(min_length=1)
    crs: str | None = None


class _Shapes(_Covariate):
    """A covariate read from records with a place."""

    layer: str | None = None
    encoding: str | None = None
    decimal: Literal[".", ","] = "."
    skip_rows: Annotated[int, Field(ge=0)] = 0
    where: dict[str, Value | list[Value]] = Field(default_factory=dict)
    columns: Columns = Columns()


class RasterSection(_Covariate):
    """A number on the pixels of a raster."""

    kind: Literal["raster"]
    effect: Sourced
    band: Annotated[int, Field(ge=1)] | None = None
    nodata: Number | None = None
    transform: Transform = "none"
    offset: Number = 0.0

    @model_validator(mode="after")
    def _shift(self) -> RasterSection:
        if self.offset != 0.0 and self.transform == "none":
            raise ValueError('offset goes with transform = "log" or "sqrt"; leave it out')
        return self


class DistanceSection(_Shapes):
    """Distance to the nearest point, line or polygon."""

    kind: Literal["distance"]
    effect: Sourced
    transform: DistanceTransform = "none"
    scale_m: Positive | None = None
    max_m: Positive | None = None

    @model_validator(mode="after")
    def _scale(self) -> DistanceSection:
        if self.transform == "log" and self.scale_m is None:
            raise ValueError(
                'transform = "log" needs scale_m, the distance up to which metres count rather than ratios'
            )
        if self.transform == "none" and self.scale_m is not None:
            raise ValueError('scale_m goes with transform = "log"; name both or neither')
        return self


class PastEventsSection(_Shapes):
    """Events of an earlier time around a place, from a file or from an event layer of the case."""

    kind: Literal["past_events"]
    file: str = ""
    case_layer: str | None = None
    effect: Sourced
    start: IsoDate = Field(alias="from")
    end: IsoDate = Field(alias="to")
    within_m: Positive
    transform: Transform = "none"
    date_format: Words = Field(default_factory=list)
    defaults: Defaults = Defaults()

    @model_validator(mode="after")
    def _one(self) -> PastEventsSection:
        if bool(self.file) == (self.case_layer is not None):
            raise ValueError("either file or case_layer is wanted, not both and not none")
        if self.start > self.end:
            raise ValueError(f"from ({self.start}) must not lie after to ({self.end})")
        return self


class CategorySection(_Shapes):
    """Kinds of ground: polygons with a column, or a raster whose numbers are named."""

    kind: Literal["category"]
    base: str = Field(min_length=1)
    column: str | None = None
    classes: dict[str, str] = Field(default_factory=dict)
    band: Annotated[int, Field(ge=1)] | None = None
    nodata: Number | None = None
    outside: str | None = None
    effect: Sourced | None = None
    effects: dict[str, Sourced] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one(self) -> CategorySection:
        if bool(self.classes) == (self.column is not None):
            raise ValueError(
                "either column (of polygons) or classes (of a raster) is wanted, not both and not none"
            )
        bad = [code for code in self.classes if not _WHOLE_NUMBER.fullmatch(code)]
        if bad:
            raise ValueError(f'classes must name whole numbers, as in "1" = "forest"; {bad[0]!r} is none')
        if self.effect is None and not self.effects:
            raise ValueError(
                "effect (for all categories) or effects (by category) is wanted; neither is there"
            )
        if self.base in self.effects:
            raise ValueError(
                f"effects are against the base, so the base itself ({self.base!r}) can have none"
            )
        return self


CovariateSection: TypeAlias = RasterSection | DistanceSection | PastEventsSection | CategorySection
COVARIATES: Mapping[str, type[Section]] = {
    "raster": RasterSection,
    "distance": DistanceSection,
    "past_events": PastEventsSection,
    "category": CategorySection,
}
"""Kinds of covariates, by the name that the case file uses."""


class Model(Section):
    """Which density model, its priors, and what may go with more or fewer items."""

    kind: Literal["stratum", "field"] = "stratum"
    start_from: str | None = None
    field: FieldSection = FieldSection()
    priors: dict[str, Prior] = Field(default_factory=dict)
    covariates: list[Annotated[CovariateSection, Field(discriminator="kind")]] = Field(default_factory=list)

    @model_validator(mode="after")
    def _once(self) -> Model:
        names = [c.name for c in self.covariates]
        twice = sorted({n for n in names if names.count(n) > 1})
        if twice:
            raise ValueError(f"names of covariates must differ; {', '.join(twice)} comes more than once")
        for key, prior in (("range_km", "field.range"), ("spread_factor", "field.spread")):
            if getattr(self.field, key) is not None and prior in self.priors:
                raise ValueError(f'model.field.{key} and model.priors."{prior}" say the same; leave one out')
        return self


def as_layer(section: DistanceSection | PastEventsSection | CategorySection) -> Layer:
    """The file of a covariate as a layer that the readers of records understand."""
    shared: dict[str, Any] = {
        key: getattr(section, key) for key in Layer.model_fields if key in type(section).model_fields
    }
    return Layer.model_construct(**shared)
