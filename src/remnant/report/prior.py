"""A learned prior in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from remnant.evidence import Finding
from remnant.field.learned_prior import LearnedPrior

_FEW_POINTS = 2.0
_SMALL_FACTOR = 1.5  # a map whose places hardly differ says so


def prior_lines(prior: LearnedPrior, findings: Sequence[Finding]) -> Iterator[str]:
    """What was learned from what, and what it may be used for.

    Parameters
    ----------
    prior
        What was learned.
    findings
        What was left out.
    """
    counts = prior.counts
    span = f"{'' if prior.start is None else f'from {prior.start} '}until {prior.until}"
    yield f"{prior.name}: learned {span} on {counts['cells']:,.0f} cells of {prior.cell_m / 1e3:g} km"
    if counts["events"]:
        yield (
            f"  from {counts['events']:,.0f} events: presence only, so the map tells where they lie thick, not how many"
        )
    if counts["found"] or counts["nothing"]:
        yield (
            f"  from labelled cells: {counts['found']:,.0f} found, {counts['nothing']:,.0f} searched and nothing "
            f"found; {counts['unknown']:,.0f} unknown, which teach nothing"
        )
    yield f"  places are alike over {_range(prior.range_km)} km and differ by a factor of {_range(prior.spread_factor)}"
    if counts["hyper_points"] < _FEW_POINTS:
        yield "  warning: these two rest on hardly more than one point of their grid and are surer than they should be"
    for slope in prior.slopes:
        sure = "" if slope.low > 1.0 or slope.high < 1.0 else " (may be none)"
        what = "reporting" if slope.is_reporting else "density"
        yield f"  {slope.name}: {what} × {_range((slope.low, slope.high))} from a low to a high place{sure}"
    mean, sd = prior.bands[0], prior.bands[1]
    ends = np.exp(np.nanquantile(mean, [0.05, 0.95]))
    yield (
        f"  map: from {ends[0]:.2g} to {ends[1]:.2g} times the mean density of the region (5 % and 95 % of its ground)"
    )
    if ends[1] / ends[0] < _SMALL_FACTOR:
        yield "  the evidence hardly tells places apart: expect little from this prior"
    unsure = float(np.nanmean(sd > 1.0))
    if unsure > 0.0:
        yield f"  on {unsure:.0%} of the ground the map may be wrong by more than a factor of 2.7 either way"
    for finding in findings:
        yield f"{finding.severity}: {finding.came}"


def _range(ends: tuple[float, float]) -> str:
    return f"{ends[0]:.2g} to {ends[1]:.2g}"
