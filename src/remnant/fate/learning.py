"""Learning θ: trials, repeated inspections and field results, alone or together, in one posterior.

Every uncertain number is one whitened coordinate (standard normal a priori): the fields of `WHITENED_FIELDS`, then the
median and spread of the self-destruct window where they are to be learned, then the batch spread, then the nuisance
numbers of each field result (quantity delivered, share searched, detection). What happens to an item of a batch is an
affine function of that batch's shares, so the batches are integrated out by adaptive Gauss–Hermite quadrature
[1]_: nothing is plugged in, and zero failures need no special case.

References
----------
.. [1] Q. Liu, D. A. Pierce, "A note on Gauss-Hermite quadrature", Biometrika 81 (1994) 624-629.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, logsumexp, ndtr, xlogy

from remnant.catalogue import FateModel, FieldEvidence, OrdnanceType, Range
from remnant.errors import InvalidInput
from remnant.fate.evidence import Evidence, FieldResult, Inspections, Trial, as_record
from remnant.fate.states import WHITENED_FIELDS, FateDraws, draws_at, state_probabilities
from remnant.numerics import Link, link_of, sample_posterior

Floats = NDArray[np.float64]
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(19)
_LOG_WEIGHTS = np.log(_WEIGHTS) + 0.5 * np.square(_NODES)
_MODE_STEPS = 12
_CLOSE = 0.05  # in widths of the peak: the quadrature does not need its exact place
_ONE = np.ones(1)
_TINY = 1e-300
_FAR = 2.5  # prior standard deviations: 1 in 80
_NUISANCES = ("delivered", "share_searched", "p_detect")

BATCH_SPREAD = Range(
    low=0.1,
    high=1.0,
    unit="logit",
    basis="judgement",
    source="judgement: test and field shares of one type differ by factors of 2 to 5 (Human Rights Watch, Flooding "
    "South Lebanon, p. 27: combat exceeds test)",
)
"""Standard deviation, on the logit scale, of a batch's share around its type's, where nobody has published it."""
TRIAL_TO_USE = Range(
    low=1.0,
    high=5.0,
    unit="ratio",
    basis="judgement",
    source="judgement: combat rates are 2 to 5 times test rates where both are known (Human Rights Watch, Flooding "
    "South Lebanon, p. 27: combat exceeds test)",
)
"""By how much the odds of failure in use exceed those in a trial."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowPrior:
    """What is believed of the main self-destruct window before inspections, where it is to be learned.

    Parameters
    ----------
    median_d
        90 % interval of the median delay. [d]
    log_sd
        90 % interval of the log-spread from item to item. [1]
    """

    median_d: Range
    log_sd: Range

    def __post_init__(self) -> None:
        if not (self.median_d.low > 0.0 and self.log_sd.low > 0.0):
            raise InvalidInput("a window that is to be learned needs a median and a spread above 0")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Learned:
    """A posterior for one type.

    Parameters
    ----------
    draws
        θ of the type: the share around which its batches vary.
    new_batch
        θ of a batch that nobody has tested yet; equal to `draws` where batches do not vary.
    prior
        θ before the evidence, by the same rules; as many draws.
    batch_spread
        (n_draws,) standard deviation of batches on the logit scale; zeros where batches do not vary. [1]
    nuisance
        Number of each field result by name (``delivered``, ``share_searched``, ``p_detect``), (n_draws,).
    pulled
        Fields of θ that the evidence pulls far out of the catalogue's range: one of the two is wrong.
    log_evidence
        Logarithm of the marginal likelihood; binomial coefficients of trials are left out.
    """

    draws: FateDraws
    new_batch: FateDraws
    prior: FateDraws
    batch_spread: Floats
    nuisance: Mapping[str, Floats]
    pulled: tuple[str, ...]
    log_evidence: float


