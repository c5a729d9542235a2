"""What stands before every route: who may ask, from where, and what a page may do."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from ipaddress import ip_address

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from remnant.errors import InvalidInput
from remnant.io.write_view import WITHHELD

Next = Callable[[Request], Awaitable[Response]]
MOST_BYTES = 10_000_000
COOKIE = "remnant_token"
_LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]", "::1")
_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "worker-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' blob: data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
_HEADERS = {
    "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in _POLICY.items()),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), camera=(), microphone=()",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """From where the application may be asked.

    Parameters
    ----------
    host, port
        Address to listen at; any that is not this machine's own needs a token.
    token
        What every request must carry, as ``Authorization: Bearer``, cookie, or once as ``?token=``; empty: none.
    share
        Sensitive records that others may see too: ``accidents``. This machine sees all.
    """

    host: str = "127.0.0.1"
    port: int = 8470
    token: str = ""
    names: tuple[str, ...] = field(default=())
    share: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        if not 0 < self.port < 65_536:
            raise InvalidInput(f"port must be from 1 to 65535; got {self.port}.")
        check_shared(self.share)
        if not self.is_local and len(self.token) < 16:
            raise InvalidInput(
                f"others can reach {self.host}, so a token of 16 letters or more is needed; "
                f"{'none was given' if not self.token else 'this one is too short'}. "
                f"One that nobody guesses: {secrets.token_urlsafe(24)}"
            )

    @property
    def is_local(self) -> bool:
        """Whether only programs on this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return False

    @property
    def withheld(self) -> tuple[str, ...]:
        """Kinds of records that are not told."""
        return () if self.is_local else withheld_kinds(self.share)

    @property
    def url(self) -> str:
        """Address of the first page."""
        return f"http://{self.host}:{self.port}/"


def withheld_kinds(share: tuple[str, ...]) -> tuple[str, ...]:
    """Kinds of records that are not told when these are named.

    Examples
    --------
    >>> withheld_kinds(()), withheld_kinds(("accidents",))
    (('accident',), ())
    """
    check_shared(share)
    return tuple(kind for kind in WITHHELD if f"{kind}s" not in share)


def check_shared(share: tuple[str, ...]) -> None:
    """Refuse names of records that are not withheld anyway."""
    known = [f"{kind}s" for kind in WITHHELD]
    for name in share:
        if name not in known:
            raise InvalidInput(f"--share must name one of {', '.join(known)}; got {name!r}.")


def guard(access: Access) -> Callable[[Request, Next], Awaitable[Response]]:
    """A middleware that refuses strangers and tells the browser what a page may do."""
    allowed = {*_LOCAL_NAMES, access.host, *access.names}

    async def check(request: Request, call_next: Next) -> Response:
        response = _refused(request, access, allowed)
        if response is None:
            response = await call_next(request)
            if access.token and request.query_params.get("token"):
                response.set_cookie(COOKIE, access.token, httponly=True, samesite="strict", max_age=43_200)
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        if request.url.path.startswith(("/api", "/tiles", "/data", "/ogc")):
            response.headers["Cache-Control"] = "no-store"
        return response

    return check


def _refused(request: Request, access: Access, allowed: set[str]) -> Response | None:
    name = request.headers.get("host", "").rsplit(":", 1)[0] if request.headers.get("host") else ""
    if access.is_local and name not in allowed:  # another site's name that leads here
        return problem(421, "WrongHost", "this server answers to its own name only")
    origin = request.headers.get("origin")
    if origin and origin.split("://", 1)[-1] != request.headers.get("host"):
        return problem(403, "WrongOrigin", "another site's page may not ask here")
    if request.method not in ("GET", "HEAD"):
        # no length and no encoding: nothing is sent
        length = request.headers.get("content-length", "" if "transfer-encoding" in request.headers else "0")
        if not length.isdigit():
            return problem(411, "NoLength", "the size of what is sent must be told before it")
        if int(length) > MOST_BYTES:
            return problem(413, "TooLarge", f"at most {MOST_BYTES:,} bytes are taken; got {int(length):,}")
    if access.token and not _has_token(request, access.token):
        return problem(401, "NoToken", "a token is needed: open the address that the server printed")
    return None


def _has_token(request: Request, token: str) -> bool:
    given = (
        request.headers.get("authorization", "").removeprefix("Bearer "),
        request.cookies.get(COOKIE, ""),
        request.query_params.get("token", ""),
    )
    return any(hmac.compare_digest(one.encode(), token.encode()) for one in given)


def problem(status: int, kind: str, said: str) -> JSONResponse:
    """The one shape of errors: our own, and beside it the names that the OGC standards give."""
    return JSONResponse(
        {"code": kind, "description": said, "error": {"kind": kind, "said": said}}, status_code=status
    )
