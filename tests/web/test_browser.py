"""The page in a real browser: opened, slid, clicked, filtered, as one file, with hostile names and a lost server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from pyproj import Transformer

from remnant.io.read_view import ViewFiles
from remnant.web import one_file


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A new window; what it says in its console, and what it asks of others, fails the test."""
    context = browser.new_context(viewport={"width": 1300, "height": 800}, locale="en-GB")
    window = context.new_page()
    said: list[str] = []
    window.on("console", lambda m: said.append(m.text) if m.type in ("error", "warning") else None)
    window.on("pageerror", lambda e: said.append(str(e)))
    window.on("dialog", lambda d: said.append(f"dialog {d.message}"))
    window.said = said
    yield window
    context.close()
    assert not [s for s in said if "GPU stall" not in s and "ReadPixels" not in s and "WebGL" not in s]


def opened(page: Any, address: str) -> Any:
    page.goto(address)
    page.wait_for_selector("body[data-drawn]", timeout=60_000)
    return page


def test_opens_slides_and_tells_why(page: Any, server: str) -> None:
    outside: list[str] = []
    page.on(
        "request", lambda r: None if r.url.startswith((server, "blob:", "data:")) else outside.append(r.url)
    )
    opened(page, server)
    first = page.locator("output b").inner_text()
    page.locator("input[type=range]").fill("15")
    assert page.locator("output b").inner_text() != first
    assert page.locator("output .mark").inner_text() == "forecast"
    page.locator(".rows button").first.click()
    page.wait_for_selector(".why table")
    assert page.locator(".why svg").count() >= 1
    assert "Evidence on this ground" in page.locator(".why").inner_text()
    assert not outside


def test_hover_tells_value_interval_and_chance(page: Any, server: str) -> None:
    opened(page, server)
    at = page.evaluate(
        """async () => {
          const map = remnantMaps[0], table = await (await fetch('api/areas')).json();
          const a = table.area_m2.indexOf(Math.max(...table.area_m2));
          const point = map.project([(table.west[a] + table.east[a]) / 2, (table.south[a] + table.north[a]) / 2]);
          const box = map.getCanvas().getBoundingClientRect();
          return [box.x + point.x, box.y + point.y];
        }"""
    )
    page.mouse.move(at[0] - 4, at[1])
    page.mouse.move(*at)
    page.wait_for_selector(".tip")
    assert "at least one" in page.locator(".tip").inner_text()


def test_a_record_that_is_a_script_stays_text(page: Any, server: str) -> None:
    opened(page, server)
    page.get_by_role("searchbox").fill("<script>")
    page.locator(".rows button").first.click()
    page.wait_for_selector(".why table")
    assert "<script>" in page.locator(".why h2").inner_text()
    assert page.title() != "taken"


def test_filter_and_order(page: Any, server: str) -> None:
    opened(page, server)
    every = page.locator(".rows li").count()
    page.get_by_role("searchbox").fill("=cmd")
    page.wait_for_function("() => document.querySelectorAll('.rows li').length === 1")
    page.get_by_role("searchbox").fill("no such area")
    assert "No area is like that" in page.locator(".list [role=status]").inner_text()
    page.get_by_role("searchbox").fill("")
    page.wait_for_function(f"() => document.querySelectorAll('.rows li').length === {every}")
    page.get_by_label("Sort").select_option("area_m2")
    sizes = page.locator(".rows small:not(.verdict)").all_inner_texts()
    assert len(sizes) == every


def test_ukrainian_has_no_english_left(page: Any, server: str) -> None:
    opened(page, f"{server}#lang=uk")
    assert page.locator("html").get_attribute("lang") == "uk"
    words = page.locator(".top, .slider, .legend, .layers").all_inner_texts()
    told = " ".join(words).replace("English", "").replace("World", "")
    letters = [w for w in told.split() if w.isascii() and w.isalpha() and len(w) > 3]
    assert not [w for w in letters if "script" not in w and "taken" not in w]


def test_two_maps_move_together(page: Any, server: str) -> None:
    opened(page, server)
    page.get_by_role("button", name="Side by side").click()
    page.wait_for_function("() => window.remnantMaps.length === 2 && window.remnantMaps[1].loaded()")
    page.evaluate("remnantMaps[0].jumpTo({zoom: 13.2})")
    assert page.evaluate("Math.abs(remnantMaps[1].getZoom() - 13.2) < 1e-6")
    assert page.locator(".legend").count() == 2


def test_by_keyboard_alone(page: Any, server: str) -> None:
    opened(page, server)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.activeElement.id === 'areas'")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector(".why table")
    page.locator("input[type=range]").focus()
    before = page.locator("output b").inner_text()
    page.keyboard.press("ArrowRight")
    assert page.locator("output b").inner_text() != before