def learn(
    model: FateModel,
    evidence: Sequence[Evidence],
    *,
    rng: np.random.Generator,
    num_draws: int = 2000,
    batch_spread: Range | None = None,
    trial_to_use: Range | None = None,
    window: WindowPrior | None = None,
    flat: Sequence[str] = (),
) -> Learned:
    """Posterior draws of θ, given everything that was tested, inspected or found.

    Parameters
    ----------
    model
        The type's behaviour: the prior.
    evidence
        Trials, inspections and field results, in any mixture; none gives the prior.
    num_draws
        Equal-weight draws.
    batch_spread
        Standard deviation of batches around their type on the logit scale, as a range (above 0); None: all items are
        of one batch. [1]
    trial_to_use
        By how much the odds of a failure are greater in use than in a trial, one unknown factor for all trials; None:
        a trial shows what use shows. [ratio]
    window
        Learn the main self-destruct window too, from this prior; None: it stays as the catalogue has it.
    flat
        Probabilities of `WHITENED_FIELDS` whose catalogue range is set aside for a flat prior on [0, 1]: what the
        evidence alone says.

    Examples
    --------
    >>> sure = dict(unit="1", basis="judgement", source="example")
    >>> hours = Range(low=24, high=48, unit="h", basis="judgement", source="example")
    >>> model = FateModel(p_arms=Range(low=1, high=1, **sure), p_sd_fails=Range(low=0.001, high=0.5, **sure),
    ...     sd_delay=hours, sd_delay_factor=Range(low=1, high=1, unit="ratio", basis="judgement", source="example"),
    ...     p_sd_late=Range(low=0, high=0, **sure), sd_late_delay=hours, p_sda_fails=Range(low=1, high=1, **sure),
    ...     sda_delay=hours)
    >>> trial = Trial(num_tested=400, num_failed=0, quantity="p_sd_fails", window_d=30)
    >>> after = learn(model, [trial], rng=np.random.default_rng(1), flat=["p_sd_fails"])
    >>> bool(abs(np.quantile(after.draws.p_sd_fails, 0.95) - (1 - 0.05 ** (1 / 401))) < 0.0005)
    True
    """
    plan = _plan(
        model, evidence, batch_spread=batch_spread, trial_to_use=trial_to_use, window=window, flat=tuple(flat)
    )
    log_likelihood = _log_likelihood(plan, evidence)
    found = sample_posterior(log_likelihood, plan.dim, num_draws=num_draws, rng=rng)
    draws = plan.theta(found.z)
    spread = plan.spread(found.z)
    new_batch = in_batch(draws, spread * rng.standard_normal(num_draws))
    prior_z = rng.standard_normal((num_draws, plan.dim))
    return Learned(
        draws=draws,
        new_batch=new_batch,
        prior=plan.theta(prior_z),
        batch_spread=spread,
        nuisance={name: plan.nuisance(name, found.z) for name in plan.nuisances},
        pulled=tuple(
            name
            for column, name in enumerate(plan.fields)
            if name not in plan.flat and abs(float(found.z[:, column].mean())) > _FAR
        ),
        log_evidence=found.log_evidence,
    )


def learn_type(
    ordnance: OrdnanceType,
    evidence: Sequence[FieldEvidence],
    *,
    num_draws: int = 2000,
    rng: np.random.Generator,
) -> Learned:
    """Posterior of a type from published trials and field results; each is a batch of its own."""
    records = [as_record(e) for e in evidence]
    return learn(
        ordnance.fate,
        records,
        rng=rng,
        num_draws=num_draws,
        batch_spread=BATCH_SPREAD,
        trial_to_use=TRIAL_TO_USE,
    )


def weak_window(model: FateModel) -> WindowPrior:
    """A wide prior around the catalogue's window: median within a factor of 5, spread from 1 % to 100 %."""
    nominal = draws_at(model, np.zeros((1, len(WHITENED_FIELDS))))
    median = float(nominal.sd_median_d[0])
    source = "judgement: around the catalogue's window"
    return WindowPrior(
        median_d=Range(low=median / 5, high=median * 5, unit="d", basis="judgement", source=source),
        log_sd=Range(low=0.01, high=1.0, unit="log", basis="judgement", source=source),
    )


def in_batch(draws: FateDraws, shift: Floats) -> FateDraws:
    """θ of a batch whose share of failures lies `shift` away from its type's, on the logit scale; (n_draws,)."""
    changed = {name: getattr(draws, name) for name in FateDraws.__dataclass_fields__}
    changed["p_sd_fails"] = _shifted(draws.p_sd_fails, _odds(shift))
    changed["p_arms"] = _shifted(draws.p_arms, _odds(-shift))
    return FateDraws(**changed)


def _odds(shift: Floats) -> Floats:
    """The factor on the odds; beyond e^300 a share is 0 or 1 to the last digit."""
    return np.asarray(np.exp(np.clip(shift, -300.0, 300.0)))


