from __future__ import annotations

import itertools
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import geopandas as gpd
import numba
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from remnant.cli.app import app
from remnant.errors import InvalidInput
from remnant.field.rows import (
    PatternPriors,
    PointFinds,
    SearchedGround,
    infer_rows,
    missing_items,
    p_in_row,
    summarise_rows,
)
from remnant.field.rows.ground import data_of
from remnant.field.rows.layout import (
    END,
    HELD,
    LOG_APART,
    LOG_JITTER,
    LOG_SPACING,
    MAX_BELTS,
    PHASE,
    ROWS,
    START,
    THETA,
    V0,
    WIDTH,
)
from remnant.field.rows.likelihood import rows_log_ratio, sample_places
from remnant.field.rows.settings import limits_of
from remnant.simulate.minefield import draw_field, search_field
from remnant.units import Floats

NOTHING = PointFinds(x_m=np.zeros(0), y_m=np.zeros(0), sd_m=np.zeros(0))


@numba.njit
def log_ratios(data: Any, belts: Any, level: int, lam: Any) -> Any:
    """The compiled likelihood for many single belts."""
    out = np.empty(belts.shape[0])
    for k in range(belts.shape[0]):
        out[k] = rows_log_ratio(data, belts[k : k + 1], 1, level, lam)
    return out


@numba.njit
def draw_places(data: Any, belts: Any, lam: Any, num: int, rng: Any) -> Any:
    label, number = np.zeros(data.x.size, np.int64), np.zeros(data.x.size, np.int64)
    out = np.full((num, data.x.size), -99)
    for k in range(num):
        sample_places(data, belts, 1, 0, lam, label, number, rng)
        for i in range(label.size):
            if label[i] >= 0:
                out[k, i] = number[i]
    return out


def ground_of(width: int, height: int, share: float = 1.0, p: tuple[float, ...] = (0.9,)) -> SearchedGround:
    found = np.zeros((len(p), height, width))
    found[:, :, : round(width * share)] = np.array(p)[:, None, None]
    return SearchedGround(
        left_m=0.0, top_m=float(height), cell_m=1.0, inside=np.ones((height, width), np.bool_), p_found=found
    )


def finds_at(places: Any, sd: float = 0.3) -> PointFinds:
    xy = np.asarray(places, dtype=np.float64).reshape(-1, 2)
    return PointFinds(x_m=xy[:, 0].copy(), y_m=xy[:, 1].copy(), sd_m=np.full(len(xy), sd))


def row_belt(spacing: float, first: float, num: int, *, held: float = 0.8, jitter: float = 0.2) -> Floats:
    """A single row along x through the middle, with `num` places from `first`."""
    belt = np.zeros(WIDTH)
    belt[[THETA, V0, ROWS]] = 0.0, 0.0, 1.0
    belt[LOG_SPACING], belt[LOG_APART] = np.log(spacing), np.log(5.0)
    belt[HELD], belt[LOG_JITTER] = held, np.log(jitter)
    belt[PHASE] = (first / spacing) % 1.0
    belt[START], belt[END] = first - 0.5 * spacing, first + (num - 0.5) * spacing
    return belt


def assignments(num_finds: int, num_places: int) -> Any:
    """Every way in which finds take places, each place at most once; −1 is no place."""
    for way in itertools.product(range(-1, num_places), repeat=num_finds):
        taken = [k for k in way if k >= 0]
        if len(set(taken)) == len(taken):
            yield way


