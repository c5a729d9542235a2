"""The learned prior on the records of Colombia: events to 2006 against 2007-2012, labels by municipalities held out.

Run ``python -m benchmarks.colombia_prior`` (about 10 minutes on one core); ``--write`` renews the tables of
docs/colombia.md. What was used for what, and why nothing leaks, is told on that page.
"""

from __future__ import annotations

import argparse
import functools
import os
import re
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from remnant.field.latent import Effort
from remnant.field.learned import LearnedField, Places, PriorBeliefs, learn_field
from remnant.numerics import link_of
from remnant.score import (
    Evaluation,
    Folds,
    Forecast,
    blocks,
    compare,
    distance_to_nearest_m,
    folds_by_group,
    forecast,
    held_out,
    kernel_density_per_m2,
    kernel_share,
    nearest_neighbours,
)
from remnant.units import Floats

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "colombia.md"
DATA = Path(os.environ.get("REMNANT_DATA") or ROOT / "../shared/data") / "colombia"
CUT_YEAR = 2006
SEED = 1
EFFORT = Effort(chains=16, spacing=1.5, moves=2)  # enough for means of hundreds of cells
NUM_DRAWS, SPACING_M = 200, 3000.0  # nodes are a third of the range apart that is found
_LAT0, _LON0 = 6.0, -75.0
_KM_PER_DEGREE = 111.195
CELL_KM2 = (0.00897436 * _KM_PER_DEGREE) ** 2 * np.cos(np.radians(_LAT0))
_OUTSIDE_KM = 2.5  # side of the cells around the study area
_AROUND_KM = 25.0  # how far events around it are used
BLOCK_M = 5000.0  # ground that is resampled as one inside a municipality
_FEWEST_CELLS = 60  # a category that fewer cells have is left out
# priors, set before any result was seen: slopes such that a low and a high place differ by a factor of 0.5 to 2
SLOPE_SD = float(np.log(2.0) / 2.0 / 1.6448536)
RANGE_KM, SPREAD_FACTOR, CLUMP = (1.0, 50.0), (2.0, 20.0), (0.05, 2.0)  # the catalogue's
REPORTING = ("population", "roads", "settlement", "buildings")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Study:
    """Cells and events in kilometres of a local plane."""

    xy_km: Floats
    found: Floats  # 1, 0, NaN unknown
    municipality: np.ndarray
    covariates: Floats
    names: tuple[str, ...]
    event_km: Floats
    event_year: np.ndarray
    event_cell: np.ndarray  # −1 outside


def _plane(lon: Floats, lat: Floats) -> Floats:
    scale = _KM_PER_DEGREE * np.cos(np.radians(_LAT0))
    return np.column_stack([(lon - _LON0) * scale, (lat - _LAT0) * _KM_PER_DEGREE])


def load() -> Study:
    """Cells with features that hold no events, and all events."""
    cells = pd.read_csv(DATA / "cells_antioquia.csv")
    events = pd.read_csv(DATA / "events_1990_2012.csv")
    columns: dict[str, Floats] = {
        "elevation": cells["elevation"].to_numpy(float), "wealth": cells["rwi"].to_numpy(float),
        "wealth unknown": cells["rwi_missing"].to_numpy(float),
        "population": np.log1p(cells["population_2020"].to_numpy()),
    }  # fmt: skip
    for name in cells.columns:
        if name.endswith("_dist"):
            columns[name.removesuffix("_dist")] = np.log(cells[name].to_numpy(float) + 0.3)
        elif name.startswith(("Vocacion_", "CLIMA_", "TIPO_RELIE_")) and cells[name].sum() >= _FEWEST_CELLS:
            columns[name] = cells[name].to_numpy(float)
    raw = np.column_stack(list(columns.values()))
    xy, ev = (
        _plane(cells["LONGITUD_X"].to_numpy(), cells["LATITUD_Y"].to_numpy()),
        _plane(events["lon"].to_numpy(), events["lat"].to_numpy()),
    )
    distance, nearest = cKDTree(xy).query(ev, p=np.inf)
    label = cells["mines_outcome"].to_numpy(float)
    return Study(
        xy_km=xy,
        found=np.where(label < 0, np.nan, label),
        municipality=cells["Municipio"].to_numpy(),
        covariates=(raw - raw.mean(axis=0)) / raw.std(axis=0),
        names=tuple(columns),
        event_km=ev,
        event_year=events["year"].to_numpy(),
        event_cell=np.where(distance <= 0.5001, nearest, -1),
    )


def beliefs(study: Study, *, with_covariates: bool, with_reporting: bool = False) -> PriorBeliefs:
    """The catalogue's priors; covariates that are not wanted get slopes of nil."""
    sd = SLOPE_SD if with_covariates else 1e-6
    return PriorBeliefs(
        names=study.names,
        is_reporting=np.array([with_reporting and n in REPORTING for n in study.names]),
        slope_mean=np.zeros(len(study.names)),
        slope_sd=np.full(len(study.names), sd),
        range_m=link_of(*(1e3 * r for r in RANGE_KM), is_probability=False),
        spread=link_of(*np.log(SPREAD_FACTOR), is_probability=False),
        clump=link_of(*CLUMP, is_probability=False),
    )


