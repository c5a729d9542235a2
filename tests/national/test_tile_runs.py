"""Runs on disk: ended in the middle and taken up, on a cluster, in the wrong folder; always the same bytes."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import rasterio
import xarray as xr

from remnant.errors import InvalidInput, RemnantError
from remnant.io import TileStore, cluster_results, local_results, open_tiles, write_results
from remnant.io import tile_workers as workers
from remnant.io.steps import StepLog
from remnant.national import Country, finish, prepare

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def home(load: Any) -> ModuleType:
    return load("country")


@pytest.fixture(scope="module")
def done(home: ModuleType) -> Country:
    with pytest.MonkeyPatch.context() as patch:
        home.fixed_draws(patch.setattr)
        return prepare(home.country(), tile_cells=256)


def bytes_of(folder: Path) -> dict[str, str]:
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def complete(done: Country, folder: Path, store: TileStore) -> Path:
    result = finish(done, store.sums([task.number for task in done.tasks]))
    return write_results(result, folder, report_html=None, tiles=store).folder


@pytest.fixture(scope="module")
def undisturbed(done: Country, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("country") / "out"
    store = open_tiles(folder, done)
    assert store.done == frozenset()
    for tile in local_results(done.job, done.tasks):
        store.put(tile)
    return complete(done, folder, store)


def test_a_result_holds_every_cell_in_zarr_and_the_same_numbers_in_rasters(
    done: Country, undisturbed: Path
) -> None:
    names = {p.name for p in undisturbed.iterdir()}
    assert {"cells.zarr", "rasters", "totals.csv", "manifest.json", "README.txt", "world.gpkg"} <= names
    assert not any(p.name.startswith(".") for p in undisturbed.iterdir())
    assert not (undisturbed.parent / ".out.tiles").exists()
    with xr.open_zarr(undisturbed / "cells.zarr", consolidated=False) as cells:
        assert cells["mean"].dims == ("date", "state", "y", "x")
        assert cells["mean"].attrs["units"] == "items"
        assert cells["date"].values[0] == np.datetime64("2023-06-01")
        values = cells["p_any"].isel(date=1, state=3).load()
    grid = done.job.grid
    assert values.shape == (grid.num_rows, grid.num_cols)
    with rasterio.open(undisturbed / "rasters" / "explosive_2033-06-01.tif") as file:
        assert np.array_equal(file.read(4), values.values, equal_nan=True)
        assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert file.bounds.left == grid.left_m
        assert file.bounds.top == grid.top_m
        x, y = file.xy(100, 120)
    assert float(values.x[120]) == x
    assert float(values.y[100]) == y


def test_a_run_that_was_ended_is_taken_up_and_gives_the_same_bytes(
    done: Country, undisturbed: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    first = open_tiles(folder, done)
    for tile, _ in zip(local_results(done.job, done.tasks), range(2), strict=False):
        first.put(tile)
    # a tile whose cells were being written: no mark, and rubbish in its place
    torn = folder.parent / ".out.tiles" / "cells.zarr" / "mean" / "c" / "0" / "0"
    for chunk in torn.rglob("*"):
        if chunk.is_file():
            chunk.write_bytes(b"rubbish")
    for mark in sorted((folder.parent / ".out.tiles" / ".work" / "done").glob("*.npz"))[:1]:
        mark.with_suffix(".tmp").write_bytes(mark.read_bytes()[:50])
        mark.unlink()
    again = open_tiles(folder, done)
    assert len(again.done) == 1
    kept = again.done
    # the tile that is marked was torn as well: put it right as its own run did
    for tile in local_results(done.job, done.tasks):
        if tile.number in kept:
            again.put(tile)
    left = [task for task in done.tasks if task.number not in again.done]
    for tile in local_results(done.job, left):
        again.put(tile)
    assert bytes_of(complete(done, folder, again)) == bytes_of(undisturbed)


@pytest.mark.slow
def test_a_process_killed_at_any_moment_leaves_what_the_next_one_needs(
    undisturbed: Path, tmp_path: Path
) -> None:
    """kill -9 in the middle of the tiles, and while the rasters are written."""
    folder, begun = tmp_path / "out", tmp_path / ".out.tiles"
    command = [sys.executable, str(HERE / "country.py"), str(folder)]

    def tiles() -> int:
        return len(list((begun / ".work" / "done").glob("*.npz")))

    moments = (
        lambda: tiles() >= 2,
        lambda: any((begun / "rasters").glob("*.tif")),
    )
    for moment in moments:
        with subprocess.Popen(command, env={**os.environ, "NUMBA_NUM_THREADS": "1"}) as process:
            end = time.monotonic() + 240.0
            while not moment() and process.poll() is None and time.monotonic() < end:
                time.sleep(0.002)
            process.send_signal(signal.SIGKILL)
        assert not folder.exists()
        assert begun.exists()
    subprocess.run(command, check=True)
    assert bytes_of(folder) == bytes_of(undisturbed)
    assert not begun.exists()


def test_a_cluster_of_several_processes_gives_the_same_bytes(
    done: Country, undisturbed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distributed = pytest.importorskip("distributed")
    folder = tmp_path / "out"
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        store = open_tiles(folder, done)
        for tile in cluster_results(done.job, done.tasks, cluster.scheduler_address):
            store.put(tile)
        monkeypatch.setattr(workers, "__version__", "0.0.other")
        with pytest.raises(InvalidInput, match=r"must run remnant 0\.0\.other, as here; tcp://.* runs \d"):
            next(cluster_results(done.job, done.tasks, cluster.scheduler_address))
    assert bytes_of(complete(done, folder, store)) == bytes_of(undisturbed)


def test_an_address_where_no_cluster_works_is_refused(done: Country, monkeypatch: pytest.MonkeyPatch) -> None:
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr(workers, "_ANSWER_S", 1.0)
    with pytest.raises(InvalidInput, match=r"none answers at 'tcp://127\.0\.0\.1:9'"):
        next(cluster_results(done.job, done.tasks, "tcp://127.0.0.1:9"))
    with pytest.raises(InvalidInput, match="none answers at 'nonsense://x'"):
        next(cluster_results(done.job, done.tasks, "nonsense://x"))
    with (
        distributed.LocalCluster(
            n_workers=0, processes=True, dashboard_address=None, host="127.0.0.1"
        ) as cluster,
        pytest.raises(InvalidInput, match="has no workers"),
    ):
        next(cluster_results(done.job, done.tasks, cluster.scheduler_address))


def test_tiles_of_another_run_are_refused(home: ModuleType, done: Country, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    open_tiles(folder, done)
    with pytest.MonkeyPatch.context() as patch:
        home.fixed_draws(patch.setattr)
        other = prepare(home.country(), tile_cells=256, seed=9)
    with pytest.raises(InvalidInput, match=r"holds tiles of another run.*Remove it to start anew"):
        open_tiles(folder, other)
    assert (tmp_path / ".out.tiles" / ".work" / "run.json").exists()


def test_the_beginnings_of_a_run_are_begun_anew_but_no_other_file_is_touched(
    done: Country, tmp_path: Path
) -> None:
    begun = tmp_path / ".out.tiles"
    (begun / "cells.zarr").mkdir(parents=True)
    open_tiles(tmp_path / "out", done)
    assert (begun / ".work" / "run.json").exists()
    (begun / ".work" / "run.json").unlink()
    (begun / "thesis.doc").write_text("years of work")
    with pytest.raises(InvalidInput, match=r"holds other files \(thesis\.doc\)"):
        open_tiles(tmp_path / "out", done)
    assert (begun / "thesis.doc").exists()


def test_a_folder_with_other_files_is_refused_before_any_tile(done: Country, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "letter.txt").write_text("dear")
    with pytest.raises(InvalidInput, match="holds other files"):
        open_tiles(tmp_path / "out", done)
    assert not (tmp_path / ".out.tiles").exists()


def test_a_disk_that_refuses_keeps_the_tiles_that_are_done(
    done: Country, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_tiles(tmp_path / "out", done)
    tile = next(iter(local_results(done.job, done.tasks[:1])))

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("remnant.io.tile_store.np.savez", full)
    with pytest.raises(RemnantError, match=r"No space left on device. Tiles that are done are kept"):
        store.put(tile)
    assert open_tiles(tmp_path / "out", done).done == frozenset()


def test_steps_are_told_with_time_left_and_memory() -> None:
    said: list[str] = []
    seen: list[tuple[str, float]] = []
    log = StepLog(show=lambda step, share: seen.append((step, share)), say=said.append)
    log.tell("reading", 0.0)
    log.begin("tiles", done=5, total=20)
    for _ in range(15):
        log.count()
    log.close()
    assert said[0] == "tiles: 5 of 20 were done by an earlier run"
    assert said[1].startswith("tiles: 6 of 20 done, about ")
    assert said[-1] == "tiles: 20 of 20 done, about 0.0 s left"
    assert len(said) == 9
    assert seen[-1] == ("tiles", 1.0)
    lines = log.lines({"tiles": "the tiles"})
    assert [line.split("  ")[0] for line in lines] == ["reading", "the tiles", "in all"]
    assert all(line.endswith(" MB") for line in lines)