def _shifted(p: Floats, odds_factor: Floats) -> Floats:
    """A probability whose odds are multiplied; 0 and 1 stay."""
    return np.asarray(p * odds_factor / (p * odds_factor + (1.0 - p)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Plan:
    """Which whitened coordinate carries what."""

    model: FateModel
    fields: tuple[str, ...]
    flat: tuple[str, ...]
    window: tuple[tuple[Link, int], tuple[Link, int]] | None
    batch_spread: tuple[Link, int] | None
    trial_to_use: tuple[Link, int] | None
    nuisances: Mapping[str, tuple[Link, int]]
    dim: int

    def theta(self, z: Floats) -> FateDraws:
        full = np.zeros((len(z), len(WHITENED_FIELDS)))
        for column, name in enumerate(self.fields):
            full[:, WHITENED_FIELDS.index(name)] = z[:, column]
        draws = draws_at(self.model, full)
        changed = {name: getattr(draws, name) for name in FateDraws.__dataclass_fields__}
        for name in self.flat:
            changed[name] = ndtr(z[:, self.fields.index(name)])
        if self.window is not None:
            changed["sd_median_d"] = _at(self.window[0], z)
            changed["sd_log_sd"] = _at(self.window[1], z)
        return FateDraws(**changed)

    def spread(self, z: Floats) -> Floats:
        return np.zeros(len(z)) if self.batch_spread is None else _at(self.batch_spread, z)

    def nuisance(self, name: str, z: Floats) -> Floats:
        return _at(self.nuisances[name], z)


def _at(number: tuple[Link, int], z: Floats) -> Floats:
    link, column = number
    return link.value(z[:, column])


def _plan(
    model: FateModel,
    evidence: Sequence[Evidence],
    *,
    batch_spread: Range | None,
    trial_to_use: Range | None,
    window: WindowPrior | None,
    flat: tuple[str, ...],
) -> _Plan:
    for name in flat:
        if name not in WHITENED_FIELDS or getattr(model, name).unit != "1":
            raise InvalidInput(f"a flat prior is for a probability of θ; got {name!r}")
    if batch_spread is not None and not batch_spread.low > 0.0:
        raise InvalidInput(
            "the range of the batch spread must lie above 0; leave it out if batches do not vary"
        )
    fields = tuple(
        name
        for name in WHITENED_FIELDS
        if name in flat
        or not (getattr(model, name).is_certain or (name == "sd_delay_factor" and window is not None))
    )
    window_at, column = len(fields), len(fields) + 2 * (window is not None)
    spread_at, column = column, column + (batch_spread is not None)
    harder_at, column = column, column + (trial_to_use is not None)
    nuisances: dict[str, tuple[Link, int]] = {}
    for number, record in enumerate(evidence):
        if isinstance(record, FieldResult):
            for what in _NUISANCES:
                link = _link(getattr(record, what))
                nuisances[_nuisance_name(record, number, what)] = (link, column)
                column += not link.is_certain
    # a certain number has no coordinate of its own: `Link.value` then ignores the column that it is given
    dim = max(column, 1)
    return _Plan(
        model=model,
        fields=fields,
        flat=flat,
        window=(
            None
            if window is None
            else ((_link(window.median_d), window_at), (_link(window.log_sd), window_at + 1))
        ),
        batch_spread=None if batch_spread is None else (_link(batch_spread), spread_at),
        trial_to_use=None if trial_to_use is None else (_link(trial_to_use), harder_at),
        nuisances={name: (link, min(at, dim - 1)) for name, (link, at) in nuisances.items()},
        dim=dim,
    )


def _link(number: Range) -> Link:
    return link_of(number.low, number.high, is_probability=number.unit == "1")


def _nuisance_name(record: FieldResult, number: int, what: str) -> str:
    return f"{record.name or f'field result {number + 1}'}: {what}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Term:
    """Items that shared one fate: `count` of them, each with probability `scale · (c0 + cf f + ca a + caf a f)`.

    ``odds`` multiplies the odds of failure for these items (a test is kinder than use); ``is_rest`` turns the
    probability into its complement (items tested that did not fail; not found).
    Every entry is a number or (n_draws,).
    """

    count: Floats
    constant: Floats
    of_f: Floats
    of_a: Floats
    of_af: Floats
    odds: Floats = field(default_factory=lambda: _ONE)
    is_rest: bool = False


def _log_likelihood(plan: _Plan, evidence: Sequence[Evidence]) -> Callable[[Floats], Floats]:
    batches: dict[str, list[tuple[int, Evidence]]] = {}
    for number, record in enumerate(evidence):
        batches.setdefault(record.batch or f"\0{number}", []).append((number, record))

    def log_likelihood(z: Floats) -> Floats:
        draws, spread = plan.theta(z), plan.spread(z)
        total = np.zeros(len(z))
        for members in batches.values():
            terms, constant = list[_Term](), np.zeros(len(z))
            for number, record in members:
                more, factor = _terms(plan, record, number, draws, z)
                terms += more
                constant = constant + factor
            total += constant
            if plan.batch_spread is None:
                total += _log_terms(terms, draws.p_sd_fails, draws.p_arms)
            else:
                total += _integrated(terms, draws.p_sd_fails, draws.p_arms, spread)
        return total

    return log_likelihood


def _terms(
    plan: _Plan, record: Evidence, number: int, draws: FateDraws, z: Floats
) -> tuple[list[_Term], Floats]:
    """The terms of one record, and the logarithm of what does not depend on the batch."""
    if isinstance(record, Inspections):
        return _inspection_terms(record, draws), np.zeros(len(z))
    if isinstance(record, Trial):
        waiting, powered = _survivals(record.window_d, draws)
        failed = _quantity_term(record.quantity, waiting, powered, np.ones(len(z)))
        count, rest = (
            np.array(float(record.num_failed)),
            np.array(float(record.num_tested - record.num_failed)),
        )
        odds = _ONE if plan.trial_to_use is None else 1.0 / _at(plan.trial_to_use, z)
        return [_with(failed, count, odds), _with(failed, rest, odds, is_rest=True)], np.zeros(len(z))
    waiting, powered = _survivals(record.age_d, draws)
    delivered, searched, detected = (
        plan.nuisance(_nuisance_name(record, number, f), z)
        for f in ("delivered", "share_searched", "p_detect")
    )
    found = _quantity_term(record.quantity, waiting, powered, searched * detected)
    missing = delivered - record.num_found
    is_possible = missing >= 0.0
    missing = np.maximum(missing, 0.0)
    ways = gammaln(delivered + 1.0) - gammaln(missing + 1.0) - gammaln(record.num_found + 1.0)
    terms = [_with(found, np.array(float(record.num_found)), _ONE), _with(found, missing, _ONE, is_rest=True)]
    return terms, np.where(is_possible, ways, -np.inf)


def _survivals(age_d: float | None, draws: FateDraws) -> tuple[Floats, Floats]:
    """Share of working mechanisms that have not acted, and of failed ones that still have power: (n_draws,)."""
    if age_d is None:
        return np.zeros(draws.num_draws), draws.p_sda_fails
    waiting = state_probabilities(age_d, _replaced(draws, p_arms=1.0, p_sd_fails=0.0))[:, 0]
    powered = state_probabilities(age_d, _replaced(draws, p_arms=1.0, p_sd_fails=1.0))[:, 0]
    return waiting, powered


def _replaced(draws: FateDraws, **values: float) -> FateDraws:
    same = {name: getattr(draws, name) for name in FateDraws.__dataclass_fields__}
    return FateDraws(**{**same, **{n: np.full(draws.num_draws, v) for n, v in values.items()}})


def _quantity_term(quantity: str, waiting: Floats, powered: Floats, scale: Floats) -> _Term:
    none = np.zeros_like(waiting)
    acted = 1.0 - waiting
    constant, of_f, of_a, of_af = {
        "p_sd_fails": (waiting, acted, none, none),
        "p_functions": (waiting, powered - waiting, none, none),
        "p_explosive": (none + 1.0, none, -acted, acted),
        "p_dud": (none + 1.0, none, none - 1.0, none),
    }[quantity]
    return _Term(
        count=none, constant=scale * constant, of_f=scale * of_f, of_a=scale * of_a, of_af=scale * of_af
    )


def _with(term: _Term, count: Floats, odds: Floats, *, is_rest: bool = False) -> _Term:
    return replace(term, count=count, odds=odds, is_rest=is_rest)


def _inspection_terms(record: Inspections, draws: FateDraws) -> list[_Term]:
    working = _replaced(draws, p_arms=1.0, p_sd_fails=0.0)
    seen = state_probabilities(record.last_seen_d, working)  # (n_draws, rows, 4)
    ends = np.where(np.isfinite(record.first_gone_d), record.first_gone_d, 0.0)
    gone = state_probabilities(ends, working)
    none = np.zeros(draws.num_draws)
    terms: list[_Term] = []
    for row, (end, count) in enumerate(zip(record.first_gone_d, record.count, strict=True)):
        waiting = seen[:, row, 0]
        if np.isinf(end):
            quantity = "p_sd_fails" if record.of == "activated" else "p_explosive"
            terms.append(_with(_quantity_term(quantity, waiting, none, none + 1.0), np.array(count), _ONE))
            continue
        # of two differences the one without cancellation: survivals above the median, distribution functions below
        by_survival = waiting - gone[:, row, 0]
        by_distribution = gone[:, row, 3] - seen[:, row, 3]
        acts = np.maximum(np.where(waiting < 0.5, by_survival, by_distribution), 0.0)
        if record.of == "activated":
            terms.append(_Term(count=np.array(count), constant=acts, of_f=-acts, of_a=none, of_af=none))
        else:
            terms.append(_Term(count=np.array(count), constant=none, of_f=none, of_a=acts, of_af=-acts))
    return terms


def _log_terms(terms: Sequence[_Term], f: Floats, a: Floats) -> Floats:
    """Log-likelihood of the terms at shares f (self-destruct fails) and a (arms), which broadcast: (..., n_draws)."""
    total = np.zeros(np.broadcast_shapes(f.shape, a.shape))
    for term in terms:
        q = _probability(term, *_shares_of(term, f, a))
        total = total + xlogy(term.count, 1.0 - q if term.is_rest else q)
    return total


def _shares_of(term: _Term, f: Floats, a: Floats) -> tuple[Floats, Floats]:
    """The shares as the term's items show them: harder or kinder conditions move the odds."""
    if term.odds is _ONE:
        return f, a
    return _shifted(f, term.odds), _shifted(a, 1.0 / term.odds)


def _probability(term: _Term, f: Floats, a: Floats) -> Floats:
    # a·(of_a + of_af·f) + constant loses digits where a ≈ 1 and 1 − a matters; 1e-16 is far below any count here
    q = term.constant + term.of_f * f + a * (term.of_a + term.of_af * f)
    return np.asarray(np.clip(q, 0.0, 1.0))


def _integrated(terms: Sequence[_Term], f: Floats, a: Floats, spread: Floats) -> Floats:
    """Log of the likelihood of one batch, its deviation ε ~ N(0, 1) integrated out: (n_draws,)."""

    def shares(deviation: Floats) -> tuple[Floats, Floats]:
        return _shifted(f, _odds(spread * deviation)), _shifted(a, _odds(-spread * deviation))

    centre, scale = _mode(terms, shares, spread)
    nodes = centre + scale * _NODES[:, None]
    log_value = _log_terms(terms, *shares(nodes)) - 0.5 * np.square(nodes)
    with np.errstate(invalid="ignore"):
        total = logsumexp(log_value + _LOG_WEIGHTS[:, None], axis=0)
    return np.asarray(total + np.log(scale) - 0.5 * np.log(2.0 * np.pi))


def _mode(
    terms: Sequence[_Term], shares: Callable[[Floats], tuple[Floats, Floats]], spread: Floats
) -> tuple[Floats, Floats]:
    """Where the integrand peaks and how wide it is there, by damped Newton steps: (n_draws,) each."""
    deviation = np.zeros_like(spread)
    information = np.ones_like(spread)
    for _ in range(_MODE_STEPS):
        batch_f, batch_a = shares(deviation)
        score, curvature = -deviation, -np.ones_like(spread)
        for term in terms:
            f, a = _shares_of(term, batch_f, batch_a)
            df, da = spread * f * (1.0 - f), -spread * a * (1.0 - a)
            d2f, d2a = spread * df * (1.0 - 2.0 * f), -spread * da * (1.0 - 2.0 * a)
            q = _probability(term, f, a)
            slope = term.of_f * df + term.of_a * da + term.of_af * (da * f + a * df)
            bend = term.of_f * d2f + term.of_a * d2a + term.of_af * (d2a * f + 2.0 * da * df + a * d2f)
            if term.is_rest:
                q, slope, bend = 1.0 - q, -slope, -bend
            q = np.maximum(q, _TINY)
            score = score + term.count * (slope / q)
            curvature = curvature + term.count * (bend / q - np.square(slope / q))
        information = np.maximum(-curvature, 1.0)
        step = np.clip(score / information, -1.5, 1.5)
        deviation = np.clip(deviation + step, -12.0, 12.0)
        if float((np.abs(step) * np.sqrt(information)).max()) < _CLOSE:
            break
    return deviation, 1.0 / np.sqrt(information)
