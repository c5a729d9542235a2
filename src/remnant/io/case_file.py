"""case.toml: its keys, their rules, and errors that say what to do."""

from __future__ import annotations

import datetime as dt
import difflib
import math
import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from remnant.catalogue.records import Basis
from remnant.errors import CaseError, InvalidInput
from remnant.evidence import Finding
from remnant.io.findings import case_error_message

CASE_FILE = "case.toml"
Kind = Literal[
    "hazard_areas", "released_areas", "searches", "land_use", "finds", "accidents", "deposits", "districts"
]
KINDS: tuple[str, ...] = get_args(Kind)
_VARIABLE = re.compile(r"\$\{([^}:]*)(?::-([^}]*))?\}")


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


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class LonLat(_Section):
    """Two columns that hold a point: ``lon``/``lat``, or ``x``/``y`` in the layer's CRS."""

    x: str = Field(alias="lon")
    y: str = Field(alias="lat")

    @model_validator(mode="before")
    @classmethod
    def _names(cls, data: Any) -> Any:
        if isinstance(data, dict) and set(data) == {"x", "y"}:
            return {"lon": data["x"], "lat": data["y"]}
        return data


class Columns(_Section):
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


class Defaults(_Section):
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


class Layer(_Section):
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


class Grid(_Section):
    """Cell size, clump block size and reach around the evidence. [m]"""

    cell_m: Annotated[Number, Field(gt=0)] = 50.0
    block_m: Annotated[Number, Field(gt=0)] | None = None
    around_m: Annotated[Number, Field(ge=0)] = 0.0


class PolicySection(_Section):
    """The release policy; a limit that is not named is not asked for."""

    name: str = "none stated"
    p_any_armed_max: Probability | None = None
    p_any_explosive_max: Probability | None = None
    density_q95_max_per_km2: Annotated[Number, Field(ge=0)] | None = None


class Prior(_Section):
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


class Model(_Section):
    """Which density model, and its priors."""

    kind: Literal["stratum"] = "stratum"
    priors: dict[str, Prior] = {}


class Region(_Section):
    """Where records are expected: a polygon layer, or a box in degrees (west, south, east, north)."""

    file: str | None = None
    layer: str | None = None
    crs: str | None = None
    bbox: Annotated[list[Number], Field(min_length=4, max_length=4)] | None = None

    @model_validator(mode="after")
    def _one(self) -> Region:
        if (self.file is None) == (self.bbox is None):
            raise ValueError("either file or bbox is wanted, not both and not none")
        if self.bbox is not None:
            west, south, east, north = self.bbox
            if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
                raise ValueError(
                    "bbox = [west, south, east, north] in degrees is wanted, west < east, south < north"
                )
        return self


class Outside(_Section):
    """What may lie outside hazard areas."""

    types: Words = []


class CaseFile(_Section):
    """Everything that a case.toml may say."""

    name: str = Field(min_length=1)
    as_of: IsoDate
    dates: list[IsoDate] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    num_draws: Annotated[int, Field(ge=100, le=100_000)] = 1000
    notes: str = ""
    crs: str = "auto"
    catalogue: Words = []
    region: Region | None = None
    grid: Grid = Grid()
    policy: PolicySection = PolicySection()
    model: Model = Model()
    outside: Outside = Outside()
    layers: Annotated[list[Layer], Field(min_length=1)]


def case_path(path: Path) -> Path:
    """The case.toml of a case folder, or the file itself."""
    found = path / CASE_FILE if path.is_dir() else path
    if not found.is_file():
        raise CaseError(
            f"a case folder with {CASE_FILE} is wanted; {found} is not there. `remnant init DIR` writes one."
        )
    return found


def read_case_file(path: Path) -> CaseFile:
    """The validated content of a case.toml.

    Raises
    ------
    CaseError
        When it cannot be read at all (no findings), or a key is wrong (one finding per fault).
    """
    try:
        data = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise CaseError(
            f"{path.name} cannot be read: {error.strerror}. Check the file's permissions."
        ) from None
    except UnicodeDecodeError:
        raise CaseError(f"{path.name} must be UTF-8 text; it is not. Save it again as UTF-8.") from None
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise CaseError(
            f"{path.name} must be TOML; the parser says: {error}. Text needs quotes; paths want / or '…' quotes."
        ) from None
    try:
        return CaseFile.model_validate(data)
    except ValidationError as error:
        findings = tuple(_finding(dict(e), path.name) for e in error.errors())
        raise CaseError(case_error_message(findings), findings) from None


