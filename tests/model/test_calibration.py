"""The stratum model is calibrated: 500 replicates of simulated truth, fitted and ranked."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np

_SPEC = importlib.util.spec_from_file_location("calibration", Path(__file__).with_name("calibration.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
calibration = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(calibration)

REPLICATES = 500


def test_ranks_are_uniform_and_intervals_cover_over_500_replicates(tmp_path: Path) -> None:
    rows = {r["name"]: r for r in calibration.table(calibration.run(REPLICATES, tmp_path))}
    totals = [r for name, r in rows.items() if name.startswith("all, ")]
    assert len(totals) == 6
    # 90 % intervals of the whole case cover 88 to 92 % (ties broken at random)
    for name in (
        "all, explosive, now",
        "all, armed, now",
        "all, explosive, ten years on",
        "all, armed, ten years on",
    ):
        assert 0.88 <= rows[name]["coverage"] <= 0.92, rows[name]
    # one area: 3,500 and more ranks, of which those in one replicate depend on one another
    for name, row in rows.items():
        if name.startswith("one area"):
            assert 0.88 <= row["coverage"] <= 0.92, row
    # every quantity within four standard errors of 90 %
    for row in rows.values():
        assert abs(row["coverage"] - 0.9) < 4.0 * np.sqrt(0.09 / REPLICATES), row
    # uniform ranks: with some 40 quantities the smallest p of uniform ranks falls below 2e-4 once in a hundred runs
    assert min(float(r["uniform_p"]) for r in rows.values()) > 2e-4
