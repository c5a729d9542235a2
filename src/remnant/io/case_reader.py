"""A case folder in, one frozen `Case` out; every fault is found before any is raised."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import shapely
from pyproj import CRS

from remnant.catalogue import Catalogue, Range, load_catalogue
from remnant.errors import CaseError, InvalidInput
from remnant.evidence import (
    AreaRegister,
    Case,
    Deposits,
    Districts,
    Events,
    Finding,
    GridSpec,
    HazardAreas,
    LabelledCells,
    LayingRecords,
    Provenance,
    ReportedItems,
    Searches,
)
from remnant.io import geometry as geo
from remnant.io import places
from remnant.io.case_file import CaseFile, Region, case_path, expand, near, read_case_file
from remnant.io.case_hashes import input_hashes
from remnant.io.findings import FindingLog, case_error_message, grouped
from remnant.io.kinds import KEYS, Context, Part, parts_of
from remnant.io.layer_section import Layer
from remnant.io.layers import read_rows
from remnant.io.model_reader import covariates_of, model_of, priors_of
from remnant.io.policy_section import policy_of
from remnant.io.region import region_box, region_ground
from remnant.io.rows import Rows
from remnant.io.start_from import start_from_prior

_TABLES: Mapping[str, type[Any]] = {
    "areas": HazardAreas, "searches": Searches, "events": Events, "deposits": Deposits, "districts": Districts,
    "labels": LabelledCells, "register": AreaRegister, "destroyed": ReportedItems, "laying": LayingRecords,
}  # fmt: skip
_TEXT = frozenset(
    {
        "id", "hazard_class", "status", "method", "type", "kind", "search_id", "setting", "name",
        "parent_id", "district", "former_class", "released_as", "how_from", "day_from",
        "time_of_day", "fuze", "anti_handling", "self_destruct",
    }
)  # fmt: skip
_TRUTHS = frozenset({"is_complete", "is_release"})
DEFAULT_BLOCK_M = 200.0  # rounded up to whole cells, so that results hardly depend on the cell size
_T = TypeVar("_T")


def read_case(path: Path | str, *, catalogue: Catalogue | None = None) -> Case:
    """Everything that a case folder says, checked, in one projected CRS.

    Parameters
    ----------
    path
        A folder with ``case.toml``, or that file.
    catalogue
        Sourced numbers; by default remnant's own and the files that the case names.

    Raises
    ------
    CaseError
        When anything in the case cannot be used. It carries every finding, not only the first.
    """
    file = case_path(Path(path))
    spec = read_case_file(file)
    log = FindingLog(file=file.name)
    folder = file.parent
    known = catalogue if catalogue is not None else _catalogue(spec, folder, log)
    _check_dates(spec, log)
    grid = _attempt(log, "grid", lambda: _grid(spec))
    layers = _read_layers(spec, folder)
    logs = [log, *(layer_log for layer_log, _ in layers)]
    rows = [r for _, r in layers if r is not None]
    crs = _place_all(spec, folder, rows, log)
    if known is None or crs is None or grid is None:
        raise _refusal(logs)
    context = Context(as_of=spec.as_of, crs=crs, catalogue=known)
    parts = _parts(rows, context)
    tables = {name: _table(name, parts) for name in _TABLES} if not any(lg.has_errors for lg in logs) else {}
    priors = priors_of(spec, known, log)
    outside = _outside(spec, known, log)
    policy = _attempt(log, "policy", lambda: policy_of(spec.policy, _policy_file(spec, folder), known))
    model = model_of(spec, log)
    covariates, more = covariates_of(
        spec, folder, crs=crs, rows=rows, shapes=_shapes(parts),
        region=_attempt(FindingLog(), "region", lambda: _box(spec.region, folder, "region")), tables=tables,
    )  # fmt: skip
    logs += more
    covariates, priors = start_from_prior(
        spec, folder, crs=crs, shapes=_shapes(parts), tables=tables,
        covariates=covariates, priors=priors, log=log,
    )  # fmt: skip
    if tables:
        _check_links(tables, log)
        _check_repeats(tables, log)
        _check_classes(tables["areas"], known, priors, log)
    ground = None if log.has_errors else _attempt(log, "region", lambda: _ground(spec, folder, crs))
    inputs = (
        {} if any(lg.has_errors for lg in logs) else _attempt(log, "inputs", lambda: input_hashes(spec, file))
    )
    if any(lg.has_errors for lg in logs):
        raise _refusal(logs)
    return Case(
        name=spec.name,
        as_of=spec.as_of,
        dates=tuple(spec.dates or [spec.as_of]),
        crs=_crs_text(crs),
        grid=grid,
        catalogue=known,
        policy=policy,
        model=model,
        covariates=covariates,
        priors=priors,
        default_types=outside,
        region=ground,
        seed=spec.seed,
        num_draws=spec.num_draws,
        findings=_all_findings(logs),
        inputs=inputs,
        notes=spec.notes,
        **tables,
    )


def _all_findings(logs: Sequence[FindingLog]) -> tuple[Finding, ...]:
    return grouped(f for log in logs for f in log.found)


def _refusal(logs: Sequence[FindingLog]) -> CaseError:
    findings = _all_findings(logs)
    return CaseError(case_error_message(findings), findings)


def _attempt(log: FindingLog, code: str, action: Any) -> Any:
    """The action's result, or None and a finding."""
    try:
        return action()
    except InvalidInput as error:
        log.refuse_for(f"case-{code}", error, "what the case names must be usable")
        return None


