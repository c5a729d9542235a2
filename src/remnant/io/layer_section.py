"""What a layer of a case file may say: its file, how to read it, and which column is what."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Kind = Literal[
    "hazard_areas", "released_areas", "searches", "land_use", "finds", "accidents", "deposits", "districts",
    "labelled_cells",
]  # fmt: skip
KINDS: tuple[str, ...] = get_args(Kind)


def _as_date(value: object) -> object:
    """ISO text and TOML dates are dates; a date-time is not."""
    if isinstance(value, dt.datetime):
        raise ValueError("a date without a time of day is wanted, such as 2024-07-31")
    if isinstance(value, str):
        try:
            return dt.date.fromisoformat(value.strip())
        except ValueError:
            raise ValueError("a date is wanted as year-month-day, such as 2024-07-31") from None
    return value


def _as_number(value: object) -> object:
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


IsoDate = Annotated[dt.date, BeforeValidator(_as_date)]
Number = Annotated[float, BeforeValidator(_as_number), Field(allow_inf_nan=False)]
Probability = Annotated[Number, Field(ge=0.0, le=1.0)]
Words = Annotated[list[str], BeforeValidator(_as_list)]
Value = str | bool | int | float | dt.date


class Section(BaseModel):
    """Base of all sections: no unknown keys, no silent conversion."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class LonLat(Section):
    """Two columns that hold a point: ``lon``/``lat``, or ``x``/``y`` in the layer's CRS."""

    x: str = Field(alias="lon")
    y: str = Field(alias="lat")

    @model_validator(mode="before")
    @classmethod
    def _names(cls, data: Any) -> Any:
        if isinstance(data, dict) and set(data) == {"x", "y"}:
            return {"lon": data["x"], "lat": data["y"]}
        return data


class Columns(Section):
    """Which column of the file holds what; every key is optional here, the kind of the layer asks for its own."""

    id: str | None = None
    name: str | None = None
    geometry: str | LonLat | Literal[False] | None = None
    type: str | None = None
    setting: str | None = None
    delivery: str | None = None
    date: str | None = None
    start: str | None = None
    end: str | None = None
    items_start: str | None = None
    items_end: str | None = None
    quantity: str | None = None
    quantity_low: str | None = None
    quantity_high: str | None = None
    rounds: str | None = None
    items_per_round: str | None = None
    coverage: str | None = None
    items_found: str | None = None
    is_complete: str | None = None
    precision_m: str | None = None
    status: str | None = None
    hazard_class: str | None = None
    search_id: str | None = None
    method: str | None = None
    reported_area_m2: str | None = None
    outcome: str | None = None
    area_id: str | None = None
    district: str | None = None
    former_class: str | None = None
    recorded: str | None = None
    released: str | None = None
    released_as: str | None = None
    cancelled_m2: str | None = None
    reduced_m2: str | None = None
    cleared_m2: str | None = None
    remaining_m2: str | None = None
    num_ap_mines: str | None = None
    num_av_mines: str | None = None
    num_submunitions: str | None = None
    num_other_items: str | None = None
    time_of_day: str | None = None
    fuze: str | None = None
    anti_handling: str | None = None
    self_destruct: str | None = None


class Defaults(Section):
    """Values for records whose column is missing or blank; the same keys as the columns."""

    type: Annotated[str | list[str], Field()] | None = None
    setting: str | None = None
    delivery: str | None = None
    date: IsoDate | None = None
    start: IsoDate | None = None
    end: IsoDate | None = None
    items_start: IsoDate | None = None
    items_end: IsoDate | None = None
    quantity: Number | None = None
    quantity_low: Number | None = None
    quantity_high: Number | None = None
    rounds: Number | None = None
    items_per_round: Number | None = None
    coverage: Number | None = None
    items_found: Number | None = None
    is_complete: bool | None = None
    precision_m: Number | None = None
    status: str | None = None
    hazard_class: str | None = None
    search_id: str | None = None
    method: str | None = None
    reported_area_m2: Number | None = None
    outcome: str | None = None
    area_id: str | None = None
    district: str | None = None
    former_class: str | None = None
    recorded: IsoDate | None = None
    released: IsoDate | None = None
    released_as: str | None = None
    cancelled_m2: Number | None = None
    reduced_m2: Number | None = None
    cleared_m2: Number | None = None
    remaining_m2: Number | None = None
    num_ap_mines: Number | None = None
    num_av_mines: Number | None = None
    num_submunitions: Number | None = None
    num_other_items: Number | None = None
    time_of_day: str | None = None
    fuze: str | None = None
    anti_handling: str | None = None
    self_destruct: str | None = None


class Layer(Section):
    """One layer of records: its file, how to read it, and which column is what."""

    kind: Kind
    file: str = Field(min_length=1)
    name: str = ""
    layer: str | None = None
    encoding: str | None = None
    crs: str | None = None
    date_format: Words = []
    decimal: Literal[".", ","] = "."
    skip_rows: Annotated[int, Field(ge=0)] = 0
    where: dict[str, Value | list[Value]] = {}
    columns: Columns = Columns()
    defaults: Defaults = Defaults()
    values: dict[str, dict[str, str | float | int | bool]] = {}
