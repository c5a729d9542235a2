"""A small result with a map, written once, and a browser where there is one."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import uvicorn

from remnant.evidence import Policy
from remnant.io.read_view import ViewFiles, open_view
from remnant.io.write_folder import whole_folder
from remnant.io.write_view import VIEW_FOLDER, write_view
from remnant.simulate import simulate_case
from remnant.viewing import View, view_of
from remnant.web import Access, application
from remnant.weighing import weigh

HOSTILE = "<script>document.title='taken'</script>"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="session")
def view(worlds: ModuleType) -> View:
    """A simulated case with a policy, and a name that a careless page would run."""
    case = simulate_case(worlds.world(np.random.default_rng(3)), rng=np.random.default_rng(4))[0]
    ids = case.areas.id.astype(object)
    ids[0] = HOSTILE
    ids[1] = "=cmd()"
    case = replace(
        case,
        name=f"World {HOSTILE}",
        areas=replace(case.areas, id=ids.astype(str)),
        policy=Policy(p_any_armed_max=0.05),
        num_draws=300,
    )
    return view_of(weigh(case))


@pytest.fixture(scope="session")
def result(view: View, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of its map."""
    folder = tmp_path_factory.mktemp("result") / "world"
    with whole_folder(folder) as scratch:
        write_view(view, scratch / VIEW_FOLDER)
    return folder


@pytest.fixture(scope="session")
def files(result: Path) -> ViewFiles:
    """The same, opened."""
    return open_view(result)


@pytest.fixture(scope="session")
def server(files: ViewFiles) -> Iterator[str]:
    """Address of a running server."""
    held = socket.socket()
    held.bind(("127.0.0.1", 0))
    port = held.getsockname()[1]
    config = uvicorn.Config(application(files, Access(port=port)), log_level="warning", lifespan="off")
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [held]}, daemon=True)
    thread.start()
    while not running.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}/"
    running.should_exit = True
    thread.join(10)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's chromium; the tests that need it are skipped where it is not installed."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        running = play.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
        )
        yield running
        running.close()
