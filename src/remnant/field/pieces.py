"""Pieces of evidence: what each adds to the likelihood, and whether its source would exist without it.

A piece is what the searches of one source (a hazard area, deliveries of one class, the ground outside) came to, or the
items that were met there outside any search. To leave it out is to treat its outcome as not on record: the search took
place and its finds are gone, but nobody wrote down what came of it. To leave a share τ of it out is to count that share
less of its ground and finds.

Finds are not taken apart from the search that made them: without them the rest of its ground would look like ground on
which a search found nothing, which nobody believes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from remnant.field.groups import chance, share_that_exists
from remnant.field.spatial import FieldPosterior
from remnant.units import Floats, Ints

SEARCHED, FOUND, MET, OWN = range(4)
KINDS = ("searched", "found", "met", "own")
"""Searches that found nothing, searches that found items, items met outside any search; all of a source together."""
_AT_ONCE = 4_000_000  # numbers of one block of log fields


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pieces:
    """Pieces of evidence, by source and kind, at some draws of the posterior.

    Parameters
    ----------
    source, kind
        (n_pieces,) whose it is, and its place in `KINDS`.
    exists
        (n_draws, n_sources) chance that each source ever held anything, given everything. [1]
    """

    posterior: FieldPosterior
    draws: Ints
    source: Ints
    kind: Ints
    exists: Floats
    _total: Floats  # (n_draws, n_sources) log-likelihood of everything
    _has_finds: NDArray[np.bool_]  # (n_sources,)

    def without(self, share: float) -> tuple[Floats, Floats]:
        """What leaving a share of each piece out does: (n_draws, n_pieces) each.

        Returns
        -------
        The log-likelihood that is lost, given all the rest [1], and the chance that the source ever held anything. [1]
        """
        reduction, rest = self.posterior.reduction, 1.0 - share
        unfound, unmet = reduction.source_log_unfound, reduction.source_log_unmet
        kept = (
            0.0 if share == 1.0 else 1.0
        )  # items that lie in the source for certain show it until none is left
        # finds that no search can explain show presence only, as items met do
        unexplained = np.where(self._has_finds, unfound, kept * unfound if kept else 0.0)
        none = np.zeros_like(unmet)
        options = {
            SEARCHED: (rest, unfound, unmet),
            FOUND: (rest, unfound if kept else none, unmet),
            MET: (1.0, unexplained, unmet if kept else none),
            OWN: (rest, unfound if kept else none, unmet if kept else none),
        }
        lost, exists = np.zeros((2, len(self.draws), self.source.size))
        for number, (counted, log_unfound, log_unmet) in options.items():
            mine = self.kind == number
            if not mine.any():
                continue
            said = _log_likelihood(self.posterior, self.draws, counted)
            total, there = _weighed(self.posterior, self.draws, said, log_unfound, log_unmet)
            lost[:, mine] = (self._total - total)[:, self.source[mine]]
            exists[:, mine] = there[:, self.source[mine]]
        return lost, exists


def pieces_of(posterior: FieldPosterior, draws: Ints) -> Pieces:
    """The pieces of a case's evidence at some draws of its posterior."""
    groups, reduction = posterior.groups, posterior.reduction
    num = reduction.source_kind.size
    has = np.zeros((4, num), np.bool_)
    has[FOUND] = np.bincount(reduction.unit_source, groups.found, minlength=num) > 0.0
    has[SEARCHED, groups.source] = ~has[FOUND, groups.source]
    has[MET] = np.bincount(reduction.unit_source, groups.met, minlength=num) > 0.0
    has[OWN] = has[:OWN].any(axis=0)
    said = _log_likelihood(posterior, draws, 1.0)
    total, exists = _weighed(posterior, draws, said, reduction.source_log_unfound, reduction.source_log_unmet)
    source, kind = np.nonzero(has.T)
    return Pieces(
        posterior=posterior,
        draws=draws,
        source=source.astype(np.int64),
        kind=kind.astype(np.int64),
        exists=exists,
        _total=total,
        _has_finds=has[FOUND],
    )


def _log_likelihood(posterior: FieldPosterior, draws: Ints, share: float) -> Floats:
    """(n_draws, all sources) of a share of what searches came to."""
    groups = posterior.groups.scaled(share)
    out = np.zeros((draws.size, posterior.reduction.source_kind.size))
    step = max(1, _AT_ONCE // max(1, groups.unit.size))
    for first in range(0, draws.size, step):
        rows = slice(first, first + step)
        log_field = posterior.log_field(groups.unit, draws[rows])
        out[rows, groups.source] = groups.log_likelihood(posterior.z[draws[rows]], log_field)
    return out


def _weighed(
    posterior: FieldPosterior, draws: Ints, said: Floats, log_unfound: Floats, log_unmet: Floats
) -> tuple[Floats, Floats]:
    """Log-likelihoods with existence summed over, and chances of existence, of all sources; as in `Groups.weigh`."""
    groups = posterior.groups
    certain, share = share_that_exists(groups.table.source_exists, groups.table.values(posterior.z[draws]))
    informed = np.isin(np.arange(certain.size), groups.source)
    with np.errstate(divide="ignore", invalid="ignore"):
        log_in, log_out = np.log(share), np.log1p(-share)
        absent = log_out + log_unfound + log_unmet
        before = np.logaddexp(log_in, log_out + log_unmet)
        total = np.where(certain, said, np.logaddexp(log_in + said, absent) - before)
        odds = np.where(certain, np.inf, log_in + said - absent)
    return np.where(informed, total, 0.0), chance(odds)
