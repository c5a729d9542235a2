"""From one area of a case to what its finds say about rows: the steps in order; never touches a file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from remnant._version import __version__
from remnant.evidence import Case
from remnant.field.rows.infer import RowPosterior, infer_rows
from remnant.field.rows.missing import MissingItems, missing_items
from remnant.field.rows.of_case import AreaEvidence, area_evidence
from remnant.field.rows.settings import PatternPriors
from remnant.field.rows.summary import PatternSummary, summarise_rows

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RowAnswer:
    """What is missing in one area, and the pattern that says so.

    Parameters
    ----------
    case_name, as_of, crs, inputs
        Of the case.
    evidence
        Finds and searched ground of the area, and what was left out.
    posterior, missing, summary
        The answer.
    seed, version
        What makes it repeatable.
    """

    case_name: str
    as_of: dt.date
    crs: str
    inputs: Mapping[str, str]
    evidence: AreaEvidence
    posterior: RowPosterior
    missing: MissingItems
    summary: PatternSummary
    seed: int
    version: str


def answer_rows(
    case: Case,
    area_id: str,
    priors: PatternPriors | None = None,
    *,
    seed: int | None = None,
    progress: Progress | None = None,
) -> RowAnswer:
    """Whether and how the finds of one hazard area lie in rows, and where the missing ones are.

    Parameters
    ----------
    case
        The case.
    area_id
        Id of one of its hazard areas.
    priors
        Beliefs about patterns before the finds.
    seed
        Overrides the case's seed.
    progress
        Called with the name of the step and the share done of it.
    """
    seed = case.seed if seed is None else seed

    def tell(step: str) -> Callable[[float], None]:
        return lambda share: progress(step, share) if progress is not None else None

    evidence = area_evidence(case, area_id, rng=np.random.default_rng([seed, *b"rows: detection"]))
    posterior = infer_rows(
        evidence.finds,
        evidence.ground,
        priors,
        rng=np.random.default_rng([seed, *b"rows"]),
        progress=tell("looking for rows"),
    )
    missing = missing_items(
        posterior,
        rng=np.random.default_rng([seed, *b"rows: missing"]),
        progress=tell("placing what is missing"),
    )
    return RowAnswer(
        case_name=case.name,
        as_of=case.as_of,
        crs=case.crs,
        inputs=case.inputs,
        evidence=evidence,
        posterior=posterior,
        missing=missing,
        summary=summarise_rows(posterior, missing),
        seed=seed,
        version=__version__,
    )
