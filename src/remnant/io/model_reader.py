"""The [model] section of a case: which model, its priors, and covariates looked at where the records are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from remnant.catalogue import Catalogue, Range
from remnant.errors import InvalidInput
from remnant.evidence import Covariate, FieldSpec, ModelSpec, design_findings, design_matrix
from remnant.evidence.covariates import CategoryCovariate, DistanceCovariate, natural, values_at
from remnant.io import geometry as geo
from remnant.io.case_file import CaseFile, expand, near
from remnant.io.covariates import Surroundings, as_range, read_covariates
from remnant.io.findings import FindingLog
from remnant.io.raster import Bounds
from remnant.io.rows import Rows
from remnant.units import Floats

_SIDE = 150  # points along the longer side of the lattice on which covariates are looked at
_MOST_RECORDS = 10_000
_MARGIN_M = 1_000.0
_MOST_SPREAD_M = 50_000.0
_WHOLE = 1_000.0  # numbers above it are told without decimals
_EVENT_KINDS = ("finds", "accidents")


def model_of(spec: CaseFile, log: FindingLog) -> ModelSpec:
    """The model that a case asks for; parts of the section that it does not use are warned of."""
    asked = spec.model
    named = [f"[model.field] {k}" for k in asked.field.model_fields_set]
    named += ["start_from"] if asked.start_from is not None else []
    named += [f"covariate {c.name!r}" for c in asked.covariates]
    if asked.kind == "stratum" and named:
        log.add(
            "warning", "model-not-used", "what [model] says should be used by its kind",
            f'kind is "stratum", which has no field and no covariates, so {", ".join(named)} changes nothing',
            'write [model] kind = "field" to use it', count=len(named),
        )  # fmt: skip
    return ModelSpec(
        kind=asked.kind, field=FieldSpec(fields=asked.field.fields, spacing_m=asked.field.spacing_m)
    )


def priors_of(spec: CaseFile, catalogue: Catalogue, log: FindingLog) -> dict[str, Range]:
    """The case's own priors by dotted name, under the catalogue's rules; wrong ones are refused."""
    priors: dict[str, Range] = {}
    for name, prior in spec.model.priors.items():
        known = list(catalogue.priors)
        if name not in known and not name.startswith(("density.", "exists.")):
            log.refuse(
                "unknown-prior", f"model.priors.{name!r} must be a prior of the model", "there is none of that name",
                f"{near(name, known)}Known: {', '.join(known)}, and density.… and exists.… for classes of your own",
            )  # fmt: skip
            continue
        try:
            priors[name] = _prior(name, prior.model_dump(), catalogue)
        except InvalidInput as error:
            log.refuse_for("case-prior", error, "a prior must be usable")
    for name, given, unit in (
        ("field.range", spec.model.field.range_km, "km"),
        ("field.spread", spec.model.field.spread_factor, "ratio"),
    ):
        if given is not None:
            priors[name] = as_range(given, unit)
    return priors


def _prior(name: str, content: dict[str, Any], catalogue: Catalogue) -> Range:
    kind = (
        "exists.SHA" if name.startswith("exists.") else "density.SHA" if name.startswith("density.") else name
    )
    wanted = catalogue.priors[kind].range.unit
    if content["unit"] != wanted:
        raise InvalidInput(
            f"model.priors {name!r} must have unit {wanted!r}; got {content['unit']!r}. Convert it."
        )
    if name == "field.spread" and not content["low"] > 1.0:
        raise InvalidInput(
            f"model.priors {name!r} must be factors above 1; got {content['low']:g}. Correct low"
        )
    try:
        return Range(**content)
    except InvalidInput as error:
        raise InvalidInput(f"model.priors {name!r} must be a sourced range; {error}. Correct it") from None


def covariates_of(
    spec: CaseFile, folder: Path, *, crs: CRS, rows: Sequence[Rows], shapes: NDArray[np.object_],
    region: geo.Box | None, tables: Mapping[str, Any],
) -> tuple[tuple[Covariate, ...], list[FindingLog]]:  # fmt: skip
    """The covariates of a case, and what was met in their files and at the places of its records.

    Parameters
    ----------
    shapes
        Geometry of every record, in the case's CRS.
    region
        Where records are expected. [°]
    tables
        Tables of the case by name; empty where the records are refused.
    """
    sections = spec.model.covariates
    there = shapes[~shapely.is_missing(shapes)]
    if not sections or not there.size:
        return (), []
    grid = spec.grid
    margin = _MARGIN_M + grid.around_m + 2.0 * (grid.block_m or grid.cell_m)
    if tables:  # events whose place is hardly known are spread over ground beyond their points
        margin += min(2.0 * float(tables["events"].precision_m.max(initial=0.0)), _MOST_SPREAD_M)
    extent = _extent(there, margin, _in_plane(region, crs))
    around = Surroundings(
        folder=folder, as_of=spec.as_of, crs=crs, extent=extent, event_files=_event_files(rows, folder),
        tables=tables or None,
    )  # fmt: skip
    read, logs = read_covariates(sections, around)
    by_name = {log.layer: log for log in logs}
    x, y = places_of_records(there, grid.around_m)
    for covariate in read:
        _describe(covariate, x, y, by_name[covariate.name])
    usable = [c for c in read if not by_name[c.name].has_errors]
    if usable:
        last = FindingLog(file="")
        last.found.extend(design_findings(usable, design_matrix(usable, x, y)))
        logs.append(last)
    return read, logs


def _event_files(rows: Sequence[Rows], folder: Path) -> dict[tuple[Path, str | None], str]:
    mine = [r for r in rows if r.spec.kind in _EVENT_KINDS]
    return {(expand(r.spec.file, folder).resolve(), r.spec.layer): r.name for r in mine}


def _in_plane(region: geo.Box | None, crs: CRS) -> Bounds | None:
    if region is None:
        return None
    left, bottom, right, top = Transformer.from_crs(geo.LONLAT, crs, always_xy=True).transform_bounds(*region)
    return (left, bottom, right, top) if np.isfinite([left, bottom, right, top]).all() else None


def _extent(shapes: NDArray[np.object_], margin_m: float, region: Bounds | None) -> Bounds:
    left, bottom, right, top = (float(v) for v in shapely.total_bounds(shapes))
    if region is not None:
        left, bottom = min(left, region[0]), min(bottom, region[1])
        right, top = max(right, region[2]), max(top, region[3])
    return left - margin_m, bottom - margin_m, right + margin_m, top + margin_m


def places_of_records(shapes: NDArray[np.object_], around_m: float) -> tuple[Floats, Floats]:
    """Points on which covariates are looked at: one in each record, and a lattice over the ground of all.

    Of more than ten thousand records, every so many-th is taken.
    """
    left, bottom, right, top = (float(v) for v in shapely.total_bounds(shapes))
    step = max(right - left, top - bottom, 1.0) / _SIDE
    x, y = (
        v.ravel()
        for v in np.meshgrid(
            np.arange(left + 0.5 * step, right + step, step), np.arange(bottom + 0.5 * step, top + step, step)
        )
    )
    tree = shapely.STRtree(shapes)
    point, _ = tree.query(shapely.points(x, y), predicate="dwithin", distance=around_m)
    inside = np.unique(point)
    every = -(-shapes.size // _MOST_RECORDS)
    own = shapely.get_coordinates(shapely.point_on_surface(shapes[::every]))
    return np.concatenate([x[inside], own[:, 0]]), np.concatenate([y[inside], own[:, 1]])


def _describe(covariate: Covariate, x: Floats, y: Floats, log: FindingLog) -> None:
    """What a covariate is like at the places of the records; refuses one that is nowhere known, or the same."""
    try:
        design_matrix([covariate], x, y)
    except InvalidInput as error:
        log.refuse_for("covariate-says-nothing", error, "a covariate must tell places apart")
        return
    values = values_at(covariate, x, y)
    known = values[~np.isnan(values).any(axis=1)]
    share = 1.0 - len(known) / len(values)
    if isinstance(covariate, CategoryCovariate):
        shares = np.concatenate([[1.0 - known.sum(axis=1).mean()], known.mean(axis=0)])
        names = (covariate.base, *covariate.categories)
        said = ", ".join(f"{name} {part:.1%}" for name, part in zip(names, shares, strict=True))
    else:
        unit = " m" if isinstance(covariate, DistanceCovariate) else ""
        ends = natural(covariate, np.quantile(known[:, 0], [0.0, 0.5, 1.0]))
        low, middle, high = (f"{v:,.0f}" if abs(v) >= _WHOLE else f"{v:.3g}" for v in ends)
        said = f"{low} to {high}{unit}, half below {middle}{unit}"
    log.add(
        "note", "covariate-read", "covariates are looked at where the records are",
        f"at {len(values):,} places: {said}; unknown at {share:.1%}", "nothing, if that is what it should be",
        count=len(values),
    )  # fmt: skip
