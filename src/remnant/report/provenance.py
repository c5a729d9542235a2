"""Where the numbers of a result come from, as a page shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from remnant.io.write_tables import flat

UNSOURCED = ("weak", "judgement")
"""Bases of a number behind which there is no citable figure."""


def _is_source_key(key: str) -> bool:
    return any(word in key.lower() for word in ("licen", "source", "attribution"))


def without_sources(provenance: Mapping[str, object]) -> dict[str, object]:
    """Provenance without licences and sources, which have a list of their own."""
    return {k: v for k, v in provenance.items() if not _is_source_key(k)}


def sources_of(provenance: Mapping[str, object], parameters: pd.DataFrame) -> list[str]:
    """Licences and sources that the case states, then those that parameters cite, each once."""
    stated: list[str] = []
    for key, value in provenance.items():
        if _is_source_key(key):
            if isinstance(value, Mapping):
                stated.extend(f"{name}: {text}" for name, text in flat(value))
            elif isinstance(value, Sequence) and not isinstance(value, str):
                stated.extend(str(v) for v in value)
            else:
                stated.append(str(value))
    cited = parameters[~parameters["basis"].isin(UNSOURCED)]
    stated.extend(sorted(set(cited["source"].astype(str))))
    return list(dict.fromkeys(s for s in stated if s.strip()))


def crs_name(crs: str) -> str:
    """The name in a WKT, or the authority code as it is."""
    return crs.split('"')[1] if '"' in crs else crs
