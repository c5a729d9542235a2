"""The page of a fate stands alone, and calls nothing certain that is not."""

from __future__ import annotations

import base64
from typing import Any

from remnant_qgis.fate_page import fate_page

ROW: dict[str, Any] = {"age_days": 15.0, "date": None, "basis": "catalogue", "state": "armed", "mean": 104.38,
       "q05": 27.0, "q95": 261.0, "p_any": 0.99999995}  # fmt: skip
SAID: dict[str, Any] = {
    "type": "<b>PFM", "quantity": 1000, "setting": None, "delivered_on": "2022-07-01", "seed": 1,
    "results": [ROW, {**ROW, "state": "expired", "mean": 0.0, "p_any": -0.0}, {**ROW, "q95": None}],
}  # fmt: skip


def test_the_page_holds_its_table_and_its_plot() -> None:
    page = fate_page(SAID, b"<svg/>")
    assert base64.b64encode(b"<svg/>").decode() in page
    assert "://" not in page
    assert "<td>104</td>" in page
    assert "delivered 2022-07-01; seed 1" in page
    assert "<th>date</th>" not in page  # nobody gave one


def test_nearly_certain_none_and_unknown_are_three_things() -> None:
    page = fate_page(SAID, b"")
    assert "<td>above 99.9 %</td>" in page
    assert "<td>0 %</td>" in page
    assert "<td>unknown</td>" in page


def test_names_cannot_write_into_the_page() -> None:
    assert "<b>PFM" not in fate_page(SAID, b"")
