"""The posterior sampler of the stratum model, on the valley and on all of Bosnia."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from benchmarks import bosnia, measure
from remnant.evidence import Case, Reduction, reduce_case
from remnant.field import fit_stratum
from remnant.io import read_case

TITLE = "Posterior sampler of the stratum model"
REPEATS = 2
BASE = None

Data = dict[str, tuple[Case, Reduction]]


def prepare() -> Data:
    """Both cases, reduced; Bosnia only where its records are. The valley warms up the compiled code."""
    folders = {"valley": bosnia.ROOT / "examples" / "valley", "Bosnia": bosnia.CASE}
    try:
        bosnia.prepare()
    except measure.Skip:
        folders.pop("Bosnia")
    data = {}
    for name, folder in folders.items():
        case = read_case(folder)
        data[name] = case, reduce_case(case)
    fit("valley", data)
    return data


def fit(name: str, data: Data) -> Any:
    """One posterior, or None where the case is not here."""
    if name not in data:
        return None
    case, reduction = data[name]
    return fit_stratum(case, reduction, rng=np.random.default_rng([2026, *b"sampler"]))


VARIANTS: Mapping[str, Callable[[Data], Any]] = {
    name: functools.partial(fit, name) for name in ("valley", "Bosnia")
}


def facts(data: Data, results: Mapping[str, Any]) -> dict[str, str]:
    """Size of each problem."""
    words = {}
    for name, posterior in results.items():
        if posterior is None:
            words[name] = "skipped: its records are not here"
            continue
        reduction = data[name][1]
        words[name] = (
            f"{len(posterior.table.parameters)} parameters, {len(reduction.source_kind):,} sources, "
            f"{reduction.unit_source.size:,} units, {len(reduction.histories):,} histories, {len(posterior.z):,} draws"
        )
    return words