def by_hand(
    belt: Floats, places: Floats, finds: PointFinds, p: float, lam: float, centre: Any
) -> dict[Any, float]:
    """Weight of every assignment, written out from the model and not from the code."""
    held, jitter = belt[HELD], np.exp(belt[LOG_JITTER])
    variance = jitter**2 + finds.sd_m**2
    spacing = np.exp(belt[LOG_SPACING])
    reach = np.maximum(
        0.5 * spacing, np.minimum(1.5 * spacing, 3.5 * np.sqrt(variance))
    )  # the model's own cut
    weights = {}
    for way in assignments(finds.x_m.size, places.size):
        if any(k >= 0 and abs(finds.x_m[i] - centre[0] - places[k]) > reach[i] for i, k in enumerate(way)):
            continue
        weight = (1.0 - held * p) ** (places.size - sum(k >= 0 for k in way))
        for i, k in enumerate(way):
            if k >= 0:
                square = (finds.x_m[i] - centre[0] - places[k]) ** 2 + (finds.y_m[i] - centre[1]) ** 2
                weight *= held * np.exp(-0.5 * square / variance[i]) / (2.0 * np.pi * variance[i] * lam)
        weights[way] = weight
    return weights


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.floats(-4.0, 4.0), st.floats(-0.8, 0.8)), min_size=0, max_size=4),
    st.floats(1.2, 2.5),
    st.floats(0.2, 0.6),
    st.floats(0.3, 0.95),
)
def test_the_walk_along_a_row_sums_over_every_assignment(
    offsets: list[tuple[float, float]], spacing: float, jitter: float, held: float
) -> None:
    ground, num = ground_of(40, 20), 4
    finds = finds_at([(20.0 + u, 10.0 + v) for u, v in offsets])
    data, _ = data_of(finds, ground, (10.0,))
    belt = row_belt(spacing, -1.5 * spacing, num, held=held, jitter=jitter)
    places = -1.5 * spacing + spacing * np.arange(num)
    got = log_ratios(data, belt[None], 0, np.full(finds.x_m.size, 0.02))[0]
    expected = np.log(sum(by_hand(belt, places, finds, 0.9, 0.02, (20.0, 10.0)).values()))
    assert got == pytest.approx(expected, abs=1e-9)


def test_one_find_in_the_middle_of_a_place_weighs_what_the_formula_says() -> None:
    ground = ground_of(40, 20)
    data, _ = data_of(finds_at([(20.0, 10.0)]), ground, (10.0,))
    belt = row_belt(4.0, 0.0, 3, held=0.8, jitter=0.4)
    # by hand: variance 0.4² + 0.3² = 0.25; places at 0, 4, 8 m; 1 − 0.8·0.9 = 0.28
    # 0.28³ + 0.28² · 0.8 / (2π · 0.25 · 0.02)
    expected = np.log(0.28**3 + 0.28**2 * 0.8 / (2.0 * np.pi * 0.25 * 0.02))
    assert log_ratios(data, belt[None], 0, np.array([0.02]))[0] == pytest.approx(expected, abs=1e-9)


def test_places_are_drawn_as_often_as_their_assignments_weigh() -> None:
    finds = finds_at([(18.4, 10.1), (19.6, 9.8), (20.3, 10.4)])
    data, _ = data_of(finds, ground_of(40, 20), (10.0,))
    belt = row_belt(1.5, -3.0, 4, jitter=0.45)
    weights = by_hand(belt, -3.0 + 1.5 * np.arange(4), finds, 0.9, 0.02, (20.0, 10.0))
    total, num = sum(weights.values()), 20_000
    drawn = draw_places(data, belt[None], np.full(3, 0.02), num, np.random.default_rng(1))
    first = round(-3.0 / 1.5 - belt[PHASE])
    for way, weight in weights.items():
        share = weight / total
        if share > 0.01:
            same = (drawn == np.where(np.array(way) < 0, -99, np.array(way) + first)).all(axis=1).mean()
            assert same == pytest.approx(share, abs=4.5 * np.sqrt(share / num) + 0.02 * share)


def test_without_evidence_the_sampler_gives_the_prior_back() -> None:
    priors = PatternPriors()
    posterior = infer_rows(
        NOTHING, ground_of(80, 60, 0.0), priors, num_draws=1600, effort=0.34, rng=np.random.default_rng(1)
    )
    chance = np.exp(limits_of(priors).log_belts)
    share = np.bincount(posterior.num_belts, minlength=MAX_BELTS + 1) / posterior.num_belts.size
    assert np.abs(share - chance).max() < 0.08  # draws are correlated: some 150 independent ones
    first = posterior.belts[posterior.num_belts > 0, 0]
    limits = limits_of(priors)
    even = (first[:, LOG_SPACING] - limits.log_spacing_low) / (
        limits.log_spacing_high - limits.log_spacing_low
    )
    assert np.abs(np.histogram(even, 4, (0, 1))[0] / even.size - 0.25).max() < 0.09
    rows = np.bincount(first[:, ROWS].astype(int), minlength=9)[1:] / first.shape[0]
    assert np.abs(rows - np.exp(limits.log_rows[1:])).max() < 0.09
    assert abs((first[:, HELD]).mean() - limits.held_a / (limits.held_a + limits.held_b)) < 0.02


