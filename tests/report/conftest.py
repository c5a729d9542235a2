"""The made-up assessment, as fixtures."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest

from remnant.assessment import Assessment

_SPEC = importlib.util.spec_from_file_location(
    "synthetic_assessment", Path(__file__).with_name("synthetic.py")
)
assert _SPEC is not None
assert _SPEC.loader is not None
_MODULE = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_MODULE)


@pytest.fixture(scope="session")
def make_assessment() -> Callable[..., Assessment]:
    maker: Callable[..., Assessment] = _MODULE.assessment
    return maker


@pytest.fixture(scope="session")
def result(make_assessment: Callable[..., Assessment]) -> Assessment:
    return make_assessment()


@pytest.fixture(scope="session")
def empty() -> Assessment:
    nothing: Assessment = _MODULE.empty()
    return nothing


@pytest.fixture(scope="session")
def make_with_field() -> Callable[..., Assessment]:
    maker: Callable[..., Assessment] = _MODULE.with_field
    return maker