def _catalogue(spec: CaseFile, folder: Path, log: FindingLog) -> Catalogue | None:
    files = _attempt(log, "catalogue", lambda: [expand(text, folder) for text in spec.catalogue])
    if files is None:
        return None
    for text, file in zip(spec.catalogue, files, strict=True):
        if not file.is_file():
            log.refuse(
                "case-catalogue", f"catalogue file {text!r} must exist", "it is not there", "check the path"
            )
            return None
    found: Catalogue | None = _attempt(log, "catalogue", lambda: load_catalogue(files))
    return found


def _check_dates(spec: CaseFile, log: FindingLog) -> None:
    for date in spec.dates or []:
        if date < spec.as_of:
            log.refuse(
                "case-dates", f"dates must not lie before as_of ({spec.as_of})", f"got {date}",
                "make a case whose records end at the earlier day",
            )  # fmt: skip
    if spec.dates == []:
        log.refuse(
            "case-dates", "dates must name at least one day", "it is empty", "leave it out for as_of itself"
        )
    if spec.as_of > dt.date(2200, 1, 1) or spec.as_of < dt.date(1900, 1, 1):
        log.refuse(
            "case-as-of",
            "as_of must be the day up to which the records run",
            f"got {spec.as_of}",
            "check the year",
        )


def _grid(spec: CaseFile) -> GridSpec:
    cell = spec.grid.cell_m
    block = spec.grid.block_m if spec.grid.block_m is not None else math.ceil(DEFAULT_BLOCK_M / cell) * cell
    return GridSpec(cell_m=cell, block_m=block, around_m=spec.grid.around_m)


def _read_layers(spec: CaseFile, folder: Path) -> list[tuple[FindingLog, Rows | None]]:
    read: list[tuple[FindingLog, Rows | None]] = []
    names: list[str] = []
    for layer in spec.layers:
        name = _layer_name(layer, names)
        names.append(name)
        log = FindingLog(file=Path(layer.file).name, layer=name)
        path = _attempt(log, "file", lambda layer=layer: expand(layer.file, folder))
        rows = None if path is None else read_rows(layer, path, log, KEYS[layer.kind])
        read.append((log, rows))
    return read


def _layer_name(layer: Layer, taken: Sequence[str]) -> str:
    base = layer.name or layer.layer or Path(layer.file).stem or layer.kind
    name, number = base, 2
    while name in taken:
        name, number = f"{base} {number}", number + 1
    return name


