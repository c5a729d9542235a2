"""Answers about one site: transects, samples, bounds, inspections; what was asked, with what, and the numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from remnant.decide.design.detection import Detection
from remnant.decide.design.inspection import AfterInspection, after_pass, p_accept, p_accept_lot, share_needed
from remnant.decide.design.layout import TransectLayout, UnitLayout, count_units, draw_units, lay_transects
from remnant.decide.design.sampling import SamplePlan, density_bound_without_find, plan_sample
from remnant.decide.design.simulated import Simulated, simulate_pattern, simulate_swaths
from remnant.decide.design.transects import (
    Signal,
    TargetArea,
    Transects,
    p_detect,
    p_there_though_unseen,
    p_traverse,
    widest_spacing,
    with_spacing,
)
from remnant.errors import InvalidInput, NotEstimable
from remnant.units import Floats, Ints

_CURVE_POINTS = 24
_MOST_SIMULATED = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TransectAnswer:
    """What transects of a pattern achieve, in formula, in simulation and on a site.

    Parameters
    ----------
    transects, target, signal, detection
        The design; the last two None where only crossing was asked.
    goal
        Chance for which the spacing was worked out; None where the spacing was given. [1]
    crossed, noticed
        Chance that a transect crosses the target area, and that it does and enough is found; the second None without a
        signal. [1]
    simulated
        The same from simulation, with standard errors; None where background makes it no independent check.
    layout, on_site
        Transects on the site, and what simulation gives for them (or for the tracks as walked); None without a site.
    is_walked
        Whether `on_site` speaks of walked tracks.
    prior, still_there
        Chance that there is a target area, before, and after transects that showed none; None where not asked. [1]
    seed
        Of offsets and simulation.
    """

    transects: Transects
    target: TargetArea
    signal: Signal | None
    detection: Detection | None
    goal: float | None
    crossed: float
    noticed: float | None
    simulated: Simulated | None
    layout: TransectLayout | None
    on_site: Simulated | None
    is_walked: bool
    prior: float | None
    still_there: float | None
    seed: int


def answer_transects(
    transects: Transects,
    target: TargetArea,
    *,
    signal: Signal | None = None,
    detection: Detection | None = None,
    goal: float | None = None,
    prior: float | None = None,
    site: Any = None,
    bearing_deg: float = 0.0,
    walked: NDArray[np.object_] | None = None,
    num_simulated: int = 20_000,
    seed: int = 1,
) -> TransectAnswer:
    """Everything about one design of transects.

    Parameters
    ----------
    transects
        The pattern; with a goal its spacing is replaced by the widest that reaches it.
    target, signal, detection
        What shall be noticed, and how well the detector finds; signal and detection go together.
    goal, prior
        See `TransectAnswer`. [1]
    site, bearing_deg, walked
        Ground to lay transects over, their direction clockwise from grid north, and ground covered along walked tracks,
        if they were walked already. [m, °, m]
    num_simulated
        Target areas to simulate. [areas]
    seed
        The same seed gives the same answer.
    """
    if (signal is None) != (detection is None):
        raise InvalidInput("a density and a detection chance belong together; one came. State both or none.")
    if prior is not None and signal is None:
        raise InvalidInput(
            "the chance that a target area is there although none showed needs its density and a detection chance; "
            "they did not come. State them."
        )
    if not 100 <= num_simulated <= _MOST_SIMULATED:
        raise InvalidInput(
            f"100 to {_MOST_SIMULATED:,} target areas can be simulated; got {num_simulated:,}."
        )
    if goal is not None:
        transects = with_spacing(
            transects, widest_spacing(transects, target, goal, signal=signal, detection=detection)
        )
    sure = Signal(density_per_m2=0.0) if signal is None else signal
    finds = (
        Detection(draws=np.ones(1), low=1.0, high=1.0, source="not used") if detection is None else detection
    )
    crossed = p_traverse(transects, target)
    noticed = None if signal is None else p_detect(transects, target, sure, finds)
    layout, on_site = None, None
    if site is not None:
        layout = lay_transects(
            site, transects, bearing_deg=bearing_deg, rng=np.random.default_rng([seed, *b"layout"])
        )
        on_site = simulate_swaths(
            layout.swath if walked is None else walked, site, target, sure, finds, bearing_deg=bearing_deg,
            num=min(num_simulated, 5000), rng=np.random.default_rng([seed, *b"site"]),
        )  # fmt: skip
    rng = np.random.default_rng([seed, *b"pattern"])
    return TransectAnswer(
        transects=transects,
        target=target,
        signal=signal,
        detection=detection,
        goal=goal,
        crossed=crossed,
        noticed=noticed,
        simulated=None
        if sure.background_per_m2 > 0.0
        else simulate_pattern(transects, target, sure, finds, num=num_simulated, rng=rng),
        layout=layout,
        on_site=on_site,
        is_walked=walked is not None,
        prior=prior,
        still_there=None if prior is None else p_there_though_unseen(prior, _shown(noticed, on_site)),
        seed=seed,
    )


def _shown(noticed: float | None, on_site: Simulated | None) -> float:
    """The lowest chance on hand that transects show the target: a site's edges only lower it."""
    assert noticed is not None
    return noticed if on_site is None else min(noticed, on_site.noticed)


