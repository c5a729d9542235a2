"""A case on the desk: its result once there is one, and until then the page that says how far the work is."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.types import Receive, Scope, Send

from remnant.io.read_view import open_view
from remnant.io.write_view import VIEW_FILES, VIEW_FOLDER
from remnant.web.guard import Access, problem
from remnant.web.jobs import Jobs, job_words
from remnant.web.serve import application, bare_application


class Desk:
    """The application of a case: asks for the job go to it, all else to the newest result that is whole."""

    def __init__(self, jobs: Jobs, access: Access) -> None:
        self.jobs, self.access = jobs, access
        self.front = _front(jobs, access)
        self._open: FastAPI | None = None
        self._made: float | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        inner = None if str(scope.get("path", "")).startswith("/api/job") else self.result()
        await (inner or self.front)(scope, receive, send)

    def result(self) -> FastAPI | None:
        """The application of the newest result; opened again when a job has replaced it."""
        about = self.jobs.result / VIEW_FOLDER / VIEW_FILES["about"]
        made = about.stat().st_mtime if about.is_file() else None
        if made is not None and made != self._made:
            self._open, self._made = application(open_view(self.jobs.result), self.access), made
        return self._open


def _front(jobs: Jobs, access: Access) -> FastAPI:
    """The page and the job, without a result."""
    router = APIRouter(tags=["job"])

    @router.get("/api/job")
    def status() -> dict[str, Any]:
        """How the work on the case stands."""
        return job_words(jobs.status())

    @router.post("/api/job")
    def start() -> dict[str, Any]:
        """Begin to work the case out."""
        return job_words(jobs.start())

    @router.delete("/api/job")
    def cancel() -> dict[str, Any]:
        """End the work."""
        return job_words(jobs.cancel())

    @router.get("/api/{rest:path}", include_in_schema=False)
    def nothing_yet(rest: str) -> Any:
        return problem(409, "NoResult", "this case has no result yet: it has not been worked out")

    return bare_application(access, router)