def _place_all(spec: CaseFile, folder: Path, rows: Sequence[Rows], log: FindingLog) -> CRS | None:
    """Checks every place, and the CRS in which the case is computed."""
    bounds = [_attempt(r.log, "crs", lambda r=r: places.check_places(r)) for r in rows]
    region = _attempt(log, "region", lambda: _box(spec.region, folder, "region"))
    ground = _attempt(log, "region", lambda: _box(spec.grid.region, folder, "grid.region"))
    known = [(r, b) for r, b in zip(rows, bounds, strict=True) if b is not None]
    if region is not None:
        for r, b in known:
            places.check_region(r, b, region)
    else:
        _check_apart(known)
    if any(r.log.has_errors for r in rows) or not rows:
        box = region or ground or geo.extent([b for _, b in known])
        return (
            _attempt(FindingLog(), "crs", lambda: geo.case_crs(spec.crs, box))
            if spec.crs == "auto"
            else _named(spec, log)
        )
    box = geo.extent([b for _, b in known] + [np.array([b]) for b in (region, ground) if b is not None])
    crs: CRS | None = _attempt(log, "crs", lambda: geo.case_crs(spec.crs, box))
    return crs


def _box(region: Region | None, folder: Path, what: str) -> geo.Box | None:
    return None if region is None else region_box(region, folder, what)


def _ground(spec: CaseFile, folder: Path, crs: CRS) -> shapely.Geometry | None:
    region = spec.grid.region
    return None if region is None else region_ground(region, folder, "grid.region", crs)


def _named(spec: CaseFile, log: FindingLog) -> CRS | None:
    crs: CRS | None = _attempt(log, "crs", lambda: geo.case_crs(spec.crs, None))
    return crs


def _check_apart(known: Sequence[tuple[Rows, np.ndarray[Any, np.dtype[np.float64]]]]) -> None:
    """Without a region: a layer that meets no other one, unless its axes are swapped, has swapped axes."""
    boxes = [geo.extent([b]) for _, b in known]
    for index, (rows, _) in enumerate(known):
        own = boxes[index]
        others = geo.extent([np.array([b]) for i, b in enumerate(boxes) if i != index and b is not None])
        if own is None or others is None:
            continue
        mine = np.array([own])
        wide = (others[0] - 1.0, others[1] - 1.0, others[2] + 1.0, others[3] + 1.0)
        if not geo.touches(mine, wide)[0] and geo.touches(geo.swapped(mine), wide)[0] and len(known) > 1:
            rows.log.refuse(
                "swapped-axes", "layers of a case should lie together",
                "this one meets the others only when longitude and latitude are swapped",
                "swap the two columns (lon is x, lat is y); if it is meant, name [region]",
            )  # fmt: skip


def _parts(rows: Sequence[Rows], context: Context) -> list[tuple[str, Rows, Part]]:
    parts: list[tuple[str, Rows, Part]] = []
    for r in rows:
        if any(f.code in _STRUCTURAL for f in r.log.found):
            continue
        found = _attempt(r.log, "layer", lambda r=r: parts_of(r, context))
        parts += [(table, r, part) for table, part in (found or {}).items()]
    return parts


_STRUCTURAL = frozenset({"missing-column", "missing-key", "key-not-used", "date-and-start", "swapped-axes"})
"""Faults of a whole layer after which its rows would only repeat the complaint."""


def _table(name: str, parts: Sequence[tuple[str, Rows, Part]]) -> Any:
    """One table of the case from the layers that feed it; empty where none does."""
    record = _TABLES[name]
    mine = [(rows, part) for table, rows, part in parts if table == name]
    columns = {
        f.name: _joined(f.name, [part[f.name] for _, part in mine])
        for f in fields(record)
        if f.name != "source"
    }
    source = Provenance(
        layer=np.array([rows.name for rows, _ in mine for _ in range(rows.size)], dtype=np.str_),
        row=np.concatenate([rows.table.row for rows, _ in mine] or [np.empty(0, dtype=np.int64)]).astype(
            np.int64
        ),
    )
    return record(**columns, source=source)


def _shapes(parts: Sequence[tuple[str, Rows, Part]]) -> Any:
    """Geometry of all records; the tables that only add words to others have none."""
    return _joined("geometry", [part["geometry"] for _, _, part in parts if "geometry" in part])


