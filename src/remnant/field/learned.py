"""A prior learned from events and labelled cells: where items lie thick or thin, relative to the region's own level.

Events without searches are presence only: a count per cell of a log-Gaussian Cox process, whose level mixes how much
there is with how much is met and told, so that only the *relative* density is learned. Labelled cells say whether a
search found anything. Both read one latent field and one set of slopes, each through a level and a clump shape of its
own. Covariates of *reporting* (people near by, roads) explain where events are told, not where items lie: they act
on the events alone, and the map that is learned is made with them at their mean.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from remnant.errors import InvalidInput, NotEstimable
from remnant.field.counts import CountEvidence, Likelihood
from remnant.field.labels import LabelEvidence, Stacked
from remnant.field.latent import Effort, LatentModel, LatentPosterior, sample_latent
from remnant.field.lattice import Lattice, lattice_over
from remnant.numerics import Link, link_of
from remnant.units import Floats, Ints

Kind: TypeAlias = Literal["events", "labels"]
LEVEL_REACH = (1e-3, 10.0)  # of the mean rate: 90 % range of the level where the log field is 0
NODES_PER_RANGE = 3.0  # nodes of the field within the lower end of its typical range
_MARGIN = 0.5  # of the middle of that range: nodes beyond the places
_MANY_NODES = 6_000  # the spacing grows before the lattice does


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Places:
    """Places with counts of events, or with labels. All arrays (n,), but for the covariates.

    Parameters
    ----------
    x_m, y_m
        Middle of each place. [m]
    seen
        Events counted; or 1 where something was found and 0 where a search found nothing.
    ground_km2
        Ground that the count or search stands for; 0: unknown, says nothing. [km²]
    covariates
        (n, n_covariates) standardised, 0 where unknown. [1]
    """

    x_m: Floats
    y_m: Floats
    seen: Floats
    ground_km2: Floats
    covariates: Floats

    def __post_init__(self) -> None:
        for name in ("y_m", "seen", "ground_km2", "covariates"):
            if len(getattr(self, name)) != self.x_m.size:
                raise InvalidInput(
                    f"{name} must have {self.x_m.size} entries, one per place; got {len(getattr(self, name))}"
                )

    def only(self, keep: NDArray[np.bool_] | Ints) -> Places:
        """Some of the places."""
        return Places(**{name: getattr(self, name)[keep] for name in Places.__slots__})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PriorBeliefs:
    """What is believed before anything is learned.

    Parameters
    ----------
    names
        Of the covariates.
    is_reporting
        (n_covariates,) whether each explains where events are told rather than where items lie.
    slope_mean, slope_sd
        (n_covariates,) normal priors of slopes per standard deviation. [1]
    range_m, spread, clump
        Of the field [m, 1], and of clumps within places [1].
    """

    names: tuple[str, ...]
    is_reporting: NDArray[np.bool_]
    slope_mean: Floats
    slope_sd: Floats
    range_m: Link
    spread: Link
    clump: Link


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LearnedField:
    """Draws of the learned field and slopes.

    Parameters
    ----------
    lattice
        Nodes of the field.
    beliefs
        What it started from.
    posterior
        Draws.
    level
        Prior of the level of each kind of evidence that was there, in the order of the nuisances.
    num_events, num_found, num_nothing, num_unknown
        What it was learned from: events; places where something was found, where nothing was, and unknown ones.
    """

    lattice: Lattice
    beliefs: PriorBeliefs
    posterior: LatentPosterior
    level: Mapping[Kind, Link]
    num_events: float
    num_found: int
    num_nothing: int
    num_unknown: int

    def log_relative_density(self, x_m: Floats, y_m: Floats, covariates: Floats) -> Floats:
        """(n_draws, n) log density against the region's level, with covariates of reporting at their mean. [1]"""
        return self.log_field(x_m, y_m) + self._slopes_of_items() @ np.asarray(covariates, np.float64).T

    def log_field(self, x_m: Floats, y_m: Floats) -> Floats:
        """(n_draws, n) the smooth field alone, without covariates. [1]"""
        read = self.lattice.interpolation(x_m, y_m)
        return np.asarray((read @ self.posterior.nodes.T).T)

    def expected(self, kind: Kind, at: Places) -> tuple[Floats, Floats]:
        """Expected events, or items, at places, and the size of the negative binomial about them; (n_draws, n) each.

        Covariates of reporting act on events, as they did when they were learned.
        """
        slopes = self.posterior.slopes if kind == "events" else self._slopes_of_items()
        z = self.posterior.z[:, 2 * list(self.level).index(kind) :]
        log_density = self.log_field(at.x_m, at.y_m) + slopes @ at.covariates.T
        mean = self.level[kind].value(z[:, :1]) * np.exp(log_density) * at.ground_km2
        return mean, np.broadcast_to(self.beliefs.clump.value(z[:, 1:2]), mean.shape)

    def chance(self, kind: Kind, at: Places) -> Floats:
        """(n,) chance of at least one event, or of a find in a search of `ground_km2`. [1]"""
        mean, size = self.expected(kind, at)
        return np.asarray(-np.expm1(-size * np.log1p(mean / size)).mean(axis=0))

    def _slopes_of_items(self) -> Floats:
        return np.where(self.beliefs.is_reporting, 0.0, self.posterior.slopes)


