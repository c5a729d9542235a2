"""What a long run tells of itself: how far it is, and at the end the time and memory that each step took."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")
_MB = 1024.0  # kilobytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a run: its name, how long it took, and the greatest memory of this process in it."""

    name: str
    wall_s: float
    peak_mb: float


@dataclass(slots=True, kw_only=True)
class StepLog:
    """Keeps time and memory by step; passes on how far each is.

    Parameters
    ----------
    show
        Called with step and share, as often as they change.
    say
        Called with a line each time another tenth of the counted tiles is done; None: silent.
    """

    show: Callable[[str, float], None]
    say: Callable[[str], None] | None = None
    steps: list[Step] = field(default_factory=list)
    _now: str = ""
    _since: float = 0.0
    _done: int = 0
    _first: int = 0
    _total: int = 0

    def tell(self, step: str, share: float) -> None:
        """A step has come so far; another name than before closes the step before."""
        if step != self._now:
            self.close()
            self._now, self._since = step, time.monotonic()
        self.show(step, share)

    def begin(self, step: str, *, done: int, total: int) -> None:
        """A step of counted pieces, some of which an earlier run may have done."""
        self._done, self._first, self._total = done, done, total
        self.tell(step, done / max(total, 1))
        if done and self.say is not None:
            self.say(f"{step}: {done:,} of {total:,} were done by an earlier run")

    def count(self) -> None:
        """One more piece is done."""
        self._done += 1
        self.show(self._now, self._done / self._total)
        tenth = 10 * self._done // self._total
        if self.say is not None and tenth > 10 * (self._done - 1) // self._total:
            took = time.monotonic() - self._since
            left = took / (self._done - self._first) * (self._total - self._done)
            self.say(f"{self._now}: {self._done:,} of {self._total:,} done, about {clock(left)} left")

    def close(self) -> None:
        """The step that is running has ended."""
        if self._now:
            took = time.monotonic() - self._since
            self.steps.append(Step(name=self._now, wall_s=took, peak_mb=peak_mb()))
            self._now = ""
        forget_peak()

    def lines(self, words: Mapping[str, str]) -> list[str]:
        """One line a step, and one for all."""
        rows = [(words.get(s.name, s.name), s.wall_s, s.peak_mb) for s in self.steps]
        rows.append(("in all", sum(r[1] for r in rows), max((r[2] for r in rows), default=0.0)))
        width = max(len(name) for name, _, _ in rows)
        return [f"{name:<{width}}  {clock(wall):>12}  {peak:>8,.0f} MB" for name, wall, peak in rows]


def clock(seconds: float) -> str:
    """A duration in words.

    Examples
    --------
    >>> clock(3.25), clock(75.0), clock(7260.0)
    ('3.2 s', '1 min 15 s', '2 h 1 min')
    """
    if seconds < 60.0:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def peak_mb() -> float:
    """Greatest memory of this process since the last `forget_peak`, or since its start where that cannot be. [MB]"""
    found = re.search(r"VmHWM:\s+(\d+) kB", _STATUS.read_text("ascii")) if _STATUS.is_file() else None
    if found:
        return int(found[1]) / _MB
    if sys.platform == "win32":
        return float("nan")
    import resource

    scale = _MB * _MB if sys.platform == "darwin" else _MB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale


def forget_peak() -> None:
    """Let the greatest memory count from now on, where the system can."""
    try:
        _CLEAR.write_text("5", "ascii")
    except OSError:
        return
