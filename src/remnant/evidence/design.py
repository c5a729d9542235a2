"""Covariates as the standardised columns of a model, and the user's factors as priors of its slopes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from remnant.catalogue import Range
from remnant.errors import InvalidInput
from remnant.evidence.covariates import CategoryCovariate, Covariate, column_names, values_at
from remnant.evidence.records import Finding
from remnant.numerics import Z95
from remnant.units import Floats, Ints

LARGEST_CORRELATION = 0.9
"""Above it, two covariates say nearly the same and their effects cannot be told apart."""
_FLAT = 1e-9  # columns that vary by less, relative to their size, are constant


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scaling:
    """Mean, standard deviation and ends of each column over the points of a fit; all (k,).

    Other points must be scaled by the same numbers, or the slopes mean something else there.
    """

    mean: Floats
    sd: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Design:
    """Covariates at points, as columns of a model.

    Parameters
    ----------
    columns
        (n, k) standardised values; unknown ones are 0, the mean, and so add nothing.
    names, covariate
        (k,) name of each column, and which of the covariates it belongs to.
    scaling
        How the columns were standardised.
    slope_mean, slope_sd
        (k,) normal prior of the change in log density per standard deviation of each column.
    num_unknown, num_beyond
        (k,) points where the value is unknown, and where it lies outside what the fit has seen.
    """

    columns: Floats
    names: tuple[str, ...]
    covariate: Ints
    scaling: Scaling
    slope_mean: Floats
    slope_sd: Floats
    num_unknown: Ints
    num_beyond: Ints


def design_matrix(
    covariates: Sequence[Covariate], x_m: Floats, y_m: Floats, *, scaling: Scaling | None = None
) -> Design:
    """Standardised columns of covariates at points, with the priors of their slopes.

    Parameters
    ----------
    covariates
        Any number, in the order of the case.
    x_m, y_m
        (n,) points in the case's CRS. [m]
    scaling
        That of an earlier fit; None takes mean and standard deviation over these points.

    Raises
    ------
    InvalidInput
        For a covariate that is the same, or unknown, at all points of the fit.

    Notes
    -----
    A factor between `low` and `high` for two standard deviations is a normal log-factor of mean ln(low·high)/2 and
    standard deviation ln(high/low)/(2·1.645), and a slope of half of that. For a category the factor is against the
    base, one unit of its column, so its slope is the log-factor times the column's standard deviation.

    Examples
    --------
    >>> from remnant.evidence.surface import Surface
    >>> from remnant.evidence.covariates import RasterCovariate
    >>> effect = Range(low=1.0, high=16.0, unit="ratio", basis="judgement", source="example")
    >>> surface = Surface.north_up(np.array([[1.0, 3.0, np.nan]]), left_m=0.0, top_m=10.0, pixel_m=10.0)
    >>> made = design_matrix([RasterCovariate(name="height", effect=effect, surface=surface)],
    ...     np.array([5.0, 15.0, 25.0]), np.full(3, 5.0))
    >>> made.columns[:, 0].tolist(), made.num_unknown.tolist(), bool(np.isclose(made.slope_mean[0], np.log(4.0) / 2))
    ([-1.0, 1.0, 0.0], [1], True)
    """
    raw = [values_at(c, x_m, y_m) for c in covariates]
    names = tuple(name for c in covariates for name in column_names(c))
    owner: Ints = np.repeat(np.arange(len(raw)), [r.shape[1] for r in raw]).astype(np.int64)
    columns = np.concatenate([*raw, np.empty((len(x_m), 0))], axis=1)
    used = scaling if scaling is not None else _scaling(covariates, raw)
    unknown = np.isnan(columns)
    beyond = ~unknown & ((columns < used.low) | (columns > used.high))
    columns -= used.mean
    columns /= used.sd
    columns[unknown] = 0.0
    mean, sd = _slopes(covariates, used)
    return Design(
        columns=columns,
        names=names,
        covariate=owner,
        scaling=used,
        slope_mean=mean,
        slope_sd=sd,
        num_unknown=unknown.sum(axis=0).astype(np.int64),
        num_beyond=beyond.sum(axis=0).astype(np.int64),
    )


def _scaling(covariates: Sequence[Covariate], raw: Sequence[Floats]) -> Scaling:
    parts = []
    for covariate, values in zip(covariates, raw, strict=True):
        known = values[~np.isnan(values).any(axis=1)]
        if not len(known):
            raise InvalidInput(
                f"covariate {covariate.name!r} must be known somewhere; it is unknown at all {len(values):,} places "
                "of the case. Check its file and crs, or leave it out."
            )
        low, high = known.min(axis=0), known.max(axis=0)
        flat = high - low <= _FLAT * np.maximum(np.abs(high), 1e-300)
        if flat.all():
            raise InvalidInput(
                f"covariate {covariate.name!r} must differ from place to place; it is {_same(covariate, low)} at all "
                f"{len(known):,} places of the case where it is known. Leave it out."
            )
        # a category that is not met here keeps its prior: its column is all zeros, left unscaled
        sd = np.where(flat, 1.0, known.std(axis=0))
        parts.append(np.stack([known.mean(axis=0), sd, low, high]))
    mean, sd, low, high = np.concatenate([*parts, np.empty((4, 0))], axis=1)
    return Scaling(mean=mean, sd=sd, low=low, high=high)


def _same(covariate: Covariate, value: Floats) -> str:
    if not isinstance(covariate, CategoryCovariate):
        return f"{value[0]:g}"
    met = [name for name, v in zip(covariate.categories, value, strict=True) if v > 0.0]
    return repr(met[0] if met else covariate.base)


def _slopes(covariates: Sequence[Covariate], scaling: Scaling) -> tuple[Floats, Floats]:
    means: list[float] = []
    sds: list[float] = []
    for covariate in covariates:
        span = 1.0 if isinstance(covariate, CategoryCovariate) else covariate.span
        for effect in covariate.effects if isinstance(covariate, CategoryCovariate) else (covariate.effect,):
            steps = 2.0 if span is None else span / scaling.sd[len(means)]
            centre, spread = log_factor(effect)
            means.append(centre / steps)
            sds.append(spread / steps)
    return np.array(means), np.array(sds)


def log_factor(effect: Range) -> tuple[float, float]:
    """Mean and standard deviation of the normal log of a factor with given 5 % and 95 % points.

    Examples
    --------
    >>> log_factor(Range(low=0.5, high=2.0, unit="ratio", basis="judgement", source="example"))[0]
    0.0
    """
    low, high = np.log(effect.low), np.log(effect.high)
    return float(0.5 * (low + high)), float((high - low) / (2.0 * Z95))


def correlated(design: Design) -> tuple[tuple[str, str, float], ...]:
    """Pairs of columns, of different covariates, whose correlation is beyond ±0.9, and the correlation."""
    if len(design.columns) < 2 or len(design.names) < 2:
        return ()
    centred = design.columns - design.columns.mean(axis=0)
    size = np.sqrt(np.square(centred).sum(axis=0))
    with np.errstate(invalid="ignore", divide="ignore"):
        r = np.clip(centred.T @ centred / np.outer(size, size), -1.0, 1.0)
        apart = design.covariate[:, None] < design.covariate
        first, second = np.nonzero(apart & (np.abs(r) > LARGEST_CORRELATION))
    return tuple(
        (design.names[i], design.names[j], float(r[i, j])) for i, j in zip(first, second, strict=True)
    )


def design_findings(covariates: Sequence[Covariate], design: Design) -> tuple[Finding, ...]:
    """One finding per covariate that is unknown at some of the points, and per pair that says nearly the same."""
    num = len(design.columns)
    found = []
    for index, covariate in enumerate(covariates):
        unknown = int(design.num_unknown[design.covariate == index].max(initial=0))
        if unknown:
            found.append(
                Finding(
                    severity="warning", code="covariate-unknown", count=unknown,
                    file=covariate.file, layer=covariate.name,
                    asked=f"covariate {covariate.name!r} should be known at every place",
                    came=f"it is unknown at {unknown:,} of {num:,} places ({unknown / num:.1%}); they take its mean",
                    todo="extend its file if you can: where it is unknown it says nothing about density",
                )
            )  # fmt: skip
    for one, other, r in correlated(design):
        found.append(
            Finding(
                severity="warning", code="covariates-alike", layer=one,
                asked="covariates should say different things",
                came=f"{one!r} and {other!r} have correlation {r:.2f}: their effects cannot be told apart",
                todo="leave one out, or read their two effects together only",
            )
        )  # fmt: skip
    return tuple(found)