def _joined(name: str, pieces: Sequence[Any]) -> Any:
    if name == "types":
        return tuple(t for piece in pieces for t in piece)
    if name == "geometry":
        return np.concatenate([*pieces, np.empty(0, dtype=object)]).astype(object)
    if name in _TEXT:
        return np.array([str(v) for piece in pieces for v in piece], dtype=np.str_)
    dtype = np.bool_ if name in _TRUTHS else np.float64
    return np.concatenate([*pieces, np.empty(0)]).astype(dtype)


def _policy_file(spec: CaseFile, folder: Path) -> Path | None:
    return expand(spec.policy.file, folder) if spec.policy.file else None


def _outside(spec: CaseFile, catalogue: Catalogue, log: FindingLog) -> tuple[str, ...]:
    names: list[str] = []
    for text in spec.outside.types:
        try:
            names.append(catalogue.ordnance(text).name)
        except InvalidInput as error:
            _, _, hint = str(error).partition(". ")
            log.refuse(
                "unknown-type",
                "outside.types must be names of the catalogue",
                f"got {text!r}",
                hint.rstrip("."),
            )
    return tuple(dict.fromkeys(names))


def _check_links(tables: Mapping[str, Any], log: FindingLog) -> None:
    wanted = tables["events"].search_id
    lost = sorted({str(w) for w in wanted[wanted != ""]} - {str(i) for i in tables["searches"].id})
    if lost:
        num = int(np.isin(wanted, lost).sum())
        log.add(
            "warning", "unknown-search", "search_id should be the id of a search of the case",
            f"{num:,} events name searches that are not there: {', '.join(lost[:10])}",
            "add the searches, or check the ids; the finds are kept, credited to no search", count=num,
        )  # fmt: skip


def _check_repeats(tables: Mapping[str, Any], log: FindingLog) -> None:
    """A warning for records that lie in two layers at once: the same place, kind and day."""
    events, areas = tables["events"], tables["areas"]
    keys = {
        "events": zip(shapely.to_wkb(events.geometry), events.kind, map(repr, events.day), strict=True),
        "areas": zip(shapely.to_wkb(areas.geometry), areas.status, map(repr, areas.start_day), strict=True),
    }
    for name, described in keys.items():
        layers: dict[tuple[Any, ...], str] = {}
        num, pairs = 0, set()
        for key, layer in zip(described, tables[name].source.layer, strict=True):
            first = layers.setdefault(key, layer)
            if key[0] is not None and first != layer:
                num += 1
                pairs.add(f"{layer} repeats {first}")
        if num:
            log.add(
                "warning", "repeated-in-layers", "a record should stand in one layer",
                f"{num:,} {name} lie at the same place, with the same date, as one of another layer "
                f"({'; '.join(sorted(pairs))}); all are kept",
                "if the layers overlap, filter one with [layers.where]: each record counts as evidence of its own",
                count=num,
            )  # fmt: skip


def _check_classes(
    areas: HazardAreas, catalogue: Catalogue, priors: Mapping[str, Range], log: FindingLog
) -> None:
    """Every hazard class needs a density and an existence prior, from the catalogue or the case."""
    known = set(catalogue.priors) | set(priors)
    for name in sorted({str(c) for c in areas.hazard_class}):
        lacking = [f"{what}.{name}" for what in ("density", "exists") if f"{what}.{name}" not in known]
        if lacking:
            classes = sorted(k.removeprefix("exists.") for k in known if k.startswith("exists."))
            log.refuse(
                "class-without-prior", f"hazard class {name!r} needs priors {' and '.join(lacking)}", "there are none",
                f'{near(name, classes)}Use one of {", ".join(classes)}, or give [model.priors."density.{name}"] and '
                f'[model.priors."exists.{name}"]',
            )  # fmt: skip


def _crs_text(crs: CRS) -> str:
    code = crs.to_epsg()
    return f"EPSG:{code}" if code is not None else str(crs.to_wkt())
