"""case.toml: its keys, their rules, and errors that say what to do."""

from __future__ import annotations

import datetime as dt
import difflib
import math
import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError, model_validator

from remnant.errors import CaseError, InvalidInput
from remnant.evidence import Finding
from remnant.io.findings import case_error_message
from remnant.io.layer_section import Columns, Defaults, IsoDate, Layer, Number, Section, Words
from remnant.io.model_section import COVARIATES, FieldSection, Model, Prior, Sourced
from remnant.io.policy_section import DensityLimits, MinimumSection, PolicySection

CASE_FILE = "case.toml"
_VARIABLE = re.compile(r"\$\{([^}:]*)(?::-([^}]*))?\}")


class Region(Section):
    """Ground: a polygon layer, or a box in degrees (west, south, east, north)."""

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


class Grid(Section):
    """Cell size, clump block size and reach around the evidence [m]; the ground that all results are wanted for."""

    cell_m: Annotated[Number, Field(gt=0)] = 50.0
    block_m: Annotated[Number, Field(gt=0)] | None = None
    around_m: Annotated[Number, Field(ge=0)] = 0.0
    region: Region | None = None


class Outside(Section):
    """What may lie outside hazard areas."""

    types: Words = Field(default_factory=list)


class CaseFile(Section):
    """Everything that a case.toml may say."""

    name: str = Field(min_length=1)
    as_of: IsoDate
    dates: list[IsoDate] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    num_draws: Annotated[int, Field(ge=100, le=100_000)] = 1000
    notes: str = ""
    crs: str = "auto"
    catalogue: Words = Field(default_factory=list)
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
    "region": Region, "grid": Grid, "policy": PolicySection, "minimum": MinimumSection,
    "density_q95_max_per_km2": DensityLimits, "model": Model, "priors": Prior, "outside": Outside,
    "layers": Layer, "columns": Columns, "defaults": Defaults, "field": FieldSection, "effect": Sourced,
    "effects": Sourced, "range_km": Sourced, "spread_factor": Sourced, **COVARIATES,
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
    for index, part in enumerate(place):
        if part in COVARIATES and index and isinstance(place[index - 1], int):
            continue  # the kind of a covariate, which tells nothing about where
        words += f"[{part + 1}]" if isinstance(part, int) else f"{'.' if words else ''}{part}"
    return words or "the case"


def _words(error: dict[str, Any], place: list[Any]) -> tuple[str, str]:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        section = next((_SECTIONS[p] for p in reversed(place[:-1]) if p in _SECTIONS), CaseFile)
        known = tuple(field.alias or name for name, field in section.model_fields.items())
        return "is not a key of this section", f"{near(str(place[-1]), known)}Known keys: {', '.join(known)}"
    if kind == "missing":
        return (
            "is required",
            f"add it{': the date up to which the records run' if place[-1:] == ['as_of'] else ''}",
        )
    if kind.startswith("union_tag"):
        kinds = tuple(COVARIATES)
        tag = near(str(context.get("tag", "")), kinds)
        return f"kind must be one of {', '.join(kinds)}", f"{tag}Name the kind of the covariate"
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
    if kind == "model_type":
        is_range = isinstance(error["input"], list) and len(error["input"]) == 2
        example = '{ low = …, high = …, source = "…" }' if is_range else "{ key = … }"
        return f"must be a table of keys, as in {example}", "correct it"
    if kind == "list_type" and isinstance(error["input"], dict):
        return "must be a list of tables", f"write [[{_key(place)}]], with two brackets"
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
