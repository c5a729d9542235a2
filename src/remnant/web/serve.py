"""The local server."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from dataclasses import replace

import uvicorn
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from remnant import __version__
from remnant.errors import InvalidInput, RemnantError
from remnant.io.read_view import ViewFiles
from remnant.web.definition import OPENAPI_MEDIA, definition
from remnant.web.guard import Access, guard, problem
from remnant.web.ogc import ogc_routes
from remnant.web.routes import STATIC, data_routes

_STATUS = {InvalidInput: 422, RemnantError: 500}
"""Class of our errors → HTTP status."""


def application(view: ViewFiles, access: Access) -> FastAPI:
    """The application for one result.

    Parameters
    ----------
    view
        The opened map.
    access
        Who may ask.
    """
    view = replace(view, withheld=access.withheld)
    return bare_application(access, data_routes(view, is_local=access.is_local), ogc_routes(view))


def bare_application(access: Access, *routers: APIRouter) -> FastAPI:
    """The page behind the guard, with some routes, and refusals of one shape."""
    app = FastAPI(title="remnant", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)
    app.middleware("http")(guard(access))
    for router in routers:
        app.include_router(router)
    app.get("/api", include_in_schema=False)(lambda: _definition(app))
    app.mount("/base", StaticFiles(directory=STATIC / "base"), name="base")
    app.mount("/", StaticFiles(directory=STATIC / "page", html=True), name="page")

    @app.exception_handler(RemnantError)
    async def ours(request: Request, error: RemnantError) -> Response:
        status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 500)
        return problem(_status(request, status), type(error).__name__, str(error))

    @app.exception_handler(HTTPException)
    async def theirs(_: Request, error: HTTPException) -> Response:
        return problem(
            error.status_code, "NotFound" if error.status_code == 404 else "Refused", str(error.detail)
        )

    @app.exception_handler(RequestValidationError)
    async def asked(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"][1:])
        said = f"{where}: {first['msg']}; got {str(first.get('input'))[:80]!r}."
        return problem(_status(request, 422), "InvalidInput", said)

    return app


def _definition(app: FastAPI) -> Response:
    return Response(json.dumps(definition(app), ensure_ascii=False), media_type=OPENAPI_MEDIA)


def _status(request: Request, status: int) -> int:
    """The OGC standards want 400 where we say 422."""
    return 400 if status == 422 and request.url.path.startswith("/ogc") else status


def run_server(app: ASGIApp, access: Access, *, ready: Callable[[str], None] | None = None) -> None:
    """Serve until the process is ended.

    Parameters
    ----------
    app
        Of a result (`application`) or of a case (`remnant.web.Desk`).
    access
        Where to listen.
    ready
        Called with the address once the port is held.

    Raises
    ------
    InvalidInput
        The port is taken, or the address is not this machine's.
    """
    held = socket.socket(socket.AF_INET6 if ":" in access.host else socket.AF_INET)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        held.bind((access.host.strip("[]"), access.port))
        held.listen()  # who comes before the application is ready waits for it
    except OSError as error:
        held.close()
        raise InvalidInput(
            f"{access.host}:{access.port} cannot be listened at: {error.strerror}. Choose another with --port."
        ) from error
    if ready is not None:
        ready(access.url + (f"?token={access.token}" if access.token else ""))
    config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False)
    uvicorn.Server(config).run(sockets=[held])