def test_on_a_phone_nothing_is_wider_than_the_window(page: Any, server: str) -> None:
    page.set_viewport_size({"width": 380, "height": 760})
    opened(page, f"{server}#area=0")
    page.wait_for_selector(".why table")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_lost_server_is_said_and_the_page_stays(page: Any, server: str) -> None:
    opened(page, server)
    page.route("**/api/areas/*", lambda route: route.abort())
    page.locator(".rows button").nth(1).click()
    page.wait_for_selector(".toast")
    assert "does not answer" in page.locator(".toast").inner_text()
    page.unroute("**/api/areas/*")
    page.locator(".rows button").nth(2).click()
    page.wait_for_selector(".why table")
    page.said.clear()  # the browser's own line on the request that was cut


def test_one_file_opens_without_server_or_network(page: Any, files: ViewFiles, tmp_path: Path) -> None:
    text, notes = one_file(files)
    assert not notes
    target = tmp_path / "map with space.html"
    target.write_text(text, encoding="utf-8")
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url) if r.url.startswith("http") else None)
    opened(page, target.as_uri())
    page.locator(".rows button").first.click()
    page.wait_for_selector(".why table")
    page.locator("input[type=range]").fill("10")
    assert not asked
    assert page.title() != "taken"


def test_another_policy_changes_verdicts_and_goes_back(page: Any, server: str) -> None:
    opened(page, server)
    page.get_by_role("tab", name="Work").click()
    page.locator("input[name=p_any_armed_max]").fill("100")
    page.get_by_role("button", name="See the verdicts").click()
    page.wait_for_selector(".stamp.other")
    page.get_by_role("button", name="Back to the case's policy").click()
    page.wait_for_selector(".stamp.other", state="detached")


def test_drawn_ground_is_added_up(page: Any, server: str) -> None:
    opened(page, server)
    page.get_by_role("tab", name="Work").click()
    page.get_by_role("button", name="Draw", exact=True).click()
    for x, y in ((150, 150), (700, 160), (600, 600)):
        page.mouse.click(x, y)
    page.get_by_role("button", name="End the drawing (3 corners)").click()
    page.get_by_role("button", name="Add up").click()
    page.wait_for_selector(".work section table", timeout=60_000)
    assert "Cells of the case cover" in page.locator(".work caption").last.inner_text()
    page.get_by_role("button", name="What the map shows").click()
    page.get_by_role("button", name="Add up").click()
    page.wait_for_selector(".work section table")


def test_the_list_is_taken_away_as_a_file(page: Any, server: str) -> None:
    opened(page, server)
    page.get_by_role("searchbox").fill("=cmd")
    page.get_by_role("tab", name="Work").click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Excel").click()
    assert waiting.value.suggested_filename.endswith(".xlsx")


@pytest.mark.parametrize("language", ["en", "uk"])
def test_axe_finds_no_serious_fault(page: Any, server: str, language: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    opened(page, f"{server}#lang={language}&area=1")
    page.wait_for_selector(".why table")
    for tab in range(3):
        page.locator("[role=tab]").nth(tab).click()
        found = Axe().run(page).response["violations"]
        grave = [
            (v["id"], v["nodes"][0]["html"][:120]) for v in found if v["impact"] in ("serious", "critical")
        ]
        assert not grave


def test_a_cell_outside_of_all_areas_tells_of_itself(page: Any, server: str, files: ViewFiles) -> None:
    level = files.levels[0]
    row, col = np.divmod(level.key, level.num_cols)
    x, y = level.left_m + (col + 0.5) * level.size_m, level.top_m - (row + 0.5) * level.size_m
    to_web, to_degrees = (
        Transformer.from_crs(files.about["crs"], crs, always_xy=True) for crs in ("EPSG:3857", "EPSG:4326")
    )
    places = shapely.points(*to_web.transform(x, y))
    near = shapely.union_all([s.buffer(60.0) for s in files.shapes if s is not None])
    outside = np.flatnonzero(~shapely.contains(near, places))
    if not outside.size:
        pytest.skip("this world has no cell outside of areas")
    longitude, latitude = to_degrees.transform(x[outside[0]], y[outside[0]])
    opened(page, server)
    page.evaluate("(at) => remnantMaps[0].jumpTo({center: at, zoom: 16})", [longitude, latitude])
    box = page.locator(".map").bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(middle[0] - 3, middle[1])
    page.mouse.move(*middle)
    page.wait_for_selector(".tip")
    assert "Cell of" in page.locator(".tip").inner_text()
    page.mouse.click(*middle)
    page.wait_for_selector(".why table")
    assert "No hazard area on record covers it" in page.locator(".why").inner_text()
