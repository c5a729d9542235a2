"""Jobs in the background: begun, followed, cancelled, failed; and a server that is ended in between."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from remnant.errors import InvalidInput
from remnant.web import Access, Desk, Jobs
from remnant.web.jobs import Job

# stands for `remnant`: tells of progress, takes a while, and makes a map or refuses
STUB = """
import pathlib, sys, time
out = pathlib.Path(sys.argv[sys.argv.index("--out") + 1])
print("progress: weighing the evidence: 40 %", flush=True)
end = time.monotonic() + {seconds}
while time.monotonic() < end:
    time.sleep(0.02)
if {fails}:
    print("error: the case has 2 errors; `remnant check` lists them.", file=sys.stderr)
    sys.exit(2)
(out / "map").mkdir(parents=True, exist_ok=True)
(out / "map" / "map.json").write_text("{{}}")
"""


@pytest.fixture
def jobs(tmp_path: Path) -> Callable[..., Jobs]:
    case = tmp_path / "case"
    case.mkdir()

    def make(*, seconds: float = 0.0, fails: bool = False) -> Jobs:
        script = tmp_path / "stub.py"
        script.write_text(STUB.format(seconds=seconds, fails=fails))
        return Jobs(case, case / "results", program=(sys.executable, str(script)))

    return make


def ended(jobs: Jobs) -> Job:
    until = time.monotonic() + 30.0
    while (job := jobs.status()).state == "running":
        assert time.monotonic() < until
        time.sleep(0.02)
    return job


def test_a_job_runs_to_its_end(jobs: Callable[..., Jobs]) -> None:
    one = jobs()
    assert one.status().state == "none"
    assert one.start().state == "running"
    job = ended(one)
    assert (job.state, job.share, job.said) == ("done", 1.0, "")


def test_progress_is_told_while_it_runs(jobs: Callable[..., Jobs]) -> None:
    one = jobs(seconds=20.0)
    one.start()
    assert one._child is not None
    until = time.monotonic() + 15.0
    while one.status().step == "" and time.monotonic() < until:
        time.sleep(0.02)
    assert (one.status().step, one.status().share) == ("weighing the evidence", 0.4)
    with pytest.raises(InvalidInput, match="being worked out already"):
        one.start()
    assert one.cancel().state == "cancelled"
    assert one.status().state == "cancelled"


def test_a_refusal_is_told_as_it_was_said(jobs: Callable[..., Jobs]) -> None:
    one = jobs(fails=True)
    one.start()
    job = ended(one)
    assert (job.state, job.said) == ("failed", "the case has 2 errors; `remnant check` lists them.")


def test_another_server_sees_the_same_job(jobs: Callable[..., Jobs]) -> None:
    """What a restart of the server is: other objects, the same files."""
    one = jobs(seconds=20.0)
    one.start()
    other = Jobs(one.case, one.result, program=one.program)
    assert other.status().state == "running"
    assert other.cancel().state == "cancelled"
    assert one.status().state == "cancelled"
    assert one._child is not None
    one._child.wait()


def test_a_process_that_vanished_is_a_failure_with_a_word(jobs: Callable[..., Jobs]) -> None:
    one = jobs(seconds=20.0)
    one.start()
    assert one._child is not None
    one._child.kill()
    one._child.wait()
    job = Jobs(one.case, one.result).status()
    assert job.state == "failed"
    assert job.said == "the work ended without a result"


def test_the_page_of_a_case_without_result_says_so(jobs: Callable[..., Jobs]) -> None:
    client = TestClient(Desk(jobs(), Access()), base_url="http://127.0.0.1:8470")
    assert client.get("/").status_code == 200
    assert client.get("/api/map").status_code == 409
    assert client.get("/api/map").json()["error"]["kind"] == "NoResult"
    told = client.get("/api/job").json()
    assert told["state"] == "none"
    assert "pid" not in told
    assert client.request("DELETE", "/api/job", content=b"").json()["state"] == "none"


def test_a_spoilt_state_file_is_no_job(jobs: Callable[..., Jobs]) -> None:
    one = jobs()
    one.folder.mkdir()
    (one.folder / "job.json").write_text("{]")
    assert one.status().state == "none"
