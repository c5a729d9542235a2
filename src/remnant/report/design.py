"""Answers about one site as words and as plain values: transects, samples, bounds, inspections."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from remnant._version import __version__
from remnant.decide import (
    BoundAnswer,
    Detection,
    InspectionAnswer,
    SampleAnswer,
    Simulated,
    TransectAnswer,
    length_m,
)
from remnant.report.words import area, percent, rounded

NO_RELEASE = (
    "These are chances under the stated assumptions. They release no land; a person with the authority does."
)
_KM2_M2, _HA_M2 = 1e6, 1e4


def detection_words(detection: Detection) -> str:
    """A detection chance with its source."""
    value = detection.words
    if detection.high != detection.low:
        value += " (90 % interval, shared by the whole search)"
    return f"{value}: {detection.source}"


def transect_words(answer: TransectAnswer, site: str = "") -> str:
    """What the transects achieve, line by line.

    Parameters
    ----------
    answer
        The answer.
    site
        What the site's file is.
    """
    design, target = answer.transects, answer.target
    spacings = " and ".join(f"{s:.4g} m" for s in design.spacings_m)
    shape = "circle" if target.length_m == target.width_m else "ellipse"
    lies = "" if shape == "circle" else (
        ", in any direction" if target.angle_deg is None else f", long axis at {target.angle_deg:g}° to the transects"
    )  # fmt: skip
    lines = [
        f"Transects: {design.pattern}, {design.width_m:g} m wide, {spacings} apart (middle to middle)"
        + (f"; the widest spacing for {percent(answer.goal)}" if answer.goal is not None else ""),
        f"Target area: {shape}, {target.length_m:g} m by {target.width_m:g} m ({area(target.area_m2)}){lies}",
        f"Ground covered: {percent(design.covered_share)} of a large site, "
        f"{rounded(design.metres_per_km2 / 1e3, 3)} km of transects per km²",
        "",
        _chance("Chance that a transect crosses it", answer.crossed, answer.simulated, "crossed"),
    ]
    if answer.noticed is not None:
        lines += [_chance("Chance that it is crossed and shows", answer.noticed, answer.simulated, "noticed")]
        lines += [_signal_words(answer)]
    if answer.on_site is not None:
        lines += ["", *_site_words(answer, site)]
    if answer.prior is not None and answer.still_there is not None:
        lines.append(
            f"If the transects show none: chance that there is one is {percent(answer.still_there)} "
            f"(before: {percent(answer.prior)}, as stated)"
        )
    return "\n".join([*lines, "", _run(answer.seed), NO_RELEASE])


def _chance(what: str, value: float, simulated: Simulated | None, name: str) -> str:
    if simulated is None:
        return f"{what}: {100 * value:.1f} % (closed form)"
    share, error = getattr(simulated, name), getattr(simulated, f"{name}_se")
    return (
        f"{what}: {100 * value:.1f} % (closed form); {100 * share:.1f} ± {100 * error:.1f} % "
        f"in {simulated.num:,} simulated"
    )


def _signal_words(answer: TransectAnswer) -> str:
    signal, detection = answer.signal, answer.detection
    assert signal is not None
    assert detection is not None
    words = f"  {signal.density_per_m2 * _HA_M2:g} items per ha; it shows with {signal.least_finds} find"
    words += "s or more" if signal.least_finds > 1 else " or more"
    if signal.background_per_m2 > 0.0:
        words += (
            f", and more than {signal.background_per_m2 * _HA_M2:g} background signals per ha give with "
            f"{percent(signal.false_alarm)}"
        )
    return f"{words}\n  Detection {detection_words(detection)}"


def _site_words(answer: TransectAnswer, site: str) -> list[str]:
    layout, done = answer.layout, answer.on_site
    assert layout is not None
    assert done is not None
    share, error = (
        (done.crossed, done.crossed_se) if answer.signal is None else (done.noticed, done.noticed_se)
    )
    what = "crossed" if answer.signal is None else "crossed and shown"
    way = "the tracks as walked" if answer.is_walked else "these transects"
    return [
        f"On the site ({site}): {layout.line.size:,} transects, {rounded(length_m(layout) / 1e3, 3)} km",
        f"  Target areas anywhere on it, its edge included, against {way}: {100 * share:.1f} ± {100 * error:.1f} % "
        f"{what} ({done.num:,} simulated)",
    ]


def transect_json(answer: TransectAnswer, site: str = "") -> dict[str, Any]:
    """The answer as plain values."""
    design, target, signal = answer.transects, answer.target, answer.signal
    return {
        "kind": "transects",
        **_provenance(answer.seed),
        "site": site,
        "pattern": design.pattern,
        "width_m": design.width_m,
        "spacings_m": list(design.spacings_m),
        "goal": answer.goal,
        "target_length_m": target.length_m,
        "target_width_m": target.width_m,
        "target_angle_deg": target.angle_deg,
        "density_per_m2": None if signal is None else signal.density_per_m2,
        "background_per_m2": None if signal is None else signal.background_per_m2,
        "least_finds": None if signal is None else signal.least_finds,
        "detection": None if answer.detection is None else detection_json(answer.detection),
        "covered_share": design.covered_share,
        "metres_per_km2": design.metres_per_km2,
        "p_traverse": answer.crossed,
        "p_traverse_and_detect": answer.noticed,
        "simulated": _simulated(answer.simulated, signal is not None),
        "on_site": _simulated(answer.on_site, signal is not None),
        "is_walked": answer.is_walked,
        "num_transects": None if answer.layout is None else int(answer.layout.line.size),
        "length_m": None if answer.layout is None else length_m(answer.layout),
        "prior": answer.prior,
        "p_there_though_unseen": answer.still_there,
    }


def _simulated(done: Simulated | None, has_signal: bool) -> dict[str, float] | None:
    if done is None:
        return None
    out: dict[str, float] = {"num": done.num, "p_traverse": done.crossed, "p_traverse_se": done.crossed_se}
    if has_signal:
        out |= {"p_traverse_and_detect": done.noticed, "p_traverse_and_detect_se": done.noticed_se}
    return out


def sample_words(answer: SampleAnswer, site: str = "") -> str:
    """How many units to inspect, and what that shows."""
    plan = answer.plan
    goal, clean = f"{100 * plan.confidence:.6g} %", f"{100 * plan.clean_share:.6g} %"
    lines = [
        f"Inspect {plan.num_sampled:,} of {plan.num_units:,} units, drawn at random. One find rejects the lot.",
        f"No find then gives {goal} confidence that at least {clean} of the units hold nothing:",
        f"  if {plan.num_to_catch:,} units or more held something, no find would come with a chance of at most "
        f"{100 * (1 - plan.reached):.3g} %.",
        f"  Detection {detection_words(answer.detection)}",
    ]
    if plan.num_if_perfect is not None and plan.num_if_perfect != plan.num_sampled:
        lines.append(f"  An inspection that misses nothing would need {plan.num_if_perfect:,}.")
    if answer.layout is not None:
        lines.append(
            f"  Units are squares of {answer.layout.unit_m:g} m; all that touch the site ({site}) are in the lot."
        )
    lines += [
        "",
        f"Up to {plan.num_to_catch - 1:,} units may still hold something: the statement is about a share of units.",
        *([_run(answer.seed)] if answer.layout is not None else [f"remnant {__version__}"]),
        NO_RELEASE,
    ]
    return "\n".join(lines)


def sample_json(answer: SampleAnswer, site: str = "") -> dict[str, Any]:
    """The answer as plain values."""
    plan = answer.plan
    return {
        "kind": "sample",
        **_provenance(answer.seed),
        "site": site,
        "num_units": plan.num_units,
        "confidence": plan.confidence,
        "clean_share": plan.clean_share,
        "num_to_catch": plan.num_to_catch,
        "num_sampled": plan.num_sampled,
        "reached": plan.reached,
        "num_if_perfect": plan.num_if_perfect,
        "unit_m": None if answer.layout is None else answer.layout.unit_m,
        "detection": detection_json(answer.detection),
    }


def bound_words(answer: BoundAnswer) -> str:
    """Which density a search without a find still allows."""
    per_km2 = answer.bound_per_m2 * _KM2_M2
    return "\n".join(
        [
            f"No find in {area(answer.searched_m2)}: at {100 * answer.confidence:.6g} % confidence, at most "
            f"{rounded(per_km2, 3)} items per km² ({rounded(per_km2 / 100.0, 3)} per ha) in ground like it.",
            f"  Detection {detection_words(answer.detection)}",
            "",
            f"remnant {__version__}",
            NO_RELEASE,
        ]
    )


def bound_json(answer: BoundAnswer) -> dict[str, Any]:
    """The answer as plain values."""
    return {
        "kind": "zero",
        **_provenance(None),
        "searched_m2": answer.searched_m2,
        "confidence": answer.confidence,
        "bound_per_km2": answer.bound_per_m2 * _KM2_M2,
        "detection": detection_json(answer.detection),
    }


def inspection_words(answer: InspectionAnswer) -> str:
    """The operating curve as a table, and what a pass does to the belief."""
    if answer.num_units is not None and answer.num_sampled is not None:
        what, noun = f"{answer.num_sampled:,} of {answer.num_units:,} units", "units with items"
    else:
        what, noun = f"{percent(answer.share)} of the ground", "items"
    lines = [
        f"Inspection of {what}; it passes with {_finds_words(answer.most_finds)}.",
        f"  Detection {detection_words(answer.detection)}",
        "",
        f"{noun + ' left':>22}   chance of a pass   share of ground to inspect for a pass in at most "
        f"{percent(answer.risk)}",
    ]
    for left, passed, needed in zip(answer.num_left, answer.p_pass, answer.shares_needed, strict=True):
        need = "not even all of it" if math.isnan(needed) else percent(float(needed))
        lines.append(f"{left:>22,}   {percent(float(passed)):>16}   {need}")
    if answer.after is not None:
        after = answer.after
        lines += [
            "",
            f"Before the inspection: {rounded(after.left)} items left expected, chance of any {percent(after.p_any)}"
            + (f", chance of a bad process {percent(after.p_bad)}" if after.p_bad > 0.0 else ""),
            f"After a pass ({percent(after.p_pass)} of inspections): {rounded(after.left_after)} items, chance of any "
            f"{percent(after.p_any_after)}"
            + (f", chance of a bad process {percent(after.p_bad_after)}" if after.p_bad > 0.0 else ""),
        ]
    return "\n".join(
        [
            *lines,
            "",
            "An inspection watches the process of clearance. It does not certify the land.",
            f"remnant {__version__}",
            NO_RELEASE,
        ]
    )


def _finds_words(most_finds: int) -> str:
    return "no find" if most_finds == 0 else f"at most {most_finds} find{'s' if most_finds > 1 else ''}"


def inspection_json(answer: InspectionAnswer) -> dict[str, Any]:
    """The answer as plain values."""
    after = answer.after
    return {
        "kind": "inspection",
        **_provenance(None),
        "share": answer.share,
        "num_units": answer.num_units,
        "num_sampled": answer.num_sampled,
        "most_finds": answer.most_finds,
        "risk": answer.risk,
        "num_left": answer.num_left.tolist(),
        "p_pass": answer.p_pass.tolist(),
        "share_needed": [None if np.isnan(s) else float(s) for s in answer.shares_needed],
        "after_pass": None
        if after is None
        else {name: getattr(after, name) for name in type(after).__dataclass_fields__},
        "detection": detection_json(answer.detection),
    }


def detection_json(detection: Detection) -> dict[str, Any]:
    """A detection chance as plain values."""
    return {"low": detection.low, "high": detection.high, "mean": detection.mean, "source": detection.source}


def _provenance(seed: int | None) -> dict[str, Any]:
    return {"program": f"remnant {__version__}"} | ({} if seed is None else {"seed": seed})


def _run(seed: int) -> str:
    return f"remnant {__version__}, seed {seed}"
