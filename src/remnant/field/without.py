"""A posterior for other evidence: the same draws of everything shared, conditioned anew on what each place tells.

Draws of levels, clump shapes, shares that exist, detection, fate (and field) are kept; densities and existence of every
source are conditioned on the other evidence in closed form. What the draws learned from the evidence that changed is
taken back by weights: the ratio of the likelihoods of the two sets of evidence, of which the terms of all areas that
did not change cancel.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from remnant.evidence import Case, Reduction
from remnant.field.groups import NO_FIELD, Groups, groups_of
from remnant.field.posterior import DensityPosterior
from remnant.field.spatial import FieldPosterior, field_at_units
from remnant.field.stratum import StratumPosterior
from remnant.units import Floats, Ints


def conditioned_on(
    posterior: DensityPosterior, case: Case, reduction: Reduction, draws: Ints
) -> StratumPosterior | FieldPosterior:
    """The posterior with the same draws of what is shared, and other evidence.

    Parameters
    ----------
    posterior
        Fit of a stratum or field model.
    case, reduction
        The other evidence: of the same areas, on the same grid.
    draws
        Which draws to keep.
    """
    assert isinstance(posterior, StratumPosterior | FieldPosterior)
    place = {p.name: i for i, p in enumerate(posterior.table.parameters)}
    groups = groups_of(case, reduction)
    z = np.empty((draws.size, len(groups.table.parameters)))
    parameters = list(groups.table.parameters)
    for i, p in enumerate(parameters):
        if p.name in place:
            # ranges that a record widened stay as they were: coordinates are read by the links of the fit
            parameters[i] = posterior.table.parameters[place[p.name]]
            z[:, i] = posterior.z[draws, place[p.name]]
        else:  # a type that no record named before: nothing was learned of it
            z[:, i] = np.random.default_rng([*p.name.encode()]).standard_normal(draws.size)
    table = replace(groups.table, parameters=tuple(parameters))
    groups = replace(groups, table=table)
    exposure = groups.exposure(z, table.values(z))
    if isinstance(posterior, FieldPosterior):
        read, columns = field_at_units(
            case, reduction, posterior.lattice, posterior.design.scaling, posterior.reduction.classes
        )
        field = replace(
            posterior, reduction=reduction, table=table, z=z, nodes=posterior.nodes[draws],
            slopes=posterior.slopes[draws], centre=posterior.centre[draws], range_m=posterior.range_m[draws],
            spread=posterior.spread[draws], unit_read=read, unit_columns=columns, groups=groups, _exposure=exposure,
        )  # fmt: skip
        odds = groups.weigh(z, groups.log_likelihood(z, _log_field(field))).odds
        return replace(field, exists=groups.existence(z, odds))
    odds = groups.weigh(z, groups.log_likelihood(z)).odds
    return StratumPosterior(
        reduction=reduction,
        table=table,
        z=z,
        exists=groups.existence(z, odds),
        log_evidence=np.nan,
        groups=groups,
        _exposure=exposure,
    )


def evidence_of_areas(posterior: StratumPosterior | FieldPosterior) -> Floats:
    """(n_draws, n_areas) log-likelihood of what was found on the ground of each hazard area, up to constants.

    Of its own source with existence summed over; of deliveries and ground outside, the groups of units that lie mostly
    in it.
    """
    groups, reduction, z = posterior.groups, posterior.reduction, posterior.z
    out = np.zeros((len(z), reduction.area_m2.size))
    if not groups.source.size:
        return out
    log_field = _log_field(posterior)
    total = groups.weigh(z, groups.log_likelihood(z, log_field)).total
    area = reduction.source_area[groups.source]
    mine = np.flatnonzero(area >= 0)
    out[:, area[mine]] += total[:, mine]  # one source an area
    others = np.flatnonzero(np.isin(_source_of_groups(groups), np.flatnonzero(area < 0)))
    where = _area_of_units(reduction)[groups.unit[groups.group_start[others]]]
    others, where = others[where >= 0], where[where >= 0]
    if others.size:
        single = replace(groups, source_start=np.arange(groups.group_found.size + 1))
        by_group = single.log_likelihood(z, log_field)
        for group, area in zip(others.tolist(), where.tolist(), strict=True):
            out[:, area] += by_group[:, group]
    return out


def _source_of_groups(groups: Groups) -> Ints:
    """Place among the informed sources of every group."""
    return np.repeat(np.arange(groups.source.size), np.diff(groups.source_start))


def _area_of_units(reduction: Reduction) -> Ints:
    """(n_units,) hazard area on whose ground most of each unit lies; −1 for none."""
    entries = reduction.by_portion
    area = reduction.portion_area[entries.key]
    order = np.lexsort((area, entries.unit))
    unit, area, ground = entries.unit[order], area[order], entries.ground[order]
    out = np.full(reduction.unit_source.size, -1, np.int64)
    if not unit.size:
        return out
    first = np.concatenate([[0], np.flatnonzero((np.diff(unit) != 0) | (np.diff(area) != 0)) + 1])
    total = np.add.reduceat(ground, first)
    rank = np.argsort(total, kind="stable")  # the largest is written last
    out[unit[first][rank]] = area[first][rank]
    return out


def _log_field(posterior: StratumPosterior | FieldPosterior) -> Floats:
    if isinstance(posterior, FieldPosterior):
        return posterior.log_field(posterior.groups.unit, slice(0, len(posterior.z)))
    return NO_FIELD
