"""Settings of all tests: the same examples on every run, and no deadline that a busy machine would miss."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("reproducible", derandomize=True, deadline=None)
settings.load_profile("reproducible")
