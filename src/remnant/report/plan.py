"""A plan in tables, JSON and plain words."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from remnant._version import __version__
from remnant.decide.plan import ACTIONS, Completion, PlanAnswer
from remnant.io.write_tables import records
from remnant.report import words

LIMITS = (
    "A plan is advice on order and means; a person decides. Returning an area still takes its own release decision. A "
    "survey or cancellation that finds nothing lowers what is expected there, never to zero. Cost, days and finds are "
    "expectations; dates of completion are ranges."
)
_ACTION_WORDS = {
    "cancel": "cancel after non-technical survey", "survey": "technical survey, then decide", "clear": "clear",
    "monitor": "mark and monitor", "wait": "wait, then decide", "": "not in the plan",
}  # fmt: skip


def plan_tables(answer: PlanAnswer) -> dict[str, pd.DataFrame]:
    """Tables of a plan: ``areas`` (a row per area), ``tasks``, ``periods``, ``completion``, ``front`` if asked."""
    out = {
        "areas": _areas(answer),
        "tasks": _tasks(answer),
        "periods": _periods(answer),
        "completion": _dates(answer),
    }
    if answer.front:
        out["front"] = pd.DataFrame(
            [
                {"weight_harm": p.weights.harm, "weight_land": p.weights.land, "harm": p.harm, "land_m2": p.land_m2,
                 "usd": p.usd, "num_tasks": p.num_tasks, "gap": p.gap}
                for p in answer.front
            ]
        )  # fmt: skip
    return out


def _areas(answer: PlanAnswer) -> pd.DataFrame:
    programme, areas = answer.programme, answer.programme.areas
    tasks = {t.area_id: t for t in answer.tasks}
    rows = []
    now, assumed = areas.harm[:, :, 0].mean(axis=0), harm_assumed(answer)
    for i, name in enumerate(areas.area_id):
        task, wait = tasks.get(name), answer.waits[i]
        action = task.action if task is not None else ("wait" if wait else "")
        rows.append(
            {
                "area_id": name, "action": action, "action_words": _ACTION_WORDS[action],
                "period": programme.periods[task.first].name if task else "",
                "ends_in": programme.periods[task.last].name if task else "",
                "team": task.team if task else "", "usd": task.total_usd if task else 0.0,
                "harm_removed": task.harm if task else 0.0, "land_m2": task.land_m2 if task else 0.0,
                "area_m2": float(areas.area_m2[i]), "p_any": float(areas.p_any[i]),
                "harm_now": float(now[i]), "harm_is_assumed": bool(assumed[i]),
                "share_of_draws": float(answer.share[i]), "same_action_share": float(answer.same[i]),
                "reason": answer.reasons[i] if not wait or task else
                f"{answer.reasons[i]}; {wait}: decide again then",
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def harm_assumed(answer: PlanAnswer) -> NDArray[np.bool_]:
    """(n_areas,) whether the harm of each area stands in from that of the others."""
    areas = answer.programme.areas
    return np.zeros(len(areas.area_id), np.bool_) if areas.harm_assumed is None else areas.harm_assumed


def assumed_words(answer: PlanAnswer) -> str:
    """How many areas have no known harm, and what stands in for it; empty where it is known for all."""
    num, areas = int(harm_assumed(answer).sum()), answer.programme.areas
    if not num:
        return ""
    return (
        f"For {num:,} of {len(areas.area_id):,} areas the harm is not known (who lives near, or their place). Unknown "
        f"is not zero: they count with the {areas.harm_unit} per item of the others, and are marked."
    )


def _tasks(answer: PlanAnswer) -> pd.DataFrame:
    periods = answer.programme.periods
    columns = ["area_id", "action", "team", "first_period", "last_period", "start", "end", "team_days",
               "follow_up_days", "usd", "p_find", "harm_removed", "land_m2", "value"]  # fmt: skip
    rows = [
        (t.area_id, t.action, t.team, periods[t.first].name, periods[t.last].name, periods[t.first].start,
         periods[t.last].end, sum(t.team_days), sum(t.follow_up_days), t.total_usd, t.p_find, t.harm,
         t.land_m2, t.value)
        for t in answer.tasks
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _periods(answer: PlanAnswer) -> pd.DataFrame:
    rows = [
        {"resource": name, "unit": unit, "there": there, "used": used, "value_of_1_percent_more": price}
        for name, unit, there, used, price in answer.scarce
    ]
    return pd.DataFrame(rows, columns=["resource", "unit", "there", "used", "value_of_1_percent_more"])


def _dates(answer: PlanAnswer) -> pd.DataFrame:
    rows = [
        {"what": c.what, "q05": _day(c.date(0.05)), "q50": _day(c.date(0.5)), "q95": _day(c.date(0.95)),
         "p_by_deadline": c.p_by_deadline, "deadline": _day(answer.programme.deadline), "left_out": c.num_left_out}
        for c in answer.completion
    ]  # fmt: skip
    return pd.DataFrame(rows)


def _day(date: dt.date | None) -> str:
    return "" if date is None else date.isoformat()


def plan_json(answer: PlanAnswer, name: str) -> dict[str, Any]:
    """Everything of a plan, ready for JSON."""
    programme, solution = answer.programme, answer.solution
    return {
        "format": "remnant-plan/1", "name": name, "version": __version__, "seed": answer.seed,
        "harm_unit": programme.areas.harm_unit,
        "harm_is": f"{programme.areas.harm_unit} × years up to {programme.horizon}",
        "weights": {"harm": programme.weights.harm, "land": programme.weights.land,
                    "compact": programme.weights.compact},
        "value": solution.value, "bound": solution.bound, "gap": solution.gap, "is_proven": solution.is_proven,
        "greedy_value": solution.greedy, "how": solution.how, "is_cut_short": solution.is_cut_short,
        "num_harm_assumed": int(harm_assumed(answer).sum()),
        "harm_removed": answer.harm, "harm_total": answer.harm_total, "land_m2": answer.land_m2, "usd": answer.usd,
        "regret_mean": float(answer.regret.mean()) if answer.regret.size else None,
        "regret_q95": float(np.quantile(answer.regret, 0.95)) if answer.regret.size else None,
        **{key: records(table) for key, table in plan_tables(answer).items()},
        "teams": [
            {"name": t.name, "action": t.action, "low": t.pace.low, "high": t.pace.high, "unit": t.pace.unit,
             "basis": t.pace.basis, "source": t.pace.source, "usd_per_day_low": t.usd_per_day.low,
             "usd_per_day_high": t.usd_per_day.high, "usd_source": t.usd_per_day.source}
            for t in programme.teams
        ],
        "limits": LIMITS,
    }  # fmt: skip


def plan_lines(answer: PlanAnswer) -> list[str]:
    """The plan in a few lines of plain words."""
    programme = answer.programme
    num = len(programme.areas.area_id)
    kinds = [f"{sum(t.action == a for t in answer.tasks)} to {_ACTION_WORDS[a]}"
             for a in ACTIONS if any(t.action == a for t in answer.tasks)]  # fmt: skip
    share = answer.harm / answer.harm_total if answer.harm_total > 0.0 else 0.0
    lines = [
        f"{len(answer.tasks):,} of {num:,} areas are in the plan: {', '.join(kinds) or 'none'}.",
        f"It costs {answer.usd:,.0f} USD, returns {answer.land_m2:,.0f} m² and keeps away {share:.1%} of the "
        f"harm up to {words.day(programme.horizon)} (counted in {programme.areas.harm_unit} × years).",
        *((assumed_words(answer),) if assumed_words(answer) else ()),
        f"Weights: harm {programme.weights.harm:g}, land {programme.weights.land:g}, neighbours "
        f"{programme.weights.compact:g}. {quality(answer)}",
    ]
    if answer.regret.size:
        lines.append(
            f"Planned on {answer.regret.size} draws: the plan falls {answer.regret.mean():.1%} short of the plan for "
            f"each draw on average, {np.quantile(answer.regret, 0.95):.1%} at the 95 % point."
        )
    return lines + [completion_words(c, programme.deadline) for c in answer.completion]


def quality(answer: PlanAnswer) -> str:
    """How good the plan is, in words."""
    s = answer.solution
    over = s.value / s.greedy - 1.0 if s.greedy > 0.0 else 0.0
    best = "Proven best" if s.is_proven else f"At most {_percent_up(s.gap)} below the best there can be"
    clock = "; a limit stopped the search, so another run may differ" if s.is_cut_short else ""
    return f"{best}; {over:.1%} above choosing by value per cost{clock}. Re-checked by independent code."


def _percent_up(share: float) -> str:
    """A share as percent, rounded up."""
    return f"{math.ceil(share * 1e4) / 100:.2f} %"


def completion_words(c: Completion, deadline: dt.date | None) -> str:
    """A date of completion in words."""
    days = [c.date(q) for q in (0.05, 0.5, 0.95)]
    said = [words.day(d) if d is not None else "never with these means" for d in days]
    text = f"Done with {c.what}: {said[1]} (90 %: {said[0]} to {said[2]})"
    if c.num_left_out:
        text += f", without {c.num_left_out:,} areas that nobody can be sent to"
    if deadline is not None:
        text += f"; chance by {words.day(deadline)}: {c.p_by_deadline:.0%}"
    return text + "."