def places(xy_km: Floats, seen: Floats, ground_km2: Floats, covariates: Floats) -> Places:
    """Records of the model, in metres."""
    x, y = (1e3 * xy_km).T
    return Places(
        x_m=np.ascontiguousarray(x),
        y_m=np.ascontiguousarray(y),
        seen=seen,
        ground_km2=ground_km2,
        covariates=covariates,
    )


def events_around(study: Study, *, years: np.ndarray) -> Places:
    """Events of some years in coarse cells around the study area; their covariates are unknown (the mean)."""
    tree = cKDTree(study.xy_km)
    low, high = study.xy_km.min(axis=0) - _AROUND_KM, study.xy_km.max(axis=0) + _AROUND_KM
    axes = [np.arange(a, b, _OUTSIDE_KM) for a, b in zip(low, high, strict=True)]
    middle = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
    distance = tree.query(middle)[0]
    # no overlap with the cells: half a diagonal of the coarse cell, and half a side of the fine one
    middle = middle[(distance > 0.5 * _OUTSIDE_KM * 2.0**0.5 + 0.5) & (distance < _AROUND_KM)]
    off, cell = cKDTree(middle).query(study.event_km, p=np.inf)
    use = years & (off <= 0.5 * _OUTSIDE_KM)
    seen = np.bincount(cell[use], minlength=len(middle)).astype(float)
    return places(
        middle, seen, np.full(len(middle), _OUTSIDE_KM**2), np.zeros((len(middle), len(study.names)))
    )


def joined(a: Places, b: Places) -> Places:
    """Two sets of places as one."""
    return Places(**{n: np.concatenate([getattr(a, n), getattr(b, n)]) for n in Places.__slots__})


def learn(
    study: Study, events: Places | None, labels: Places | None, believed: PriorBeliefs, name: str
) -> LearnedField:
    """The fit, told on the way."""
    start = time.perf_counter()
    x, y = 1e3 * study.xy_km.T
    made = learn_field(
        events, labels, believed, rng=np.random.default_rng([SEED, *name.encode()]), num_draws=NUM_DRAWS,
        spacing_m=SPACING_M, also_x_m=x, also_y_m=y, effort=EFFORT,
    )  # fmt: skip
    post = made.posterior
    words = ", ".join(f"{q:.1f}" for q in np.quantile(post.range_m, [0.05, 0.95]) / 1e3)
    print(
        f"{name}: range {words} km, spread {np.quantile(post.spread, [0.05, 0.95]).round(2)}, "
        f"acceptance {post.diagnostics['acceptance']:.2f}, {time.perf_counter() - start:.0f} s",
        file=sys.stderr, flush=True,
    )  # fmt: skip
    return made


def held_out_labels(
    study: Study, folds: Folds, keep: Path, name: str, *, with_covariates: bool, with_events: bool
) -> Forecast:
    """Chance of a find per cell, learned for each municipality from the labels of the others.

    What was learned is kept by fold, so that a run that was stopped goes on where it was.
    """
    chance = np.full(study.found.size, np.nan)
    around = events_around(study, years=study.event_year <= CUT_YEAR) if with_events else None
    believed = beliefs(study, with_covariates=with_covariates)
    keep.mkdir(parents=True, exist_ok=True)
    for fold, train, test in folds.held_out():
        kept = keep / f"{name} {fold}.npy"
        if kept.is_file():
            chance[test] = np.load(kept)
            continue
        known = train & ~np.isnan(study.found)
        labels = places(
            study.xy_km, np.nan_to_num(study.found), np.where(known, CELL_KM2, 0.0), study.covariates
        )
        made = learn(study, around, labels, believed, f"{name}, {fold}")
        at = places(study.xy_km, study.found, np.full(study.found.size, CELL_KM2), study.covariates).only(
            test
        )
        chance[test] = made.chance("labels", at)
        np.save(kept, chance[test])
    return forecast(name, p_any=chance)


def labels_study(study: Study, keep: Path) -> Evaluation:
    """Labels with whole municipalities held out."""
    folds = folds_by_group(study.municipality.tolist(), "municipality")
    x, y = 1e3 * study.xy_km.T
    knn = held_out("25 nearest labels", nearest_neighbours(25), x, y, study.found, folds)
    make = functools.partial(held_out_labels, study, folds, keep)
    share = held_out("kernel share of labels", kernel_share(), x, y, study.found, folds)
    both = make("field, covariates, events around", with_covariates=True, with_events=True)
    others = (
        make("field and covariates", with_covariates=True, with_events=False),
        make("field alone", with_covariates=False, with_events=False),
        knn,
        share,
    )
    return compare(
        others, both, study.found, folds, rng=np.random.default_rng(SEED), block=blocks(x, y, BLOCK_M)
    )


