"""Read the catalogue: package data, then the user's files on top, by the same rules.

A catalogue file is TOML. Tables at the top are ordnance types by name; ``[methods.NAME]``, ``[treaties.NAME]``,
``[claims.NAME]``, ``[evidence.NAME]``, ``[priors."NAME"]``, ``[activities.NAME]`` and ``[demining.NAME]`` hold the
rest. A user's entry of an existing name (in any
spelling) replaces the fields that it gives and keeps the others; a number is replaced whole, with its source.
"""

from __future__ import annotations

import functools
import hashlib
import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, Generic, TypeVar, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from remnant.catalogue import build, schema
from remnant.catalogue.frozen import FrozenDict
from remnant.catalogue.records import Basis, Catalogue, spelling_key, spelling_keys
from remnant.errors import CatalogueError

SECTIONS: Mapping[str, type[schema.Entry]] = {
    "types": schema.TypeEntry,
    "methods": schema.MethodEntry,
    "treaties": schema.TreatyEntry,
    "claims": schema.ClaimEntry,
    "evidence": schema.EvidenceEntry,
    "priors": schema.PriorEntry,
    "activities": schema.ActivityEntry,
    "demining": schema.DeminingEntry,
}
_SHOWN = 60  # characters of a refused value that a message repeats
_NUMBERS = (*build.FATE_UNITS, "mechanism", "self_deactivation", "settings", "default_setting")
_E = TypeVar("_E", bound=schema.Entry)
_R = TypeVar("_R")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written(Generic[_E]):
    """An entry as it stands after the files read so far, and where it was last written."""

    entry: _E
    where: str
    user_file: str = ""


_Sheets = dict[str, dict[str, _Written[Any]]]


def load_catalogue(user_files: Sequence[Path] = ()) -> Catalogue:
    """The built-in catalogue with the user's files on top, in their order.

    Parameters
    ----------
    user_files
        TOML files that add entries or override fields of existing ones.

    Raises
    ------
    CatalogueError
        A file that cannot be read, an unknown key, a number without a source, out of bounds or in another unit.

    Notes
    -----
    The catalogue cannot be changed and the built-in one is read once per process. Its `sha256` is over the content of
    all entries: the order of entries, comments and the paths of files do not enter it.

    Examples
    --------
    >>> load_catalogue().ordnance("pfm 1s").fate.sd_delay.high
    40.0
    """
    if not user_files:
        return _built_in()
    sheets: _Sheets = {kind: dict(entries) for kind, entries in _built_in_sheets().items()}
    for path in user_files:
        _apply(sheets, _parse(str(path), _read(Path(path))), str(path))
    return _catalogue(sheets, tuple(str(path) for path in user_files))


@functools.lru_cache(maxsize=1)
def _built_in() -> Catalogue:
    return _catalogue(_built_in_sheets(), ())


@functools.lru_cache(maxsize=1)
def _built_in_sheets() -> _Sheets:
    sheets: _Sheets = {kind: {} for kind in SECTIONS}
    data = files("remnant.catalogue").joinpath("data")
    resources = (item for item in data.iterdir() if item.name.endswith(".toml"))
    for resource in sorted(resources, key=lambda item: item.name):
        for kind, entries in _parse(resource.name, resource.read_bytes()).items():
            for name, raw in entries.items():
                if name in sheets[kind]:
                    raise CatalogueError(f"{resource.name}: {kind} {name!r} is written twice.")
                where = _where(resource.name, kind, name)
                sheets[kind][name] = _Written(entry=_validate(SECTIONS[kind], raw, where), where=where)
    # last, since `like` may point from one file to another
    _expand_likes(sheets["types"], list(sheets["types"]))
    return sheets


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CatalogueError(
            f"{path}: must be a catalogue file that can be read; {error.strerror or error}. Check the path."
        ) from None


