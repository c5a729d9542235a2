"""What a case was read from, by its bytes."""

from __future__ import annotations

from pathlib import Path

from remnant.io.case_file import CaseFile, expand
from remnant.io.table import file_parts, sha256


def input_hashes(spec: CaseFile, case: Path) -> dict[str, str]:
    """SHA-256 of the case file and of every file that it names, by a name that does not depend on the machine."""
    found = {case.name: sha256(case)}
    regions = [r.file for r in (spec.region, spec.grid.region) if r is not None and r.file is not None]
    named = [layer.file for layer in spec.layers] + regions
    covariates = [c.file for c in spec.model.covariates if c.file]
    if spec.model.start_from is not None:
        covariates.append(spec.model.start_from)  # which holds the hash of its map
    for text in [*named, *spec.catalogue, *covariates, *([spec.policy.file] if spec.policy.file else [])]:
        source = expand(text, case.parent)
        if not source.exists():
            continue
        for part in file_parts(source):
            base = source.parent.parent if source.parent != case.parent else case.parent
            label = part.relative_to(base).as_posix() if part.is_relative_to(base) else part.name
            found[label] = sha256(part)
    return found