def events_study(study: Study) -> tuple[Evaluation, LearnedField]:
    """Events to 2006, forecasts of whether a cell has an event in 2007-2012."""
    past = study.event_year <= CUT_YEAR
    size = study.found.size
    count = [
        np.bincount(study.event_cell[w & (study.event_cell >= 0)], minlength=size).astype(float)
        for w in (past, ~past)
    ]
    cells = places(study.xy_km, count[0], np.full(size, CELL_KM2), study.covariates)
    region = joined(cells, events_around(study, years=past))
    x, y = 1e3 * study.xy_km.T
    event_x, event_y = 1e3 * study.event_km[past].T
    made, forecasts = {}, []
    for name, with_covariates in (("field and covariates", True), ("field alone", False)):
        believed = beliefs(study, with_covariates=with_covariates)
        made[name] = learn(study, region, None, believed, f"events, {name}")
        forecasts.append(forecast(name, p_any=made[name].chance("events", cells)))
    near = -distance_to_nearest_m(event_x, event_y, x, y)
    forecasts.append(forecast("nearest past event", p_any=np.full(size, (count[0] > 0).mean()), rank=near))
    for width in (1000.0, 3000.0):
        rate = kernel_density_per_m2(event_x, event_y, x, y, width) * 1e6 * CELL_KM2
        forecasts.append(forecast(f"kernel of {width / 1e3:g} km", p_any=-np.expm1(-rate)))
    folds = folds_by_group(study.municipality.tolist(), "municipality")
    evaluated = compare(
        forecasts[1:], forecasts[0], (count[1] > 0).astype(float), folds, rng=np.random.default_rng(SEED),
        block=blocks(x, y, BLOCK_M),
    )  # fmt: skip
    return evaluated, made["field and covariates"]


def tables(done: Evaluation, measures: tuple[str, ...]) -> list[str]:
    """Pooled and mean-of-folds scores with intervals, differences, and every fold."""
    names = list(dict.fromkeys(r.forecast for r in done.rows))
    lines = [
        "| forecast | "
        + " | ".join(f"{m}, {s}" for m in measures for s in ("pooled", "mean of folds"))
        + " |"
    ]
    lines.append("|---|" + "---|" * (2 * len(measures)))
    cell = {(r.forecast, r.measure, r.scope, r.fold): r for r in done.rows}
    for name in names:
        mine = [cell.get((name, m, s, "")) for m in measures for s in ("pooled", "within")]
        lines.append(
            f"| {name} | "
            + " | ".join("" if r is None else f"{r.value:.3f} ({r.low:.3f} to {r.high:.3f})" for r in mine)
            + " |"
        )
    lines += ["", f"Intervals (90 %): {done.interval_words}.", ""]
    lines += [f"| ROC of {names[0]} less that of | pooled | mean of folds |", "|---|---|---|"]
    for other in names[1:]:
        found = {
            d.scope: d
            for d in done.differences
            if d.against == other and d.measure == measures[0] and not d.fold
        }
        lines.append(
            f"| {other} | "
            + " | ".join(
                f"{found[s].value:+.3f} ({found[s].low:+.3f} to {found[s].high:+.3f})" if s in found else ""
                for s in ("pooled", "within")
            )
            + " |"
        )
    folds = [f for f in dict.fromkeys(r.fold for r in done.rows) if f]
    lines += [
        "",
        "| held out | cells | with finds | " + " | ".join(names) + " |",
        "|---|---|---|" + "---|" * len(names),
    ]
    for fold in folds:
        rows = [cell.get((n, measures[0], "fold", fold)) for n in names]
        if rows[0] is None or not np.isfinite(rows[0].value):
            continue
        first = f"{rows[0].value:.2f} ({rows[0].low:.2f} to {rows[0].high:.2f})"
        lines.append(
            f"| {fold} | {rows[0].num_places} | {rows[0].num_with_finds} | {first} | "
            + " | ".join(f"{r.value:.2f}" for r in rows[1:] if r)
            + " |"
        )
    lines += [f"| {u.fold} | {u.num_places} | | " + f"not scored: {u.reason} |" for u in done.unscored]
    return lines


def main() -> None:
    """Run, print, and write if asked."""
    asked = argparse.ArgumentParser(description="Measure the learned prior on the records of Colombia.")
    asked.add_argument("--write", action="store_true")
    asked.add_argument("study", nargs="*", choices=["events", "labels", []])
    asked.add_argument(
        "--keep", type=Path, default=None, help="folder that holds what was learned, fold by fold"
    )
    options = asked.parse_args()
    study = load()
    keep = options.keep or Path(tempfile.mkdtemp(prefix="colombia-"))
    shown: dict[str, list[str]] = {}
    if not options.study or "events" in options.study:
        shown["events"] = tables(events_study(study)[0], ("roc_auc", "average_precision"))
    if not options.study or "labels" in options.study:
        shown["labels"] = tables(labels_study(study, keep), ("roc_auc", "average_precision", "log_score"))
    for name, lines in shown.items():
        text = "\n".join(lines)
        print(f"\n## {name}\n{text}")
        if options.write:
            page = PAGE.read_text("utf-8")
            mark = re.compile(rf"(?s)(<!-- {name}: begin -->\n).*?(<!-- {name}: end -->)")
            PAGE.write_text(mark.sub(lambda m, text=text: f"{m[1]}\n{text}\n\n{m[2]}", page), "utf-8")


if __name__ == "__main__":
    main()