def learn_field(
    events: Places | None,
    labels: Places | None,
    beliefs: PriorBeliefs,
    *,
    rng: np.random.Generator,
    num_draws: int = 500,
    spacing_m: float | None = None,
    also_x_m: Floats | None = None,
    also_y_m: Floats | None = None,
    progress: Callable[[float], None] | None = None,
    effort: Effort = Effort(),  # noqa: B008 — frozen
) -> LearnedField:
    """The relative density that events, labels or both teach.

    Parameters
    ----------
    events
        Every cell of the region, with the events counted there; `ground_km2` is its area.
    labels
        Labelled cells; those of unknown outcome have no ground.
    beliefs
        Priors.
    rng
        Source of all randomness.
    num_draws
        Posterior draws.
    spacing_m
        Distance of the field's nodes; by default a share of the lower end of its range. [m]
    also_x_m, also_y_m
        Further places where the field will be wanted. [m]
    progress
        Called with the share done, 0 to 1.
    effort
        Of the sampler.

    Raises
    ------
    NotEstimable
        When there is nothing to learn from.
    """
    parts: list[tuple[Places, Likelihood]] = []
    level: dict[Kind, Link] = {}
    if events is not None and events.seen.sum() > 0.0:
        level["events"] = _level(events.seen.sum() / events.ground_km2.sum())
        evidence = CountEvidence(
            found=events.seen, exposure=events.ground_km2, level=level["events"], clump=beliefs.clump
        )
        parts.append((events, evidence))
    told = None if labels is None else labels.only(labels.ground_km2 > 0.0)
    if told is not None and told.seen.size:
        level["labels"] = _level(_rate_of_labels(told))
        labelled = LabelEvidence(
            is_found=told.seen, exposure=told.ground_km2, level=level["labels"], clump=beliefs.clump
        )
        parts.append((told, labelled))
    if not parts:
        raise NotEstimable(
            "a prior needs events, or labelled cells of known outcome; there are none within the dates and the region. "
            "Check the dates, the region and the labels."
        )
    x, y = (np.concatenate([getattr(p, name) for p, _ in parts]) for name in ("x_m", "y_m"))
    lattice = _lattice(x, y, beliefs, spacing_m, also_x_m, also_y_m)
    columns = [p.covariates * ~(beliefs.is_reporting & (p is told)) for p, _ in parts]
    model = LatentModel(
        lattice=lattice,
        read=lattice.interpolation(x, y),
        likelihood=parts[0][1] if len(parts) == 1 else Stacked(parts=tuple(e for _, e in parts)),
        range_m=beliefs.range_m,
        spread=beliefs.spread,
        covariates=np.concatenate(columns),
        slope_mean=beliefs.slope_mean,
        slope_sd=beliefs.slope_sd,
    )
    posterior = sample_latent(model, num_draws=num_draws, rng=rng, progress=progress, effort=effort)
    num_found = 0 if told is None else int(told.seen.sum())
    return LearnedField(
        lattice=lattice,
        beliefs=beliefs,
        posterior=posterior,
        level=level,
        num_events=0.0 if events is None else float(events.seen.sum()),
        num_found=num_found,
        num_nothing=0 if told is None else told.seen.size - num_found,
        num_unknown=0 if labels is None or told is None else labels.seen.size - told.seen.size,
    )


def _level(rate_per_km2: float) -> Link:
    low, high = (rate_per_km2 * reach for reach in LEVEL_REACH)
    return link_of(low, high, is_probability=False)


def _rate_of_labels(told: Places) -> float:
    """The density of an even field that would show as often as these labels, half a label either way for safety."""
    share = (told.seen.sum() + 0.5) / (told.seen.size + 1.0)
    return float(-np.log1p(-share) / told.ground_km2.mean())


def _lattice(
    x: Floats,
    y: Floats,
    beliefs: PriorBeliefs,
    spacing_m: float | None,
    also_x: Floats | None,
    also_y: Floats | None,
) -> Lattice:
    """Nodes over the places and wherever else the field is wanted, no denser than a machine can bear."""
    x = x if also_x is None else np.concatenate([x, also_x])
    y = y if also_y is None else np.concatenate([y, also_y])
    low, middle = (float(beliefs.range_m.value(np.array([z]))[0]) for z in (-1.6448536, 0.0))
    if spacing_m is not None:
        return lattice_over(x, y, spacing_m, _MARGIN * middle)
    area = float(np.ptp(x) + middle) * float(np.ptp(y) + middle)
    return lattice_over(
        x, y, max(low / NODES_PER_RANGE, float(np.sqrt(area / _MANY_NODES))), _MARGIN * middle
    )
