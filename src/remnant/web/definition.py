"""The page of routes as OpenAPI 3.0, which more programs read than the 3.1 that the framework writes."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

OPENAPI_MEDIA = "application/vnd.oai.openapi+json;version=3.0"


def definition(app: FastAPI) -> dict[str, Any]:
    """All routes of an application."""
    told = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    out = _of_30(told)
    assert isinstance(out, dict)
    return {**out, "openapi": "3.0.3"}


def _of_30(node: Any) -> Any:
    """The words of 3.1 in those of 3.0: null as a type, single values, bounds that are not reached."""
    if isinstance(node, list):
        return [_of_30(one) for one in node]
    if not isinstance(node, dict):
        return node
    out = {key: _of_30(value) for key, value in node.items()}
    if "const" in out:
        out["enum"] = [out.pop("const")]
    for word, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(out.get(word), int | float) and not isinstance(out[word], bool):
            out[bound], out[word] = out[word], True
    choices = out.get("anyOf")
    if isinstance(choices, list) and {"type": "null"} in choices:
        rest = [one for one in choices if one != {"type": "null"}]
        del out["anyOf"]
        out |= {**(rest[0] if len(rest) == 1 else {"anyOf": rest}), "nullable": True}
    return out
