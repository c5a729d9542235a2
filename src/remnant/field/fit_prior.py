"""From a case's events and labels to a learned prior, in one call."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

import numpy as np
import shapely

from remnant.evidence import Case, Finding
from remnant.field.learned import learn_field
from remnant.field.learned_prior import LearnedPrior, learned_prior
from remnant.field.prior_inputs import prior_inputs

MAX_DRAWS = 500  # a prior is a summary: more draws would not show in it


def fit_prior(
    case: Case,
    region: shapely.Geometry | None,
    *,
    until: dt.date | None = None,
    start: dt.date | None = None,
    reporting: Sequence[str] = (),
    cell_m: float | None = None,
    seed: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> tuple[LearnedPrior, tuple[Finding, ...]]:
    """A prior from the events and labelled cells of a case, and the account of what was left out.

    Parameters
    ----------
    case, region, start, reporting, cell_m
        See `remnant.field.prior_inputs.prior_inputs`.
    until
        Last day looked at; None: the case's `as_of`.
    seed
        None: the case's.
    progress
        Called with the share done, 0 to 1.
    """
    given = prior_inputs(
        case, region, until=until or case.as_of, start=start, reporting=reporting, cell_m=cell_m
    )
    used = case.seed if seed is None else seed
    learned = learn_field(
        given.cells,
        given.labels,
        given.beliefs,
        rng=np.random.default_rng([used, *b"prior"]),
        num_draws=min(case.num_draws, MAX_DRAWS),
        spacing_m=case.model.field.spacing_m,
        also_x_m=given.cells.x_m,
        also_y_m=given.cells.y_m,
        progress=progress,
    )
    made = learned_prior(
        case.name, learned, given, case.covariates, crs=case.crs, inputs=case.inputs, seed=used
    )
    return made, given.findings