def spacing_curve(answer: TransectAnswer) -> tuple[Floats, Floats, Floats | None]:
    """Chances of crossing, and of crossing and noticing, at spacings around that of the answer. (n,) [m, 1, 1]"""
    middle = answer.transects.spacing_m
    low = answer.transects.width_m * max(1.0, middle / min(answer.transects.spacings_m))
    spacings = np.unique(np.append(np.linspace(low, max(2.5 * middle, 2.0 * low), _CURVE_POINTS), middle))
    designs = [with_spacing(answer.transects, float(s)) for s in spacings]
    crossed = np.array([p_traverse(d, answer.target) for d in designs])
    if answer.signal is None or answer.detection is None:
        return spacings, crossed, None
    noticed = np.array([p_detect(d, answer.target, answer.signal, answer.detection) for d in designs])
    return spacings, crossed, noticed


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SampleAnswer:
    """A sample of a lot: the plan, the detection it rests on, and the units drawn on the site, if there is one."""

    plan: SamplePlan
    detection: Detection
    layout: UnitLayout | None
    seed: int


def answer_sample(
    num_units: int | None,
    *,
    confidence: float,
    clean_share: float,
    detection: Detection,
    site: Any = None,
    unit_m: float | None = None,
    seed: int = 1,
) -> SampleAnswer:
    """A sampling plan, with units drawn at random on a site where one is given.

    Parameters
    ----------
    num_units
        Units in the lot; None: as many squares of the side `unit_m` as touch the site. [units]
    confidence, clean_share, detection
        As for `plan_sample`.
    site, unit_m
        Ground of the lot and the side of a unit. [m, m]
    seed
        Of the draw.
    """
    if site is None:
        if num_units is None:
            raise InvalidInput("a lot needs its number of units, or a site; neither came. Give one of them.")
        plan = plan_sample(num_units, confidence=confidence, clean_share=clean_share, detection=detection)
        return SampleAnswer(plan=plan, detection=detection, layout=None, seed=seed)
    if unit_m is None:
        raise InvalidInput("a site is cut into units; the side of a unit did not come. Give it in metres.")
    counted = count_units(site, unit_m)
    if num_units is not None and num_units != counted:
        raise InvalidInput(
            f"the site has {counted:,} units of {unit_m:g} m; {num_units:,} came. Leave one out."
        )
    plan = plan_sample(counted, confidence=confidence, clean_share=clean_share, detection=detection)
    rng = np.random.default_rng([seed, *b"units"])
    return SampleAnswer(
        plan=plan, detection=detection, layout=draw_units(site, unit_m, plan.num_sampled, rng=rng), seed=seed
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BoundAnswer:
    """What ground searched without a find shows: an upper bound on the density. [m², 1, 1/m²]"""

    searched_m2: float
    confidence: float
    detection: Detection
    bound_per_m2: float


def answer_bound(searched_m2: float, *, confidence: float, detection: Detection) -> BoundAnswer:
    """The bound of `density_bound_without_find`, with what it rests on."""
    return BoundAnswer(
        searched_m2=searched_m2,
        confidence=confidence,
        detection=detection,
        bound_per_m2=density_bound_without_find(searched_m2, confidence=confidence, detection=detection),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InspectionAnswer:
    """Operating curve of an inspection.

    Parameters
    ----------
    share
        Share of ground or units inspected. [1]
    num_units, num_sampled
        Units of the lot and in the sample; None for a share of ground. [units]
    most_finds
        Finds with which it still passes. [items]
    num_left, p_pass
        (n,) items (or units with items) left, and chance of a pass. [items, 1]
    risk, shares_needed
        Chance of a pass that is tolerated, and by `num_left` the share to inspect for it: NaN where no inspection is
        enough. [1, 1]
    after
        What a pass does to the belief; None where not asked.
    """

    share: float
    num_units: int | None
    num_sampled: int | None
    most_finds: int
    detection: Detection
    num_left: Ints
    p_pass: Floats
    risk: float
    shares_needed: Floats
    after: AfterInspection | None


def answer_inspection(
    detection: Detection,
    *,
    share: float | None = None,
    num_units: int | None = None,
    num_sampled: int | None = None,
    most_finds: int = 0,
    risk: float = 0.1,
    num_left: Sequence[int] = (1, 2, 3, 5, 10, 20, 30, 50),
    items_before: float | None = None,
    cleared_share: float | None = None,
    p_bad: float | None = None,
    cleared_share_bad: float | None = None,
) -> InspectionAnswer:
    """The operating curve of an inspection of a share of the ground, or of a sample of units.

    Parameters
    ----------
    detection
        How well the inspection finds.
    share, num_units, num_sampled
        A share of ground, or units in the lot and in the sample. [1, units, units]
    most_finds, risk, num_left
        As in `InspectionAnswer`.
    items_before, cleared_share, p_bad, cleared_share_bad
        As for `after_pass`; left out, nothing is said of the belief after a pass.
    """
    is_lot = num_units is not None and num_sampled is not None
    if (share is None) != is_lot or (num_units is None) != (num_sampled is None):
        raise InvalidInput(
            "an inspection is a share of the ground, or a sample of the units of a lot; name one of the two, the "
            "second with both its numbers."
        )
    left = np.unique(np.asarray(num_left, dtype=np.int64))
    if left.size == 0 or left[0] < 1:
        raise InvalidInput("items left must be 1 or more; a lower number came.")
    if num_units is not None and num_sampled is not None:
        left = left[left <= num_units]
        share = num_sampled / max(num_units, 1)
        passed = p_accept_lot(num_units, left, num_sampled, detection, most_finds=most_finds)
    else:
        assert share is not None
        passed = p_accept(left, share, detection, most_finds=most_finds)
    return InspectionAnswer(
        share=share,
        num_units=num_units,
        num_sampled=num_sampled,
        most_finds=most_finds,
        detection=detection,
        num_left=left,
        p_pass=passed,
        risk=risk,
        shares_needed=np.array([_share_or_nan(int(k), risk, detection, most_finds) for k in left]),
        after=_belief(detection, share, most_finds, items_before, cleared_share, p_bad, cleared_share_bad),
    )


def _belief(
    detection: Detection,
    share: float,
    most_finds: int,
    items_before: float | None,
    cleared_share: float | None,
    p_bad: float | None,
    cleared_share_bad: float | None,
) -> AfterInspection | None:
    """What a pass does to the belief, where what was believed is stated."""
    if (items_before is None) != (cleared_share is None) or (p_bad is None) != (cleared_share_bad is None):
        raise InvalidInput(
            "items before clearance and the share cleared belong together, and so do the chance of a bad process and "
            "the share that it clears; one of a pair is missing. State it."
        )
    if items_before is None or cleared_share is None:
        if p_bad is not None:
            raise InvalidInput(
                "a bad process needs the items before clearance; they did not come. State them."
            )
        return None
    if most_finds > 0:
        raise InvalidInput(
            f"the belief after a pass is for no find; {most_finds} are allowed. Leave one out."
        )
    return after_pass(
        items_before,
        cleared_share=cleared_share,
        share=share,
        detection=detection,
        p_bad=p_bad or 0.0,
        cleared_share_bad=cleared_share_bad,
    )


def _share_or_nan(num_left: int, risk: float, detection: Detection, most_finds: int) -> float:
    try:
        return share_needed(num_left, risk, detection, most_finds=most_finds)
    except NotEstimable:
        return float("nan")


def length_m(layout: TransectLayout) -> float:
    """Length of all transects of a layout. [m]"""
    return float(shapely.length(layout.line).sum())