def test_chance_of_a_row_agrees_with_the_likelihood_averaged_over_the_prior() -> None:
    """Second route: Z₁/Z₀ as a plain mean of the likelihood over belts drawn from the prior, background known."""
    priors = PatternPriors(
        p_any_row=0.5, spacing_m=(2.0, 4.0), row_distance_m=(20.0, 40.0), jitter_m=(0.3, 0.75),
        background_per_ha=(99.0, 101.0), clump_shape=(900.0, 1100.0), block_m=(20.0,), shortest_m=6.0,
    )  # fmt: skip
    ground = ground_of(16, 12)
    finds = finds_at([(3.1, 5.2), (6.3, 5.9), (9.0, 6.2), (12.2, 7.2), (8.0, 2.0)], sd=0.5)
    data, _ = data_of(finds, ground, priors.block_m)
    limits, rng, num = limits_of(priors), np.random.default_rng(5), 300_000
    belts = np.zeros((num, WIDTH))
    radius = data.radius_m
    length = rng.uniform(6.0, 2.0 * radius, num)
    angle, far = rng.uniform(0.0, 2.0 * np.pi, num), radius * np.sqrt(rng.random(num))
    belts[:, THETA], belts[:, V0] = rng.uniform(0.0, np.pi, num), far * np.sin(angle)
    belts[:, START], belts[:, END] = far * np.cos(angle) - 0.5 * length, far * np.cos(angle) + 0.5 * length
    belts[:, LOG_SPACING] = rng.uniform(limits.log_spacing_low, limits.log_spacing_high, num)
    belts[:, LOG_APART] = np.log(30.0)
    top = np.minimum(limits.log_jitter_high, belts[:, LOG_SPACING] + np.log(limits.jitter_share))
    belts[:, LOG_JITTER] = limits.log_jitter_low + rng.random(num) * (top - limits.log_jitter_low)
    belts[:, HELD], belts[:, ROWS] = rng.beta(limits.held_a, limits.held_b, num), 1.0
    belts[:, PHASE : PHASE + 1] = rng.random((num, 1))
    shifts = rng.geometric(0.65, (num, 2)) - rng.geometric(0.65, (num, 2))  # ratio 0.35
    belts[:, PHASE + 8], belts[:, PHASE + 16] = shifts[:, 0], shifts[:, 1]
    ratio = np.exp(log_ratios(data, belts, 0, np.full(5, 0.01)))
    # against no row at all: one belt of one row; rows and belts beyond the first are kept out by asking only these
    odds = ratio.mean() * np.exp(limits.log_belts[1] + limits.log_rows[1] - limits.log_belts[0])
    error = ratio.std() / np.sqrt(num) / ratio.mean()
    posterior = infer_rows(finds, ground, priors, num_draws=4000, effort=0.34, rng=np.random.default_rng(2))
    single = (posterior.num_belts == 1) & (posterior.belts[:, 0, ROWS] == 1.0)
    got = single.sum() / (posterior.num_belts == 0).sum()
    batches = [
        np.log(
            (single & (posterior.chain == c)).sum() / (posterior.num_belts[posterior.chain == c] == 0).sum()
        )
        for c in range(4)
    ]
    assert error < 0.1
    assert np.log(got) == pytest.approx(np.log(odds), abs=4.0 * np.hypot(error, np.std(batches) / 2.0) + 0.02)


@pytest.fixture(scope="module")
def belt_world() -> Any:
    """Three rows 6 m apart at 30°, places 3 m apart, a fifth missing, the western 60 % searched."""
    rng = np.random.default_rng(8)
    ground = ground_of(70, 50, 0.6, (0.88, 0.92))
    u = np.arange(-28.0, 28.0, 3.0)
    rows = np.concatenate(
        [np.stack([u + rng.uniform(0, 3), np.full(u.size, v)], axis=1) for v in (-6.0, 0.0, 6.0)]
    )
    rows = rows[rng.random(len(rows)) < 0.85] @ np.array([[np.cos(0.5236), np.sin(0.5236)], [-0.5, 0.8660]])
    places = rows + np.array([33.0, 25.0])
    places += 0.2 * rng.standard_normal(places.shape)
    field = search_field(ground, places, np.zeros(len(places), np.int64), (), 0.3, rng=rng)
    posterior = infer_rows(field.finds, ground, num_draws=400, effort=0.4, rng=np.random.default_rng(1))
    return SimpleNamespace(ground=ground, field=field, posterior=posterior)