def _parse(file: str, content: bytes) -> dict[str, dict[str, Any]]:
    """The raw entries of one file, by kind and name."""
    try:
        table = tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise CatalogueError(
            f"{file}: must be UTF-8 text; byte {error.start + 1} is not. Save the file as UTF-8."
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise CatalogueError(f"{file}: must be TOML; {error}. Mend that line.") from None
    sheets: dict[str, dict[str, Any]] = {kind: {} for kind in SECTIONS}
    for key, value in table.items():
        if not isinstance(value, dict):
            raise CatalogueError(f"{file}: {key!r} must be a table, as in [NAME]; got {_short(value)}.")
        if key in SECTIONS:
            sheets[key].update(value)
        else:
            sheets["types"][key] = value
    if not any(sheets.values()):
        raise CatalogueError(
            f"{file}: must hold at least one entry; it is empty. Write one, such as [PFM-1S.p_sd_fails]."
        )
    for kind, entries in sheets.items():
        for name, raw in entries.items():
            if not isinstance(raw, dict):
                raise CatalogueError(f"{_where(file, kind, name)}: must be a table; got {_short(raw)}.")
            if not (name.isprintable() and spelling_key(name)):
                raise CatalogueError(
                    f"{_where(file, kind, name)}: a name is one line with at least one letter or digit; "
                    f"got {_short(name)}. Rename the entry."
                )
    return sheets


def _where(file: str, kind: str, name: str) -> str:
    shown = name if name.isprintable() else _short(name)
    return f"{file}: [{shown if kind == 'types' else f'{kind}.{shown}'}]"


def _short(value: object) -> str:
    """What came, quoted, on one line, and no longer than a person reads."""
    try:
        text = repr(value)
    except ValueError:  # an integer of thousands of digits
        return "a number of thousands of digits"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _apply(sheets: _Sheets, raw: Mapping[str, Mapping[str, Any]], file: str) -> None:
    """Put a user's file on top: new entries are added, existing ones take the fields that it gives."""
    touched: list[str] = []
    for kind, entries in raw.items():
        keys = _spellings(sheets[kind])
        for written_name, content in entries.items():
            name = keys.get(spelling_key(written_name), written_name)
            where = _where(file, kind, written_name)
            new = _validate(SECTIONS[kind], content, where)
            old = sheets[kind].get(name)
            entry = new if old is None or kind == "priors" else _overridden(_base(old.entry, new), new)
            sheets[kind][name] = _Written(entry=entry, where=where, user_file=file)
            if kind == "types":
                touched.append(name)
    _expand_likes(sheets["types"], touched)


def _base(old: schema.Entry, new: schema.Entry) -> schema.Entry:
    """What stays of an entry under an override: with a new ``like``, its words but none of its numbers."""
    if isinstance(new, schema.TypeEntry) and new.like is not None:
        return old.model_copy(update={key: {} if key == "settings" else None for key in _NUMBERS})
    return old


def _overridden(old: schema.Entry, new: schema.Entry) -> schema.Entry:
    """`old` with the fields that `new` gives; settings are replaced one by one, numbers whole."""
    update = {key: value for key in new.model_fields_set if (value := getattr(new, key)) is not None}
    if isinstance(old, schema.TypeEntry) and isinstance(new, schema.TypeEntry):
        if new.mechanism is not None and new.mechanism != old.mechanism:
            update = (
                {key: None for key in build.FATE_UNITS if key not in ("p_arms", "p_dud")}
                | {"self_deactivation": None, "settings": {}, "default_setting": None}
                | update
            )
        elif "settings" in update:
            update["settings"] = {**old.settings, **new.settings}
        if "p_arms" in update and "p_dud" not in update:
            update["p_dud"] = None
        if "p_dud" in update and "p_arms" not in update:
            update["p_arms"] = None
        if new.self_deactivation == "none":
            update = {"p_sda_fails": None, "sda_delay": None} | update
    return old.model_copy(update=update)


def _expand_likes(types: dict[str, _Written[schema.TypeEntry]], names: Sequence[str]) -> None:
    """Give every entry with `like` the numbers that it does not give itself."""
    open_names: list[str] = []

    def expand(name: str) -> schema.TypeEntry:
        written = types[name]
        entry = written.entry
        if entry.like is None:
            return entry
        keys = _spellings(types)
        other = keys.get(spelling_key(entry.like))
        if other is None or name in open_names or other == name:
            came = "goes in a circle" if other is not None else "names no type"
            raise CatalogueError(f"{written.where}.like: must name another type; {entry.like!r} {came}.")
        open_names.append(name)
        base = expand(other)
        open_names.pop()
        numbers = schema.TypeEntry.model_construct(**{key: getattr(base, key) for key in _NUMBERS})
        if entry.settings:  # its own settings stand alone; only a user's override adds to those of its entry
            numbers = numbers.model_copy(update={"settings": {}, "default_setting": None, "sd_delay": None})
        elif entry.sd_delay is not None:
            numbers = numbers.model_copy(update={"settings": {}, "default_setting": None})
        whole = _overridden(numbers, entry).model_copy(update={"like": None})
        assert isinstance(whole, schema.TypeEntry)
        types[name] = replace(written, entry=whole)
        return whole

    for name in names:
        expand(name)


def _spellings(entries: Mapping[str, _Written[Any]]) -> dict[str, str]:
    """Every spelling of every entry → its name."""
    return spelling_keys({name: getattr(written.entry, "aliases", ()) for name, written in entries.items()})


def _catalogue(sheets: _Sheets, user_files: tuple[str, ...]) -> Catalogue:
    for kind in ("types", "methods"):
        _refuse_shared_spellings(sheets[kind])
    whole = Catalogue(
        types=_made(build.make_type, sheets["types"]),
        methods=_made(build.make_method, sheets["methods"]),
        treaties=_made(build.make_treaty, sheets["treaties"]),
        claims=_made(build.make_claim, _with_type_names(sheets, "claims")),
        evidence=_made(build.make_evidence, _with_type_names(sheets, "evidence")),
        priors=_made(build.make_prior, sheets["priors"]),
        activities=_made(build.make_activity, sheets["activities"]),
        demining=_made(build.make_demining, sheets["demining"]),
        sha256="",
        user_files=user_files,
    )
    content = {kind: _content(getattr(whole, kind)) for kind in SECTIONS}
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return replace(whole, sha256=hashlib.sha256(canonical.encode("ascii")).hexdigest())


def _content(records: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The records of one kind as plain values; where they came from on this machine is not content."""
    plain = {name: {**asdict(record), "user_file": ""} for name, record in records.items()}
    for record in plain.values():
        record.pop("held", None)  # no file states it
    return plain


def _made(
    make: Callable[[str, str, Any, str], _R], entries: Mapping[str, _Written[Any]]
) -> FrozenDict[str, _R]:
    return FrozenDict(
        {
            name: make(written.where, name, written.entry, written.user_file)
            for name, written in entries.items()
        }
    )


def _with_type_names(sheets: _Sheets, kind: str) -> dict[str, _Written[Any]]:
    """Claims or evidence whose `types` are the catalogue's own names; unknown ones are refused."""
    keys = _spellings(sheets["types"])
    out: dict[str, _Written[Any]] = {}
    for name, written in sheets[kind].items():
        for spelling in written.entry.types or ():
            if spelling_key(spelling) not in keys:
                raise CatalogueError(
                    f"{written.where}.types: must name types of the catalogue; {spelling!r} is none. "
                    "`remnant types` lists all."
                )
        names = [keys[spelling_key(spelling)] for spelling in written.entry.types or ()]
        out[name] = replace(written, entry=written.entry.model_copy(update={"types": names}))
    return out


def _refuse_shared_spellings(entries: Mapping[str, _Written[Any]]) -> None:
    seen: dict[str, str] = {}
    # the user's entries last, so that one of them is blamed
    for name, written in sorted(entries.items(), key=lambda item: item[1].user_file != ""):
        for spelling in (name, *written.entry.aliases):
            other = seen.setdefault(spelling_key(spelling), name)
            if other != name:
                raise CatalogueError(
                    f"{written.where}: names and aliases must be unique; {spelling!r} also belongs to {other!r}. "
                    "Remove one of them."
                )


def _validate(model: type[_E], raw: Mapping[str, Any], where: str) -> _E:
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        details = error.errors(include_url=False)
        more = f" ({len(details) - 1} more in this entry.)" if len(details) > 1 else ""
        raise CatalogueError(f"{_sentence(model, details[0], where)}{more}") from None


def _sentence(model: type[schema.Entry], detail: ErrorDetails, where: str) -> str:
    """One pydantic fault as: where, what was asked, what came, what to do."""
    place = ".".join(part if (part := str(raw)).isprintable() else _short(part) for raw in detail["loc"])
    field = str(detail["loc"][-1])
    match detail["type"]:
        case "missing" if field in ("source", "basis"):
            return f"{where}.{place}: every number needs a {field}; none came. " + (
                'Add source = "who, where, page".'
                if field == "source"
                else f"Add basis, one of {', '.join(get_args(Basis))}."
            )
        case "missing":
            return (
                f"{where}.{place}: must be given; nothing came. A number is low, high, unit, basis, source."
            )
        case "extra_forbidden":
            allowed = ", ".join(_keys_at(model, detail["loc"]))
            return f"{where}.{place}: is not a key of this entry. Known keys: {allowed}."
        case "literal_error":
            return (
                f"{where}.{place}: must be one of {detail['ctx']['expected']}; got {_short(detail['input'])}."
            )
        case "model_type":
            return (
                f"{where}.{place}: must be a number with its source (a table with low, high, unit, basis, source); "
                f"got {_short(detail['input'])}."
            )
        case "finite_number":
            return f"{where}.{place}: must be finite; got {_short(detail['input'])}. Give a number."
        case _:
            asked = detail["msg"].removeprefix("Input should be ").removeprefix("a valid ")
            return f"{where}.{place}: must be {asked}; got {_short(detail['input'])}."


def _keys_at(model: type[schema.Entry], place: tuple[int | str, ...]) -> list[str]:
    inside = len(place) > 1
    return list((schema.RangeEntry if inside else model).model_fields)
