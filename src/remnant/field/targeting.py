"""Searches that went where items were expected: how strongly, what it may do to the estimate, and a model of it.

People search where they expect to find. If what guided them is in the model (a covariate, earlier finds), the estimate
of unsearched ground stands. If it is the density itself, known to them by ways that the model does not see, unsearched
ground is thinner than ground alike that was searched, and an estimate that takes the choice for blind is too high;
where they kept away from the worst, too low. `SearchPlaces` lets the choice depend on the field, with a strength that
is learned [1]_; it can only see what the field can carry. Nothing in the records tells of a guide that varies from cell
to cell and is in no layer: `targeting` shows how lopsided the searches are, so that a reader is warned.

References
----------
.. [1] P. J. Diggle, R. Menezes, T.-L. Su, "Geostatistical inference under preferential sampling", J. R. Statist. Soc. C
   59 (2010) 191-232.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import csr_matrix, diags
from scipy.special import expit
from scipy.stats import rankdata

from remnant.errors import InvalidInput
from remnant.evidence import Finding
from remnant.field.spatial import FieldPosterior
from remnant.units import Floats, not_negative, probability

NUM_PARTS = 5
STRONG = 0.15  # rank correlation from which a reader is warned, where there are many places
_LEVEL_SD = 3.0  # of the logit of the share that is searched, around that of the records
_PULL_SD = 0.7  # of the log odds of a search per unit of log density
_GUIDE_SD = 1.5  # of the log odds of a search per standard deviation of a guide


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Targeting:
    """How searches were spread over ground that the model takes for thin or thick.

    Parameters
    ----------
    searched_share
        (5,) share of the ground that was searched, by fifths of the ground from the thinnest to the thickest. [1]
    correlation
        Rank correlation of searched share and predicted density over places. [1]
    field_correlation
        The same with the part of the prediction that no covariate explains; NaN where it is not given. [1]
    num_places
        Places that it was seen on.
    """

    searched_share: Floats
    correlation: float
    field_correlation: float
    num_places: int

    @property
    def least(self) -> float:
        """Correlation from which a reader is warned: more than chance gives on so few places. [1]"""
        return float(max(STRONG, 2.0 / np.sqrt(self.num_places)))


def targeting(
    searched: Floats, log_density: Floats, ground: Floats, *, log_field: Floats | None = None
) -> Targeting:
    """How lopsided searches are against a prediction.

    Parameters
    ----------
    searched
        (n,) share of each place that was searched. [1]
    log_density
        (n,) predicted log density; best one made without the finds of these searches.
    ground
        (n,) size of the places. [any]
    log_field
        (n,) the part of it that is no covariate's.

    Examples
    --------
    >>> t = targeting(np.array([0.0, 0.0, 0.0, 1.0, 1.0]), np.arange(5.0), np.ones(5))
    >>> t.searched_share.tolist(), round(t.correlation, 2)
    ([0.0, 0.0, 0.0, 1.0, 1.0], 0.87)
    """
    share, size = probability("searched", searched), not_negative("ground", ground)
    if not (share.size == size.size == log_density.size) or not size.sum() > 0.0:
        raise InvalidInput("searched, log_density and ground must have one length, and some ground")
    order = np.argsort(log_density, kind="stable")
    ends = np.cumsum(size[order]) / size.sum()
    # a place that spans two fifths counts in both by its parts
    start = np.concatenate([[0.0], ends[:-1]])
    cuts = np.arange(NUM_PARTS + 1) / NUM_PARTS
    within = np.clip(np.minimum(ends, cuts[1:, None]) - np.maximum(start, cuts[:-1, None]), 0.0, None)
    parts = (within @ share[order]) / within.sum(axis=1)
    return Targeting(
        searched_share=np.clip(parts, 0.0, 1.0),
        correlation=_rank_correlation(share, log_density),
        field_correlation=np.nan if log_field is None else _rank_correlation(share, log_field),
        num_places=share.size,
    )


def _rank_correlation(a: Floats, b: Floats) -> float:
    first, second = (rankdata(v) - 0.5 * (v.size + 1) for v in (a, b))
    size = float(np.sqrt((first @ first) * (second @ second)))
    return float(first @ second) / size if size > 0.0 else 0.0


def targeting_findings(found: Targeting) -> tuple[Finding, ...]:
    """A warning in plain words where searches were lopsided; nothing where they were not."""
    shares = ", ".join(f"{s:.0%}" for s in found.searched_share)
    came = (
        f"from the thinnest to the thickest fifth of the ground, {shares} was searched "
        f"(rank correlation {found.correlation:+.2f})"
    )
    out = []
    if abs(found.correlation) >= found.least:
        where = "thick" if found.correlation > 0.0 else "thin"
        out.append(
            Finding(
                severity="warning", code="targeted-survey",
                asked="searches should not depend on what was expected to be found, or on covariates of the model only",
                came=f"searches went to ground that the model takes for {where}: {came}",
                todo="name as a covariate whatever guided them; search some ground chosen at random",
            )
        )  # fmt: skip
    if abs(found.field_correlation) >= found.least:
        high = "too high" if found.field_correlation > 0.0 else "too low"
        out.append(
            Finding(
                severity="warning", code="targeted-beyond-covariates",
                asked="what guided searches should be in the model",
                came=(
                    "searches follow the part of the density that no covariate explains (rank correlation "
                    f"{found.field_correlation:+.2f}): the estimate for unsearched ground may be {high}"
                ),
                todo="ask the teams how they chose, add it as a covariate, and search some ground chosen at random",
            )
        )  # fmt: skip
    if found.searched_share[-1] > 0.0 and found.searched_share[0] == 0.0:
        out.append(
            Finding(
                severity="note", code="thin-ground-unsearched",
                asked="every kind of ground should have been searched somewhere",
                came=f"the fifth of the ground that the model takes for thinnest was never searched: {came}",
                todo="a few searches chosen at random there would tell whether it is thin",
            )
        )  # fmt: skip
    return tuple(out)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SearchPlaces:
    """Where was searched, as evidence of the field: log odds of a search = level + pull · log field + guides · δ.

    Level, pull and δ are learned; a pull of 0 means that the choice was blind to the field, and the prior is centred
    there. The rows should read the smooth field only: covariates that may have guided searches go into `guides`, or
    the pull of a covariate would be taken for one of the field.

    Parameters
    ----------
    is_searched
        (n_rows,) 1 searched, 0 not; every place that might have been. [1]
    guides
        (n_rows, n_guides) covariates that may have guided the searches, standardised; None: none. [1]
    """

    is_searched: Floats
    guides: Floats | None = None
    _columns: Floats = field(init=False, repr=False)

    def __post_init__(self) -> None:
        values = np.asarray(self.is_searched, np.float64)
        if values.ndim != 1 or not np.isin(values, (0.0, 1.0)).all():
            raise InvalidInput("is_searched must be 0 or 1, one per place")
        guides = np.zeros((values.size, 0)) if self.guides is None else np.asarray(self.guides, np.float64)
        if guides.ndim != 2 or len(guides) != values.size:
            raise InvalidInput(
                f"guides must have {values.size} rows, one per place; got shape {guides.shape}"
            )
        object.__setattr__(self, "is_searched", values)
        object.__setattr__(self, "_columns", guides)

    @property
    def num_rows(self) -> int:
        """Places."""
        return int(self.is_searched.size)

    @property
    def num_nuisances(self) -> int:
        """Level, pull, and one per guide."""
        return 2 + int(self._columns.shape[1])

    def pull(self, z: Floats) -> Floats:
        """Change of the log odds of a search per unit of log density, at its whitened coordinate."""
        return np.asarray(_PULL_SD * z)

    def _log_odds(self, log_field: Floats, z: Floats) -> Floats:
        share = (self.is_searched.sum() + 0.5) / (self.num_rows + 1.0)
        guided = _GUIDE_SD * (self._columns @ z[2:])
        return np.asarray(
            np.log(share / (1.0 - share)) + _LEVEL_SD * z[0] + self.pull(z[1]) * log_field + guided
        )

    def value(self, field: Floats, z: Floats) -> Floats:
        """See `remnant.field.counts.Likelihood`."""
        odds = self._log_odds(field, z)
        return np.asarray((self.is_searched[:, None] * odds - np.logaddexp(0.0, odds)).sum(axis=0))

    def gradient(self, field: Floats, z: Floats) -> tuple[Floats, Floats, Floats]:
        """See `remnant.field.counts.Likelihood`."""
        odds = self._log_odds(field, z)
        left = self.is_searched[:, None] - expit(odds)
        value = (self.is_searched[:, None] * odds - np.logaddexp(0.0, odds)).sum(axis=0)
        own = [_LEVEL_SD * left.sum(axis=0), _PULL_SD * (left * field).sum(axis=0)]
        by_z = np.concatenate([own, _GUIDE_SD * (self._columns.T @ left)])
        return value, left * self.pull(z[1]), by_z

    def curvature(self, field: Floats, z: Floats) -> tuple[csr_matrix | None, Floats, Floats]:
        """See `remnant.field.counts.Likelihood`; a row's log odds take the place of a log mean."""
        p = expit(self._log_odds(field, z))
        pull = float(self.pull(z[1]).mean())
        level = np.full(self.num_rows, _LEVEL_SD)
        by_z = np.column_stack([level, _PULL_SD * field.mean(axis=1), _GUIDE_SD * self._columns])
        return diags(np.full(self.num_rows, pull)).tocsr(), (p * (1.0 - p)).mean(axis=1), by_z


def targeting_of(posterior: FieldPosterior) -> Targeting | None:
    """How the searches of a case were spread over its field; None where no ground has a field or all is alike.

    Every unit that the field carries is a place; what was searched of it is the share of its ground that any search of
    recorded or unrecorded outcome worked.
    """
    reduction = posterior.reduction
    units = np.flatnonzero(np.diff(posterior.unit_read.indptr) > 0)
    worked = np.array([1.0 - np.prod([1.0 - s.coverage for s in h.searches]) for h in reduction.histories])
    entries = reduction.by_portion
    num = reduction.unit_source.size
    ground: Floats = np.bincount(entries.unit, entries.ground, minlength=num)[units].astype(np.float64)
    searched = np.bincount(entries.unit, entries.ground * worked[entries.history], minlength=num)[units]
    there = ground > 0.0
    if not there.any():
        return None
    share = np.clip(searched[there] / ground[there], 0.0, 1.0)
    every = np.arange(len(posterior.range_m))
    log_density = posterior.log_field(units[there], every).mean(axis=0)
    log_field = np.asarray(posterior.unit_read[units[there]] @ posterior.nodes.mean(axis=0))
    if np.ptp(share) <= 0.0:
        return None
    return targeting(share, log_density, ground[there], log_field=log_field)