def test_known_rows_are_found_with_their_direction_and_spacing(belt_world: Any) -> None:
    missing = missing_items(belt_world.posterior, rng=np.random.default_rng(2))
    summary = summarise_rows(belt_world.posterior, missing)
    direction, spacing, rows, distance = summary.pattern[:4]
    assert summary.p_any_row > 0.99
    assert direction.q05 - 0.5 <= 60.0 <= direction.q95 + 0.5  # 30° from east is 60° from north
    assert direction.q95 - direction.q05 < 4.0
    assert spacing.q05 - 0.02 <= 3.0 <= spacing.q95 + 0.02
    assert distance.q05 - 0.1 <= 6.0 <= distance.q95 + 0.1
    assert rows.median >= 3
    assert "show rows" in summary.words
    assert p_in_row(belt_world.posterior).mean() > 0.9
    left = int((~belt_world.field.is_found).sum())
    total = summary.missing[-1]
    assert total.q05 <= left <= total.q95


def test_rows_say_better_than_clumps_where_the_missing_items_are(belt_world: Any) -> None:
    field, ground = belt_world.field, belt_world.ground
    plain = infer_rows(
        field.finds,
        ground,
        PatternPriors(p_any_row=0.0),
        num_draws=400,
        effort=0.4,
        rng=np.random.default_rng(1),
    )
    assert plain.p_any_row == 0.0
    left = np.zeros(ground.inside.shape)
    gone = ~field.is_found
    np.add.at(left, ((50.0 - field.y_m[gone]).astype(int), field.x_m[gone].astype(int)), 1.0)
    scores = []
    for posterior in (belt_world.posterior, plain):
        p = missing_items(posterior, rng=np.random.default_rng(2)).p_any
        scores.append(np.where(left > 0, np.log(p), np.log1p(-p)).sum() / left.sum())
    assert scores[0] > scores[1] + 0.5


def test_cells_and_draws_tell_the_same_number(belt_world: Any) -> None:
    missing = missing_items(belt_world.posterior, rng=np.random.default_rng(3))
    total = missing.pattern_draws + missing.unstructured_draws
    expected = np.nansum(missing.pattern) + np.nansum(missing.unstructured)
    assert total.mean() == pytest.approx(expected, abs=4.0 * total.std() / np.sqrt(total.size))
    assert (missing.p_any >= 0.0).all()
    assert (missing.p_any <= np.minimum(missing.pattern + missing.unstructured, 1.0) + 1e-12).all()


def test_the_same_seed_gives_the_same_draws(belt_world: Any) -> None:
    again = infer_rows(
        belt_world.field.finds, belt_world.ground, num_draws=400, effort=0.4, rng=np.random.default_rng(1)
    )
    assert np.array_equal(again.belts, belt_world.posterior.belts)


def test_finds_without_a_pattern_fall_back_to_clumps_and_say_so() -> None:
    rng = np.random.default_rng(4)
    ground = ground_of(60, 40)
    posterior = infer_rows(
        finds_at(rng.random((12, 2)) * [60.0, 40.0]),
        ground,
        PatternPriors(p_any_row=0.3),
        num_draws=200,
        rng=rng,
    )
    summary = summarise_rows(posterior, missing_items(posterior, rng=rng))
    assert summary.p_any_row < 0.4
    assert "do not show rows" in summary.words
    assert "cannot be excluded" in summary.words


def test_searching_more_leaves_less_and_no_find_shows_no_row() -> None:
    left = []
    for p in (0.3, 0.95):
        rng = np.random.default_rng(6)
        posterior = infer_rows(NOTHING, ground_of(50, 40, 1.0, (p,)), num_draws=200, effort=0.3, rng=rng)
        missing = missing_items(posterior, rng=rng)
        left.append(float(np.nansum(missing.p_any)))
        assert summarise_rows(posterior, missing).words.startswith("No find is placed well enough")
    assert left[1] < 0.3 * left[0]


def test_a_field_drawn_from_the_prior_keeps_its_ranges() -> None:
    priors = PatternPriors()
    field = draw_field(ground_of(60, 40, 0.5), priors, rng=np.random.default_rng(3), num_belts=2)
    assert len(field.belts) == 2
    assert all(priors.spacing_m[0] <= b.spacing_m <= priors.spacing_m[1] for b in field.belts)
    assert (field.x_m[field.is_found] <= 30.0).all()
    assert field.finds.x_m.size == field.is_found.sum()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"p_any_row": 50.0}, r"p_any_row must be in \[0, 1\]"),
        ({"spacing_m": (12.0, 1.0)}, "spacing_m must be two rising numbers"),
        ({"p_held": (50.0, 95.0)}, "Percent"),
        ({"jitter_m": (2.0, 3.0)}, "form no row"),
        ({"block_m": ()}, "block_m must hold"),
    ],
)
def test_priors_out_of_range_are_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        PatternPriors(**change)


