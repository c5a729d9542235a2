"""What other packages are asked to do, in their own words."""

from __future__ import annotations

import shutil
import subprocess


def r_versions(*packages: str) -> str:
    """Versions of R and of some of its packages; empty where R or one of them is not installed."""
    if not shutil.which("Rscript"):
        return ""
    names = ", ".join(f"'{name}'" for name in packages)
    asked = (
        f"for (p in c({names})) cat(p, as.character(packageVersion(p)), ''); cat(as.character(getRversion()))"
    )
    done = subprocess.run(["Rscript", "-e", asked], capture_output=True, text=True, check=False)
    *pairs, own = done.stdout.split() if done.returncode == 0 else [""]
    return (
        ", ".join([f"R {own}", *(" ".join(p) for p in zip(pairs[::2], pairs[1::2], strict=True))])
        if own
        else ""
    )
