"""States of one type over time: a million pairs of age and draw."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remnant.catalogue import load_catalogue
from remnant.fate import FateDraws, prior_draws, state_probabilities

TITLE = "States of one type: 1,000 ages × 1,000 draws"
TYPE = "BLU-92/B"
REPEATS = 7
BASE = None

Data = tuple[NDArray[np.float64], FateDraws]


def prepare() -> Data:
    """Ages from a minute to a century, and draws of the parameters."""
    model = load_catalogue().ordnance(TYPE).fate
    draws = prior_draws(model, 1000, rng=np.random.default_rng([2026, *b"fate"]))
    return np.geomspace(1.0 / 1440.0, 36_525.0, 1000), draws


VARIANTS: Mapping[str, Callable[[Data], Any]] = {
    "state_probabilities": lambda data: state_probabilities(*data)
}


def facts(data: Data, results: Mapping[str, NDArray[np.float64]]) -> dict[str, str]:
    """How far a row is from summing to 1."""
    rows = results["state_probabilities"].sum(axis=-1)
    return {
        "pairs of age and draw": f"{rows.size:,}",
        "rows sum to 1 within": f"{np.abs(rows - 1.0).max():.1e}",
    }