def expand(text: str, folder: Path) -> Path:
    """The path that a ``file`` of a case stands for; relative ones start at the case folder.

    ``${REMNANT_DATA}`` and ``${REMNANT_DATA:-default}`` take the environment variable, or the default where it is
    not set. Only variables whose names begin with ``REMNANT_`` are read.
    """

    def value(match: re.Match[str]) -> str:
        name, default = match[1], match[2]
        if not name.startswith("REMNANT_"):
            raise InvalidInput(
                f"only variables named REMNANT_… may stand in a file; got ${{{name}}}. Write the path out."
            )
        found = os.environ.get(name) or default
        if found is None:
            raise InvalidInput(
                f"{text!r} needs the variable {name}; it is not set. Set {name} to the folder of the data."
            )
        return str(Path(found).absolute()) if os.environ.get(name) else found

    filled = _VARIABLE.sub(value, text)
    if "\0" in filled:
        raise InvalidInput("a file name may not hold a NUL character. Correct it.")
    return folder / filled


def near(word: str, known: list[str] | tuple[str, ...], num: int = 3) -> str:
    """Near spellings as a sentence, or nothing.

    Examples
    --------
    >>> near("quantty", ["quantity", "coverage"])
    'Near: quantity. '
    """
    folded = {k.casefold(): k for k in known}
    found = difflib.get_close_matches(word.casefold(), list(folded), n=num, cutoff=0.6)
    return f"Near: {', '.join(folded[f] for f in found)}. " if found else ""


_SECTIONS: dict[str, type[BaseModel]] = {
    "region": Region, "grid": Grid, "policy": PolicySection, "model": Model, "priors": Prior, "outside": Outside,
    "layers": Layer, "columns": Columns, "defaults": Defaults,
}  # fmt: skip


def _finding(error: dict[str, Any], file: str) -> Finding:
    """A fault that pydantic found, in the words of this program."""
    place = [p for p in error["loc"] if not str(p).startswith(("function-", "str", "literal", "LonLat"))]
    key = _key(place)
    asked, todo = _words(error, place)
    got = error.get("input")
    came = "it is missing" if error["type"] == "missing" else f"got {_short(got)}"
    return Finding(
        severity="error", code=f"case-{error['type'].replace('_', '-')}", asked=f"{key}: {asked}", came=came,
        todo=todo, file=file,
    )  # fmt: skip


def _key(place: list[Any]) -> str:
    words = ""
    for part in place:
        words += f"[{part + 1}]" if isinstance(part, int) else f"{'.' if words else ''}{part}"
    return words or "the case"


def _words(error: dict[str, Any], place: list[Any]) -> tuple[str, str]:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        section = next((_SECTIONS[p] for p in reversed(place[:-1]) if p in _SECTIONS), CaseFile)
        known = tuple(section.model_fields)
        return "is not a key of this section", f"{near(str(place[-1]), known)}Known keys: {', '.join(known)}"
    if kind == "missing":
        return (
            "is required",
            f"add it{': the date up to which the records run' if place[-1:] == ['as_of'] else ''}",
        )
    if kind == "literal_error":
        return (
            f"must be one of {context['expected']}",
            f"{near(str(error['input']), _choices(context))}Correct it",
        )
    if kind in ("less_than_equal", "less_than") and context.get("le") == 1.0:
        value = error["input"]
        percent = isinstance(value, int | float) and 1 < value <= 100
        return "must be a probability in [0, 1]", "Percent? Divide by 100" if percent else "correct it"
    if kind == "value_error":
        return str(context["error"]), "correct it"
    if kind == "too_short":
        return f"must have at least {context['min_length']}", "add what is missing"
    text = (
        error["msg"]
        .replace("Input should be", "must be")
        .replace("a valid", "a")
        .replace("a integer", "an integer")
    )
    return text[0].lower() + text[1:], "correct it"


def _choices(context: dict[str, Any]) -> tuple[str, ...]:
    return tuple(re.findall(r"'([^']*)'", str(context["expected"])))


def _short(value: object) -> str:
    if isinstance(value, float) and math.isnan(value):
        return "nan"
    text = str(value) if isinstance(value, dt.date) else repr(value)
    return text if len(text) <= 80 else f"{text[:77]}…"