def test_ground_and_finds_out_of_range_are_refused() -> None:
    with pytest.raises(InvalidInput, match="Divide by 100"):
        ground_of(4, 4, 1.0, (90.0,))
    with pytest.raises(InvalidInput, match="no search is certain"):
        ground_of(4, 4, 1.0, (1.0,))
    with pytest.raises(InvalidInput, match="finite coordinates"):
        finds_at([(np.nan, 1.0)])


def write_case(folder: Path, field: Any) -> Path:
    """One task in UTM 36 with an area, one search of its western part and the finds."""
    x, y = 400_000.0, 4_800_000.0
    layers: dict[str, Any] = {
        "areas": (
            {"hid": ["A 1"], "class": ["CHA"], "status": ["open"], "type": ["PMN"]},
            [shapely.box(x, y, x + 70, y + 50)],
        ),
        "searches": (
            {"sid": "S1", "method": "manual detector", "from": "2024-01-01", "to": "2024-02-01"}
            | {"found": [field.finds.x_m.size]},
            [shapely.box(x, y, x + 42, y + 50)],
        ),
        "finds": (
            {"find": [f"f{i}" for i in range(field.finds.x_m.size)], "sid": "S1", "type": "PMN", "date": "2024-01-15"},
            shapely.points(field.finds.x_m + x, field.finds.y_m + y),
        ),
    }  # fmt: skip
    for name, (columns, shapes) in layers.items():
        gpd.GeoDataFrame(columns, geometry=list(shapes), crs=32636).to_file(
            folder / f"{name}.gpkg", layer=name
        )
    (folder / "case.toml").write_text(CASE, encoding="utf-8")
    return folder


CASE = """
name = "One task"
as_of = 2024-06-30
dates = ["2024-06-30"]
seed = 7
crs = "EPSG:32636"
[grid]
cell_m = 10
block_m = 20
[[layers]]
kind = "hazard_areas"
file = "areas.gpkg"
columns = { id = "hid", hazard_class = "class", status = "status", type = "type" }
defaults = { start = 2022-03-10, end = 2022-11-20 }
[[layers]]
kind = "searches"
file = "searches.gpkg"
columns = { id = "sid", method = "method", start = "from", end = "to", items_found = "found" }
defaults = { coverage = 1.0, is_complete = true }
[[layers]]
kind = "finds"
file = "finds.gpkg"
columns = { id = "find", search_id = "sid", type = "type", date = "date" }
defaults = { precision_m = 0.7, quantity = 1 }
"""


def test_the_command_writes_page_layers_and_figures(
    belt_world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("remnant.field.rows.infer._STEPS", 40)
    case = write_case(tmp_path, belt_world.field)
    result = CliRunner().invoke(app, ["rows", str(case), "--area", "A 1"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert "show rows" in result.output
    assert "Missing:" in result.output
    folder = case / "rows" / "a-1"
    assert {p.name for p in folder.iterdir()} == {
        "rows.gpkg", "missing.tif", "missing.qml", "rows.csv", "rows.json", "report.html", "manifest.json",
    }  # fmt: skip
    cells = gpd.read_file(folder / "rows.gpkg", layer="cells")
    assert len(cells) == 70 * 50
    assert (cells["p_any"] >= 0.0).all()
    assert len(gpd.read_file(folder / "rows.gpkg", layer="finds")) == belt_world.field.finds.x_m.size
    page = (folder / "report.html").read_text("utf-8")
    assert "Rows in area A 1" in page
    assert " safe" not in page


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--area", "B 9"], "no hazard area of it has id 'B 9'. Known: A 1"),
        (["--area", "A 1", "--spacing", "wide"], "--spacing must be two numbers such as 1-10"),
        (["--area", "A 1", "--p-any-row", "50"], "p_any_row must be in [0, 1]"),
    ],
)
def test_wrong_words_give_one_clear_refusal(
    belt_world: Any, tmp_path: Path, options: list[str], words: str
) -> None:
    case = write_case(tmp_path, belt_world.field)
    before = sorted(p.name for p in case.iterdir())
    result = CliRunner().invoke(app, ["rows", str(case), *options])
    assert isinstance(result.exception, InvalidInput)
    assert words in str(result.exception)
    assert sorted(p.name for p in case.iterdir()) == before
