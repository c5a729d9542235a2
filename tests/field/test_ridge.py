"""The shipped example of a field: that its fit holds together far from normal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from remnant.evidence import FieldSpec, ModelSpec, reduce_case
from remnant.field.spatial import fit_field
from remnant.io import read_case

RIDGE = Path(__file__).parents[2] / "examples" / "ridge"


def test_weights_of_range_and_spread_agree() -> None:
    """Where many areas may hold nothing, averaging the Gaussian fit can stray and leave one point that weighs all."""
    case = read_case(RIDGE)
    coarse = replace(case, model=ModelSpec(kind="field", field=FieldSpec(spacing_m=750.0)), num_draws=100)
    posterior = fit_field(coarse, reduce_case(coarse), rng=np.random.default_rng(2))
    assert posterior.diagnostics["effective_points"] > 4.0
    assert posterior.diagnostics["bridge_sd"] < 0.5
